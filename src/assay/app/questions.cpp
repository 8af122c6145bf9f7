#include "assay/app/questions.hpp"

#include <fmt/core.h>

#include <utility>

#include "assay/base/text.hpp"
#include "assay/metrics/compile.hpp"

namespace assay::app {
namespace {

Result<engine::EventSelector> selector(const std::vector<std::string>& names,
                                       const std::string& where) {
  engine::EventSelector out{names, std::nullopt};
  if (!where.empty()) {
    auto predicate = frame::parse_predicate(where);
    if (!predicate) {
      predicate.error().where = "--where, " + predicate.error().where;
      return tl::unexpected(std::move(predicate.error()));
    }
    out.where = std::move(*predicate);
  }
  return out;
}

}  // namespace

Result<std::vector<engine::ActiveUsersQuery>> active_users_queries(
    const Asked& asked, const ActiveUsersOptions& options) {
  std::vector<engine::ActiveUsersQuery> queries;
  for (const int trailing : options.trailing) {
    if (trailing < 1) {
      return fail(ErrorCode::invalid_spec, fmt::format("not a number of days: {}", trailing),
                  "--trailing", "write 1 or more");
    }
    queries.push_back({{options.events, std::nullopt}, asked.timezone, trailing});
  }
  return queries;
}

Result<engine::RetentionQuery> retention_query(const Asked& asked,
                                               const RetentionOptions& options) {
  if (options.max_day < 1 || options.max_day > 3'650) {
    return fail(ErrorCode::invalid_spec, fmt::format("not a number of days: {}", options.max_day),
                "--days", "write 1 to 3650");
  }
  engine::RetentionQuery query;
  ASSAY_TRY(query.start, selector(options.start, options.where));
  ASSAY_TRY(query.returning, selector(options.returning, options.where));
  query.entry =
      options.recurring ? engine::CohortEntry::recurring : engine::CohortEntry::first_time;
  query.max_day = options.max_day;
  query.timezone = asked.timezone;
  query.complete_until = asked.complete_until;
  return query;
}

Result<engine::SessionsQuery> sessions_query(const Asked& asked, const SessionsOptions& options) {
  engine::SessionsQuery query;
  query.event.names = options.events;
  query.timezone = asked.timezone;
  auto gap = parse_duration(options.gap);
  if (!gap) {
    gap.error().where = "--gap";
    return tl::unexpected(std::move(gap.error()));
  }
  if (*gap == 0) {
    return fail(ErrorCode::invalid_spec, "a session needs a gap longer than nothing", "--gap",
                "write for example 30m");
  }
  query.gap_us = *gap;
  return query;
}

Result<engine::FunnelQuery> funnel_query(const Asked& asked, const FunnelOptions& options,
                                         std::vector<std::string>& names) {
  if (!options.steps.empty()) {
    engine::FunnelQuery query;
    auto window = parse_duration(options.window);
    if (!window) {
      window.error().where = "--window";
      return tl::unexpected(std::move(window.error()));
    }
    if (*window == 0) {
      return fail(ErrorCode::invalid_spec, "a funnel needs a window longer than nothing",
                  "--window", "write for example 7d");
    }
    query.window_us = *window;
    names = options.steps;
    for (const std::string& step : options.steps) query.steps.push_back({{step}, std::nullopt});
    return query;
  }
  std::vector<std::string> have;
  if (asked.project != nullptr) {
    for (const spec::Funnel& funnel : asked.project->funnels) {
      if (options.funnel.empty() || funnel.name.value == options.funnel) {
        for (const spec::FunnelStep& step : funnel.steps) names.push_back(step.name.value);
        return metrics::compile_funnel(funnel);
      }
      have.push_back(funnel.name.value);
    }
  }
  if (options.funnel.empty())
    return fail(ErrorCode::invalid_spec, "no funnel to compute", "", "write --steps A,B,C");
  return fail(ErrorCode::invalid_spec, fmt::format("there is no funnel `{}`", options.funnel),
              "--funnel",
              spec::did_you_mean(
                  options.funnel, have,
                  have.empty() ? "write --steps A,B,C" : "name one of the project's funnels"),
              list_text(have));
}

}  // namespace assay::app
