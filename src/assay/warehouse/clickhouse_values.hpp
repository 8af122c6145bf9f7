#pragma once

#include <string>
#include <string_view>

#include "assay/base/result.hpp"
#include "assay/frame/table.hpp"
#include "assay/warehouse/connection.hpp"

/// Behind clickhouse.hpp: what ClickHouse writes, as values and errors of ours.
namespace assay::warehouse {

/// What a type of ClickHouse holds: "LowCardinality(Nullable(String))" is text.
ColumnType clickhouse_type(std::string_view type);

/// A body in the format JSONCompactEachRowWithNamesAndTypes, whose whole numbers of 64 bits,
/// decimals, NaN and infinities are quoted and whose times are ISO 8601 in UTC. Fails with
/// invalid_spec (a type that no answer can hold, more than `most_rows` rows), invalid_data (a whole
/// number outside 64 bits), and as clickhouse_error says when an exception was written behind rows
/// that had been sent already.
Result<frame::Table> clickhouse_rows(std::string_view body, std::int64_t most_rows,
                                     const std::string& engine);

/// "Code: 60. DB::Exception: ... (UNKNOWN_TABLE)" as an error of ours.
tl::unexpected<Error> clickhouse_error(std::string_view words, const std::string& engine);

}  // namespace assay::warehouse
