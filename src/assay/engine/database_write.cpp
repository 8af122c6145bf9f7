#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <system_error>

#include "assay/engine/database_state.hpp"

namespace assay::engine {
namespace {

/// Text columns with at most so many distinct values are written as an enum: the file writer
/// then has its dictionary ready made.
constexpr std::size_t kMaxEnum = 10'000;

constexpr std::string_view kTemporary = "temp.";

const std::string kTimes = "TIMESTAMPFORMAT '%Y-%m-%dT%H:%M:%S.%fZ'";

bool is_enum(const frame::Column& column) {
  return !column.dictionary.empty() && column.dictionary.size() <= kMaxEnum &&
         std::all_of(column.dictionary.begin(), column.dictionary.end(),
                     [](const std::string& s) { return s.find('\0') == std::string::npos; });
}

std::string type_sql(const frame::Column& column) {
  switch (column.type) {
    case frame::Type::boolean:
      return "BOOLEAN";
    case frame::Type::int64:
      return "BIGINT";
    case frame::Type::float64:
      return "DOUBLE";
    case frame::Type::time_us:
      return "TIMESTAMPTZ";
    case frame::Type::text:
      break;
  }
  if (!is_enum(column)) return "VARCHAR";
  std::string values;
  for (const std::string& value : column.dictionary)
    values += (values.empty() ? "" : ", ") + quote_text(value);
  return "ENUM (" + values + ")";
}

Result<void> check_shape(const frame::Table& table) {
  if (table.columns.empty()) return fail(ErrorCode::invalid_spec, "a table has no columns");
  for (const frame::Column& column : table.columns) {
    if (column.rows() != table.rows() ||
        (!column.nulls.empty() && column.nulls.size() != table.rows())) {
      return fail(ErrorCode::invalid_spec, "the columns of a table are of unequal length",
                  fmt::format("column {}", column.name));
    }
    for (std::size_t i = 0; i < column.codes.size(); ++i) {
      if (column.codes[i] < column.dictionary.size() || column.is_null(i)) continue;
      return fail(ErrorCode::invalid_spec, "a code stands for no value of its dictionary",
                  fmt::format("column {}, row {}", column.name, i));
    }
  }
  return {};
}

template <class To, class From>
void copy_as(const std::vector<From>& values, std::size_t begin, std::size_t rows, void* data) {
  auto* out = static_cast<To*>(data);
  for (std::size_t i = 0; i < rows; ++i) out[i] = static_cast<To>(values[begin + i]);
}

void copy_text(const frame::Column& column, std::size_t begin, std::size_t rows,
               duckdb_vector vector) {
  for (std::size_t i = 0; i < rows; ++i) {
    if (column.is_null(begin + i)) continue;
    const std::string& value = column.dictionary[column.codes[begin + i]];
    duckdb_vector_assign_string_element_len(vector, i, value.data(), value.size());
  }
}

void copy_nulls(const frame::Column& column, std::size_t begin, std::size_t rows,
                duckdb_vector vector) {
  if (column.nulls.empty()) return;
  duckdb_vector_ensure_validity_writable(vector);
  std::uint64_t* validity = duckdb_vector_get_validity(vector);
  for (std::size_t i = 0; i < rows; ++i) {
    if (column.nulls[begin + i] != 0) duckdb_validity_set_row_invalid(validity, i);
  }
}

void copy_rows(const frame::Column& column, duckdb_type stored, std::size_t begin, std::size_t rows,
               duckdb_vector vector) {
  void* data = duckdb_vector_get_data(vector);
  switch (stored) {
    case DUCKDB_TYPE_BOOLEAN:
      copy_as<bool>(column.ints, begin, rows, data);
      break;
    case DUCKDB_TYPE_DOUBLE:
      std::memcpy(data, column.doubles.data() + begin, rows * sizeof(double));
      break;
    case DUCKDB_TYPE_VARCHAR:
      copy_text(column, begin, rows, vector);
      break;
    case DUCKDB_TYPE_UTINYINT:
      copy_as<std::uint8_t>(column.codes, begin, rows, data);
      break;
    case DUCKDB_TYPE_USMALLINT:
      copy_as<std::uint16_t>(column.codes, begin, rows, data);
      break;
    case DUCKDB_TYPE_UINTEGER:
      copy_as<std::uint32_t>(column.codes, begin, rows, data);
      break;
    default:
      std::memcpy(data, column.ints.data() + begin, rows * sizeof(std::int64_t));
  }
  copy_nulls(column, begin, rows, vector);
}

using Appender = Owned<duckdb_appender, [](duckdb_appender* a) { duckdb_appender_destroy(a); }>;

/// The type as it lies in memory, and whether values of the column may go there.
Result<duckdb_type> stored_type(const frame::Column& column, duckdb_logical_type type) {
  const duckdb_type id = duckdb_get_type_id(type);
  const duckdb_type stored = id == DUCKDB_TYPE_ENUM ? duckdb_enum_internal_type(type) : id;
  const bool fits = [&] {
    switch (column.type) {
      case frame::Type::boolean:
        return id == DUCKDB_TYPE_BOOLEAN || id == DUCKDB_TYPE_BIGINT;
      case frame::Type::int64:
        return id == DUCKDB_TYPE_BIGINT;
      case frame::Type::float64:
        return id == DUCKDB_TYPE_DOUBLE;
      case frame::Type::time_us:
        return id == DUCKDB_TYPE_TIMESTAMP_TZ || id == DUCKDB_TYPE_TIMESTAMP ||
               id == DUCKDB_TYPE_BIGINT;
      case frame::Type::text:
        return id == DUCKDB_TYPE_VARCHAR ||
               (id == DUCKDB_TYPE_ENUM &&
                duckdb_enum_dictionary_size(type) == column.dictionary.size());
    }
    return false;
  }();
  if (fits) return stored;
  return fail(ErrorCode::invalid_spec, "a column of the table has another type than its values",
              fmt::format("column {}", column.name));
}

/// How a file is written; `options` go behind COPY.
Result<void> write_file_of(Database& database, const frame::Table& table,
                           const std::filesystem::path& path, const std::string& options) {
  ASSAY_CHECK(check_shape(table));
  std::error_code problem;
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), problem);
  if (problem) {
    return fail(ErrorCode::unavailable, "a folder cannot be made: " + problem.message(),
                path.parent_path().string(), "name another folder");
  }
  std::string columns;
  for (const frame::Column& column : table.columns) {
    columns +=
        (columns.empty() ? "" : ", ") + quote_identifier(column.name) + " " + type_sql(column);
  }
  const std::string partial = path.string() + ".partial";
  const auto write = [&]() -> Result<void> {
    ASSAY_CHECK(
        database.execute("CREATE OR REPLACE TEMP TABLE assay_rows_to_write (" + columns + ")"));
    ASSAY_CHECK(append_rows(database, "temp.assay_rows_to_write", table));
    return database.execute(
        fmt::format("COPY assay_rows_to_write TO {} ({})", quote_text(partial), options));
  };
  Result<void> written = write();
  const auto dropped = database.execute("DROP TABLE IF EXISTS temp.assay_rows_to_write");
  if (written && !dropped) written = dropped;
  if (written) {
    std::filesystem::rename(partial, path, problem);
    if (problem) {
      written = fail(ErrorCode::unavailable, "a file cannot be renamed: " + problem.message());
    }
  }
  if (!written) {
    std::filesystem::remove(partial, problem);
    if (written.error().where.empty()) written.error().where = path.string();
  }
  return written;
}

}  // namespace

