#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "assay/base/time.hpp"
#include "assay/frame/predicate.hpp"
#include "assay/numerics/moments.hpp"

/// Queries that every engine answers, and their answers: counts and centred moments, never rows.
/// Words and edge rules are part of the contract; every adapter is tested against them.
namespace assay::engine {

/// Which events are meant: those with one of the names (none: any name, a missing one too) that
/// pass the filter. A name that no event of the source has is an error: nearly always a typo.
struct EventSelector {
  std::vector<std::string> names;
  std::optional<frame::Predicate> where;
};

// ---------------------------------------------------------------------------------------------
// Active users by day

/// Distinct units with a meant event in the `trailing_days` local days that end on each day.
struct ActiveUsersQuery {
  EventSelector event;
  TimeZone timezone = TimeZone::utc();
  int trailing_days = 1;  ///< 1: daily, 7: weekly, 28: monthly active users; at least 1.
};

/// One entry a local day from the first to the last day with any event of any kind; days without
/// a meant event have 0 units. The first trailing_days - 1 days look back before the data.
struct ActiveUsers {
  Day first_day = 0;
  std::vector<std::int64_t> units;
};

// ---------------------------------------------------------------------------------------------
// Retention, criterion `on`, calendar clock

enum class CohortEntry : std::uint8_t {
  first_time,  ///< A unit enters once, on the day of its first start event.
  recurring    ///< A unit enters on every day with a start event.
};

/// Day-N retention: of the units that entered on local day c, how many have a return event on
/// local day c + k exactly, k = 1 ... max_day. A unit counts once a cell. Cohorts run from the
/// first to the last day on which a unit entered; days between without entries have 0 units.
struct RetentionQuery {
  EventSelector start;
  EventSelector returning;
  CohortEntry entry = CohortEntry::first_time;
  int max_day = 28;
  TimeZone timezone = TimeZone::utc();
  TimeUs complete_until = 0;  ///< The data is complete before this instant.
};

/// Cell (c, k) is mature when local day c + k ends at or before complete_until; an immature cell
/// holds a count but belongs in no rate.
struct RetentionTriangle {
  Day first_cohort = 0;  ///< Cohorts are consecutive days from here; may be empty.
  int max_day = 0;
  std::vector<std::int64_t> units;     ///< [cohort]: units that entered.
  std::vector<std::int64_t> retained;  ///< [cohort * max_day + k - 1].
  Day last_complete_day = 0;           ///< The last local day that ends by complete_until.

