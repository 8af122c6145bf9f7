#include <fmt/core.h>

#include <array>
#include <charconv>

#include "assay/base/text.hpp"
#include "assay/spec/detail/describe.hpp"

namespace assay::spec::detail {
namespace {

Result<void> parse_property_type(const std::string& text, Property& property) {
  std::string name = text.substr(0, text.find('('));
  while (!name.empty() && name.back() == ' ') name.pop_back();
  for (const Word& word : words(PropertyType{})) {
    if (word.text != name || (name != "decimal" && name != text)) continue;
    property.type = static_cast<PropertyType>(word.value);
    if (property.type != PropertyType::decimal) return {};
    const char* at = text.data() + std::min(text.size(), text.find('(') + 1);
    const char* last = text.data() + text.size();
    const auto precision = std::from_chars(at, last, property.precision);
    at = precision.ptr;
    while (at < last && (*at == ',' || *at == ' ')) ++at;
    const auto scale = std::from_chars(at, last, property.scale);
    const bool sound =
        precision.ec == std::errc() && scale.ec == std::errc() &&
        std::string_view(scale.ptr, static_cast<std::size_t>(last - scale.ptr)) == ")" &&
        property.precision >= 1 && property.precision <= 38 && property.scale >= 0 &&
        property.scale <= property.precision;
    if (sound) return {};
    return fail(ErrorCode::invalid_spec, fmt::format("not a decimal type: `{}`", text), "",
                "write decimal(precision,scale) with scale <= precision <= 38: decimal(18,4)");
  }
  const std::vector<std::string> have = {"int64", "double", "decimal(p,s)", "bool",
                                         "dict",  "string", "timestamp"};
  const std::string near =
      nearest(name, {"int64", "double", "decimal", "bool", "dict", "string", "timestamp"});
  return fail(ErrorCode::invalid_spec, fmt::format("there is no property type `{}`", text), "",
              near.empty() ? "write one of these types" : fmt::format("did you mean `{}`?", near),
              list_text(have));
}

std::string property_type_text(const Property& property) {
  if (property.type != PropertyType::decimal) return std::string(to_text(property.type));
  return fmt::format("decimal({},{})", property.precision, property.scale);
}

constexpr int value_of(AuditKind kind) { return static_cast<int>(kind); }

/// Keys that go with each check; `name` texts are the YAML keys.
const std::array<Variant, 11>& audit_variants() {
  static const std::array<Variant, 11> kVariants{{
      {value_of(AuditKind::volume), {}, {"by", "grain", "method", "alpha"}},
      {value_of(AuditKind::null_rate), {"column", "max"}, {"by"}},
      {value_of(AuditKind::duplicates), {"max"}, {"by"}},
      {value_of(AuditKind::late_share), {"over", "max"}, {"by"}},
      {value_of(AuditKind::implies), {"if", "then", "min"}, {}},
      {value_of(AuditKind::reconcile), {"with", "metric", "tolerance"}, {}},
      {value_of(AuditKind::range), {"column"}, {"min", "max", "by"}},
      {value_of(AuditKind::unknown_events), {"max"}, {}},
      {value_of(AuditKind::future_share), {"max"}, {"by"}},
      {value_of(AuditKind::out_of_order), {"max"}, {"by"}},
      {value_of(AuditKind::unit_volume), {"max"}, {}},
  }};
  return kVariants;
}

}  // namespace

void describe(Visitor& v, Partition& partition) {
  v.text(need("column", "Column of a date, or of text of the form 2026-05-04."), partition.column);
  v.duration(may("slack", "An event of a day lies at most so far from that day's part."),
             partition.slack_us, true);
}

void describe(Visitor& v, Entity& entity) {
  v.name(need("name", "What metrics call it: user, session, video."), entity.name);
  v.word(may("type", "primary: the unit of analysis; foreign: refers to another thing."),
         entity.type);
  v.text(may("expr", "SQL over the columns of the source; default: the name."), entity.expr);
}

void describe(Visitor& v, TimeColumn& column) {
  v.text(need("expr", "Column that holds the time."), column.expr);
  v.word(may("unit", "s, ms, us or ns of a number since 1970; timestamp; auto: by type and size."),
         column.unit);
  v.zone(may("timezone", "Zone of a wall-clock column; default UTC."), column.timezone);
}

void describe(Visitor& v, Dedup& dedup) {
  v.texts(need("keys", "Columns that say that two rows are the same event."), dedup.keys);
  v.word(may("keep", "Which of the rows stays; first_ingest needs ingest_time."), dedup.keep);
  v.duration(may("within", "Rows farther apart than this are different events."), dedup.within_us);
}

void describe(Visitor& v, Late& late) {
  v.duration(may("watermark", "Days younger than this may still change."), late.watermark_us);
  v.duration(may("max_skew", "Event time may be ahead of ingest time by so much."),
             late.max_skew_us);
  v.word(may("on_future", "What happens to events from the future."), late.on_future);
}

void describe(Visitor& v, Property& property) {
  v.item_name(property.name);
  Location where;
  v.spelled(need("type", "int64, double, decimal(p,s), bool, dict, string or timestamp."), where,
            {"^(int64|double|decimal ?\\([0-9]+, ?[0-9]+\\)|bool|dict|string|timestamp)$",
             "decimal(18,4)",
             [&](const std::string& text) { return parse_property_type(text, property); },
             [&] { return property_type_text(property); }});
  v.text(may("expr", "SQL over the columns of the source; default: the name."), property.expr);
}

void describe(Visitor& v, Identity& identity) {
  v.text(need("table", "Table that joins identifiers."), identity.table);
  v.text(need("from", "Column of the identifier in the events (a device)."), identity.from);
  v.text(need("to", "Column of the identifier wanted (a user)."), identity.to);
  v.text(may("valid_from", "Column: from when on it holds."), identity.valid_from);
  v.text(may("valid_to", "Column: until when it holds."), identity.valid_to);
}

void describe(Visitor& v, AuditEvent& event) {
  v.texts(need("event", "Name of the event, or a list of names."), event.events);
  v.text(may("where", "SQL filter over declared columns."), event.filter);
  v.duration(may("within", "Time between the two events at most."), event.within_us);
  v.flag(may("before", "The event must come before the other one."), event.before);
}

void describe(Visitor& v, AuditCheck& check) {
  v.word(need("check", "What is checked."), check.kind);
  v.texts(may("by", "`event`, dimensions or columns to check apart."), check.by);
  v.word(may("grain", "Length of a period: hour, day, week, month."), check.grain);
  v.word(may("method", "How an unusual volume is told."), check.method);
  v.number(may("alpha", "Chance that an audit of clean data reports a break."), check.alpha,
           kOpenShare);
  v.text(may("column", "Column that is checked."), check.column);
  v.number(may("min", "Smallest good value."), check.min, kAnyNumber);
  v.number(may("max", "Largest good value."), check.max, kAnyNumber);
  v.duration(may("over", "An event is late when it arrives after this long."), check.over_us);
  v.object(may("if", "The event that needs another."), check.if_event);
  v.object(may("then", "The other event."), check.then_event);
  v.text(may("with", "SQL that gives the value of a ledger."), check.with_sql);
  v.text(may("metric", "Metric compared with the ledger."), check.metric);
  v.number(may("tolerance", "Relative difference that is still equal."), check.tolerance,
           kNotNegative);
  Location where;
  v.at(where, "check");
  v.variants("check", static_cast<int>(check.kind.value), words(check.kind.value),
             audit_variants());
  if (check.kind.value == AuditKind::range && check.kind.where.line > 0 && !check.min && !check.max)
    v.complain(where, "a range check has neither `min` nor `max`", "add one of them");
}

void describe(Visitor& v, Source& source) {
  v.at(source.where, "source");
  v.name(need("name", "What metrics call this source."), source.name);
  v.word(need("type", "Where the events lie."), source.type);
  v.text(may("path", "File, or glob of files, relative to the project folder."), source.path);
  v.text(may("table", "Table of a database file, or `schema.table` of a warehouse."), source.table);
  v.object(may("partition", "By which column a warehouse keeps the table in parts."),
           source.partition, "column");
  v.objects(need("entities", "Who or what the events are about; the unit of analysis first."),
            source.entities);
  v.text(need("event_name", "Column that holds the event's name."), source.event_name);
  v.object(need("event_time", "When the event happened."), source.event_time, "expr");
  v.object(may("ingest_time", "When the event arrived."), source.ingest_time, "expr");
  v.text(may("sequence", "Column that orders events of one unit at one instant."), source.sequence);
  v.object(may("dedup", "Which rows are one event written twice."), source.dedup);
  v.object(may("late", "How late events and events from the future are treated."), source.late);
  v.objects(may("properties", "Columns that metrics read, with their types."), source.properties,
            "type", true);
  v.object(may("identity", "How devices become users."), source.identity);
  v.objects(may("audit", "Checks of the data."), source.audit);
  Text& until = source.complete_until_written;
  const Key until_key = may("complete_until", "Date or instant before which the data is complete.");
  if (v.visits(until_key, !until.value.empty())) {
    v.spelled(
        until_key, until.where,
        {"^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9:]{5,8}(Z|[+-][0-9]{2}:[0-9]{2})?)?$", "2026-06-01",
         [&until](const std::string& text) -> Result<void> {
           ASSAY_TRY([[maybe_unused]] const TimeUs at, parse_instant(text, TimeZone::utc()));
           until.value = text;
           return {};
         },
         [&until] { return until.value; }});
  }
  v.texts(may("events", "Known event names; others are reported by the audit."),
          source.known_events);
}

}  // namespace assay::spec::detail
