#include <utility>

#include "assay/distributed/detail/query_parts.hpp"

namespace assay::distributed {
namespace {

using sql::Op;

MomentColumns moment_columns(const Shifts& shifts) {
  const sql::Expression length = sql::divide(
      sql::cast(sql::subtract(sql::column("ended"), sql::column("began")), sql::Type::float64),
      sql::value(1e6));
  return {
      "m", {length, sql::cast(sql::column("depth"), sql::Type::float64)}, {}, shifts_of(shifts, 0)};
}

sql::Window times_of_unit() {
  sql::Window window;
  window.partition = {sql::column("unit")};
  window.order = {{sql::column("time_us"), false}};
  return window;
}

/// unit, session (from 1), began, ended, depth. Events of one instant are counted first, so that
/// the order among them cannot matter.
sql::Input sessions_step(const engine::SessionsQuery& query, const EventTable& table,
                         sql::Plan& plan) {
  Scan scan;
  add_words(query.event, scan.properties);
  scan.where = met_by_any({&query.event}, table);
  sql::Select instants;
  instants.outputs = {{"unit", sql::column("unit")},
                      {"time_us", sql::column("time_us")},
                      {"events_here", sql::count_rows()}};
  instants.from = {events_step(table, scan, plan)};
  instants.group_by = {sql::column("unit"), sql::column("time_us")};

  sql::Select gaps;
  gaps.outputs = {{"unit", sql::column("unit")},
                  {"time_us", sql::column("time_us")},
                  {"events_here", sql::column("events_here")},
                  {"before_us", sql::previous(sql::column("time_us"), times_of_unit())}};
  gaps.from = {plan.add("instants", std::move(instants))};

  const sql::Expression gap = sql::subtract(sql::column("time_us"), sql::column("before_us"));
  const sql::Expression begins =
      sql::when({{sql::compare(Op::less_or_equal, gap, sql::value(query.gap_us)),
                  sql::value(std::int64_t{0})}},
                sql::value(std::int64_t{1}));
  sql::Select numbered;
  numbered.outputs = {{"unit", sql::column("unit")},
                      {"time_us", sql::column("time_us")},
                      {"events_here", sql::column("events_here")},
                      {"session", sql::over(sql::aggregate(Op::sum, begins), times_of_unit())}};
  numbered.from = {plan.add("gaps", std::move(gaps))};

  const sql::Expression time = sql::column("time_us");
  sql::Select sessions;
  sessions.outputs = {{"unit", sql::column("unit")},
                      {"session", sql::column("session")},
                      {"began", sql::aggregate(Op::minimum, time)},
                      {"ended", sql::aggregate(Op::maximum, time)},
                      {"depth", sql::aggregate(Op::sum, sql::column("events_here"))}};
  sessions.from = {plan.add("numbered_instants", std::move(numbered))};
  sessions.group_by = {sql::column("unit"), sql::column("session")};
  return plan.add("sessions", std::move(sessions));
}

}  // namespace

Result<sql::Plan> compile(const engine::SessionsQuery& query, const EventTable& table,
                          const Shifts& shifts) {
  sql::Plan plan;
  sql::Select dated;
  dated.from = {sessions_step(query, table, plan)};
  dated.outputs = {{"day", local_day(sql::column("began"), query.timezone, table.span)}};
  for (const char* name : {"session", "began", "ended", "depth"})
    dated.outputs.push_back({name, sql::column(name)});

  sql::Select result;
  result.outputs = {{"day", sql::column("day")},
                    {"sessions", sql::count_rows()},
                    {"units", sql::count_rows(sql::compare(Op::equal, sql::column("session"),
                                                           sql::value(std::int64_t{1})))}};
  add_moments(moment_columns(shifts), result);
  result.from = {plan.add("dated", std::move(dated))};
  result.group_by = {sql::column("day")};
  plan.result = {std::move(result)};
  plan.order = {{sql::column("day"), false}};
  return plan;
}

Result<engine::Sessions> decode(const engine::SessionsQuery&, const frame::Table& rows,
                                const Shifts& shifts) {
  engine::Sessions answer;
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    ASSAY_TRY(const std::int64_t day, whole_at(rows, "day", row));
    ASSAY_TRY(const std::int64_t sessions, whole_at(rows, "sessions", row));
    ASSAY_TRY(const std::int64_t units, whole_at(rows, "units", row));
    if (row == 0) answer.first_day = static_cast<Day>(day);
    const std::int64_t at = day - answer.first_day;
    if (at < static_cast<std::int64_t>(answer.started.size()))
      return fail(ErrorCode::internal, "the days of the answer are not in order");
    answer.started.resize(static_cast<std::size_t>(at) + 1, 0);
    answer.started.back() = sessions;
    answer.sessions += sessions;
    answer.units += units;
  }
  ASSAY_TRY(const numerics::CoMoments moments, read_all_moments(rows, moment_columns(shifts)));
  answer.length_seconds = moments.marginal(0);
  answer.depth = moments.marginal(1);
  return answer;
}

Shifts shifts_for(const engine::Sessions& answer) {
  numerics::CoMoments length(1);
  numerics::CoMoments depth(1);
  length = {};
  length.n = answer.length_seconds.n;
  length.mean = {answer.length_seconds.mean};
  length.comoment = {answer.length_seconds.m2};
  depth.n = answer.depth.n;
  depth.mean = {answer.depth.mean};
  depth.comoment = {answer.depth.m2};
  if (!needs_shift(length) && !needs_shift(depth)) return {};
  return {{length.mean[0], depth.mean[0]}};
}

}  // namespace assay::distributed
