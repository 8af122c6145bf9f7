#include "assay/app/audit.hpp"

#include <fmt/core.h>

#include <utility>

#include "assay/app/project.hpp"
#include "assay/base/text.hpp"
#include "assay/distributed/engine.hpp"
#include "assay/frame/predicate.hpp"
#include "assay/readout/audit_readout.hpp"

namespace assay::app {
namespace {

std::vector<std::string> values(const std::vector<spec::Text>& texts) {
  std::vector<std::string> out;
  for (const spec::Text& text : texts) out.push_back(text.value);
  return out;
}

ingest::AuditEvent audit_event(const spec::AuditEvent& event) {
  return {values(event.events), event.filter.value};
}

std::optional<ingest::Check> check_of(spec::AuditKind kind) {
  switch (kind) {
    case spec::AuditKind::volume:
      return ingest::Check::volume;
    case spec::AuditKind::null_rate:
      return ingest::Check::missing;
    case spec::AuditKind::duplicates:
      return ingest::Check::duplicates;
    case spec::AuditKind::late_share:
      return ingest::Check::late;
    case spec::AuditKind::implies:
      return ingest::Check::sequence;
    case spec::AuditKind::range:
      return ingest::Check::value_range;
    case spec::AuditKind::unknown_events:
      return ingest::Check::event_names;
    case spec::AuditKind::future_share:
      return ingest::Check::future;
    case spec::AuditKind::out_of_order:
      return ingest::Check::out_of_order;
    case spec::AuditKind::unit_volume:
      return ingest::Check::unit_volume;
    case spec::AuditKind::reconcile:
      return std::nullopt;  // Needs the metric's SQL.
  }
  return std::nullopt;
}

ingest::AuditRule rule_of(const spec::AuditCheck& check, ingest::Check kind) {
  ingest::AuditRule rule;
  rule.check = kind;
  rule.column = check.column.value;
  rule.max = check.max;
  if (kind == ingest::Check::value_range) {
    rule.minimum = check.min;
    rule.maximum = check.max;
    rule.max.reset();
  } else {
    rule.min = check.min;
  }
  rule.false_alarms = check.alpha;
  if (check.over_us) rule.over_us = *check.over_us;
  if (check.if_event) rule.if_event = audit_event(*check.if_event);
  if (check.then_event) {
    rule.then_event = audit_event(*check.then_event);
    rule.within_us = check.then_event->within_us;
    rule.before = check.then_event->before;
  }
  rule.where = spec::position_text(check.kind.where);
  return rule;
}

/// The words of a check that change nothing here, so that nobody relies on them.
std::string ignored_words(const spec::AuditCheck& check) {
  std::vector<std::string> words;
  for (const spec::Text& name : check.by) {
    // Volumes are looked at in all and event by event, whatever is written.
    if (check.kind.value != spec::AuditKind::volume || name.value != "event")
      words.push_back(fmt::format("`by: {}`", name.value));
  }
  if (check.grain != spec::Grain::day)
    words.push_back(fmt::format("`grain: {}`", spec::to_text(check.grain)));
  if (check.method != spec::AuditMethod::robust_z)
    words.push_back(fmt::format("`method: {}`", spec::to_text(check.method)));
  return list_text(words);
}

ingest::AuditOptions audit_options(Context& context, const ResolvedSource& source) {
  ingest::AuditOptions options;
  options.timezone = source.timezone;
  options.progress = &context.progress;
  const spec::Source* spec = source.spec();
  if (spec == nullptr) return options;
  if (spec->late && spec->late->watermark_us) options.watermark_us = *spec->late->watermark_us;
  options.known_events = values(spec->known_events);
  for (const spec::AuditCheck& check : spec->audit) {
    if (const auto kind = check_of(check.kind.value)) {
      options.rules.push_back(rule_of(check, *kind));
      if (const std::string words = ignored_words(check); !words.empty()) {
        context.warnings.push_back(fmt::format(
            "{}: the check `{}` runs without {}; this version does not have that",
            spec::position_text(check.kind.where), spec::to_text(check.kind.value), words));
      }
    } else {
      context.warnings.push_back(fmt::format("{}: audit check `{}` is not run by this version",
                                             spec::position_text(check.kind.where),
                                             spec::to_text(check.kind.value)));
    }
  }
  return options;
}

}  // namespace

namespace {

/// A table is audited where it lies, by counts alone; then the project's engine is a warehouse.
Result<Outcome> audit_there(Context& context, ResolvedSource& source) {
  OpenEngine engine;
  ASSAY_TRY(engine, open_engine(context, source));
  ingest::AuditOptions options = audit_options(context, source);
  options.costs = &engine.costs;
  ingest::Audit audit;
  ASSAY_TRY(audit,
            ingest::audit(engine.warehouse->connection(), engine.warehouse->table(), options));
  report::Provenance made_by = provenance(context);
  say_engine(context, engine, made_by);
  Outcome outcome;
  outcome.document = readout::audit_document(audit, made_by);
  outcome.judged_bad = audit.worst() == ingest::Severity::critical;
  return outcome;
}

}  // namespace

Result<Outcome> audit_verb(Context& context, const SourceOptions& options) {
  auto source = resolve_source(context, options);
  if (!source) return tl::unexpected(std::move(source.error()));
  if (source->engine.kind == EngineChoice::Kind::warehouse) return audit_there(context, *source);
  ingest::Audit audit;
  auto files = take_files(context, *source);
  if (!files) return tl::unexpected(std::move(files.error()));
  ASSAY_TRY(audit, ingest::audit(files->database, files->source, audit_options(context, *source)));
  Outcome outcome;
  outcome.document = readout::audit_document(audit, provenance(context));
  outcome.judged_bad = audit.worst() == ingest::Severity::critical;
  return outcome;
}

}  // namespace assay::app
