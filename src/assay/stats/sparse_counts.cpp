#include "assay/stats/sparse_counts.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numbers>
#include <vector>

#include "assay/numerics/distributions.hpp"
#include "assay/stats/detail/score_statistic.hpp"

namespace assay::stats {
namespace {

/// Probabilities nearer than this are equal.
constexpr double kTie = 1e-9;

constexpr std::int64_t kMostUnits = 1'000;
constexpr int kGridPoints = 256;
constexpr int kRefinements = 40;

Result<void> check(const TwoCounts& counts) {
  ASSAY_TRY(const auto checked, newcombe(counts, 0.95));  // Refuses x > n and empty arms.
  static_cast<void>(checked);
  return {};
}

double log_choose(std::int64_t n, std::int64_t k) {
  return numerics::binomial_log_pmf(k, n, 0.5) + static_cast<double>(n) * std::numbers::ln2;
}

/// The tables of given margins, by treatment's successes.
class Hypergeometric {
 public:
  Hypergeometric(std::int64_t n_control, std::int64_t n_treatment, std::int64_t successes)
      : low_(std::max<std::int64_t>(0, successes - n_control)) {
    const std::int64_t high = std::min(n_treatment, successes);
    const double all = log_choose(n_control + n_treatment, successes);
    for (std::int64_t k = low_; k <= high; ++k)
      mass_.push_back(
          std::exp(log_choose(n_treatment, k) + log_choose(n_control, successes - k) - all));
  }

  [[nodiscard]] double mass(std::int64_t k) const {
    return mass_[static_cast<std::size_t>(k - low_)];
  }
  [[nodiscard]] double at_least(std::int64_t k) const {
    double sum = 0.0;
    for (std::size_t i = mass_.size(); i-- > static_cast<std::size_t>(k - low_);) sum += mass_[i];
    return std::min(1.0, sum);
  }
  [[nodiscard]] double at_most(std::int64_t k) const {
    double sum = 0.0;
    for (std::size_t i = 0; i <= static_cast<std::size_t>(k - low_); ++i) sum += mass_[i];
    return std::min(1.0, sum);
  }
  [[nodiscard]] double no_likelier(std::int64_t k) const {
    double sum = 0.0;
    for (const double m : mass_)
      if (m <= mass(k) * (1.0 + kTie)) sum += m;
    return std::min(1.0, sum);
  }

