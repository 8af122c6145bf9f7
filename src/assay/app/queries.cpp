#include "assay/app/queries.hpp"

#include <fmt/core.h>

#include <utility>

#include "assay/app/questions.hpp"
#include "assay/events/index.hpp"
#include "assay/metrics/words.hpp"
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
  Ready out;
  out.timezone = source->timezone;
  out.title = source->title;
  out.end_declared = source->spec() != nullptr && source->spec()->complete_until.has_value();
  ASSAY_TRY(out.engine, open_engine(context, *source));
  out.project = std::move(source->project);
  return out;
}

Asked asked_of(const Ready& ready) {
  return {ready.project ? &*ready.project : nullptr, ready.timezone, ready.engine.complete_until};
}

report::Provenance provenance_of(Context& context, const Ready& ready) {
  report::Provenance out = provenance(context);
  say_engine(context, ready.engine, out);
  return out;
}

/// Points an error about a word of a declared funnel at its place in the project.
Result<engine::FunnelCounts> at_declared_words(const Ready& ready, const FunnelOptions& options,
                                               Result<engine::FunnelCounts> counts) {
  if (counts || !options.steps.empty() || !ready.project) return counts;
  for (const spec::Funnel& funnel : ready.project->funnels) {
    if (!options.funnel.empty() && funnel.name.value != options.funnel) continue;
    return tl::unexpected(metrics::at_word(std::move(counts.error()), metrics::words_of(funnel)));
  }
  return counts;
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
  ASSAY_TRY(queries, active_users_queries(asked_of(ready), options));
  std::vector<engine::ActiveUsers> answers;
  for (const engine::ActiveUsersQuery& query : queries) {
    engine::ActiveUsers answer;
    ASSAY_TRY(answer, ready.engine.engine->active_users(query));
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
  engine::RetentionQuery query;
  ASSAY_TRY(query, retention_query(asked_of(ready), options));
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
  ASSAY_TRY(query, funnel_query(asked_of(ready), options, names));
  engine::FunnelCounts counts;
  ASSAY_TRY(counts, at_declared_words(ready, options, ready.engine.engine->funnel(query)));
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
  ASSAY_TRY(query, sessions_query(asked_of(ready), options));
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
  auto files = take_files(context, *source);
  if (!files) return tl::unexpected(std::move(files.error()));
  ASSAY_TRY(status, ingest::ensure_index(files->database, files->source, source->index, request));
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
