#include "assay/survival/calculator.hpp"

#include <cmath>
#include <string>

#include "assay/stats/calculator_input.hpp"
#include "assay/survival/cox.hpp"
#include "assay/survival/kaplan_meier.hpp"
#include "assay/survival/log_rank.hpp"
#include "assay/survival/novelty.hpp"
#include "assay/survival/restricted_mean.hpp"
#include "assay/survival/surrogate.hpp"

namespace assay::survival {
namespace {

using namespace stats::calculator;
using stats::CalculatorMethod;
using stats::Inputs;
using stats::InputSpec;
using stats::Output;
using stats::OutputSpec;
using stats::OutputValue;
using stats::Undefined;

using Outputs = Result<std::vector<Output>>;

std::vector<InputSpec> arm_inputs() {
  return {at_least(array("time1", "time watched of each unit, arm 1 (control)"), 0),
          between(array("event1", "1 = event then, 0 = censored, arm 1"), 0, 1),
          at_least(array("time2", "time watched of each unit, arm 2 (treatment)"), 0),
          between(array("event2", "1 = event then, 0 = censored, arm 2"), 0, 1)};
}

std::vector<InputSpec> with(std::vector<InputSpec> specs, std::vector<InputSpec> more) {
  for (auto& spec : more) specs.push_back(std::move(spec));
  return specs;
}

/// Both arms of the inputs, owned.
struct Arms {
  ObservationRows control;
  ObservationRows treatment;
};

ObservationRows rows(const Inputs& in, const char* time, const char* event) {
  ObservationRows out;
  out.time = get_array(in, time);
  for (const double e : get_array(in, event))
    out.event.push_back(e == 0.0 ? 0 : (e == 1.0 ? 1 : 2));
  return out;
}

Arms arms(const Inputs& in) { return {rows(in, "time1", "event1"), rows(in, "time2", "event2")}; }

/// Both arms in one, arm 1 first, with the arm of each unit.
struct Pooled {
  ObservationRows rows;
  std::vector<std::int32_t> arm;
};

Result<Pooled> pooled(const Inputs& in) {
  const Arms both = arms(in);
  ASSAY_CHECK(check_observations(both.control.view()));
  ASSAY_CHECK(check_observations(both.treatment.view()));
  Pooled out{both.control, std::vector<std::int32_t>(both.control.time.size(), 0)};
  out.rows.time.insert(out.rows.time.end(), both.treatment.time.begin(), both.treatment.time.end());
  out.rows.event.insert(out.rows.event.end(), both.treatment.event.begin(),
                        both.treatment.event.end());
  out.arm.resize(out.rows.time.size(), 1);
  return out;
}

OutputValue maybe(const std::optional<double>& value, const char* reason) {
  if (value) return *value;
  return Undefined{reason};
}

std::string notes_text(const std::vector<stats::Note>& notes) {
  std::string text;
  for (const auto& note : notes) text += (text.empty() ? "" : "; ") + note.text;
  return text.empty() ? "none" : text;
}

const std::vector<OutputSpec> kContrastOutputs{{"control_value", "value of arm 1"},
                                               {"treatment_value", "value of arm 2"},
                                               {"difference", "arm 2 minus arm 1"},
                                               {"std_error", "standard error of the difference"},
                                               {"ci_low", "lower limit of the difference"},
                                               {"ci_high", "upper limit of the difference"},
                                               {"p_value", "two-sided"}};

std::vector<Output> contrast_outputs(const stats::Contrast& c) {
  return {{"control_value", c.control_value},
          {"treatment_value", c.treatment_value},
          {"difference", c.difference},
          {"std_error", c.std_error},
          {"ci_low", c.ci_low},
          {"ci_high", c.ci_high},
          {"p_value", c.p_value}};
}

std::vector<OutputSpec> contrast_and(std::vector<OutputSpec> more) {
  auto out = kContrastOutputs;
  out.insert(out.end(), more.begin(), more.end());
  return out;
}

Outputs kaplan_meier_outputs(const Inputs& in) {
  const auto data = rows(in, "time", "event");
  const auto& scale = get_choice(in, "interval");
  const auto interval = scale == "log"     ? CurveInterval::log
                        : scale == "plain" ? CurveInterval::plain
                                           : CurveInterval::log_log;
  ASSAY_TRY(const auto curve, kaplan_meier(data.view(), get(in, "confidence_level"), interval));
  std::vector<double> time;
  std::vector<double> at_risk;
  std::vector<double> survival;
  std::vector<double> std_error;
  std::vector<double> low;
  std::vector<double> high;
  for (const auto& p : curve.points) {
    if (p.events == 0) continue;
    time.push_back(p.time);
    at_risk.push_back(static_cast<double>(p.at_risk));
    survival.push_back(p.survival);
    std_error.push_back(p.std_error);
    low.push_back(p.ci_low.value_or(p.survival));
    high.push_back(p.ci_high.value_or(p.survival));
  }
  const auto list = [](std::vector<double> values) -> OutputValue {
    if (values.empty()) return Undefined{"no event happened"};
    return values;
  };
  const char* never = "the curve does not fall that far";
  return std::vector<Output>{{"time", list(time)},
                             {"at_risk", list(at_risk)},
                             {"survival", list(survival)},
                             {"std_error", list(std_error)},
                             {"ci_low", list(low)},
                             {"ci_high", list(high)},
                             {"median", maybe(curve.median.time, never)},
                             {"median_ci_low", maybe(curve.median.ci_low, never)},
                             {"median_ci_high", maybe(curve.median.ci_high, never)}};
}

CalculatorMethod kaplan_meier_method() {
  return {
      "kaplan-meier",
      "share without the event over time, with censored units",
      {at_least(array("time", "time watched of each unit"), 0),
       between(array("event", "1 = event then, 0 = censored"), 0, 1),
       or_else(choice("interval", "scale of the interval", {"log-log", "log", "plain"}), "log-log"),
       confidence_level()},
      {{"time", "times with an event"},
       {"at_risk", "units watched just before"},
       {"survival", "share without the event beyond"},
       {"std_error", "Greenwood"},
       {"ci_low", "lower limits; the curve itself where nobody is left"},
       {"ci_high", "upper limits"},
       {"median", "time by which half had the event"},
       {"median_ci_low", "lower limit"},
       {"median_ci_high", "upper limit"}},
      "S(t) = product over event times up to t of (n - d) / n; variance S^2 sum d / (n (n - d))",
      "Kaplan & Meier, JASA 53 (1958) 457-481; Greenwood (1926)",
      kaplan_meier_outputs};
}

CalculatorMethod log_rank_method() {
  return {
      "log-rank",
      "two arms' hazards, with censored units",
      with(arm_inputs(),
           {or_else(at_least(number("rho", "weight S^rho (early differences)"), 0), 0.0),
            or_else(at_least(number("gamma", "weight (1 - S)^gamma (late differences)"), 0), 0.0)}),
      {{"chi_squared", "with one degree of freedom"},
       {"p_value", "two-sided"},
       {"observed1", "weighted events of arm 1"},
       {"expected1", "the same if hazards were equal"},
       {"observed2", "of arm 2"},
       {"expected2", "of arm 2"}},
      "(O - E)^2 / V over event times, E = d n1 / n, V = d (n - d) / (n - 1) n1 n2 / n^2",
      "Mantel (1966); Harrington & Fleming, Biometrika 69 (1982) 553-566",
      [](const Inputs& in) -> Outputs {
        ASSAY_TRY(const auto data, pooled(in));
        LogRankOptions options;
        options.rho = get(in, "rho");
        options.gamma = get(in, "gamma");
        ASSAY_TRY(const auto r, log_rank(data.rows.view(), data.arm, options));
        return std::vector<Output>{
            {"chi_squared", r.chi_squared},    {"p_value", r.p_value},
            {"observed1", r.arms[0].observed}, {"expected1", r.arms[0].expected},
            {"observed2", r.arms[1].observed}, {"expected2", r.arms[1].expected}};
      }};
}

CalculatorMethod cox_method() {
  return {"hazard-ratio",
          "Cox's hazard ratio of two arms",
          with(arm_inputs(),
               {or_else(choice("ties", "of events at one time", {"efron", "breslow"}), "efron"),
                confidence_level()}),
          {{"hazard_ratio", "arm 2 over arm 1"},
           {"ci_low", "lower limit"},
           {"ci_high", "upper limit"},
           {"coefficient", "log hazard ratio"},
           {"std_error", "of the log hazard ratio"},
           {"p_value", "two-sided, Wald"},
           {"drift_p_value", "that the hazard ratio changes over time"},
           {"events", "in both arms"},
           {"notes", "warnings"}},
          "maximises the partial likelihood sum of log(exp(b x_i) / sum over those at risk)",
          "Cox, JRSS B 34 (1972) 187-220; Efron, JASA 72 (1977); Grambsch & Therneau (1994)",
          [](const Inputs& in) -> Outputs {
            ASSAY_TRY(const auto data, pooled(in));
            const std::vector<double> x(data.arm.begin(), data.arm.end());
            CoxOptions options;
            options.ties = get_choice(in, "ties") == "efron" ? Ties::efron : Ties::breslow;
            options.confidence_level = get(in, "confidence_level");
            ASSAY_TRY(const auto fit, cox({data.rows.view(), {"arm 2"}, x}, options));
            const CoxTerm& t = fit.terms[0];
            return std::vector<Output>{{"hazard_ratio", t.hazard_ratio},
                                       {"ci_low", t.ci_low},
                                       {"ci_high", t.ci_high},
                                       {"coefficient", t.coefficient},
                                       {"std_error", t.std_error},
                                       {"p_value", t.p_value},
                                       {"drift_p_value", t.drift_p_value},
                                       {"events", static_cast<double>(fit.n_events)},
                                       {"notes", notes_text(fit.notes)}};
          }};
}

CalculatorMethod restricted_mean_method() {
  return {
      "restricted-mean",
      "mean time without the event within a horizon, two arms",
      with(arm_inputs(),
           {or_else(at_least(number("horizon", "0: the shorter arm's last watched time"), 0), 0.0),
            confidence_level()}),
      contrast_and({{"horizon", "used"},
                    {"ratio", "arm 2 over arm 1"},
                    {"ratio_ci_low", "lower limit, log scale"},
                    {"ratio_ci_high", "upper limit, log scale"},
                    {"lost_ratio", "ratio of the time lost before the horizon"}}),
      "area under the Kaplan-Meier curve up to the horizon; variance sum of area(t..horizon)^2 d "
      "/ (n (n - d))",
      "Royston & Parmar, BMC Med. Res. Methodol. 13 (2013) 152; Uno et al. (2014)",
      [](const Inputs& in) -> Outputs {
        const Arms both = arms(in);
        const double horizon = get(in, "horizon");
        ASSAY_TRY(const auto r, compare_restricted_means(
                                    both.control.view(), both.treatment.view(),
                                    horizon > 0.0 ? std::optional<double>(horizon) : std::nullopt,
                                    get(in, "confidence_level")));
        auto out = contrast_outputs(r.contrast);
        out.push_back({"horizon", r.horizon});
        out.push_back({"ratio", r.ratio});
        out.push_back({"ratio_ci_low", r.ratio_ci_low});
        out.push_back({"ratio_ci_high", r.ratio_ci_high});
        out.push_back({"lost_ratio", maybe(r.lost_ratio, "an arm has no event in time")});
        return out;
      }};
}

CalculatorMethod event_share_method() {
  return {"event-share",
          "share that had the event by a time, two arms, censored units counted while watched",
          with(arm_inputs(), {at_least(number("at", "the time"), 0), confidence_level()}),
          kContrastOutputs,
          "1 - S(t) of both arms by Kaplan-Meier, Greenwood's variances, normal reference",
          "Kaplan & Meier, JASA 53 (1958) 457-481; Greenwood (1926)",
          [](const Inputs& in) -> Outputs {
            const Arms both = arms(in);
            ASSAY_TRY(const auto c,
                      compare_event_share(both.control.view(), both.treatment.view(), get(in, "at"),
                                          get(in, "confidence_level")));
            return contrast_outputs(c);
          }};
}

/// Effects at ages with given standard errors, as if from independent units.
AgeEffects given_effects(const Inputs& in) {
  const auto& ages = get_array(in, "ages");
  const auto& effects = get_array(in, "effects");
  const auto& errors = get_array(in, "std_errors");
  AgeEffects out;
  out.covariance = numerics::SymmetricMatrix(ages.size());
  for (std::size_t i = 0; i < ages.size(); ++i) {
    AgeEffect at;
    at.age = ages[i];
    at.contrast.difference = effects[i];
    at.contrast.std_error = errors[i];
    out.covariance.set(i, i, errors[i] * errors[i]);
    out.ages.push_back(std::move(at));
  }
  return out;
}

CalculatorMethod novelty_method() {
  return {
      "novelty",
      "how an effect moves with the age of units, and where it ends",
      {array("ages", "ascending ages, 5 or more"), array("effects", "difference at each age"),
       above(array("std_errors", "of each difference, ages independent"), 0),
       or_else(at_least(number("horizon", "0: twice the last age"), 0), 0.0), confidence_level()},
      {{"pattern", "steady, novelty or primacy"},
       {"trend", "change of the effect a unit of age"},
       {"trend_p_value", "of no trend"},
       {"weight_flat", "AIC weight"},
       {"weight_linear", "AIC weight"},
       {"weight_exponential", "AIC weight"},
       {"long_run", "limit of the exponential"},
       {"initial", "its extra at age 0"},
       {"tau", "its time constant"},
       {"at_horizon", "effect at the horizon, averaged over models"},
       {"at_horizon_ci_low", "lower limit"},
       {"at_horizon_ci_high", "upper limit"}},
      "effect(a) = c, c + s a and long_run + initial exp(-a / tau) by weighted least squares, "
      "averaged with exp(-AIC / 2)",
      "Burnham & Anderson, Model Selection (2002) 4.3",
      [](const Inputs& in) -> Outputs {
        const std::size_t n = get_array(in, "ages").size();
        if (get_array(in, "effects").size() != n || get_array(in, "std_errors").size() != n)
          return fail(ErrorCode::invalid_spec, "ages, effects and std_errors must be equally many");
        NoveltyOptions options;
        options.confidence_level = get(in, "confidence_level");
        if (get(in, "horizon") > 0.0) options.horizon_age = get(in, "horizon");
        ASSAY_TRY(const auto r, fit_novelty(given_effects(in), options));
        return std::vector<Output>{{"pattern", std::string(to_text(r.pattern))},
                                   {"trend", r.trend},
                                   {"trend_p_value", r.trend_p_value},
                                   {"weight_flat", r.models[0].weight},
                                   {"weight_linear", r.models[1].weight},
                                   {"weight_exponential", r.models[2].weight},
                                   {"long_run", r.exponential.long_run},
                                   {"initial", r.exponential.initial},
                                   {"tau", r.exponential.tau},
                                   {"at_horizon", r.long_run.difference},
                                   {"at_horizon_ci_low", r.long_run.ci_low},
                                   {"at_horizon_ci_high", r.long_run.ci_high}};
      }};
}

numerics::CoMoments one_variable(const std::vector<double>& values) {
  numerics::CoMoments out(1);
  for (const double value : values) out.add({&value, 1});
  return out;
}

CalculatorMethod surrogate_method() {
  return {
      "surrogate-index",
      "long-term effect from one short-term surrogate",
      {array("history_outcome", "long-term outcome of historical units"),
       array("history_surrogate", "their short-term surrogate"),
       array("surrogate1", "surrogate of arm 1 (control)"),
       array("surrogate2", "surrogate of arm 2 (treatment)"), confidence_level()},
      contrast_and({{"slope", "long-term outcome per surrogate in history"},
                    {"r_squared", "of that regression"},
                    {"variance_from_fit", "share of the variance that the regression adds"},
                    {"bias_per_correlation", "largest bias per unit of correlation left"}}),
      "predicted outcome a + b s of both arms; variance b^2 var(mean s) plus the regression's own "
      "(HC2)",
      "Athey, Chetty, Imbens & Kang, NBER working paper 26463 (2019)",
      [](const Inputs& in) -> Outputs {
        const auto& y = get_array(in, "history_outcome");
        ASSAY_TRY(const auto fit,
                  fit_surrogate_of_units(y, get_array(in, "history_surrogate"), {"surrogate"}));
        ASSAY_TRY(const auto r, surrogate_effect(fit, one_variable(get_array(in, "surrogate1")),
                                                 one_variable(get_array(in, "surrogate2")),
                                                 get(in, "confidence_level")));
        auto out = contrast_outputs(r.contrast);
        out.push_back({"slope", fit.slope[0]});
        out.push_back({"r_squared", fit.r_squared});
        out.push_back({"variance_from_fit", r.share_of_variance_from_fit});
        out.push_back({"bias_per_correlation", r.bias_per_correlation});
        return out;
      }};
}

}  // namespace

const std::vector<CalculatorMethod>& calculator_methods() {
  static const std::vector<CalculatorMethod> methods{
      kaplan_meier_method(), log_rank_method(), cox_method(),      restricted_mean_method(),
      event_share_method(),  novelty_method(),  surrogate_method()};
  return methods;
}

}  // namespace assay::survival
