#pragma once

#include "assay/stats/contrast.hpp"

namespace assay::stats {

/// CUPED as Lin's fully interacted regression, from moments alone: each arm has its own slopes,
/// covariates are centred at their mean over both arms, the residual variance of an arm has
/// n - 1 - q degrees of freedom, and the randomness of the pooled covariate mean is counted.
/// Arms under 20 (q + 1) units share one within-arm slope; covariates that are constant or
/// collinear in an arm are dropped with a note.
///
/// `kind` mean or proportion: variables [y, x_1..x_q]; ratio: [y, d, x_1..x_q], numerator and
/// denominator adjusted jointly. The base of the lift is the adjusted control value.
/// Assumes: covariates were measured before exposure.
/// References: Lin, Ann. Appl. Stat. 7 (2013) 295-318; Negi & Wooldridge, Econometric Reviews 40
/// (2021) 504-534; Deng, Xu, Kohavi & Walker, WSDM 2013. Why moments suffice:
/// docs/decisions/0004-lin-from-moments.md.
Result<Contrast> lin(const numerics::CoMoments& control, const numerics::CoMoments& treatment,
                     const CompareOptions& options);

}  // namespace assay::stats
