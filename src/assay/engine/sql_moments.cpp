#include "assay/engine/sql_moments.hpp"

#include <fmt/core.h>

namespace assay::engine {
namespace {

double value_at(const frame::Column& column, std::size_t row) {
  if (column.type == frame::Type::float64) return column.doubles[row];
  return static_cast<double>(column.ints[row]);
}

}  // namespace

Result<std::vector<GroupMoments>> moments_of(Database& database, const MomentsRequest& request,
                                             const Progress& progress) {
  std::string columns = "count(*) AS n";
  std::string inner;
  const std::size_t size = request.variables.size();
  for (std::size_t i = 0; i < size; ++i) {
    inner += fmt::format(", CAST({} AS DOUBLE) AS v{}", request.variables[i], i);
    columns += fmt::format(", favg(v{})", i);
  }
  for (std::size_t i = 0; i < size; ++i) {
    for (std::size_t j = i; j < size; ++j)
      columns += fmt::format(", covar_pop(v{}, v{}) * count(*)", i, j);
  }
  std::string keys;
  for (std::size_t i = 0; i < request.groups.size(); ++i) {
    inner += fmt::format(", CAST({} AS VARCHAR) AS g{}", request.groups[i], i);
    columns += fmt::format(", g{}", i);
    keys += fmt::format("{}g{}", i == 0 ? " GROUP BY " : ", ", i);
  }
  ASSAY_TRY(const frame::Table table,
            database.query(fmt::format("SELECT {} FROM (SELECT 0{} FROM {}){}", columns, inner,
                                       request.from, keys),
                           progress));
  std::vector<GroupMoments> groups;
  for (std::size_t row = 0; row < table.rows(); ++row) {
    GroupMoments group;
    group.moments = numerics::CoMoments(size);
    group.moments.n = table.columns[0].ints[row];
    if (group.moments.n == 0) continue;  // No group columns and no rows.
    for (std::size_t i = 0; i < size; ++i)
      group.moments.mean[i] = value_at(table.columns[1 + i], row);
    const std::size_t pairs = group.moments.comoment.size();
    for (std::size_t i = 0; i < pairs; ++i)
      group.moments.comoment[i] = value_at(table.columns[1 + size + i], row);
    for (std::size_t i = 0; i < request.groups.size(); ++i) {
      const frame::Column& key = table.columns[1 + size + pairs + i];
      group.keys.push_back(key.is_null(row) ? "" : key.dictionary[key.codes[row]]);
    }
    groups.push_back(std::move(group));
  }
  return groups;
}

}  // namespace assay::engine
