#pragma once

#include <cstdint>
#include <optional>

#include "assay/base/result.hpp"
#include "assay/stats/interval.hpp"
#include "assay/stats/two_proportion.hpp"

namespace assay::stats {

/// Events over exposure (user days, impressions, spend) in two arms.
struct TwoRates {
  std::int64_t events_control = 0;
  double exposure_control = 0.0;
  std::int64_t events_treatment = 0;
  double exposure_treatment = 0.0;
};

/// The ratio of two Poisson rates. p_value < 1 - level <=> [ci_low, ci_high] excludes 1.
struct RateRatio {
  double rate_control = 0.0;
  double rate_treatment = 0.0;
  std::optional<double> ratio;  ///< treatment / control; none without a control event.
  double ci_low = 0.0;
  std::optional<double> ci_high;  ///< None: unbounded, no control event.
  double p_value = 1.0;           ///< Exact, twice the smaller tail.
  double p_greater = 1.0;         ///< Against "treatment's rate is at most control's".
  double p_less = 1.0;
  double mid_p_value = 1.0;  ///< Twice the smaller tail with half the observed point; not exact.
};

/// Exact conditional comparison of rates: given the total, treatment's events are binomial with
/// share r t2 / (t1 + r t2); the interval is Clopper & Pearson's of that share.
/// Assumes events are independent (one user with many events breaks it: then compare means per
/// user). Fails with invalid_data (negative events), invalid_spec (exposure not positive,
/// confidence level) and undefined_statistic (no event at all).
/// Reference: Przyborowski & Wilenski, Biometrika 31 (1940) 313-323.
Result<RateRatio> rate_ratio(const TwoRates& rates, double confidence_level);

/// Fisher's exact test, conditional on the margins.
struct FisherExact {
  std::optional<double> odds_ratio;  ///< Sample's, treatment over control; none without all cells.
  double p_greater = 1.0;            ///< Treatment is higher.
  double p_less = 1.0;
  double p_value = 1.0;      ///< Tables no likelier than the observed one (as R and scipy).
  double mid_p_value = 1.0;  ///< Twice the smaller tail, the observed table counted half.
};
/// Fails as two_proportion does.
/// References: Fisher, JRSS 98 (1935) 39-82; Lancaster, JASA 56 (1961) 223-234 (mid-p).
Result<FisherExact> fisher_exact(const TwoCounts& counts);

/// Boschloo's exact unconditional test: the largest probability, over the common proportion, of a
/// table whose one-sided Fisher p is as small. Never less powerful than Fisher's.
/// Fails as two_proportion does, and with invalid_spec beyond 1,000 units an arm.
/// Reference: Boschloo, Statistica Neerlandica 24 (1970) 1-9.
Result<OneSidedP> boschloo(const TwoCounts& counts);

/// Miettinen & Nurminen's score interval of treatment - control or treatment / control, with
/// their factor N / (N - 1). `high` of a ratio is infinite without a control success.
/// Reference: Miettinen & Nurminen, Stat. Med. 4 (1985) 213-226.
Result<ProportionInterval> miettinen_nurminen(const TwoCounts& counts, ProportionNull::Scale scale,
                                              double confidence_level);

}  // namespace assay::stats
