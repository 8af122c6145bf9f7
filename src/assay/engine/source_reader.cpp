#include "assay/engine/source_reader.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cctype>
#include <filesystem>

#include "assay/base/hash.hpp"
#include "assay/base/text.hpp"
#include "assay/engine/relation.hpp"

namespace assay::engine {
namespace {

namespace fs = std::filesystem;

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

/// A path that exists is meant as it is: signs of a glob in it are escaped.
std::string path_pattern(const std::string& path) {
  std::error_code ignored;
  if (path.find_first_of("*?[") == std::string::npos || !fs::is_regular_file(path, ignored)) {
    return path;
  }
  std::string pattern;
  for (const char c : path) {
    if (c == '*' || c == '?' || c == '[') {
      pattern += {'[', c, ']'};
    } else {
      pattern += c;
    }
  }
  return pattern;
}

std::string path_list(const Source& source) {
  std::string list;
  for (const std::string& path : source.paths)
    list += (list.empty() ? "" : ", ") + quote_text(path_pattern(path));
  return "[" + list + "]";
}

std::string catalog_name(const Source& source) {
  return "assay_" + fingerprint(source.paths.empty() ? "" : source.paths.front()).substr(0, 8);
}

/// "orders" or "schema.orders" inside the attached file.
std::string table_name(const Source& source) {
  const std::size_t dot = source.table.find('.');
  const std::string catalog = quote_identifier(catalog_name(source)) + ".";
  if (dot == std::string::npos) return catalog + "main." + quote_identifier(source.table);
  return catalog + quote_identifier(source.table.substr(0, dot)) + "." +
         quote_identifier(source.table.substr(dot + 1));
}

Result<void> attach(Database& database, const Source& source) {
  std::error_code ignored;
  if (!fs::exists(source.paths.front(), ignored)) {
    return fail(ErrorCode::unavailable, "there is no such database file: " + source.paths.front(),
                {}, "check the path");
  }
  ASSAY_CHECK(database.execute(fmt::format("ATTACH IF NOT EXISTS {} AS {} (TYPE duckdb, READ_ONLY)",
                                           quote_text(source.paths.front()),
                                           quote_identifier(catalog_name(source)))));
  ASSAY_TRY(const frame::Table tables,
            database.query(fmt::format(
                "SELECT CASE schema_name WHEN 'main' THEN '' ELSE schema_name || '.' END || name "
                "AS name FROM (SELECT database_name, schema_name, table_name AS name "
                "FROM duckdb_tables() UNION ALL SELECT database_name, schema_name, view_name "
                "FROM duckdb_views() WHERE NOT internal) WHERE database_name = {} ORDER BY name",
                quote_text(catalog_name(source)))));
  const std::vector<std::string>& names = tables.columns.front().dictionary;
  if (std::find(names.begin(), names.end(), source.table) != names.end()) return {};
  const std::string near = nearest(source.table, names);
  return fail(ErrorCode::invalid_spec,
              fmt::format("the database has no table or view `{}`", source.table),
              source.paths.front(),
              near.empty() ? "name a table that is there" : fmt::format("did you mean `{}`?", near),
              list_text(names));
}

Result<void> check_paths(const Source& source) {
  if (source.paths.empty() || std::any_of(source.paths.begin(), source.paths.end(),
                                          [](const std::string& p) { return p.empty(); })) {
    return fail(ErrorCode::invalid_spec, fmt::format("source `{}` names no file", source.name), {},
                "give it a path");
  }
  if (source.format == SourceFormat::duckdb && source.paths.size() != 1) {
    return fail(ErrorCode::invalid_spec,
                fmt::format("source `{}` names more than one database file", source.name), {},
                "name one");
  }
  return {};
}

bool is_word_char(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' ||
         (static_cast<unsigned char>(c) & 0x80U) != 0;
}

bool mentions(const std::string& expression, const std::string& column) {
  const std::string text = lower(expression);
  const std::string word = lower(column);
  for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) {
    const bool begins = at == 0 || !is_word_char(text[at - 1]);
    const std::size_t end = at + word.size();
    if (begins && (end == text.size() || !is_word_char(text[end]))) return true;
  }
  return false;
}

/// Columns that expressions name alone and no longer expression uses.
std::vector<std::string> text_columns(const Source& source,
                                      const std::vector<ColumnInfo>& columns) {
  std::vector<std::string> alone;
  std::vector<std::string> longer;
  for (const std::string& expression : expressions_of(source)) {
    const ColumnInfo* column = named_column(columns, expression);
    if (column == nullptr) {
      longer.push_back(expression);
    } else if (std::find(alone.begin(), alone.end(), column->name) == alone.end()) {
      alone.push_back(column->name);
    }
  }
  std::erase_if(alone, [&](const std::string& name) {
    return std::any_of(longer.begin(), longer.end(),
                       [&](const std::string& text) { return mentions(text, name); });
  });
  return alone;
}

bool is_clock_type(const std::string& type) {
  return type.starts_with("TIMESTAMP") || type == "DATE";
}

/// Formats that the CSV reader guessed ("%d.%m.%Y %H:%M"), asked of the first file.
Result<std::vector<std::string>> csv_time_formats(Database& database, const Source& source) {
  ASSAY_TRY(const frame::Table guessed,
            database.query(fmt::format("SELECT TimestampFormat, DateFormat FROM sniff_csv({})",
                                       quote_text(path_pattern(source.paths.front())))));
  std::vector<std::string> formats;
  for (const frame::Column& column : guessed.columns) {
    if (column.type == frame::Type::text && column.rows() == 1 && !column.is_null(0))
      formats.push_back(column.dictionary[column.codes[0]]);
  }
  return formats;
}

/// Reads again, now that the columns are known, with some of them as text.
Result<void> read_as_text(Database& database, const Source& source, Reader& reader) {
  const std::vector<std::string> names = text_columns(source, reader.columns);
  if (names.empty()) return {};
  std::string types;
  bool any_clock = false;
  for (ColumnInfo& column : reader.columns) {
    const bool as_text = std::find(names.begin(), names.end(), column.name) != names.end();
    if (as_text) {
      any_clock = any_clock || is_clock_type(column.type);
      column.type = "VARCHAR";
    } else if (source.format == SourceFormat::csv) {
      continue;
    }
    types += fmt::format("{}{}: {}", types.empty() ? "" : ", ", quote_text(column.name),
                         quote_text(column.type));
  }
  if (source.format == SourceFormat::csv) {
    reader.from =
        fmt::format("read_csv({}, union_by_name = true, types = {{{}}})", path_list(source), types);
    if (any_clock) {
      ASSAY_TRY(reader.time_formats, csv_time_formats(database, source));
    }
  } else {
    reader.from = fmt::format("read_json({}, format = 'newline_delimited', columns = {{{}}})",
                              path_list(source), types);
  }
  return {};
}

/// JSON: a name that the first lines do not have may come later.
bool all_names_found(const Source& source, const std::vector<ColumnInfo>& columns) {
  const auto is_plain = [](const std::string& text) {
    return std::all_of(text.begin(), text.end(), is_word_char);
  };
  const std::vector<std::string> expressions = expressions_of(source);
  return std::all_of(expressions.begin(), expressions.end(), [&](const std::string& text) {
    return !is_plain(text) || named_column(columns, text) != nullptr;
  });
}

}  // namespace

