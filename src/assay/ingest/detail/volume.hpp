#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "assay/base/time.hpp"

namespace assay::ingest::detail {

enum class BreakKind : std::uint8_t { gap, drop, rise, shift_down, shift_up };
std::string_view to_text(BreakKind kind);

/// Consecutive days that are out of line in the same direction, or (shift_*) the days from which
/// on the level is another one, to the end of the series.
struct VolumeBreak {
  BreakKind kind = BreakKind::drop;
  int first = 0;  ///< Position in the series.
  int last = 0;
  double expected = 0.0;  ///< Sum over the days; shift_*: over the 14 days before.
  double observed = 0.0;  ///< Sum over the days; shift_*: over the 14 days after.
  double score = 0.0;     ///< Largest |deviation| in robust standard errors.
};

/// Finds days with far too few or too many events.
///
/// A day is expected to be as the median of the nearest days of the same weekday (up to four on
/// either side, as many before as after, so that growth cancels; at the ends a repeated-median line
/// through the four nearest). With fewer than 28 days all other days serve, whatever the weekday.
/// Days that stand out at first do not serve the others. Deviations are taken on the scale 2 sqrt(n
/// + 3/8) on which Poisson counts have spread 1, over a scale of 1.4826 MAD (at least the Poisson
/// one). A day is out of line when its deviation is beyond the two-sided Student-t point of
/// `false_alarms` / number of days, with 0.37 (n - 1) degrees of freedom (the efficiency of the
/// MAD), and it is at least 20 % off. A shift is a change of the median level between the 14 days
/// before and after, on the series without its weekday pattern; its days are then compared with the
/// new level. The first and last day are never judged: they are seldom whole. Series of fewer than
/// 8 days, or with a median below 5 a day, give nothing. Sources: Anscombe 1948 (root scale);
/// Rousseeuw & Croux 1993 (MAD); Siegel 1982 (line); Wallace 1959 (t from z).
std::vector<VolumeBreak> volume_breaks(Day first_day, std::span<const std::int64_t> counts,
                                       double false_alarms);

/// Two-sided critical point of Student's t: P(|T| > x) = alpha. Within 3 % for dof of 3 and more.
double student_critical(double alpha, double dof);

}  // namespace assay::ingest::detail
