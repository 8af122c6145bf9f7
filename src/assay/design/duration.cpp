#include "assay/design/duration.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "assay/base/text.hpp"

namespace assay::design {
namespace {

constexpr int kWeek = 7;

Result<void> check(const Arrivals& arrivals) {
  if (!(arrivals.traffic > 0.0 && arrivals.traffic <= 1.0)) {
    return fail(
        ErrorCode::invalid_spec,
        fmt::format("the share of traffic lies above 0 and up to 1; got {}", arrivals.traffic));
  }
  if (arrivals.maturity_days < 0) {
    return fail(ErrorCode::invalid_spec, fmt::format("an outcome window is not negative; got {} "
                                                     "days",
                                                     arrivals.maturity_days));
  }
  for (const std::int64_t units : arrivals.new_units) {
    if (units < 0)
      return fail(ErrorCode::invalid_spec,
                  fmt::format("units of a day are not negative; got {}", units));
  }
  if (arrivals.new_units.empty())
    return fail(ErrorCode::invalid_spec, "a duration needs the arrivals of one day or more");
  return {};
}

double reached(const Arrivals& arrivals, int days) {
  const int mature = days - arrivals.maturity_days;
  if (mature <= 0) return 0.0;
  const auto known = static_cast<int>(arrivals.new_units.size());
  const int inside = std::min(mature, known);
  double sum = static_cast<double>(std::accumulate(
      arrivals.new_units.begin(), arrivals.new_units.begin() + inside, std::int64_t{0}));
  if (mature > known) {
    const int last = std::min(known, kWeek);
    const double rate =
        static_cast<double>(std::accumulate(arrivals.new_units.end() - last,
                                            arrivals.new_units.end(), std::int64_t{0})) /
        last;
    sum += rate * (mature - known);
  }
  return arrivals.traffic * sum;
}

}  // namespace

Result<double> units_after(const Arrivals& arrivals, int days) {
  ASSAY_CHECK(check(arrivals));
  if (std::all_of(arrivals.new_units.begin(), arrivals.new_units.end(),
                  [](std::int64_t units) { return units == 0; })) {
    return fail(ErrorCode::undefined_statistic, "no unit arrived in the history", "",
                "check the event that brings units into the experiment, and its days");
  }
  return reached(arrivals, days);
}

Result<Duration> weeks_needed(const Arrivals& arrivals, double n_total) {
  ASSAY_CHECK(units_after(arrivals, 0));
  if (!(n_total > 0.0) || !std::isfinite(n_total))
    return fail(ErrorCode::invalid_spec, fmt::format("units must be positive; got {}", n_total));
  for (int weeks = 1; weeks <= kMostWeeks; ++weeks) {
    const double n = reached(arrivals, kWeek * weeks);
    if (n < n_total) continue;
    return Duration{
        weeks, n,
        kWeek * weeks - arrivals.maturity_days > static_cast<int>(arrivals.new_units.size())};
  }
  const double most = reached(arrivals, kWeek * kMostWeeks);
  return fail(ErrorCode::undefined_statistic,
              fmt::format("{} units are needed and {} arrive within {} weeks",
                          count_text(static_cast<std::int64_t>(n_total)),
                          count_text(static_cast<std::int64_t>(most)), kMostWeeks),
              "", "plan for a larger effect, more traffic, or a metric that moves less by chance");
}

}  // namespace assay::design