std::vector<std::string> expressions_of(const Source& source) {
  std::vector<std::string> all;
  const auto add = [&](const std::string& text) {
    if (!text.empty()) all.push_back(text);
  };
  add(source.unit.expression);
  add(source.event_time.expression);
  add(source.event_expression);
  add(source.sequence_expression);
  if (source.ingest_time) add(source.ingest_time->expression);
  for (const SourceProperty& property : source.properties) add(property.expression);
  if (source.dedup) {
    for (const std::string& key : source.dedup->keys) add(key);
  }
  return all;
}

const ColumnInfo* named_column(const std::vector<ColumnInfo>& columns, std::string_view name) {
  for (const ColumnInfo& column : columns) {
    if (column.name == name) return &column;
  }
  const std::string wanted = lower(name);
  for (const ColumnInfo& column : columns) {
    if (lower(column.name) == wanted) return &column;
  }
  return nullptr;
}

std::string from_sql(const Source& source) {
  switch (source.format) {
    case SourceFormat::parquet:
      return "read_parquet(" + path_list(source) + ", union_by_name = true)";
    case SourceFormat::csv:
      return "read_csv(" + path_list(source) + ", union_by_name = true)";
    case SourceFormat::jsonl:
      return "read_json(" + path_list(source) +
             ", format = 'newline_delimited', union_by_name = true)";
    case SourceFormat::duckdb:
      return table_name(source);
  }
  return {};
}

Result<std::vector<ColumnInfo>> source_columns(Database& database, const Source& source) {
  ASSAY_CHECK(check_paths(source));
  if (source.format == SourceFormat::duckdb) ASSAY_CHECK(attach(database, source));
  auto columns = database.describe("SELECT * FROM " + from_sql(source));
  if (!columns && columns.error().where.empty()) columns.error().where = list_text(source.paths, 3);
  return columns;
}

Result<Reader> open_reader(Database& database, const Source& source) {
  Reader reader;
  ASSAY_TRY(reader.columns, source_columns(database, source));
  reader.from = from_sql(source);
  if (source.format == SourceFormat::jsonl && !all_names_found(source, reader.columns)) {
    reader.from = "read_json(" + path_list(source) +
                  ", format = 'newline_delimited', union_by_name = true, sample_size = -1)";
    ASSAY_TRY(reader.columns, database.describe("SELECT * FROM " + reader.from));
  }
  if (source.format == SourceFormat::csv || source.format == SourceFormat::jsonl) {
    ASSAY_CHECK(read_as_text(database, source, reader));
  }
  return reader;
}

}  // namespace assay::engine
