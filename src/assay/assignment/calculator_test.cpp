#include "assay/assignment/calculator.hpp"

#include <gmock/gmock.h>

namespace assay::assignment {
namespace {

using stats::calculate;
using stats::Inputs;
using stats::Output;
using stats::Undefined;

template <class T>
T value_of(const std::vector<Output>& outputs, std::string_view name) {
  for (const Output& output : outputs)
    if (output.name == name) return std::get<T>(output.value);
  ADD_FAILURE() << "no output " << name;
  return T{};
}

// Source of the literals: tests/golden/assignment.py, where hash_test.cpp has them from too.

TEST(AssignmentCalculator, HashesAUnitByEveryMethod) {
  struct Case {
    const char* method;
    const char* hash;
    double position;
  };
  const Case kCases[] = {{"assay", "0xE7D05A28E739FB87", 0.9055229520665548},
                         {"growthbook_v2", "", 0.159},
                         {"growthbook_v1", "", 0.562},
                         {"murmur3", "0x742DADC6", 0.0662}};
  for (const Case& each : kCases) {
    const auto out = calculate(
        calculator_methods(), "hash-unit",
        Inputs{{"unit", "user_000042"}, {"salt", "new_feed_ranker"}, {"method", each.method}});
    ASSERT_TRUE(out) << to_text(out.error());
    EXPECT_EQ(value_of<double>(*out, "position"), each.position);
    if (*each.hash != '\0') {
      EXPECT_EQ(value_of<std::string>(*out, "hash"), each.hash);
    }
  }
  EXPECT_FALSE(calculate(calculator_methods(), "hash-unit", Inputs{{"unit", "a"}, {"salt", ""}}));
}

TEST(AssignmentCalculator, TellsTheArmOrThatThereIsNone) {
  Inputs inputs{{"unit", "user_000042"},
                {"salt", "new_feed_ranker"},
                {"weights", std::vector<double>{0.2, 0.3, 0.5}}};
  EXPECT_EQ(value_of<double>(*calculate(calculator_methods(), "arm-of-unit", inputs), "arm"), 3.0);
  inputs["share"] = 1e-9;
  const auto out = calculate(calculator_methods(), "arm-of-unit", inputs);
  EXPECT_FALSE(value_of<Undefined>(*out, "arm").reason.empty());
  inputs["weights"] = std::vector<double>{0.2, 0.3};
  EXPECT_FALSE(calculate(calculator_methods(), "arm-of-unit", inputs));
}

TEST(AssignmentCalculator, KnowsWhatRerandomisationGains) {
  const auto out = calculate(calculator_methods(), "rerandomisation",
                             Inputs{{"covariates", 10.0}, {"acceptance", 0.001}});
  EXPECT_NEAR(value_of<double>(*out, "threshold"), 1.4787434638356647, 1e-9);
  EXPECT_NEAR(value_of<double>(*out, "variance_share"), 0.12092100601149834, 1e-9);
}

TEST(AssignmentCalculator, TestsATable) {
  Inputs inputs{{"counts", std::vector<double>{10, 20, 30, 40, 35, 25}}, {"columns", 3.0}};
  const auto out = calculate(calculator_methods(), "table-independence", inputs);
  EXPECT_NEAR(value_of<double>(*out, "p_value"), 0.0012421530294924777, 1e-12);
  inputs["columns"] = 4.0;
  EXPECT_FALSE(calculate(calculator_methods(), "table-independence", inputs));
  inputs["columns"] = 3.0;
  inputs["counts"] = std::vector<double>{0, 0, 0, 0, 0, 1};
  EXPECT_FALSE(calculate(calculator_methods(), "table-independence", inputs));
  inputs["counts"] = std::vector<double>{1.5, 1, 1, 1, 1, 1};
  EXPECT_FALSE(calculate(calculator_methods(), "table-independence", inputs));
}

}  // namespace
}  // namespace assay::assignment