 private:
  std::int64_t low_;
  std::vector<double> mass_;
};

/// The largest value of f on [0, 1]: a grid, then a narrowing search around its best point.
double largest(const std::function<double(double)>& f) {
  double best = 0.0;
  double best_at = 0.5;
  for (int i = 1; i < kGridPoints; ++i) {
    const double p = static_cast<double>(i) / kGridPoints;
    if (const double value = f(p); value > best) {
      best = value;
      best_at = p;
    }
  }
  double low = best_at - 1.0 / kGridPoints;
  double high = best_at + 1.0 / kGridPoints;
  for (int i = 0; i < kRefinements; ++i) {
    const double a = low + (high - low) / 3.0;
    const double b = high - (high - low) / 3.0;
    const double fa = f(a);
    const double fb = f(b);
    best = std::max({best, fa, fb});
    (fa < fb ? low : high) = fa < fb ? a : b;
  }
  return best;
}

/// Boschloo's p that treatment is higher.
double boschloo_greater(const TwoCounts& c) {
  // For each total the smallest treatment count whose Fisher p is as small as the observed one,
  // found for each control count by walking the totals.
  const double observed = Hypergeometric(c.n_control, c.n_treatment, c.x_control + c.x_treatment)
                              .at_least(c.x_treatment) *
                          (1.0 + kTie);
  const std::int64_t most = c.n_control + c.n_treatment;
  std::vector<std::int64_t> first(static_cast<std::size_t>(c.n_control) + 1, c.n_treatment + 1);
  for (std::int64_t total = 0; total <= most; ++total) {
    const Hypergeometric tables(c.n_control, c.n_treatment, total);
    const std::int64_t low = std::max<std::int64_t>(0, total - c.n_control);
    double tail = 0.0;
    for (std::int64_t k = std::min(c.n_treatment, total); k >= low; --k) {
      tail += tables.mass(k);
      if (tail > observed) break;
      auto& least = first[static_cast<std::size_t>(total - k)];
      least = std::min(least, k);
    }
  }
  return std::min(1.0, largest([&](double p) {
                    double sum = 0.0;
                    for (std::int64_t x = 0; x <= c.n_control; ++x) {
                      const std::int64_t k = first[static_cast<std::size_t>(x)];
                      if (k > c.n_treatment) continue;
                      const double tail =
                          k == 0 ? 1.0 : numerics::binomial_sf(k - 1, c.n_treatment, p);
                      sum += std::exp(numerics::binomial_log_pmf(x, c.n_control, p)) * tail;
                    }
                    return sum;
                  }));
}

/// Where f falls through a level between two points; f(inside) is on the right side.
double crossing(const std::function<bool(double)>& is_inside, double inside, double outside) {
  for (int i = 0; i < 200; ++i) {
    const double middle = inside + (outside - inside) / 2.0;
    if (middle == inside || middle == outside) break;
    (is_inside(middle) ? inside : outside) = middle;
  }
  return inside;
}

}  // namespace

Result<RateRatio> rate_ratio(const TwoRates& rates, double confidence_level) {
  if (rates.events_control < 0 || rates.events_treatment < 0)
    return fail(ErrorCode::invalid_data, "events are counts, 0 or more");
  const auto positive = [](double x) { return x > 0.0 && std::isfinite(x); };
  if (!positive(rates.exposure_control) || !positive(rates.exposure_treatment))
    return fail(ErrorCode::invalid_spec, "exposure of each arm must be positive and finite");
  const std::int64_t total = rates.events_control + rates.events_treatment;
  if (total == 0) {
    ASSAY_CHECK(check_confidence_level(confidence_level));
    return fail(ErrorCode::undefined_statistic,
                "neither arm has an event: their rates have no ratio", "",
                "wait for events, or bound each rate alone");
  }
  ASSAY_TRY(const auto share, clopper_pearson(rates.events_treatment, total, confidence_level));
  const double scale = rates.exposure_control / rates.exposure_treatment;
  const double null =
      rates.exposure_treatment / (rates.exposure_control + rates.exposure_treatment);
  RateRatio out;
  out.rate_control = static_cast<double>(rates.events_control) / rates.exposure_control;
  out.rate_treatment = static_cast<double>(rates.events_treatment) / rates.exposure_treatment;
  out.ci_low = share.low / (1.0 - share.low) * scale;
  if (rates.events_control > 0) {
    out.ratio = out.rate_treatment / out.rate_control;
    out.ci_high = share.high / (1.0 - share.high) * scale;
  }
  const std::int64_t x = rates.events_treatment;
  out.p_greater = x == 0 ? 1.0 : numerics::binomial_sf(x - 1, total, null);
  out.p_less = numerics::binomial_cdf(x, total, null);
  out.p_value = std::min(1.0, 2.0 * std::min(out.p_greater, out.p_less));
  const double half = 0.5 * std::exp(numerics::binomial_log_pmf(x, total, null));
  out.mid_p_value = std::min(1.0, 2.0 * (std::min(out.p_greater, out.p_less) - half));
  return out;
}

Result<FisherExact> fisher_exact(const TwoCounts& counts) {
  ASSAY_CHECK(check(counts));
  const Hypergeometric tables(counts.n_control, counts.n_treatment,
                              counts.x_control + counts.x_treatment);
  FisherExact out;
  const auto a = static_cast<double>(counts.x_treatment);
  const auto b = static_cast<double>(counts.n_treatment - counts.x_treatment);
  const auto c = static_cast<double>(counts.x_control);
  const auto d = static_cast<double>(counts.n_control - counts.x_control);
  if (b * c > 0.0) out.odds_ratio = a * d / (b * c);
  out.p_greater = tables.at_least(counts.x_treatment);
  out.p_less = tables.at_most(counts.x_treatment);
  out.p_value = tables.no_likelier(counts.x_treatment);
  out.mid_p_value = std::min(
      1.0, 2.0 * (std::min(out.p_greater, out.p_less) - 0.5 * tables.mass(counts.x_treatment)));
  return out;
}

Result<OneSidedP> boschloo(const TwoCounts& counts) {
  ASSAY_CHECK(check(counts));
  if (std::max(counts.n_control, counts.n_treatment) > kMostUnits) {
    return fail(ErrorCode::invalid_spec, "Boschloo's test is enumerated up to 1,000 units an arm",
                "", "use two-proportion, whose exact test reaches further");
  }
  // Treatment is lower when its failures are higher.
  const TwoCounts failures{counts.n_control - counts.x_control, counts.n_control,
                           counts.n_treatment - counts.x_treatment, counts.n_treatment};
  return OneSidedP{boschloo_greater(counts), boschloo_greater(failures)};
}

Result<ProportionInterval> miettinen_nurminen(const TwoCounts& counts, ProportionNull::Scale scale,
                                              double confidence_level) {
  ASSAY_CHECK(check_confidence_level(confidence_level));
  ASSAY_CHECK(check(counts));
  const auto arms = detail::arms_of(counts);
  const double n = arms.n1 + arms.n2;
  const double critical =
      numerics::normal_upper_quantile((1.0 - confidence_level) / 2.0) * std::sqrt(n / (n - 1.0));
  const bool difference = scale == ProportionNull::Scale::difference;
  if (!difference && arms.x1 == 0.0 && arms.x2 == 0.0)
    return fail(ErrorCode::undefined_statistic, "neither arm has a success: no ratio");
  // A ratio is searched as s = r / (1 + r), which maps [0, infinity) to [0, 1).
  const auto value = [&](double s) { return difference ? s : s / (1.0 - s); };
  const auto z = [&](double s) { return detail::score_z(arms, {scale, value(s)}); };
  const double estimate = difference ? arms.p2() - arms.p1() : arms.p2() / (arms.p1() + arms.p2());
  const double low =
      crossing([&](double s) { return z(s) <= critical; }, estimate, difference ? -1.0 : 0.0);
  if (!difference && arms.x1 == 0.0)
    return ProportionInterval{
        std::numeric_limits<double>::infinity(),
        value(crossing([&](double s) { return z(s) <= critical; }, std::nextafter(1.0, 0.0), 0.0)),
        std::numeric_limits<double>::infinity()};
  const double high = crossing([&](double s) { return z(s) >= -critical; }, estimate, 1.0);
  return ProportionInterval{value(estimate), value(low), value(high)};
}

}  // namespace assay::stats
