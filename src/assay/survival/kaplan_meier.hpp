#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "assay/base/result.hpp"
#include "assay/stats/contrast.hpp"
#include "assay/survival/observations.hpp"

namespace assay::survival {

/// The scale on which the pointwise interval of a curve is symmetric.
enum class CurveInterval : std::uint8_t {
  log_log,  ///< log(-log S): stays inside (0, 1), best in small samples. The default.
  log,      ///< log S, cut at 1 (what R's survfit gives unless told).
  plain,    ///< S, cut to [0, 1].
};

struct CurvePoint {
  double time = 0.0;
  std::int64_t at_risk = 0;
  std::int64_t events = 0;
  std::int64_t censored = 0;
  double survival = 1.0;   ///< Share without the event beyond this time.
  double std_error = 0.0;  ///< Greenwood.
  /// Pointwise. Absent where the data give none: before the first event and where nobody is left.
  std::optional<double> ci_low;
  std::optional<double> ci_high;
};

/// Time by which a share of units has had the event; absent where the curve does not fall so far.
struct TimeQuantile {
  double share = 0.5;
  std::optional<double> time;
  std::optional<double> ci_low;
  std::optional<double> ci_high;
};

struct KaplanMeier {
  std::int64_t n = 0;
  std::int64_t n_events = 0;
  double last_time = 0.0;  ///< The curve is not defined beyond it unless it reached 0.
  double confidence_level = 0.95;
  std::vector<CurvePoint> points;  ///< Every distinct time, ascending.
  TimeQuantile median;
};

/// The product-limit curve with Greenwood's variance.
/// Fails as check_observations does and with invalid_spec (confidence level outside (0, 1)).
/// Under late entry, fails with undefined_statistic when everyone watched at an early time has the
/// event: the curve drops to 0 there and never recovers.
/// References: Kaplan & Meier, JASA 53 (1958) 457-481; Greenwood (1926); Kalbfleisch & Prentice,
/// The Statistical Analysis of Failure Time Data (2002) 1.4 (log-log interval).
Result<KaplanMeier> kaplan_meier(const Observations& data, double confidence_level,
                                 CurveInterval interval = CurveInterval::log_log);

/// Where the curve and its interval cross 1 - share (0 < share < 1). Where the curve is flat
/// exactly there, the middle of that stretch.
TimeQuantile time_quantile(const KaplanMeier& curve, double share);

/// Survival and Greenwood's standard error at one time.
struct SurvivalAt {
  double survival = 1.0;
  double std_error = 0.0;
  std::int64_t at_risk = 0;  ///< Watched just before.
};
/// Fails with undefined_statistic when time lies beyond the last watched one.
Result<SurvivalAt> survival_at(const KaplanMeier& curve, double time);

/// The difference of two arms in the share that has had the event by `time` (1 - survival),
/// censored units counted as long as they were watched. Normal reference. Fails as kaplan_meier and
/// survival_at do, and with undefined_statistic when neither arm has both events and survivors by
/// then.
Result<stats::Contrast> compare_event_share(const Observations& control,
                                            const Observations& treatment, double time,
                                            double confidence_level);

}  // namespace assay::survival
