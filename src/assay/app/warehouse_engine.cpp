#include "assay/app/warehouse_engine.hpp"

#include <fmt/core.h>

#include <utility>

#include "assay/base/text.hpp"
#include "assay/metrics/source.hpp"
#include "assay/readout/plan_readout.hpp"

namespace assay::app {
namespace {

/// A source that is of one warehouse is not silently read from another.
Result<void> check_type(const spec::Source& source, const warehouse::EngineUrl& url) {
  using spec::SourceType;
  const bool names_one = source.type == SourceType::trino ||
                         source.type == SourceType::clickhouse ||
                         source.type == SourceType::bigquery;
  if (!names_one || spec::to_text(source.type) == url.scheme) return {};
  return tl::unexpected(spec::spec_error(
      source.where,
      fmt::format("source `{}` lies in {}, and the engine is {}", source.name.value,
                  spec::to_text(source.type), url.scheme),
      "write `type: warehouse` for a table of whatever warehouse `engine:` names"));
}

/// What says that the data is the same: the table's snapshot, else when its events end and begin.
std::string fingerprint_of(const distributed::EventTable& table) {
  if (table.snapshot) return "snapshot " + *table.snapshot;
  return fmt::format("no snapshot; events from {} to {}", time_text(table.span.begin),
                     time_text(table.span.end - 1));
}

/// "2 statements, 4,562,424 rows read, ...": what the engine does not tell is left out.
std::string cost_text(const std::vector<warehouse::Cost>& costs) {
  warehouse::Cost total = costs.front();
  for (std::size_t i = 1; i < costs.size(); ++i) total.add(costs[i]);
  std::string text = fmt::format("{} statement{}", costs.size(), costs.size() == 1 ? "" : "s");
  if (total.rows_read) text += fmt::format(", {} rows read", count_text(*total.rows_read));
  if (total.bytes_read) text += ", " + readout::bytes_text(*total.bytes_read) + " read";
  if (total.cpu_us)
    text += fmt::format(", {:.1f} CPU seconds", static_cast<double>(*total.cpu_us) / 1e6);
  return text + ", " + readout::bytes_text(total.bytes_returned) + " returned";
}

}  // namespace

Result<WarehouseTable> connect_table(Context& context, const spec::Source& source,
                                     const warehouse::EngineUrl& url,
                                     const std::string& spec_hash) {
  ASSAY_CHECK(check_type(source, url));
  sql::TableName table;
  ASSAY_TRY(table, metrics::table_of(source));
  WarehouseTable out;
  context.progress.at("connecting to " + url.scheme, -1.0);
  ASSAY_TRY(out.connection, warehouse::connect(url, {.tags = {"assay", "spec=" + spec_hash},
                                                     .progress = context.progress}));
  std::vector<warehouse::TableColumn> columns;
  ASSAY_TRY(columns, out.connection->columns(table));
  ASSAY_TRY(out.table, metrics::to_event_table(source, &columns));
  return out;
}

Result<OpenEngine> open_warehouse(Context& context, const spec::Source& source,
                                  const warehouse::EngineUrl& url, const std::string& spec_hash) {
  auto place = connect_table(context, source, url, spec_hash);
  if (!place) return tl::unexpected(std::move(place.error()));
  OpenEngine out;
  std::string where;
  ASSAY_TRY(where, place->connection->describe_engine());
  std::unique_ptr<distributed::DistributedEngine> engine;
  ASSAY_TRY(engine, distributed::DistributedEngine::open(
                        std::move(place->connection), place->table,
                        {.tag = spec_hash, .progress = &context.progress}));
  const distributed::EventTable& table = engine->table();
  if (table.span.begin >= table.span.end) {
    return fail(ErrorCode::invalid_data, "the table has no event that counts",
                sql::to_text(table.spec.table));
  }
  out.span = table.span;
  out.complete_until = metrics::complete_until(source, table.span.end - 1);
  out.data_fingerprint = fingerprint_of(table);
  out.facts = {{"warehouse", where}, {"table", sql::to_text(table.spec.table)}};
  if (!table.snapshot) {
    context.warnings.push_back(
        fmt::format("`{}` has no snapshots: if it changes while this runs, figures may not fit "
                    "together",
                    sql::to_text(table.spec.table)));
  }
  out.warehouse = engine.get();
  out.engine = std::move(engine);
  return out;
}

void say_cost(Context& context, distributed::DistributedEngine& engine,
              const std::vector<warehouse::Cost>& others, report::Provenance& provenance) {
  provenance.more.push_back({"look at the table", cost_text({engine.table().looked})});
  std::vector<warehouse::Cost> asked;
  for (const distributed::AskedStatement& statement : engine.asked())
    asked.push_back(statement.cost);
  asked.insert(asked.end(), others.begin(), others.end());
  if (asked.empty()) return;
  std::vector<std::string> ids;
  for (const warehouse::Cost& cost : asked) {
    if (!cost.query_id.empty()) ids.push_back(cost.query_id);
  }
  provenance.more.push_back({"asked", cost_text(asked)});
  if (!ids.empty()) provenance.more.push_back({"query ids", list_text(ids, 6)});
  const auto changed = engine.changed();
  if (!changed) {
    context.warnings.push_back("whether the table changed meanwhile is not known: " +
                               changed.error().problem);
  } else if (*changed) {
    context.warnings.push_back(**changed);
  }
}

}  // namespace assay::app
