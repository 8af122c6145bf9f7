#include "assay/resampling/quantile_bootstrap.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "assay/numerics/distributions.hpp"
#include "assay/stats/interval.hpp"

namespace assay::resampling {
namespace {

/// Ranks this many standard deviations away have probability below 1e-15.
constexpr double kReach = 8.5;
constexpr double kSmallestP = 1e-14;
constexpr double kFewTailUnits = 10.0;

/// The exact bootstrap distribution of one arm's quantile: values in order, and P(<= value).
struct QuantileLaw {
  double value = 0.0;  ///< In the data.
  std::vector<double> values;
  std::vector<double> below;  ///< Cumulative; the last is 1.

  [[nodiscard]] double weight(std::size_t i) const {
    return i == 0 ? below[0] : below[i] - below[i - 1];
  }
  [[nodiscard]] double variance() const {
    double mean = 0.0;
    for (std::size_t i = 0; i < values.size(); ++i) mean += weight(i) * (values[i] - value);
    double sum = 0.0;
    for (std::size_t i = 0; i < values.size(); ++i)
      sum += weight(i) * (values[i] - value - mean) * (values[i] - value - mean);
    return sum;
  }
};

QuantileLaw law_of(std::span<const double> data, double q) {
  std::vector<double> copy(data.begin(), data.end());
  const auto n = static_cast<double>(copy.size());
  const double rank = std::clamp(std::ceil(n * q - 1e-9), 1.0, n);
  const double reach = kReach * std::sqrt(n * q * (1.0 - q)) + 20.0;
  const auto first = static_cast<std::size_t>(std::max(0.0, std::floor(rank - reach)));
  const auto last = static_cast<std::size_t>(std::min(n - 1.0, std::ceil(rank + reach)));
  const auto at = [&](std::size_t i) { return copy.begin() + static_cast<std::ptrdiff_t>(i); };
  std::nth_element(copy.begin(), at(first), copy.end());
  if (last + 1 < copy.size()) std::nth_element(at(first), at(last + 1), copy.end());
  std::sort(at(first), at(last + 1));
  QuantileLaw law;
  law.value = copy[static_cast<std::size_t>(rank) - 1];
  const auto k = static_cast<std::int64_t>(rank);
  for (std::size_t i = first; i <= last; ++i) {
    const double share = static_cast<double>(i + 1) / n;  // i + 1 units at or below.
    const double p =
        i == last ? 1.0
                  : numerics::binomial_sf(k - 1, static_cast<std::int64_t>(copy.size()), share);
    if (!law.values.empty() && law.values.back() == copy[i]) {
      law.below.back() = p;
    } else {
      law.values.push_back(copy[i]);
      law.below.push_back(p);
    }
  }
  return law;
}

double difference(double t, double c) { return t - c; }
double lift(double t, double c) { return (t - c) / std::abs(c); }
using Scale = double (*)(double, double);

/// The law of scale(T, C), which rises with t and falls with c.
struct PairLaw {
  const QuantileLaw& control;
  const QuantileLaw& treatment;
  Scale scale;

  /// P(scale <= d).
  [[nodiscard]] double at_most(double d) const {
    double sum = 0.0;
    std::size_t i = 0;  // Values of treatment that count; grows with c.
    for (std::size_t j = 0; j < control.values.size(); ++j) {
      while (i < treatment.values.size() && scale(treatment.values[i], control.values[j]) <= d) ++i;
      if (i > 0) sum += control.weight(j) * treatment.below[i - 1];
    }
    return sum;
  }

  /// P(scale >= d), summed from its own side so that small tails keep their digits.
  [[nodiscard]] double at_least(double d) const {
    double sum = 0.0;
    std::size_t i = 0;
    for (std::size_t j = 0; j < control.values.size(); ++j) {
      while (i < treatment.values.size() && scale(treatment.values[i], control.values[j]) < d) ++i;
      const double rest = i == 0 ? 1.0 : 1.0 - treatment.below[i - 1];
      sum += control.weight(j) * rest;
    }
    return sum;
  }

  /// The next value of the law above d (or below it).
  [[nodiscard]] double next(double d, bool up) const {
    double best =
        up ? std::numeric_limits<double>::infinity() : -std::numeric_limits<double>::infinity();
    std::size_t i = 0;
    for (std::size_t j = 0; j < control.values.size(); ++j) {
      const double c = control.values[j];
      const auto passed = [&](double t) { return up ? scale(t, c) <= d : scale(t, c) < d; };
      while (i < treatment.values.size() && passed(treatment.values[i])) ++i;
      if (up && i < treatment.values.size()) best = std::min(best, scale(treatment.values[i], c));
      if (!up && i > 0) best = std::max(best, scale(treatment.values[i - 1], c));
    }
    return best;
  }

