#include "assay/spec/schema.hpp"

#include <fmt/core.h>

#include "assay/spec/detail/describe.hpp"
#include "assay/spec/detail/shape.hpp"

namespace assay::spec {
namespace detail {
namespace {

std::string json_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

std::string json_list(const std::vector<std::string>& texts) {
  std::string out = "[";
  for (const std::string& text : texts) out += (out.size() > 1 ? ", " : "") + json_text(text);
  return out + "]";
}

/// Writes one JSON object with a member a line.
class ObjectText {
 public:
  explicit ObjectText(int indent) : indent_(indent) {}
  void add(std::string_view key, const std::string& json) {
    body_ += fmt::format("{}\n{:{}}{}: {}", body_.empty() ? "" : ",", "", indent_ + 2,
                         json_text(key), json);
  }
  [[nodiscard]] std::string text() const {
    if (body_.empty()) return "{}";
    return fmt::format("{{{}\n{:{}}{}", body_, "", indent_, "}");
  }

 private:
  int indent_;
  std::string body_;
};

void add_range(ObjectText& out, const Range& range) {
  if (range.min)
    out.add(range.open_min ? "exclusiveMinimum" : "minimum", fmt::format("{}", *range.min));
  if (range.max)
    out.add(range.open_max ? "exclusiveMaximum" : "maximum", fmt::format("{}", *range.max));
}

std::string shape_json(const Shape& shape, int indent);

std::string variants_json(const Shape& shape, int indent) {
  std::string out = "[";
  for (const ShapeVariant& variant : shape.variants) {
    std::string refused;
    for (const std::string& key : variant.refuses)
      refused += fmt::format("{}{}: false", refused.empty() ? "" : ", ", json_text(key));
    out += fmt::format(
        "{}\n{:{}}{{\"if\": {{\"properties\": {{{}: {{\"const\": {}}}}}, \"required\": [{}]}},"
        " \"then\": {{\"required\": {}, \"properties\": {{{}}}}}}}",
        out.size() > 1 ? "," : "", "", indent + 4, json_text(variant.tag), json_text(variant.word),
        json_text(variant.tag), json_list(variant.needs), refused);
  }
  return fmt::format("{}\n{:{}}]", out, "", indent + 2);
}

void add_object(ObjectText& out, const Shape& shape, int indent) {
  out.add("type", "\"object\"");
  ObjectText keys(indent + 2);
  for (const auto& [name, value] : shape.keys) keys.add(name, shape_json(value, indent + 4));
  out.add("properties", keys.text());
  if (!shape.required.empty()) out.add("required", json_list(shape.required));
  out.add("additionalProperties", "false");
  if (!shape.variants.empty()) out.add("allOf", variants_json(shape, indent));
}

/// The shape without its shorthand or single form.
std::string plain_json(const Shape& shape, int indent) {
  ObjectText out(indent);
  if (!shape.doc.empty()) out.add("description", json_text(shape.doc));
  switch (shape.kind) {
    case ShapeKind::text:
      out.add("type", R"(["string", "number", "boolean"])");
      break;
    case ShapeKind::flag:
      out.add("type", "\"boolean\"");
      break;
    case ShapeKind::number:
    case ShapeKind::integer:
      out.add("type", shape.kind == ShapeKind::number ? "\"number\"" : "\"integer\"");
      add_range(out, shape.range);
      break;
    case ShapeKind::word:
      out.add("enum", json_list(shape.words));
      break;
    case ShapeKind::spelled:
      out.add("type", R"(["string", "integer"])");
      out.add("pattern", json_text(shape.pattern));
      if (!shape.example.empty()) out.add("examples", json_list({shape.example}));
      break;
    case ShapeKind::object:
      add_object(out, shape, indent);
      break;
    case ShapeKind::list:
      out.add("type", R"(["array", "null"])");
      out.add("items", shape_json(shape.items.front(), indent + 2));
      if (shape.required_items) out.add("minItems", "1");
      break;
    case ShapeKind::named:
      out.add("type", "\"object\"");
      out.add("additionalProperties", shape_json(shape.items.front(), indent + 2));
      if (shape.required_items) out.add("minProperties", "1");
      break;
  }
  return out.text();
}

std::string shape_json(const Shape& shape, int indent) {
  const Shape* single = nullptr;
  if (shape.one_or_many) single = &shape.items.front();
  for (const auto& [name, value] : shape.keys)
    if (!shape.shorthand.empty() && name == shape.shorthand) single = &value;
  if (single == nullptr) return plain_json(shape, indent);
  return fmt::format("{{\"anyOf\": [{}, {}]}}", shape_json(*single, indent),
                     plain_json(shape, indent));
}

Shape project_shape() {
  ShapeBuilder builder;
  Project project;
  describe(builder, project);
  return builder.root();
}

Shape metrics_shape() {
  ShapeBuilder builder;
  Project project;
  describe_metrics_file(builder, project);
  return builder.root();
}

Shape experiment_shape() {
  ShapeBuilder builder;
  Experiment experiment;
  describe(builder, experiment);
  return builder.root();
}

}  // namespace

std::string schema_text(const Shape& shape, std::string_view id, std::string_view title) {
  ObjectText out(0);
  out.add("$schema", "\"https://json-schema.org/draft/2020-12/schema\"");
  out.add("$id", json_text(id));
  out.add("title", json_text(title));
  add_object(out, shape, 0);
  return out.text() + "\n";
}

}  // namespace detail

std::string project_schema_json() {
  return detail::schema_text(detail::project_shape(), "assay:project:1", "assay.yaml of a project");
}

std::string metrics_schema_json() {
  return detail::schema_text(detail::metrics_shape(), "assay:metrics:1", "metrics/*.yaml");
}

std::string experiment_schema_json() {
  return detail::schema_text(detail::experiment_shape(), "assay:experiment:1",
                             "experiments/*.yaml");
}

std::vector<std::string> project_keys() { return detail::key_paths(detail::project_shape()); }
std::vector<std::string> metrics_keys() { return detail::key_paths(detail::metrics_shape()); }
std::vector<std::string> experiment_keys() { return detail::key_paths(detail::experiment_shape()); }

}  // namespace assay::spec
