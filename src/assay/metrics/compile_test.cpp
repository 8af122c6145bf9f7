#include "assay/metrics/compile.hpp"

#include <gmock/gmock.h>

#include "assay/metrics/source.hpp"
#include "assay/spec/load.hpp"

namespace assay::metrics {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const char* const kProject = R"yaml(version: 1
name: shop
defaults: {timezone: Europe/Berlin}
sources:
  - name: events
    type: parquet
    path: "data/*.parquet"
    entities:
      - {name: user, type: primary, expr: user_id}
      - {name: order, type: foreign, expr: order_id}
    event_name: event
    event_time: {expr: ts, unit: ms, timezone: Europe/Berlin}
    ingest_time: {expr: seen, unit: timestamp}
    dedup: {keys: [order], keep: first_ingest, within: 7d}
    late: {max_skew: 24h, on_future: quarantine}
    properties: {user_id: int64, amount: {type: double, expr: "cents / 100.0"}, country: dict}
dimensions:
  - {name: country, expr: country, attribution: first_touch}
  - {name: new_user, type: entity, expr: "days_since(first())", buckets: [0, 28]}
  - {name: odd, type: entity, expr: "days_since(first(signup))", buckets: [0, 1, 7]}
funnels:
  - name: buy
    steps: [{event: view}, {event: cart, where: "amount > 10"}, {event: pay}]
    window: 2h
  - {name: exact, steps: [{event: view}, {event: pay}], window: 2h, order: strict}
metrics:
  - name: revenue
    type: mean
    numerator: {event: pay, agg: sum, column: amount, where: "country != 'XX' and amount > 0"}
    window: {type: conversion, delay: 1h, value: 14d}
    cap: {type: percentile, value: 0.999, ignore_zeros: true}
    covariate: {days: 14}
  - {name: buyers, type: proportion, numerator: {event: pay}}
  - name: basket
    type: ratio
    numerator: {event: pay, agg: sum, column: amount}
    denominator: {event: pay, agg: count}
  - name: d7
    type: retention
    retention: {start: {anchor: exposure}, return: {event: view}, at: 7}
  - {name: bought, type: funnel, funnel: buy}
  - name: p99
    type: quantile
    numerator: {event: pay, column: amount}
    quantile: {type: event, value: 0.99}
  - name: broken
    type: mean
    numerator: {event: pay, agg: sum, column: amount, where: "amount >"}
)yaml";

spec::Project project() {
  auto loaded = spec::load_project_text({{"assay.yaml", kProject}});
  EXPECT_TRUE(loaded.has_value()) << to_text(loaded.error());
  return loaded ? std::move(*loaded) : spec::Project{};
}

Result<engine::ExperimentMetric> compile(const spec::Project& project, const char* name) {
  return compile_metric(project, *spec::find_metric(project, name), 28);
}

TEST(CompileMetric, AMeanCarriesItsFilterWindowCapAndCovariate) {
  const auto spec = project();
  const auto metric = compile(spec, "revenue");
  ASSERT_TRUE(metric.has_value()) << to_text(metric.error());
  EXPECT_EQ(metric->kind, engine::MetricKind::mean);
  EXPECT_EQ(metric->numerator.column, "amount");
  EXPECT_EQ(frame::to_text(*metric->numerator.event.where), "country != 'XX' and amount > 0");
  EXPECT_EQ(metric->delay_us, kHourUs);
  EXPECT_EQ(metric->length_us, 14 * kDayUs);
  EXPECT_EQ(metric->cap_quantile, 0.999);
  EXPECT_TRUE(metric->cap_ignores_zeros);
  EXPECT_EQ(metric->covariate_us, 14 * kDayUs);
}

TEST(CompileMetric, AProportionIsWhetherThereWasAnEvent) {
  const auto spec = project();
  const auto metric = compile(spec, "buyers");
  ASSERT_TRUE(metric.has_value());
  EXPECT_EQ(metric->numerator.aggregation, engine::Aggregation::any);
  EXPECT_FALSE(metric->length_us.has_value());
  EXPECT_EQ(metric->covariate_us, 28 * kDayUs);
}

TEST(CompileMetric, RatiosRetentionAndFunnelsHaveTheirParts) {
  const auto spec = project();
  EXPECT_EQ(compile(spec, "basket")->denominator->aggregation, engine::Aggregation::count);
  EXPECT_EQ(compile(spec, "d7")->retention_day, 7);
  EXPECT_EQ(compile(spec, "d7")->covariate_us, 0);
  const auto funnel = compile(spec, "bought");
  EXPECT_EQ(funnel->steps.size(), 3U);
  EXPECT_EQ(funnel->funnel_window_us, 2 * kHourUs);
}

