#include "assay/app/queries.hpp"

#include <fmt/core.h>

#include <utility>

#include "assay/base/text.hpp"
#include "assay/events/index.hpp"
#include "assay/metrics/compile.hpp"
#include "assay/numerics/parallel.hpp"
#include "assay/readout/query_readout.hpp"

namespace assay::app {
namespace {

/// A source with an engine over it.
struct Ready {
  OpenEngine engine;
  TimeZone timezone = TimeZone::utc();
  std::optional<spec::Project> project;
  std::string title;
  bool end_declared = false;  ///< The source says until when it is complete.
};

Result<Ready> make_ready(Context& context, const SourceOptions& options) {
  auto source = resolve_source(context, options);
  if (!source) return tl::unexpected(std::move(source.error()));
  const std::string word = !options.engine.empty() ? options.engine
                           : source->project       ? source->project->engine.value
                                                   : "";
  EngineChoice choice{};
  ASSAY_TRY(choice, parse_engine(word));
  Ready out;
  out.timezone = source->timezone;
  out.title = source->title;
  out.end_declared = source->open.spec != nullptr && source->open.spec->complete_until.has_value();
  ASSAY_TRY(out.engine, open_engine(context, std::move(source->open), source->index, choice));
  out.project = std::move(source->project);
  return out;
}

report::Provenance provenance_of(const Context& context, const Ready& ready) {
  report::Provenance out = provenance(context);
  out.engine = ready.engine.engine->name();
  out.data_fingerprint = ready.engine.data_fingerprint;
  return out;
}

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

Result<engine::FunnelQuery> funnel_query(const Ready& ready, const FunnelOptions& options,
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
  if (ready.project) {
    for (const spec::Funnel& funnel : ready.project->funnels) {
      if (options.funnel.empty() || funnel.name.value == options.funnel) {
        for (const spec::FunnelStep& step : funnel.steps) names.push_back(step.name.value);
        return metrics::compile_funnel(funnel);
      }
      have.push_back(funnel.name.value);
    }
  }
  if (options.funnel.empty())
    return fail(ErrorCode::invalid_spec, "no funnel to compute", "", "write --steps A,B,C");
  return fail(ErrorCode::invalid_spec, fmt::format("there is no funnel `{}`", options.funnel), "",
              spec::did_you_mean(options.funnel, have), list_text(have));
}

/// Leaves out the days that begin after the data are complete: stray events with a skewed clock.
void drop_incomplete(engine::ActiveUsers& answer, const Ready& ready) {
  while (ready.end_declared && !answer.units.empty()) {
    const Day last = answer.first_day + static_cast<Day>(answer.units.size()) - 1;
    if (ready.timezone.day_start(last) < ready.engine.complete_until) return;
    answer.units.pop_back();
  }
}

}  // namespace

Result<Outcome> active_users_verb(Context& context, const ActiveUsersOptions& options) {
  Ready ready;
  ASSAY_TRY(ready, make_ready(context, options.source));
  std::vector<engine::ActiveUsersQuery> queries;
  std::vector<engine::ActiveUsers> answers;
  for (const int trailing : options.trailing) {
    if (trailing < 1) {
      return fail(ErrorCode::invalid_spec, fmt::format("not a number of days: {}", trailing),
                  "--trailing", "write 1 or more");
    }
    queries.push_back({{options.events, std::nullopt}, ready.timezone, trailing});
    engine::ActiveUsers answer;
    ASSAY_TRY(answer, ready.engine.engine->active_users(queries.back()));
    drop_incomplete(answer, ready);
    answers.push_back(std::move(answer));
  }
  Outcome outcome;
  outcome.document =
      readout::active_users_document(queries, answers, provenance_of(context, ready));
  return outcome;
}

Result<Outcome> retention_verb(Context& context, const RetentionOptions& options) {
  Ready ready;
  ASSAY_TRY(ready, make_ready(context, options.source));
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
  query.timezone = ready.timezone;
  query.complete_until = ready.engine.complete_until;
  engine::RetentionTriangle triangle;
  ASSAY_TRY(triangle, ready.engine.engine->retention(query));
  Outcome outcome;
  outcome.document = readout::retention_document(
      query, triangle, fmt::format("Retention of {}", ready.title), provenance_of(context, ready));
  return outcome;
}

Result<Outcome> funnel_verb(Context& context, const FunnelOptions& options) {
  Ready ready;
  ASSAY_TRY(ready, make_ready(context, options.source));
  std::vector<std::string> names;
  engine::FunnelQuery query;
  ASSAY_TRY(query, funnel_query(ready, options, names));
  engine::FunnelCounts counts;
  ASSAY_TRY(counts, ready.engine.engine->funnel(query));
  Outcome outcome;
  outcome.document =
      readout::funnel_document(query, counts, names, fmt::format("Funnel of {}", ready.title),
                               provenance_of(context, ready));
  return outcome;
}

Result<Outcome> sessions_verb(Context& context, const SessionsOptions& options) {
  Ready ready;
  ASSAY_TRY(ready, make_ready(context, options.source));
  engine::SessionsQuery query;
  query.event.names = options.events;
  query.timezone = ready.timezone;
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
  engine::Sessions sessions;
  ASSAY_TRY(sessions, ready.engine.engine->sessions(query));
  Outcome outcome;
  outcome.document = readout::sessions_document(query, sessions, provenance_of(context, ready));
  return outcome;
}

Result<Outcome> index_verb(Context& context, const IndexOptions& options) {
  auto source = resolve_source(context, options.source);
  if (!source) return tl::unexpected(std::move(source.error()));
  ingest::BuildRequest request;
  request.memory_bytes = context.memory_bytes;
  request.threads = context.threads > 0 ? context.threads : numerics::default_threads();
  request.progress = &context.progress;
  request.force = options.force;
  ingest::IndexStatus status;
  ASSAY_TRY(status, ingest::ensure_index(source->open.database, source->open.source, source->index,
                                         request));
  if (options.verify) {
    auto index = events::Index::open(source->index);
    if (!index) return tl::unexpected(std::move(index.error()));
    if (auto whole = index->verify(); !whole) {
      whole.error().fix =
          fmt::format("build it again: assay index {} --force", options.source.path.string());
      return tl::unexpected(std::move(whole.error()));
    }
    status.counts.emplace_back("Every byte was read and agrees with its checksum.");
  }
  Outcome outcome;
  outcome.document = readout::index_document(status, provenance(context));
  if (status.action != ingest::BuildAction::none) outcome.written = {source->index};
  return outcome;
}

}  // namespace assay::app
