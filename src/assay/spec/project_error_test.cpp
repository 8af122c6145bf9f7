#include "assay/spec/detail/good_spec_test.hpp"

namespace assay::spec {
namespace {

using detail::Complaint;
using detail::kGoodProject;
using detail::position_of;

void check(const Complaint& wanted) {
  const std::string text = detail::with(kGoodProject, wanted.old_part, wanted.new_part);
  ParseReport report;
  const auto project = load_project_text({{"assay.yaml", text}}, &report);
  EXPECT_FALSE(project) << wanted.title;
  detail::expect_complaint(wanted, "assay.yaml", text, report);
}

TEST(ProjectError, EveryWrongKeyOrWordIsNamedWithItsPlaceAndASuggestion) {
  const Complaint kWrong[] = {
      {"unknown key", "    role: primary", "    rolle: primary", "rolle", "", "unknown key `rolle`",
       "did you mean `role`?"},
      {"unknown key at the top", "trees:", "treees:", "treees", "", "unknown key `treees`",
       "did you mean `trees`?"},
      {"wrong enum word", "type: parquet", "type: parket", "parket", "",
       "`type` cannot be `parket`", "did you mean `parquet`?"},
      {"wrong metric type", "type: derived", "type: derivd", "derivd", "", "cannot be `derivd`",
       "did you mean `derived`?"},
      {"wrong role", "role: guardrail", "role: gaurdrail", "gaurdrail", "", "cannot be `gaurdrail`",
       "did you mean `guardrail`?"},
      {"wrong zone", "America/Los_Angeles", "America/Los_Angles", "America/Los_Angles", "",
       "no time zone", "did you mean `America/Los_Angeles`?"},
      {"wrong property type", "country: dict", "country: dikt", "dikt", "", "no property type",
       "did you mean `dict`?"},
      {"wrong decimal", "decimal(18,4)", "decimal(4,18)", "\"decimal(4,18)\"", "",
       "not a decimal type", "decimal(18,4)"},
      {"wrong slack", "slack: 2d", "slack: two days", "two days", "", "not a duration", "7d or 4w"},
      {"wrong duration", "watermark: 48h", "watermark: 48 hours", "48 hours", "", "not a duration",
       "7d or 4w"},
      {"number for text", "type: mean", "type: [mean]", "[mean]", "", "not a list", "one value"},
  };
  for (const Complaint& wrong : kWrong) check(wrong);
}

TEST(ProjectError, ValuesOutOfRangeSayTheRange) {
  const Complaint kWrong[] = {
      {"window of zero", "value: 14d", "value: 0d", "0d", "delay: 0h", "a duration of zero", "7d"},
      {"negative window", "value: 14d", "value: -7d", "-7d", "", "negative", "7d"},
      {"cap at the median", "value: 0.999", "value: 0.5", "0.5}", "percentile", "out of range",
       "more than 0.5 and at most 1"},
      {"cap above one", "value: 0.999", "value: 99.9", "99.9", "", "out of range", "at most 1"},
      {"margin of zero", "margin: 0.003", "margin: 0", "0, scale", "margin", "out of range",
       "more than 0"},
      {"negative margin", "margin: 0.003", "margin: -0.003", "-0.003", "", "out of range",
       "more than 0"},
      {"percent", "max: 0.002", "max: 0.2%", "0.2%", "", "must be a number", "0.002"},
      {"quoted number", "max: 0.002", "max: \"0.002\"", "\"0.002\"", "", "must be a number",
       "remove the quotes"},
      {"fraction for a count", "days: 28", "days: 2.5", "2.5", "", "whole number", ""},
      {"yes for true", "optional: true", "optional: yes", "yes", "", "must be true or false",
       "write true"},
      {"no for false", "optional: true", "optional: no", "no,", "optional", "must be true or false",
       "write false"},
      {"format of the future", "version: 1", "version: 2", "2", "version", "out of range", "1"},
      {"buckets out of order", "[0, 7, 28]", "[0, 28, 7]", "{name: tenure", "", "do not increase",
       "sort"},
      {"a date that is none", "complete_until: 2026-06-01", "complete_until: 2026-02-30",
       "2026-02-30", "", "not a date or instant", "2026-06-01T00:00:00Z"},
  };
  for (const Complaint& wrong : kWrong) check(wrong);
}

TEST(ProjectError, ReferencesToNothingNameWhatThereIs) {
  const Complaint kWrong[] = {
      {"cohort", "cohort: new_users", "cohort: new_user", "new_user}",
       "retention:", "no cohort `new_user`", "did you mean `new_users`?"},
      {"funnel", "funnel: purchase,", "funnel: purchas,", "purchas,", "", "no funnel `purchas`",
       "did you mean `purchase`?"},
      {"metric in an expression", "\"dau / mau\"", "\"dau / mua\"", "mua", "", "no metric `mua`",
       "did you mean `mau`?"},
      {"metric of a monitor", "{metric: dau", "{metric: dua", "dua", "", "no metric `dua`",
       "did you mean `dau`?"},
      {"dimension of a monitor", "by: [land]", "by: [lannd]", "lannd", "",
       "no dimension, cohort or property `lannd`", "did you mean `land`?"},
      {"event", "{event: crash,", "{event: crahs,", "crahs", "", "lists no event `crahs`",
       "did you mean `crash`?"},
      {"source", "{event: crash,", "{source: event, event: crash,", "event,", "source: event,",
       "no source `event`", "did you mean `events`?"},
      {"step", "between: [watch, buy]", "between: [wach, buy]", "wach", "", "no step `wach`",
       "did you mean `watch`?"},
      {"unit", "unit: user}", "unit: usr}", "usr", "", "no source has the entity `usr`",
       "did you mean `user`?"},
  };
  for (const Complaint& wrong : kWrong) check(wrong);
}

TEST(ProjectError, ThingsThatDoNotGoTogetherAreRefused) {
  const Complaint kWrong[] = {
      {"key of another type", "trailing: 1d", "trailing: 1d, cap: {type: absolute, value: 5}",
       "cap: {type: absolute", "", "`cap` does not go with `type: active_users`", "trailing"},
      {"key of another check", "max: 0.002", "max: 0.002, grain: hour", "grain: hour}", "",
       "`grain` does not go with `check: null_rate`", "column"},
      {"sum without a column", ", agg: sum, column: watch_ms", ", agg: sum", "{event: watch, agg",
       "", "`agg: sum` has no `column`", "add `column`"},
      {"count with a column", "agg: count}", "agg: count, column: price}", "price}", "agg: count",
       "reads no column", "count_distinct"},
      {"funnel with a measure below", "denominator: unit", "denominator: {event: buy}",
       "{event: buy}", "type: funnel", "denominator of a funnel", "denominator: unit"},
      {"retention with two starts", "{cohort: new_users}", "{cohort: new_users, event: signup}",
       "{cohort: new_users, event", "", "one of `cohort`, `event` and `anchor`", "exactly one"},
      {"first step optional", "{name: watch, event: watch}",
       "{name: watch, event: watch, optional: true}", "watch, event: watch, optional", "",
       "cannot be optional", "remove"},
      {"exclusion backwards", "between: [watch, buy]", "between: [buy, watch]", "buy, watch", "",
       "wrong order", "[watch, buy]"},
      {"open bracket", "\"days_since(first(signup))\"", "\"days_since(first(signup)\"", "(first",
       "days_since", "has no partner", "close"},
      {"open quote", "price > 0", "country = 'US", "'US", "", "has no partner", "close"},
      {"tree of nothing", "\"dau = mau * sticky\"", "\"dau is mau\"", "\"dau is mau\"", "",
       "an identity is", "dau = a * b"},
      {"name with a blank", "name: minutes", "name: watch minutes", "watch minutes", "",
       "cannot be a name", "letters, digits and _"},
      {"parquet without path", "    path: \"data/*.parquet\"\n", "", "name: events", "",
       "no `path`", "add `path`"},
      {"warehouse with files", "type: parquet", "type: trino", "\"data/*.parquet\"", "",
       "a trino source has no files", "name a `table`"},
      {"ingest time missing", "    ingest_time: {expr: received_at, unit: ms}\n", "", "insert_id",
       "", "needs `ingest_time`", "add `ingest_time`"},
      {"two metrics of a name", "name: d7\n", "name: buyers\n", "buyers\n", "",
       "two metrics named `buyers`", "the first is at assay.yaml:48:12"},
  };
  for (const Complaint& wrong : kWrong) check(wrong);
}

TEST(ProjectError, MissingKeysSayWhatTheyAreFor) {
  const std::string text = detail::with(kGoodProject, "    event_name: event\n", "");
  ParseReport report;
  ASSERT_FALSE(load_project_text({{"assay.yaml", text}}, &report));
  ASSERT_EQ(report.errors.size(), 1U) << to_text(report);
  EXPECT_EQ(report.errors[0].problem, "source `events` has no `event_name`");
  EXPECT_EQ(position_of(report.errors[0]), "assay.yaml:5:5");
  EXPECT_THAT(report.errors[0].fix, testing::HasSubstr("Column that holds the event's name"));
}

TEST(ProjectError, AllTyposOfAllFilesAreReportedAtOnceInOrder) {
  std::string text = detail::with(kGoodProject, "week_start: monday", "week_start: munday");
  text = detail::with(text, "unit: ms, timezone: UTC", "unit: msec, timezone: UTC");
  text = detail::with(text, "role: guardrail", "role: guard");
  const std::string more = "metrics:\n  - {name: extra, type: mena, numerator: {event: open}}\n";
  ParseReport report;
  const auto project =
      load_project_text({{"assay.yaml", text}, {"metrics/more.yaml", more}}, &report);
  ASSERT_FALSE(project);
  ASSERT_EQ(report.errors.size(), 4U) << to_text(report);
  EXPECT_EQ(position_of(report.errors[0]), detail::place_of("assay.yaml", text, "munday"));
  EXPECT_EQ(position_of(report.errors[1]), detail::place_of("assay.yaml", text, "msec"));
  EXPECT_EQ(position_of(report.errors[2]), detail::place_of("assay.yaml", text, "guard\n"));
  EXPECT_EQ(position_of(report.errors[3]), "metrics/more.yaml:2:25");
  EXPECT_THAT(project.error().fix, testing::HasSubstr("(3 more errors in the spec)"));
}

TEST(ProjectError, MoreThanTwentyErrorsAreCounted) {
  std::string text(kGoodProject);
  text += "zz0: 1\n";
  for (int i = 1; i < 30; ++i) text += "zz" + std::to_string(i) + ": 1\n";
  ParseReport report;
  EXPECT_FALSE(load_project_text({{"assay.yaml", text}}, &report));
  EXPECT_EQ(report.errors.size(), 20U);
  EXPECT_EQ(report.n_more, 10U);
}

TEST(ProjectError, TheOffendingLineIsShownWithACaretUnderTheValue) {
  const std::string text = detail::with(kGoodProject, "type: parquet", "type: parket");
  ParseReport report;
  EXPECT_FALSE(load_project_text({{"assay.yaml", text}}, &report));
  EXPECT_EQ(report.errors.front().where,
            "assay.yaml:6:11\n"
            "     6 |     type: parket\n"
            "       |           ^^^^^^");
}

TEST(ProjectError, CircularMetricsAreFound) {
  const std::string text = detail::with(kGoodProject, "trees:",
                                        "  - {name: a, type: derived, expr: b}\n"
                                        "  - {name: b, type: derived, expr: a}\ntrees:");
  ParseReport report;
  EXPECT_FALSE(load_project_text({{"assay.yaml", text}}, &report));
  EXPECT_THAT(report.errors.front().problem, testing::HasSubstr("metric `a` depends on itself"));
}

}  // namespace
}  // namespace assay::spec
