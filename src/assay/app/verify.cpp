#include "assay/app/verify.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "assay/app/project.hpp"
#include "assay/experiment/plan.hpp"
#include "assay/metrics/compile.hpp"
#include "assay/metrics/source.hpp"

namespace assay::app {
namespace {

constexpr double kTolerance = 1e-9;
/// A cell whose values are all equal has no spread to measure a difference against; the size of the
/// values does then, and 1e-12 of it is no difference.
constexpr double kRounding = 1e-3;

/// How two answers compare: the number of figures and the largest difference seen.
struct Comparison {
  std::string query;
  std::int64_t figures = 0;
  std::int64_t counts_off = 0;
  double worst_relative = 0.0;

  void count(std::int64_t a, std::int64_t b) {
    ++figures;
    counts_off += a == b ? 0 : 1;
  }
  void counts(const std::vector<std::int64_t>& a, const std::vector<std::int64_t>& b) {
    count(static_cast<std::int64_t>(a.size()), static_cast<std::int64_t>(b.size()));
    for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) count(a[i], b[i]);
  }
  /// `scale`: the size against which a difference is small.
  void number(double a, double b, double scale) {
    ++figures;
    if (a == b) return;
    const double relative = std::abs(a - b) / std::max({std::abs(a), std::abs(b), scale, 1e-300});
    worst_relative = std::max(worst_relative, std::isnan(relative) ? 1.0 : relative);
  }
  void moments(const numerics::Moments& a, const numerics::Moments& b) {
    count(a.n, b.n);
    number(a.mean, b.mean, 0.0);
    number(a.m2, b.m2, 0.0);
  }
  void moments(const numerics::CoMoments& a, const numerics::CoMoments& b) {
    count(a.n, b.n);
    count(static_cast<std::int64_t>(a.size()), static_cast<std::int64_t>(b.size()));
    if (a.size() != b.size()) return;
    for (std::size_t i = 0; i < a.size(); ++i) {
      number(a.mean[i], b.mean[i],
             std::sqrt(a.at(i, i) / std::max<double>(1.0, double(a.n))) + kRounding);
      for (std::size_t j = i; j < a.size(); ++j) {
        const double size = static_cast<double>(a.n) * (1.0 + std::abs(a.mean[i] * a.mean[j]));
        number(a.at(i, j), b.at(i, j), std::sqrt(a.at(i, i) * a.at(j, j)) + kRounding * size);
      }
    }
  }
  [[nodiscard]] bool equal() const { return counts_off == 0 && worst_relative <= kTolerance; }
};

using Cells = std::vector<std::vector<engine::MetricMoments>>;

void compare_cells(Comparison& out, const Cells& a, const Cells& b) {
  for (std::size_t arm = 0; arm < a.size(); ++arm) {
    for (std::size_t m = 0; m < a[arm].size(); ++m) out.moments(a[arm][m], b[arm][m]);
  }
}

Comparison compare(const engine::ExperimentMoments& a, const engine::ExperimentMoments& b) {
  Comparison out{"experiment moments"};
  for (std::size_t arm = 0; arm < a.arms.size(); ++arm) {
    out.count(a.arms[arm].assigned, b.arms[arm].assigned);
    out.count(a.arms[arm].exposed, b.arms[arm].exposed);
    out.count(a.arms[arm].exposed_before, b.arms[arm].exposed_before);
    out.count(a.arms[arm].analysed, b.arms[arm].analysed);
    out.counts(a.immature[arm], b.immature[arm]);
  }
  out.count(a.both_arms, b.both_arms);
  out.count(a.unknown_variant, b.unknown_variant);
  compare_cells(out, a.overall, b.overall);
  for (std::size_t s = 0; s < a.segments.size(); ++s) {
    out.count(a.segments[s].values == b.segments[s].values ? 1 : 0, 1);
    if (a.segments[s].values != b.segments[s].values) continue;
    for (std::size_t v = 0; v < a.segments[s].values.size(); ++v) {
      out.counts(a.segments[s].assigned[v], b.segments[s].assigned[v]);
      compare_cells(out, a.segments[s].moments[v], b.segments[s].moments[v]);
    }
  }
  out.count(static_cast<std::int64_t>(a.days.size()), static_cast<std::int64_t>(b.days.size()));
  for (std::size_t d = 0; d < std::min(a.days.size(), b.days.size()); ++d) {
    out.counts(a.assigned_by_day[d], b.assigned_by_day[d]);
    compare_cells(out, a.days[d].daily, b.days[d].daily);
    compare_cells(out, a.days[d].cumulative, b.days[d].cumulative);
  }
  return out;
}

/// The index and its second opinion over one source.
struct Pair {
  OpenEngine index;
  OpenEngine sql;
  std::string second = "SQL";  ///< Who gives the second opinion.
};

Result<Pair> open_both(Context& context, const VerifyOptions& options) {
  auto source = resolve_source(context, options.source);
  if (!source) return tl::unexpected(std::move(source.error()));
  Pair out;
  const bool warehouse = source->engine.kind == EngineChoice::Kind::warehouse;
  if (warehouse && !metrics::has_files(*source->spec())) {
    return tl::unexpected(spec::spec_error(
        source->spec()->where,
        fmt::format("source `{}` has no files to compare the warehouse with", source->name),
        "name a `path` beside the `table` that holds the same events"));
  }
  source->engine.kind = EngineChoice::Kind::embedded;
  ASSAY_TRY(out.index, open_engine(context, *source));
  auto again = resolve_source(context, options.source);
  if (!again) return tl::unexpected(std::move(again.error()));
  if (!warehouse) again->engine.kind = EngineChoice::Kind::duckdb;
  ASSAY_TRY(out.sql, open_engine(context, *again));
  if (warehouse) out.second = out.sql.engine->name();
  return out;
}

/// Metrics of the catalogue from 1970 on, those that a period has.
Result<void> compare_metrics(Pair& pair, const TimeZone& timezone, const spec::Project& project,
                             const std::string& source, std::vector<Comparison>& out) {
  engine::UnitTotalsQuery query{.timezone = timezone};
  query.period = {0, pair.index.complete_until + kDayUs};
  for (const spec::Metric& metric : project.metrics) {
    auto compiled = metrics::compile_unit_metric(project, metric);
    if (compiled && metrics::reads_source(metric, source))
      query.metrics.push_back(std::move(*compiled));
  }
  if (query.metrics.empty()) return {};
  engine::UnitTotals a;
  engine::UnitTotals b;
  ASSAY_TRY(a, pair.index.engine->unit_totals(query));
  ASSAY_TRY(b, pair.sql.engine->unit_totals(query));
  out.push_back({"metrics of the catalogue"});
  out.back().count(a.units, b.units);
  for (std::size_t m = 0; m < query.metrics.size(); ++m)
    out.back().moments(a.moments[m], b.moments[m]);
  return {};
}

Result<std::vector<Comparison>> compare_questions(Pair& pair, const TimeZone& timezone,
                                                  const spec::Project* project,
                                                  const std::string& source) {
  std::vector<Comparison> out;
  for (const int trailing : {1, 7, 28}) {
    const engine::ActiveUsersQuery query{{}, timezone, trailing};
    engine::ActiveUsers a;
    engine::ActiveUsers b;
    ASSAY_TRY(a, pair.index.engine->active_users(query));
    ASSAY_TRY(b, pair.sql.engine->active_users(query));
    out.push_back({fmt::format("active users, {} days", trailing)});
    out.back().counts(a.units, b.units);
  }
  for (const auto entry : {engine::CohortEntry::first_time, engine::CohortEntry::recurring}) {
    engine::RetentionQuery query{.entry = entry, .timezone = timezone};
    query.complete_until = pair.index.complete_until;
    engine::RetentionTriangle a;
    engine::RetentionTriangle b;
    ASSAY_TRY(a, pair.index.engine->retention(query));
    ASSAY_TRY(b, pair.sql.engine->retention(query));
    out.push_back({entry == engine::CohortEntry::first_time ? "retention, first time"
                                                            : "retention, recurring"});
    out.back().counts(a.units, b.units);
    out.back().counts(a.retained, b.retained);
  }
  engine::Sessions a;
  engine::Sessions b;
  ASSAY_TRY(a, pair.index.engine->sessions({.timezone = timezone}));
  ASSAY_TRY(b, pair.sql.engine->sessions({.timezone = timezone}));
  out.push_back({"sessions"});
  out.back().count(a.sessions, b.sessions);
  out.back().counts(a.started, b.started);
  out.back().moments(a.length_seconds, b.length_seconds);
  out.back().moments(a.depth, b.depth);
  if (project == nullptr) return out;
  for (const spec::Funnel& funnel : project->funnels) {
    const auto query = metrics::compile_funnel(funnel);
    if (!query) continue;
    engine::FunnelCounts x;
    engine::FunnelCounts y;
    ASSAY_TRY(x, pair.index.engine->funnel(*query));
    ASSAY_TRY(y, pair.sql.engine->funnel(*query));
    out.push_back({"funnel " + funnel.name.value});
    out.back().counts(x.reached, y.reached);
    out.back().moments(x.time_to_convert, y.time_to_convert);
  }
  ASSAY_CHECK(compare_metrics(pair, timezone, *project, source, out));
  return out;
}

Result<Comparison> compare_experiment(Pair& pair, const spec::Project& project,
                                      const std::filesystem::path& path) {
  spec::Experiment spec;
  ASSAY_TRY(spec, spec::load_experiment(path, project));
  experiment::Plan plan;
  ASSAY_TRY(plan, experiment::plan_experiment(project, spec, pair.index.complete_until));
  engine::ExperimentMoments a;
  engine::ExperimentMoments b;
  ASSAY_TRY(a, pair.index.engine->experiment(plan.query));
  ASSAY_TRY(b, pair.sql.engine->experiment(plan.query));
  return compare(a, b);
}

report::Document page_of(const std::vector<Comparison>& comparisons, const std::string& second,
                         bool equal) {
  report::Document page{.kind = "verify", .title = "Event index against " + second};
  const std::string who = second == "SQL" ? "the SQL" : second;
  page.add(report::Verdict{
      .word = equal ? "EQUAL" : "DIFFERENT",
      .tone = equal ? report::Tone::good : report::Tone::bad,
      .headline = equal ? "Every answer of the index is the answer of " + who + "."
                        : "At least one answer differs: this is a bug, or the data changed."});
  report::Table table{
      .columns = {{"query"}, {"figures"}, {"counts off"}, {"worst relative difference"}}};
  for (const Comparison& row : comparisons) {
    table.rows.push_back(
        {report::text_cell(row.query, row.equal() ? report::Mark::good : report::Mark::bad),
         report::count_cell(row.figures), report::count_cell(row.counts_off),
         report::text_cell(fmt::format("{:.1e}", row.worst_relative))});
  }
  page.add(std::move(table));
  return page;
}

}  // namespace

