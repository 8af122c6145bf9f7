#include "assay/ingest/infer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "assay/base/text.hpp"
#include "assay/engine/database.hpp"
#include "assay/engine/relation.hpp"
#include "assay/ingest/build.hpp"
#include "assay/ingest/detail/cube.hpp"
#include "assay/ingest/detail/roles.hpp"

namespace assay::ingest {
namespace {

namespace fs = std::filesystem;
using engine::quote_identifier;

constexpr std::int64_t kProfiledRows = 1'000'000;
constexpr double kLongText = 200.0;

// The rows that are looked at, as a table expression.
std::string sample_sql(const engine::Source& source) {
  return fmt::format("(SELECT * FROM {} LIMIT {})", engine::from_sql(source), kProfiledRows);
}

void add_profile(std::string& sql, const engine::ColumnInfo& column, std::size_t i) {
  const std::string name = quote_identifier(column.name);
  const bool number = detail::is_number(column.type);
  const bool nested = column.type.find('(') != std::string::npos && !number;
  const bool text = column.type == "VARCHAR";
  sql += fmt::format(", count({0}) AS present_{1}", name, i);
  if (nested || column.type.ends_with("[]")) return;
  sql += fmt::format(
      ", count(DISTINCT {0}) AS distinct_{1}, CAST(min({0}) AS VARCHAR) AS smallest_{1}, "
      "CAST(max({0}) AS VARCHAR) AS largest_{1}, count_if({0} >= before_{1}) AS ascending_{1}",
      name, i);
  if (number) {
    sql += fmt::format(
        ", count_if({0} = round({0})) AS whole_{1}, CAST(min({0}) AS DOUBLE) AS low_{1}, "
        "CAST(max({0}) AS DOUBLE) AS high_{1}",
        name, i);
  }
  if (text) {
    sql += fmt::format(
        ", count(TRY_CAST({0} AS TIMESTAMP)) AS as_time_{1}, count(TRY_CAST({0} AS DOUBLE)) AS "
        "as_number_{1}, avg(length({0})) AS length_{1}",
        name, i);
  }
}

Result<std::vector<ColumnProfile>> profile(engine::Database& database, const engine::Source& source,
                                           const std::vector<engine::ColumnInfo>& columns) {
  std::string sql = "SELECT count(*) AS rows";
  std::string before;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    add_profile(sql, columns[i], i);
    before += fmt::format(", lag({}) OVER () AS before_{}", quote_identifier(columns[i].name), i);
  }
  sql += fmt::format(" FROM (SELECT *{} FROM {})", before, sample_sql(source));
  ASSAY_TRY(const frame::Table found, database.query(sql));
  std::vector<ColumnProfile> profiles;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const auto count = [&](std::string_view what) {
      return detail::int_at(found, fmt::format("{}_{}", what, i), 0);
    };
    const auto text = [&](std::string_view what) {
      return detail::text_at(found, fmt::format("{}_{}", what, i), 0);
    };
    ColumnProfile one{columns[i].name, columns[i].type, 0, 0, 0, 0, 0, 0, 0, 0.0, {}, {}, {}};
    one.rows = detail::int_at(found, "rows", 0);
    one.present = count("present");
    one.distinct = count("distinct");
    one.as_time = count("as_time");
    one.as_number = count("as_number");
    one.whole = count("whole");
    one.ascending = count("ascending");
    one.mean_length = detail::number_at(found, fmt::format("length_{}", i), 0);
    one.smallest = text("smallest");
    one.largest = text("largest");
    if (one.present > 0 && one.whole == one.present) {
      one.epoch = detail::epoch_unit(detail::number_at(found, fmt::format("low_{}", i), 0),
                                     detail::number_at(found, fmt::format("high_{}", i), 0));
    }
    profiles.push_back(std::move(one));
  }
  return profiles;
}

