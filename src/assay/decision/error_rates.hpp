#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "assay/base/progress.hpp"
#include "assay/base/result.hpp"
#include "assay/experiment/plan.hpp"
#include "assay/numerics/linear_algebra.hpp"
#include "assay/spec/experiment.hpp"
#include "assay/stats/interval.hpp"

namespace assay::decision {

/// What is known of a metric before the data.
struct MetricOutlook {
  double baseline = 0.0;       ///< Its value without treatment.
  double unit_variance = 1.0;  ///< Of one unit's contribution, after covariates.
};

/// A state of nature: the true change of each metric (as in Plan::metrics), the same in every
/// treatment arm.
struct TrueEffects {
  std::string name;  ///< "null", "target", "harm: crash_rate"
  std::vector<double> effects;
};

/// Shares of the units in the values of a segment of the plan; they sum to 1.
struct SegmentShares {
  std::string segment;
  std::vector<double> shares;
};

struct RuleQuestion {
  std::vector<MetricOutlook> metrics;     ///< As in Plan::metrics.
  numerics::SymmetricMatrix correlation;  ///< Of units' contributions; size 0: independent.
  double n_total = 0.0;                   ///< Units analysed, all arms.
  std::vector<TrueEffects> worlds;
  std::vector<SegmentShares> segments;  ///< Segments that are missing have one value.
  std::vector<double> looks = {1.0};    ///< Fractions of the units at which the rules are read;
                                        ///< a ship, do_not_ship or invalid ends it.
  int replications = 2000;
  std::uint64_t seed = 1;
  int threads = 1;
};

inline constexpr std::size_t kVerdicts = 5;

/// How often each verdict comes out in one state of nature.
struct WorldRates {
  std::string world;
  std::array<std::int64_t, kVerdicts> verdicts{};  ///< By spec::Verdict.
  stats::ProportionInterval ship;                  ///< Clopper-Pearson, 95 %.
  std::vector<double> favourable;    ///< By metric: better; of guardrails: non-inferior.
  std::vector<double> unfavourable;  ///< By metric: worse; of guardrails: harmed.
  double mean_share_of_units = 1.0;  ///< At the look that ended it.
};

struct RuleRates {
  double n_total = 0.0;
  int replications = 0;
  std::vector<WorldRates> worlds;
  std::vector<std::string> assumed;  ///< What the simulation takes for granted, in words.
};

/// The error rates of the written rules as a whole. Draws the arms' values jointly normal with the
/// metrics' correlation, counts of units binomial, and hands them to the code that reads the real
/// data: experiment::check_integrity (sample ratio alone), experiment::analyze, decision::decide.
/// Every metric is read by Welch's t (proportions with the variance of the drawn share). Inside a
/// segment the metric varies as it does overall.
/// The same draws serve every world and any number of units. Same bits for any number of threads.
/// Fails with invalid_spec: outlooks, effects or correlation of another size than the plan's
/// metrics, no correlation matrix, variances not positive, shares that do not sum to 1, looks not
/// increasing up to 1, fewer than two units in an arm.
/// Reference: Schultzberg, Ankargren & Franberg, arXiv:2402.11609 (rules; bounds, not simulation).
Result<RuleRates> rule_error_rates(const spec::Experiment& experiment, const experiment::Plan& plan,
                                   const RuleQuestion& question, const Progress& progress = {});

/// The inverse: the fewest units (to 1 %) at which world `which` of the question ships with at
/// least `power`. Fails as rule_error_rates does, and with undefined_statistic when no number of
/// units does: a rule whose lift must be at least the true one ships half of the time.
Result<std::int64_t> units_for_rule(const spec::Experiment& experiment,
                                    const experiment::Plan& plan, RuleQuestion question,
                                    std::size_t which, double power, const Progress& progress = {});

/// The states of nature that a rule is judged in: null; target (every primary metric improves by
/// `relative_effect` of its baseline); for each guardrail harm (it worsens by exactly its margin
/// while the primaries improve as in target); worse (the primaries fall by as much).
std::vector<TrueEffects> usual_worlds(const experiment::Plan& plan,
                                      const std::vector<MetricOutlook>& outlook,
                                      double relative_effect);

}  // namespace assay::decision
