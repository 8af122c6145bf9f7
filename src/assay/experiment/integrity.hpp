#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "assay/base/result.hpp"
#include "assay/experiment/plan.hpp"
#include "assay/stats/balance.hpp"
#include "assay/stats/sample_ratio.hpp"

namespace assay::experiment {

enum class CheckStatus : std::uint8_t { passed, failed, not_run };

/// One integrity check as it came out. A failed one stands above every estimate.
struct IntegrityCheck {
  std::string name;  ///< "sample ratio", "balance", ...
  CheckStatus status = CheckStatus::not_run;
  std::string observed;  ///< What was seen, with its numbers.
  std::string rule;      ///< When it fails.
  std::string detail;    ///< What it means, or why it did not run.
};

/// A pre-treatment covariate or dimension compared between an arm and the baseline.
struct BalanceReading {
  std::string covariate;
  std::string arm;
  std::optional<double> std_difference;  ///< Numeric covariates.
  double p_value = 1.0;
};

struct Integrity {
  std::vector<IntegrityCheck> checks;
  std::optional<stats::SampleRatioSearch> sample_ratio;
  std::vector<BalanceReading> balance;

  [[nodiscard]] bool any_failed() const;
};

/// Runs the checks that the experiment declares, on assigned units, before any estimate is made.
/// Sample ratio: chi-square against the planned weights over all arms, then every value of the
/// `by` dimensions and every day of assignment, Holm over all. Balance: every covariate named
/// (`pre_<metric>` by Welch's t on the pre-period value of analysed units, a dimension by
/// chi-square on assigned units), Bonferroni over all of them.
/// Fails with invalid_data when an arm has no unit or nobody was exposed, invalid_spec when a
/// covariate names nothing that is there, and
/// undefined_statistic when no unit was assigned.
Result<Integrity> check_integrity(const spec::Experiment& experiment, const Plan& plan,
                                  const engine::ExperimentMoments& moments);

}  // namespace assay::experiment
