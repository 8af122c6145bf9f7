#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "assay/base/result.hpp"
#include "assay/experiment/plan.hpp"
#include "assay/sequential/conditional_power.hpp"
#include "assay/sequential/monitoring.hpp"
#include "assay/spec/experiment.hpp"
#include "assay/stats/contrast.hpp"
#include "assay/stats/non_inferiority.hpp"

/// An experiment that is looked at more than once must be read more strictly. This decides how.
namespace assay::experiment {

/// What one metric and arm showed at an earlier look.
struct PastEstimate {
  std::string metric;
  std::string arm;
  double difference = 0.0;
  double std_error = 0.0;
};

/// An earlier look at less data.
struct PastLook {
  double information = 0.0;   ///< Fraction of the planned maximum.
  std::int64_t analysed = 0;  ///< Units.
  std::vector<PastEstimate> estimates;
};

/// Where the experiment stands when it is looked at now.
struct LookProgress {
  std::vector<PastLook> past;
  double information = 1.0;  ///< Fraction of the planned maximum, above that of the past looks.
  std::int64_t analysed = 0;
  bool final = true;  ///< The period is over.
};

enum class ReadingMode : std::uint8_t {
  fixed_horizon,        ///< One look, at the end.
  early,                ///< One look so far, before the end, that no plan pays for: exploratory.
  group_sequential,     ///< As planned in the spec.
  confidence_sequence,  ///< As planned, or because an unplanned look came before.
};

/// How strictly the data are read at this look: every metric by the same critical value.
struct LookReading {
  ReadingMode mode = ReadingMode::fixed_horizon;
  std::size_t number = 1;  ///< Of this look, from 1.
  double information = 1.0;
  bool final = true;
  double critical_value = 0.0;  ///< |z| to be reached; infinite: too early for any.
  double level = 0.95;          ///< Of intervals at this look; they hold at all looks together.
  bool unplanned = false;       ///< A confidence sequence because of earlier unplanned looks.
  std::vector<double> next_information;      ///< group_sequential: planned looks to come,
  std::vector<double> next_critical_values;  ///< and what they will ask for.
  std::string words;                         ///< One sentence for the readout.
};

/// The spending function of a group sequential plan, out of `alpha`.
sequential::Spending spending_of(const spec::Looks& looks, double alpha);

/// Reads the plan of looks in the spec against what happened. Without a plan the final look is a
/// fixed horizon if nobody looked before; if somebody did, the reading is a confidence sequence
/// tuned to the planned (else the present) number of units: never a fixed horizon.
/// Fails with invalid_data when looks are out of order or information falls.
Result<LookReading> read_look(const spec::Experiment& experiment, const LookProgress& progress);

/// The share of the planned maximum: analysed units over looks.planned_n, else over days complete
/// by `complete_until` of the days of the period. At most 1 unless more units came than planned.
double information_of(const spec::Experiment& experiment, const Plan& plan, std::int64_t analysed);

/// The p-value of a contrast that may be acted on at this look, whatever looks came before or will
/// come; that of the contrast itself for a fixed horizon.
/// Always true: below alpha <=> the contrast made at LookReading::level excludes 0.
Result<double> valid_p_value(const spec::Experiment& experiment, const LookReading& look,
                             const LookProgress& progress, const stats::Contrast& contrast);

/// What a group sequential look says of one metric beyond crossing or not.
struct MetricMonitoring {
  sequential::Monitoring looks;  ///< Look by look; after a stop the median-unbiased estimate.
  std::optional<sequential::InterimProspects> prospects;  ///< While looks are still to come.
};

/// Prospects are of success in the metric's good `direction`.
/// Fails as sequential::monitor does; only for ReadingMode::group_sequential.
Result<MetricMonitoring> monitor_metric(const spec::Experiment& experiment, const LookReading& look,
                                        const LookProgress& progress, std::string_view metric,
                                        std::string_view arm, const stats::Contrast& contrast,
                                        stats::Direction direction);

}  // namespace assay::experiment
