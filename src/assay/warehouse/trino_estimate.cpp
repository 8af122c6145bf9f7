#include "assay/warehouse/trino_estimate.hpp"

#include <cmath>
#include <nlohmann/json.hpp>

namespace assay::warehouse {
namespace {

using nlohmann::json;

/// Adds an estimate to a sum; a missing one, or Trino's "NaN", makes the sum unknown.
void add_estimate(const json& estimate, const char* name, std::optional<std::int64_t>& sum) {
  const auto found = estimate.find(name);
  const bool told =
      found != estimate.end() && found->is_number() && std::abs(found->get<double>()) < 9e18;
  if (sum && told) {
    *sum += std::llround(found->get<double>());
  } else {
    sum = std::nullopt;
  }
}

/// The values of a domain when all of its ranges are single values.
std::optional<std::set<std::string>> single_values(const json& domain) {
  std::set<std::string> out;
  for (const json& range : domain.at("ranges")) {
    const json& low = range.at("low");
    const json& high = range.at("high");
    const bool single = low.at("bound") == "EXACTLY" && high.at("bound") == "EXACTLY" &&
                        low.at("value") == high.at("value");
    if (!single) return std::nullopt;
    out.insert(low.at("value").get<std::string>());
  }
  if (domain.value("nullsAllowed", false)) out.insert("(null)");
  return out;
}

IoTable& table_of(const sql::TableName& name, IoPlan& plan) {
  for (IoTable& table : plan.tables) {
    if (table.table.catalog == name.catalog && table.table.schema == name.schema &&
        table.table.table == name.table)
      return table;
  }
  plan.tables.push_back({.table = name, .nothing = true, .values = {}});
  return plan.tables.back();
}

void read_scan(const json& scan, IoPlan& plan) {
  add_estimate(scan.at("estimate"), "outputRowCount", plan.rows);
  add_estimate(scan.at("estimate"), "outputSizeInBytes", plan.bytes);
  const json& name = scan.at("table");
  IoTable& table = table_of(
      {name.at("catalog"), name.at("schemaTable").at("schema"), name.at("schemaTable").at("table")},
      plan);
  const json& constraint = scan.at("constraint");
  if (constraint.value("none", false)) return;
  table.nothing = false;
  for (const json& column : constraint.at("columnConstraints")) {
    if (auto values = single_values(column.at("domain")))
      table.values[column.at("columnName")].merge(*values);
  }
}

}  // namespace

Result<IoPlan> read_io_plan(const std::string& io_json) {
  IoPlan plan{.rows = 0, .bytes = 0, .tables = {}};
  try {
    const json whole = json::parse(io_json);
    for (const json& scan : whole.at("inputTableColumnInfos")) read_scan(scan, plan);
  } catch (const json::exception& odd) {
    return fail(ErrorCode::unavailable, "the engine's plan cannot be read", "", "", odd.what());
  }
  return plan;
}

std::optional<std::int64_t> partitions_touched(const IoTable& table,
                                               const std::vector<std::string>& partition_columns) {
  if (partition_columns.empty()) return std::nullopt;
  if (table.nothing) return 0;
  std::int64_t partitions = 1;
  for (const std::string& column : partition_columns) {
    const auto found = table.values.find(column);
    if (found == table.values.end()) return std::nullopt;
    partitions *= static_cast<std::int64_t>(found->second.size());
  }
  return partitions;
}

}  // namespace assay::warehouse