  [[nodiscard]] std::int64_t at(std::size_t cohort, int k) const {
    return retained[cohort * static_cast<std::size_t>(max_day) + static_cast<std::size_t>(k - 1)];
  }
  [[nodiscard]] bool mature(std::size_t cohort, int k) const {
    return first_cohort + static_cast<Day>(cohort) + k <= last_complete_day;
  }
};

// ---------------------------------------------------------------------------------------------
// Ordered funnel, any entry

/// Steps in order; a unit's depth is the longest prefix of steps that distinct events of the unit
/// satisfy at non-decreasing times, all within `window_us` of the first (equal counts). Events at
/// the same instant may serve in step order whatever their order in the data. One event never
/// serves two steps. Every event that meets step 1 may open an attempt.
struct FunnelQuery {
  std::vector<EventSelector> steps;  ///< 1 to 16.
  std::int64_t window_us = 0;        ///< At least 0.
  std::optional<TimeRange> period;   ///< Only events inside it; none: all.
};

/// reached[i]: units of depth i + 1 or more. time_to_convert: seconds from first to last step of
/// the reported attempt (earliest to finish, then latest to start) of units that reached the end.
struct FunnelCounts {
  std::vector<std::int64_t> reached;
  numerics::Moments time_to_convert;
};

// ---------------------------------------------------------------------------------------------
// Sessions

/// Events of a unit belong to one session while no gap between neighbours exceeds `gap_us`
/// (a gap of exactly gap_us continues the session).
struct SessionsQuery {
  EventSelector event;  ///< Events that make sessions.
  std::int64_t gap_us = 30 * kMinuteUs;
  TimeZone timezone = TimeZone::utc();
};

/// Length is last minus first event in seconds; depth is the number of events. Days run from the
/// first to the last on which a session began; none: first_day 0 and no days.
struct Sessions {
  std::int64_t units = 0;
  std::int64_t sessions = 0;
  numerics::Moments length_seconds;
  numerics::Moments depth;
  Day first_day = 0;
  std::vector<std::int64_t> started;  ///< Sessions that began on each local day.
};

// ---------------------------------------------------------------------------------------------
// Experiment moments

/// How a unit's events of one term become one number. Missing columns are skipped; no event is 0.
/// Columns of sum and max are int64, float64 or boolean (0 and 1).
enum class Aggregation : std::uint8_t {
  count,          ///< Number of meant events.
  sum,            ///< Sum of the column.
  any,            ///< 1 when there is a meant event, else 0.
  distinct_days,  ///< Number of local days with a meant event.
  max             ///< Largest value of the column; 0 without one.
};

struct Term {
  EventSelector event;
  Aggregation aggregation = Aggregation::count;
  std::string column;  ///< sum, max: a numeric property.
  double scale = 1.0;  ///< Multiplies the aggregate (1/60000: milliseconds to minutes).
};

enum class MetricKind : std::uint8_t {
  mean,       ///< Numerator per unit.
  ratio,      ///< Sum of numerators over sum of denominators; the unit is the cluster.
  retention,  ///< 1 when a meant event falls on local day `day` after the anchor's day, else 0.
  funnel      ///< 1 when the unit reaches the last of `steps` after the anchor, else 0.
};

/// A metric as the engine sees it. A proportion is a mean whose aggregation is `any`.
struct ExperimentMetric {
  std::string name;
  MetricKind kind = MetricKind::mean;
  Term numerator;                   ///< mean, ratio; retention: only its selector.
  std::optional<Term> denominator;  ///< ratio.
  std::int64_t delay_us = 0;        ///< Outcome window: [anchor + delay, anchor + delay + length).
  std::optional<std::int64_t> length_us;  ///< None: up to the end of the period.
  int retention_day = 0;                  ///< retention: 1 or more.
  std::vector<EventSelector> steps;       ///< funnel.
  std::int64_t funnel_window_us = 0;      ///< funnel.
  /// Winsorise the numerator at a quantile p (0 < p < 1) of all analysed mature units of all arms:
  /// the ceil(n p)-th smallest of their n values; no value, no cap. y and x are both capped there
  /// (from above only). At most one of cap_quantile and cap_value.
  std::optional<double> cap_quantile;
  bool cap_ignores_zeros = false;   ///< The quantile is of the positive values only.
  std::optional<double> cap_value;  ///< Winsorise the numerator at this value.
  std::int64_t covariate_us = 0;    ///< Pre-period [anchor - covariate, anchor); 0: none.
};

enum class Anchor : std::uint8_t {
  assignment,  ///< Intent to treat: windows start at the first assignment.
  exposure     ///< Triggered: windows start at the first exposure at or after the assignment.
};

/// A dimension whose value is fixed for a unit before treatment.
struct SegmentBy {
  std::string name;
  enum class Kind : std::uint8_t {
    at_assignment,  ///< Value of `property` on the assignment event itself; missing: last before.
    first_touch,    ///< First value of `property` in the unit's history.
    tenure          ///< Whether the unit's first event of any kind is within `tenure_us` before
                    ///< (at most) the assignment: values "new" and "existing".
  } kind = Kind::at_assignment;
  std::string property;
  std::int64_t tenure_us = 0;
};

/// "Before" and "history" above: events of the unit up to and including the assignment event, in
/// the order of time, sequence, arrival. Values that are not text read as in SQL: 17, true, 2.5.
/// A dimension of more than kMaxSegmentValues values among assigned units is an error.
inline constexpr std::size_t kMaxSegmentValues = 10'000;

/// By age: day a of a unit is [anchor + a * 24 hours, anchor + (a + 1) * 24 hours), whatever the
/// clocks say. Local calendar days were left aside: the first would last from the anchor to
/// midnight, another time for each unit, so that its effect could not be laid beside those of later
/// days; these are all of one length, and the first n of them are the window of n days of a metric.
inline constexpr int kMaxAge = 730;

/// Combinations of the values of two segments that are told apart at most.
inline constexpr std::size_t kMaxPairCells = 20'000;

/// Everything an experiment needs, answered in one pass over the events.
///
/// A unit is assigned when it has an assignment event inside the period with one of the arms as
/// variant; its arm and assignment time come from the first such event (time, sequence, arrival).
/// Units whose assignment events name two arms are counted in `both_arms` and analysed nowhere.
/// An assignment event that is not eligible is as if it were not there. A unit with assignment
/// events but none that names an arm (a missing variant included) is an unknown variant.
/// Exposed: at least one exposure event inside the period at or after the assignment.
/// Without an exposure selector exposed and exposed_before are 0 and the anchor is assignment.
/// Outcome windows are cut to the period; a unit whose window of fixed length ends after
/// `complete_until` or after the period's end is immature for that metric and counted apart.
/// The window of a retention metric is its local day (fixed length; no delay, no length). A window
/// without length never is immature. Pre-periods are not cut.
struct ExperimentQuery {
  EventSelector assignment;
  std::string variant_property;   ///< Text property that names the arm. Empty: one arm, which every
                                  ///< assignment event gives (a baseline from history).
  std::vector<std::string> arms;  ///< The first is the baseline.
  std::optional<EventSelector> exposure;
  Anchor anchor = Anchor::assignment;        ///< `exposure`: only exposed units are analysed.
  std::optional<frame::Predicate> eligible;  ///< On the assignment event's own properties.
  TimeRange period;
  TimeUs complete_until = 0;
  TimeZone timezone = TimeZone::utc();
  std::vector<ExperimentMetric> metrics;
  std::vector<SegmentBy> segments;
  bool daily = false;  ///< Also moments by local day of the period (mean and ratio metrics only).
  std::optional<int> max_age;  ///< Also moments by age, 0 ... max_age (mean and ratio only).

