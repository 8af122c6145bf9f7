#include "assay/engine/duckdb_engine.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "assay/engine/duckdb_experiment.hpp"
#include "assay/engine/sql.hpp"
#include "assay/engine/sql_moments.hpp"

namespace assay::engine {
namespace {

/// A number of a small answer; dates and counts.
std::int64_t whole_at(const frame::Table& table, std::size_t column, std::size_t row) {
  return table.columns[column].ints[row];
}

Result<numerics::Moments> moments_of_one(Database& database, const std::string& from,
                                         const std::string& variable, const Progress& progress) {
  ASSAY_TRY(const std::vector<GroupMoments> groups,
            moments_of(database, {from, {}, {variable}}, progress));
  if (groups.empty()) return numerics::Moments{};
  return groups.front().moments.marginal(0);
}

/// y [, d] of metric i in the rows of unit totals.
std::vector<std::string> variables_of(const UnitMetric& metric, std::size_t i) {
  std::vector<std::string> variables{fmt::format("y_{}", i)};
  if (metric.cap_value)
    variables[0] = fmt::format("least(y_{}, {})", i, double_sql(*metric.cap_value));
  if (metric.denominator) variables.push_back(fmt::format("d_{}", i));
  return variables;
}

}  // namespace

struct DuckdbEngine::State {
  Database database;
  Relation relation;
  Vocabulary words;
  Progress progress;

  Result<frame::Table> run(const Statement& statement) {
    return database.query(to_text(statement), progress);
  }

