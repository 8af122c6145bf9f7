#include "assay/engine/sql_terms.hpp"

#include <fmt/core.h>

#include "assay/engine/sql.hpp"

namespace assay::engine {

std::string property_sql(const std::string& name, const Source& source) {
  const std::vector<std::string> columns = property_columns(source);
  for (std::size_t i = 0; i < source.properties.size(); ++i) {
    if (source.properties[i].name == name) return quote_identifier(columns[i]);
  }
  return "NULL";
}

std::string flag_sql(const std::string& condition) {
  return fmt::format("coalesce({}, false)", condition);
}

std::string value_column_sql(const Term& term, const Source& source) {
  const bool has_column =
      term.aggregation == Aggregation::sum || term.aggregation == Aggregation::max;
  return has_column ? fmt::format("CAST({} AS DOUBLE)", property_sql(term.column, source))
                    : std::string("CAST(NULL AS DOUBLE)");
}

std::string fold_sql(const Term& term, const std::string& flag, const std::string& value,
                     const std::string& window) {
  const std::string filter = fmt::format("FILTER (WHERE {} AND {})", flag, window);
  std::string folded;
  switch (term.aggregation) {
    case Aggregation::count:
      folded = fmt::format("count(*) {}", filter);
      break;
    case Aggregation::sum:
      folded = fmt::format("coalesce(fsum({}) {}, 0)", value, filter);
      break;
    case Aggregation::any:
      folded = fmt::format("least(count(*) {}, 1)", filter);
      break;
    case Aggregation::distinct_days:
      folded = fmt::format("count(DISTINCT day) {}", filter);
      break;
    case Aggregation::max:
      folded = fmt::format("coalesce(max({}) {}, 0)", value, filter);
      break;
  }
  return fmt::format("CAST({} AS DOUBLE) * {}", folded, double_sql(term.scale));
}

}  // namespace assay::engine
