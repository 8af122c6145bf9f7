#include "assay/survival/calculator.hpp"

#include <gmock/gmock.h>

#include <set>

#include "assay/survival/published_data_test.hpp"

namespace assay::survival {
namespace {

const stats::CalculatorMethod& method(const std::string& name) {
  for (const auto& m : calculator_methods())
    if (m.name == name) return m;
  throw std::runtime_error("no method " + name);
}

stats::Inputs veteran() {
  stats::Inputs in;
  std::vector<double> columns[4];
  for (std::size_t i = 0; i < published::veteran_time.size(); ++i) {
    const std::size_t arm = published::veteran_treatment[i] == 1.0 ? 0 : 2;
    columns[arm].push_back(published::veteran_time[i]);
    columns[arm + 1].push_back(published::veteran_status[i]);
  }
  in["time1"] = columns[0];
  in["event1"] = columns[1];
  in["time2"] = columns[2];
  in["event2"] = columns[3];
  for (const auto& m : calculator_methods())
    for (const auto& spec : m.inputs)
      if (spec.default_value) in.try_emplace(spec.name, *spec.default_value);
  return in;
}

double value(const std::vector<stats::Output>& outputs, const std::string& name) {
  for (const auto& o : outputs)
    if (o.name == name) return std::get<double>(o.value);
  throw std::runtime_error("no output " + name);
}

// Source: R 4.2, survival 3.5-3: survdiff(rho = 1), coxph(Surv(time, status) ~ trt, veteran),
// survfit(rmean = 300).
TEST(SurvivalCalculator, AgreesWithSurvival) {
  auto in = veteran();
  in["rho"] = 1.0;
  EXPECT_NEAR(value(*method("log-rank").compute(in), "chi_squared"), 0.871209492927177, 1e-10);
  in["horizon"] = 300.0;
  EXPECT_NEAR(value(*method("restricted-mean").compute(in), "difference"),
              103.4941817226890 - 114.1211298917745, 1e-9);
  const auto cox = *method("hazard-ratio").compute(in);
  EXPECT_NEAR(value(cox, "coefficient"), 0.0177425695187363, 1e-10);
  EXPECT_NEAR(value(cox, "std_error"), 0.1806610122876901, 1e-10);
  in["at"] = 100.0;
  EXPECT_NEAR(value(*method("event-share").compute(in), "control_value"), 1 - 0.5019808434882904,
              1e-12);
}

TEST(SurvivalCalculator, EveryMethodNamesItsOutputsAndSource) {
  std::set<std::string> names;
  for (const auto& m : calculator_methods()) {
    EXPECT_TRUE(names.insert(m.name).second) << m.name;
    EXPECT_FALSE(m.source.empty());
    EXPECT_FALSE(m.outputs.empty());
  }
  auto in = veteran();
  in["at"] = 100.0;
  for (const char* name : {"log-rank", "hazard-ratio", "restricted-mean", "event-share"}) {
    const auto outputs = *method(name).compute(in);
    ASSERT_EQ(outputs.size(), method(name).outputs.size()) << name;
    for (std::size_t i = 0; i < outputs.size(); ++i)
      EXPECT_EQ(outputs[i].name, method(name).outputs[i].name);
  }
}

TEST(SurvivalCalculator, RefusesAnEventThatIsNeitherZeroNorOne) {
  auto in = veteran();
  std::get<std::vector<double>>(in["event1"])[3] = 0.5;
  EXPECT_EQ(method("log-rank").compute(in).error().code, ErrorCode::invalid_data);
}

}  // namespace
}  // namespace assay::survival
