#include "assay/stats/detail/exact_proportion.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include "assay/numerics/distributions.hpp"
#include "assay/stats/detail/score_statistic.hpp"
#include "assay/stats/interval.hpp"

namespace assay::stats::detail {
namespace {

constexpr double kRegionPrice = 1e-6;  ///< The chance that the nuisance region misses.
constexpr double kWindowTail = 1e-10;  ///< Chance beyond the counted window, per arm and side.
constexpr int kGridPoints = 48;
constexpr int kRefinements = 24;
constexpr double kTie = 1e-9;  ///< Score statistics nearer than this are equal.

double treatment_of(double control, ProportionNull null) {
  const double p =
      null.scale == ProportionNull::Scale::difference ? control + null.value : control * null.value;
  return std::clamp(p, 0.0, 1.0);
}

struct Range {
  double low = 0.0;
  double high = 1.0;
};

/// Control proportions that the null and both arms' exact intervals allow; empty when low > high.
Range nuisance_range(const TwoCounts& counts, ProportionNull null) {
  const double level = 1.0 - kRegionPrice / 2.0;
  const auto c = *clopper_pearson(counts.x_control, counts.n_control, level);
  const auto t = *clopper_pearson(counts.x_treatment, counts.n_treatment, level);
  const bool shifted = null.scale == ProportionNull::Scale::difference;
  const auto to_control = [&](double p) { return shifted ? p - null.value : p / null.value; };
  Range allowed{c.low, c.high};
  if (shifted || null.value > 0.0) {
    allowed.low = std::max({allowed.low, to_control(t.low), shifted ? -null.value : 0.0});
    allowed.high = std::min({allowed.high, to_control(t.high), to_control(1.0)});
  } else if (counts.x_treatment > 0) {
    allowed.high = -1.0;  // Ratio 0 and a treated success contradict each other.
  }
  return allowed;
}

/// Counts of one arm that matter for proportions in a range.
struct Window {
  std::int64_t n = 0;
  std::int64_t first = 0;
  std::int64_t last = 0;

  Window(std::int64_t trials, double p_low, double p_high)
      : n(trials),
        first(numerics::binomial_quantile(kWindowTail, trials, p_low)),
        last(numerics::binomial_quantile(1.0 - kWindowTail, trials, p_high)) {}

  [[nodiscard]] std::size_t size() const { return static_cast<std::size_t>(last - first + 1); }

