#pragma once

#include <cstdint>
#include <optional>

#include "assay/base/result.hpp"
#include "assay/design/many_arms.hpp"
#include "assay/design/outcome.hpp"
#include "assay/stats/non_inferiority.hpp"
#include "assay/stats/power.hpp"

namespace assay::design {

/// Randomisation by groups of units.
struct Clusters {
  double mean_size = 1.0;  ///< Units a cluster.
  double size_cv = 0.0;    ///< Standard deviation of the cluster sizes over their mean.
  double icc = 0.0;        ///< Intracluster correlation.
};

/// Everything that decides how many units an experiment needs, other than their number and the
/// effect. All parts compose.
struct Design {
  Outcome outcome;
  double alpha = 0.05;  ///< Of the whole family of comparisons.
  double power = 0.8;
  bool one_sided = false;
  Comparisons comparisons = {};              ///< Treatments, their share and correction.
  std::optional<Clusters> clusters = {};     ///< None: units are randomised by themselves.
  std::optional<stats::Margin> margin = {};  ///< Non-inferiority: tests against the margin,
                                             ///< one-sided at alpha (say 0.025).
  stats::Direction direction = stats::Direction::increase;  ///< Good way of the metric.
  double inflation = 1.0;  ///< Of repeated looks: most units over those of one look.
};

/// The price of clusters: 1 + ((1 + cv^2) m - 1) icc.
/// Fails with invalid_spec (mean size below 1, negative cv, icc outside [0, 1]).
/// References: Donner & Klar (2000) ch. 5; Eldridge, Ashby & Kerry, IJE 35 (2006) 1292-1300.
Result<double> design_effect(const Clusters& clusters);

/// The chance that the comparison of one treatment with control succeeds when the true change is
/// `effect` (treatment - control), `n_total` units in all arms. Superiority: rejects no change.
/// With a margin: shows that the change is not worse than the margin, where the linear contrast
/// treatment - (1 -+ margin) control counts the control's variance when the margin is relative, and
/// proportions use the restricted estimates of Farrington & Manning, Stat. Med. 9 (1990) 1447-1454.
/// Degrees of freedom: Welch's over units, or over clusters less one an arm.
/// Fails with invalid_spec: alpha or power outside (0, 1), negative variances, an arm below two
/// units (or clusters), a share pushed out of (0, 1), an inflation below 1, a margin not positive.
Result<double> power_of(const Design& design, double effect, double n_total);

/// The smallest total of all arms that reaches the design's power at `effect`. Fails as power_of
/// does, with invalid_spec when the effect is 0 (or lies at or beyond the margin), and with
/// undefined_statistic when no number reaches it.
Result<std::int64_t> units_needed(const Design& design, double effect);

/// The smallest change in the good direction that reaches the design's power with n_total units;
/// with a margin: the smallest margin (on its own scale) that is shown when nothing changes.
/// Fails as power_of does, with undefined_statistic when none does (a share beyond 1).
Result<double> detectable_effect(const Design& design, double n_total);

/// Units of each arm, control first, of a total.
struct ArmSizes {
  double control = 0.0;
  double treatment = 0.0;  ///< Of each.
};
ArmSizes arm_sizes(const Design& design, double n_total);

}  // namespace assay::design
