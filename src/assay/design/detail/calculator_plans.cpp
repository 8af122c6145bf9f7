#include "assay/design/detail/calculator_plans.hpp"

#include <algorithm>

#include "assay/design/plan.hpp"
#include "assay/stats/calculator_input.hpp"

namespace assay::design::detail {
namespace {

using stats::Inputs;
using stats::InputSpec;
using stats::Output;
using stats::OutputSpec;
namespace words = stats::calculator;

enum class Answer : std::uint8_t { power, units, effect };

std::vector<InputSpec> outcome_inputs(OutcomeKind kind) {
  using words::above, words::inside, words::number, words::at_least;
  switch (kind) {
    case OutcomeKind::mean:
      return {words::or_else(number("mean", "of a unit without treatment"), 0.0),
              above(number("sd_control", "standard deviation of a unit"), 0),
              words::or_else(at_least(number("sd_treatment", "0: the same"), 0), 0.0)};
    case OutcomeKind::proportion:
      return {inside(number("share", "of units without treatment"), 0, 1)};
    case OutcomeKind::ratio:
      return {number("mean_y", "numerator of a unit"), number("mean_d", "denominator of a unit"),
              at_least(number("variance_y", "of the numerator"), 0),
              at_least(number("variance_d", "of the denominator"), 0),
              number("covariance", "of numerator and denominator")};
    case OutcomeKind::quantile:
      return {inside(number("q", "which quantile"), 0, 1), number("value", "of the quantile"),
              above(number("density", "of the values there"), 0)};
  }
  return {};
}

std::vector<InputSpec> design_inputs(Answer answer) {
  using words::or_else;
  std::vector<InputSpec> in;
  if (answer != Answer::units) in.push_back(words::integer("n_total", "units of all arms", 4));
  if (answer != Answer::effect) {
    InputSpec effect = words::number("effect", "true change, treatment - control");
    in.push_back(or_else(std::move(effect), 0.0));
  }
  if (answer != Answer::power)
    in.push_back(or_else(words::inside(words::number("power", "to reach"), 0, 1), 0.8));
  in.push_back(words::alpha(0.05));
  in.push_back(or_else(words::choice("sides", "of the test", {"two", "one"}), "two"));
  in.push_back(or_else(words::integer("treatments", "arms besides control", 1), 1.0));
  in.push_back(or_else(
      words::above(words::number("control_ratio", "control units a treatment unit"), 0), 1.0));
  in.push_back(or_else(
      words::choice("correction", "for several treatments", {"none", "bonferroni", "dunnett"}),
      "bonferroni"));
  in.push_back(
      or_else(words::at_least(words::number("cluster_size", "mean units a cluster"), 1), 1.0));
  in.push_back(
      or_else(words::at_least(words::number("cluster_cv", "sd over mean of the sizes"), 0), 0.0));
  in.push_back(
      or_else(words::between(words::number("icc", "intracluster correlation"), 0, 1), 0.0));
  in.push_back(
      or_else(words::at_least(words::number("margin", "non-inferiority; 0: superiority"), 0), 0.0));
  in.push_back(or_else(words::choice("margin_scale", "of the margin", {"absolute", "relative"}),
                       "absolute"));
  in.push_back(or_else(
      words::choice("direction", "good way of the metric", {"increase", "decrease"}), "increase"));
  in.push_back(or_else(words::inside(words::number("correlation", "with covariates"), -1, 1), 0.0));
  in.push_back(or_else(words::at_least(words::number("inflation", "of repeated looks"), 1), 1.0));
  return in;
}

Result<Outcome> outcome_of(OutcomeKind kind, const Inputs& in) {
  const auto get = [&](std::string_view name) { return words::get(in, name); };
  switch (kind) {
    case OutcomeKind::mean: {
      const double treated = get("sd_treatment");
      return mean_outcome(get("mean"), get("sd_control"),
                          treated > 0.0 ? treated : get("sd_control"));
    }
    case OutcomeKind::proportion:
      return proportion_outcome(get("share"));
    case OutcomeKind::ratio:
      return ratio_outcome(
          {get("mean_y"), get("mean_d"), get("variance_y"), get("variance_d"), get("covariance")});
    case OutcomeKind::quantile:
      return quantile_outcome(get("q"), get("value"), get("density"));
  }
  return Outcome{};
}

Result<Design> design_of(OutcomeKind kind, const Inputs& in) {
  const auto get = [&](std::string_view name) { return words::get(in, name); };
  Design design;
  ASSAY_TRY(design.outcome, outcome_of(kind, in));
  ASSAY_TRY(design.outcome, with_covariates(design.outcome, get("correlation")));
  design.alpha = get("alpha");
  if (in.contains("power")) design.power = get("power");
  design.one_sided = words::get_choice(in, "sides") == "one";
  const std::string& correction = words::get_choice(in, "correction");
  design.comparisons = {static_cast<int>(words::get_count(in, "treatments")), get("control_ratio"),
                        correction == "none"      ? Correction::none
                        : correction == "dunnett" ? Correction::dunnett
                                                  : Correction::bonferroni};
  if (get("cluster_size") > 1.0)
    design.clusters = Clusters{get("cluster_size"), get("cluster_cv"), get("icc")};
  if (get("margin") > 0.0) {
    design.margin = stats::Margin{get("margin"), words::get_choice(in, "margin_scale") == "relative"
                                                     ? stats::MarginScale::relative
                                                     : stats::MarginScale::absolute};
  }
  design.direction = words::get_choice(in, "direction") == "decrease" ? stats::Direction::decrease
                                                                      : stats::Direction::increase;
  design.inflation = get("inflation");
  return design;
}

Result<std::vector<Output>> answer_of(OutcomeKind kind, Answer answer, const Inputs& in) {
  Design design;
  ASSAY_TRY(design, design_of(kind, in));
  if (answer == Answer::power) {
    double power = 0.0;
    ASSAY_TRY(power, power_of(design, words::get(in, "effect"), words::get(in, "n_total")));
    return std::vector<Output>{{"power", power}};
  }
  if (answer == Answer::units) {
    std::int64_t n = 0;
    ASSAY_TRY(n, units_needed(design, words::get(in, "effect")));
    const ArmSizes arms = arm_sizes(design, static_cast<double>(n));
    return std::vector<Output>{{"n_total", static_cast<double>(n)},
                               {"n_control", arms.control},
                               {"n_treatment", arms.treatment}};
  }
  double effect = 0.0;
  ASSAY_TRY(effect, detectable_effect(design, words::get(in, "n_total")));
  const double base = std::abs(design.outcome.baseline);
  stats::OutputValue relative = stats::Undefined{"the baseline is 0"};
  if (base > 0.0) relative = effect / base;
  return std::vector<Output>{{"effect", effect}, {"relative_effect", relative}};
}

std::vector<OutputSpec> outputs_of(Answer answer) {
  if (answer == Answer::power) return {{"power", "chance that the comparison succeeds"}};
  if (answer == Answer::units) {
    return {{"n_total", "smallest total that reaches the power"},
            {"n_control", "units of control"},
            {"n_treatment", "units of each treatment"}};
  }
  return {{"effect", "smallest change, or margin, that reaches the power"},
          {"relative_effect", "the same over the baseline"}};
}

stats::CalculatorMethod method_of(OutcomeKind kind, Answer answer) {
  const std::string name(to_text(kind));
  const std::string word = answer == Answer::power   ? "power"
                           : answer == Answer::units ? "units"
                                                     : "mde";
  const std::string what = answer == Answer::power   ? "power of an experiment on a "
                           : answer == Answer::units ? "units that an experiment needs on a "
                                                     : "smallest detectable change of a ";
  std::vector<InputSpec> inputs = outcome_inputs(kind);
  for (InputSpec& spec : design_inputs(answer)) inputs.push_back(std::move(spec));
  return {"plan-" + word + "-" + name,
          what + name + " in any design",
          std::move(inputs),
          outputs_of(answer),
          "variance of a unit x (1 - correlation^2) x (1 + ((1 + cv^2) m - 1) icc); t with Welch's "
          "degrees of freedom (clusters - 1 an arm), score z for shares; Bonferroni or Dunnett "
          "over treatments; a margin tests treatment - (1 -+ margin) control, one-sided at alpha",
          "Deng et al. (2013, 2018); Eldridge et al. (2006); Dunnett (1955); Farrington & Manning "
          "(1990)",
          [kind, answer](const Inputs& in) { return answer_of(kind, answer, in); }};
}

}  // namespace

std::vector<stats::CalculatorMethod> plan_methods() {
  std::vector<stats::CalculatorMethod> all;
  for (const auto kind :
       {OutcomeKind::mean, OutcomeKind::proportion, OutcomeKind::ratio, OutcomeKind::quantile}) {
    for (const auto answer : {Answer::power, Answer::units, Answer::effect})
      all.push_back(method_of(kind, answer));
  }
  return all;
}

}  // namespace assay::design::detail