TEST(CompileMetric, WhatIsNotComputedIsRefusedWhereItStands) {
  const auto spec = project();
  const auto quantile = compile(spec, "p99");
  ASSERT_FALSE(quantile.has_value());
  EXPECT_THAT(quantile.error().problem, HasSubstr("quantile"));
  EXPECT_THAT(quantile.error().where, HasSubstr("assay.yaml:"));
  const auto broken = compile(spec, "broken");
  ASSERT_FALSE(broken.has_value());
  EXPECT_EQ(broken.error().code, ErrorCode::invalid_spec);
  EXPECT_THAT(broken.error().where, HasSubstr("assay.yaml:"));
}

TEST(CompileFunnel, OnlyWhatTheKernelAnswersExactlyIsTaken) {
  const auto spec = project();
  EXPECT_TRUE(compile_funnel(*spec::find_funnel(spec, "buy")).has_value());
  const auto strict = compile_funnel(*spec::find_funnel(spec, "exact"));
  ASSERT_FALSE(strict.has_value());
  EXPECT_THAT(strict.error().problem, HasSubstr("exact"));
}

TEST(CompileSegment, DimensionsBecomeValuesFixedBeforeTreatment) {
  const auto spec = project();
  const auto country = compile_segment(spec, {"country", {}});
  EXPECT_EQ(country->kind, engine::SegmentBy::Kind::first_touch);
  const auto tenure = compile_segment(spec, {"new_user", {}});
  EXPECT_EQ(tenure->kind, engine::SegmentBy::Kind::tenure);
  EXPECT_EQ(tenure->tenure_us, 28 * kDayUs);
  EXPECT_FALSE(compile_segment(spec, {"odd", {}}).has_value());
}

TEST(UnitMetric, APeriodHasMeansSharesAndRatiosButNoAnchor) {
  const auto spec = project();
  const auto unit = [&](const char* name) {
    return compile_unit_metric(spec, *spec::find_metric(spec, name));
  };
  EXPECT_EQ(unit("buyers")->numerator.aggregation, engine::Aggregation::any);
  EXPECT_EQ(unit("basket")->denominator->aggregation, engine::Aggregation::count);
  EXPECT_THAT(unit("revenue").error().problem, HasSubstr("window"));
  EXPECT_THAT(unit("d7").error().problem, HasSubstr("retention"));
  EXPECT_TRUE(reads_source(*spec::find_metric(spec, "basket"), "events"));
  EXPECT_FALSE(reads_source(*spec::find_metric(spec, "basket"), "ads"));
}

TEST(Source, SpecWordsBecomeTheEnginesTerms) {
  auto spec = project();
  spec.folder = "/somewhere";
  const auto source = to_engine_source(spec, spec.sources.front());
  ASSERT_TRUE(source.has_value()) << to_text(source.error());
  EXPECT_THAT(source->paths, ElementsAre("/somewhere/data/*.parquet"));
  EXPECT_EQ(source->unit.expression, "user_id");
  EXPECT_EQ(source->unit.type, frame::Type::int64);
  EXPECT_EQ(source->event_time.unit, engine::TimeUnit::milliseconds);
  EXPECT_EQ(source->event_time.timezone.name(), "Europe/Berlin");
  EXPECT_THAT(source->dedup->keys, ElementsAre("order_id"));
  EXPECT_EQ(source->dedup->within_us, 7 * kDayUs);
  EXPECT_EQ(source->max_skew_us, 24 * kHourUs);
  EXPECT_EQ(source->properties[1].expression, "cents / 100.0");
}

TEST(Source, AWarehouseIsRefusedByNameHere) {
  auto spec = project();
  spec.sources.front().type = spec::SourceType::trino;
  const auto source = to_engine_source(spec, spec.sources.front());
  ASSERT_FALSE(source.has_value());
  EXPECT_THAT(source.error().problem, HasSubstr("trino"));
}

/// The project with one part of its text replaced.
spec::Project project_with(const std::string& from, const std::string& to) {
  std::string text = kProject;
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  auto loaded = spec::load_project_text({{"assay.yaml", text.replace(at, from.size(), to)}});
  EXPECT_TRUE(loaded.has_value()) << to_text(loaded.error());
  return *loaded;
}

const char* const kCents = "{type: double, expr: \"cents / 100.0\"}";