  /// The property that names the unit of randomisation (a region, a team, a block of time), taken
  /// as SegmentBy::at_assignment takes it: also moments by cluster. More than `max_clusters`
  /// clusters are invalid_spec. The answer grows with clusters: for each cluster and arm that has
  /// units 30 bytes, and for each metric of v variables 8 (1 + v + v (v + 1) / 2): with 200,000
  /// clusters in two arms 10 MB a mean, 70 MB a ratio with a pre-period.
  std::optional<std::string> cluster;
  std::int64_t max_clusters = 200'000;

  bool segment_pairs = false;  ///< Also who was assigned by the values of every two segments.
};

/// Moments of one metric over the units of a cell. Variables in order:
/// mean, retention, funnel: y [, x, m]; ratio: y, d [, x, z, m]. y numerator, d denominator,
/// x and z the same in the pre-period, m = 1 for units without any event before their anchor.
/// Pre-period variables are there when covariate_us > 0 and the kind is mean or ratio.
using MetricMoments = numerics::CoMoments;

/// Counts of one arm for the integrity checks.
struct ArmCounts {
  std::int64_t assigned = 0;  ///< Units with this arm only.
  std::int64_t exposed = 0;
  std::int64_t exposed_before = 0;  ///< Exposure event in the period before the assignment.
  std::int64_t analysed = 0;
};

struct SegmentMoments {
  std::string name;
  std::vector<std::string> values;                  ///< Sorted; "" stands for a missing value.
  std::vector<std::vector<std::int64_t>> assigned;  ///< [value][arm].
  std::vector<std::vector<std::vector<MetricMoments>>> moments;  ///< [value][arm][metric].
};

/// Day d of the period: `daily` over units analysed whose anchor is before the end of the day,
/// with what they did on the day after their anchor; `cumulative` with all they did from the
/// anchor to the end of the day. Delay, length and caps of a metric are not applied here; the days
/// are cut to the period. Variables: y for means, y and d for ratios.
struct DayMoments {
  std::vector<std::vector<MetricMoments>> daily;       ///< [arm][metric]; empty for other kinds.
  std::vector<std::vector<MetricMoments>> cumulative;  ///< [arm][metric].
};

/// Moments by cluster of randomisation: what inference under clusters needs of every cluster.
/// A cell is a cluster and an arm that has assigned units in it; cells stand by cluster, then arm.
/// Units without a value of the property are in no cluster; everywhere else they count.
struct ClusterMoments {
  std::vector<std::string> values;                 ///< [cluster]: sorted by bytes, none empty.
  std::vector<std::uint32_t> clusters;             ///< [cell]: position in `values`.
  std::vector<std::uint8_t> arms;                  ///< [cell]
  std::vector<std::int64_t> assigned;              ///< [cell]
  std::vector<std::int64_t> analysed;              ///< [cell]
  std::vector<numerics::CoMomentColumns> metrics;  ///< [metric], of the cells; as `overall`.
  std::vector<std::int64_t> without;               ///< [arm]: assigned units in no cluster.
  std::int64_t crossing = 0;  ///< Clusters with assigned units of more than one arm.

