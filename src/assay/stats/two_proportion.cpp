#include "assay/stats/two_proportion.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numbers>

#include "assay/numerics/distributions.hpp"
#include "assay/stats/detail/exact_proportion.hpp"
#include "assay/stats/detail/score_statistic.hpp"

namespace assay::stats {
namespace {

using detail::Arms;
using detail::score_z;
using Scale = ProportionNull::Scale;

constexpr double kSmallestExpectedCell = 5.0;

/// Counts of one arm beyond which the exact test is not enumerated: about a second of work. Only
/// splits near 1000 to 1 reach it with an expected cell below 5.
constexpr double kMostCounts = 2000.0;

/// Standard deviations of a count that the enumeration spans: region of the nuisance and window.
constexpr double kSpannedDeviations = 23.0;

/// Relative width at which the search for an exact limit stops.
constexpr double kExactResolution = 1e-7;

Result<void> check_counts(const TwoCounts& counts) {
  const auto valid = [](std::int64_t x, std::int64_t n) { return x >= 0 && x <= n; };
  if (!valid(counts.x_control, counts.n_control) ||
      !valid(counts.x_treatment, counts.n_treatment)) {
    return fail(
        ErrorCode::invalid_data,
        fmt::format("successes must lie between 0 and the trials; got {} of {} in control, "
                    "{} of {} in treatment",
                    counts.x_control, counts.n_control, counts.x_treatment, counts.n_treatment),
        "", "count each unit once in numerator and denominator");
  }
  if (std::min(counts.n_control, counts.n_treatment) > 0) return {};
  return fail(ErrorCode::undefined_statistic,
              fmt::format("a comparison needs units in both arms; got control {}, treatment {}",
                          counts.n_control, counts.n_treatment),
              "", "check that assignment, exposure and eligibility keep both arms");
}

/// Where a function that is positive at `inside` and negative at `outside` changes sign; returns
/// the last point on the inside, so that a bracket that ends at the null never reaches it.
double boundary(const std::function<bool(double)>& is_inside, double inside, double outside,
                double resolution) {
  for (int i = 0; i < 200; ++i) {
    const double width = std::abs(outside - inside);
    if (width < resolution * std::max(std::abs(inside), std::abs(outside))) break;
    const double middle = inside + (outside - inside) / 2.0;
    if (middle == inside || middle == outside) break;
    (is_inside(middle) ? inside : outside) = middle;
  }
  return inside;
}

/// The test that a contrast uses, as a function of the null, and how finely to invert it.
struct Test {
  std::function<OneSidedP(ProportionNull)> p;
  double resolution = 0.0;
};

/// The values not rejected by two one-sided tests at `tail` each. The bracket of each limit ends
/// at the null of no difference on whose side it must lie, so interval and test cannot disagree.
struct Limits {
  double low = 0.0;
  double high = 0.0;
};

Limits difference_limits(const Test& test, double estimate, double tail, bool significant) {
  const bool above = significant && estimate > 0.0;
  const bool below = significant && estimate < 0.0;
  const auto not_too_low = [&](double v) { return test.p({Scale::difference, v}).greater >= tail; };
  const auto not_too_high = [&](double v) { return test.p({Scale::difference, v}).less >= tail; };
  const double low_inside = significant ? estimate : std::min(estimate, 0.0);
  const double high_inside = significant ? estimate : std::max(estimate, 0.0);
  return {boundary(not_too_low, low_inside, above ? 0.0 : -1.0, test.resolution),
          boundary(not_too_high, high_inside, below ? 0.0 : 1.0, test.resolution)};
}

/// The ratio is searched on the scale s = r / (1 + r), which maps [0, infinity) to [0, 1).
Limits ratio_limits(const Test& test, double estimate, double tail, bool significant) {
  const auto ratio = [](double s) { return s / (1.0 - s); };
  const auto not_too_low = [&](double s) {
    return test.p({Scale::ratio, ratio(s)}).greater >= tail;
  };
  const auto not_too_high = [&](double s) { return test.p({Scale::ratio, ratio(s)}).less >= tail; };
  const double at = estimate / (1.0 + estimate);
  const bool above = significant && estimate > 1.0;
  const bool below = significant && estimate < 1.0;
  const double low_inside = significant ? at : std::min(at, 0.5);
  const double high_inside = significant ? at : std::max(at, 0.5);
  return {ratio(boundary(not_too_low, low_inside, above ? 0.5 : 0.0, test.resolution)),
          ratio(boundary(not_too_high, high_inside, below ? 0.5 : 1.0, test.resolution))};
}

void add_lift(Contrast& contrast, const Test& test, bool significant) {
  if (contrast.control_value == 0.0) {
    contrast.lift_undefined = "control has no successes, so a relative difference is unbounded";
    return;
  }
  const double tail = (1.0 - contrast.confidence_level) / 2.0;
  const double ratio = contrast.treatment_value / contrast.control_value;
  const Limits limits = ratio_limits(test, ratio, tail, significant);
  contrast.lift =
      Lift{contrast.difference / contrast.control_value, limits.low - 1.0, limits.high - 1.0};
}

void add_notes(Contrast& contrast, const TwoCounts& counts, bool exact) {
  if (exact) {
    contrast.notes.push_back(
        {"small_expected_counts", "an expected count is below 5: exact test and intervals"});
  } else if (needs_exact_test(counts)) {
    contrast.notes.push_back({"small_expected_counts",
                              "an expected count is below 5 and the other arm is too large for the "
                              "exact test: the score test is approximate"});
  }
  if (counts.x_control + counts.x_treatment == 0)
    contrast.notes.push_back({"no_successes", "neither arm has a success"});
  if (counts.x_control == counts.n_control && counts.x_treatment == counts.n_treatment)
    contrast.notes.push_back({"no_failures", "every unit of both arms is a success"});
}

}  // namespace

bool needs_exact_test(const TwoCounts& counts) {
  const auto n1 = static_cast<double>(counts.n_control);
  const auto n2 = static_cast<double>(counts.n_treatment);
  const auto successes = static_cast<double>(counts.x_control + counts.x_treatment);
  const double rarer = std::min(successes, n1 + n2 - successes);
  return rarer * (std::min(n1, n2) / (n1 + n2)) < kSmallestExpectedCell;
}

bool exact_test_is_affordable(const TwoCounts& counts) {
  const Arms a = detail::arms_of(counts);
  const double spread = std::max(a.x1 * (1.0 - a.p1()), a.x2 * (1.0 - a.p2()));
  return kSpannedDeviations * std::sqrt(spread) <= kMostCounts;
}

OneSidedP score_test(const TwoCounts& counts, ProportionNull null) {
  const double z = score_z(detail::arms_of(counts), null);
  return {numerics::normal_sf(z), numerics::normal_cdf(z)};
}

OneSidedP exact_test(const TwoCounts& counts, ProportionNull null) {
  return detail::exact_one_sided(counts, null);
}

Result<Contrast> two_proportion(const TwoCounts& counts, double confidence_level) {
  ASSAY_CHECK(check_confidence_level(confidence_level));
  ASSAY_CHECK(check_counts(counts));
  const Arms arms = detail::arms_of(counts);
  const bool exact = needs_exact_test(counts) && exact_test_is_affordable(counts);
  Contrast out;
  out.method = exact ? Method::two_proportion_exact : Method::two_proportion;
  out.n_control = counts.n_control;
  out.n_treatment = counts.n_treatment;
  out.control_value = arms.p1();
  out.treatment_value = arms.p2();
  // As one fraction: the difference of equal shares of different arms is exactly 0.
  out.difference = (arms.x2 * arms.n1 - arms.x1 * arms.n2) / (arms.n1 * arms.n2);
  const double v1 = out.control_value * (1.0 - out.control_value) / arms.n1;
  const double v2 = out.treatment_value * (1.0 - out.treatment_value) / arms.n2;
  out.values = {v1, v2, 0.0};
  out.std_error = std::sqrt(v1 + v2);
  out.degrees_of_freedom = std::numeric_limits<double>::infinity();
  out.confidence_level = confidence_level;
  out.counts = counts;
  const ProportionNull equal{Scale::difference, 0.0};
  out.statistic = score_z(arms, equal);

  Test test;
  test.p = [&](ProportionNull null) {
    return exact ? exact_test(counts, null) : score_test(counts, null);
  };
  if (exact) test.resolution = kExactResolution;
  const OneSidedP p = test.p(equal);
  out.p_value = std::min(1.0, 2.0 * std::min(p.greater, p.less));
  const bool significant = out.p_value < 1.0 - confidence_level;
  const double tail = (1.0 - confidence_level) / 2.0;
  const Limits limits = difference_limits(test, out.difference, tail, significant);
  out.ci_low = limits.low;
  out.ci_high = limits.high;
  add_lift(out, test, significant);
  add_notes(out, counts, exact);
  return out;
}

Result<ProportionInterval> newcombe(const TwoCounts& counts, double confidence_level) {
  ASSAY_CHECK(check_counts(counts));
  ASSAY_TRY(const auto c, wilson(counts.x_control, counts.n_control, confidence_level));
  ASSAY_TRY(const auto t, wilson(counts.x_treatment, counts.n_treatment, confidence_level));
  const double estimate = t.estimate - c.estimate;
  return ProportionInterval{estimate,
                            estimate - std::hypot(t.estimate - t.low, c.high - c.estimate),
                            estimate + std::hypot(t.high - t.estimate, c.estimate - c.low)};
}

}  // namespace assay::stats