TEST(EventTable, TheSameSourceIsATableOfAWarehouse) {
  const auto spec = project_with(kCents, "{type: double, expr: '\"Amount in €\"'}");
  const auto table = to_event_table(spec.sources.front(), nullptr);
  ASSERT_TRUE(table.has_value()) << to_text(table.error());
  EXPECT_EQ(table->table.table, "events");
  EXPECT_TRUE(table->table.schema.empty());
  EXPECT_FALSE(table->partition.has_value());
  EXPECT_EQ(table->source.unit.expression, "user_id");
  EXPECT_EQ(table->source.event_expression, "event");
  EXPECT_EQ(table->source.event_time.unit, engine::TimeUnit::milliseconds);
  EXPECT_THAT(table->source.dedup->keys, ElementsAre("order_id"));
  EXPECT_EQ(table->source.properties[1].expression, "Amount in €");
  EXPECT_TRUE(table->source.paths.empty());
}

TEST(EventTable, TableAndPartitionAreThoseWritten) {
  auto spec = project_with(kCents, "double");
  spec.sources.front().table.value = "lake.app.\"my.events\"";
  spec.sources.front().partition = spec::Partition{{"ds", {}}, 2 * kDayUs};
  const auto table = to_event_table(spec.sources.front(), nullptr);
  ASSERT_TRUE(table.has_value()) << to_text(table.error());
  EXPECT_EQ(table->table.catalog, "lake");
  EXPECT_EQ(table->table.schema, "app");
  EXPECT_EQ(table->table.table, "my.events");
  EXPECT_EQ(table->partition->column, "ds");
  EXPECT_EQ(table->partition->slack_us, 2 * kDayUs);
}

TEST(EventTable, AWordInQuotesIsTheNameOfAllEvents) {
  auto spec = project_with(kCents, "double");
  spec.sources.front().event_name.value = "'it''s bought'";
  const auto table = to_event_table(spec.sources.front(), nullptr);
  ASSERT_TRUE(table.has_value()) << to_text(table.error());
  EXPECT_EQ(table->source.constant_event, "it's bought");
  EXPECT_TRUE(table->source.event_expression.empty());
}

const std::vector<warehouse::TableColumn> kTable{{"user_id"},  {"event"}, {"ts"},     {"seen"},
                                                 {"order_id"}, {"cents"}, {"country"}};

TEST(EventTable, AViewHasTheColumnThatAnExpressionMeans) {
  const auto spec = project_with("double", "double");
  auto view = kTable;
  view.push_back({"AMOUNT"});  // Some engines know one case only.
  for (const auto* columns : {&view, static_cast<decltype(&view)>(nullptr)}) {
    const auto table = to_event_table(spec.sources.front(), columns);
    ASSERT_TRUE(table.has_value()) << to_text(table.error());
    EXPECT_EQ(table->source.properties[1].expression, "amount");
  }
}

TEST(EventTable, AnExpressionWithoutSuchAColumnIsRefusedWhereItStands) {
  const auto spec = project_with("double", "double");
  const auto table = to_event_table(spec.sources.front(), &kTable);
  ASSERT_FALSE(table.has_value());
  EXPECT_THAT(table.error().problem, HasSubstr("this is an expression: cents / 100.0"));
  EXPECT_THAT(table.error().where, HasSubstr("assay.yaml:16:63\n"));
  EXPECT_THAT(table.error().fix, HasSubstr("make a view with a column `amount`"));
  EXPECT_THAT(table.error().have, HasSubstr("cents"));
  for (const char* no_column : {"lower(user_id)", "a.b", "1", "user_id; DROP TABLE x",
                                "\"a\" || \"b\"", "\"a\"b\"", "'text'", "a -- b"}) {
    auto wrong = project_with(kCents, "double");
    wrong.sources.front().event_time.expr.value = no_column;
    const auto refused = to_event_table(wrong.sources.front(), &kTable);
    ASSERT_FALSE(refused.has_value()) << no_column;
    EXPECT_THAT(refused.error().fix, HasSubstr("`event_time`"));
  }
}

TEST(EventTable, AUnitWithoutADeclaredTypeHasThatOfItsColumn) {
  auto spec = project_with(kCents, "double");
  spec.sources.front().properties.clear();
  auto columns = kTable;
  EXPECT_EQ(to_event_table(spec.sources.front(), &columns)->source.unit.type, frame::Type::text);
  columns.front().type = warehouse::ColumnType::int64;
  EXPECT_EQ(to_event_table(spec.sources.front(), &columns)->source.unit.type, frame::Type::int64);
}

TEST(EventTable, WhatIsNoTableIsRefused) {
  for (const char* wrong : {"a.b.c.d", ".events", "app.", "app..events", "\"open", "a.\"\""}) {
    auto spec = project_with(kCents, "double");
    spec.sources.front().table.value = wrong;
    const auto table = to_event_table(spec.sources.front(), nullptr);
    ASSERT_FALSE(table.has_value()) << wrong;
    EXPECT_THAT(table.error().problem, HasSubstr("not a table")) << wrong;
  }
}

}  // namespace
}  // namespace assay::metrics
