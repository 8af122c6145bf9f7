#pragma once

#include <string>
#include <vector>

#include "assay/base/result.hpp"
#include "assay/engine/database.hpp"
#include "assay/engine/source.hpp"
#include "assay/events/schema.hpp"

namespace assay::engine {

/// A source that was found, opened and checked: its SQL pieces, ready to be put together.
///
/// How values read: a value that does not convert to the declared type is missing (an audit counts
/// `value is not null and converted is null`); a number that is not finite is missing; a timestamp
/// without a zone is the wall clock of its TimeColumn's zone, one with a zone is that instant.
/// A wall clock that a change of clocks skips moves ahead by the gap; one that occurs twice is the
/// later. A column of type timestamp reads as such whatever its TimeUnit.
struct Relation {
  Source source;  ///< Its expressions resolved: a bare column name stands in double quotes.
  std::vector<ColumnInfo> columns;  ///< What the source has.
  std::string from;                 ///< Table expression: read_parquet([...]), ...

  std::string unit;                     ///< BIGINT or VARCHAR.
  std::string time;                     ///< BIGINT, microseconds UTC.
  std::string event;                    ///< VARCHAR.
  std::string sequence;                 ///< BIGINT; empty: none.
  std::string ingest;                   ///< BIGINT, microseconds UTC; empty: none.
  std::vector<std::string> properties;  ///< In the order of Source::properties.

  struct Key {
    std::string sql;
    frame::Type type = frame::Type::text;
    std::string raw;  ///< The expression as the source has it.
  };
  std::vector<Key> keys;  ///< Of the DedupPolicy.
};

/// Opens a source: attaches a database file (read-only), looks at the columns, resolves every
/// expression. Fails with unavailable (no such file or table), invalid_data (not a file of its
/// format) or invalid_spec (an expression that does not fit the columns; says which there are).
Result<Relation> connect(Database& database, const Source& source);

/// Columns of a source, without one being described first: for `assay init`.
/// Uses only format, paths and table.
Result<std::vector<ColumnInfo>> source_columns(Database& database, const Source& source);

/// The table expression alone ("read_parquet(['a.parquet'], union_by_name = true)"), after
/// `connect` or `source_columns` attached what needs attaching.
std::string from_sql(const Source& source);

/// All rows, in the order of the source, none left out:
/// unit, time_us, event, ingest_us, sequence (NULL where the source has none), arrival (0, 1, ...),
/// key_1 ..., then the properties under the names of `property_columns`.
std::string relation_sql(const Relation& relation);

/// The events that answers count: rows with unit and time, none from the future, each once.
/// Columns unit, time_us, event, ordinal (place among the unit's events by time, sequence,
/// arrival; from 1) and the properties.
std::string clean_sql(const Relation& relation);

/// How the properties are called in relation_sql and clean_sql: by their names, except that a name
/// already taken (letter case ignored) gets a number behind it.
std::vector<std::string> property_columns(const Source& source);

/// What the index builder is to be told, and the statement that feeds it: all rows, columns in the
/// order of schema.columns(), in the order of the source. Source::properties keep their names.
events::Schema index_schema(const Relation& relation);
std::string scan_sql(const Relation& relation);

}  // namespace assay::engine
