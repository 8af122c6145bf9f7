#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "assay/base/progress.hpp"
#include "assay/base/result.hpp"
#include "assay/resampling/mechanism.hpp"
#include "assay/resampling/uniformity.hpp"
#include "assay/stats/contrast.hpp"
#include "assay/stats/multiplicity.hpp"

namespace assay::resampling {

/// One metric of the units, as the analysis will treat it.
struct AaMetric {
  std::string name;
  stats::MetricKind kind = stats::MetricKind::mean;
  stats::Adjustment adjustment = stats::Adjustment::none;
  std::span<const double> y;
  std::span<const double> d = {};  ///< Of a ratio only.
  std::vector<std::span<const double>> covariates = {};
  /// Values of y above this quantile of all units are lowered to it, the same for all arms;
  /// 1: not capped.
  double cap_quantile = 1.0;
  std::string family = {};  ///< Metrics whose p-values are corrected together; empty: alone.
  /// An effect planted in every treatment arm, a share of each unit's y: the run then measures
  /// power. Not for proportions.
  double planted_lift = 0.0;
};

enum class AaAssignment : std::uint8_t {
  coin,     ///< Each unit by itself with the weights, as a hash splits.
  complete  ///< The weights met exactly (rounded at random), within strata where given.
};

/// What one draw showed for one treatment arm; valid during the call only.
struct AaReading {
  std::int64_t draw = 0;
  std::size_t arm = 1;
  /// One a metric; empty when the draw left it undefined.
  std::span<const std::optional<stats::Contrast>> contrasts;
  std::span<const double> adjusted_p_values;  ///< Within families; 1 where undefined.
};

/// Gives the position of the verdict in AaOptions::verdicts. Called on several threads at once.
using AaDecision = std::function<std::size_t(const AaReading&)>;

struct AaOptions {
  std::vector<double> weights{0.5, 0.5};  ///< Relative; arm 0 is control.
  AaAssignment assignment = AaAssignment::coin;
  std::span<const std::int64_t> strata = {};    ///< One a unit, for `complete`; empty: one stratum.
  std::span<const std::int64_t> clusters = {};  ///< One a unit: these are assigned whole, while the
                                                ///< analysis stays by unit. Not with strata.
  const Mechanism* mechanism = nullptr;         ///< Assigns instead of the above; two arms.
  std::int64_t draws = 10'000;
  std::uint64_t seed = 1;
  double confidence_level = 0.95;
  stats::Multiplicity multiplicity = stats::Multiplicity::holm;
  std::vector<std::string> verdicts = {};  ///< Words of the decision; empty: no decision.
  AaDecision decision = {};
  int threads = 1;  ///< Never changes a bit of the answer.
};

/// A counted rate with its exact binomial (Clopper-Pearson) 95 % interval.
struct AchievedRate {
  std::int64_t events = 0;
  std::int64_t draws = 0;
  double rate = 0.0;
  double ci_low = 0.0;
  double ci_high = 1.0;
};

struct MetricCertificate {
  std::string name;
  std::size_t arm = 1;
  AchievedRate rejected;        ///< Interval excludes 0; nominal 1 - confidence level.
  AchievedRate rejected_above;  ///< ... above it; nominal half of that.
  AchievedRate rejected_below;
  std::optional<Uniformity> p_values;
  std::int64_t n_undefined = 0;  ///< Draws without a contrast, and why the first had none.
  std::string undefined_reason;
  double mean_difference = 0.0;    ///< Over draws; near 0 without a planted effect.
  double sd_of_differences = 0.0;  ///< What the standard error claims to be.
  double mean_std_error = 0.0;     ///< Root of the mean square of the claimed ones.
  std::optional<double> cap;       ///< The value that the cap quantile is.
};

struct FamilyCertificate {
  std::string name;
  std::size_t arm = 1;
  std::size_t n_metrics = 0;
  AchievedRate any_rejected;  ///< An adjusted p below 1 - confidence level; nominal at most that.
};

struct VerdictRate {
  std::string verdict;
  std::size_t arm = 1;
  AchievedRate rate;
};

struct AaCertificate {
  std::int64_t n_units = 0;
  std::int64_t draws = 0;
  std::uint64_t seed = 0;
  std::vector<MetricCertificate> metrics;   ///< By arm, then in the order given.
  std::vector<FamilyCertificate> families;  ///< By arm, then in order of first appearance.
  std::vector<VerdictRate> verdicts;
};

/// The A/A engine: assigns the user's own units again and again, puts every draw through the very
/// pipeline of the analysis (cap, regression adjustment, ratio, multiplicity, decision), and
/// counts how often it errs. Contrasts are those of stats::compare on the units so split.
///
/// A draw needs only each treatment arm's sums of the variables and of their products (control is
/// the rest), so all draws share one pass: sums of the 16 subsets of every 4 units are tabulated
/// once for hundreds of draws. Variables are centred at their mean over all units, so nothing
/// cancels. Memory: the variables once more, and up to 64 MB of masks a thread.
/// A coin's probability is rounded to a multiple of 2^-32.
///
/// Fails with invalid_spec (no metric or unit, lengths differ, weights not positive, cap outside
/// (0, 1], fewer than one draw, planted effect on a proportion), invalid_data (a value that is not
/// finite, a proportion that is not 0 or 1) and interrupted.
/// Assumes: `strata` and `clusters` were known before assignment.
Result<AaCertificate> rerandomize(const std::vector<AaMetric>& metrics, const AaOptions& options,
                                  const Progress& progress = {});

/// The arms that draw number `draw` assigns (0 control), and the contrasts that it gave, metrics of
/// arm 1 first: to look at a single draw. Fails as rerandomize does.
struct AaDraw {
  std::vector<std::uint8_t> arms;
  std::vector<std::optional<stats::Contrast>> contrasts;
};
Result<AaDraw> replay_draw(const std::vector<AaMetric>& metrics, const AaOptions& options,
                           std::int64_t draw);

}  // namespace assay::resampling
