#pragma once

#include <string>

#include "assay/engine/query.hpp"
#include "assay/engine/relation.hpp"

/// Behind sql.hpp: terms of metrics as SQL.
namespace assay::engine {

/// A column of the events by the name that the query uses.
std::string property_sql(const std::string& name, const Source& source);

/// A condition that is false where it is unknown.
std::string flag_sql(const std::string& condition);

/// What a term adds up, as a double; NULL for terms without a column.
std::string value_column_sql(const Term& term, const Source& source);

/// One number a unit from the events that a flag and a condition let in. Distinct days count
/// the column `day`.
std::string fold_sql(const Term& term, const std::string& flag, const std::string& value,
                     const std::string& window);

}  // namespace assay::engine
