#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "assay/base/result.hpp"
#include "assay/sequential/group_sequential.hpp"

/// Changing the size of a running trial without losing alpha.
namespace assay::sequential {

/// A one-sided trial with one interim look, no early stop for efficacy.
struct PromisingZonePlan {
  double alpha = 0.025;           ///< One-sided.
  double interim_fraction = 0.5;  ///< Of the planned information, at the interim look.
  double target_power = 0.8;      ///< Conditional power to restore.
  double most_information = 2.0;  ///< As a multiple of the planned information, above 1.
  /// Below this conditional power the size stays as planned. 0: the smallest value from which the
  /// ordinary final test keeps its level (Mehta & Pocock's CPmin).
  double least_conditional_power = 0.0;
};

enum class Zone : std::uint8_t {
  unfavourable,  ///< Too little promise: keep the plan (or stop).
  promising,     ///< Raise the size.
  favourable,    ///< Enough power as planned.
};
std::string_view to_text(Zone zone);

struct Reestimation {
  Zone zone = Zone::unfavourable;
  double conditional_power = 0.0;        ///< At the planned size, if the observed effect is true.
  double least_conditional_power = 0.0;  ///< Where the promising zone begins.
  double new_information = 1.0;          ///< Multiple of the planned information, 1 or more.
  double new_conditional_power = 0.0;    ///< At that size.
  bool capped = false;                   ///< The target needs more than most_information.
  /// The critical value of the ordinary final z that keeps alpha exactly; where it is at most
  /// z(alpha) the ordinary test is safe.
  double adjusted_critical_value = 0.0;
  bool ordinary_test_valid = false;
  /// Fixed weights of the inverse normal combination: sqrt of the planned shares of information.
  double weight_before = 0.0;
  double weight_after = 0.0;
};

/// Fails with invalid_spec (alpha not within (0, 0.5), fraction or powers not within (0, 1),
/// most_information not above 1) and invalid_data (z not finite).
/// Reference: Mehta & Pocock, Statistics in Medicine 30 (2011) 3267-3284; Gao, Ware & Mehta,
/// Journal of Biopharmaceutical Statistics 18 (2008) 1184-1196.
Result<Reestimation> reestimate(const PromisingZonePlan& plan, double interim_statistic);

/// The data of one stage by itself, not cumulative.
struct StageData {
  double estimate = 0.0;
  double std_error = 0.0;
};

struct CombinationReading {
  double statistic = 0.0;  ///< Weighted sum of the stages' z, variance 1.
  double critical_value = 0.0;
  bool rejects = false;
  double ci_low = 0.0;  ///< Repeated interval of the effect, from the same statistic.
  double ci_high = 0.0;
};

/// Combines stages with weights fixed by the plan: sqrt of each stage's planned share of
/// information. Alpha holds whatever sizes the later stages were given in view of the earlier ones.
/// Stages in the design's order, at most as many as it has looks.
/// Fails with invalid_data (no stage, too many, std_error not above 0, values not finite).
/// Reference: Cui, Hung & Wang, Biometrics 55 (1999) 853-857; Lehmacher & Wassmer, Biometrics 55
/// (1999) 1286-1290.
Result<std::vector<CombinationReading>> combine_stages(const GroupSequentialDesign& design,
                                                       std::span<const StageData> stages);

}  // namespace assay::sequential
