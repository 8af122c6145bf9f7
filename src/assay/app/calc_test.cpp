#include "assay/app/calc.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "assay/base/text.hpp"
#include "assay/stats/calculator.hpp"

namespace assay::app {
namespace {

using nlohmann::json;
using testing::HasSubstr;

const std::map<std::string, std::string> kCounts{
    {"x1", "48"}, {"n1", "80"}, {"x2", "56"}, {"n2", "70"}};

void expect_within_80_columns(const std::string& text) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(display_width(line), 80) << line;
  EXPECT_EQ(text.back(), '\n');
}

TEST(Calc, OptionsAndJsonGiveTheSameAnswer) {
  const auto by_options = *run_calc("two-proportion", kCounts);
  const auto by_json =
      *run_calc("two-proportion", {}, R"({"x1": 48, "n1": 80, "x2": 56, "n2": 70})");
  EXPECT_EQ(by_options.json, by_json.json);
  EXPECT_EQ(by_options.text, by_json.text);
  const auto parsed = json::parse(by_options.json);
  // Source: statsmodels 0.15.0, proportions_ztest([56, 48], [70, 80]).
  EXPECT_NEAR(parsed["results"]["p_value"].get<double>(), 0.00804508136819656, 1e-13);
  EXPECT_EQ(parsed["inputs"]["confidence_level"], 0.95);
  EXPECT_THAT(by_options.text, HasSubstr("0.00804508"));
}

TEST(Calc, ArraysAreReadFromCommas) {
  const auto out = *run_calc("sample-ratio", {{"counts", "5000, 5200, 0"}, {"weights", "1,1,0"}});
  EXPECT_NEAR(json::parse(out.json)["results"]["p_value"].get<double>(), 0.0476703806561615, 1e-14);
  EXPECT_THAT(out.text, HasSubstr("5000, 5200, 0"));
}

TEST(Calc, AResultThatDoesNotExistIsNullWithAReason) {
  const auto out =
      *run_calc("two-proportion", {{"x1", "0"}, {"n1", "80"}, {"x2", "6"}, {"n2", "70"}});
  const auto parsed = json::parse(out.json);
  EXPECT_TRUE(parsed["results"]["lift"].is_null());
  EXPECT_THAT(parsed["undefined"]["lift"].get<std::string>(), HasSubstr("no successes"));
  EXPECT_THAT(out.text, HasSubstr("undefined: control has no successes"));
}

TEST(Calc, WrongInputIsNamedWithWhatToWrite) {
  const auto error = [](const Result<CalcOutput>& r) { return to_text(r.error()); };
  EXPECT_THAT(error(run_calc("welsh", {})), HasSubstr("did you mean welch?"));
  auto options = kCounts;
  options["n2"] = "70 units";
  EXPECT_THAT(error(run_calc("two-proportion", options)), HasSubstr("not a number: 70 units"));
  options = kCounts;
  options["confidence"] = "0.9";
  EXPECT_THAT(error(run_calc("two-proportion", options)), HasSubstr("no input confidence"));
  EXPECT_THAT(error(run_calc("holm", {{"p_values", "0.1,,0.2"}})), HasSubstr("not a number"));
  EXPECT_THAT(error(run_calc("two-proportion", kCounts, R"({"x1": 4})")), HasSubstr("x1 is given"));
  for (const char* broken : {"{", "[1]", "", R"({"x1": 1, "x1": 2})", R"({"x1": null})",
                             R"({"x1": [1, "a"]})", R"({"x1": {"a": 1}})", "\xff"}) {
    const auto result = run_calc("two-proportion", {}, broken);
    ASSERT_FALSE(result) << broken;
    EXPECT_EQ(result.error().code, ErrorCode::invalid_spec) << broken;
  }
}

TEST(Calc, TheListIsASchemaForOtherPrograms) {
  const auto list = list_calc();
  const auto parsed = json::parse(list.json);
  EXPECT_EQ(parsed["methods"].size(), calc_methods().size());
  EXPECT_EQ(run_calc("list", {})->json, list.json);
  const auto& first = parsed["methods"][0];
  EXPECT_EQ(first["name"], "two-proportion");
  EXPECT_EQ(first["inputs"][0]["kind"], "integer");
  EXPECT_EQ(first["inputs"][0]["required"], true);
  EXPECT_EQ(first["inputs"][4]["default"], 0.95);
  EXPECT_EQ(first["inputs"][4]["exclusive_maximum"], 1.0);
}

TEST(Calc, EveryMethodHasANameOfItsOwn) {
  std::set<std::string> names;
  for (const auto* method : calc_methods())
    EXPECT_TRUE(names.insert(method->name).second) << method->name;
}

TEST(Calc, EveryTextFitsATerminal) {
  expect_within_80_columns(list_calc().text);
  for (const auto* method : calc_methods())
    expect_within_80_columns(describe_calc(method->name)->text);
  expect_within_80_columns(run_calc("two-proportion", kCounts)->text);
  EXPECT_FALSE(describe_calc("nothing-like-it"));
}

}  // namespace
}  // namespace assay::app