// An instant as a number that compares across ways of writing.
std::string instant_sql(const ColumnProfile& column) {
  const std::string name = quote_identifier(column.name);
  switch (detail::time_unit(column).value_or(engine::TimeUnit::timestamp)) {
    case engine::TimeUnit::timestamp:
      return fmt::format("epoch(TRY_CAST({} AS TIMESTAMP))", name);
    case engine::TimeUnit::seconds:
      return fmt::format("{} * 1.0", name);
    case engine::TimeUnit::milliseconds:
      return fmt::format("{} / 1e3", name);
    case engine::TimeUnit::microseconds:
      return fmt::format("{} / 1e6", name);
    case engine::TimeUnit::nanoseconds:
      return fmt::format("{} / 1e9", name);
  }
  return name;
}

detail::PairFacts facts_of(engine::Database& database, const engine::Source& source) {
  const std::string rows = sample_sql(source);
  detail::PairFacts facts;
  facts.not_before = [&database, rows](const ColumnProfile& earlier, const ColumnProfile& later) {
    const auto found = database.query(
        fmt::format("SELECT avg(CASE WHEN {0} >= {1} THEN 1.0 WHEN {0} < {1} THEN 0.0 END) AS s "
                    "FROM {2}",
                    instant_sql(later), instant_sql(earlier), rows));
    return found ? detail::number_at(*found, "s", 0) : 0.0;
  };
  return facts;
}

// The only table of a database file: asked for none, the engine answers with those there are.
Result<std::string> only_table(engine::Database& database, const engine::Source& source) {
  const auto columns = engine::source_columns(database, source);
  if (columns) return source.table;
  const Error& error = columns.error();
  if (error.code != ErrorCode::invalid_spec || error.have.empty() ||
      error.have.find(", ") != std::string::npos) {
    return fail(error.code, "the database has several tables or none", error.where,
                "name one of its tables", error.have);
  }
  return error.have;
}

engine::TimeColumn time_column(const ColumnProfile& column, const TimeZone& zone) {
  const engine::TimeUnit otherwise = column.epoch.value_or(engine::TimeUnit::timestamp);
  return {column.name, detail::time_unit(column).value_or(otherwise), zone};
}

const ColumnProfile* named(const std::vector<ColumnProfile>& columns, const std::string& name) {
  const auto found = std::find_if(columns.begin(), columns.end(),
                                  [&](const ColumnProfile& column) { return column.name == name; });
  return found == columns.end() ? nullptr : &*found;
}

// Puts a column that the caller named in place of the guess.
Result<void> take_named(InferredSource& inferred, Role role, const std::string& name) {
  if (name.empty()) return {};
  if (named(inferred.columns, name) == nullptr) {
    std::vector<std::string> names;
    for (const ColumnProfile& column : inferred.columns) names.push_back(column.name);
    const std::string near = nearest(name, names);
    return fail(
        ErrorCode::invalid_spec, fmt::format("there is no column `{}`", name),
        list_text(inferred.source.paths),
        near.empty() ? "name a column that is there" : fmt::format("did you mean `{}`?", near),
        list_text(names));
  }
  // A column has one role: whatever else it was taken for is free again.
  for (Guess& guess : inferred.guesses) {
    if (guess.column == name) guess.column.clear();
    if (guess.role == role && role != Role::entity) guess = {role, name, {}, "as named", {}};
  }
  return {};
}

// Everything that plays no role, where it can be kept and says something.
void add_properties(InferredSource& inferred) {
  std::vector<std::string> empty;
  std::vector<std::string> nested;
  for (const ColumnProfile& column : inferred.columns) {
    const bool role =
        std::any_of(inferred.guesses.begin(), inferred.guesses.end(), [&](const Guess& guess) {
          return guess.role != Role::entity && guess.column == column.name;
        });
    if (role) continue;
    const std::optional<frame::Type> type = detail::property_type(column);
    const bool json = column.smallest.starts_with("{") || column.smallest.starts_with("[");
    if (column.present == 0) {
      empty.push_back(column.name);
    } else if (!type || (*type == frame::Type::text && (json || column.mean_length > kLongText))) {
      nested.push_back(column.name);
    } else {
      inferred.source.properties.push_back({column.name, column.name, *type});
    }
  }
  if (!empty.empty()) {
    inferred.notes.push_back(fmt::format("left out, missing in every row: {}", list_text(empty)));
  }
  if (!nested.empty()) {
    inferred.notes.push_back(fmt::format(
        "left out, nested or long texts: {}; take single fields out of them with an expression",
        list_text(nested)));
  }
}

