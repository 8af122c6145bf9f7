#pragma once

#include <memory>
#include <string>
#include <vector>

#include "assay/app/context.hpp"
#include "assay/app/project.hpp"
#include "assay/distributed/engine.hpp"
#include "assay/distributed/event_table.hpp"
#include "assay/warehouse/connection.hpp"

namespace assay::app {

/// A line to a warehouse and the table that a source is there.
struct WarehouseTable {
  std::unique_ptr<warehouse::Connection> connection;
  distributed::EventTableSpec table;
};

/// Opens a line and looks at the table's columns; no row is read. `spec_hash` goes with every
/// statement, so that the warehouse's owner sees what sent it. Fails as warehouse::connect and
/// metrics::to_event_table, and with invalid_spec when the source's type is another warehouse.
Result<WarehouseTable> connect_table(Context& context, const spec::Source& source,
                                     const warehouse::EngineUrl& url, const std::string& spec_hash);

/// An engine over the source's table in a warehouse. Nothing is built or written there or here.
Result<OpenEngine> open_warehouse(Context& context, const spec::Source& source,
                                  const warehouse::EngineUrl& url, const std::string& spec_hash);

/// Adds what was asked of a warehouse and what that cost, as far as the engine tells: the look at
/// the table, the engine's own statements, and others over the same line.
void say_cost(Context& context, distributed::DistributedEngine& engine,
              const std::vector<warehouse::Cost>& others, report::Provenance& provenance);

}  // namespace assay::app
