#include <fmt/core.h>

#include <cmath>
#include <map>

#include "assay/sequential/conditional_power.hpp"
#include "assay/sequential/detail/calculator_lists.hpp"
#include "assay/sequential/reestimation.hpp"
#include "assay/stats/calculator_input.hpp"

namespace assay::sequential::detail {
namespace {

using stats::CalculatorMethod;
using stats::Inputs;
using stats::InputSpec;
using stats::Output;
namespace in = stats::calculator;

const std::map<std::string, SpendingFamily, std::less<>>& families() {
  static const std::map<std::string, SpendingFamily, std::less<>> all{
      {"lan-demets-obrien-fleming", SpendingFamily::obrien_fleming},
      {"lan-demets-pocock", SpendingFamily::pocock},
      {"kim-demets", SpendingFamily::power},
      {"hwang-shih-decani", SpendingFamily::hwang_shih_decani},
      {"user", SpendingFamily::user}};
  return all;
}

const std::map<std::string, Boundary, std::less<>>& boundaries() {
  static const std::map<std::string, Boundary, std::less<>> all{
      {"obrien-fleming", Boundary::obrien_fleming},
      {"pocock", Boundary::pocock},
      {"wang-tsiatis", Boundary::wang_tsiatis},
      {"haybittle-peto", Boundary::haybittle_peto}};
  return all;
}

/// A spending family with its parameter and table ("alpha" or "beta" inputs).
Result<Spending> spending_from(const Inputs& inputs, const std::string& what, double& total,
                               SpendingFamily family, const std::vector<double>& information) {
  Spending out{family, 0.0, {}};
  if (family == SpendingFamily::power) out.parameter = in::get(inputs, what + "_power");
  if (family == SpendingFamily::hwang_shih_decani) out.parameter = in::get(inputs, what + "_gamma");
  if (family != SpendingFamily::user) return out;
  const auto& table = in::get_array(inputs, what + "_table");
  if (table.size() != information.size()) {
    return fail(ErrorCode::invalid_spec,
                fmt::format("user spending needs the cumulative {} at each of {} looks; got {}",
                            what, information.size(), table.size()),
                fmt::format("input {}_table", what));
  }
  for (std::size_t k = 0; k < table.size(); ++k) out.table.push_back({information[k], table[k]});
  total = table.back();
  return out;
}

std::vector<Output> design_outputs(const GroupSequentialDesign& design,
                                   const Characteristics& sized) {
  std::vector<double> cumulative;
  double total = 0.0;
  for (const double p : operate(design, sized.drift).reject_upper) cumulative.push_back(total += p);
  std::vector<Output> out{{"information", design.information},
                          {"critical_values", design.critical_values},
                          {"one_sided_levels", design.stage_levels},
                          {"alpha_spent", design.alpha_spent}};
  const stats::Undefined none{"no futility rule"};
  if (design.futility_bounds.empty()) out.push_back({"futility_bounds", none});
  if (!design.futility_bounds.empty()) out.push_back({"futility_bounds", design.futility_bounds});
  if (design.beta_spent.empty()) out.push_back({"beta_spent", none});
  if (!design.beta_spent.empty()) out.push_back({"beta_spent", design.beta_spent});
  out.push_back({"power_by_look", cumulative});
  out.push_back({"drift", sized.drift});
  out.push_back({"inflation_factor", sized.inflation_factor});
  out.push_back({"expected_size_h1", sized.expected_h1});
  out.push_back({"expected_size_h01", sized.expected_h01});
  out.push_back({"expected_size_h0", sized.expected_h0});
  return out;
}

CalculatorMethod bounds_method() {
  return {"group-sequential",
          "boundaries of a trial with several looks, their cost",
          with_design(
              {in::or_else(in::inside(in::number("power", "to size the design for"), 0, 1), 0.8)}),
          {{"information", "fraction of the maximum at each look"},
           {"critical_values", "reject where |z| (two-sided) or z reaches this"},
           {"one_sided_levels", "upper tail of each critical value"},
           {"alpha_spent", "chance of a false rejection up to each look"},
           {"futility_bounds", "stop without rejection where z (|z| two-sided) is at most this"},
           {"beta_spent", "chance to stop for futility up to each look, at the planned effect"},
           {"power_by_look", "chance to have rejected upwards up to each look"},
           {"drift", "effect times the square root of the maximum information"},
           {"inflation_factor", "maximum size over that of a single look"},
           {"expected_size_h1", "expected size over that of a single look, at the effect"},
           {"expected_size_h01", "at half the effect"},
           {"expected_size_h0", "without effect"}},
          "recursive integration of the joint normal density of z at the looks; bounds c t^(shape "
          "- 1/2) or from the alpha a spending function allots to each look",
          "Jennison & Turnbull, Group Sequential Methods (2000); Lan & DeMets, Biometrika 70 "
          "(1983) 659-663",
          [](const Inputs& inputs) -> Result<std::vector<Output>> {
            ASSAY_TRY(const auto spec, design_of(inputs));
            ASSAY_TRY(const auto design, design_group_sequential(spec));
            ASSAY_TRY(const auto sized, characteristics(design, in::get(inputs, "power")));
            return design_outputs(design, sized);
          }};
}

CalculatorMethod power_method() {
  return {"group-sequential-power",
          "power of a trial with several looks",
          with_design({in::number("effect", "true effect"),
                       in::above(in::number("std_error", "of the estimate at the last look"), 0)}),
          {{"power", "chance to reject upwards"},
           {"rejection", "chance to reject in either direction"},
           {"expected_information", "where the trial ends on average, fraction of the maximum"},
           {"reject_upper", "by look"},
           {"reject_lower", "by look"},
           {"stop_futility", "by look"},
           {"type_one_error", "chance to reject without effect, futility overruled"}},
          "drift = effect / std_error; recursive integration",
          "Jennison & Turnbull, Group Sequential Methods (2000) ch. 19",
          [](const Inputs& inputs) -> Result<std::vector<Output>> {
            ASSAY_TRY(const auto spec, design_of(inputs));
            ASSAY_TRY(const auto design, design_group_sequential(spec));
            const bool binds = spec.futility && spec.futility->binding;
            const auto run =
                operate(design, in::get(inputs, "effect") / in::get(inputs, "std_error"));
            return std::vector<Output>{{"power", run.power},
                                       {"rejection", run.rejection},
                                       {"expected_information", run.expected_information},
                                       {"reject_upper", run.reject_upper},
                                       {"reject_lower", run.reject_lower},
                                       {"stop_futility", run.stop_futility},
                                       {"type_one_error", operate(design, 0.0, !binds).rejection}};
          }};
}

CalculatorMethod information_method() {
  return {"group-sequential-size",
          "largest information a trial with several looks needs",
          with_design({in::number("effect", "to detect, not 0"),
                       in::or_else(in::inside(in::number("power", "to reach"), 0, 1), 0.8)}),
          {{"maximum_information", "1 / std_error^2 at the last look"},
           {"std_error", "of the estimate at the last look"},
           {"single_look_information", "that a trial with one look would need"}},
          "drift^2 / effect^2, the drift where the power is reached",
          "Jennison & Turnbull, Group Sequential Methods (2000) ch. 2 and 7",
          [](const Inputs& inputs) -> Result<std::vector<Output>> {
            ASSAY_TRY(const auto spec, design_of(inputs));
            ASSAY_TRY(const auto design, design_group_sequential(spec));
            const double effect = in::get(inputs, "effect");
            const double power = in::get(inputs, "power");
            ASSAY_TRY(const double most, required_information(design, power, effect));
            ASSAY_TRY(const auto sized, characteristics(design, power));
            return std::vector<Output>{
                {"maximum_information", most},
                {"std_error", 1.0 / std::sqrt(most)},
                {"single_look_information", sized.fixed_shift / (effect * effect)}};
          }};
}

CalculatorMethod prospects_method() {
  return {"conditional-power",
          "chance of success seen from a look",
          with_design(
              {in::integer("look", "the look made, from 1", 1),
               in::number("statistic", "z at that look"),
               in::number("drift", "planned effect / planned std_error at the last look"),
               in::or_else(in::number("prior_mean", "of the drift, for predictive power"), 0.0),
               in::or_else(in::at_least(in::number("prior_sd", "0 for a flat prior"), 0), 0.0)}),
          {{"under_plan", "conditional power at the planned drift"},
           {"under_trend", "at the effect observed so far"},
           {"under_null", "without effect"},
           {"predictive", "averaged over the posterior of the effect"},
           {"drift_of_trend", "z over the square root of the information fraction"}},
          "P(a later bound is crossed | z now, drift), by recursive integration from the look; "
          "predictive power averages it over the normal posterior of the drift",
          "Jennison & Turnbull, Group Sequential Methods (2000) ch. 10; Spiegelhalter, Freedman & "
          "Blackburn, Controlled Clinical Trials 7 (1986) 8-17",
          [](const Inputs& inputs) -> Result<std::vector<Output>> {
            ASSAY_TRY(const auto spec, design_of(inputs));
            ASSAY_TRY(const auto design, design_group_sequential(spec));
            std::optional<DriftPrior> prior;
            if (in::get(inputs, "prior_sd") > 0.0)
              prior = DriftPrior{in::get(inputs, "prior_mean"), in::get(inputs, "prior_sd")};
            const auto index = static_cast<std::size_t>(in::get_count(inputs, "look") - 1);
            ASSAY_TRY(const auto all, interim_prospects(design, index, in::get(inputs, "statistic"),
                                                        in::get(inputs, "drift"), prior));
            return std::vector<Output>{{"under_plan", all.under_plan},
                                       {"under_trend", all.under_trend},
                                       {"under_null", all.under_null},
                                       {"predictive", all.predictive},
                                       {"drift_of_trend", all.drift_of_trend}};
          }};
}

CalculatorMethod reestimation_method() {
  const PromisingZonePlan plan;
  return {
      "sample-size-reestimation",
      "raise the size at an interim look where promising",
      {in::number("statistic", "z at the interim look, effect upwards"), in::alpha(plan.alpha),
       in::or_else(in::inside(in::number("interim_fraction", "of the planned information"), 0, 1),
                   plan.interim_fraction),
       in::or_else(in::inside(in::number("power", "conditional power to restore"), 0, 1),
                   plan.target_power),
       in::or_else(in::above(in::number("most_information", "as a multiple of the plan"), 1),
                   plan.most_information),
       in::or_else(in::between(in::number("least_conditional_power",
                                          "where raising begins; 0: where the ordinary test stays "
                                          "valid"),
                               0, 1),
                   0.0)},
      {{"zone", "unfavourable, promising or favourable"},
       {"conditional_power", "at the planned size, under the trend"},
       {"least_conditional_power", "where the promising zone begins"},
       {"new_information", "multiple of the planned information"},
       {"new_conditional_power", "at the new size"},
       {"adjusted_critical_value", "of the ordinary final z, keeps alpha exactly"},
       {"ordinary_test_valid", "yes where the ordinary final test keeps its level"},
       {"weight_before", "of the data before the look, in the inverse normal combination"},
       {"weight_after", "of the data after it"}},
      "second stage ((z(alpha) - z1 sqrt(t)) / sqrt(1 - t) + z(power))^2 t / z1^2, within 1 - t "
      "and "
      "most_information - t; one-sided, one look",
      "Mehta & Pocock, Statistics in Medicine 30 (2011) 3267-3284; Cui, Hung & Wang, Biometrics 55 "
      "(1999) 853-857",
      [](const Inputs& inputs) -> Result<std::vector<Output>> {
        const PromisingZonePlan stated{
            in::get(inputs, "alpha"), in::get(inputs, "interim_fraction"), in::get(inputs, "power"),
            in::get(inputs, "most_information"), in::get(inputs, "least_conditional_power")};
        ASSAY_TRY(const auto got, reestimate(stated, in::get(inputs, "statistic")));
        return std::vector<Output>{
            {"zone", std::string(to_text(got.zone))},
            {"conditional_power", got.conditional_power},
            {"least_conditional_power", got.least_conditional_power},
            {"new_information", got.new_information},
            {"new_conditional_power", got.new_conditional_power},
            {"adjusted_critical_value", got.adjusted_critical_value},
            {"ordinary_test_valid", std::string(got.ordinary_test_valid ? "yes" : "no")},
            {"weight_before", got.weight_before},
            {"weight_after", got.weight_after}};
      }};
}

}  // namespace

InputSpec sides_input() {
  return in::or_else(in::choice("sides", "of the test", {"two", "one"}), std::string("two"));
}

Sides sides_of(const Inputs& inputs) {
  return in::get_choice(inputs, "sides") == "one" ? Sides::one : Sides::two;
}

std::vector<InputSpec> design_inputs() {
  std::vector<std::string> words{"lan-demets-obrien-fleming",
                                 "lan-demets-pocock",
                                 "kim-demets",
                                 "hwang-shih-decani",
                                 "user",
                                 "obrien-fleming",
                                 "pocock",
                                 "wang-tsiatis",
                                 "haybittle-peto"};
  const std::vector<std::string> betas{
      "none",       "lan-demets-obrien-fleming", "lan-demets-pocock",
      "kim-demets", "hwang-shih-decani",         "user"};
  const std::vector<double> nothing;
  return {
      in::above(
          in::array("information", "at each planned look, ascending; the last is the maximum"), 0),
      in::alpha(0.05),
      sides_input(),
      in::or_else(in::choice("boundary", "of rejection", words),
                  std::string("lan-demets-obrien-fleming")),
      in::or_else(in::above(in::number("alpha_power", "of kim-demets"), 0), 2.0),
      in::or_else(in::number("alpha_gamma", "of hwang-shih-decani"), -4.0),
      in::or_else(in::array("alpha_table", "of user: cumulative alpha at each look"), nothing),
      in::or_else(in::number("shape", "of wang-tsiatis"), 0.25),
      in::or_else(in::above(in::number("early_critical_value", "of haybittle-peto"), 0), 3.0),
      in::or_else(in::choice("futility", "beta spending", betas), std::string("none")),
      in::or_else(in::inside(in::number("beta", "to spend on futility: 1 - power"), 0, 1), 0.2),
      in::or_else(in::above(in::number("beta_power", "of kim-demets futility"), 0), 2.0),
      in::or_else(in::number("beta_gamma", "of hwang-shih-decani futility"), -4.0),
      in::or_else(in::array("beta_table", "of user futility: cumulative beta at each look"),
                  nothing),
      in::or_else(in::array("futility_bounds", "given z at each look but the last"), nothing),
      in::or_else(in::choice("binding", "futility must be obeyed", {"no", "yes"}),
                  std::string("no"))};
}

std::vector<InputSpec> with_design(std::vector<InputSpec> first) {
  for (auto& spec : design_inputs()) first.push_back(std::move(spec));
  return first;
}

Result<GroupSequentialSpec> design_of(const Inputs& inputs) {
  GroupSequentialSpec spec;
  spec.information = in::get_array(inputs, "information");
  const double most = spec.information.back();
  for (double& t : spec.information) t /= most;
  spec.alpha = in::get(inputs, "alpha");
  spec.sides = sides_of(inputs);
  spec.shape = in::get(inputs, "shape");
  spec.early_critical_value = in::get(inputs, "early_critical_value");
  const std::string& word = in::get_choice(inputs, "boundary");
  if (const auto family = families().find(word); family != families().end()) {
    ASSAY_TRY(spec.alpha_spending,
              spending_from(inputs, "alpha", spec.alpha, family->second, spec.information));
  } else {
    spec.boundary = boundaries().at(word);
  }
  const std::string& rule = in::get_choice(inputs, "futility");
  const auto& bounds = in::get_array(inputs, "futility_bounds");
  if (rule == "none" && bounds.empty()) return spec;
  Futility futility;
  futility.beta = in::get(inputs, "beta");
  futility.bounds = bounds;
  futility.binding = in::get_choice(inputs, "binding") == "yes";
  if (rule != "none") {
    ASSAY_TRY(futility.beta_spending,
              spending_from(inputs, "beta", futility.beta, families().at(rule), spec.information));
  }
  spec.futility = std::move(futility);
  return spec;
}

std::vector<CalculatorMethod> design_methods() {
  return {bounds_method(), power_method(), information_method(), prospects_method(),
          reestimation_method()};
}

}  // namespace assay::sequential::detail
