#include <chrono>
#include <cstdlib>
#include <filesystem>

#include "assay/base/file.hpp"
#include "assay/spec/detail/good_spec_test.hpp"

namespace assay::spec {
namespace {

using detail::kGoodProject;

std::string shared_file(const char* name) {
  const auto text = read_file(std::filesystem::path(ASSAY_SOURCE_DIR) / ".." / "shared" / name);
  return text ? *text : std::string();
}

const Project& good() {
  static const Project kProject = [] {
    auto loaded = load_project_text({{"assay.yaml", std::string(kGoodProject)}});
    EXPECT_TRUE(loaded) << (loaded ? "" : to_text(loaded.error()));
    return loaded ? *loaded : Project{};
  }();
  return kProject;
}

TEST(Load, TheSourceArrivesInItsFields) {
  const Source& source = good().sources.at(0);
  EXPECT_EQ(source.type, SourceType::parquet);
  EXPECT_EQ(source.entities[1].expr.value, "session_id");
  EXPECT_EQ(source.table.value, "lake.events");
  EXPECT_EQ(source.partition->column.value, "ds");
  EXPECT_EQ(source.partition->slack_us, 2 * kDayUs);
  EXPECT_EQ(source.event_time.unit, TimeUnit::ms);
  EXPECT_EQ(source.ingest_time->timezone.value, "UTC");
  EXPECT_EQ(source.dedup->keep, DedupKeep::first_ingest);
  EXPECT_EQ(source.dedup->within_us, 7 * kDayUs);
  EXPECT_EQ(source.late->watermark_us, 48 * kHourUs);
  ASSERT_EQ(source.properties.size(), 4U);
  EXPECT_EQ(source.properties[1].name.value, "price");
  EXPECT_EQ(source.properties[1].type, PropertyType::decimal);
  EXPECT_EQ(source.properties[1].precision, 18);
  EXPECT_EQ(source.properties[1].scale, 4);
  EXPECT_EQ(source.properties[1].expr.value, "price");
  EXPECT_EQ(source.audit[1].grain, Grain::hour);
  EXPECT_EQ(source.known_events.size(), 9U);
  // Midnight of the first of June in Los Angeles is 07:00 UTC.
  ASSERT_TRUE(source.complete_until);
  EXPECT_EQ(time_text(*source.complete_until), "2026-06-01T07:00:00Z");
}

TEST(Load, ASourceOfAWarehouseHasATableAlone) {
  for (const char* type : {"warehouse", "trino", "clickhouse", "bigquery"}) {
    std::string text = detail::with(kGoodProject, "type: parquet", std::string("type: ") + type);
    text = detail::with(text, "    path: \"data/*.parquet\"\n", "");
    text = detail::with(text, "name: shorts\n", "engine: trino://me@host:8080/lake/app?tls=true\n");
    const auto project = load_project_text({{"assay.yaml", text}});
    ASSERT_TRUE(project) << to_text(project.error());
    EXPECT_EQ(project->engine.value, "trino://me@host:8080/lake/app?tls=true");
    EXPECT_EQ(position_text(project->engine.where), "assay.yaml:2:9");
  }
}

TEST(Load, APartitionIsAsWideAsADayUnlessWritten) {
  const auto project = load_project_text(
      {{"assay.yaml", detail::with(kGoodProject, "{column: ds, slack: 2d}", "ds")}});
  ASSERT_TRUE(project) << to_text(project.error());
  EXPECT_EQ(project->sources[0].partition->column.value, "ds");
  EXPECT_EQ(project->sources[0].partition->slack_us, kDayUs);
}

TEST(Load, MetricsArriveWithTheirDefaultsFilledIn) {
  const Metric& minutes = *find_metric(good(), "minutes");
  EXPECT_EQ(minutes.numerator->source.value, "events");
  EXPECT_EQ(minutes.numerator->agg, Aggregation::sum);
  EXPECT_EQ(minutes.window->value_us, 14 * kDayUs);
  EXPECT_EQ(minutes.unit.value, "user");
  EXPECT_EQ(minutes.timezone.value, "America/Los_Angeles");
  EXPECT_EQ(minutes.covariate_days, 28);
  EXPECT_EQ(position_text(minutes.name.where), "assay.yaml:41:11");
  EXPECT_EQ(find_metric(good(), "buyers")->numerator->agg, Aggregation::any);
  EXPECT_EQ(find_metric(good(), "price")->numerator->agg, Aggregation::sum);
  EXPECT_EQ(find_metric(good(), "price")->denominator->agg, Aggregation::count);
  EXPECT_EQ(find_metric(good(), "mau")->trailing_us, 28 * kDayUs);
  EXPECT_EQ(find_metric(good(), "d7")->retention->at, std::vector<int>{7});
  EXPECT_EQ(find_metric(good(), "d7")->retention->start.kind, AnchorKind::cohort);
  EXPECT_EQ(find_metric(good(), "nothing"), nullptr);
}

TEST(Load, FunnelsCohortsTreesAndMonitorsArrive) {
  const Funnel& funnel = *find_funnel(good(), "purchase");
  ASSERT_EQ(funnel.steps.size(), 3U);
  EXPECT_TRUE(funnel.steps[1].optional);
  EXPECT_EQ(funnel.steps[1].window_us, 2 * kHourUs);
  EXPECT_EQ(funnel.steps[2].filter.value, "price > 0");
  EXPECT_EQ(funnel.exclude[0].after_step.value, "watch");
  EXPECT_EQ(funnel.exclude[0].before_step.value, "buy");
  EXPECT_EQ(find_cohort(good(), "new_users")->having->comparison, Comparison::at_least);
  EXPECT_EQ(good().trees[0].factors, (std::vector<std::string>{"mau", "sticky"}));
  EXPECT_EQ(good().monitors[0].false_alarms_per_us, 28 * kDayUs);
  EXPECT_EQ(good().dimensions[1].buckets, (std::vector<double>{0, 7, 28}));
}

TEST(Load, AliasesOfOtherProductsMeanTheSame) {
  std::string text = detail::with(kGoodProject, "window: 2h", "conversion_window: 2h");
  text = detail::with(text, "    window: 7d\n    exclude",
                      "    window: 7d\n    order: sequential\n    entry: optimized_reentry\n"
                      "    count: uniques\n    constant_properties: [device]\n    exclude");
  text = detail::with(text, "criterion: on}", "criterion: unbounded, clock: 24_hour_windows}");
  const auto project = load_project_text({{"assay.yaml", text}});
  ASSERT_TRUE(project) << to_text(project.error());
  EXPECT_EQ(project->funnels[0].steps[1].window_us, 2 * kHourUs);
  EXPECT_EQ(project->funnels[0].order, FunnelOrder::ordered);
  EXPECT_EQ(project->funnels[0].hold_constant[0].value, "device");
  EXPECT_EQ(find_metric(*project, "d7")->retention->criterion, Criterion::on_or_after);
  EXPECT_EQ(find_metric(*project, "d7")->retention->clock, Clock::rolling);
}

TEST(Load, APresetIsExpandedAndWrittenKeysWin) {
  const auto funnel = [](const char* keys) {
    const auto project = load_project_text(
        {{"assay.yaml", detail::with(kGoodProject, "    window: 7d\n    exclude",
                                     std::string(keys) + "    window: 7d\n    exclude")}});
    EXPECT_TRUE(project);
    return project->funnels[0];
  };
  EXPECT_EQ(funnel("    preset: mixpanel\n").entry, FunnelEntry::first);
  EXPECT_EQ(funnel("    preset: mixpanel\n").grace_us, 2 * kSecondUs);
  EXPECT_EQ(funnel("    entry: any\n    preset: mixpanel\n").entry, FunnelEntry::any);
  EXPECT_EQ(funnel("    preset: growthbook\n").window_from, WindowFrom::previous_step);
}

TEST(Load, AFolderIsReadWithItsMetricsFilesInOrder) {
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / "assay_spec_load_test" / "shorts_app";
  std::filesystem::remove_all(folder.parent_path());
  ASSERT_TRUE(write_file(folder / "assay.yaml", detail::with(kGoodProject, "name: shorts\n", "")));
  const std::string extra = "metrics:\n  - {name: extra, type: sum, numerator: {column: price}}\n";
  ASSERT_TRUE(write_file(folder / "metrics" / "b.yaml", extra));
  ASSERT_TRUE(write_file(folder / "metrics" / "a.yaml", "cohorts:\nmetrics: []\n"));
  ASSERT_TRUE(write_file(folder / "metrics" / "notes.txt", "\t{"));
  ASSERT_TRUE(write_file(folder / "experiments" / "ranker.yaml", detail::kGoodExperiment));
  const auto project = load_project(folder);
  ASSERT_TRUE(project) << to_text(project.error());
  EXPECT_EQ(project->name, "shorts_app");
  EXPECT_TRUE(load_project(folder / "assay.yaml"));
  EXPECT_EQ(position_text(find_metric(*project, "extra")->name.where), "metrics/b.yaml:2:12");
  ASSERT_EQ(project->experiment_files.size(), 1U);
  EXPECT_TRUE(load_experiment(project->experiment_files[0], *project));
  ParseReport report;
  ASSERT_TRUE(write_file(folder / "experiments" / "ranker.yaml", "experiment: x\nversion: one\n"));
  EXPECT_FALSE(load_experiment(project->experiment_files[0], *project, &report));
  EXPECT_EQ(report.errors[0].where.substr(0, 30), "experiments/ranker.yaml:1:1\n  ");
  std::filesystem::remove_all(folder.parent_path());
}

TEST(Load, AFileAtItsLargestIsReadOrRefusedInSeconds) {
  std::string good(kGoodProject);
  good.resize(good.find("trees:"));
  std::string bad = good;
  for (int i = 0; i < 10'000; ++i) {
    const std::string n = std::to_string(i);
    if (i < 4'000) good += "  - {name: m" + n + ", type: derived, expr: dau / mau}\n";
    bad += "  - {name: m" + n + ", type: derived, expr: x" + n + " / mau}\n";
  }
  const auto started = std::chrono::steady_clock::now();
  const auto project = load_project_text({{"assay.yaml", good}});
  ASSERT_TRUE(project) << to_text(project.error());
  EXPECT_EQ(project->metrics.size(), 4'009U);
  ParseReport report;
  EXPECT_FALSE(load_project_text({{"assay.yaml", bad}}, &report));
  EXPECT_EQ(report.errors.size(), 20U);
  EXPECT_GT(report.n_more, 5'000U);
  EXPECT_LT(std::chrono::steady_clock::now() - started, std::chrono::seconds(60));
}

/// The n-th block in ``` fences of a page, without its first line.
std::string fenced(const std::string& page, int n) {
  std::size_t begin = 0;
  for (int i = 0; i < 2 * n + 1; ++i) begin = page.find("\n```", begin) + 4;
  begin = page.find('\n', begin) + 1;
  return page.substr(begin, page.find("\n```", begin) + 1 - begin);
}

TEST(Load, TheCapabilityPageShowsSpecsThatLoadAndTheErrorThatIsPrinted) {
  const auto page =
      read_file(std::filesystem::path(ASSAY_SOURCE_DIR) / "docs" / "capabilities" / "spec.md");
  ASSERT_TRUE(page);
  const auto project = load_project_text({{"assay.yaml", fenced(*page, 1)}});
  ASSERT_TRUE(project) << to_text(project.error());
  const std::string experiment = fenced(*page, 2);
  const std::string file = "experiments/ranker.yaml";
  const auto loaded = load_experiment_text({file, experiment}, *project);
  ASSERT_TRUE(loaded) << to_text(loaded.error());
  ParseReport report;
  EXPECT_FALSE(load_experiment_text(
      {file, detail::with(experiment, "watch_per_user", "watch_per_usr")}, *project, &report));
  const std::string first_line = experiment.substr(0, experiment.find('\n'));
  EXPECT_EQ(first_line, "# experiments/ranker.yaml");
  EXPECT_EQ(to_text(report), fenced(*page, 3));
}

TEST(Load, TheExampleProjectAndExperimentLoadWhole) {
  const std::string project_text = shared_file("spec_example.yaml");
  const std::string experiment_text = shared_file("experiment_example.yaml");
  if (project_text.empty() || experiment_text.empty())
    GTEST_SKIP() << "no folder ../shared with the examples beside this checkout";
  // What the experiment names beyond the example project.
  std::string more = "dimensions:\n";
  for (const char* name : {"new_user", "device"})
    more += std::string("  - {name: ") + name + ", expr: " + name + "}\n";
  more += "metrics:\n";
  for (const char* name : {"watch_minutes_per_user", "sessions_per_user", "hide_rate", "crash_rate",
                           "videos_per_session", "completion_rate", "ad_impressions_per_user"})
    more += std::string("  - {name: ") + name + ", type: mean, numerator: {event: x}}\n";
  const auto project =
      load_project_text({{"assay.yaml", project_text}, {"metrics/more.yaml", more}});
  ASSERT_TRUE(project) << to_text(project.error());
  EXPECT_EQ(project->metrics.size(), 18U);
  EXPECT_EQ(project->sources[0].audit.size(), 6U);
  EXPECT_EQ(project->funnels[0].exclude[0].effect, ExcludeEffect::end_attempt);
  EXPECT_EQ(find_metric(*project, "purchase_completion")->funnel.value, "purchase_flow");
  const auto experiment =
      load_experiment_text({"experiments/new_feed_ranker.yaml", experiment_text}, *project);
  ASSERT_TRUE(experiment) << to_text(experiment.error());
  EXPECT_EQ(experiment->metrics.guardrails.size(), 3U);
  EXPECT_EQ(experiment->stakeholders.size(), 2U);
  EXPECT_EQ(experiment->decision.size(), 5U);
}

}  // namespace
}  // namespace assay::spec