Result<Outcome> verify_verb(Context& context, const VerifyOptions& options) {
  std::optional<spec::Project> project;
  TimeZone timezone = TimeZone::utc();
  if (names_project(options.source.path)) {
    std::filesystem::path folder;
    ASSAY_TRY(folder, find_project(options.source.path));
    spec::Project loaded;
    ASSAY_TRY(loaded, load(context, folder));
    ASSAY_TRY(timezone, TimeZone::find(loaded.defaults.timezone.value));
    project = std::move(loaded);
  }
  std::string source = options.source.source;
  if (source.empty() && project && !project->sources.empty())
    source = project->sources.front().name.value;
  Pair pair;
  ASSAY_TRY(pair, open_both(context, options));
  std::vector<Comparison> comparisons;
  ASSAY_TRY(comparisons, compare_questions(pair, timezone, project ? &*project : nullptr, source));
  if (project && !options.experiment.empty()) {
    Comparison experiment;
    ASSAY_TRY(experiment, compare_experiment(pair, *project, options.experiment));
    comparisons.push_back(std::move(experiment));
  }
  bool equal = true;
  for (const Comparison& row : comparisons) equal = equal && row.equal();
  Outcome outcome;
  outcome.document = page_of(comparisons, pair.second, equal);
  outcome.document.provenance = provenance(context);
  outcome.document.provenance.more = pair.sql.facts;
  outcome.judged_bad = !equal;
  return outcome;
}

}  // namespace assay::app
