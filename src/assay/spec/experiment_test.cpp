#include "assay/spec/detail/good_spec_test.hpp"
#include "assay/spec/fingerprint.hpp"

namespace assay::spec {
namespace {

using detail::Complaint;
using detail::kGoodExperiment;
using detail::kGoodProject;
using testing::HasSubstr;

const Project& project() {
  static const Project kProject = [] {
    auto loaded = load_project_text({{"assay.yaml", std::string(kGoodProject)}});
    EXPECT_TRUE(loaded) << (loaded ? "" : to_text(loaded.error()));
    return loaded ? *loaded : Project{};
  }();
  return kProject;
}

Experiment load(const std::string& text) {
  auto loaded = load_experiment_text({"e.yaml", text}, project());
  EXPECT_TRUE(loaded) << (loaded ? "" : to_text(loaded.error())) << text;
  return loaded ? *loaded : Experiment{};
}

TEST(Experiment, EveryKeyArrivesInItsField) {
  const Experiment e = load(std::string(kGoodExperiment));
  EXPECT_EQ(e.name.value, "ranker");
  EXPECT_EQ(e.unit.value, "user");
  EXPECT_EQ(e.assignment.source.value, "events");
  EXPECT_EQ(e.assignment.key.value, "ranker");
  ASSERT_TRUE(e.exposure);
  EXPECT_EQ(e.exposure->source.value, "events");
  ASSERT_EQ(e.arms.size(), 2U);
  EXPECT_EQ(e.arms[0].name.value, "control");
  EXPECT_EQ(e.arms[1].weight, 0.5);
  EXPECT_EQ(e.period.n_days, 28);
  EXPECT_EQ(day_text(e.period.first), "2026-05-04");
  EXPECT_EQ(time_text(e.period.range.begin), "2026-05-04T07:00:00Z");  // Los Angeles in May: UTC-7.
  EXPECT_EQ(time_text(e.period.range.end), "2026-06-01T07:00:00Z");
  ASSERT_EQ(e.metrics.guardrails.size(), 2U);
  EXPECT_EQ(e.metrics.guardrails[0].margin, 0.05);
  EXPECT_EQ(e.metrics.guardrails[1].margin, 0.003);  // From the catalogue.
  EXPECT_EQ(e.metrics.guardrails[1].scale, Scale::absolute);
  EXPECT_EQ(e.analysis.looks.method, LooksMethod::group_sequential);
  EXPECT_EQ(e.analysis.looks.spending, Spending::pocock);
  EXPECT_EQ(e.analysis.looks.information, (std::vector<double>{0.5, 1.0}));
  EXPECT_TRUE(e.analysis.clusters.value.empty());
  EXPECT_EQ(e.checks.both_arms_max_share, 0.001);
  EXPECT_FALSE(e.checks.missing_exposure_max_difference);
  EXPECT_EQ(e.value->horizon_days, 365);
  EXPECT_EQ(e.rollout->kill[0].confidence, 0.99);
  EXPECT_TRUE(e.notes.empty());
}

TEST(Experiment, RulesKeepTheirOrderAndClauses) {
  const Experiment e = load(std::string(kGoodExperiment));
  ASSERT_EQ(e.decision.size(), 5U);
  EXPECT_EQ(e.decision[0].when->any_check_failed, true);
  EXPECT_EQ(e.decision[1].when->any_guardrail, GuardrailState::harmed);
  EXPECT_EQ(e.decision[2].verdict.value, Verdict::ship);
  EXPECT_EQ(e.decision[2].when->all_primary->lift_at_least, 0.002);
  EXPECT_EQ(e.decision[2].when->segments_not_harmed[0].value, "land");
  EXPECT_EQ(e.decision[3].when->any_primary, PrimaryState::undecided);
  EXPECT_EQ(e.decision[3].when->period_left, true);
  EXPECT_EQ(e.decision[4].verdict.value, Verdict::iterate);
  EXPECT_FALSE(e.decision[4].when);
}

TEST(Experiment, EveryMistakeIsNamedWithItsPlace) {
  const Complaint kWrong[] = {
      {"unknown primary", "primary: [minutes]", "primary: [minuts]", "minuts", "",
       "no metric `minuts`", "did you mean `minutes`?"},
      {"unknown guardrail", "metric: crashes, margin", "metric: crash, margin", "crash, margin", "",
       "no metric `crash`", "did you mean `crashes`?"},
      {"unknown segment", "exploratory: [device]", "exploratory: [devise]", "devise", "",
       "no dimension, cohort or property `devise`", "did you mean `device`?"},
      {"name that leaves the folder", "experiment: ranker", "experiment: ../ranker", "../ranker",
       "", "cannot be the name of an experiment", "letters, digits"},
      {"weights", "treatment: 0.5", "treatment: 0.6", "control", "", "sum to 1.1, not to 1", ""},
      {"one arm", ", treatment: 0.5", "", "control", "", "one arm compares nothing", "two or more"},
      {"negative weight", "treatment: 0.5", "treatment: -0.5", "-0.5", "", "out of range",
       "more than 0"},
      {"alpha of one", "alpha: 0.05", "alpha: 1", "1", "alpha: 1\n", "out of range", "less than 1"},
      {"alpha of zero", "alpha: 0.05", "alpha: 0", "0", "alpha: 0\n", "out of range",
       "more than 0"},
      {"end before start", "end: 2026-05-31", "end: 2026-04-30", "{start: 2026", "",
       "ends before it starts", "swap"},
      {"no such date", "end: 2026-05-31", "end: 2026-05-32", "2026-05-32", "",
       "not a calendar date", "year-month-day"},
      {"two roles", "secondary: [buyers]", "secondary: [buyers, minutes]", "minutes]", "buyers,",
       "primary and secondary at once", "one role"},
      {"guardrail without margin", "- d7", "- dau", "dau", "", "guardrail `dau` has no margin",
       "margin: 0.01"},
      {"margin without scale", ", scale: relative}\n    - d7", "}\n    - d7", "crashes, margin", "",
       "needs its scale", "both `margin` and `scale`"},
      {"negative margin", "margin: 0.05", "margin: -0.05", "-0.05", "", "out of range",
       "more than 0"},
      {"unknown clause", "any_check_failed", "any_chek_failed", "any_chek_failed", "",
       "unknown key `any_chek_failed`", "did you mean `any_check_failed`?"},
      {"empty clauses", "{any_check_failed: true}", "{}", "{}", "", "holds no clause", "leave"},
      {"wrong state", "any_guardrail: harmed", "any_guardrail: hurt", "hurt", "",
       "cannot be `hurt`", "harmed, undecided"},
      {"unconditional rule first", "    when: {any_check_failed: true}\n", "", "verdict: invalid",
       "", "always holds", "move it to the end"},
      {"segment of no list", "not_harmed: [land]", "not_harmed: [device]", "device]}", "not_harmed",
       "no pre-registered segment `device`", "land"},
      {"looks without information", ", information: [0.5, 1.0]", "", "{method: group", "",
       "no `information`", "add"},
      {"unknown assignment event", "event: assigned", "event: asigned", "asigned", "",
       "lists no event `asigned`", "did you mean `assigned`?"},
      {"effect twice", "relative: 0.004", "relative: 0.004, absolute: 1", "{metric: minutes, rel",
       "", "either `relative` or `absolute`", "keep exactly one"},
      {"unknown unit", "unit: user", "unit: device", "device", "unit:", "no entity `device`",
       "user, session"},
      {"wrong verdict", "verdict: iterate", "verdict: itrate", "itrate", "", "cannot be `itrate`",
       "did you mean `iterate`?"},
      {"rollout backwards", "[0.1, 0.5, 1.0]", "[0.5, 0.1, 1.0]", "ranker", "", "do not increase",
       "[0.1, 0.5, 1.0]"},
      {"currency", "currency: USD", "currency: dollars", "price, horizon", "", "no currency code",
       "USD"},
      {"kill metric", "kill: [{metric: crashes", "kill: [{metric: crahes", "crahes", "",
       "no metric `crahes`", "did you mean `crashes`?"},
  };
  for (const Complaint& wrong : kWrong) {
    const std::string text = detail::with(kGoodExperiment, wrong.old_part, wrong.new_part);
    ParseReport report;
    EXPECT_FALSE(load_experiment_text({"e.yaml", text}, project(), &report)) << wrong.title;
    detail::expect_complaint(wrong, "e.yaml", text, report);
  }
}

TEST(Experiment, AnUnknownClauseIsNeverReadSilently) {
  const std::string text = detail::with(kGoodExperiment, "{any_guardrail: harmed}",
                                        "{any_guardrail: harmed, mood: good}");
  ParseReport report;
  EXPECT_FALSE(load_experiment_text({"e.yaml", text}, project(), &report));
  ASSERT_EQ(report.errors.size(), 1U);
  EXPECT_EQ(report.errors[0].problem, "`when` has an unknown key `mood`");
  EXPECT_THAT(report.errors[0].have, HasSubstr("segments_not_harmed"));
}

TEST(Experiment, BrokenWeeksAreANoteNotAnError) {
  const Experiment e = load(detail::with(kGoodExperiment, "2026-05-31", "2026-05-30"));
  ASSERT_EQ(e.notes.size(), 1U);
  EXPECT_THAT(e.notes[0].text, HasSubstr("27 days, which are not whole weeks"));
  EXPECT_EQ(position_text(e.notes[0].where).substr(0, 9), "e.yaml:9:");
}

TEST(Experiment, DaylightSavingMakesAPeriodAnHourShorter) {
  const Experiment e = load(detail::with(kGoodExperiment, "{start: 2026-05-04, end: 2026-05-31}",
                                         "{start: 2026-03-02, end: 2026-03-08}"));
  EXPECT_EQ(e.period.range.end - e.period.range.begin, 7 * kDayUs - kHourUs);
}

TEST(Fingerprint, CommentsOrderAndWhiteSpaceDoNotChangeIt) {
  const Experiment a = load(std::string(kGoodExperiment));
  std::string text = detail::with(kGoodExperiment, "alpha: 0.05", "# half\n  alpha:   0.050  # !");
  text = detail::with(text, "{start: 2026-05-04, end: 2026-05-31}",
                      "\n  end: \"2026-05-31\"\n  start: 2026-05-04");
  text = detail::with(text, "\"country != 'XX'\"", ">\n  country !=\n  'XX'");
  text = detail::with(text, "value: {metric: price, horizon_days: 365, currency: USD}\n", "");
  text = "value: {currency: USD, metric: price}\n" + text;  // 365 days is the default.
  const Experiment b = load(text);
  EXPECT_EQ(canonical_text(a), canonical_text(b));
  EXPECT_EQ(spec_hash(a), spec_hash(b));
  EXPECT_EQ(spec_hash(a).size(), 32U);
}

TEST(Fingerprint, EveryChangeOfMeaningChangesIt) {
  const Experiment a = load(std::string(kGoodExperiment));
  struct Edit {
    std::string_view from, to;
    bool changes_rules;
  };
  const Edit kEdits[] = {
      {"alpha: 0.05", "alpha: 0.01", true},
      {"lift_at_least: 0.002", "lift_at_least: 0.001", true},
      {"significant: true, ", "", true},
      {"segments_not_harmed: [land]", "any_primary: negative", true},
      {"margin: 0.05", "margin: 0.06", true},
      {"scale: relative}\n    - d7", "scale: absolute}\n    - d7", true},
      {"any_guardrail: harmed", "any_guardrail: undecided", true},
      {"period_left: true", "period_left: false", true},
      {"any_check_failed: true", "any_check_failed: false", true},
      {"  - verdict: iterate\n", "", true},
      {"verdict: do_not_ship", "verdict: iterate", true},
      {"{control: 0.5, treatment: 0.5}", "{treatment: 0.5, control: 0.5}", true},
      {"XX", "YY", true},
      {"exposure: {event: feed_open}\n", "", true},
      {"primary: [minutes]\n  secondary: [buyers]", "primary: [buyers]\n  secondary: [minutes]",
       true},
      {"    - d7\n", "", true},
      {"clusters: none", "clusters: land", true},
      {"spending: pocock", "spending: linear", true},
      {"both_arms: {max_share: 0.001}", "both_arms: {max_share: 0.002}", true},
      {"  both_arms: {max_share: 0.001}\n", "", true},
      {"exploratory: [device]", "exploratory: [tenure]", true},
      {"owner: feed", "owner: food", false},
      {"end: 2026-05-31", "end: 2026-06-07", false},
      {"relative: 0.004", "absolute: 0.004", false},
      {"worse_than: 0.05", "worse_than: 0.04", false},
      {"steps: [0.1, 0.5, 1.0]", "steps: [0.2, 0.5, 1.0]", false},
      {"horizon_days: 365", "horizon_days: 364", false},
      {"concern: more reports", "concern: fewer reports", false},
  };
  for (const Edit& edit : kEdits) {
    const Experiment b = load(detail::with(kGoodExperiment, edit.from, edit.to));
    EXPECT_NE(spec_hash(a), spec_hash(b)) << edit.from << " -> " << edit.to;
    EXPECT_EQ(decision_hash(a) != decision_hash(b), edit.changes_rules) << edit.from;
  }
}

TEST(Fingerprint, AMarginChangedInTheCatalogueChangesTheRules) {
  auto changed = load_project_text(
      {{"assay.yaml", detail::with(kGoodProject, "margin: 0.003", "margin: 0.03")}});
  ASSERT_TRUE(changed);
  auto b = load_experiment_text({"e.yaml", std::string(kGoodExperiment)}, *changed);
  ASSERT_TRUE(b);
  EXPECT_NE(decision_hash(load(std::string(kGoodExperiment))), decision_hash(*b));
  EXPECT_NE(spec_hash(*find_metric(project(), "d7")), spec_hash(*find_metric(*changed, "d7")));
  EXPECT_EQ(spec_hash(*find_metric(project(), "dau")), spec_hash(*find_metric(*changed, "dau")));
  EXPECT_NE(spec_hash(project()), spec_hash(*changed));
}

TEST(Fingerprint, TheSameProjectOnAnotherEngineKeepsEveryHash) {
  const Experiment a = load(std::string(kGoodExperiment));
  std::string moved = detail::with(kGoodProject, "version: 1\n",
                                   "version: 1\nengine: trino://me@host:8080/lake/app\n");
  moved = detail::with(moved, "type: parquet", "type: warehouse");
  moved = detail::with(moved, "    path: \"data/*.parquet\"\n", "");
  moved = detail::with(moved, "table: lake.events", "table: other.app.events");
  moved = detail::with(moved, "    partition: {column: ds, slack: 2d}\n", "");
  const auto there = load_project_text({{"assay.yaml", moved}});
  ASSERT_TRUE(there) << to_text(there.error());
  const auto b = load_experiment_text({"e.yaml", std::string(kGoodExperiment)}, *there);
  ASSERT_TRUE(b) << to_text(b.error());
  EXPECT_EQ(decision_hash(a), decision_hash(*b));
  EXPECT_EQ(spec_hash(a), spec_hash(*b));
  EXPECT_EQ(spec_hash(project()), spec_hash(*there));
  EXPECT_NE(canonical_text(project()), canonical_text(*there));
}

TEST(Fingerprint, TextsCannotPoseAsKeys) {
  const Experiment a = load(detail::with(kGoodExperiment, "owner: feed",
                                         "owner: \"x\\\"\\nexperiment.description: \\\"y\""));
  const Experiment b =
      load(detail::with(kGoodExperiment, "owner: feed", "owner: x\ndescription: y"));
  EXPECT_NE(canonical_text(a), canonical_text(b));
}

}  // namespace
}  // namespace assay::spec
