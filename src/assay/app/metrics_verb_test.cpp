#include "assay/app/metrics_verb.hpp"

#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>

#include "assay/base/file.hpp"
#include "assay/report/render.hpp"

namespace assay::app {
namespace {

using ::testing::HasSubstr;

// Three customers over two weeks of June 2026 (the 1st is a Monday); a, b and c spend 10 + 20, 5
// and nothing in the first week, and only a comes in the second, for 7.
const char* const kOrders =
    "user,ts,event,amount\n"
    "a,2026-06-01 10:00:00,buy,10\n"
    "a,2026-06-02 10:00:00,buy,20\n"
    "b,2026-06-03 10:00:00,buy,5\n"
    "c,2026-06-03 11:00:00,view,\n"
    "a,2026-06-09 10:00:00,buy,7\n";

const char* const kProject = R"(version: 1
name: shop
sources:
  - name: orders
    type: csv
    path: "orders.csv"
    entities: [{name: user, type: primary, expr: user}]
    event_name: event
    event_time: {expr: ts, unit: timestamp}
    properties: {amount: double}
    complete_until: 2026-06-15
metrics:
  - {name: revenue, type: mean, numerator: {event: buy, agg: sum, column: amount}}
  - {name: order_value, type: ratio, numerator: {event: buy, agg: sum, column: amount},
     denominator: {event: buy, agg: count}}
  - {name: buyers, type: proportion, numerator: {event: buy}}
  - {name: week_one, type: mean, numerator: {event: buy}, window: {value: 7d}}
)";

class MetricsVerb : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() /
              ("assay_metrics_" + std::to_string(::getpid()) + "_" +
               testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::create_directories(folder_);
    ASSERT_TRUE(write_file(folder_ / "assay.yaml", kProject));
    ASSERT_TRUE(write_file(folder_ / "orders.csv", kOrders));
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  Result<Outcome> run(MetricsOptions options) {
    Context context;
    options.source.path = folder_;
    return metrics_verb(context, options);
  }
  std::string csv(const MetricsOptions& options) {
    const auto outcome = run(options);
    EXPECT_TRUE(outcome) << to_text(outcome.error());
    return outcome ? report::render_csv(outcome->document) : "";
  }

  std::filesystem::path folder_;
};

TEST_F(MetricsVerb, AnswersASmallShopWorkedOutByHand) {
  for (const char* engine : {"embedded", "duckdb"}) {
    MetricsOptions options;
    options.source.engine = engine;
    const std::string text = csv(options);
    EXPECT_THAT(text, HasSubstr("revenue,42,3,14"));
    EXPECT_THAT(text, HasSubstr("order_value,42,4,10.5"));
    EXPECT_THAT(text, HasSubstr("buyers,2,3,0.66"));
  }
}

TEST_F(MetricsVerb, AWeekCountsOnlyWhoWasThere) {
  MetricsOptions options;
  options.metrics = {"revenue"};
  options.by = "week";
  const std::string text = csv(options);
  EXPECT_THAT(text, HasSubstr("2026-06-01 to 2026-06-07,35,3,11.66"));
  EXPECT_THAT(text, HasSubstr("2026-06-08 to 2026-06-09,7,1,7"));
}

TEST_F(MetricsVerb, ADayAndTheActiveEventsCanBeChosen) {
  MetricsOptions options;
  options.metrics = {"revenue"};
  options.active = {"buy"};
  options.from = options.to = "2026-06-03";
  EXPECT_THAT(csv(options), HasSubstr("revenue,5,1,5"));
}

TEST_F(MetricsVerb, SaysWhatItLeavesOutAndRefusesItByName) {
  EXPECT_THAT(report::render_markdown(run({})->document), HasSubstr("week_one: left out"));
  MetricsOptions options;
  options.metrics = {"week_one"};
  EXPECT_THAT(run(options).error().problem, HasSubstr("exposure"));
}

TEST_F(MetricsVerb, BadOptionsAreAnsweredWithWhatThereIs) {
  MetricsOptions options;
  options.metrics = {"revenu"};
  EXPECT_THAT(run(options).error().fix, HasSubstr("revenue"));
  options = {};
  options.by = "mnth";
  EXPECT_THAT(run(options).error().fix, HasSubstr("month"));
  options = {};
  options.from = "2026-06-09";
  options.to = "2026-06-01";
  EXPECT_THAT(run(options).error().have, HasSubstr("2026-06-01 to 2026-06-09"));
  options = {};
  options.from = "June";
  EXPECT_EQ(run(options).error().where, "--from");
}

}  // namespace
}  // namespace assay::app
