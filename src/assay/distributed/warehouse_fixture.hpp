#pragma once

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "assay/distributed/engine.hpp"
#include "assay/engine/database.hpp"
#include "assay/frame/predicate.hpp"
#include "assay/warehouse/duckdb_line.hpp"

/// For tests of this room: a table of DuckDB asked as if it were a warehouse's.
namespace assay::distributed {

class WarehouseTest : public testing::Test {
 protected:
  WarehouseTest() : database(std::move(*engine::Database::open())) {
    spec.source.name = "log";
    spec.source.unit = {"user", "user", frame::Type::int64};
    spec.source.event_expression = "event";
    spec.source.event_time = {"ts", engine::TimeUnit::seconds, TimeZone::utc()};
    spec.source.properties = {{"plan", "plan", frame::Type::text},
                              {"amount", "amount", frame::Type::float64}};
    spec.table.table = "log";
    run("CREATE TABLE log (\"user\" BIGINT, ts BIGINT, event VARCHAR, plan VARCHAR, "
        "amount DOUBLE)");
  }

  void run(const std::string& statement) {
    const auto done = database.execute(statement);
    ASSERT_TRUE(done) << to_text(done.error());
  }

  /// "(1, 0, 'a'), (1, 60, 'b')": user, seconds since 1970, event.
  void insert(const std::string& rows) {
    run("INSERT INTO log (\"user\", ts, event) VALUES " + rows);
  }

  std::unique_ptr<DistributedEngine> open() {
    auto engine = DistributedEngine::open(warehouse::connection_over(database), spec);
    EXPECT_TRUE(engine) << (engine ? "" : to_text(engine.error()));
    return engine ? std::move(*engine) : nullptr;
  }

  static engine::EventSelector named(const std::string& name, std::string_view where = {}) {
    engine::EventSelector selector;
    if (!name.empty()) selector.names = {name};
    if (!where.empty()) selector.where = *frame::parse_predicate(where);
    return selector;
  }

  engine::Database database;
  EventTableSpec spec;
};

}  // namespace assay::distributed
