#include "assay/stats/non_inferiority.hpp"

#include <fmt/core.h>

#include <cmath>

#include "assay/numerics/distributions.hpp"
#include "assay/stats/detail/score_statistic.hpp"
#include "assay/stats/two_proportion.hpp"

namespace assay::stats {
namespace {

Result<void> check(Margin margin, Direction direction, double alpha) {
  if (!(margin.size > 0.0) || !std::isfinite(margin.size)) {
    return fail(ErrorCode::invalid_spec,
                fmt::format("a non-inferiority margin is a positive number; got {}", margin.size),
                "", "write the largest acceptable worsening without a sign");
  }
  if (margin.scale == MarginScale::relative && direction == Direction::increase &&
      margin.size >= 1.0) {
    return fail(
        ErrorCode::invalid_spec,
        fmt::format("a relative margin below 1 is needed where up is good; got {}", margin.size),
        "", "write 0.02 for two percent");
  }
  if (alpha > 0.0 && alpha < 0.5) return {};
  return fail(ErrorCode::invalid_spec,
              fmt::format("a one-sided alpha lies between 0 and 0.5; got {}", alpha), "",
              "write 0.025, the one-sided twin of a 95 % interval");
}

/// One-sided p-values of the contrast against the limit of the change.
struct Tails {
  double statistic = 0.0;  ///< Positive: the change lies above the limit.
  double above = 1.0;      ///< Against "the change is at most the limit".
  double below = 1.0;      ///< Against "the change is at least the limit".
};

Tails proportion_tails(const Contrast& contrast, double limit, MarginScale scale) {
  const bool absolute = scale == MarginScale::absolute;
  const ProportionNull null{
      absolute ? ProportionNull::Scale::difference : ProportionNull::Scale::ratio,
      absolute ? limit : 1.0 + limit};
  const OneSidedP p = contrast.method == Method::two_proportion_exact
                          ? exact_test(*contrast.counts, null)
                          : score_test(*contrast.counts, null);
  return {detail::score_z(detail::arms_of(*contrast.counts), null), p.greater, p.less};
}

/// treatment - (1 + limit) control for a relative limit, treatment - control - limit otherwise.
Tails linear_tails(const Contrast& contrast, double limit, MarginScale scale) {
  const double base = contrast.control_value;
  if (contrast.method == Method::log_mean && scale == MarginScale::relative) {
    const double t = (contrast.difference - std::log1p(limit)) / contrast.std_error;
    return {t, numerics::student_t_sf(t, contrast.degrees_of_freedom),
            numerics::student_t_cdf(t, contrast.degrees_of_freedom)};
  }
  const double weight =
      scale == MarginScale::relative ? 1.0 + std::copysign(1.0, base) * limit : 1.0;
  const double shift = scale == MarginScale::absolute ? limit : 0.0;
  const double estimate = contrast.difference - (weight - 1.0) * base - shift;
  const ValueCovariance& v = contrast.values;
  const double variance =
      v.treatment_variance - 2.0 * weight * v.covariance + weight * weight * v.control_variance;
  const double t = estimate / std::sqrt(variance);
  return {t, numerics::student_t_sf(t, contrast.degrees_of_freedom),
          numerics::student_t_cdf(t, contrast.degrees_of_freedom)};
}

/// Resampling inverts its own test: its interval is the reading, and there is no p at a margin.
bool reads_by_interval(Method method) {
  switch (method) {
    case Method::wild_cluster_bootstrap:
    case Method::bootstrap_percentile:
    case Method::bootstrap_basic:
    case Method::bootstrap_bca:
    case Method::bootstrap_t:
    case Method::bootstrap_quantile:
    case Method::permutation:
      return true;
    default:
      return false;
  }
}

Result<NonInferiority> by_interval(const Contrast& contrast, NonInferiority out) {
  if (std::abs(2.0 * out.alpha - (1.0 - contrast.confidence_level)) > 1e-9) {
    return fail(
        ErrorCode::invalid_spec,
        fmt::format("the interval of level {} answers at one-sided alpha {:.4g}; got {}",
                    contrast.confidence_level, (1.0 - contrast.confidence_level) / 2.0, out.alpha),
        "", "compare at confidence level 1 - 2 alpha");
  }
  const bool relative = out.scale == MarginScale::relative;
  const double low = relative ? contrast.lift->ci_low : contrast.ci_low;
  const double high = relative ? contrast.lift->ci_high : contrast.ci_high;
  const bool up_is_good = out.direction == Direction::increase;
  const double estimate = relative ? contrast.lift->estimate : contrast.difference;
  const double scale = contrast.std_error / (relative ? std::abs(contrast.control_value) : 1.0);
  out.statistic = (up_is_good ? 1.0 : -1.0) * (estimate - out.margin) / scale;
  out.reason = "read from the interval of the resampling, which has no p at a margin";
  if (up_is_good ? low > out.margin : high < out.margin) {
    out.status = GuardrailStatus::non_inferior;
  } else if (up_is_good ? high < out.margin : low > out.margin) {
    out.status = GuardrailStatus::harmed;
  }
  return out;
}

}  // namespace

std::string_view to_text(GuardrailStatus status) {
  switch (status) {
    case GuardrailStatus::non_inferior:
      return "non_inferior";
    case GuardrailStatus::harmed:
      return "harmed";
    case GuardrailStatus::undecided:
      return "undecided";
  }
  return "undecided";
}

Result<NonInferiority> non_inferiority(const Contrast& contrast, Margin margin, Direction direction,
                                       double alpha) {
  ASSAY_CHECK(check(margin, direction, alpha));
  if (contrast.counts && margin.scale == MarginScale::absolute && margin.size >= 1.0) {
    return fail(ErrorCode::invalid_spec,
                fmt::format("an absolute margin of a proportion is below 1; got {}", margin.size),
                "", "write 0.003 for 0.3 percentage points");
  }
  const bool up_is_good = direction == Direction::increase;
  NonInferiority out;
  out.margin = up_is_good ? -margin.size : margin.size;
  out.scale = margin.scale;
  out.direction = direction;
  out.alpha = alpha;
  if (margin.scale == MarginScale::relative && !contrast.lift) {
    out.reason = contrast.lift_undefined;
    return out;
  }
  if (reads_by_interval(contrast.method)) return by_interval(contrast, out);
  const Tails tails = contrast.counts ? proportion_tails(contrast, out.margin, margin.scale)
                                      : linear_tails(contrast, out.margin, margin.scale);
  out.statistic = up_is_good ? tails.statistic : -tails.statistic;
  out.p_value = up_is_good ? tails.above : tails.below;
  out.harm_p_value = up_is_good ? tails.below : tails.above;
  if (*out.p_value < alpha) {
    out.status = GuardrailStatus::non_inferior;
  } else if (*out.harm_p_value < alpha) {
    out.status = GuardrailStatus::harmed;
  }
  return out;
}

}  // namespace assay::stats