Result<void> fill_source(InferredSource& inferred, const InferRequest& request,
                         const TimeZone& zone) {
  engine::Source& source = inferred.source;
  const auto column = [&](Role role) -> const ColumnProfile* {
    for (const Guess& guess : inferred.guesses) {
      if (guess.role == role && !guess.column.empty()) return named(inferred.columns, guess.column);
    }
    return nullptr;
  };
  std::vector<std::string> names;
  for (const ColumnProfile& one : inferred.columns) names.push_back(one.name);
  const ColumnProfile* unit = column(Role::unit);
  const ColumnProfile* time = column(Role::event_time);
  if (unit == nullptr || time == nullptr) {
    const Guess& guess = inferred.guesses[unit == nullptr ? 0 : 2];
    return fail(ErrorCode::invalid_data, guess.reason, list_text(source.paths),
                unit == nullptr ? "declare the unit: the column that says who the events are about"
                                : "declare event_time: the column that says when it happened",
                list_text(names));
  }
  const bool text = unit->sql_type == "VARCHAR" || !detail::is_number(unit->sql_type);
  source.unit = {unit->name, unit->name, text ? frame::Type::text : frame::Type::int64};
  source.event_time = time_column(*time, zone);
  if (const ColumnProfile* event = column(Role::event_name)) {
    source.event_expression = event->name;
  } else {
    source.constant_event = request.constant_event.empty()
                                ? detail::constant_event(inferred.columns)
                                : request.constant_event;
    inferred.notes.push_back(fmt::format(
        "no column says what happened, so every row is a {}: split it with filters, or declare an "
        "expression for the event name",
        source.constant_event));
  }
  if (const ColumnProfile* ingest = column(Role::ingest_time)) {
    source.ingest_time = time_column(*ingest, zone);
  }
  if (const ColumnProfile* sequence = column(Role::sequence)) {
    source.sequence_expression = sequence->name;
  }
  if (const ColumnProfile* key = column(Role::dedup_key)) {
    source.dedup = engine::DedupPolicy{{key->name}, std::nullopt};
  }
  if (time->sql_type != "TIMESTAMP WITH TIME ZONE" &&
      source.event_time.unit == engine::TimeUnit::timestamp) {
    inferred.notes.push_back(fmt::format(
        "{} carries no time zone and is read as {} wall-clock time", time->name, zone.name()));
  }
  if (time->sql_type == "DATE") {
    inferred.notes.push_back(
        fmt::format("{} holds days: events of one day have no order among themselves", time->name));
  }
  if (unit->present < unit->rows) {
    inferred.notes.push_back(fmt::format("{} of {} rows have no {}; no answer counts them",
                                         count_text(unit->rows - unit->present),
                                         count_text(unit->rows), unit->name));
  }
  add_properties(inferred);
  return {};
}

std::string source_name(const std::string& path) {
  std::string name = fs::path(path).filename().string();
  name = name.substr(0, name.find('.'));
  if (name.find_first_of("*?[") != std::string::npos || name.empty()) return "events";
  std::replace_if(
      name.begin(), name.end(),
      [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0; }, '_');
  return name;
}

}  // namespace

std::string_view to_text(Role role) {
  switch (role) {
    case Role::unit:
      return "unit";
    case Role::event_name:
      return "event_name";
    case Role::event_time:
      return "event_time";
    case Role::ingest_time:
      return "ingest_time";
    case Role::sequence:
      return "sequence";
    case Role::dedup_key:
      return "dedup_key";
    case Role::entity:
      return "entity";
  }
  return "";
}

