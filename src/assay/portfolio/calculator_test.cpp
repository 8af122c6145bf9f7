#include "assay/portfolio/calculator.hpp"

#include <gmock/gmock.h>

namespace assay::portfolio {
namespace {

double value(const std::vector<stats::Output>& outputs, const std::string& name) {
  for (const auto& output : outputs)
    if (output.name == name) return std::get<double>(output.value);
  ADD_FAILURE() << name;
  return 0.0;
}

TEST(Calculator, NormalPriorWeighsByPrecision) {
  const auto out =
      *stats::calculate(calculator_methods(), "shrunk-effect",
                        {{"estimate", 2.0}, {"std_error", 1.0}, {"prior_spread", 1.0}});
  EXPECT_NEAR(value(out, "mean"), 1.0, 1e-12);
  EXPECT_NEAR(value(out, "sd"), std::sqrt(0.5), 1e-12);
}

TEST(Calculator, LaunchesAreThoseAboveTheThreshold) {
  const auto out = *stats::calculate(calculator_methods(), "launched-total",
                                     {{"estimates", std::vector<double>{3.0, 1.0, 2.5}},
                                      {"std_errors", std::vector<double>{1.0, 1.0, 1.0}}});
  EXPECT_EQ(value(out, "launched"), 2.0);
  EXPECT_NEAR(value(out, "naive_total"), 5.5, 1e-12);
  // phi(-1.04) + phi(0.96) + phi(-0.54), standard normal table.
  EXPECT_NEAR(value(out, "bias"), 0.23230 + 0.25164 + 0.34482, 2e-5);
}

TEST(Calculator, RefusesListsOfTwoLengths) {
  EXPECT_FALSE(stats::calculate(
      calculator_methods(), "effect-prior",
      {{"estimates", std::vector<double>{3.0, 1.0}}, {"std_errors", std::vector<double>{1.0}}}));
}

}  // namespace
}  // namespace assay::portfolio
