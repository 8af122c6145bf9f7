#include "assay/design/calculator.hpp"

#include <gtest/gtest.h>

#include <set>

#include "assay/design/plan.hpp"

namespace assay::design {
namespace {

using stats::Inputs;

const stats::CalculatorMethod& method(std::string_view name) {
  for (const auto& one : calculator_methods())
    if (one.name == name) return one;
  throw std::runtime_error("no such method");
}

/// What calculate() does with defaults, for a method of this room.
Inputs complete(const stats::CalculatorMethod& one, Inputs given) {
  for (const auto& spec : one.inputs)
    if (spec.default_value) given.try_emplace(spec.name, *spec.default_value);
  return given;
}

double first(const Result<std::vector<stats::Output>>& outputs) {
  return outputs ? std::get<double>(outputs->front().value) : -1.0;
}

TEST(DesignCalculator, GivesWhatTheRoomGives) {
  const auto& units = method("plan-units-proportion");
  const auto answer =
      units.compute(complete(units, {{"share", 0.3}, {"margin", 0.03}, {"alpha", 0.025}}));
  EXPECT_NEAR(first(answer), 7324.3, 1.0);  // rpact 3.3.4, see plan_test.
  const auto& power = method("plan-power-mean");
  EXPECT_NEAR(first(power.compute(complete(power, {{"sd_control", 1.0},
                                                   {"effect", 0.3},
                                                   {"n_total", 1200.0},
                                                   {"cluster_size", 50.0},
                                                   {"cluster_cv", 0.65},
                                                   {"icc", 0.05}}))),
              0.648040845251, 1e-7);  // R, see plan_test.
  const auto& critical = method("many-arms-critical");
  EXPECT_NEAR(first(critical.compute(complete(critical, {{"treatments", 3.0}}))), 2.34897059034,
              1e-7);
  const auto& weeks = method("weeks-needed");
  EXPECT_EQ(first(weeks.compute(complete(
                weeks, {{"new_units", std::vector<double>{10, 10, 10}}, {"n_total", 75.0}}))),
            2.0);
}

TEST(DesignCalculator, EveryMethodIsDescribedAndNamedOnce) {
  std::set<std::string> names;
  for (const auto& one : calculator_methods()) {
    EXPECT_TRUE(names.insert(one.name).second) << one.name;
    EXPECT_FALSE(one.summary.empty() || one.definition.empty() || one.source.empty()) << one.name;
    EXPECT_FALSE(one.outputs.empty()) << one.name;
  }
  EXPECT_EQ(names.size(), 21U);
}

TEST(DesignCalculator, BadPlansFailInTheirOwnWords) {
  const auto& units = method("plan-units-mean");
  const auto answer = units.compute(complete(units, {{"sd_control", 1.0}}));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().problem, "the effect to detect must not be 0; got 0");
}

}  // namespace
}  // namespace assay::design
