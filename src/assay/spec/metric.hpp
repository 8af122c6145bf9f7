#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "assay/spec/location.hpp"

namespace assay::spec {

enum class MetricType : std::uint8_t {
  mean,        ///< Sum per unit, over assigned (or all) units.
  proportion,  ///< Share of units with at least one matching event.
  ratio,       ///< Sum over sum, delta method.
  quantile,
  retention,
  funnel,
  cumulative,           ///< Sum per cohort unit through each horizon.
  daily_participation,  ///< Share of days in the window with a matching event.
  derived,              ///< Expression over other metrics.
  active_users,         ///< Distinct units over trailing days.
  count,                ///< Number of events a day; not per unit.
  sum                   ///< Sum of a column a day; not per unit.
};
enum class Aggregation : std::uint8_t {
  count,
  sum,
  mean,
  max,
  min,
  any,
  distinct_days,
  count_distinct
};
enum class MetricRole : std::uint8_t { none, primary, secondary, guardrail, diagnostic };
enum class Direction : std::uint8_t { increase, decrease };
enum class Scale : std::uint8_t { absolute, relative };
enum class WindowType : std::uint8_t { conversion, lookback };
enum class CapType : std::uint8_t { absolute, percentile };
enum class Transform : std::uint8_t { none, log1p };
enum class QuantileType : std::uint8_t { unit, event };
enum class Maturity : std::uint8_t { complete_only, include_partial };
enum class Criterion : std::uint8_t { on, on_or_after, on_or_before, bracket, streak };
enum class Clock : std::uint8_t { calendar, rolling };
enum class ClockFloor : std::uint8_t { none, hour };
enum class Interval : std::uint8_t { day, week, month };
enum class Entry : std::uint8_t { recurring, first_time, first_ever };
enum class AnchorKind : std::uint8_t { none, cohort, event, exposure, assignment };
enum class FunnelDenominator : std::uint8_t { unit, entry };

std::string_view to_text(MetricType type);
std::string_view to_text(Aggregation agg);
std::string_view to_text(MetricRole role);
std::string_view to_text(Direction direction);
std::string_view to_text(Scale scale);
std::string_view to_text(WindowType type);
std::string_view to_text(CapType type);
std::string_view to_text(Transform transform);
std::string_view to_text(QuantileType type);
std::string_view to_text(Maturity maturity);
std::string_view to_text(Criterion criterion);
std::string_view to_text(Clock clock);
std::string_view to_text(ClockFloor floor);
std::string_view to_text(Interval unit);
std::string_view to_text(Entry entry);
std::string_view to_text(AnchorKind kind);
std::string_view to_text(FunnelDenominator denominator);

/// Which events count and what is taken from them.
struct Measure {
  Text source;               ///< Filled in by the loader when the project has one source.
  std::vector<Text> events;  ///< YAML: event (one name or a list). Empty: every event.
  Text filter;               ///< YAML: where. SQL over declared columns.
  /// Filled in by the loader when not written: `any` for a proportion, `sum` when a column is
  /// named, else `count`.
  Aggregation agg = Aggregation::count;
  Text column;
  Location where;
};

/// When, seen from a unit's exposure (conversion) or the day of report (lookback), events count.
struct Window {
  WindowType type = WindowType::conversion;
  std::int64_t delay_us = 0;
  std::int64_t value_us = 0;  ///< Positive.
  Location where;
};

struct Cap {
  CapType type = CapType::percentile;
  double value = 0.999;  ///< percentile: in (0.5, 1]; absolute: positive, in the metric's unit.
  bool ignore_zeros = false;
};

struct Quantile {
  QuantileType type = QuantileType::unit;
  double value = 0.5;  ///< In (0, 1).
  bool ignore_zeros = false;
};

/// The harm that is still acceptable; positive. relative 0.02 is 2 % of the baseline's mean.
struct NonInferiority {
  double margin = 0;
  Scale scale = Scale::absolute;
};

/// Where a unit's clock starts: a cohort's entry, an event, its exposure or its assignment.
struct Anchor {
  AnchorKind kind = AnchorKind::none;
  Text cohort;               ///< kind cohort.
  std::vector<Text> events;  ///< kind event.
  Text filter;               ///< kind event; YAML: where.
  Entry which = Entry::first_ever;
  Location where;
};

struct Retention {
  Anchor start;
  Measure returning;  ///< YAML: return.
  Interval unit = Interval::day;
  std::vector<int> at;  ///< Interval numbers, 1 or more; a single number in YAML is a list of one.
  Criterion criterion = Criterion::on;
  /// criterion bracket: lengths from interval 1 on; [1, 3, 5] = 1, 2-4, 5-9. `at` then counts
  /// brackets, not intervals.
  std::vector<int> brackets;
  Clock clock = Clock::calendar;
  ClockFloor clock_floor = ClockFloor::none;
  Entry cohort_entry = Entry::first_ever;
  Maturity maturity = Maturity::complete_only;
};

/// One entry of the metric catalogue. `type` says which fields count; the loader refuses the
/// others and asks for those that are missing.
struct Metric {
  Text name;
  Located<MetricType> type;
  std::string description;
  std::string owner;
  std::optional<Measure> numerator;
  std::optional<Measure> denominator;  ///< ratio.
  FunnelDenominator funnel_denominator = FunnelDenominator::unit;
  Text unit;      ///< Entity; the project's default unit unless written.
  Text eligible;  ///< Filter on units or events that may count at all.
  Text timezone;  ///< The project's unless written.
  std::optional<Window> window;
  std::optional<Cap> cap;
  Transform transform = Transform::none;
  std::optional<int> covariate_days;  ///< YAML: covariate: {days: 28}.
  Direction direction = Direction::increase;
  MetricRole role = MetricRole::none;
  std::optional<NonInferiority> non_inferiority;
  std::optional<Quantile> quantile;
  std::optional<Retention> retention;
  Text funnel;                            ///< type funnel: name of a declared funnel.
  Anchor entry;                           ///< type cumulative.
  std::vector<std::int64_t> horizons_us;  ///< type cumulative, increasing.
  std::int64_t trailing_us = 0;           ///< type active_users.
  Maturity maturity = Maturity::complete_only;
  Text expr;                  ///< type derived.
  std::vector<Text> metrics;  ///< type derived: the metrics that expr names.
  Location where;
};

}  // namespace assay::spec
