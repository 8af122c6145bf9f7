#include "assay/interference/calculator.hpp"

#include <gmock/gmock.h>

#include <set>

// Source of the numbers: tests/golden/interference.py; ring and periods as in the rooms' own tests.
namespace assay::interference {
namespace {

const stats::CalculatorMethod& method(const std::string& name) {
  for (const auto& m : calculator_methods())
    if (m.name == name) return m;
  throw std::runtime_error("no method " + name);
}

/// Computes with defaults filled in and checks that outputs come as the specs say.
std::vector<stats::Output> compute(const std::string& name, stats::Inputs in) {
  const auto& m = method(name);
  for (const auto& spec : m.inputs)
    if (spec.default_value) in.try_emplace(spec.name, *spec.default_value);
  const auto out = m.compute(in);
  if (!out) throw std::runtime_error(out.error().problem);
  EXPECT_EQ(out->size(), m.outputs.size()) << name;
  for (std::size_t i = 0; i < out->size(); ++i) EXPECT_EQ((*out)[i].name, m.outputs[i].name);
  return *out;
}

double value(const std::vector<stats::Output>& outputs, const std::string& name) {
  for (const auto& o : outputs)
    if (o.name == name) return std::get<double>(o.value);
  throw std::runtime_error("no output " + name);
}

stats::Inputs periods() {
  const double arms[] = {1, 0, 0, 1, 1, 0, 1, 1};
  std::vector<double> columns[3];
  for (int t = 0; t < 16; ++t) {
    columns[0].push_back(5.0 + (t * 7 % 5) - 2.0 + 1.5 * arms[t / 2] + 0.25 * t);
    columns[1].push_back(arms[t / 2]);
    columns[2].push_back(t / 2);
  }
  return {{"values", columns[0]}, {"arms", columns[1]}, {"blocks", columns[2]}};
}

TEST(InterferenceCalculator, SwitchbackAgreesWithEnumeration) {
  auto in = periods();
  in["carry_over"] = 1.0;
  const auto out = compute("switchback", in);
  EXPECT_NEAR(value(out, "difference"), 8.972222222222221 - 6.15, 1e-12);
  EXPECT_NEAR(value(out, "horvitz_thompson"), 10.766666666666667 - 4.1, 1e-12);
  EXPECT_GT(value(out, "randomisation_p_value"), 0.0);
  const auto series = std::get<std::vector<double>>(periods()["values"]);
  compute("block-length", {{"series", series}, {"carry_over", 0.0}, {"longest", 2.0}});
}

TEST(InterferenceCalculator, MarketsAgreeWithScipy) {
  const std::vector<double> control{10.2, 8.1, 12.4, 9.9, 11.0, 7.5};
  const std::vector<double> treatment{11.1, 8.5, 13.7, 9.7, 11.8, 8.1};
  const auto geo = compute("geo-pairs", {{"control", control}, {"treatment", treatment}});
  EXPECT_NEAR(value(geo, "p_value"), 0.02841568413767593, 1e-12);
  EXPECT_NEAR(value(geo, "randomisation_p_value"), 0.0625, 1e-12);
  const auto split = compute("budget-split", {{"control", control}, {"treatment", treatment}});
  EXPECT_NEAR(value(split, "p_value"), 0.02841568413767593, 1e-12);
  const auto two_stage =
      compute("saturation", {{"pure_control", std::vector<double>{5.0, 5.6, 4.8, 5.3}},
                             {"untreated", std::vector<double>{5.9, 6.1, 5.2}},
                             {"treated", std::vector<double>{7.4, 7.0, 6.8}}});
  EXPECT_NEAR(value(two_stage, "spillover_p_value"), 0.1684223426053767, 1e-12);
  EXPECT_NEAR(value(two_stage, "total_p_value"), 0.0007542690923847459, 1e-13);
}

TEST(InterferenceCalculator, TwoSidesAndNetworksTakeUnitsNumberedFromOne) {
  const auto two = compute("two-sided", {{"user_arms", std::vector<double>{0, 1, 0, 1}},
                                         {"creator_arms", std::vector<double>{0, 1, 0, 1}},
                                         {"users", std::vector<double>{1, 2, 3, 4, 2}},
                                         {"creators", std::vector<double>{1, 2, 3, 4, 1}},
                                         {"values", std::vector<double>{2, 5, 1, 6, 1}}});
  EXPECT_NEAR(value(two, "corner"), 4.0 * (11.0 - 3.0) / 4.0, 1e-12);
  std::vector<double> from;
  std::vector<double> to;
  for (int i = 0; i < 10; ++i) {
    from.push_back(i + 1);
    to.push_back((i + 1) % 10 + 1);
  }
  const std::vector<double> arms{1, 1, 0, 0, 0, 1, 1, 0, 0, 0};
  const std::vector<double> values{12, 14, 9, 8, 9, 13, 12, 9, 8, 9};
  const auto net =
      compute("exposure-mapping",
              {{"values", values}, {"arms", arms}, {"edge_from", from}, {"edge_to", to}});
  EXPECT_GT(value(net, "difference"), 3.0);
  EXPECT_NEAR(value(net, "smallest_probability"), 0.125, 0.04);
}

TEST(InterferenceCalculator, EveryMethodHasItsOwnNameAndSource) {
  std::set<std::string> names;
  for (const auto& m : calculator_methods()) {
    EXPECT_TRUE(names.insert(m.name).second) << m.name;
    EXPECT_FALSE(m.source.empty());
  }
  auto in = periods();
  std::get<std::vector<double>>(in["blocks"])[0] = 0.5;
  in["carry_over"] = 0.0;
  in["p_treated"] = 0.5;
  in["confidence_level"] = 0.95;
  EXPECT_EQ(method("switchback").compute(in).error().code, ErrorCode::invalid_spec);
}

}  // namespace
}  // namespace assay::interference
