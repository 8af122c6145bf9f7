#pragma once

#include <optional>
#include <vector>

#include "assay/base/progress.hpp"
#include "assay/base/result.hpp"
#include "assay/engine/database.hpp"
#include "assay/engine/query.hpp"
#include "assay/engine/source.hpp"

/// Behind duckdb_engine.hpp.
namespace assay::engine {

/// The answer to an experiment query from the table `units`, which holds the rows of its
/// statement, and the table `events`. Assumes that the query is `checked`.
Result<ExperimentMoments> experiment_of(Database& database, const ExperimentQuery& query,
                                        const Source& source, const Progress& progress);

/// The values to cap at: [metric], from the same table.
Result<std::vector<std::optional<double>>> caps_of(Database& database, const ExperimentQuery& query,
                                                   const Progress& progress);

/// The analysed units, from the same tables. Assumes that the query is `checked`.
Result<UnitTable> unit_table_of(Database& database, const UnitTableQuery& query,
                                const Source& source, const Progress& progress);

}  // namespace assay::engine
