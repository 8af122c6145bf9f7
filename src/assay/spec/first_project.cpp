#include "assay/spec/first_project.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <set>
#include <utility>

#include "assay/spec/load.hpp"

namespace assay::spec {
namespace {

bool is_word_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

bool is_identifier(const std::string& text) {
  return !text.empty() && !(text[0] >= '0' && text[0] <= '9') &&
         std::all_of(text.begin(), text.end(), is_word_character);
}

/// A name made of a text: every other character becomes _.
std::string as_identifier(const std::string& text) {
  std::string out;
  for (const char c : text) out += is_word_character(c) ? c : '_';
  return is_identifier(out) ? out : "_" + out;
}

/// A YAML scalar: plain when that is safe, else in double quotes.
std::string scalar(const std::string& text) {
  static const std::set<std::string> kOther = {"true", "false", "null", "yes", "no",
                                               "on",   "off",   "y",    "n",   "~"};
  std::string lower = text;
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  if (is_identifier(text) && !kOther.contains(lower)) return text;
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      out += fmt::format("\\x{:02X}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    } else {
      out += c;
    }
  }
  return out + '"';
}

/// A column as an SQL expression: quoted when it is no plain word.
std::string expression(const std::string& column) {
  if (is_identifier(column)) return column;
  std::string out = "\"";
  for (const char c : column) out += c == '"' ? "\"\"" : std::string(1, c);
  return out + '"';
}

/// "   # why", on one line; nothing without a reason.
std::string because(const std::string& reason) {
  if (reason.empty()) return "\n";
  std::string line = reason.substr(0, 200);
  for (char& c : line)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  while (!line.empty() && (static_cast<unsigned char>(line.back()) & 0xC0U) == 0x80U) {
    if (reason.size() <= 200) break;
    line.pop_back();  // Do not end inside a character.
  }
  return fmt::format("   # {}\n", line);
}

std::string type_text(const GuessedProperty& property) {
  if (property.type != PropertyType::decimal) return std::string(to_text(property.type));
  return fmt::format("\"decimal({},{})\"", property.precision, property.scale);
}

std::string place_text(const InitialGuess& guess) {
  std::string out;
  if (!guess.path.empty()) out += fmt::format("    path: {}\n", scalar(guess.path));
  if (!guess.table.empty()) out += fmt::format("    table: {}\n", scalar(guess.table));
  return out;
}

std::string time_text_of(const char* key, const GuessedColumn& column, TimeUnit unit) {
  if (column.column.empty()) return {};
  return fmt::format("    {}: {{expr: {}, unit: {}}}{}", key, scalar(expression(column.column)),
                     to_text(unit), because(column.reason));
}

std::string properties_text(const InitialGuess& guess) {
  if (guess.properties.empty()) return "    # properties: {price: double}\n";
  std::string out = "    properties:\n";
  for (const GuessedProperty& property : guess.properties) {
    const std::string key = scalar(property.column);
    const std::string type = type_text(property);
    if (is_identifier(property.column)) {
      out += fmt::format("      {}: {}{}", key, type, because(property.reason));
    } else {
      out += fmt::format("      {}: {{type: {}, expr: {}}}{}", key, type,
                         scalar(expression(property.column)), because(property.reason));
    }
  }
  return out;
}

std::string source_text(const InitialGuess& guess) {
  std::string out = fmt::format("sources:\n  - name: events\n    type: {}\n", to_text(guess.type));
  out += place_text(guess);
  out += "    entities:\n";
  for (std::size_t i = 0; i < guess.entities.size(); ++i) {
    const GuessedEntity& entity = guess.entities[i];
    out += fmt::format("      - {{name: {}, type: {}, expr: {}}}{}", as_identifier(entity.name),
                       i == 0 ? "primary" : "foreign", scalar(expression(entity.column)),
                       because(entity.reason));
  }
  out += fmt::format("    event_name: {}{}", scalar(expression(guess.event_name.column)),
                     because(guess.event_name.reason));
  out += time_text_of("event_time", guess.event_time, guess.event_time_unit);
  out += time_text_of("ingest_time", guess.ingest_time, guess.ingest_time_unit);
  if (guess.ingest_time.column.empty())
    out += "    # ingest_time: {expr: received_at}   # lets late events be told\n";
  if (!guess.sequence.column.empty())
    out += fmt::format("    sequence: {}{}", scalar(expression(guess.sequence.column)),
                       because(guess.sequence.reason));
  if (guess.dedup_key.column.empty()) {
    out += "    # dedup: {keys: [insert_id]}   # when an event may be written twice\n";
  } else {
    out += fmt::format("    dedup: {{keys: [{}]}}{}", scalar(guess.dedup_key.column),
                       because(guess.dedup_key.reason));
  }
  out += "    # complete_until: 2026-06-01   # first day that is not complete yet\n";
  return out + properties_text(guess);
}

std::string dimensions_text(const InitialGuess& guess) {
  std::string out;
  for (const GuessedProperty& property : guess.properties) {
    if (property.type != PropertyType::dict && property.type != PropertyType::boolean) continue;
    if (!is_identifier(property.column)) continue;
    out += fmt::format("  - {{name: {}, expr: {}, attribution: first_touch}}\n", property.column,
                       scalar(property.column));
  }
  return out.empty() ? out : "\ndimensions:   # what results are split by\n" + out;
}

std::string metrics_text(const InitialGuess& guess) {
  std::string out = "\nmetrics:   # examples; more stand in `assay.yaml` or metrics/*.yaml\n";
  out +=
      "  - {name: daily_active, type: active_users, numerator: {source: events}, trailing: 1d}\n";
  std::set<std::string> taken = {"daily_active"};
  for (std::size_t i = 0; i < std::min<std::size_t>(3, guess.events.size()); ++i) {
    const std::string name = as_identifier(guess.events[i]) + "_per_unit";
    if (!taken.insert(name).second) continue;
    out += fmt::format(
        "  - {{name: {}, type: mean, numerator: {{source: events, event: {}, agg: count}}, "
        "window: {{value: 7d}}}}\n",
        name, scalar(guess.events[i]));
  }
  return out;
}

}  // namespace

Result<std::string> first_project_yaml(const InitialGuess& guess) {
  const auto missing = [](const char* what) {
    return fail(ErrorCode::invalid_data, fmt::format("no column looks like {}", what), "",
                "name it as an option");
  };
  if (guess.entities.empty() || guess.entities.front().column.empty())
    return missing("the unit of analysis, such as a user");
  if (guess.event_name.column.empty()) return missing("the name of the event");
  if (guess.event_time.column.empty()) return missing("the time of the event");
  std::string out =
      "# A first spec, guessed from the data. Read the reasons behind the # signs and correct\n"
      "# what is wrong. Editors complete the keys from the published JSON Schema.\nversion: 1\n";
  out += fmt::format("name: {}\n", scalar(guess.project));
  out += fmt::format("defaults:\n  timezone: {}{}", scalar(guess.timezone),
                     because(guess.timezone_reason));
  out += fmt::format("  week_start: monday\n  unit: {}{}\n",
                     as_identifier(guess.entities.front().name),
                     because(guess.entities.front().reason));
  out += source_text(guess) + dimensions_text(guess) + metrics_text(guess);
  if (const auto loaded = load_project_text({{"assay.yaml", out}}); !loaded) {
    Error error = loaded.error();
    return fail(ErrorCode::invalid_data, "the guess cannot be written as a spec: " + error.problem,
                error.where, "rename the column, or write assay.yaml by hand", error.have);
  }
  return out;
}

}  // namespace assay::spec
