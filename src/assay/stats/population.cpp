#include "assay/stats/population.hpp"

#include <fmt/core.h>

#include <cmath>

#include "assay/numerics/distributions.hpp"

namespace assay::stats {

Result<Contrast> dilute(const Contrast& triggered, const TriggeredShare& share) {
  if (share.triggered < 1 || share.triggered > share.all)
    return fail(ErrorCode::invalid_spec,
                fmt::format("{} triggered units of {} cannot be", share.triggered, share.all));
  if (triggered.method == Method::ratio_delta || triggered.method == Method::lin_ratio)
    return fail(ErrorCode::invalid_spec, "a ratio is not additive over units", "",
                "dilute its numerator and its denominator, or give the ratio over all units");
  if (!std::isfinite(share.control_value_all) || !(share.control_variance_all >= 0.0))
    return fail(ErrorCode::invalid_data, "the control value of all units is not finite");
  const double part = static_cast<double>(share.triggered) / static_cast<double>(share.all);
  const double difference = part * triggered.difference;
  const double share_variance = part * (1.0 - part) / static_cast<double>(share.all);
  const double variance = part * part * triggered.std_error * triggered.std_error +
                          triggered.difference * triggered.difference * share_variance;
  // The control value of all holds the triggered of control with weight `part`.
  const double covariance =
      part * part * (triggered.values.covariance - triggered.values.control_variance);
  EstimatedPair pair;
  pair.control_value = share.control_value_all;
  pair.treatment_value = share.control_value_all + difference;
  pair.values.control_variance = share.control_variance_all;
  pair.values.covariance = share.control_variance_all + covariance;
  pair.values.treatment_variance = share.control_variance_all + 2.0 * covariance + variance;
  pair.degrees_of_freedom = triggered.degrees_of_freedom;
  pair.n_control = triggered.n_control;
  pair.n_treatment = triggered.n_treatment;
  return contrast_of_values(pair, triggered.confidence_level);
}

namespace {

/// Variances and covariance of the differences in outcome and take-up.
struct Differences {
  double outcome = 0.0;
  double take_up = 0.0;
  double outcome_variance = 0.0;
  double take_up_variance = 0.0;
  double covariance = 0.0;
};

Differences differences(const numerics::CoMoments& control, const numerics::CoMoments& treatment) {
  const double n0 = static_cast<double>(control.n);
  const double n1 = static_cast<double>(treatment.n);
  const auto sum = [&](std::size_t i, std::size_t j) {
    return control.covariance(i, j) / n0 + treatment.covariance(i, j) / n1;
  };
  return {treatment.mean[0] - control.mean[0], treatment.mean[1] - control.mean[1], sum(0, 0),
          sum(1, 1), sum(0, 1)};
}

/// Fieller's set of outcome / take_up: the b at which outcome - b take_up is within t of 0.
void set_interval(ComplierEffect& out, const Differences& d, double critical) {
  const double t2 = critical * critical;
  const double a = d.take_up * d.take_up - t2 * d.take_up_variance;
  const double b = d.outcome * d.take_up - t2 * d.covariance;
  const double c = d.outcome * d.outcome - t2 * d.outcome_variance;
  if (!(a > 0.0)) {
    out.interval_undefined = fmt::format(
        "take-up differs by {:.4g} with standard error {:.4g}: no difference cannot be excluded, "
        "so the effect on compliers is unbounded",
        d.take_up, std::sqrt(d.take_up_variance));
    return;
  }
  const double root = std::sqrt(std::max(0.0, b * b - a * c));
  out.ci_low = (b - root) / a;
  out.ci_high = (b + root) / a;
}

}  // namespace

Result<ComplierEffect> complier_effect(const numerics::CoMoments& control,
                                       const numerics::CoMoments& treatment,
                                       double confidence_level) {
  if (control.size() != 2 || treatment.size() != 2)
    return fail(ErrorCode::invalid_spec, "the effect on compliers needs moments of [y, d]");
  ComplierEffect out;
  ASSAY_TRY(out.intention_to_treat,
            welch(control.marginal(0), treatment.marginal(0), confidence_level));
  const Differences d = differences(control, treatment);
  if (d.take_up == 0.0)
    return fail(ErrorCode::undefined_statistic,
                "take-up is the same in both arms: nobody is known to comply");
  out.estimate = d.outcome / d.take_up;
  const double variance = d.outcome_variance - 2.0 * out.estimate * d.covariance +
                          out.estimate * out.estimate * d.take_up_variance;
  out.std_error = std::sqrt(std::max(0.0, variance)) / std::abs(d.take_up);
  out.p_value = out.intention_to_treat.p_value;
  out.take_up_control = control.mean[1];
  out.take_up_treatment = treatment.mean[1];
  out.share_compliers = d.take_up;
  out.first_stage_f =
      d.take_up_variance > 0.0 ? d.take_up * d.take_up / d.take_up_variance : HUGE_VAL;
  // One critical value for test and set, so that p < alpha <=> the set excludes 0.
  set_interval(out, d,
               numerics::student_t_upper_quantile(0.5 * (1.0 - confidence_level),
                                                  out.intention_to_treat.degrees_of_freedom));
  if (out.first_stage_f < 10.0)
    out.notes.push_back({"weak_take_up", fmt::format("take-up differs little (F = {:.1f}): trust "
                                                     "the interval, not the standard error",
                                                     out.first_stage_f)});
  return out;
}

}  // namespace assay::stats