  /// Probabilities of the window's counts, by recurrence outward from the most likely one.
  [[nodiscard]] std::vector<double> masses(double p) const {
    std::vector<double> out(size(), 0.0);
    const auto trials = static_cast<double>(n);
    const auto mode =
        std::clamp(static_cast<std::int64_t>(std::floor((trials + 1.0) * p)), first, last);
    const auto at = static_cast<std::size_t>(mode - first);
    out[at] = std::exp(numerics::binomial_log_pmf(mode, n, p));
    if (p <= 0.0 || p >= 1.0) return out;
    const double odds = p / (1.0 - p);
    for (std::size_t i = at; i + 1 < out.size(); ++i) {
      const double k = static_cast<double>(first) + static_cast<double>(i);
      out[i + 1] = out[i] * (trials - k) / (k + 1.0) * odds;
    }
    for (std::size_t i = at; i > 0; --i) {
      const double k = static_cast<double>(first) + static_cast<double>(i);
      out[i - 1] = out[i] * k / (trials - k + 1.0) / odds;
    }
    return out;
  }
};

/// For each control count of the window: the first treatment counts from which a table is at
/// least as high as the observed one, and up to which it is at most as high. The score
/// statistic rises with the treatment count.
struct Frontier {
  std::vector<std::size_t> at_least;  ///< Index of the first such treatment count.
  std::vector<std::size_t> at_most;   ///< One past the last such treatment count.
};

Frontier frontier(const TwoCounts& counts, ProportionNull null, const Window& control,
                  const Window& treatment) {
  const double observed = score_z(arms_of(counts), null);
  const double tie = kTie * (1.0 + std::min(1e6, std::abs(observed)));
  Frontier out;
  for (std::size_t i = 0; i < control.size(); ++i) {
    const auto z = [&](std::size_t j) {
      return score_z({static_cast<double>(control.first) + static_cast<double>(i),
                      static_cast<double>(control.n),
                      static_cast<double>(treatment.first) + static_cast<double>(j),
                      static_cast<double>(treatment.n)},
                     null);
    };
    const auto first_with = [&](const std::function<bool(double)>& holds) {
      std::size_t low = 0;
      std::size_t high = treatment.size();
      while (low < high) {
        const std::size_t middle = (low + high) / 2;
        if (holds(z(middle))) {
          high = middle;
        } else {
          low = middle + 1;
        }
      }
      return low;
    };
    out.at_least.push_back(first_with([&](double v) { return v >= observed - tie; }));
    out.at_most.push_back(first_with([&](double v) { return v > observed + tie; }));
  }
  return out;
}

OneSidedP tail_probabilities(const Frontier& edge, const Window& control, const Window& treatment,
                             double p_control, double p_treatment) {
  const auto m1 = control.masses(p_control);
  const auto m2 = treatment.masses(p_treatment);
  std::vector<double> below(m2.size() + 1, 0.0);  // Sum of the masses before j.
  std::vector<double> from(m2.size() + 1, 0.0);   // Sum of the masses from j on.
  for (std::size_t j = 0; j < m2.size(); ++j) below[j + 1] = below[j] + m2[j];
  for (std::size_t j = m2.size(); j > 0; --j) from[j - 1] = from[j] + m2[j - 1];
  OneSidedP p{0.0, 0.0};
  for (std::size_t i = 0; i < m1.size(); ++i) {
    p.greater += m1[i] * from[edge.at_least[i]];
    p.less += m1[i] * below[edge.at_most[i]];
  }
  return p;
}

/// The largest value of f on a range: a grid, then a narrowing search around its best point.
double largest(const std::function<double(double)>& f, Range range) {
  const double step = (range.high - range.low) / kGridPoints;
  double best_at = range.low;
  double best = f(range.low);
  for (int i = 1; i <= kGridPoints; ++i) {
    const double p = range.low + step * i;
    if (const double value = f(p); value > best) {
      best = value;
      best_at = p;
    }
  }
  double low = std::max(range.low, best_at - step);
  double high = std::min(range.high, best_at + step);
  for (int i = 0; i < kRefinements && high > low; ++i) {
    const double a = low + (high - low) / 3.0;
    const double b = high - (high - low) / 3.0;
    const double fa = f(a);
    const double fb = f(b);
    best = std::max({best, fa, fb});
    (fa < fb ? low : high) = fa < fb ? a : b;
  }
  return best;
}

}  // namespace

OneSidedP exact_one_sided(const TwoCounts& counts, ProportionNull null) {
  const Range range = nuisance_range(counts, null);
  if (!(range.low <= range.high)) {  // The null lies outside the region: one side is all but sure.
    return score_z(arms_of(counts), null) > 0.0 ? OneSidedP{kRegionPrice, 1.0}
                                                : OneSidedP{1.0, kRegionPrice};
  }
  const Window control(counts.n_control, range.low, range.high);
  const Window treatment(counts.n_treatment, treatment_of(range.low, null),
                         treatment_of(range.high, null));
  const Frontier edge = frontier(counts, null, control, treatment);
  const auto at = [&](double p) {
    return tail_probabilities(edge, control, treatment, p, treatment_of(p, null));
  };
  const auto price = [](double p) { return std::min(1.0, p + kRegionPrice); };
  return {price(largest([&](double p) { return at(p).greater; }, range)),
          price(largest([&](double p) { return at(p).less; }, range))};
}

}  // namespace assay::stats::detail
