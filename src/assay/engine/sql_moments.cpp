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
  // Two passes: differences from the group's mean first, then their sums of products, freed of
  // what rounding left in the mean.
  std::string columns = "count(*) AS n";
  std::string values = "0 AS nothing";
  std::string means = "*";
  std::string groups_by;
  const std::size_t size = request.variables.size();
  for (std::size_t i = 0; i < request.groups.size(); ++i) {
    values += fmt::format(", CAST({} AS VARCHAR) AS g{}", request.groups[i], i);
    groups_by += fmt::format("{}g{}", i == 0 ? "" : ", ", i);
  }
  const std::string over = groups_by.empty() ? "" : "PARTITION BY " + groups_by;
  for (std::size_t i = 0; i < size; ++i) {
    values += fmt::format(", CAST({} AS DOUBLE) AS v{}", request.variables[i], i);
    means += fmt::format(", favg(v{0}) OVER ({1}) AS c{0}", i, over);
    columns += fmt::format(", any_value(c{0}) + favg(v{0} - c{0})", i);
  }
  for (std::size_t i = 0; i < size; ++i) {
    for (std::size_t j = i; j < size; ++j) {
      columns += fmt::format(
          ", fsum((v{0} - c{0}) * (v{1} - c{1})) - count(*) * favg(v{0} - c{0}) * favg(v{1} - "
          "c{1})",
          i, j);
    }
  }
  for (std::size_t i = 0; i < request.groups.size(); ++i) columns += fmt::format(", g{}", i);
  ASSAY_TRY(const frame::Table table,
            database.query(fmt::format("SELECT {} FROM (SELECT {} FROM (SELECT {} FROM {})){}{}",
                                       columns, means, values, request.from,
                                       groups_by.empty() ? "" : " GROUP BY ", groups_by),
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
