#include "assay/engine/embedded.hpp"

#include <algorithm>
#include <cstddef>
#include <exception>
#include <new>
#include <utility>
#include <vector>

#include "assay/engine/check.hpp"
#include "assay/engine/embedded_plan.hpp"
#include "assay/events/active_users.hpp"
#include "assay/events/day_grid.hpp"
#include "assay/events/experiment.hpp"
#include "assay/events/funnel.hpp"
#include "assay/events/index_partitions.hpp"
#include "assay/events/retention.hpp"
#include "assay/events/sessions.hpp"
#include "assay/events/unit_rows.hpp"
#include "assay/events/unit_totals.hpp"

namespace assay::engine {
namespace {

/// Exceptions end here: the caller sees only Results.
template <class Run>
auto guarded(const Run& run) -> decltype(run()) {
  try {
    return run();
  } catch (const std::bad_alloc&) {
    return fail(ErrorCode::unavailable, "there is not enough memory for this query", {},
                "ask for fewer segments, metrics or days");
  } catch (const std::exception& error) {
    return fail(ErrorCode::internal, error.what());
  }
}

Vocabulary vocabulary(const events::Index& index) {
  Vocabulary words{index.properties(), {}};
  for (std::uint32_t code = 1; code < index.event_names().size(); ++code)
    words.events.emplace_back(index.event_names().at(code));
  return words;
}

events::DayGrid data_days(const TimeZone& zone, const events::Index& index) {
  return {zone, index.time_range()};
}

}  // namespace

EmbeddedEngine::EmbeddedEngine(events::Index index, int threads, Progress progress)
    : index_(std::move(index)), threads_(threads), progress_(std::move(progress)) {}

Result<ActiveUsers> EmbeddedEngine::active_users(const ActiveUsersQuery& asked) {
  return guarded([&]() -> Result<ActiveUsers> {
    ASSAY_TRY(const ActiveUsersQuery query, checked(asked, vocabulary(index_)));
    PlanWriter writer(index_);
    events::ActiveUsersPlan plan;
    ASSAY_TRY(plan.event, writer.events(query.event));
    plan.trailing_days = static_cast<std::size_t>(query.trailing_days);
    plan.inputs = writer.inputs();
    const events::IndexPartitions partitions(index_);
    const events::DayGrid days = data_days(query.timezone, index_);
    ASSAY_TRY(auto units, events::active_users({partitions, threads_, progress_}, plan, days));
    return ActiveUsers{days.first_day(), std::move(units)};
  });
}

Result<RetentionTriangle> EmbeddedEngine::retention(const RetentionQuery& asked) {
  return guarded([&]() -> Result<RetentionTriangle> {
    ASSAY_TRY(const RetentionQuery query, checked(asked, vocabulary(index_)));
    PlanWriter writer(index_);
    events::RetentionPlan plan;
    ASSAY_TRY(plan.start, writer.events(query.start));
    ASSAY_TRY(plan.returning, writer.events(query.returning));
    plan.recurring = query.entry == CohortEntry::recurring;
    plan.max_day = static_cast<std::size_t>(query.max_day);
    plan.inputs = writer.inputs();
    const events::IndexPartitions partitions(index_);
    const events::DayGrid days = data_days(query.timezone, index_);
    ASSAY_TRY(auto counts, events::retention({partitions, threads_, progress_}, plan, days));
    return RetentionTriangle{counts.first_cohort, query.max_day, std::move(counts.units),
                             std::move(counts.retained),
                             query.timezone.local_day(query.complete_until) - 1};
  });
}

Result<FunnelCounts> EmbeddedEngine::funnel(const FunnelQuery& asked) {
  return guarded([&]() -> Result<FunnelCounts> {
    ASSAY_TRY(const FunnelQuery query, checked(asked, vocabulary(index_)));
    PlanWriter writer(index_);
    events::FunnelPlan plan;
    for (const EventSelector& step : query.steps) {
      ASSAY_TRY(auto set, writer.events(step));
      plan.steps.push_back(std::move(set));
    }
    plan.window_us = query.window_us;
    plan.period = query.period;
    plan.inputs = writer.inputs();
    const events::IndexPartitions partitions(index_);
    ASSAY_TRY(auto totals, events::funnel({partitions, threads_, progress_}, plan));
    return FunnelCounts{std::move(totals.reached), totals.time_to_convert};
  });
}

Result<Sessions> EmbeddedEngine::sessions(const SessionsQuery& asked) {
  return guarded([&]() -> Result<Sessions> {
    ASSAY_TRY(const SessionsQuery query, checked(asked, vocabulary(index_)));
    PlanWriter writer(index_);
    events::SessionsPlan plan;
    ASSAY_TRY(plan.event, writer.events(query.event));
    plan.gap_us = query.gap_us;
    plan.inputs = writer.inputs();
    const events::IndexPartitions partitions(index_);
    const events::DayGrid days = data_days(query.timezone, index_);
    ASSAY_TRY(const auto totals, events::sessions({partitions, threads_, progress_}, plan, days));
    Sessions sessions{totals.units, totals.sessions, totals.length_seconds, totals.depth, 0, {}};
    const auto& started = totals.started;
    const auto any = [](std::int64_t n) { return n > 0; };
    const auto first = std::find_if(started.begin(), started.end(), any);
    if (first == started.end()) return sessions;
    const auto end = std::find_if(started.rbegin(), started.rend(), any).base();
    sessions.first_day = days.first_day() + static_cast<Day>(first - started.begin());
    sessions.started.assign(first, end);
    return sessions;
  });
}

Result<ExperimentMoments> EmbeddedEngine::experiment(const ExperimentQuery& asked) {
  return guarded([&]() -> Result<ExperimentMoments> {
    ASSAY_TRY(const ExperimentQuery query, checked(asked, vocabulary(index_)));
    ASSAY_TRY(const events::ExperimentPlan plan, experiment_plan(query, index_));
    const events::IndexPartitions partitions(index_);
    ASSAY_TRY(auto totals,
              events::experiment({partitions, threads_, progress_}, plan, kMaxSegmentValues));
    return named_totals(query, index_, std::move(totals));
  });
}

Result<UnitTotals> EmbeddedEngine::unit_totals(const UnitTotalsQuery& asked) {
  return guarded([&]() -> Result<UnitTotals> {
    ASSAY_TRY(const UnitTotalsQuery query, checked(asked, vocabulary(index_)));
    ASSAY_TRY(const events::UnitTotalsPlan plan, unit_totals_plan(query, index_));
    const events::IndexPartitions partitions(index_);
    ASSAY_TRY(auto totals, events::unit_totals({partitions, threads_, progress_}, plan));
    for (std::size_t m = 0; m < query.metrics.size(); ++m)
      ASSAY_CHECK(check_finite(query.metrics[m].name, totals.moments[m]));
    return UnitTotals{totals.units, std::move(totals.moments)};
  });
}

Result<Series> EmbeddedEngine::series(const SeriesQuery& asked) {
  return guarded([&]() -> Result<Series> {
    ASSAY_TRY(const SeriesQuery query, checked(asked, vocabulary(index_)));
    UnitTotalsQuery all{query.active, {}, query.timezone, query.metrics};
    all.period = {query.timezone.day_start(query.first_day),
                  query.timezone.day_start(query.last_day + 1)};
    ASSAY_TRY(const events::UnitTotalsPlan plan, unit_totals_plan(all, index_));
    const events::IndexPartitions partitions(index_);
    ASSAY_TRY(auto days, events::daily_unit_totals({partitions, threads_, progress_}, plan,
                                                   query.first_day, query.last_day));
    Series series{query.first_day, {}};
    for (events::UnitTotalsCounts& day : days) {
      for (std::size_t m = 0; m < query.metrics.size(); ++m)
        ASSAY_CHECK(check_finite(query.metrics[m].name, day.moments[m]));
      series.days.push_back({day.units, std::move(day.moments)});
    }
    return series;
  });
}

Result<UnitTable> EmbeddedEngine::unit_table(const UnitTableQuery& asked) {
  return guarded([&]() -> Result<UnitTable> {
    ASSAY_TRY(const UnitTableQuery query, checked(asked, vocabulary(index_)));
    ASSAY_TRY(const events::ExperimentPlan plan, unit_table_plan(query, index_));
    const events::IndexPartitions partitions(index_);
    ASSAY_TRY(auto rows,
              events::unit_rows({partitions, threads_, progress_}, plan, query.max_units));
    return named_units(query, index_, std::move(rows));
  });
}

}  // namespace assay::engine
