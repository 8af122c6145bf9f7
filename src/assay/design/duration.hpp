#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "assay/base/result.hpp"

namespace assay::design {

/// Units that an experiment reaches as it goes on: distinct ones from its first day on. Returning
/// users count once, so the curve bends: new_units[d] are those first seen on day d of a stretch of
/// history taken as if the experiment had begun on its first day.
struct Arrivals {
  std::vector<std::int64_t> new_units;  ///< By day; whole days only.
  double traffic = 1.0;                 ///< Share of the units that the experiment is given.
  int maturity_days = 0;                ///< A unit counts when its outcome window is over.
};

/// Distinct mature units after `days` days. Beyond the history the mean of its last week goes on
/// (a day of it, with fewer than seven days).
/// Fails with invalid_spec (a traffic share outside (0, 1], negative counts, negative maturity, no
/// day) and with undefined_statistic when the history has no unit.
Result<double> units_after(const Arrivals& arrivals, int days);

struct Duration {
  int weeks = 0;
  double n = 0.0;             ///< Units reached by then.
  bool extrapolated = false;  ///< Beyond the days that history covers.
};

/// Longest plan that is answered.
inline constexpr int kMostWeeks = 104;

/// The whole weeks that reach n_total units. Whole, because a week has all its days once.
/// Fails as units_after does, and with undefined_statistic beyond two years: fewer units than
/// needed arrive.
Result<Duration> weeks_needed(const Arrivals& arrivals, double n_total);

}  // namespace assay::design
