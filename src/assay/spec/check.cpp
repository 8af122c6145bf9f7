#include "assay/spec/detail/check.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cctype>

#include "assay/base/text.hpp"

namespace assay::spec::detail {
namespace {

bool begins_name(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_'; }
bool continues_name(char c) { return begins_name(c) || (c >= '0' && c <= '9'); }

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return (c & 0x80) == 0; });
}

/// The offset of the first quote or bracket without a partner; npos when all have one.
std::size_t first_unpaired(const std::string& text) {
  std::vector<std::pair<char, std::size_t>> open;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool in_quotes = !open.empty() && (open.back().first == '\'' || open.back().first == '"');
    if (in_quotes) {
      if (c == open.back().first) open.pop_back();
    } else if (c == '\'' || c == '"' || c == '(' || c == '[') {
      open.emplace_back(c, i);
    } else if (c == ')' || c == ']') {
      if (open.empty() || open.back().first != (c == ')' ? '(' : '[')) return i;
      open.pop_back();
    }
  }
  return open.empty() ? std::string::npos : open.back().second;
}

}  // namespace

Location part_of(const Text& text, std::size_t offset, std::size_t length) {
  Location where = text.where;
  if (where.source == nullptr || where.line < 1 || !is_ascii(text.value)) return where;
  const auto line = static_cast<std::size_t>(where.line) - 1;
  if (line >= where.source->lines.size()) return where;
  const std::string& written = where.source->lines[line];
  if (!is_ascii(written)) return where;
  const auto column = static_cast<std::size_t>(where.column) - 1;
  for (const std::size_t quote : {0U, 1U}) {
    if (column + quote > written.size() ||
        written.compare(column + quote, text.value.size(), text.value) != 0)
      continue;
    where.column += static_cast<int>(offset + quote);
    where.length = static_cast<int>(length);
    return where;
  }
  return where;
}

std::vector<std::pair<std::string, std::size_t>> names_in(std::string_view expression) {
  std::vector<std::pair<std::string, std::size_t>> names;
  for (std::size_t i = 0; i < expression.size();) {
    if (!begins_name(expression[i])) {
      // The e of 1e6 is no name.
      i = continues_name(expression[i])
              ? std::min(expression.find_first_not_of("0123456789.eE", i), expression.size())
              : i + 1;
      continue;
    }
    std::size_t end = i;
    while (end < expression.size() && continues_name(expression[end])) ++end;
    const std::size_t next = expression.find_first_not_of(' ', end);
    if (next == std::string_view::npos || expression[next] != '(')
      names.emplace_back(expression.substr(i, end - i), i);
    i = end;
  }
  return names;
}

void check_expression(const Text& expression, Diagnostics& diagnostics) {
  const std::size_t at = first_unpaired(expression.value);
  if (at == std::string::npos) return;
  diagnostics.add(part_of(expression, at, 1),
                  fmt::format("this {} has no partner: {}", expression.value[at], expression.value),
                  "close every quote and bracket of an expression");
}

const Source* resolve_source(Text& source, const Location& where, const Project& project,
                             Diagnostics& diagnostics) {
  if (source.value.empty()) {
    if (project.sources.size() == 1) {
      source.value = project.sources.front().name.value;
      return &project.sources.front();
    }
    if (!project.sources.empty())
      diagnostics.add(where, "`source` is missing, and the project has several",
                      "add `source: name`", list_text(names_of(project.sources)));
    return nullptr;
  }
  check_reference(source, "source", names_of(project.sources), diagnostics);
  return find_source(project, source.value);
}

void check_reference(const Text& name, std::string_view noun,
                     const std::vector<std::string>& defined, Diagnostics& diagnostics) {
  if (name.value.empty()) return;
  if (std::find(defined.begin(), defined.end(), name.value) != defined.end()) return;
  const std::string problem = fmt::format("there is no {} `{}`", noun, name.value);
  if (diagnostics.is_full()) {  // Only counted from here on: no time for a suggestion.
    diagnostics.add(name.where, problem);
    return;
  }
  diagnostics.add(name.where, problem,
                  did_you_mean(name.value, defined, fmt::format("define this {} first", noun)),
                  defined.empty() ? fmt::format("no {} at all", noun) : list_text(defined, 20));
}

void check_events(const std::vector<Text>& events, const Source& source, Diagnostics& diagnostics) {
  if (source.known_events.empty()) return;
  std::vector<std::string> known;
  for (const Text& event : source.known_events) known.push_back(event.value);
  for (const Text& event : events) {
    if (std::find(known.begin(), known.end(), event.value) != known.end()) continue;
    diagnostics.add(
        event.where, fmt::format("source `{}` lists no event `{}`", source.name.value, event.value),
        did_you_mean(event.value, known, "add it to `events` of the source, if it exists"),
        list_text(known, 20));
  }
}

void check_unit(const Text& unit, const Location& where, const Source& source,
                Diagnostics& diagnostics) {
  if (unit.value.empty() || find_entity(source, unit.value) != nullptr ||
      diagnostics.is_broken(source.where))
    return;
  const auto entities = names_of(source.entities);
  diagnostics.add(
      unit.where.line > 0 ? unit.where : where,
      fmt::format("source `{}` has no entity `{}` to count by", source.name.value, unit.value),
      did_you_mean(unit.value, entities, "name one of its entities as `unit`"),
      list_text(entities));
}

std::vector<std::string> splittable_names(const Project& project) {
  std::vector<std::string> names = names_of(project.dimensions);
  const auto add = [&](std::vector<std::string> more) {
    for (std::string& name : more)
      if (std::find(names.begin(), names.end(), name) == names.end())
        names.push_back(std::move(name));
  };
  add(names_of(project.cohorts));
  for (const Source& source : project.sources) {
    add(names_of(source.properties));
    add(names_of(source.entities));
  }
  return names;
}

void check_split(const Text& name, const Project& project, bool strict, Diagnostics& diagnostics) {
  const auto names = splittable_names(project);
  if (name.value == "event" || std::find(names.begin(), names.end(), name.value) != names.end())
    return;
  const std::string near = did_you_mean(name.value, names);
  if (strict || !near.empty()) {
    diagnostics.add(name.where,
                    fmt::format("there is no dimension, cohort or property `{}`", name.value),
                    near.empty() ? "define it under `dimensions`" : near, list_text(names, 20));
    return;
  }
  diagnostics.note(name.where,
                   fmt::format("`{}` is neither a dimension nor a declared property; it is read "
                               "as a column",
                               name.value));
}

}  // namespace assay::spec::detail
