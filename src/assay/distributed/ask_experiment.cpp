#include "assay/distributed/ask_experiment.hpp"

#include <algorithm>

#include "assay/distributed/compile_experiment.hpp"
#include "assay/distributed/compile_unit_table.hpp"
#include "assay/distributed/decode_experiment.hpp"

namespace assay::distributed {
namespace {

Result<Caps> ask_caps(const Ask& ask, const engine::ExperimentQuery& query,
                      const EventTable& table) {
  ASSAY_TRY(const std::optional<sql::Plan> plan, caps_plan(query, table));
  if (!plan) return stated_caps(query);
  ASSAY_TRY(const frame::Table rows, ask("experiment_caps", *plan));
  return read_caps(query, rows);
}

Result<ExperimentCells> ask_cells(const Ask& ask, const engine::ExperimentQuery& query,
                                  const EventTable& table, const Caps& caps) {
  const auto about = [&](const Centres& centres) -> Result<ExperimentCells> {
    ASSAY_TRY(const sql::Plan plan, moments_plan(query, table, caps, centres));
    ASSAY_TRY(frame::Table rows, ask("experiment_moments", plan));
    return read_cells(query, std::move(rows), centres);
  };
  ASSAY_TRY(ExperimentCells cells, about({}));
  if (const std::optional<Centres> centres = centres_for(cells.cells)) return about(*centres);
  return cells;
}

/// True where an engine's sums of some day or age keep too few digits. A group of units that all do
/// nearly the same may, without harm: what it is merged into says how much that matters.
bool needs_centres(const std::vector<engine::DayMoments>& days) {
  const auto any = [](const std::vector<std::vector<engine::MetricMoments>>& arms) {
    return std::any_of(arms.begin(), arms.end(), [](const auto& metrics) {
      return std::any_of(metrics.begin(), metrics.end(), needs_shift);
    });
  };
  return std::any_of(days.begin(), days.end(), [&](const engine::DayMoments& day) {
    return any(day.daily) || any(day.cumulative);
  });
}

/// Adds days, or ages, to an answer.
Result<void> ask_stretches(const Ask& ask, const engine::ExperimentQuery& query,
                           const EventTable& table, bool by_age, const ExperimentCells& moments,
                           engine::ExperimentMoments& answer) {
  const auto about = [&](const Centres& centres) -> Result<std::vector<Cell>> {
    ASSAY_TRY(const std::optional<sql::Plan> plan,
              by_age ? ages_plan(query, table, centres) : days_plan(query, table, centres));
    if (!plan) return std::vector<Cell>();
    ASSAY_TRY(const frame::Table rows, ask(by_age ? "experiment_ages" : "experiment_days", *plan));
    return read_days(query, rows, centres);
  };
  const auto add = [&](const std::vector<Cell>& cells) {
    return by_age ? add_ages(query, moments, cells, answer)
                  : add_days(query, moments, cells, answer);
  };
  ASSAY_TRY(std::vector<Cell> cells, about({}));
  ASSAY_CHECK(add(cells));
  if (!needs_centres(by_age ? answer.ages : answer.days)) return {};
  const std::optional<Centres> centres = centres_for(cells);
  if (!centres) return {};
  ASSAY_TRY(cells, about(*centres));
  return add(cells);
}

}  // namespace

Result<engine::ExperimentMoments> experiment(const Ask& ask, const engine::ExperimentQuery& query,
                                             const EventTable& table) {
  ASSAY_TRY(const Caps caps, ask_caps(ask, query, table));
  ASSAY_TRY(const ExperimentCells cells, ask_cells(ask, query, table, caps));
  ASSAY_TRY(engine::ExperimentMoments answer, experiment_moments(query, table, cells, caps));
  ASSAY_CHECK(add_clusters(query, table, cells, answer));
  ASSAY_TRY(const std::optional<sql::Plan> pairs, pairs_plan(query, table));
  if (pairs) {
    ASSAY_TRY(const frame::Table rows, ask("experiment_pairs", *pairs));
    ASSAY_CHECK(add_pairs(query, table, rows, answer));
  }
  if (query.daily) ASSAY_CHECK(ask_stretches(ask, query, table, false, cells, answer));
  if (query.max_age) ASSAY_CHECK(ask_stretches(ask, query, table, true, cells, answer));
  return answer;
}

Result<engine::UnitTable> unit_table(const Ask& ask, const engine::UnitTableQuery& query,
                                     const EventTable& table) {
  ASSAY_TRY(const sql::Plan plan, unit_table_plan(query, table));
  ASSAY_TRY(Caps caps, ask_caps(ask, query.experiment, table));
  ASSAY_TRY(const frame::Table rows, ask("experiment_units", plan));
  ASSAY_TRY(engine::UnitTable answer, read_unit_table(query, table, rows));
  answer.caps = std::move(caps);
  return answer;
}

}  // namespace assay::distributed