  /// Keeps the rows of a statement for several questions.
  Result<void> keep(std::string_view name, const Statement& statement) {
    return database.execute(
        fmt::format("CREATE OR REPLACE TEMP TABLE {} AS {}", name, to_text(statement)), progress);
  }
};

DuckdbEngine::DuckdbEngine(std::unique_ptr<State> state) : state_(std::move(state)) {}
DuckdbEngine::~DuckdbEngine() = default;

const Vocabulary& DuckdbEngine::words() const { return state_->words; }
const Relation& DuckdbEngine::relation() const { return state_->relation; }
Database& DuckdbEngine::database() { return state_->database; }

Result<std::unique_ptr<DuckdbEngine>> DuckdbEngine::open(Database database, const Source& source,
                                                         const DuckdbEngineOptions& options) {
  ASSAY_TRY(Relation relation, connect(database, source));
  Progress progress;
  if (options.progress != nullptr) progress = *options.progress;
  auto state = std::make_unique<State>(
      State{std::move(database), std::move(relation), {}, std::move(progress)});
  ASSAY_CHECK(state->database.execute(
      "CREATE OR REPLACE TEMP TABLE events AS " + clean_sql(state->relation), state->progress));
  // Names of rows that are not counted are known too: a filter may name them, and finds nothing.
  ASSAY_TRY(const frame::Table names,
            state->database.query(fmt::format("SELECT DISTINCT {0} AS event FROM {1} WHERE {0} IS "
                                              "NOT NULL ORDER BY event",
                                              state->relation.event, state->relation.from)));
  for (std::size_t i = 0; i < names.rows(); ++i)
    state->words.events.push_back(names.columns[0].dictionary[names.columns[0].codes[i]]);
  for (const SourceProperty& property : source.properties)
    state->words.properties.push_back({property.name, property.type});
  return std::unique_ptr<DuckdbEngine>(new DuckdbEngine(std::move(state)));
}

Result<ActiveUsers> DuckdbEngine::active_users(const ActiveUsersQuery& asked) {
  ASSAY_TRY(const ActiveUsersQuery query, checked(asked, state_->words));
  ASSAY_TRY(const frame::Table days, state_->run(to_sql(query, state_->relation.source)));
  ActiveUsers answer;
  for (std::size_t i = 0; i < days.rows(); ++i) {
    if (i == 0) answer.first_day = static_cast<Day>(whole_at(days, 0, i));
    answer.units.push_back(whole_at(days, 1, i));
  }
  return answer;
}

Result<RetentionTriangle> DuckdbEngine::retention(const RetentionQuery& asked) {
  ASSAY_TRY(const RetentionQuery query, checked(asked, state_->words));
  ASSAY_TRY(const frame::Table cells, state_->run(to_sql(query, state_->relation.source)));
  ASSAY_TRY(const frame::Table complete,
            state_->database.query(fmt::format(
                "SELECT {} - 1",
                local_day_sql(fmt::format("{}", query.complete_until), query.timezone))));
  RetentionTriangle answer;
  answer.max_day = query.max_day;
  answer.last_complete_day = static_cast<Day>(whole_at(complete, 0, 0));
  if (cells.rows() == 0) return answer;
  const auto [first, last] =
      std::minmax_element(cells.columns[0].ints.begin(), cells.columns[0].ints.end());
  answer.first_cohort = static_cast<Day>(*first);
  const auto cohorts = static_cast<std::size_t>(*last - *first + 1);
  const auto width = static_cast<std::size_t>(query.max_day);
  answer.units.assign(cohorts, 0);
  answer.retained.assign(cohorts * width, 0);
  for (std::size_t i = 0; i < cells.rows(); ++i) {
    const auto cohort = static_cast<std::size_t>(whole_at(cells, 0, i) - *first);
    const std::int64_t k = whole_at(cells, 1, i);
    if (k == 0) {
      answer.units[cohort] = whole_at(cells, 2, i);
    } else {
      answer.retained[cohort * width + static_cast<std::size_t>(k - 1)] = whole_at(cells, 2, i);
    }
  }
  return answer;
}

Result<FunnelCounts> DuckdbEngine::funnel(const FunnelQuery& asked) {
  ASSAY_TRY(const FunnelQuery query, checked(asked, state_->words));
  ASSAY_CHECK(state_->keep("funnel", to_sql(query, state_->relation.source)));
  ASSAY_TRY(const frame::Table depths,
            state_->database.query("SELECT depth, count(*) FROM funnel GROUP BY depth"));
  FunnelCounts answer;
  answer.reached.assign(query.steps.size(), 0);
  for (std::size_t i = 0; i < depths.rows(); ++i) {
    for (std::size_t step = 0; step < static_cast<std::size_t>(whole_at(depths, 0, i)); ++step)
      answer.reached[step] += whole_at(depths, 1, i);
  }
  ASSAY_TRY(answer.time_to_convert,
            moments_of_one(state_->database, "(FROM funnel WHERE seconds IS NOT NULL)", "seconds",
                           state_->progress));
  return answer;
}

Result<Sessions> DuckdbEngine::sessions(const SessionsQuery& asked) {
  ASSAY_TRY(const SessionsQuery query, checked(asked, state_->words));
  ASSAY_CHECK(state_->keep("sessions", to_sql(query, state_->relation.source)));
  ASSAY_TRY(const frame::Table counts,
            state_->database.query("SELECT count(DISTINCT unit), count(*) FROM sessions"));
  Sessions answer;
  answer.units = whole_at(counts, 0, 0);
  answer.sessions = whole_at(counts, 1, 0);
  ASSAY_TRY(answer.length_seconds,
            moments_of_one(state_->database, "sessions", "length", state_->progress));
  ASSAY_TRY(answer.depth, moments_of_one(state_->database, "sessions", "depth", state_->progress));
  ASSAY_TRY(const frame::Table days,
            state_->database.query("SELECT day, count(*) FROM sessions GROUP BY day ORDER BY day"));
  for (std::size_t i = 0; i < days.rows(); ++i) {
    if (i == 0) answer.first_day = static_cast<Day>(whole_at(days, 0, i));
    const auto at = static_cast<std::size_t>(whole_at(days, 0, i) - answer.first_day);
    answer.started.resize(at + 1, 0);
    answer.started[at] = whole_at(days, 1, i);
  }
  return answer;
}

Result<ExperimentMoments> DuckdbEngine::experiment(const ExperimentQuery& asked) {
  ASSAY_TRY(const ExperimentQuery query, checked(asked, state_->words));
  ASSAY_CHECK(state_->keep("units", to_sql(query, state_->relation.source)));
  return experiment_of(state_->database, query, state_->relation.source, state_->progress);
}

Result<UnitTotals> DuckdbEngine::unit_totals(const UnitTotalsQuery& asked) {
  ASSAY_TRY(const UnitTotalsQuery query, checked(asked, state_->words));
  ASSAY_CHECK(state_->keep("unit_totals", to_sql(query, state_->relation.source)));
  ASSAY_TRY(const frame::Table count, state_->database.query("SELECT count(*) FROM unit_totals"));
  UnitTotals answer;
  answer.units = whole_at(count, 0, 0);
  for (std::size_t i = 0; i < query.metrics.size(); ++i) {
    std::vector<std::string> variables = variables_of(query.metrics[i], i);
    answer.moments.emplace_back(variables.size());
    ASSAY_TRY(
        std::vector<GroupMoments> groups,
        moments_of(state_->database, {"unit_totals", {}, std::move(variables)}, state_->progress));
    if (!groups.empty()) answer.moments.back() = std::move(groups.front().moments);
  }
  return answer;
}

Result<Series> DuckdbEngine::series(const SeriesQuery& asked) {
  ASSAY_TRY(const SeriesQuery query, checked(asked, state_->words));
  ASSAY_CHECK(state_->keep("unit_days", to_sql(query, state_->relation.source)));
  UnitTotals none;
  for (const UnitMetric& metric : query.metrics)
    none.moments.emplace_back(metric.denominator ? std::size_t{2} : std::size_t{1});
  Series answer{query.first_day, {}};
  answer.days.assign(static_cast<std::size_t>(query.last_day - query.first_day + 1), none);
  const auto at = [&](std::int64_t day) -> UnitTotals& {
    return answer.days[static_cast<std::size_t>(day - query.first_day)];
  };
  ASSAY_TRY(const frame::Table units,
            state_->database.query("SELECT day, count(*) FROM unit_days GROUP BY day"));
  for (std::size_t row = 0; row < units.rows(); ++row)
    at(whole_at(units, 0, row)).units = whole_at(units, 1, row);
  for (std::size_t i = 0; i < query.metrics.size(); ++i) {
    ASSAY_TRY(
        std::vector<GroupMoments> groups,
        moments_of(state_->database, {"unit_days", {"day"}, variables_of(query.metrics[i], i)},
                   state_->progress));
    for (GroupMoments& group : groups)
      at(std::stoll(group.keys.front())).moments[i] = std::move(group.moments);
  }
  return answer;
}

Result<UnitTable> DuckdbEngine::unit_table(const UnitTableQuery& asked) {
  ASSAY_TRY(const UnitTableQuery query, checked(asked, state_->words));
  ASSAY_CHECK(state_->keep("units", to_sql(query.experiment, state_->relation.source)));
  return unit_table_of(state_->database, query, state_->relation.source, state_->progress);
}

}  // namespace assay::engine
