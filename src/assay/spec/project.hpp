#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "assay/spec/metric.hpp"
#include "assay/spec/randomisation.hpp"
#include "assay/spec/source.hpp"

namespace assay::spec {

enum class WeekStart : std::uint8_t { monday, sunday };
enum class Attribution : std::uint8_t { event, first_touch, last_touch, exposure };
enum class DimensionType : std::uint8_t { column, entity };
enum class FunnelOrder : std::uint8_t { ordered, strict, any };
enum class StrictRepeats : std::uint8_t { break_, collapse };  ///< YAML: break, collapse.
enum class WindowFrom : std::uint8_t { entry, previous_step };
enum class FunnelEntry : std::uint8_t { any, first };
enum class Ties : std::uint8_t { step_order, strict, sequence };
enum class FunnelCount : std::uint8_t { unique, totals, session };
enum class ExcludeEffect : std::uint8_t { end_attempt, drop_unit };
enum class FunnelPreset : std::uint8_t {
  none,
  posthog,
  mixpanel,
  amplitude,
  clickhouse,
  growthbook
};
enum class TreeMethod : std::uint8_t { lmdi, shapley, sequential };
enum class MixRateMethod : std::uint8_t { midpoint, baseline };
enum class MonitorMethod : std::uint8_t { stl_conformal, robust_z };
enum class Comparison : std::uint8_t { at_least, more_than, at_most, less_than, equal };

std::string_view to_text(WeekStart start);
std::string_view to_text(Attribution attribution);
std::string_view to_text(DimensionType type);
std::string_view to_text(FunnelOrder order);
std::string_view to_text(StrictRepeats repeats);
std::string_view to_text(WindowFrom from);
std::string_view to_text(FunnelEntry entry);
std::string_view to_text(Ties ties);
std::string_view to_text(FunnelCount count);
std::string_view to_text(ExcludeEffect effect);
std::string_view to_text(FunnelPreset preset);
std::string_view to_text(TreeMethod method);
std::string_view to_text(MixRateMethod method);
std::string_view to_text(MonitorMethod method);
std::string_view to_text(Comparison comparison);  ///< ">=", ">", "<=", "<", "=".

struct Defaults {
  Text timezone;  ///< Always a zone that exists; UTC unless written.
  WeekStart week_start = WeekStart::monday;
  Text unit;  ///< Entity that metrics are per; `user` unless written.
};

/// Something to split by. `buckets` [0, 1, 7] cut a number into 0, 1-6, 7 and more.
struct Dimension {
  Text name;
  DimensionType type = DimensionType::column;
  Text expr;
  Attribution attribution = Attribution::event;
  std::vector<double> buckets;  ///< Increasing.
  std::string description;
  Location where;
};

/// `having: {count: ">= 3", within: 28d}`: so many entry events inside so long a time.
struct Having {
  Comparison comparison = Comparison::at_least;
  std::int64_t count = 1;
  std::optional<std::int64_t> within_us;
};

/// Units that did something, from the moment they did it.
struct Cohort {
  Text name;
  Anchor entry;  ///< Always kind event.
  Text source;   ///< Filled in by the loader when the project has one source.
  std::optional<Having> having;
  std::string description;
  Location where;
};

struct FunnelStep {
  Text name;                              ///< The first event's name unless written.
  std::vector<Text> events;               ///< YAML: event, or any_of.
  Text filter;                            ///< YAML: where.
  std::optional<std::int64_t> window_us;  ///< Time allowed to reach this step.
  bool optional = false;
  Location where;
};

struct FunnelExclude {
  std::vector<Text> events;
  Text filter;                   ///< YAML: where.
  Text after_step, before_step;  ///< YAML: between: [after, before]. Empty: anywhere.
  ExcludeEffect effect = ExcludeEffect::end_attempt;
  Location where;
};

/// An ordered list of steps with every question of meaning answered.
struct Funnel {
  Text name;
  Text source;                    ///< Filled in by the loader when the project has one source.
  std::vector<FunnelStep> steps;  ///< Two or more; first and last are never optional.
  FunnelPreset preset = FunnelPreset::none;  ///< Already expanded into the fields below.
  FunnelOrder order = FunnelOrder::ordered;
  StrictRepeats strict_repeats = StrictRepeats::break_;
  std::int64_t window_us = 0;  ///< Positive.
  WindowFrom window_from = WindowFrom::entry;
  FunnelEntry entry = FunnelEntry::any;
  Ties ties = Ties::step_order;
  std::int64_t grace_us = 0;
  bool event_reuse = false;
  FunnelCount count = FunnelCount::unique;
  std::vector<Text> hold_constant;
  std::vector<FunnelExclude> exclude;
  std::string description;
  Location where;
};

struct MixRate {
  Text metric;
  std::vector<Text> by;
  MixRateMethod method = MixRateMethod::midpoint;
};

/// An exact identity between metrics: "revenue = dau * sessions_per_dau * value_per_session".
struct Tree {
  Text root;
  Text identity;
  std::vector<std::string> factors;  ///< The names on the right side, in order.
  TreeMethod method = TreeMethod::lmdi;
  std::optional<MixRate> mix_rate;
  Location where;
};

struct RootCause {
  std::vector<Text> dims;  ///< At most eight.
  int max_depth = 3;
  double fdr = 0.05;
  std::vector<std::string> known_events;
};

/// Watches a metric and says when it moves more than it should.
struct Monitor {
  Text metric;
  std::vector<Text> by;
  Grain grain = Grain::day;
  MonitorMethod method = MonitorMethod::stl_conformal;
  std::string holidays;                  ///< Country code; empty: none.
  double false_alarms = 1;               ///< `1 per 28d`: this many ...
  std::int64_t false_alarms_per_us = 0;  ///< ... in this time; 0: not stated.
  std::optional<RootCause> root_cause;
  Location where;
};

/// A project folder as one object: assay.yaml and metrics/*.yaml together.
struct Project {
  std::string name;  ///< The folder's name unless written.
  int version = 1;
  std::filesystem::path folder;  ///< Paths of sources are relative to it.
  Defaults defaults;
  Text engine;  ///< `embedded` unless written; `duckdb`, or the URL of a warehouse.
  std::vector<Source> sources;
  std::vector<Dimension> dimensions;
  std::vector<Cohort> cohorts;
  std::vector<Funnel> funnels;
  std::vector<Metric> metrics;
  std::vector<Tree> trees;
  std::vector<Monitor> monitors;
  std::vector<Layer> layers;                            ///< Of experiments that exclude each other.
  std::optional<Holdout> holdout;                       ///< From all experiments.
  std::vector<std::filesystem::path> experiment_files;  ///< experiments/*.yaml, sorted.
  std::vector<Note> notes;                              ///< What is odd but not wrong.
};

/// The part with this name, or null.
const Source* find_source(const Project& project, std::string_view name);
const Dimension* find_dimension(const Project& project, std::string_view name);
const Cohort* find_cohort(const Project& project, std::string_view name);
const Funnel* find_funnel(const Project& project, std::string_view name);
const Metric* find_metric(const Project& project, std::string_view name);
const Layer* find_layer(const Project& project, std::string_view name);
const Entity* find_entity(const Source& source, std::string_view name);
const Property* find_property(const Source& source, std::string_view name);

}  // namespace assay::spec
