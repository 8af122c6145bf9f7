#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "assay/base/progress.hpp"
#include "assay/base/result.hpp"
#include "assay/stats/contrast.hpp"
#include "assay/stats/interval.hpp"

namespace assay::design {

/// Units of the user's own history, a column a variable, and how the analysis reads them.
struct UnitColumns {
  stats::MetricKind kind = stats::MetricKind::mean;
  std::span<const double> y;
  std::span<const double> d;                        ///< Ratio: the denominator.
  std::vector<std::span<const double>> covariates;  ///< Measured before; the first is y's own past.
  std::optional<double> cap_quantile;               ///< Of y, over the units of all arms.
  bool cap_ignores_zeros = false;
  std::optional<double> cap_value;
};

/// What is done to treated units. The average effect is `size` whatever the share, so that the same
/// effect can be spread over all or fall on few.
struct PlantedEffect {
  enum class Kind : std::uint8_t {
    additive,       ///< y + size; of a proportion: that share of units turns.
    multiplicative  ///< y (1 + size): a relative change.
  } kind = Kind::multiplicative;
  double size = 0.0;
  double share_of_units = 1.0;  ///< Who feels it, at random; (0, 1].
};

struct UnitPowerPlan {
  std::int64_t n_total = 0;  ///< On average; drawn without replacement. 0: all units.
  double treatment_share = 0.5;
  double alpha = 0.05;
  PlantedEffect effect;
  stats::Adjustment adjustment = stats::Adjustment::none;
  int replications = 1000;
  std::uint64_t seed = 1;
  int threads = 1;
};

/// Rejections of many re-randomisations of the same units.
struct UnitPower {
  int replications = 0;
  int undefined = 0;  ///< Without a comparison (an arm without spread); counted as no rejection.
  int found = 0;      ///< Rejections in the direction of the effect (null: above).
  int wrong_way = 0;  ///< In the other direction.
  stats::ProportionInterval power;  ///< (found + wrong_way) / replications, Clopper-Pearson 95 %.
  double mean_difference = 0.0;     ///< Of the estimates.
  double sd_of_differences = 0.0;   ///< Their true spread ...
  double mean_std_error = 0.0;      ///< ... and what the analysis says of it.
};

/// Re-randomises the units, plants the effect in treatment, caps, adjusts and compares by
/// stats::compare: the check of a formula on real tails. The same bits for any number of threads.
/// Fails with invalid_spec (columns of different length, alpha or share outside (0, 1), no
/// replication, a planted share outside (0, 1], more units asked than there are: says both, an
/// effect that pushes a proportion out of 0 to 1) and with undefined_statistic (fewer than 20
/// units).
Result<UnitPower> simulate_power(const UnitColumns& units, const UnitPowerPlan& plan,
                                 const Progress& progress = {});

}  // namespace assay::design
