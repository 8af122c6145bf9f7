#pragma once

#include "assay/stats/contrast.hpp"

namespace assay::resampling::detail {

/// Gives the contrast the lift that its own interval implies: Fieller's set with the critical
/// values (difference - ci_low) / std_error and (ci_high - difference) / std_error on its two
/// sides. Says why where there is none. Needs difference, interval, std_error and variances.
void add_implied_lift(stats::Contrast& contrast);

/// Keeps rounding from turning the lift's verdict against the difference's.
void match_lift(stats::Contrast& contrast);

}  // namespace assay::resampling::detail