  [[nodiscard]] std::size_t cells() const { return clusters.size(); }
};

/// Assigned units by the values of two segments. A cell is two values that a unit has together;
/// cells stand by the first, then the second value. More than kMaxPairCells: invalid_spec.
struct SegmentPair {
  std::size_t first = 0;                            ///< Numbers of the two segments,
  std::size_t second = 0;                           ///< first < second.
  std::vector<std::uint32_t> first_values;          ///< [cell]: position in segments[first].values
  std::vector<std::uint32_t> second_values;         ///< and segments[second].values.
  std::vector<std::vector<std::int64_t>> assigned;  ///< [cell][arm]
};

struct ExperimentMoments {
  std::vector<ArmCounts> arms;
  std::int64_t both_arms = 0;
  std::int64_t unknown_variant = 0;                 ///< Units whose variant is no arm of the query.
  std::vector<std::vector<MetricMoments>> overall;  ///< [arm][metric].
  std::vector<std::vector<std::int64_t>> immature;  ///< [arm][metric].
  std::vector<std::optional<double>> caps;          ///< [metric]: the value capped at.
  std::vector<SegmentMoments> segments;
  Day first_day = 0;
  std::vector<DayMoments> days;                            ///< One a local day of the period.
  std::vector<std::vector<std::int64_t>> assigned_by_day;  ///< [day][arm].