Result<engine::SourceFormat> detect_format(const std::string& path) {
  fs::path name(path);
  if (name.extension() == ".gz" || name.extension() == ".zst") name = name.stem();
  const std::string extension = name.extension();
  if (extension == ".parquet" || extension == ".pq") return engine::SourceFormat::parquet;
  if (extension == ".csv" || extension == ".tsv") return engine::SourceFormat::csv;
  if (extension == ".jsonl" || extension == ".ndjson" || extension == ".json") {
    return engine::SourceFormat::jsonl;
  }
  if (extension == ".duckdb" || extension == ".db") return engine::SourceFormat::duckdb;
  std::ifstream file(path, std::ios::binary);
  std::array<char, 4096> bytes{};
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  const std::string head(bytes.data(),
                         static_cast<std::size_t>(std::max<std::streamsize>(file.gcount(), 0)));
  if (head.empty()) {
    return fail(file.is_open() ? ErrorCode::invalid_data : ErrorCode::unavailable,
                file.is_open() ? "the file is empty" : "cannot read the file", path,
                "check the path");
  }
  if (head.starts_with("PAR1")) return engine::SourceFormat::parquet;
  if (head.size() > 12 && head.substr(8, 4) == "DUCK") return engine::SourceFormat::duckdb;
  const std::size_t first = head.find_first_not_of(" \t\r\n");
  if (first != std::string::npos && head[first] == '{') return engine::SourceFormat::jsonl;
  const std::string line = head.substr(0, head.find('\n'));
  if (line.size() < head.size() && line.find_first_of(",;\t|") != std::string::npos &&
      line.find('\0') == std::string::npos) {
    return engine::SourceFormat::csv;
  }
  return fail(ErrorCode::invalid_data, "the format of the file is not known", path,
              "name the format", "parquet, csv, jsonl, duckdb");
}

Result<InferredSource> infer_source(engine::Database& database, const InferRequest& request) {
  InferredSource inferred;
  engine::Source& source = inferred.source;
  if (request.paths.empty()) {
    return fail(ErrorCode::invalid_spec, "no file is named", {}, "give a file, folder or pattern");
  }
  source.paths = request.paths;
  source.name = source_name(request.paths.front());
  TimeZone zone = TimeZone::utc();
  if (!request.timezone.empty()) {
    ASSAY_TRY(zone, TimeZone::find(request.timezone));
  }
  source.format = request.format.value_or(engine::SourceFormat::parquet);
  std::string example = request.paths.front();
  std::error_code failed;
  if (!request.format && !fs::is_directory(example, failed)) {
    ASSAY_TRY(source.format, detect_format(example));
  }
  auto listed = source_files(source);
  if (!listed && listed.error().code == ErrorCode::unavailable &&
      fs::is_directory(example, failed)) {
    return fail(ErrorCode::unavailable, "the folder holds no Parquet file", example,
                fmt::format("name the files, for example '{}/*.csv'", example));
  }
  ASSAY_TRY(const std::vector<SourceFile> files, std::move(listed));
  if (files.empty()) {
    return fail(ErrorCode::unavailable, "the folder holds no file of the format", example,
                "name the files or the format");
  }
  if (source.format == engine::SourceFormat::duckdb) {
    source.table = request.table;
    if (source.table.empty()) {
      ASSAY_TRY(source.table, only_table(database, source));
    }
  }
  ASSAY_TRY(const std::vector<engine::ColumnInfo> columns,
            engine::source_columns(database, source));
  ASSAY_TRY(inferred.columns, profile(database, source, columns));
  inferred.profiled_rows = inferred.columns.empty() ? 0 : inferred.columns.front().rows;
  if (inferred.profiled_rows == 0) {
    return fail(ErrorCode::invalid_data, "the source has no rows", list_text(source.paths),
                "check the path and whether the export has run");
  }
  inferred.rows = inferred.profiled_rows;
  if (inferred.profiled_rows == kProfiledRows) {
    ASSAY_TRY(const frame::Table rows, database.query(fmt::format("SELECT count(*) AS n FROM {}",
                                                                  engine::from_sql(source))));
    inferred.rows = detail::int_at(rows, "n", 0);
  }
  inferred.guesses = detail::guess_roles(inferred.columns, facts_of(database, source));
  ASSAY_CHECK(take_named(inferred, Role::unit, request.unit));
  ASSAY_CHECK(take_named(inferred, Role::event_time, request.event_time));
  ASSAY_CHECK(take_named(inferred, Role::event_name, request.event_name));
  ASSAY_CHECK(fill_source(inferred, request, zone));
  return inferred;
}

}  // namespace assay::ingest
