#include "assay/stats/calculator.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

namespace assay::stats {
namespace {

using testing::HasSubstr;

double value(const std::vector<Output>& outputs, std::string_view name) {
  for (const auto& output : outputs)
    if (output.name == name) return std::get<double>(output.value);
  ADD_FAILURE() << "no output " << name;
  return 0.0;
}

const Inputs kCounts{{"x1", 48.0}, {"n1", 80.0}, {"x2", 56.0}, {"n2", 70.0}};

TEST(Calculator, TwoProportionGivesTheTextbookNumbers) {
  const auto out = *calculate(calculator_methods(), "two-proportion", kCounts);
  // Source: statsmodels 0.15.0, proportions_ztest([56, 48], [70, 80]); limits Newcombe 1998.
  EXPECT_NEAR(value(out, "p_value"), 0.00804508136819656, 1e-13);
  EXPECT_NEAR(value(out, "ci_low"), 0.0533, 5e-5);
  EXPECT_NEAR(value(out, "ci_high"), 0.3377, 5e-5);
}

using Numbers = std::vector<double>;

/// Inputs of methods that need more than two entries an array.
const std::map<std::string, Inputs> kExamples{
    {"cluster-robust",
     {{"y", Numbers{1, 2, 4, 3, 5, 7, 6, 9}},
      {"arm", Numbers{0, 0, 0, 0, 1, 1, 1, 1}},
      {"cluster", Numbers{1, 1, 2, 2, 3, 3, 4, 4}}}},
    {"cluster-sums",
     {{"arm", Numbers{0, 0, 1, 1}},
      {"n", Numbers{2, 2, 2, 2}},
      {"sum_y", Numbers{3, 7, 12, 15}},
      {"sum_yy", Numbers{5, 25, 74, 117}}}},
    {"wild-cluster-bootstrap",
     {{"y", Numbers{1, 2, 4, 3, 5, 7, 6, 9}},
      {"arm", Numbers{0, 0, 0, 0, 1, 1, 1, 1}},
      {"cluster", Numbers{1, 1, 2, 2, 3, 3, 4, 4}}}},
    {"quantile-value", {{"values", Numbers{1, 2, 4, 3, 5, 7, 6, 9}}}},
    {"quantile-difference",
     {{"values1", Numbers{1, 2, 4, 3, 5, 7, 6, 9}}, {"values2", Numbers{2, 3, 5, 4, 6, 9, 7, 8}}}},
    {"max-t", {{"statistics", Numbers{2.1, -2.9, 0.4}}, {"correlations", Numbers{0.5}}}},
    {"complier-effect",
     {{"n1", 200.0},
      {"mean_y1", 1.0},
      {"mean_d1", 0.0},
      {"variance_y1", 1.0},
      {"variance_d1", 0.0},
      {"covariance1", 0.0},
      {"n2", 200.0},
      {"mean_y2", 1.3},
      {"mean_d2", 0.6},
      {"variance_y2", 1.1},
      {"variance_d2", 0.24},
      {"covariance2", 0.05}}},
    {"dilution",
     {{"difference", 0.5},
      {"std_error", 0.1},
      {"control_value_triggered", 4.0},
      {"triggered", 500.0},
      {"all", 5000.0},
      {"control_value_all", 3.0},
      {"control_variance_all", 0.01}}},
    {"post-stratified",
     {{"n1", Numbers{40, 60}},
      {"mean1", Numbers{1, 3}},
      {"sd1", Numbers{1, 1.5}},
      {"n2", Numbers{45, 55}},
      {"mean2", Numbers{1.4, 3.2}},
      {"sd2", Numbers{1, 1.4}}}}};

TEST(Calculator, SumsOfClustersGiveWhatTheirRowsGive) {
  const auto rows =
      *calculate(calculator_methods(), "cluster-robust", kExamples.at("cluster-robust"));
  const auto sums = *calculate(calculator_methods(), "cluster-sums", kExamples.at("cluster-sums"));
  for (const char* name : {"difference", "std_error", "degrees_of_freedom", "p_value", "icc"})
    EXPECT_NEAR(value(rows, name), value(sums, name), 1e-12) << name;
}

// Dunnett's 5 % point of three treatments and 20 degrees of freedom is 2.54 (Dunnett 1964).
TEST(Calculator, MaxTGivesDunnettsPoint) {
  const auto out = *calculate(calculator_methods(), "max-t",
                              {{"statistics", Numbers{2.53, 2.55, 0.0}},
                               {"correlations", Numbers{0.5}},
                               {"degrees_of_freedom", 20.0}});
  EXPECT_NEAR(value(out, "critical_value"), 2.54, 0.005);
  const auto& p = std::get<Numbers>(out[1].value);
  EXPECT_GT(p[0], 0.05);
  EXPECT_LT(p[1], 0.05);
  EXPECT_FALSE(calculate(calculator_methods(), "max-t",
                         {{"statistics", Numbers{1, 2, 3}}, {"correlations", Numbers{0.1, 0.2}}}));
}

TEST(Calculator, DilutionScalesTheEffectByTheShare) {
  const auto out = *calculate(calculator_methods(), "dilution", kExamples.at("dilution"));
  EXPECT_NEAR(value(out, "difference"), 0.05, 1e-12);
  EXPECT_NEAR(value(out, "lift"), 0.05 / 3.0, 1e-12);
  // (0.1 x 0.1)^2 + 0.5^2 x 0.1 x 0.9 / 5000
  EXPECT_NEAR(value(out, "std_error"), std::sqrt(1e-4 + 4.5e-6), 1e-9);
}

TEST(Calculator, EveryMethodGivesWhatItPromisesInOrder) {
  // Each number input gets a small number inside its range; arrays two entries.
  std::set<std::string> names;
  for (const auto& method : calculator_methods()) {
    EXPECT_TRUE(names.insert(method.name).second) << method.name;
    const auto example = kExamples.find(method.name);
    Inputs inputs = example == kExamples.end() ? Inputs{} : example->second;
    for (const auto& spec : method.inputs) {
      if (spec.default_value || inputs.contains(spec.name)) continue;
      const double high = spec.maximum.value_or(1e9);
      const double number = spec.kind == InputKind::integer ? (spec.name[0] == 'x' ? 30.0 : 90.0)
                                                            : std::min(0.3, high / 2.0);
      if (spec.kind == InputKind::array) {
        inputs[spec.name] =
            spec.name == "counts" ? std::vector<double>{50.0, 60.0} : std::vector<double>{0.3, 0.4};
      } else {
        inputs[spec.name] = spec.name == "p2" ? 0.4 : spec.name.starts_with("cov") ? 0.1 : number;
      }
    }
    const auto out = calculate(calculator_methods(), method.name, inputs);
    ASSERT_TRUE(out) << method.name << ": " << to_text(out.error());
    ASSERT_EQ(out->size(), method.outputs.size()) << method.name;
    for (std::size_t i = 0; i < out->size(); ++i) {
      EXPECT_EQ((*out)[i].name, method.outputs[i].name) << method.name;
      if (const auto* v = std::get_if<double>(&(*out)[i].value)) {
        EXPECT_TRUE(std::isfinite(*v));
      }
    }
    EXPECT_FALSE(method.definition.empty() || method.source.empty() || method.summary.empty());
  }
  EXPECT_GE(names.size(), 20u);
}

TEST(Calculator, APValueTooSmallForADoubleIsNeverZero) {
  for (const double z : {-40.0, 40.0}) {
    const auto out = *calculate(calculator_methods(), "normal-tail", {{"z", z}});
    EXPECT_EQ(out[1].name, "p_two_sided");
    EXPECT_EQ(std::get<Undefined>(out[1].value).reason, kBelowSmallest);
    // Source: Laplace's continued fraction of Mills' ratio, 200 terms, in Python.
    EXPECT_NEAR(value(out, "log10_p_two_sided"), -349.13597646368186, 1e-10);
  }
  EXPECT_EQ(value(*calculate(calculator_methods(), "normal-tail", {{"z", -40.0}}), "p_greater"),
            1.0);
  const auto counts = *calculate(calculator_methods(), "two-proportion",
                                 {{"x1", 1e6}, {"n1", 1e7}, {"x2", 2e6}, {"n2", 1e7}});
  const auto p = std::find_if(counts.begin(), counts.end(),
                              [](const Output& output) { return output.name == "p_value"; });
  EXPECT_EQ(std::get<Undefined>(p->value).reason, kBelowSmallest);
}

TEST(Calculator, AMistypedNameGetsTheNearestOne) {
  const auto method = calculate(calculator_methods(), "two-proportions", kCounts);
  EXPECT_EQ(method.error().code, ErrorCode::invalid_spec);
  EXPECT_THAT(method.error().fix, HasSubstr("two-proportion"));
  auto inputs = kCounts;
  inputs["confidence_levle"] = 0.9;
  const auto input = calculate(calculator_methods(), "two-proportion", inputs);
  EXPECT_THAT(input.error().problem, HasSubstr("confidence_levle"));
  EXPECT_THAT(input.error().fix, HasSubstr("confidence_level"));
}

TEST(Calculator, MissingAndImpossibleInputsAreNamed) {
  auto inputs = kCounts;
  inputs.erase("n2");
  EXPECT_THAT(calculate(calculator_methods(), "two-proportion", inputs).error().problem,
              HasSubstr("n2"));
  inputs["n2"] = 70.5;
  EXPECT_THAT(calculate(calculator_methods(), "two-proportion", inputs).error().problem,
              HasSubstr("whole number"));
  inputs["n2"] = 50.0;  // x2 = 56 > 50.
  EXPECT_EQ(calculate(calculator_methods(), "two-proportion", inputs).error().code,
            ErrorCode::invalid_data);
  inputs["n2"] = std::nan("");
  EXPECT_THAT(calculate(calculator_methods(), "two-proportion", inputs).error().problem,
              HasSubstr("finite"));
  inputs = kCounts;
  inputs["confidence_level"] = 1.0;
  EXPECT_THAT(calculate(calculator_methods(), "two-proportion", inputs).error().fix,
              HasSubstr("0 < confidence_level"));
  inputs["confidence_level"] = std::vector<double>{0.9};
  EXPECT_THAT(calculate(calculator_methods(), "two-proportion", inputs).error().problem,
              HasSubstr("one number"));
  EXPECT_THAT(calculate(calculator_methods(), "holm", {{"p_values", 0.5}}).error().problem,
              HasSubstr("list"));
  EXPECT_THAT(calculate(calculator_methods(), "holm", {{"p_values", std::vector<double>{0.5, 1.5}}})
                  .error()
                  .problem,
              HasSubstr("out of range"));
}

TEST(Calculator, AWrongWordOfAChoiceGetsTheNearestOne) {
  auto inputs = kCounts;
  inputs["margin"] = 0.05;
  inputs["scale"] = "relativ";
  EXPECT_THAT(calculate(calculator_methods(), "non-inferiority-proportions", inputs).error().fix,
              HasSubstr("relative"));
}

TEST(Calculator, ALiftThatDoesNotExistSaysWhy) {
  const auto out = *calculate(calculator_methods(), "two-proportion",
                              {{"x1", 0.0}, {"n1", 80.0}, {"x2", 6.0}, {"n2", 70.0}});
  for (const auto& output : out) {
    if (output.name != "lift") continue;
    EXPECT_THAT(std::get<Undefined>(output.value).reason, HasSubstr("no successes"));
  }
}

TEST(Calculator, SampleRatioAndHolmTakeArrays) {
  const auto srm = *calculate(calculator_methods(), "sample-ratio",
                              {{"counts", std::vector<double>{5000, 5200, 0}},
                               {"weights", std::vector<double>{0.5, 0.5, 0}}});
  EXPECT_NEAR(value(srm, "p_value"), 0.0476703806561615, 1e-14);  // scipy 1.17.1, chisquare.
  const auto holm = *calculate(calculator_methods(), "holm",
                               {{"p_values", std::vector<double>{0.01, 0.04, 0.03}}});
  EXPECT_EQ(value(holm, "n_rejected"), 1.0);  // By hand: 0.03, 0.06, 0.06.
}

TEST(Calculator, CupedWithoutCorrelationLeavesTheDifferenceAlone) {
  // By hand: with correlation 0 the adjusted and the plain difference agree.
  const auto out = *calculate(calculator_methods(), "cuped",
                              {{"n1", 500.0},
                               {"mean_y1", 10.0},
                               {"sd_y1", 2.0},
                               {"mean_x1", 5.0},
                               {"sd_x1", 1.0},
                               {"correlation1", 0.0},
                               {"n2", 500.0},
                               {"mean_y2", 10.4},
                               {"sd_y2", 2.0},
                               {"mean_x2", 5.3},
                               {"sd_x2", 1.0},
                               {"correlation2", 0.0}});
  EXPECT_NEAR(value(out, "difference"), 0.4, 1e-12);
  EXPECT_NEAR(value(out, "variance_reduction"), 0.0, 0.03);
}

}  // namespace
}  // namespace assay::stats
