#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "assay/base/text.hpp"
#include "assay/engine/database.hpp"
#include "assay/ingest/build.hpp"
#include "assay/ingest/detail/run.hpp"

namespace assay::ingest::detail {
namespace {

constexpr std::size_t kMostTextFiles = 50;  // Each has to be opened and sniffed.

// column -> type -> files.
using Types = std::map<std::string, std::map<std::string, std::set<std::string>>>;

struct Files {
  Types types;
  std::vector<std::string> names;
  std::size_t left_out = 0;
};

Result<Files> parquet_files(Run& run, const std::vector<SourceFile>& files) {
  std::string list;
  for (const SourceFile& file : files) {
    list += (list.empty() ? "" : ", ") + engine::quote_text(file.path);
  }
  // num_children is set on groups; only leaves hold values.
  ASSAY_TRY(const frame::Table rows,
            run.database->query(
                fmt::format("SELECT CAST(file_name AS VARCHAR) AS file, name, coalesce(CAST("
                            "logical_type AS VARCHAR), CAST(type AS VARCHAR)) AS type FROM "
                            "parquet_schema([{}]) WHERE type IS NOT NULL",
                            list),
                run.progress));
  Files found;
  for (const SourceFile& file : files) found.names.push_back(file.path);
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    found.types[text_at(rows, "name", row)][text_at(rows, "type", row)].insert(
        text_at(rows, "file", row));
  }
  return found;
}

Result<Files> text_files(Run& run, const std::vector<SourceFile>& files) {
  Files found;
  for (const SourceFile& file : files) {
    if (found.names.size() >= kMostTextFiles) {
      ++found.left_out;
      continue;
    }
    engine::Source one = run.relation.source;
    one.paths = {file.path};
    ASSAY_TRY(const std::vector<engine::ColumnInfo> columns,
              engine::source_columns(*run.database, one));
    found.names.push_back(file.path);
    for (const engine::ColumnInfo& column : columns) {
      found.types[column.name][column.type].insert(file.path);
    }
  }
  return found;
}

Finding drift(const std::string& column, std::string kind, Severity severity) {
  Finding finding;
  finding.check = Check::schema_drift;
  finding.kind = std::move(kind);
  finding.severity = severity;
  finding.column = column;
  return finding;
}

void report(Run& run, const Files& files) {
  bool any = false;
  for (const auto& [column, types] : files.types) {
    std::set<std::string> holders;
    std::string spelled;
    for (const auto& [type, where] : types) {
      holders.insert(where.begin(), where.end());
      spelled +=
          fmt::format("{}{} in {} (first {})", spelled.empty() ? "" : ", ", type,
                      rows_text(static_cast<std::int64_t>(where.size()), "file"), *where.begin());
    }
    if (types.size() > 1) {
      any = true;
      Finding finding = drift(column, "type_differs", Severity::warning);
      std::size_t most = 0;
      for (const auto& [type, where] : types) most = std::max(most, where.size());
      finding.count = static_cast<std::int64_t>(holders.size() - std::min(most, holders.size()));
      finding.base = static_cast<std::int64_t>(files.names.size());
      finding.summary = fmt::format("{} is {}", column, spelled);
      finding.effect = "values may be read as missing, rounded, or as texts that do not compare";
      add(run, std::move(finding));
    }
    if (holders.size() == files.names.size()) continue;
    any = true;
    const auto without =
        std::find_if(files.names.begin(), files.names.end(),
                     [&](const std::string& name) { return holders.find(name) == holders.end(); });
    Finding finding = drift(column, "column_not_in_all_files", Severity::warning);
    finding.count = static_cast<std::int64_t>(files.names.size() - holders.size());
    finding.base = static_cast<std::int64_t>(files.names.size());
    finding.summary =
        fmt::format("{} is not in {} of {} (first {})", column, count_text(finding.count),
                    rows_text(finding.base, "file"), *without);
    finding.effect = fmt::format("{} reads as missing in all rows of these files", column);
    add(run, std::move(finding));
  }
  if (any) return;
  Finding fine = drift({}, "files_agree", Severity::ok);
  fine.base = static_cast<std::int64_t>(files.names.size());
  fine.summary =
      fmt::format("{} have the same columns of the same types", rows_text(fine.base, "file"));
  if (files.left_out > 0) {
    fine.summary += fmt::format(" ({} more were not opened)", files.left_out);
  }
  add(run, std::move(fine));
}

}  // namespace

Result<void> check_schema(Run& run) {
  const engine::Source& source = run.relation.source;
  if (run.warehouse != nullptr || source.format == engine::SourceFormat::duckdb) {
    not_run(run, Check::schema_drift, "files_agree", "a database table has one schema");
    return {};
  }
  ASSAY_TRY(const std::vector<SourceFile> files, source_files(source));
  if (files.size() < 2) {
    not_run(run, Check::schema_drift, "files_agree", "the source is one file");
    return {};
  }
  const bool parquet = source.format == engine::SourceFormat::parquet;
  ASSAY_TRY(const Files found, parquet ? parquet_files(run, files) : text_files(run, files));
  report(run, found);
  return {};
}

}  // namespace assay::ingest::detail
