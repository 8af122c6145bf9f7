#include "assay/app/init.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "assay/base/file.hpp"
#include "assay/base/text.hpp"
#include "assay/engine/database.hpp"
#include "assay/ingest/infer.hpp"
#include "assay/spec/first_project.hpp"

namespace assay::app {
namespace {

namespace fs = std::filesystem;

spec::SourceType type_of(engine::SourceFormat format) {
  switch (format) {
    case engine::SourceFormat::parquet:
      return spec::SourceType::parquet;
    case engine::SourceFormat::csv:
      return spec::SourceType::csv;
    case engine::SourceFormat::jsonl:
      return spec::SourceType::jsonl;
    case engine::SourceFormat::duckdb:
      return spec::SourceType::duckdb;
  }
  return spec::SourceType::parquet;
}

spec::TimeUnit unit_of(engine::TimeUnit unit) {
  switch (unit) {
    case engine::TimeUnit::timestamp:
      return spec::TimeUnit::timestamp;
    case engine::TimeUnit::seconds:
      return spec::TimeUnit::s;
    case engine::TimeUnit::milliseconds:
      return spec::TimeUnit::ms;
    case engine::TimeUnit::microseconds:
      return spec::TimeUnit::us;
    case engine::TimeUnit::nanoseconds:
      return spec::TimeUnit::ns;
  }
  return spec::TimeUnit::automatic;
}

spec::PropertyType type_of(frame::Type type) {
  switch (type) {
    case frame::Type::boolean:
      return spec::PropertyType::boolean;
    case frame::Type::int64:
      return spec::PropertyType::int64;
    case frame::Type::float64:
      return spec::PropertyType::float64;
    case frame::Type::time_us:
      return spec::PropertyType::timestamp;
    case frame::Type::text:
      return spec::PropertyType::dict;
  }
  return spec::PropertyType::string;
}

spec::InitialGuess to_guess(const ingest::InferredSource& inferred, const InitOptions& options,
                            const fs::path& folder) {
  const engine::Source& source = inferred.source;
  spec::InitialGuess guess;
  guess.project = fs::absolute(folder).lexically_normal().filename().string();
  if (guess.project.empty()) guess.project = "project";
  guess.timezone = options.timezone;
  guess.type = type_of(source.format);
  std::error_code failed;
  const fs::path relative = fs::relative(options.data, folder, failed);
  guess.path = failed || relative.empty() || relative.string().starts_with("..")
                   ? fs::absolute(options.data).string()
                   : relative.string();
  guess.table = source.table;
  for (const ingest::Guess& from : inferred.guesses) {
    switch (from.role) {
      case ingest::Role::unit:
        guess.entities.insert(guess.entities.begin(), {"user", from.column, from.reason});
        break;
      case ingest::Role::event_name:
        guess.event_name = {from.column, from.reason};
        break;
      case ingest::Role::event_time:
        guess.event_time = {from.column, from.reason};
        break;
      case ingest::Role::ingest_time:
        guess.ingest_time = {from.column, from.reason};
        break;
      case ingest::Role::sequence:
        guess.sequence = {from.column, from.reason};
        break;
      case ingest::Role::dedup_key:
        guess.dedup_key = {from.column, from.reason};
        break;
      case ingest::Role::entity:
        guess.entities.push_back({from.entity, from.column, from.reason});
        break;
    }
  }
  if (guess.event_name.column.empty() && !source.constant_event.empty()) {
    guess.event_name = {"'" + source.constant_event + "'",
                        "no column names events: every row is one " + source.constant_event};
  }
  guess.event_time_unit = unit_of(source.event_time.unit);
  if (source.ingest_time) guess.ingest_time_unit = unit_of(source.ingest_time->unit);
  for (const engine::SourceProperty& property : source.properties)
    guess.properties.push_back({property.expression, type_of(property.type)});
  return guess;
}

report::Document page_of(const ingest::InferredSource& inferred, const fs::path& file) {
  report::Document page{.kind = "init", .title = "A first assay.yaml"};
  report::Table table{.columns = {{"part"}, {"column"}, {"because"}}};
  for (const ingest::Guess& guess : inferred.guesses) {
    table.rows.push_back(
        {report::text_cell(guess.role == ingest::Role::entity
                               ? guess.entity
                               : std::string(ingest::to_text(guess.role))),
         guess.column.empty() ? report::text_cell("none") : report::text_cell(guess.column),
         report::text_cell(guess.reason)});
  }
  page.add(std::move(table));
  report::Notes notes;
  for (const std::string& note : inferred.notes) notes.items.push_back({note});
  if (!notes.items.empty()) page.add(std::move(notes));
  page.add(report::Facts{
      .items = {{"rows", count_text(inferred.rows)},
                {"written", file.string()},
                {"next", "look it over, then: assay audit " + file.parent_path().string()}}});
  return page;
}

}  // namespace

Result<Outcome> init_verb(Context& context, const InitOptions& options) {
  const fs::path folder = options.folder.empty() ? fs::path(".") : options.folder;
  const fs::path file = folder / "assay.yaml";
  std::error_code failed;
  if (fs::exists(file, failed) && !options.force) {
    return fail(ErrorCode::unavailable, "there is an assay.yaml already", file.string(),
                "choose another folder with --folder, or overwrite it with --force");
  }
  auto database = engine::Database::open();
  if (!database) return tl::unexpected(std::move(database.error()));
  ingest::InferredSource inferred;
  ASSAY_TRY(inferred, ingest::infer_source(*database, {.paths = {options.data.string()},
                                                       .table = options.table,
                                                       .timezone = options.timezone,
                                                       .constant_event = options.constant_event}));
  std::string yaml;
  ASSAY_TRY(yaml, spec::first_project_yaml(to_guess(inferred, options, folder)));
  ASSAY_CHECK(write_file(file, yaml));
  Outcome outcome;
  outcome.document = page_of(inferred, file);
  outcome.document.provenance = provenance(context);
  outcome.written = {file};
  return outcome;
}

}  // namespace assay::app
