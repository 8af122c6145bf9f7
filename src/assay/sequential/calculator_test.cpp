#include "assay/sequential/calculator.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <set>

#include "assay/stats/calculator.hpp"

namespace assay::sequential {
namespace {

using stats::Inputs;
using stats::Output;

Result<std::vector<Output>> run(std::string_view method, const Inputs& inputs) {
  for (const auto& each : calculator_methods())
    if (each.name == method) return stats::calculate(each, inputs);
  return fail(ErrorCode::internal, "no such method");
}

const Output& find(const std::vector<Output>& outputs, std::string_view name) {
  for (const auto& output : outputs)
    if (output.name == name) return output;
  ADD_FAILURE() << "no output " << name;
  return outputs.front();
}

double value(const std::vector<Output>& outputs, std::string_view name) {
  return std::get<double>(find(outputs, name).value);
}

std::vector<double> list(const std::vector<Output>& outputs, std::string_view name) {
  return std::get<std::vector<double>>(find(outputs, name).value);
}

using List = std::vector<double>;

/// Inputs that each method accepts, beside its defaults.
const std::map<std::string, Inputs> kExamples{
    {"group-sequential", {{"information", List{1, 2, 3}}}},
    {"group-sequential-power",
     {{"information", List{1, 2, 3}}, {"effect", 0.3}, {"std_error", 0.1}}},
    {"group-sequential-size", {{"information", List{1, 2, 3}}, {"effect", 0.3}}},
    {"conditional-power",
     {{"information", List{1, 2, 3}}, {"look", 1.0}, {"statistic", 1.1}, {"drift", 3.0}}},
    {"sample-size-reestimation", {{"statistic", 1.4}}},
    {"monitor",
     {{"information", List{100, 200, 300}},
      {"reached", List{110, 210}},
      {"estimates", List{0.1, 0.5}},
      {"std_errors", List{0.2, 0.14}}}},
    {"stagewise",
     {{"information", List{1, 2}},
      {"critical_values", List{2.96}},
      {"estimate", 0.4},
      {"std_error", 0.15}}},
    {"repeated-p-value", {{"information", List{1, 2}}, {"look", 2.0}, {"statistic", 2.4}}},
    {"combine-stages",
     {{"information", List{1, 2}}, {"estimates", List{0.1, 0.2}}, {"std_errors", List{0.1, 0.05}}}},
    {"confidence-sequence",
     {{"n", List{100, 200}},
      {"estimates", List{0.1, 0.2}},
      {"std_errors", List{0.1, 0.05}},
      {"planned_n", 1000.0}}},
    {"msprt",
     {{"n", List{100, 200}},
      {"estimates", List{0.1, 0.2}},
      {"std_errors", List{0.1, 0.05}},
      {"tau", 0.1}}},
    {"betting", {{"outcomes", List{0, 1, 1, 0, 1, 0.5}}}},
    {"sample-ratio-sequence", {{"counts", List{50, 60, 5000, 5200}}, {"weights", List{0.5, 0.5}}}},
    {"effect-posterior", {{"estimate", 0.02}, {"std_error", 0.01}, {"prior_sd", 0.02}}},
    {"best-proportion", {{"successes", List{120, 141}}, {"n", List{1000, 1000}}}}};

TEST(Calculator, EveryMethodGivesWhatItPromisesInOrder) {
  std::set<std::string> names;
  for (const auto& method : calculator_methods()) {
    EXPECT_TRUE(names.insert(method.name).second) << method.name;
    ASSERT_TRUE(kExamples.contains(method.name)) << method.name;
    const auto out = stats::calculate(method, kExamples.at(method.name));
    ASSERT_TRUE(out) << method.name << ": " << to_text(out.error());
    ASSERT_EQ(out->size(), method.outputs.size()) << method.name;
    for (std::size_t i = 0; i < out->size(); ++i)
      EXPECT_EQ((*out)[i].name, method.outputs[i].name) << method.name;
    EXPECT_FALSE(method.definition.empty() || method.source.empty() || method.summary.empty());
  }
  EXPECT_EQ(names.size(), kExamples.size());
}

TEST(Calculator, BoundsAreThoseOfTheDesign) {
  // Source: rpact 3.3.4, asOF, kMax = 5, alpha .05 two-sided, beta .2.
  const auto out = *run("group-sequential", {{"information", List{200, 400, 600, 800, 1000}}});
  EXPECT_NEAR(list(out, "critical_values")[1], 3.3570119223441, 1e-7);
  EXPECT_NEAR(value(out, "inflation_factor"), 1.024719877429, 1e-8);
  EXPECT_NEAR(value(out, "expected_size_h1"), 0.82366231943869, 1e-8);
}

TEST(Calculator, EveryBoundaryAndFutilityRuleIsReachable) {
  for (const std::string boundary :
       {"lan-demets-obrien-fleming", "lan-demets-pocock", "kim-demets", "hwang-shih-decani", "user",
        "obrien-fleming", "pocock", "wang-tsiatis", "haybittle-peto"}) {
    for (const std::string futility : {"none", "lan-demets-obrien-fleming", "kim-demets", "user"}) {
      const auto out = run("group-sequential", {{"information", List{1, 2, 3}},
                                                {"sides", std::string("one")},
                                                {"alpha", 0.025},
                                                {"boundary", boundary},
                                                {"alpha_table", List{0.002, 0.009, 0.025}},
                                                {"futility", futility},
                                                {"beta_table", List{0.02, 0.09, 0.2}}});
      ASSERT_TRUE(out) << boundary << " " << futility << ": " << to_text(out.error());
      EXPECT_NEAR(list(*out, "alpha_spent").back(), 0.025, 1e-9) << boundary;
    }
  }
}

TEST(Calculator, ATrialThatGoesOnHasNoFinalReading) {
  Inputs inputs = kExamples.at("monitor");
  inputs["estimates"] = List{0.1, 0.1};
  const auto out = *run("monitor", inputs);
  EXPECT_EQ(std::get<std::string>(find(out, "decision").value), "go on");
  EXPECT_TRUE(std::holds_alternative<stats::Undefined>(find(out, "median_unbiased").value));
  EXPECT_EQ(list(out, "next_critical_value").size(), 1U);
}

TEST(Calculator, ListsOfDifferentLengthAreRefused) {
  Inputs inputs = kExamples.at("monitor");
  inputs["estimates"] = List{0.1};
  EXPECT_EQ(run("monitor", inputs).error().code, ErrorCode::invalid_spec);
  inputs = kExamples.at("sample-ratio-sequence");
  inputs["counts"] = List{5, 6, 7};
  EXPECT_EQ(run("sample-ratio-sequence", inputs).error().code, ErrorCode::invalid_spec);
  inputs["counts"] = List{5, 6.5};
  EXPECT_EQ(run("sample-ratio-sequence", inputs).error().code, ErrorCode::invalid_spec);
  inputs = kExamples.at("msprt");
  inputs["n"] = List{100, 200, 300};
  EXPECT_EQ(run("msprt", inputs).error().code, ErrorCode::invalid_spec);
}

}  // namespace
}  // namespace assay::sequential
