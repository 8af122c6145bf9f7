#include "assay/readout/plan_readout.hpp"

#include <gmock/gmock.h>

#include "assay/report/render.hpp"

namespace assay::readout {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

PlanPage page() {
  PlanPage plan{.title = "Plan: funnel", .engine = "Trino 476 at there", .dialect = "trino"};
  plan.has_partition = true;
  PlannedStatement statement{.question = "funnel", .sql = "SELECT 1\nFROM t"};
  statement.reads = {{{"lake", "app", "events"}, {"user_id", "ts", "event"}}};
  statement.partitions = "ds from 2026-05-01 to 2026-05-31";
  statement.returns = "one row for each step";
  statement.estimate = warehouse::Estimate{20'000'000, 412'000'000, {}, "Fragment 0 [SINGLE]"};
  plan.statements.push_back(statement);
  return plan;
}

TEST(PlanReadout, SaysWhatIsReadAndWhatComesBackInEightyColumns) {
  const std::string text = report::render(plan_document(page(), {}), report::Format::text, {});
  EXPECT_THAT(text, HasSubstr("1 statement would be sent to Trino 476 at there"));
  EXPECT_THAT(text, HasSubstr("No event was read"));
  EXPECT_THAT(text, HasSubstr("20,000,000"));
  EXPECT_THAT(text, HasSubstr("412 MB"));
  EXPECT_THAT(text, HasSubstr("lake.app.events"));
  EXPECT_THAT(text, HasSubstr("user_id, ts, event"));
  EXPECT_THAT(text, HasSubstr("ds from 2026-05-01 to 2026-05-31"));
  EXPECT_THAT(text, HasSubstr("    SELECT 1\n    FROM t\n"));
  EXPECT_THAT(text, HasSubstr("—"));  // Partitions: the engine does not say; never a 0.
}

TEST(PlanReadout, WithoutAnEngineThereAreNoNumbersOfOne) {
  PlanPage plan = page();
  plan.engine.clear();
  plan.statements[0].estimate.reset();
  plan.notes = {"types of columns are those of the spec"};
  const std::string text = report::render(plan_document(plan, {}), report::Format::text, {});
  EXPECT_THAT(text, HasSubstr("in the dialect of trino. No engine was asked"));
  EXPECT_THAT(text, HasSubstr("types of columns are those of the spec"));
  EXPECT_THAT(text, Not(HasSubstr("rows to read")));
}

TEST(PlanReadout, JsonKeepsTheStatementAsItWouldBeSent) {
  const std::string json = report::render(plan_document(page(), {}), report::Format::json, {});
  EXPECT_THAT(json, HasSubstr("\"kind\": \"plan\""));
  EXPECT_THAT(json, HasSubstr("SELECT 1\\nFROM t"));
}

TEST(PlanReadout, BytesHaveThreeDigitsAndAUnit) {
  EXPECT_EQ(bytes_text(0), "0 B");
  EXPECT_EQ(bytes_text(999), "999 B");
  EXPECT_EQ(bytes_text(1'000), "1.00 kB");
  EXPECT_EQ(bytes_text(999'499), "999 kB");
  EXPECT_EQ(bytes_text(999'500), "1.00 MB");
  EXPECT_EQ(bytes_text(13'400'000'000), "13.4 GB");
  EXPECT_EQ(bytes_text(5'000'000'000'000'000), "5.00 PB");
}

}  // namespace
}  // namespace assay::readout
