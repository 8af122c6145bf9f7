#pragma once

#include "assay/base/result.hpp"
#include "assay/distributed/event_table.hpp"
#include "assay/engine/source.hpp"
#include "assay/spec/project.hpp"

namespace assay::metrics {

/// Where a project's events lie, in the engine's terms: paths made absolute against the project
/// folder, the unit is the source's primary entity, properties in the order written.
/// Fails with invalid_spec, with file, line and column, on what no engine of this version reads
/// (a warehouse type, an identity table, a dedup policy other than first_ingest).
Result<engine::Source> to_engine_source(const spec::Project& project, const spec::Source& source);

/// Where a project's events lie in a warehouse: the table of the source (its name unless written;
/// `schema.table` and `catalog.schema.table` allowed) and columns by their names. SQL of one engine
/// would not run on another, so where the spec has an expression that is no column, the table is
/// to have a column by the name of what is meant: the property's name, the entity's name,
/// `event_name`, `event_time`, `ingest_time` or `sequence`. A view says it, and the same spec runs
/// on both. A name in double quotes is the name inside them; an event name in single quotes is the
/// name of all events.
/// `columns`: the table's, null when nobody has looked. Fails with invalid_spec, with file, line
/// and column: no name of a table, an expression for which the table has no column.
Result<distributed::EventTableSpec> to_event_table(
    const spec::Source& source, const std::vector<warehouse::TableColumn>* columns);

/// The table alone.
Result<sql::TableName> table_of(const spec::Source& source);

/// Whether the embedded engine and DuckDB have files to read: not a source of a warehouse alone.
bool has_files(const spec::Source& source);

/// The instant up to which the source is complete: as declared, else `last_event` itself (so that
/// the last, possibly partial day counts as incomplete).
TimeUs complete_until(const spec::Source& source, TimeUs last_event);

}  // namespace assay::metrics
