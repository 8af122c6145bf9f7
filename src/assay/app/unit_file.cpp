#include "assay/app/unit_file.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <span>
#include <utility>

#include "assay/base/text.hpp"
#include "assay/engine/relation.hpp"
#include "assay/engine/source_reader.hpp"
#include "assay/ingest/infer.hpp"
#include "assay/numerics/parallel.hpp"

namespace assay::app {
namespace {

std::string text_of(const std::string& column) {
  return fmt::format("CAST({} AS VARCHAR)", engine::quote_identifier(column));
}

Result<std::string> column_named(const std::vector<std::string>& columns, const std::string& name,
                                 const std::filesystem::path& path) {
  for (const std::string& column : columns)
    if (column == name) return column;
  const std::string near = nearest(name, columns);
  return fail(
      ErrorCode::invalid_spec, fmt::format("the file has no column `{}`", name), path.string(),
      near.empty() ? "name a column that is there" : fmt::format("did you mean `{}`?", near),
      list_text(columns));
}

Result<void> count_rows(Context& context, UnitFile& file, const std::filesystem::path& path) {
  frame::Table counts;
  ASSAY_TRY(counts,
            file.database.query(fmt::format("SELECT count(*), count({0}) FILTER ({0} <> ''), "
                                            "count(DISTINCT {0}) FROM {1}",
                                            text_of(file.unit), file.from),
                                context.progress));
  file.rows = counts.columns[0].ints[0];
  const std::int64_t present = counts.columns[1].ints[0];
  file.distinct = counts.columns[2].ints[0];
  if (file.rows == 0) return fail(ErrorCode::invalid_data, "the file has no unit", path.string());
  if (present == file.rows) return {};
  return fail(ErrorCode::invalid_data,
              fmt::format("rows without an id: {} of {}", count_text(file.rows - present),
                          count_text(file.rows)),
              fmt::format("{}, column {}", path.string(), file.unit), "leave them out of the file");
}

}  // namespace

Result<UnitFile> open_units(Context& context, const std::filesystem::path& path,
                            const std::string& table, const std::string& unit,
                            const std::vector<std::string>& others) {
  engine::Source source;
  source.name = "units";
  source.paths = {path.string()};
  source.table = table;
  ASSAY_TRY(source.format, ingest::detect_format(path.string()));
  const int threads = context.threads > 0 ? context.threads : numerics::default_threads();
  auto database = engine::Database::open({.threads = threads});
  if (!database) return tl::unexpected(std::move(database.error()));
  UnitFile file{std::move(*database), {}, {}, {}, 0, 0};
  std::vector<engine::ColumnInfo> columns;
  ASSAY_TRY(columns, engine::source_columns(file.database, source));
  for (const engine::ColumnInfo& column : columns) file.columns.push_back(column.name);
  file.unit = file.columns.front();
  if (!unit.empty()) {
    ASSAY_TRY(file.unit, column_named(file.columns, unit, path));
  }
  source.unit = {"unit", file.unit, frame::Type::text};
  for (const std::string& other : others) {
    std::string column;
    ASSAY_TRY(column, column_named(file.columns, other, path));
    source.properties.push_back({column, column, frame::Type::text});
  }
  engine::Reader reader;
  ASSAY_TRY(reader, engine::open_reader(file.database, source));
  file.from = reader.from;
  ASSAY_CHECK(count_rows(context, file, path));
  return file;
}

Result<void> refuse_duplicates(Context& context, UnitFile& file) {
  if (file.distinct == file.rows) return {};
  frame::Table examples;
  ASSAY_TRY(examples, file.database.query(
                          fmt::format("SELECT {0} AS id, count(*) AS n FROM {1} GROUP BY 1 HAVING "
                                      "count(*) > 1 ORDER BY n DESC, id LIMIT 3",
                                      text_of(file.unit), file.from),
                          context.progress));
  std::vector<std::string> seen;
  const frame::Column& ids = examples.columns[0];
  for (std::size_t i = 0; i < ids.codes.size(); ++i)
    seen.push_back(
        fmt::format("{} ({} times)", ids.dictionary[ids.codes[i]], examples.columns[1].ints[i]));
  return fail(ErrorCode::invalid_data,
              fmt::format("ids that stand more than once: {} rows too many",
                          count_text(file.rows - file.distinct)),
              fmt::format("column {}", file.unit), "keep each unit once, or --allow-duplicates",
              list_text(seen));
}

Result<void> each_unit(Context& context, UnitFile& file, const std::vector<std::string>& others,
                       const std::function<Result<void>(UnitRow)>& receive) {
  std::string select = text_of(file.unit);
  for (const std::string& other : others) select += fmt::format(", {}", text_of(other));
  std::vector<std::string_view> row(others.size() + 1);
  const auto batch = [&](const frame::BatchView& view) -> Result<void> {
    for (std::size_t i = 0; i < view.rows; ++i) {
      for (std::size_t c = 0; c < row.size(); ++c)
        row[c] = view.columns[c].is_null(i) ? std::string_view() : view.columns[c].texts[i];
      ASSAY_CHECK(receive(row));
    }
    return {};
  };
  return file.database.scan(fmt::format("SELECT {} FROM {}", select, file.from), batch,
                            context.progress);
}

std::string csv_field(std::string_view text) {
  const bool edge = !text.empty() && (text.front() == ' ' || text.back() == ' ');
  if (!edge && text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + '"';
}

}  // namespace assay::app
