#include "assay/assignment/checks.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "assay/assignment/traffic.hpp"
#include "assay/numerics/distributions.hpp"

namespace assay::assignment {
namespace {

constexpr double kLeastExpected = 5;

CountTest finished(double chi_squared, double dof) {
  CountTest test{chi_squared, dof, 1, 0};
  if (dof < 1) return test;
  test.p_value = numerics::chi_squared_sf(chi_squared, dof);
  test.log10_p = numerics::log_chi_squared_sf(chi_squared, dof) / std::numbers::ln10;
  return test;
}

struct Margins {
  std::vector<double> rows, columns;
  double total = 0;
};

Margins margins_of(std::span<const std::int64_t> counts, std::size_t rows, std::size_t columns) {
  Margins out{std::vector<double>(rows, 0), std::vector<double>(columns, 0), 0};
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const auto count = static_cast<double>(counts[i]);
    out.rows[i / columns] += count;
    out.columns[i % columns] += count;
    out.total += count;
  }
  return out;
}

}  // namespace

CountTest count_test(std::span<const std::int64_t> counts, std::span<const double> expected) {
  double chi_squared = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const double gap = static_cast<double>(counts[i]) - expected[i];
    chi_squared += gap * gap / expected[i];
  }
  return finished(chi_squared, static_cast<double>(counts.size()) - 1);
}

CountTest table_test(std::span<const std::int64_t> counts, std::size_t rows, std::size_t columns) {
  const Margins margins = margins_of(counts, rows, columns);
  const auto used = [](const std::vector<double>& margin) {
    return static_cast<double>(
        std::count_if(margin.begin(), margin.end(), [](double m) { return m > 0; }));
  };
  double chi_squared = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const double expected =
        margins.rows[i / columns] * margins.columns[i % columns] / margins.total;
    if (!(expected > 0)) continue;
    const double gap = static_cast<double>(counts[i]) - expected;
    chi_squared += gap * gap / expected;
  }
  return finished(chi_squared, (used(margins.rows) - 1) * (used(margins.columns) - 1));
}

Result<Uniformity> uniformity(std::span<const double> positions, std::uint32_t n_buckets) {
  if (n_buckets < 2)
    return fail(ErrorCode::invalid_spec, "evenness needs two buckets or more", "buckets");
  const double expected = static_cast<double>(positions.size()) / n_buckets;
  if (expected < kLeastExpected)
    return fail(ErrorCode::undefined_statistic,
                fmt::format("{} positions are too few for {} buckets", positions.size(), n_buckets),
                "buckets", "take fewer buckets, so that each expects 5 or more");
  Uniformity out;
  out.counts.assign(n_buckets, 0);
  for (const double position : positions) {
    // The smallest double at or above k / n may lie in either neighbour by multiplication alone.
    const double scaled = position * n_buckets;
    const double whole = std::abs(scaled - std::round(scaled)) < 1e-9 ? std::round(scaled) : scaled;
    const double bucket = std::clamp(std::floor(whole), 0.0, static_cast<double>(n_buckets - 1));
    ++out.counts[static_cast<std::size_t>(bucket)];
  }
  out.test = count_test(out.counts, std::vector<double>(n_buckets, expected));
  return out;
}

Result<Independence> independence(std::span<const std::uint8_t> a, std::size_t n_arms_a,
                                  std::span<const std::uint8_t> b, std::size_t n_arms_b) {
  if (a.size() != b.size() || n_arms_a < 2 || n_arms_b < 2)
    return fail(ErrorCode::invalid_spec,
                fmt::format("independence needs the same units twice and two arms: {} and {} units",
                            a.size(), b.size()),
                "units");
  Independence out;
  out.counts.assign(n_arms_a * n_arms_b, 0);
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] >= n_arms_a || b[i] >= n_arms_b) continue;
    ++out.counts[a[i] * n_arms_b + b[i]];
    ++out.n;
  }
  const Margins margins = margins_of(out.counts, n_arms_a, n_arms_b);
  const double least = *std::min_element(margins.rows.begin(), margins.rows.end()) *
                       *std::min_element(margins.columns.begin(), margins.columns.end());
  if (!(least >= kLeastExpected * margins.total) || out.n == 0)
    return fail(
        ErrorCode::undefined_statistic,
        fmt::format("{} units in common are too few for {} x {} arms", out.n, n_arms_a, n_arms_b),
        "units", "each pair of arms must expect 5 or more");
  out.test = table_test(out.counts, n_arms_a, n_arms_b);
  const auto smaller = static_cast<double>(std::min(n_arms_a, n_arms_b)) - 1;
  out.cramers_v = std::sqrt(out.test.chi_squared / (margins.total * smaller));
  return out;
}

}  // namespace assay::assignment
