#pragma once

#include <cstdint>

#include "assay/base/result.hpp"
#include "assay/stats/contrast.hpp"
#include "assay/stats/interval.hpp"

namespace assay::stats {

/// A value that a difference or a ratio of proportions may be tested against.
struct ProportionNull {
  enum class Scale : std::uint8_t { difference, ratio };
  Scale scale = Scale::difference;
  double value = 0.0;  ///< treatment - control, or treatment / control.
};

/// One-sided p-values at a null value: `greater` against "the true value is at most this",
/// `less` against "at least this".
struct OneSidedP {
  double greater = 1.0;
  double less = 1.0;
};

/// Compares two proportions with one test in all readings.
///
/// p by the pooled score z (no continuity correction). The interval of the difference inverts
/// the same score test (Mee 1984: Miettinen-Nurminen without the N / (N - 1) factor, because the
/// pooled z has none); that of the lift inverts the score test of the ratio (Koopman 1984), whose
/// statistic at ratio 1 is the same pooled z. So p and both intervals always agree.
/// When an expected cell is below 5: Barnard's exact unconditional test ordered by the score
/// statistic, two one-sided tests at alpha / 2 (Chan & Zhang 1999), the nuisance proportion
/// searched in a 1 - 1e-6 region whose price is added (Berger & Boos 1994).
/// Fails with invalid_data (x < 0, x > n) and undefined_statistic (an arm without trials).
Result<Contrast> two_proportion(const TwoCounts& counts, double confidence_level);

/// True when an expected cell under equal proportions is below 5.
bool needs_exact_test(const TwoCounts& counts);

/// True when the exact test spans few enough counts to be enumerated within about a second;
/// beyond it two_proportion keeps the score test and says so.
bool exact_test_is_affordable(const TwoCounts& counts);

/// The score test at any null value; Farrington & Manning (1990) for a margin.
OneSidedP score_test(const TwoCounts& counts, ProportionNull null);

/// The exact test at any null value. Assumes exact_test_is_affordable.
OneSidedP exact_test(const TwoCounts& counts, ProportionNull null);

/// Newcombe's hybrid score interval of treatment - control, made of the two Wilson intervals.
/// Reference: Newcombe, Statistics in Medicine 17 (1998) 873-890, method 10.
Result<ProportionInterval> newcombe(const TwoCounts& counts, double confidence_level);

}  // namespace assay::stats
