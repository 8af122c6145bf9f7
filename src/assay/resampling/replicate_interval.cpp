#include "assay/resampling/replicate_interval.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <vector>

#include "assay/numerics/distributions.hpp"
#include "assay/numerics/moments.hpp"
#include "assay/numerics/sampling.hpp"
#include "assay/resampling/detail/implied_lift.hpp"
#include "assay/stats/interval.hpp"

namespace assay::resampling {
namespace {

using stats::Contrast;
using stats::Lift;

/// Both ends of the interval whose tails have probability t each.
struct Ends {
  double low = 0.0;
  double high = 0.0;
};
using EndsAt = std::function<Ends(double tail)>;

stats::Method method_of(IntervalKind kind) {
  switch (kind) {
    case IntervalKind::percentile:
      return stats::Method::bootstrap_percentile;
    case IntervalKind::basic:
      return stats::Method::bootstrap_basic;
    case IntervalKind::bca:
      return stats::Method::bootstrap_bca;
    case IntervalKind::bootstrap_t:
      return stats::Method::bootstrap_t;
  }
  return stats::Method::bootstrap_percentile;
}

/// Where the quantiles of a BCa interval stand.
struct BcaLevels {
  double bias = 0.0;  ///< z0.
  double acceleration = 0.0;

  [[nodiscard]] double at(double tail) const {
    const double z = bias + numerics::normal_quantile(tail);
    return numerics::normal_cdf(bias + z / (1.0 - acceleration * z));
  }
};

/// Share of replicates below the estimate, ties counted half; kept away from 0 and 1.
double share_below(std::span<const double> sorted, double estimate) {
  const auto [first, last] = std::equal_range(sorted.begin(), sorted.end(), estimate);
  const auto b = static_cast<double>(sorted.size());
  const double below =
      static_cast<double>(first - sorted.begin()) + 0.5 * static_cast<double>(last - first);
  return std::clamp(below / b, 0.5 / b, 1.0 - 0.5 / b);
}

EndsAt ends_of(const std::vector<double>& sorted, double estimate, IntervalKind kind,
               const ArmReplicates& r) {
  if (kind == IntervalKind::basic) {
    return [&sorted, estimate](double t) {
      return Ends{2.0 * estimate - replicate_quantile(sorted, 1.0 - t),
                  2.0 * estimate - replicate_quantile(sorted, t)};
    };
  }
  if (kind == IntervalKind::bca) {
    const BcaLevels levels{numerics::normal_quantile(share_below(sorted, estimate)),
                           r.acceleration};
    return [&sorted, levels](double t) {
      return Ends{replicate_quantile(sorted, levels.at(t)),
                  replicate_quantile(sorted, levels.at(1.0 - t))};
    };
  }
  if (kind == IntervalKind::bootstrap_t) {
    const double se = r.std_error;
    return [&sorted, estimate, se](double t) {
      return Ends{estimate - se * replicate_quantile(sorted, 1.0 - t),
                  estimate - se * replicate_quantile(sorted, t)};
    };
  }
  return [&sorted](double t) {
    return Ends{replicate_quantile(sorted, t), replicate_quantile(sorted, 1.0 - t)};
  };
}

bool excludes_zero(const Ends& ends) { return ends.low > 0.0 || ends.high < 0.0; }

/// Twice the smallest tail whose interval excludes 0.
double p_of(const EndsAt& ends_at, double smallest_tail, double confidence_level) {
  double p = 1.0;
  if (excludes_zero(ends_at(smallest_tail))) {
    p = 2.0 * smallest_tail;
  } else if (excludes_zero(ends_at(0.5))) {
    double without = smallest_tail;
    double with = 0.5;
    for (int i = 0; i < 60; ++i) {
      const double middle = 0.5 * (without + with);
      (excludes_zero(ends_at(middle)) ? with : without) = middle;
    }
    p = 2.0 * with;
  }
  const double alpha = 1.0 - confidence_level;
  const bool excluded = excludes_zero(ends_at(0.5 * alpha));
  if (excluded && p >= alpha) return std::nextafter(alpha, 0.0);  // The tie of rounding.
  if (!excluded && p < alpha) return alpha;
  return p;
}

/// Quantiles of the replicates' lifts, where all have the sign of the control value.
void add_replicate_lift(Contrast& c, const ArmReplicates& r) {
  std::vector<double> lifts;
  lifts.reserve(r.control.size());
  for (std::size_t i = 0; i < r.control.size(); ++i) {
    if (!(r.control[i] * c.control_value > 0.0)) {
      c.lift_undefined = "the sign of the control value is uncertain; read the difference";
      return;
    }
    lifts.push_back((r.treatment[i] - r.control[i]) / std::abs(r.control[i]));
  }
  std::sort(lifts.begin(), lifts.end());
  const double tail = 0.5 * (1.0 - c.confidence_level);
  c.lift = Lift{c.difference / std::abs(c.control_value), replicate_quantile(lifts, tail),
                replicate_quantile(lifts, 1.0 - tail)};
}

Result<void> check(const ArmReplicates& r, IntervalKind kind, double confidence_level) {
  ASSAY_CHECK(stats::check_confidence_level(confidence_level));
  if (r.control.size() != r.treatment.size() ||
      (kind == IntervalKind::bootstrap_t && r.std_errors.size() != r.control.size())) {
    return fail(ErrorCode::invalid_spec, "replicates of the arms must be as many");
  }
  const auto b = static_cast<double>(r.control.size());
  const double needed = std::ceil(2.0 / (1.0 - confidence_level) - 1e-9) - 1.0;
  if (b < needed) {
    return fail(
        ErrorCode::invalid_spec,
        fmt::format("{} replicates cannot tell a {} interval", r.control.size(), confidence_level),
        "", fmt::format("take {} or more", needed));
  }
  std::size_t without = 0;
  for (std::size_t i = 0; i < r.control.size(); ++i)
    without += std::isfinite(r.control[i]) && std::isfinite(r.treatment[i]) ? 0 : 1;
  if (without != 0) {
    return fail(ErrorCode::undefined_statistic,
                fmt::format("{} of {} replicates have no value (a denominator or an arm of weight "
                            "0)",
                            without, r.control.size()),
                "", "the sample is too small or too sparse for this bootstrap");
  }
  return {};
}

numerics::Moments moments_of(std::span<const double> values) {
  numerics::Moments m;
  for (const double x : values) m.add(x);
  return m;
}

double variance_of(const numerics::Moments& m) { return m.m2 / static_cast<double>(m.n - 1); }

}  // namespace

std::string_view to_text(IntervalKind kind) {
  switch (kind) {
    case IntervalKind::percentile:
      return "percentile";
    case IntervalKind::basic:
      return "basic";
    case IntervalKind::bca:
      return "bca";
    case IntervalKind::bootstrap_t:
      return "bootstrap_t";
  }
  return "percentile";
}

double replicate_quantile(std::span<const double> sorted, double p) {
  const auto b = static_cast<double>(sorted.size());
  const double at = std::clamp((b + 1.0) * p - 1.0, 0.0, b - 1.0);
  // A position that is whole up to rounding is that order statistic.
  const double whole = std::abs(at - std::round(at)) < 1e-9 ? std::round(at) : std::floor(at);
  const auto i = static_cast<std::size_t>(whole);
  const double share = std::max(0.0, at - whole);
  if (i + 1 >= sorted.size() || share < 1e-9) return sorted[i];
  return sorted[i] + share * (sorted[i + 1] - sorted[i]);
}

double acceleration(std::span<const std::span<const double>> leave_one_out) {
  double cubes = 0.0;
  double squares = 0.0;
  for (const auto& values : leave_one_out) {
    const double mean = moments_of(values).mean;
    const auto n = static_cast<double>(values.size());
    for (const double value : values) {
      const double u = (n - 1.0) * (mean - value) / n;
      cubes += u * u * u;
      squares += u * u;
    }
  }
  if (!(squares > 0.0)) return 0.0;
  return cubes / (6.0 * squares * std::sqrt(squares));
}

Result<Contrast> contrast_of_replicates(const ArmReplicates& r, IntervalKind kind,
                                        double confidence_level) {
  ASSAY_CHECK(check(r, kind, confidence_level));
  Contrast out;
  out.method = method_of(kind);
  out.n_control = r.n_control;
  out.n_treatment = r.n_treatment;
  out.control_value = r.control_value;
  out.treatment_value = r.treatment_value;
  out.difference = r.treatment_value - r.control_value;
  out.confidence_level = confidence_level;
  out.degrees_of_freedom = std::numeric_limits<double>::infinity();
  std::vector<double> sorted(r.control.size());
  for (std::size_t i = 0; i < sorted.size(); ++i) sorted[i] = r.treatment[i] - r.control[i];
  out.std_error = std::sqrt(variance_of(moments_of(sorted)));
  out.values = {variance_of(moments_of(r.control)), variance_of(moments_of(r.treatment)), 0.0};
  if (!(out.std_error > 0.0)) {
    return fail(ErrorCode::undefined_statistic,
                "no spread to judge a difference by: the replicates do not vary", "",
                "check that the metric varies between units");
  }
  if (kind == IntervalKind::bootstrap_t) {
    for (std::size_t i = 0; i < sorted.size(); ++i) {
      if (!(r.std_error > 0.0) || !(r.std_errors[i] > 0.0)) {
        return fail(ErrorCode::undefined_statistic,
                    "a replicate has a standard error of 0: bootstrap-t does not exist", "",
                    "take bca or percentile");
      }
      sorted[i] = (sorted[i] - out.difference) / r.std_errors[i];
    }
  }
  std::sort(sorted.begin(), sorted.end());
  const EndsAt ends_at = ends_of(sorted, out.difference, kind, r);
  const Ends ends = ends_at(0.5 * (1.0 - confidence_level));
  out.ci_low = ends.low;
  out.ci_high = ends.high;
  out.statistic = out.difference / out.std_error;
  out.p_value = p_of(ends_at, 1.0 / (static_cast<double>(sorted.size()) + 1.0), confidence_level);
  if (kind == IntervalKind::percentile) {
    add_replicate_lift(out, r);
  } else {
    detail::add_implied_lift(out);
  }
  detail::match_lift(out);
  return out;
}

}  // namespace assay::resampling
