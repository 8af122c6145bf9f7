#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "assay/base/result.hpp"
#include "assay/survival/observations.hpp"

namespace assay::survival {

/// Weight S^rho (1 - S)^gamma of each event time, S the pooled curve just before: (0, 0) is the
/// log-rank test, rho > 0 looks at early differences, gamma > 0 at late ones.
struct LogRankOptions {
  double rho = 0.0;
  double gamma = 0.0;
  std::span<const std::int32_t> stratum = {};  ///< One number a unit; empty: one stratum.
};

struct LogRankArm {
  std::int64_t n = 0;
  std::int64_t events = 0;
  double observed = 0.0;  ///< Weighted events.
  double expected = 0.0;  ///< Weighted events if all arms had one hazard.
};

struct LogRank {
  std::vector<LogRankArm> arms;  ///< By arm number.
  double chi_squared = 0.0;
  double degrees_of_freedom = 0.0;  ///< Arms with something expected, minus 1.
  double p_value = 1.0;
};

/// Tests that two or more arms have one hazard at every time (within each stratum).
/// `arm` numbers the arms 0, 1, ... Assumes crossing hazards are not what is looked for: arms whose
/// curves cross may differ a lot and give a large p. Compare restricted means then.
/// Fails as check_observations does, with invalid_spec (lengths differ, rho or gamma negative or
/// not finite) and undefined_statistic (fewer than two arms, no event at a time when two arms are
/// at risk).
/// References: Mantel, Cancer Chemother. Rep. 50 (1966) 163-170; Harrington & Fleming, Biometrika
/// 69 (1982) 553-566.
Result<LogRank> log_rank(const Observations& data, std::span<const std::int32_t> arm,
                         const LogRankOptions& options = {});

}  // namespace assay::survival
