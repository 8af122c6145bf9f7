#include <nlohmann/json.hpp>

#include "assay/report/detail/outline.hpp"
#include "assay/report/format.hpp"
#include "assay/report/render.hpp"

namespace assay::report {
namespace {

using Json = nlohmann::ordered_json;

std::string_view word(Tone tone) {
  switch (tone) {
    case Tone::good:
      return "good";
    case Tone::bad:
      return "bad";
    case Tone::warn:
      return "warn";
    case Tone::invalid:
      return "invalid";
    case Tone::neutral:
      break;
  }
  return "neutral";
}

std::string_view word(Mark mark) {
  switch (mark) {
    case Mark::good:
      return "good";
    case Mark::bad:
      return "bad";
    case Mark::neutral:
      return "neutral";
    case Mark::none:
      break;
  }
  return "none";
}

std::string_view word(Layer layer) {
  switch (layer) {
    case Layer::summary:
      return "summary";
    case Layer::detail:
      return "detail";
    case Layer::evidence:
      break;
  }
  return "evidence";
}

std::string_view word(CheckStatus status) {
  return status == CheckStatus::not_run ? "not_run" : status_word(status);
}

std::string_view word(CellKind kind) {
  constexpr std::string_view kWords[] = {"text",     "count",   "number", "percent",
                                         "interval", "p_value", "lift",   "estimate"};
  return kWords[static_cast<std::size_t>(kind)];
}

std::string_view word(NumberStyle style) {
  constexpr std::string_view kWords[] = {"number",   "signed_number", "count", "percent",
                                         "relative", "points",        "money", "p_value"};
  return kWords[static_cast<std::size_t>(style)];
}

Json json(const NumberFormat& format) {
  return {{"style", word(format.style)}, {"unit", format.unit}};
}

/// A number with the text a person reads, so that nobody has to format it again.
Json json(const Number& number, const NumberFormat& format) {
  Json out{{"value", number.value ? Json(*number.value) : Json(nullptr)},
           {"text", format_number(number, format)}};
  if (!number.defined() && !number.reason.empty()) out["reason"] = number.reason;
  return out;
}

/// An estimate whose text has the decimals of its interval.
Json json(const Number& number, const Number& low, const Number& high, const NumberFormat& format) {
  Json out = json(number, format);
  out["text"] = format_estimate(number, low, high, format);
  return out;
}

Json json(const Number& low, const Number& high, const NumberFormat& format) {
  return {{"low", low.value ? Json(*low.value) : Json(nullptr)},
          {"high", high.value ? Json(*high.value) : Json(nullptr)},
          {"text", format_interval(low, high, format)}};
}

Json json(const std::optional<double>& value, const NumberFormat& format) {
  return value ? json(Number(*value), format) : Json(nullptr);
}

Json json(const Cell& cell, const Column& column) {
  Json out{{"kind", word(cell.kind)}, {"text", cell_text(cell, column)}};
  const auto value = [](const Number& n) { return n.value ? Json(*n.value) : Json(nullptr); };
  if (cell.kind != CellKind::text && cell.kind != CellKind::interval) {
    out["value"] = value(cell.value);
  }
  if (cell.kind == CellKind::interval || cell.kind == CellKind::estimate) {
    out["low"] = value(cell.low);
    out["high"] = value(cell.high);
  }
  if (cell.mark != Mark::none) out["mark"] = word(cell.mark);
  if (const std::string reason = cell_reason(cell); !reason.empty()) out["reason"] = reason;
  return out;
}

Json json(const Table& table) {
  Json out{{"type", "table"},
           {"title", table.title},
           {"caption", table.caption},
           {"shaded", table.shaded}};
  Json columns = Json::array();
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    columns.push_back({{"title", table.columns[i].title},
                       {"align", aligns_right(table.columns[i], table.rows, i) ? "right" : "left"},
                       {"format", json(table.columns[i].format)}});
  }
  out["columns"] = std::move(columns);
  Json rows = Json::array();
  for (const auto& row : table.rows) {
    Json cells = Json::array();
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
      cells.push_back(json(i < row.size() ? row[i] : Cell{}, table.columns[i]));
    }
    rows.push_back(std::move(cells));
  }
  out["rows"] = std::move(rows);
  return out;
}

