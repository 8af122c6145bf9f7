#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "assay/base/result.hpp"

namespace assay::sequential {

enum class Sides : std::uint8_t { one, two };

/// How an error probability is spent as information accrues.
enum class SpendingFamily : std::uint8_t {
  obrien_fleming,     ///< Lan & DeMets 1983, O'Brien-Fleming type: almost nothing early.
  pocock,             ///< Lan & DeMets 1983, Pocock type: nearly even.
  power,              ///< Kim & DeMets 1987: total t^parameter, parameter > 0.
  hwang_shih_decani,  ///< 1990: parameter -4 resembles O'Brien-Fleming, 1 Pocock.
  user,               ///< A table of (fraction of information, cumulative spending).
};
std::string_view to_text(SpendingFamily family);

struct SpendingPoint {
  double fraction = 0.0;    ///< Of the maximum information, 0 < fraction <= 1.
  double cumulative = 0.0;  ///< Error probability spent up to there.
};

struct Spending {
  SpendingFamily family = SpendingFamily::obrien_fleming;
  double parameter = 0.0;
  std::vector<SpendingPoint> table = {};  ///< Of `user`, ascending; straight lines between.
};

/// Cumulative probability spent at a fraction of the information, out of `total` (both sides
/// together); everything is spent from fraction 1 on.
///   obrien_fleming  2 s (1 - Phi(z(total / (2 s)) / sqrt(t)))   with s = 1 or 2 sides
///   pocock          total ln(1 + (e - 1) t)
///   power           total t^p
///   hwang_...       total (1 - exp(-p t)) / (1 - exp(-p)), total t for p = 0
///   user            the table; `total` must be its last entry
/// Two-sided: half of it a side, as rpact does.
/// Assumes a spending that check_spending accepts.
double spent(const Spending& spending, double total, double fraction, Sides sides);

/// Fails with invalid_spec: total outside (0, 1), power <= 0, a table that is empty, not
/// ascending, falls, or does not end at `total`.
Result<void> check_spending(const Spending& spending, double total, std::string_view what);

}  // namespace assay::sequential
