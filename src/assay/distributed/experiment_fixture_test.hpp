#pragma once

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "assay/distributed/ask_experiment.hpp"
#include "assay/distributed/compile_experiment.hpp"
#include "assay/distributed/event_table.hpp"
#include "assay/engine/check.hpp"
#include "assay/engine/database.hpp"
#include "assay/sql/dialect.hpp"
#include "assay/warehouse/duckdb_line.hpp"

/// For tests: a log in a table of DuckDB, asked through the plans of a warehouse.
namespace assay::distributed {

inline constexpr Day kFirstOfMay = 20574;  ///< 2026-05-01.

inline TimeUs at(int day_of_may, int hour, int minute = 0) {
  return (kFirstOfMay + day_of_may - 1) * kDayUs + hour * kHourUs + minute * kMinuteUs;
}

inline engine::Source log_source() {
  engine::Source source;
  source.name = "log";
  source.unit = {"user_id", "user_id", frame::Type::int64};
  source.event_expression = "event";
  source.event_time.expression = "ts";
  source.sequence_expression = "seq";
  source.properties = {{"variant", "variant", frame::Type::text},
                       {"country", "country", frame::Type::text},
                       {"amount", "amount", frame::Type::float64}};
  return source;
}

inline engine::EventSelector named(std::string name) { return {{std::move(name)}, std::nullopt}; }

class ExperimentTest : public testing::Test {
 protected:
  void SetUp() override {
    engine::DatabaseOptions options;
    options.threads = 1;
    database = std::make_unique<engine::Database>(std::move(*engine::Database::open(options)));
    line = warehouse::connection_over(*database);
    execute(
        "CREATE TABLE log (user_id BIGINT, ts TIMESTAMPTZ, seq BIGINT, event VARCHAR, "
        "variant VARCHAR, country VARCHAR, amount DOUBLE)");
  }

  void execute(const std::string& sql) {
    const auto done = database->execute(sql);
    ASSERT_TRUE(done) << to_text(done.error());
  }

  /// One event; `more` are SQL texts of variant, country and amount.
  void event(int unit, TimeUs time, const std::string& name,
             const std::string& more = "NULL, NULL, NULL") {
    execute(fmt::format("INSERT INTO log VALUES ({}, make_timestamptz({}), {}, {}, {})", unit, time,
                        ++sequence, engine::quote_text(name), more));
  }

  EventTable table() {
    auto opened = open_table(*line, {source, {"", "", "log"}, std::nullopt}, {});
    EXPECT_TRUE(opened) << (opened ? "" : to_text(opened.error()));
    return opened ? *opened : EventTable();
  }

  Result<frame::Table> run(const sql::Plan& plan) {
    ASSAY_TRY(const std::string statement, line->dialect().statement(plan));
    ASSAY_TRY(warehouse::Answer answer, line->query(statement));
    return std::move(answer.rows);
  }

  Result<engine::ExperimentMoments> ask(const engine::ExperimentQuery& query) {
    const EventTable opened = table();
    ASSAY_TRY(const engine::ExperimentQuery sound, engine::checked(query, opened.words));
    asked.clear();
    return experiment(asking(), sound, opened);
  }

  Result<engine::UnitTable> units_of(const engine::UnitTableQuery& query) {
    const EventTable opened = table();
    ASSAY_TRY(const engine::UnitTableQuery sound, engine::checked(query, opened.words));
    asked.clear();
    return unit_table(asking(), sound, opened);
  }

  Ask asking() {
    return [this](std::string_view name, const sql::Plan& plan) {
      asked.emplace_back(name);
      return run(plan);
    };
  }

  engine::Source source = log_source();
  std::unique_ptr<engine::Database> database;
  std::unique_ptr<warehouse::Connection> line;
  std::vector<std::string> asked;  ///< Names of the statements of the last question.
  int sequence = 0;
};

/// Two arms by `assign` events in the first four days of May 2026, UTC.
inline engine::ExperimentQuery may_query() {
  engine::ExperimentQuery query;
  query.assignment = named("assign");
  query.variant_property = "variant";
  query.arms = {"control", "treatment"};
  query.period = {at(1, 0), at(5, 0)};
  query.complete_until = at(5, 0);
  return query;
}

inline engine::ExperimentMetric sum_of(const std::string& event, const std::string& column) {
  engine::ExperimentMetric metric;
  metric.name = column;
  metric.numerator = {named(event), engine::Aggregation::sum, column, 1.0};
  return metric;
}

}  // namespace assay::distributed
