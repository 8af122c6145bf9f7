#pragma once

#include "assay/stats/two_proportion.hpp"

namespace assay::stats::detail {

/// One-sided exact unconditional p-values: the largest probability, over the nuisance proportions
/// that a 1 - 1e-6 region allows, of a table whose score statistic is at least (at most) the
/// observed one; plus 1e-6 for the region (Berger & Boos, JASA 89 (1994) 1012-1016).
OneSidedP exact_one_sided(const TwoCounts& counts, ProportionNull null);

}  // namespace assay::stats::detail
