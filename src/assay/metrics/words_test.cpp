#include "assay/metrics/words.hpp"

#include <gmock/gmock.h>

#include "assay/spec/load.hpp"

namespace assay::metrics {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

const char* const kProject = R"yaml(version: 1
sources:
  - name: events
    type: parquet
    path: "data/*.parquet"
    entities: [{name: user, type: primary, expr: user_id}]
    event_name: event
    event_time: {expr: ts, unit: ms}
    properties: {amount: double, country: dict}
funnels:
  - {name: buy, steps: [{event: view}, {event: cart, where: "country = 'SE'"}], window: 2h}
metrics:
  - name: revenue
    type: mean
    numerator: {event: pay, agg: sum, column: amount, where: "amount > 0"}
  - {name: bought, type: funnel, funnel: buy}
)yaml";

class AtWord : public ::testing::Test {
 protected:
  AtWord() {
    auto project = spec::load_project_text({{"assay.yaml", kProject}});
    EXPECT_TRUE(project.has_value()) << to_text(project.error());
    if (project) project_ = std::move(*project);
  }

  /// Where an error about a metric ends up.
  [[nodiscard]] std::string place(const std::string& metric, const std::string& problem) const {
    const Words words = words_of(project_, *spec::find_metric(project_, metric));
    return at_word({ErrorCode::invalid_spec, problem, "", "", ""}, words).where;
  }

  spec::Project project_;
};

// Lines and columns counted by hand in the text above.
TEST_F(AtWord, PointsAtEventsColumnsAndFilters) {
  EXPECT_THAT(place("revenue", "no event is called `pay`"), StartsWith("assay.yaml:15:24"));
  EXPECT_THAT(place("revenue", "property `amount` is text, not a number"),
              StartsWith("assay.yaml:15:47"));
  EXPECT_THAT(place("bought", "no event is called `cart`"), StartsWith("assay.yaml:11:48"));
  EXPECT_THAT(place("bought", "there is no property `country`"), StartsWith("assay.yaml:11:61"));
  EXPECT_THAT(place("revenue", "metric `revenue` is capped twice"), StartsWith("assay.yaml:13:11"));
}

TEST_F(AtWord, ShowsTheLine) {
  EXPECT_THAT(place("revenue", "no event is called `pay`"), HasSubstr("numerator: {event: pay"));
}

TEST_F(AtWord, LeavesOtherErrorsAlone) {
  EXPECT_EQ(place("revenue", "no event is called `like`"), "");
  EXPECT_EQ(place("revenue", "an unclosed `word"), "");
  EXPECT_EQ(place("revenue", ""), "");
  const Words words = words_of(project_, *spec::find_metric(project_, "revenue"));
  const Error elsewhere{ErrorCode::invalid_data, "event `pay` is damaged", "", "", ""};
  EXPECT_EQ(at_word(elsewhere, words).where, "");
  const Error placed{ErrorCode::invalid_spec, "no event is called `pay`", "--steps", "", ""};
  EXPECT_EQ(at_word(placed, words).where, "--steps");
}

}  // namespace
}  // namespace assay::metrics