  /// [age], as DayMoments but over the analysed units whose day of that age has ended by
  /// complete_until and by the end of the period: daily what they did on that day, cumulative from
  /// the anchor to its end. Each age has units of its own, ever fewer; `n` says how many.
  std::vector<DayMoments> ages;
  std::optional<ClusterMoments> clusters;
  std::vector<SegmentPair> segment_pairs;  ///< (0, 1), (0, 2), ..., (1, 2), ...
};

// ---------------------------------------------------------------------------------------------
// The units behind an experiment

/// The rows that the moments of an experiment are of: for methods that need units (quantiles,
/// bootstrap, matching, survival). `daily`, `max_age` and `segment_pairs` change nothing here.
/// More analysed units than `max_units` is invalid_spec: a table of n units and v variables takes
/// about 8 n v bytes.
inline constexpr std::size_t kMaxFirstEvents = 16;

struct UnitTableQuery {
  ExperimentQuery experiment;
  std::int64_t max_units = 5'000'000;
  std::vector<EventSelector>
      first_events;  ///< Times to the first of each; at most kMaxFirstEvents.
};

/// The variables of one metric, an entry a unit; those that the metric does not have (see
/// MetricMoments) are empty. Nothing is capped. A unit that is not mature has what was seen of it
/// inside the period, and belongs in no estimate.
struct UnitVariables {
  std::vector<std::uint8_t> mature;  ///< 0 or 1.
  std::vector<double> y;
  std::vector<double> d;
  std::vector<double> x;
  std::vector<double> z;
  std::vector<double> m;  ///< 0 or 1.
};

struct UnitSegment {
  std::string name;
  std::vector<std::string> values;   ///< Of the units here: sorted; "" stands for a missing value.
  std::vector<std::uint32_t> codes;  ///< Of each unit: its position in `values`.
};

/// The analysed units of an experiment, in ascending order of their ids (texts by bytes): the same
/// order on every engine. With y and x cut at `caps` the moments of the mature rows of an arm are
/// those of ExperimentMoments.
struct UnitTable {
  std::vector<std::int64_t> numbers;  ///< The ids where the source's unit is int64 ...
  std::vector<std::string> texts;     ///< ... or text; the other one is empty.
  std::vector<std::uint8_t> arms;     ///< Number of the arm in the query.
  std::vector<UnitSegment> segments;
  std::vector<UnitVariables> metrics;
  std::vector<std::optional<double>> caps;  ///< [metric], as in ExperimentMoments.
  std::vector<TimeUs> anchor_us;            ///< Where the windows of the unit begin.
  std::optional<UnitSegment> cluster;       ///< "" stands for no cluster.

  /// Time to event, [selector][unit]: microseconds from the anchor to the first meant event at or
  /// after it and before `seen_until`; kNoEvent: none, so censored at seen_until - anchor_us (at 0
  /// where that is negative).
  std::vector<std::vector<std::int64_t>> first_us;
  TimeUs seen_until = 0;  ///< min(complete_until, end of the period).
  static constexpr std::int64_t kNoEvent = -1;

  [[nodiscard]] std::size_t units() const { return arms.size(); }
};

// ---------------------------------------------------------------------------------------------
// Metrics of a period, without an experiment

/// A metric as one number a unit (a second one for the denominator of a ratio), from the unit's
/// events inside the period.
struct UnitMetric {
  std::string name;
  Term numerator;
  std::optional<Term> denominator;  ///< Sum of numerators over sum of denominators.
  std::optional<double> cap_value;  ///< Winsorise the numerator at this value.
};

/// A unit counts when it has a meant event of `active` inside the period; it counts in every
/// metric, with 0 where it has no event of a term.
struct UnitTotalsQuery {
  EventSelector active;
  TimeRange period;
  TimeZone timezone = TimeZone::utc();
  std::vector<UnitMetric> metrics;
};

/// moments[i] over the units that count; variables y [, d].
struct UnitTotals {
  std::int64_t units = 0;
  std::vector<MetricMoments> moments;
};

/// The same for every local day from the first to the last, both included, each day on its own:
/// the units with a meant event on that day, and what they did on it (distinct_days is 0 or 1).
struct SeriesQuery {
  EventSelector active;
  Day first_day = 0;
  Day last_day = 0;
  TimeZone timezone = TimeZone::utc();
  std::vector<UnitMetric> metrics;
};

/// Days of a series: as many at most, and between these two (years 1 to 9999).
inline constexpr std::int64_t kMaxSeriesDays = 36'600;
inline constexpr Day kEarliestDay = -719'162;
inline constexpr Day kLatestDay = 2'932'896;

/// An entry a local day; 0 units on days without, and on days that the zone left out.
struct Series {
  Day first_day = 0;
  std::vector<UnitTotals> days;
};

}  // namespace assay::engine