Json json(const Estimate& e) {
  return {{"metric", e.metric},
          {"role", e.role},
          {"arm", e.arm},
          {"control", json(e.control, e.format)},
          {"treatment", json(e.treatment, e.format)},
          {"format", json(e.format)},
          {"lift", json(e.lift, e.low, e.high, e.lift_format)},
          {"interval", json(e.low, e.high, e.lift_format)},
          {"lift_format", json(e.lift_format)},
          {"p_value", json(e.p_value, NumberFormat::p_value())},
          {"margin", json(e.margin, e.lift_format)},
          {"mark", word(e.mark)},
          {"words", e.words}};
}

Json json(const Scorecard& card) {
  Json rows = Json::array();
  for (const Estimate& e : card.rows) rows.push_back(json(e));
  return {{"type", "scorecard"},
          {"title", card.title},
          {"confidence_level", card.confidence_level},
          {"confidence_text", format_level(card.confidence_level)},
          {"control", card.control},
          {"treatment", card.treatment},
          {"rows", std::move(rows)},
          {"caption", card.caption}};
}

Json spec_json(const EffectIntervals& spec, const Chart& chart) {
  Json rows = Json::array();
  for (const auto& row : spec.rows) {
    rows.push_back({{"name", row.name},
                    {"group", row.group},
                    {"estimate", json(row.estimate, row.low, row.high, chart.y_format)},
                    {"interval", json(row.low, row.high, chart.y_format)},
                    {"margin", json(row.margin, chart.y_format)},
                    {"mark", word(row.mark)},
                    {"words", row.words}});
  }
  return {{"type", "effect_intervals"}, {"zero", spec.zero}, {"rows", std::move(rows)}};
}

Json spec_json(const TimeSeriesBand& spec, const Chart& chart) {
  Json views = Json::array();
  for (const auto& view : spec.views) {
    Json all = Json::array();
    for (const Series& series : view.series) {
      Json points = Json::array();
      for (const SeriesPoint& p : series.points) {
        points.push_back({{"x", p.x},
                          {"estimate", json(p.estimate, p.low, p.high, chart.y_format)},
                          {"interval", json(p.low, p.high, chart.y_format)}});
      }
      all.push_back({{"name", series.name}, {"points", std::move(points)}});
    }
    views.push_back({{"name", view.name}, {"series", std::move(all)}});
  }
  Json annotations = Json::array();
  for (const auto& note : spec.annotations) {
    annotations.push_back({{"x", note.x}, {"text", note.text}});
  }
  return {{"type", "time_series_band"},
          {"views", std::move(views)},
          {"reference", json(spec.reference, chart.y_format)},
          {"annotations", std::move(annotations)}};
}

Json spec_json(const RetentionCurve& spec, const Chart&) {
  Json arms = Json::array();
  for (const auto& arm : spec.arms) {
    Json points = Json::array();
    for (const auto& p : arm.points) {
      points.push_back({{"k", p.k},
                        {"rate", json(p.rate, NumberFormat::percent())},
                        {"interval", json(p.low, p.high, NumberFormat::percent())}});
    }
    arms.push_back({{"name", arm.name}, {"points", std::move(points)}});
  }
  return {{"type", "retention_curve"}, {"arms", std::move(arms)}};
}

Json spec_json(const FunnelChart& spec, const Chart&) {
  Json arms = Json::array();
  for (const auto& arm : spec.arms) {
    Json stages = Json::array();
    for (const auto& s : arm.stages) {
      stages.push_back(
          {{"count", json(Number(static_cast<double>(s.count)), NumberFormat::count())},
           {"rate", json(s.rate, NumberFormat::percent())},
           {"interval", json(s.low, s.high, NumberFormat::percent())}});
    }
    arms.push_back({{"name", arm.name}, {"stages", std::move(stages)}});
  }
  return {{"type", "funnel"}, {"steps", spec.steps}, {"arms", std::move(arms)}};
}

Json spec_json(const Bars& spec, const Chart& chart) {
  Json groups = Json::array();
  for (const auto& group : spec.groups) {
    Json values = Json::array();
    for (const Number& value : group.values) values.push_back(json(value, chart.y_format));
    groups.push_back({{"name", group.name}, {"values", std::move(values)}});
  }
  return {{"type", "bars"}, {"labels", spec.labels}, {"groups", std::move(groups)}};
}

