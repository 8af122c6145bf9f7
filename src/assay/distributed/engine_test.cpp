#include "assay/distributed/engine.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>
#include <set>

#include "assay/base/file.hpp"
#include "warehouse_fixture.hpp"

namespace assay::distributed {
namespace {

using testing::HasSubstr;

class DistributedEngineTest : public WarehouseTest {};

/// One query of every kind in AnyQuery, by the name of its type.
std::vector<std::pair<std::string, AnyQuery>> every_query() {
  const engine::EventSelector a{{"a"}, std::nullopt};
  const TimeRange day{0, kDayUs};
  engine::ExperimentQuery experiment;
  experiment.assignment = a;
  experiment.variant_property = "plan";
  experiment.arms = {"x", "y"};
  experiment.period = day;
  engine::SeriesQuery series;
  series.active = a;
  engine::RetentionQuery retention;
  retention.start = a;
  return {{"ActiveUsersQuery", engine::ActiveUsersQuery{}},
          {"RetentionQuery", retention},
          {"FunnelQuery", engine::FunnelQuery{{a}, 0, day}},
          {"SessionsQuery", engine::SessionsQuery{}},
          {"ExperimentQuery", experiment},
          {"UnitTotalsQuery", engine::UnitTotalsQuery{a, day, TimeZone::utc(), {}}},
          {"SeriesQuery", series},
          {"UnitTableQuery", engine::UnitTableQuery{experiment}}};
}

// A new question of the port that has no statement for a warehouse fails here.
TEST_F(DistributedEngineTest, EveryQuestionOfThePortHasAStatement) {
  insert("(1, 0, 'a')");
  const auto engine = open();
  std::set<std::string> compiled;
  for (const auto& [name, query] : every_query()) {
    compiled.insert(name);
    const auto plans = engine->plans_of(query);
    ASSERT_TRUE(plans) << name << ": " << to_text(plans.error());
    ASSERT_FALSE(plans->empty()) << name;
    for (const PlannedStatement& plan : *plans) {
      EXPECT_THAT(plan.statement, HasSubstr("SELECT")) << name;
      EXPECT_FALSE(plan.tables.empty()) << name;
    }
  }
  EXPECT_EQ(compiled.size(), std::variant_size_v<AnyQuery>);
  const auto port = read_file(ASSAY_ENGINE_HEADER);
  ASSERT_TRUE(port);
  const std::regex question("virtual Result<\\w+> \\w+\\(const (\\w+)& query\\) = 0;");
  std::size_t questions = 0;
  for (std::sregex_iterator at(port->begin(), port->end(), question), end; at != end; ++at) {
    EXPECT_TRUE(compiled.contains((*at)[1])) << (*at)[1];
    ++questions;
  }
  EXPECT_EQ(questions, compiled.size());
}

TEST_F(DistributedEngineTest, KeepsWhatItAskedAndTagsIt) {
  insert("(1, 0, 'a')");
  DistributedOptions options;
  options.tag = "spec 1f2e\n; DROP TABLE log";
  auto engine = *DistributedEngine::open(warehouse::connection_over(database), spec, options);
  EXPECT_TRUE(engine->asked().empty());
  ASSERT_TRUE(engine->sessions({}));
  ASSERT_EQ(engine->asked().size(), 1U);
  const AskedStatement& asked = engine->asked().front();
  EXPECT_EQ(asked.name, "sessions");
  EXPECT_THAT(asked.statement, HasSubstr("-- assay sessions spec 1f2e"));
  EXPECT_EQ(asked.tables.front().table.table, "log");
  EXPECT_GT(asked.cost.bytes_returned, 0);
  EXPECT_EQ(asked.statement, engine->plans_of(engine::SessionsQuery{})->front().statement);
}

TEST_F(DistributedEngineTest, AMistypedEventIsRefusedBeforeAnythingIsAsked) {
  insert("(1, 0, 'click')");
  const auto engine = open();
  engine::SessionsQuery query;
  query.event = named("clik");
  const auto answer = engine->sessions(query);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().fix, "did you mean `click`?");
  EXPECT_TRUE(engine->asked().empty());
}

// Amounts 1e9 + 0, 1, 2, 3: the centred sum of squares is 5 (by hand), a billion deviations from
// zero.
TEST_F(DistributedEngineTest, AsksAgainAboutTheMeanWhenItLiesFarFromZero) {
  run("INSERT INTO log SELECT i, 0, 'a', 'x', 1e9 + i FROM range(0, 4) AS units(i)");
  const auto engine = open();
  engine::UnitTotalsQuery query{named("a"), {0, kDayUs}, TimeZone::utc(), {}};
  query.metrics = {{"amount", {named("a"), engine::Aggregation::sum, "amount", 1.0}, {}, {}}};
  const auto totals = engine->unit_totals(query);
  ASSERT_TRUE(totals) << to_text(totals.error());
  EXPECT_EQ(engine->asked().size(), 2U);
  EXPECT_DOUBLE_EQ(totals->moments[0].mean[0], 1e9 + 1.5);
  EXPECT_NEAR(totals->moments[0].at(0, 0), 5.0, 5e-9);
}

/// A line whose table has snapshots.
class SnapshotLine final : public warehouse::Connection {
 public:
  SnapshotLine(std::unique_ptr<warehouse::Connection> line, const std::string& snapshot)
      : line_(std::move(line)), snapshot_(snapshot) {}

  [[nodiscard]] std::string name() const override { return line_->name(); }
  Result<std::string> describe_engine() override { return line_->describe_engine(); }
  [[nodiscard]] const sql::Dialect& dialect() const override { return line_->dialect(); }
  Result<warehouse::Answer> query(const std::string& statement, const Progress& progress) override {
    return line_->query(statement, progress);
  }
  Result<std::vector<warehouse::TableColumn>> columns(const sql::TableName& table) override {
    return line_->columns(table);
  }
  Result<warehouse::Estimate> estimate(const std::string& statement) override {
    return line_->estimate(statement);
  }
  Result<std::optional<std::string>> snapshot(const sql::TableName&) override {
    return std::optional(snapshot_);
  }

 private:
  std::unique_ptr<warehouse::Connection> line_;
  const std::string& snapshot_;
};

TEST_F(DistributedEngineTest, WarnsWhenTheTableIsNoLongerWhatItWas) {
  insert("(1, 0, 'a')");
  std::string snapshot = "17";
  auto line = std::make_unique<SnapshotLine>(warehouse::connection_over(database), snapshot);
  auto engine = *DistributedEngine::open(std::move(line), spec);
  EXPECT_FALSE(*engine->changed());
  snapshot = "18";
  const auto changed = engine->changed();
  ASSERT_TRUE(changed && *changed);
  EXPECT_THAT(**changed, HasSubstr("`log` changed while it was asked (snapshot 17, now 18)"));
  EXPECT_FALSE(*open()->changed());  // An engine that cannot tell gives no warning.
}

TEST_F(DistributedEngineTest, AMissingTableIsRefused) {
  spec.table.table = "lag";
  const auto engine = DistributedEngine::open(warehouse::connection_over(database), spec);
  ASSERT_FALSE(engine);
  EXPECT_EQ(engine.error().code, ErrorCode::invalid_spec);
}

}  // namespace
}  // namespace assay::distributed
