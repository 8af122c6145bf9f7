#include "assay/design/exact_proportions.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "assay/numerics/distributions.hpp"
#include "assay/stats/power.hpp"
#include "assay/stats/two_proportion.hpp"

namespace assay::design {
namespace {

constexpr double kLeftOut = 1e-15;

/// Counts of one arm that matter, with their probabilities.
struct Counts {
  std::int64_t first = 0;
  std::vector<double> probability;
};

Counts counts_of(std::int64_t n, double p) {
  Counts out;
  bool begun = false;
  for (std::int64_t x = 0; x <= n; ++x) {
    const double mass = std::exp(numerics::binomial_log_pmf(x, n, p));
    if (mass < kLeftOut) {
      if (begun && static_cast<double>(x) > p * static_cast<double>(n)) break;
      if (!begun) continue;
    }
    if (!begun) out.first = x;
    begun = true;
    out.probability.push_back(mass);
  }
  return out;
}

double two_sided(const stats::OneSidedP& p) {
  return std::min(1.0, 2.0 * std::min(p.greater, p.less));
}

bool rejects(const stats::TwoCounts& table, double alpha, ProportionTest test) {
  const bool exact = test == ProportionTest::exact ||
                     (test == ProportionTest::as_analysed && stats::needs_exact_test(table));
  return two_sided(exact ? stats::exact_test(table, {}) : stats::score_test(table, {})) < alpha;
}

/// Calls rejects() on every table; for the exact test, whose rejections are the small and the large
/// counts of treatment at each count of control, on the borders alone.
double rejected_mass(const Counts& control, const Counts& treatment, stats::TwoCounts table,
                     double alpha, ProportionTest test) {
  double total = 0.0;
  const auto m = static_cast<std::int64_t>(treatment.probability.size());
  for (std::size_t i = 0; i < control.probability.size(); ++i) {
    table.x_control = control.first + static_cast<std::int64_t>(i);
    const auto at = [&](std::int64_t j) {
      table.x_treatment = treatment.first + j;
      return rejects(table, alpha, test);
    };
    double mass = 0.0;
    if (test != ProportionTest::exact) {
      for (std::int64_t j = 0; j < m; ++j)
        if (at(j)) mass += treatment.probability[static_cast<std::size_t>(j)];
    } else {
      const double share =
          static_cast<double>(table.x_control) / static_cast<double>(table.n_control);
      const auto middle = std::clamp<std::int64_t>(
          std::llround(share * static_cast<double>(table.n_treatment)) - treatment.first, 0, m);
      std::int64_t low = 0;
      for (std::int64_t high = middle; low < high;) {
        const std::int64_t half = (low + high) / 2;
        (at(half) ? low : high) = at(half) ? half + 1 : half;
      }
      std::int64_t up = m;
      for (std::int64_t from = middle; from < up;) {
        const std::int64_t half = (from + up) / 2;
        (at(half) ? up : from) = at(half) ? half : half + 1;
      }
      for (std::int64_t j = 0; j < m; ++j)
        if (j < low || j >= up) mass += treatment.probability[static_cast<std::size_t>(j)];
    }
    total += control.probability[i] * mass;
  }
  return total;
}

Result<void> check(const TwoShares& shares, double alpha) {
  const auto inside = [](double p) { return p >= 0.0 && p <= 1.0; };
  if (!inside(shares.control) || !inside(shares.treatment)) {
    return fail(ErrorCode::invalid_spec, fmt::format("proportions lie between 0 and 1; got {} and "
                                                     "{}",
                                                     shares.control, shares.treatment));
  }
  if (alpha > 0.0 && alpha < 1.0) return {};
  return fail(ErrorCode::invalid_spec, fmt::format("alpha lies between 0 and 1; got {}", alpha));
}

std::int64_t most_units(ProportionTest test) {
  return test == ProportionTest::exact ? kMostBarnardUnits : kMostExactUnits;
}

}  // namespace

Result<double> exact_power(const TwoShares& shares, std::int64_t n_control,
                           std::int64_t n_treatment, double alpha, ProportionTest test) {
  ASSAY_CHECK(check(shares, alpha));
  const std::int64_t most = most_units(test);
  if (std::min(n_control, n_treatment) < 1 || std::max(n_control, n_treatment) > most) {
    return fail(ErrorCode::invalid_spec,
                fmt::format("exact power is enumerated for arms of 1 to {} units; got {} and {}",
                            most, n_control, n_treatment),
                "", "use the normal formula for larger arms");
  }
  return rejected_mass(counts_of(n_control, shares.control),
                       counts_of(n_treatment, shares.treatment), {0, n_control, 0, n_treatment},
                       alpha, test);
}

Result<std::int64_t> exact_units_needed(const TwoShares& shares, double alpha, double power,
                                        ProportionTest test) {
  ASSAY_CHECK(check(shares, alpha));
  if (shares.control == shares.treatment)
    return fail(ErrorCode::invalid_spec, "the two proportions must differ");
  // Shares of 0 and 1 are fine here, not in the normal formula: only a start is needed.
  const auto near = [](double p) { return std::clamp(p, 1e-4, 1.0 - 1e-4); };
  std::int64_t normal = 0;
  ASSAY_TRY(normal, stats::n_total_for_proportions(near(shares.control), near(shares.treatment),
                                                   {.alpha = alpha, .power = power}));
  const std::int64_t most = most_units(test);
  const auto start =
      std::min<std::int64_t>(most, std::llround(0.65 * static_cast<double>(normal)) + 12);
  std::int64_t enough = 0;
  for (std::int64_t n = start; n >= 1; --n) {
    double reached = 0.0;
    ASSAY_TRY(reached, exact_power(shares, n, n, alpha, test));
    if (reached < power) break;
    enough = n;
  }
  if (enough > 0) return enough;
  return fail(ErrorCode::undefined_statistic,
              fmt::format("arms of {} units do not reach a power of {}", start, power), "",
              "use the normal formula for larger arms");
}

}  // namespace assay::design
