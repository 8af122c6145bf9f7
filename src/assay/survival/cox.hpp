#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "assay/base/result.hpp"
#include "assay/numerics/linear_algebra.hpp"
#include "assay/stats/contrast.hpp"
#include "assay/survival/observations.hpp"

namespace assay::survival {

/// How several events at one time share it.
enum class Ties : std::uint8_t {
  efron,    ///< Close to exact; the default.
  breslow,  ///< Coarser, pulls coefficients towards 0 when ties are many.
};

/// The clock on which a hazard ratio might drift.
enum class HazardClock : std::uint8_t {
  kaplan_meier,  ///< 1 - S(t-), S over all units: late, thin times weigh no more than early ones.
  identity,      ///< Time itself.
};

struct CoxInput {
  Observations data;
  std::vector<std::string> names;              ///< One a covariate.
  std::span<const double> covariates;          ///< Row by row: units x names.
  std::span<const std::int32_t> stratum = {};  ///< Own baseline hazard each; empty: one.
  /// Robust variance: one number a unit, units of one number together. Empty: none. Give each unit
  /// its own number for the robust variance without clusters.
  std::span<const std::int64_t> cluster = {};
};

struct CoxOptions {
  Ties ties = Ties::efron;
  HazardClock clock = HazardClock::kaplan_meier;
  double confidence_level = 0.95;
};

struct CoxTerm {
  std::string name;
  double coefficient = 0.0;  ///< Log hazard ratio of one more of the covariate.
  double std_error = 0.0;    ///< From the information.
  std::optional<double> robust_std_error;
  double hazard_ratio = 1.0;
  double ci_low = 1.0;  ///< Of the hazard ratio; by the robust error where there is one.
  double ci_high = 1.0;
  double z = 0.0;
  double p_value = 1.0;
  double drift_chi_squared = 0.0;  ///< Test that the hazard ratio does not change with the clock.
  double drift_p_value = 1.0;
};

struct Cox {
  std::int64_t n = 0;
  std::int64_t n_events = 0;
  std::optional<std::int64_t> n_clusters;
  double confidence_level = 0.95;
  std::vector<CoxTerm> terms;
  numerics::SymmetricMatrix covariance;  ///< Of the coefficients; robust where there are clusters.
  double log_likelihood_null = 0.0;
  double log_likelihood = 0.0;
  double likelihood_ratio = 0.0;  ///< Chi-squared with one degree of freedom a term.
  double likelihood_ratio_p_value = 1.0;
  double score_chi_squared = 0.0;  ///< The score test; the log-rank test for one 0/1 covariate.
  double score_p_value = 1.0;
  double drift_chi_squared = 0.0;  ///< All terms together.
  double drift_p_value = 1.0;
  int iterations = 0;
  std::vector<stats::Note> notes;  ///< hazards_not_proportional, few_events, few_clusters.
};

/// Proportional hazards regression by the partial likelihood.
///
/// The clustered variance sums the units' influence over each cluster (Lin & Wei 1989), normal
/// reference; below 40 clusters a note says that it is too small. The test of proportional hazards
/// is the score test of covariate x clock built from the Schoenfeld residuals and the risk sets'
/// own covariances (Grambsch & Therneau 1994, as R's cox.zph since survival 3.0).
/// Fails as check_observations does, with invalid_spec (shapes, confidence level), invalid_data
/// (a covariate that is not finite) and undefined_statistic (no events, a covariate constant or
/// collinear among those at risk, a hazard ratio without bound: one group has no event).
/// References: Cox, JRSS B 34 (1972) 187-220; Efron, JASA 72 (1977) 557-565.
Result<Cox> cox(const CoxInput& input, const CoxOptions& options = {});

/// The log hazard ratio of a term as a contrast with 0: p and interval are the term's own.
Result<stats::Contrast> log_hazard_contrast(const Cox& fit, std::size_t term);

}  // namespace assay::survival