Result<void> append_rows(Database& database, const std::string& table, const frame::Table& rows) {
  ASSAY_CHECK(check_shape(rows));
  // A temporary table is named in full: else a database open for reading only refuses it.
  const bool is_temporary = table.starts_with(kTemporary);
  const char* catalog = is_temporary ? "temp" : nullptr;
  const std::string name = is_temporary ? table.substr(kTemporary.size()) : table;
  Appender appender;
  if (duckdb_appender_create_ext(database.state_->connection, catalog, nullptr, name.c_str(),
                                 appender.put()) == DuckDBError) {
    return database_error(duckdb_appender_error(appender.get()));
  }
  if (duckdb_appender_column_count(appender.get()) != rows.columns.size()) {
    return fail(ErrorCode::invalid_spec, "the table has another number of columns than the rows",
                table);
  }
  std::vector<duckdb_type> stored;
  std::vector<duckdb_logical_type> types;
  struct Types {
    std::vector<duckdb_logical_type>& all;
    ~Types() {
      for (duckdb_logical_type& type : all) duckdb_destroy_logical_type(&type);
    }
  } const owner{types};
  for (std::size_t i = 0; i < rows.columns.size(); ++i) {
    types.push_back(duckdb_appender_column_type(appender.get(), i));
    ASSAY_TRY(const duckdb_type type, stored_type(rows.columns[i], types.back()));
    stored.push_back(type);
  }
  const std::size_t capacity = duckdb_vector_size();
  const Chunk chunk(duckdb_create_data_chunk(types.data(), types.size()));
  for (std::size_t begin = 0; begin < rows.rows(); begin += capacity) {
    const std::size_t size = std::min(capacity, rows.rows() - begin);
    duckdb_data_chunk_reset(chunk.get());
    for (std::size_t c = 0; c < rows.columns.size(); ++c) {
      copy_rows(rows.columns[c], stored[c], begin, size,
                duckdb_data_chunk_get_vector(chunk.get(), c));
    }
    duckdb_data_chunk_set_size(chunk.get(), size);
    if (duckdb_append_data_chunk(appender.get(), chunk.get()) == DuckDBError) {
      return database_error(duckdb_appender_error(appender.get()));
    }
  }
  if (duckdb_appender_close(appender.get()) == DuckDBError) {
    return database_error(duckdb_appender_error(appender.get()));
  }
  return {};
}

Result<void> write_parquet(Database& database, const frame::Table& table,
                           const std::filesystem::path& path) {
  return write_file_of(database, table, path, "FORMAT parquet, COMPRESSION zstd");
}

Result<void> write_csv(Database& database, const frame::Table& table,
                       const std::filesystem::path& path) {
  return write_file_of(database, table, path, "FORMAT csv, HEADER true, " + kTimes);
}

Result<void> write_json_lines(Database& database, const frame::Table& table,
                              const std::filesystem::path& path) {
  return write_file_of(database, table, path, "FORMAT json, " + kTimes);
}

}  // namespace assay::engine