Json spec_json(const Curve& spec, const Chart& chart) {
  Json lines = Json::array();
  for (const auto& line : spec.lines) {
    Json points = Json::array();
    for (const auto& p : line.points) {
      points.push_back({{"x", json(Number(p.x), chart.x_format)},
                        {"y", json(p.y, chart.y_format)},
                        {"interval", json(p.low, p.high, chart.y_format)}});
    }
    lines.push_back({{"name", line.name}, {"points", std::move(points)}});
  }
  return {{"type", "curve"},
          {"lines", std::move(lines)},
          {"reference_x", json(spec.reference_x, chart.x_format)},
          {"reference_y", json(spec.reference_y, chart.y_format)}};
}

Json json(const Chart& chart) {
  return {
      {"type", "chart"},
      {"title", chart.title},
      {"x_title", chart.x_title},
      {"y_title", chart.y_title},
      {"x_format", json(chart.x_format)},
      {"y_format", json(chart.y_format)},
      {"how_to_read", chart.how_to_read},
      {"caption", chart.caption},
      {"spec", std::visit([&](const auto& spec) { return spec_json(spec, chart); }, chart.spec)},
      {"table", json(chart_table(chart))}};
}

Json json(const std::vector<Fact>& facts) {
  Json out = Json::array();
  for (const Fact& fact : facts) out.push_back({{"key", fact.key}, {"value", fact.value}});
  return out;
}

Json blocks_json(const std::vector<Block>& blocks);

Json json(const Verdict& v) {
  return {{"type", "verdict"},      {"word", v.word},     {"tone", word(v.tone)},
          {"headline", v.headline}, {"reason", v.reason}, {"facts", v.facts},
          {"next", v.next}};
}

Json json(const Check& c) {
  return {{"type", "check"},        {"name", c.name}, {"status", word(c.status)},
          {"observed", c.observed}, {"rule", c.rule}, {"detail", c.detail}};
}

Json json(const Notes& notes) {
  Json items = Json::array();
  for (const auto& item : notes.items) {
    items.push_back({{"text", item.text}, {"tone", word(item.tone)}});
  }
  return {{"type", "notes"}, {"title", notes.title}, {"items", std::move(items)}};
}

Json json(const Block& block) {
  return std::visit(
      Overloaded{
          [](const Heading& h) -> Json {
            return {{"type", "heading"}, {"text", h.text}, {"level", h.level}};
          },
          [](const Text& t) -> Json {
            return {{"type", "text"},
                    {"text", t.text},
                    {"severity", t.severity == Severity::muted ? "muted" : "normal"}};
          },
          [](const Facts& f) -> Json {
            return {{"type", "facts"}, {"title", f.title}, {"items", json(f.items)}};
          },
          [](const Code& c) -> Json {
            return {
                {"type", "code"}, {"title", c.title}, {"language", c.language}, {"text", c.text}};
          },
          [](const Section& s) -> Json {
            return {{"type", "section"},
                    {"title", s.title},
                    {"layer", word(s.layer)},
                    {"blocks", blocks_json(s.blocks)}};
          },
          [](const auto& other) -> Json { return json(other); },
      },
      block.content);
}

Json blocks_json(const std::vector<Block>& blocks) {
  Json out = Json::array();
  for (const Block& block : blocks) out.push_back(json(block));
  return out;
}

Json json(const Provenance& p) {
  // A 64-bit seed does not fit a JavaScript number, so it travels as text.
  return {{"version", p.version},
          {"command", p.command},
          {"seed", p.seed ? Json(std::to_string(*p.seed)) : Json(nullptr)},
          {"spec_hash", p.spec_hash},
          {"data_fingerprint", p.data_fingerprint},
          {"engine", p.engine},
          {"generated_at", p.generated_at},
          {"more", json(p.more)}};
}

Json json(const Document& document) {
  return {{"schema", "assay.document"},
          {"schema_version", kDocumentSchemaVersion},
          {"kind", document.kind},
          {"title", document.title},
          {"subtitle", document.subtitle},
          {"blocks", blocks_json(document.blocks)},
          {"provenance", json(document.provenance)}};
}

// Bytes that are not UTF-8 become the replacement character instead of an exception.
constexpr auto kReplace = Json::error_handler_t::replace;

}  // namespace

std::string render_json(const Document& document) {
  return json(document).dump(1, ' ', false, kReplace) + "\n";
}

std::string compact_json(const Document& document) {
  return json(document).dump(-1, ' ', false, kReplace);
}

}  // namespace assay::report
