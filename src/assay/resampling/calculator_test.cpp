#include "assay/resampling/calculator.hpp"

#include <gmock/gmock.h>

#include <set>
#include <stdexcept>

#include "assay/resampling/bootstrap.hpp"

namespace assay::resampling {
namespace {

// The same rows stand in tests/golden/resampling.py.
const std::vector<double> kControl{3.1, 4.0, 2.2, 6.3, 5.0, 1.9, 7.2, 3.3, 4.4, 2.8};
const std::vector<double> kTreatment{4.2, 5.9, 2.9, 8.8, 6.1, 3.5, 9.9, 5.2, 4.9, 7.4, 6.6, 3.8};

Result<std::vector<stats::Output>> run(const std::string& name, const stats::Inputs& in) {
  return stats::calculate(calculator_methods(), name, in);
}

double value(const std::vector<stats::Output>& outputs, const std::string& name) {
  for (const auto& o : outputs)
    if (o.name == name) return std::get<double>(o.value);
  throw std::runtime_error("no output " + name);
}

std::vector<double> first(const std::vector<double>& x, std::ptrdiff_t n) {
  return {x.begin(), x.begin() + n};
}

TEST(ResamplingCalculator, AgreesWithTheGoldensOfItsMethods) {
  // Sources: tests/golden/resampling.py and .R.
  EXPECT_NEAR(value(*run("permutation", {{"y1", first(kControl, 5)}, {"y2", first(kTreatment, 6)}}),
                    "p_value"),
              0.3593073593073593, 1e-14);
  EXPECT_NEAR(value(*run("bootstrap-quantile", {{"y1", kControl}, {"y2", kTreatment}}), "p_value"),
              0.10840650907186312, 1e-10);
  EXPECT_NEAR(value(*run("bootstrap-mean", {{"y1", kControl}, {"y2", kTreatment}}), "acceleration"),
              0.002017722919768206, 1e-14);
  std::vector<double> y = first(kControl, 8);
  for (const double v : first(kTreatment, 8)) y.push_back(v);
  std::vector<double> arms(16, 0.0);
  std::vector<double> pairs(16);
  for (std::size_t i = 0; i < 16; ++i) {
    arms[i] = i >= 8 ? 1.0 : 0.0;
    pairs[i] = static_cast<double>(i % 8);
  }
  EXPECT_NEAR(value(*run("randomisation", {{"y", y},
                                           {"arms", arms},
                                           {"labels", pairs},
                                           {"mechanism", std::string("paired")},
                                           {"statistic", std::string("difference")}}),
                    "p_value"),
              0.0078125, 1e-15);
}

TEST(ResamplingCalculator, ABootstrapOfClustersOfOneIsTheBootstrapOfAMean) {
  std::vector<double> own1;
  std::vector<double> own2;
  for (std::size_t i = 0; i < kControl.size(); ++i) own1.push_back(static_cast<double>(i));
  for (std::size_t i = 0; i < kTreatment.size(); ++i) own2.push_back(static_cast<double>(i));
  const auto clusters =
      *run("bootstrap-clusters",
           {{"y1", kControl}, {"cluster1", own1}, {"y2", kTreatment}, {"cluster2", own2}});
  const auto mean = *run("bootstrap-mean", {{"y1", kControl}, {"y2", kTreatment}});
  EXPECT_NEAR(value(clusters, "ci_low"), value(mean, "ci_low"), 1e-12);
  EXPECT_NEAR(value(clusters, "p_value"), value(mean, "p_value"), 1e-9);
}

TEST(ResamplingCalculator, RerandomisesTheUnitsGiven) {
  std::vector<double> y;
  for (int i = 0; i < 400; ++i) y.push_back((i * 37) % 101);
  const auto out = *run("rerandomise", {{"y", y}, {"draws", 2000.0}});
  EXPECT_NEAR(value(out, "rejected"), 0.05, 5 * 0.00487);
  EXPECT_EQ(value(out, "n_undefined"), 0.0);
}

TEST(ResamplingCalculator, EveryMethodNamesItsOutputsAndSource) {
  std::set<std::string> names;
  for (const auto& method : calculator_methods()) {
    EXPECT_TRUE(names.insert(method.name).second) << method.name;
    EXPECT_FALSE(method.summary.empty() || method.definition.empty() || method.source.empty());
  }
  EXPECT_EQ(names.size(), 8U);
  const auto out = *run("bootstrap-mean", {{"y1", kControl}, {"y2", kTreatment}});
  const auto& specs =
      (*stats::find_calculator_method({&calculator_methods()[0]}, "bootstrap-mean"))->outputs;
  ASSERT_EQ(out.size(), specs.size());
  for (std::size_t i = 0; i < out.size(); ++i) EXPECT_EQ(out[i].name, specs[i].name);
}

TEST(ResamplingCalculator, RefusesBadInputs) {
  EXPECT_EQ(run("bootstrap-mean", {{"y1", kControl}}).error().code, ErrorCode::invalid_spec);
  EXPECT_EQ(run("bootstrap-mean", {{"y1", kControl}, {"y2", kTreatment}, {"replicates", 5.0}})
                .error()
                .code,
            ErrorCode::invalid_spec);
  EXPECT_EQ(run("randomisation", {{"y", kControl},
                                  {"arms", std::vector<double>(10, 1.0)},
                                  {"labels", std::vector<double>(10, 0.5)},
                                  {"mechanism", std::string("cluster")}})
                .error()
                .code,
            ErrorCode::invalid_spec);
  EXPECT_EQ(
      run("bootstrap-quantile", {{"y1", kControl}, {"y2", std::vector<double>{1.0}}}).error().code,
      ErrorCode::undefined_statistic);
}

}  // namespace
}  // namespace assay::resampling
