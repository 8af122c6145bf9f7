#include "assay/events/detail/experiment_units.hpp"

namespace assay::events::detail {

template <class Take>
void ExperimentUnits::each_analysed(const PartitionView& view, const Take& take) {
  const ExperimentPlan& plan = frame_.plan;
  bind(view);
  for (std::size_t u = 0; u < view.units(); ++u) {
    const std::size_t begin = view.offsets[u];
    const std::size_t end = view.offsets[u + 1];
    const Enrolment enrolled = enrolment(frame_, view, begin, end);
    if (enrolled.status != Enrolment::Status::assigned) continue;
    if (plan.anchor_at_exposure && !enrolled.exposed) continue;
    const Unit unit =
        locate(view, begin, end, plan.anchor_at_exposure ? *enrolled.exposed : enrolled.time);
    fill_row(view, unit);
    take(Analysed{u, enrolled, unit});
  }
}

std::vector<ExperimentUnits::Values> ExperimentUnits::gather(const PartitionView& view) {
  std::vector<Values> values(frame_.plan.metrics.size());
  each_analysed(view, [&](const Analysed& of) {
    for (std::size_t m = 0; m < values.size(); ++m) {
      if (CellWord::immature(of.unit.word, frame_.program.maturity[m])) continue;
      const double y = row_[frame_.program.variables[m][0]];
      if (y == 0.0)
        values[m].zeros += 1;
      else
        values[m].nonzero.push_back(y);
    }
  });
  return values;
}

void ExperimentUnits::add_row(const Unit& unit, UnitRows& rows) const {
  rows.anchor_us.push_back(unit.anchor);
  rows.no_history.push_back((unit.word & CellWord::kNoHistory) != 0 ? 1 : 0);
  for (std::size_t m = 0; m < frame_.plan.metrics.size(); ++m) {
    const Outcome& outcome = frame_.plan.metrics[m];
    const bool ratio = outcome.kind == OutcomeKind::ratio;
    MetricRows& metric = rows.metrics[m];
    metric.mature.push_back(CellWord::immature(unit.word, frame_.program.maturity[m]) ? 0 : 1);
    const double* row = row_.data();
    const std::size_t* variable = frame_.program.variables[m].data();
    metric.y.push_back(row[*variable++]);
    if (ratio) metric.d.push_back(row[*variable++]);
    if (!outcome.with_covariate()) continue;
    metric.x.push_back(row[*variable++]);
    if (ratio) metric.z.push_back(row[*variable]);
  }
}

void ExperimentUnits::add_first_events(const PartitionView& view, const Unit& unit,
                                       UnitRows& rows) const {
  if (rows.first_us.empty()) return;
  for (auto& times : rows.first_us) times.push_back(kNoFirstEvent);
  unsigned wanted = (1U << rows.first_us.size()) - 1;
  std::size_t row = 0;
  rows_before(view.time.data() + unit.begin, unit.end - unit.begin, &unit.anchor, 1, &row);
  const TimeUs stop = frame_.seen_until();
  for (row += unit.begin; wanted != 0 && row < unit.end && view.time[row] < stop; ++row) {
    const unsigned found = wanted & frame_.first_events.at(view, row);
    for (std::size_t e = 0; found >> e != 0; ++e)
      if (((found >> e) & 1U) != 0) rows.first_us[e].back() = view.time[row] - unit.anchor;
    wanted &= ~found;
  }
}

UnitRows ExperimentUnits::rows(const PartitionView& view) {
  const ExperimentPlan& plan = frame_.plan;
  UnitRows rows;
  rows.segments.resize(plan.segments.size());
  rows.metrics.resize(plan.metrics.size());
  rows.first_us.resize(plan.first_events.size());
  each_analysed(view, [&](const Analysed& of) {
    rows.units.push_back({0, static_cast<std::uint32_t>(of.number)});
    rows.arms.push_back(static_cast<std::uint8_t>(of.enrolled.arm));
    for (std::size_t d = 0; d < plan.segments.size(); ++d)
      rows.segments[d].push_back(segment(plan.segments[d], view, of.unit.begin, of.enrolled));
    if (plan.cluster)
      rows.clusters.push_back(segment(*plan.cluster, view, of.unit.begin, of.enrolled));
    add_row(of.unit, rows);
    add_first_events(view, of.unit, rows);
  });
  rows.found = static_cast<std::int64_t>(rows.units.size());
  return rows;
}

}  // namespace assay::events::detail