  [[nodiscard]] double smallest() const {
    return scale(treatment.values.front(), control.values.back());
  }
  [[nodiscard]] double largest() const {
    return scale(treatment.values.back(), control.values.front());
  }

  /// The smallest value with P(<= value) >= tail.
  [[nodiscard]] double low(double tail) const {
    if (at_most(smallest()) >= tail) return smallest();
    double under = smallest();
    double over = largest();
    for (int i = 0; i < 50; ++i) {
      const double middle = under + 0.5 * (over - under);
      (at_most(middle) >= tail ? over : under) = middle;
    }
    double value = next(under, true);
    while (value < largest() && at_most(value) < tail) value = next(value, true);
    return value;
  }

  /// The largest value with P(>= value) >= tail.
  [[nodiscard]] double high(double tail) const {
    if (at_least(largest()) >= tail) return largest();
    double under = smallest();
    double over = largest();
    for (int i = 0; i < 50; ++i) {
      const double middle = under + 0.5 * (over - under);
      (at_least(middle) >= tail ? under : over) = middle;
    }
    double value = next(over, false);
    while (value > smallest() && at_least(value) < tail) value = next(value, false);
    return value;
  }
};

Result<void> check(std::span<const double> data, std::string_view arm) {
  if (data.size() < 2) {
    return fail(ErrorCode::undefined_statistic,
                fmt::format("a comparison needs two units in each arm; got {}", data.size()),
                fmt::format("arm {}", arm));
  }
  const auto bad =
      std::find_if(data.begin(), data.end(), [](double x) { return !std::isfinite(x); });
  if (bad == data.end()) return {};
  return fail(ErrorCode::invalid_data, "the values hold one that is not finite",
              fmt::format("arm {}, unit {}", arm, bad - data.begin() + 1),
              "drop or cap infinite and missing values");
}

}  // namespace

Result<stats::Contrast> quantile_bootstrap(std::span<const double> control,
                                           std::span<const double> treatment,
                                           const QuantileOptions& options) {
  ASSAY_CHECK(stats::check_confidence_level(options.confidence_level));
  const double q = options.quantile;
  if (!(q > 0.0 && q < 1.0)) {
    return fail(ErrorCode::invalid_spec, fmt::format("a quantile lies between 0 and 1; got {}", q),
                "", "for the 90th percentile give 0.9");
  }
  ASSAY_CHECK(check(control, "control"));
  ASSAY_CHECK(check(treatment, "treatment"));
  const QuantileLaw c = law_of(control, q);
  const QuantileLaw t = law_of(treatment, q);
  stats::Contrast out;
  out.method = stats::Method::bootstrap_quantile;
  out.n_control = static_cast<std::int64_t>(control.size());
  out.n_treatment = static_cast<std::int64_t>(treatment.size());
  out.control_value = c.value;
  out.treatment_value = t.value;
  out.difference = t.value - c.value;
  out.confidence_level = options.confidence_level;
  out.degrees_of_freedom = std::numeric_limits<double>::infinity();
  out.values = {c.variance(), t.variance(), 0.0};
  out.std_error = std::sqrt(out.values.control_variance + out.values.treatment_variance);
  if (!(out.std_error > 0.0)) {
    return fail(ErrorCode::undefined_statistic,
                "no spread to judge a difference by: almost all values near the quantile are equal",
                "", "compare the share of units above a threshold instead");
  }
  out.statistic = out.difference / out.std_error;
  const double tail = 0.5 * (1.0 - options.confidence_level);
  const PairLaw law{c, t, difference};
  out.ci_low = law.low(tail);
  out.ci_high = law.high(tail);
  out.p_value = std::clamp(2.0 * std::min(law.at_most(0.0), law.at_least(0.0)), kSmallestP, 1.0);
  if (c.values.front() > 0.0 && t.values.front() >= 0.0) {
    const PairLaw lifts{c, t, lift};
    out.lift = stats::Lift{lift(t.value, c.value), lifts.low(tail), lifts.high(tail)};
  } else {
    out.lift_undefined = "the quantile of control is not clearly positive; read the difference";
  }
  const auto n = static_cast<double>(std::min(control.size(), treatment.size()));
  if (n * std::min(q, 1.0 - q) < kFewTailUnits) {
    out.notes.push_back({"few_tail_units",
                         fmt::format("the quantile leaves {} values on one side: the bootstrap of "
                                     "so few is not reliable",
                                     n * std::min(q, 1.0 - q))});
  }
  return out;
}

}  // namespace assay::resampling
