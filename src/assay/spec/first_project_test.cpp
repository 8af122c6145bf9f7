#include "assay/spec/first_project.hpp"

#include "assay/spec/detail/good_spec_test.hpp"

namespace assay::spec {
namespace {

using testing::HasSubstr;

InitialGuess plain_guess() {
  InitialGuess guess;
  guess.project = "shorts";
  guess.timezone = "Europe/Berlin";
  guess.timezone_reason = "most events fall between 8 and 23 o'clock there";
  guess.path = "events/*.parquet";
  guess.entities = {{"user", "user_id", "12,345 distinct values, 31 events each"},
                    {"session", "session_id", "ends in _id, 4 events each"}};
  guess.event_name = {"event", "9 distinct texts"};
  guess.event_time = {"ts", "grows, 13 digits"};
  guess.event_time_unit = TimeUnit::ms;
  guess.ingest_time = {"received_at", "never before ts"};
  guess.sequence = {"seq", "counts up inside a user"};
  guess.dedup_key = {"insert_id", "nearly distinct"};
  guess.properties = {{"watch_ms", PropertyType::int64, 0, 0, "whole numbers"},
                      {"price", PropertyType::decimal, 18, 4, "two decimals"},
                      {"country", PropertyType::dict, 0, 0, "41 distinct texts"}};
  guess.events = {"open", "watch", "buy"};
  return guess;
}

TEST(FirstProject, ReadsBackAsWhatWasGuessed) {
  const auto yaml = first_project_yaml(plain_guess());
  ASSERT_TRUE(yaml) << to_text(yaml.error());
  const auto project = load_project_text({{"assay.yaml", *yaml}});
  ASSERT_TRUE(project) << to_text(project.error());
  EXPECT_EQ(project->name, "shorts");
  EXPECT_EQ(project->defaults.timezone.value, "Europe/Berlin");
  const Source& source = project->sources.at(0);
  EXPECT_EQ(source.path.value, "events/*.parquet");
  EXPECT_EQ(source.entities.at(1).expr.value, "session_id");
  EXPECT_EQ(source.event_time.unit, TimeUnit::ms);
  EXPECT_EQ(source.sequence.value, "seq");
  EXPECT_EQ(source.dedup->keys.at(0).value, "insert_id");
  EXPECT_EQ(source.properties.at(1).scale, 4);
  EXPECT_NE(find_dimension(*project, "country"), nullptr);
  EXPECT_NE(find_metric(*project, "watch_per_unit"), nullptr);
}

TEST(FirstProject, GivesTheReasonsAsComments) {
  const auto yaml = first_project_yaml(plain_guess());
  ASSERT_TRUE(yaml);
  for (const char* reason :
       {"# 12,345 distinct values, 31 events each", "# most events fall between"})
    EXPECT_THAT(*yaml, HasSubstr(reason));
  EXPECT_THAT(*yaml, HasSubstr("unit: ms}   # grows, 13 digits"));
}

TEST(FirstProject, OddColumnNamesSurvive) {
  InitialGuess guess = plain_guess();
  guess.project = "caf\xC3\xA9: \"no\" # 1";
  guess.event_name.column = "event name";
  guess.event_time.column = "time (\"utc\")";
  guess.event_time.reason = "first\nline\t\x01 end";
  guess.entities.front().column = "no";
  guess.path = "C:\\data\\*.csv";
  guess.events = {"screen: open", "true", "caf\xC3\xA9", "2x"};
  guess.properties.push_back({"a b: {c}", PropertyType::dict, 0, 0, ""});
  guess.properties.push_back({"null", PropertyType::string, 0, 0, ""});
  const auto yaml = first_project_yaml(guess);
  ASSERT_TRUE(yaml) << to_text(yaml.error());
  const auto project = load_project_text({{"assay.yaml", *yaml}});
  ASSERT_TRUE(project);
  EXPECT_EQ(project->name, guess.project);
  EXPECT_EQ(project->sources[0].event_name.value, "\"event name\"");
  EXPECT_EQ(project->sources[0].event_time.expr.value, "\"time (\"\"utc\"\")\"");
  EXPECT_EQ(project->sources[0].entities[0].expr.value, "no");
  EXPECT_EQ(project->sources[0].path.value, guess.path);
  EXPECT_NE(find_property(project->sources[0], "a b: {c}"), nullptr);
  EXPECT_NE(find_property(project->sources[0], "null"), nullptr);
  EXPECT_EQ(project->metrics.at(1).numerator->events.at(0).value, "screen: open");
}

TEST(FirstProject, EverySourceTypeAndTheBarestGuessLoad) {
  for (const SourceType type :
       {SourceType::parquet, SourceType::csv, SourceType::jsonl, SourceType::duckdb}) {
    InitialGuess guess;
    guess.type = type;
    guess.path = "events";
    guess.table = type == SourceType::duckdb ? "events" : "";
    guess.entities = {{"visitor", "vid", ""}};
    guess.event_name.column = "event";
    guess.event_time.column = "t";
    const auto yaml = first_project_yaml(guess);
    EXPECT_TRUE(yaml) << to_text(yaml.error());
  }
}

TEST(FirstProject, WithoutAUnitEventOrTimeItSaysWhatIsMissing) {
  InitialGuess guess = plain_guess();
  guess.event_time.column.clear();
  const auto yaml = first_project_yaml(guess);
  ASSERT_FALSE(yaml);
  EXPECT_EQ(yaml.error().code, ErrorCode::invalid_data);
  EXPECT_THAT(yaml.error().problem, HasSubstr("the time of the event"));
  guess = plain_guess();
  guess.entities.clear();
  EXPECT_FALSE(first_project_yaml(guess));
  guess = plain_guess();
  guess.event_name.column = "caf\xE9";
  EXPECT_FALSE(first_project_yaml(guess));
}

}  // namespace
}  // namespace assay::spec
