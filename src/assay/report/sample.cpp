#include "assay/report/sample.hpp"

#include <cmath>

#include "assay/base/time.hpp"

namespace assay::report {
namespace {

constexpr Day kFirstDay = 20577;  // 2026-05-04
constexpr int kDays = 28;

/// A wave of period seven and a small aperiodic one: looks like a daily metric, needs no dice.
double wave(int day) { return 0.6 * std::sin(day * 0.8976) + 0.5 * std::sin(day * 2.39 + 1.0); }

Series daily_series(const std::string& name, double level, double swing, double half_width) {
  Series series{.name = name};
  for (int d = 0; d < kDays; ++d) {
    const double estimate = level + swing * wave(d);
    series.points.push_back(
        {day_text(kFirstDay + d), estimate, estimate - half_width, estimate + half_width});
  }
  return series;
}

Series cumulative_series(const std::string& name, double level, double swing, double half_width) {
  Series series{.name = name};
  for (int d = 0; d < kDays; ++d) {
    const double shrink = std::sqrt(d + 1.0);
    const double estimate = level + swing * wave(d) / shrink;
    const double half = half_width / shrink;
    series.points.push_back({day_text(kFirstDay + d), estimate, estimate - half, estimate + half});
  }
  return series;
}

Scorecard scorecard() {
  const NumberFormat minutes = NumberFormat::number("min");
  Scorecard card{.title = "Metrics",
                 .caption =
                     "Change is relative to control, Lin adjustment with 28 days of history. "
                     "Secondary p-values are Holm-adjusted."};
  card.rows = {
      {.metric = "watch_minutes_per_user",
       .role = "primary",
       .control = 31.42,
       .treatment = 31.70,
       .format = minutes,
       .lift = 0.0090,
       .low = 0.0040,
       .high = 0.0140,
       .p_value = 0.0005,
       .mark = Mark::good,
       .words = "better"},
      {.metric = "sessions_per_user",
       .role = "secondary",
       .control = 12.81,
       .treatment = 12.86,
       .lift = 0.0036,
       .low = -0.0001,
       .high = 0.0073,
       .p_value = 0.058,
       .mark = Mark::neutral,
       .words = "not decided"},
      {.metric = "revenue_per_user",
       .role = "secondary",
       .control = 0.18421,
       .treatment = 0.18427,
       .format = NumberFormat::money("USD"),
       .lift = 0.0003,
       .low = -0.0062,
       .high = 0.0068,
       .p_value = 0.92,
       .mark = Mark::neutral,
       .words = "no change seen"},
      {.metric = "d7_retention",
       .role = "guardrail",
       .control = 0.4180,
       .treatment = 0.4186,
       .format = NumberFormat::percent(),
       .lift = 0.0014,
       .low = -0.0021,
       .high = 0.0049,
       .p_value = 0.43,
       .margin = -0.0070,
       .mark = Mark::good,
       .words = "non-inferior"},
      {.metric = "hide_rate",
       .role = "guardrail",
       .control = 0.00621,
       .treatment = 0.00618,
       .format = NumberFormat::percent(),
       .lift = -0.0048,
       .low = -0.0190,
       .high = 0.0094,
       .p_value = 0.51,
       .margin = 0.02,
       .mark = Mark::good,
       .words = "non-inferior"},
      {.metric = "crash_rate",
       .role = "guardrail",
       .control = 0.0,
       .treatment = 0.0,
       .format = NumberFormat::percent(),
       .lift = Number::undefined("crash_rate is zero in control: a relative change does not exist"),
       .low = Number::undefined(""),
       .high = Number::undefined(""),
       .p_value = Number::undefined("no crash in either arm"),
       .margin = 0.05,
       .mark = Mark::neutral,
       .words = "not defined"}};
  return card;
}

Chart segment_chart() {
  const auto row = [](const char* name, const char* group, double x, double half, Mark mark) {
    return EffectIntervals::Row{.name = name,
                                .group = group,
                                .estimate = x,
                                .low = x - half,
                                .high = x + half,
                                .margin = -0.005,
                                .mark = mark};
  };
  return {.title = "Watch minutes by segment",
          .x_title = "relative change of watch minutes per user",
          .y_format = NumberFormat::relative(),
          .how_to_read =
              "A bar right of the line of no change is a gain that chance does not "
              "explain; the dashed line is the margin.",
          .caption = "New users gain most. Segments were registered before the start.",
          .spec = EffectIntervals{.rows = {row("US", "country", 0.0102, 0.0071, Mark::good),
                                           row("Brazil", "country", 0.0131, 0.0098, Mark::good),
                                           row("Japan", "country", 0.0021, 0.0124, Mark::neutral),
                                           row("India", "country", 0.0068, 0.0102, Mark::neutral),
                                           row("new", "tenure", 0.0214, 0.0121, Mark::good),
                                           row("existing", "tenure", 0.0078, 0.0054, Mark::good),
                                           row("iOS", "device", 0.0088, 0.0069, Mark::good),
                                           row("Android", "device", 0.0091, 0.0067, Mark::good)}}};
}

Chart effect_chart() {
  return {.title = "Effect over time",
          .x_title = "day (America/Los_Angeles)",
          .y_title = "relative change of watch minutes per user",
          .y_format = NumberFormat::relative(),
          .how_to_read =
              "The line is the estimate, the band its 95 % interval; above zero is a "
              "gain.",
          .caption =
              "No sign of a novelty effect: the daily effect of the last week is that of "
              "the first.",
          .spec = TimeSeriesBand{
              .views = {{"cumulative", {cumulative_series("treatment", 0.0090, 0.006, 0.025)}},
                        {"daily", {daily_series("treatment", 0.0092, 0.005, 0.016)}}},
              .reference = 0.0,
              .annotations = {{"2026-05-25", "Memorial Day"}}}};
}

Chart level_chart() {
  return {.title = "Watch minutes per user and day",
          .x_title = "day (America/Los_Angeles)",
          .y_title = "minutes per user",
          .y_format = NumberFormat::number("min"),
          .how_to_read = "Each line is an arm's daily mean with its 95 % interval.",
          .spec = TimeSeriesBand{.views = {{"daily",
                                            {daily_series("control", 31.42, 1.9, 0.22),
                                             daily_series("treatment", 31.70, 1.9, 0.22)}}}}};
}

Chart retention_chart() {
  RetentionCurve curve;
  for (const auto& [name, lift] : {std::pair{"control", 0.0}, std::pair{"treatment", 0.0014}}) {
    RetentionCurve::Arm arm{.name = name};
    for (int k = 1; k <= 28; ++k) {
      const double rate = 0.62 * std::pow(k, -0.2025) * (1.0 + lift);
      arm.points.push_back({k, rate, rate - 0.0014, rate + 0.0014});
    }
    curve.arms.push_back(std::move(arm));
  }
  return {.title = "Retention of new users",
          .x_title = "days since first visit",
          .y_title = "share active on that day",
          .y_format = NumberFormat::percent(),
          .how_to_read =
              "Share of each arm's users that came back on day k; the band is a Wilson "
              "interval.",
          .caption = "Day N, calendar days; only users whose day 28 is past.",
          .spec = std::move(curve)};
}

Chart funnel_chart() {
  const auto stage = [](std::int64_t count, std::int64_t entered) {
    const double rate = static_cast<double>(count) / static_cast<double>(entered);
    const double half = 1.96 * std::sqrt(rate * (1.0 - rate) / static_cast<double>(entered));
    return FunnelChart::Stage{count, rate, rate - half, rate + half};
  };
  const std::int64_t c = 1'000'214;
  const std::int64_t t = 999'786;
  return {.title = "From open to follow",
          .x_title = "users",
          .y_title = "step",
          .how_to_read = "A bar is the share of users who entered that got at least this far.",
          .spec = FunnelChart{.steps = {"open", "play", "complete", "like", "follow"},
                              .arms = {{"control",
                                        {stage(c, c), stage(871'402, c), stage(512'877, c),
                                         stage(184'220, c), stage(41'032, c)}},
                                       {"treatment",
                                        {stage(t, t), stage(874'991, t), stage(521'020, t),
                                         stage(185'104, t), stage(41'377, t)}}}}};
}

Chart decomposition_chart() {
  return {.title = "Where the minutes come from",
          .x_title = "factor",
          .y_title = "minutes per user",
          .y_format = NumberFormat::difference("min"),
          .how_to_read = "The factors add up to the whole change of +0.28 min.",
          .spec = Bars{.labels = {"sessions per user", "videos per session", "minutes per video",
                                  "completion"},
                       .groups = {{"contribution", {0.113, 0.204, -0.052, 0.015}}}}};
}

Chart power_chart() {
  Curve::Line line{.name = "watch_minutes_per_user"};
  for (int i = 1; i <= 24; ++i) {
    const double n = i * 100'000.0;
    line.points.push_back({n, 1.0 - std::exp(-n / 620'000.0)});
  }
  return {.title = "Power",
          .x_title = "users per arm",
          .y_title = "power",
          .x_format = NumberFormat::count(),
          .y_format = NumberFormat::percent(),
          .how_to_read = "How likely a true change of 0.4 % is found, by size of an arm.",
          .spec = Curve{.lines = {line}, .reference_x = 1'000'000.0, .reference_y = 0.8}};
}

Table segment_table() {
  Table table{.title = "Segments in numbers",
              .columns = {{"segment"},
                          {"users"},
                          {"share"},
                          {"control", NumberFormat::number("min")},
                          {"change", NumberFormat::relative()},
                          {"p"}},
              .caption = "Benjamini-Hochberg over eight segments."};
  table.rows = {
      {text_cell("country = US"), count_cell(702'114), percent_cell(0.3511), number_cell(33.91),
       estimate_cell(0.0102, 0.0031, 0.0173, Mark::good), p_value_cell(0.0049)},
      {text_cell("country = Brazil"), count_cell(411'030), percent_cell(0.2055), number_cell(35.2),
       estimate_cell(0.0131, 0.0033, 0.0229, Mark::good), p_value_cell(0.0088)},
      {text_cell("country = Antarctica"), count_cell(1), percent_cell(5e-7), number_cell(4.0),
       undefined_cell("one user only: no spread to estimate from"), undefined_cell("")}};
  return table;
}

Provenance provenance() {
  return {.version = "0.1.0",
          .command = "assay analyze experiments/new_feed_ranker.yaml",
          .seed = 18'446'744'073'709'551'615ULL,
          .spec_hash = "8f14e45fceea167a5a36dedd4bea2543",
          .data_fingerprint = "c9f0f895fb98ab9159f51fd0297e236d",
          .engine = "embedded",
          .generated_at = "2026-06-01T08:00:00Z",
          .more = {{"events", "41,872,330"}}};
}

Section method_section() {
  return {
      .title = "Method and assumptions",
      .layer = Layer::detail,
      .blocks = {Notes{.title = "Assumptions",
                       .items = {{"Users do not affect each other; no clusters were declared.",
                                  Tone::neutral},
                                 {"Means of both arms are close to normal: 1,000,000 users an arm, "
                                  "skewness of the mean 0.004.",
                                  Tone::good},
                                 {"One look was planned and one was taken.", Tone::good}}},
                 segment_table(), power_chart(),
                 Code{.title = "experiments/new_feed_ranker.yaml",
                      .language = "yaml",
                      .text = "version: 1\nexperiment: new_feed_ranker\nunit: user\n"
                              "arms: {control: 0.5, treatment: 0.5}\n"
                              "period: {start: 2026-05-04, end: 2026-05-31}\n"}}};
}

std::vector<Block> checks() {
  return {Check{"sample ratio", CheckStatus::passed, "50.01 % / 49.99 %, p = 0.76", "p ≥ 0.001"},
          Check{"pre-period balance", CheckStatus::passed, "largest difference 0.002 sd, p = 0.61",
                "p ≥ 0.001"},
          Check{"units in both arms", CheckStatus::passed, "0.003 %", "≤ 0.1 %"},
          Check{"missing exposure", CheckStatus::warning, "0.9 % against 0.7 %", "difference ≤ 1 %",
                "Close to its limit: look at client 4.18 before the next start."},
          Check{"logging parity", CheckStatus::not_run, "no server-side twin declared", ""}};
}

}  // namespace

Document sample_readout() {
  Document page{.kind = "experiment_readout",
                .title = "new_feed_ranker",
                .subtitle = "Rank by predicted watch time with a freshness term",
                .provenance = provenance()};
  page.add(Verdict{.word = "SHIP",
                   .tone = Tone::good,
                   .headline = "Watch time per user rose by 0.90 % and no guardrail was harmed.",
                   .reason = "all_primary significant with lift at least 0.20 %; all guardrails "
                             "non-inferior; new users not harmed",
                   .facts = {"28 days", "2,000,000 users", "control 1,000,214 / treatment 999,786"},
                   .next = {"Roll out 10 → 50 → 100 %, three days a step",
                            "Keep a 5 % holdout until 2026-09-01"}});
  page.add(scorecard());
  Section evidence{.title = "Evidence", .layer = Layer::evidence};
  for (Block& check : checks()) evidence.blocks.push_back(std::move(check));
  for (Chart chart : {effect_chart(), segment_chart(), retention_chart(), funnel_chart(),
                      decomposition_chart(), level_chart()}) {
    evidence.blocks.emplace_back(std::move(chart));
  }
  page.add(std::move(evidence));
  page.add(Section{
      .title = "Risks and next steps",
      .layer = Layer::evidence,
      .blocks = {Notes{.title = "What would change my mind",
                       .items = {{"Crash rate above 0.05 % in any step.", Tone::warn},
                                 {"A holdout gap that closes within 60 days.", Tone::warn}}},
                 Facts{.title = "Who and when",
                       .items = {{"owner", "feed-science"},
                                 {"decision", "2026-06-02"},
                                 {"full rollout", "2026-06-11"}}},
                 Text{"Revenue is not decided; at this size a change below 0.6 % "
                      "cannot be seen.",
                      Severity::muted}}});
  page.add(method_section());
  return page;
}

Document sample_invalid() {
  Document page{.kind = "experiment_readout",
                .title = "new_feed_ranker",
                .subtitle = "Rank by predicted watch time with a freshness term",
                .provenance = provenance()};
  page.add(Verdict{.word = "INVALID",
                   .tone = Tone::invalid,
                   .headline = "The arms do not have the planned sizes; the estimates below "
                               "cannot be trusted.",
                   .reason = "a check failed: sample ratio",
                   .facts = {"28 days", "2,000,000 users"},
                   .next = {"Find where treatment loses users: client 4.17 on Android"}});
  page.add(scorecard());
  page.add(
      Section{.title = "Checks",
              .blocks = {Check{"pre-period balance", CheckStatus::passed, "p = 0.61", "p ≥ 0.001"},
                         Check{"sample ratio", CheckStatus::failed,
                               "53.0 % / 47.0 % against 50 % / 50 %, p < 0.0001", "p ≥ 0.001",
                               "All of the gap is in client 4.17 on Android, from 2026-05-09 "
                               "on."}}});
  page.add(Section{.title = "Detail", .layer = Layer::detail, .blocks = {segment_table()}});
  return page;
}

Document sample_hostile() {
  const std::string evil =
      "</script><script>window.broken = 1</script><img src=x onerror='window.broken=1'> "
      "| **x** `y` <!-- \xE2\x80\xA8 \x1b[2J\x07 \xFF {{7*7}}";
  Document page{.kind = "experiment_readout", .title = evil, .subtitle = evil};
  page.add(Verdict{
      .word = "<b>HOLD</b>", .headline = evil, .reason = evil, .facts = {evil}, .next = {evil}});
  page.add(Check{evil, CheckStatus::failed, evil, evil, evil});
  page.add(Scorecard{.title = evil,
                     .rows = {{.metric = evil,
                               .role = evil,
                               .control = 1.0,
                               .lift = 0.01,
                               .low = 0.0,
                               .high = 0.02,
                               .words = evil}}});
  page.add(Table{.title = evil, .columns = {{evil}}, .rows = {{text_cell(evil)}}});
  Chart chart = segment_chart();
  std::get<EffectIntervals>(chart.spec).rows[0].name = evil;
  page.add(chart);
  chart = effect_chart();
  chart.title = evil;
  std::get<TimeSeriesBand>(chart.spec).views[0].series[0].name = evil;
  page.add(chart);
  page.add(Notes{.title = evil, .items = {{evil}}});
  page.add(Facts{.title = evil, .items = {{evil, evil}}});
  page.add(Code{.title = evil, .language = evil, .text = evil});
  page.add(Section{.title = evil, .layer = Layer::detail, .blocks = {Text{evil}}});
  page.provenance.more = {{evil, evil}};
  return page;
}

Document sample_table() {
  Document page{.kind = "retention", .title = "Retention by week of signup"};
  Table triangle{.title = "Weekly retention, on week k",
                 .columns = {{"cohort"}, {"users"}},
                 .caption = "Cohorts whose week k is not over have no value there.",
                 .shaded = true};
  for (int k = 0; k <= 8; ++k) triangle.columns.push_back({"week " + std::to_string(k)});
  for (int cohort = 0; cohort < 9; ++cohort) {
    std::vector<Cell> row{text_cell(day_text(kFirstDay - 63 + 7 * cohort)),
                          count_cell(8000 + 137 * cohort)};
    for (int k = 0; k <= 8; ++k) {
      if (k + cohort > 8) {
        row.push_back(undefined_cell("the week is not over"));
      } else {
        row.push_back(percent_cell(k == 0 ? 1.0 : 0.48 * std::pow(k, -0.35) + 0.004 * cohort));
      }
    }
    triangle.rows.push_back(std::move(row));
  }
  page.add(
      Text{"Distinct users with any play in week k over users who signed up in the cohort's "
           "week, calendar weeks from Monday, America/Los_Angeles."});
  page.add(std::move(triangle));
  return page;
}

Document sample_empty() {
  const Number none = Number::undefined("no data");
  Document page{.kind = "experiment_readout", .title = "empty"};
  page.add(Verdict{.word = "UNDEFINED"});
  page.add(Scorecard{});
  page.add(Scorecard{.rows = {{.metric = "nothing", .lift = none, .margin = 0.01}}});
  page.add(Table{});
  page.add(Table{.columns = {{"a"}}, .rows = {{}, {undefined_cell("")}}, .shaded = true});
  const std::vector<ChartSpec> specs{
      EffectIntervals{},
      EffectIntervals{.rows = {{.name = "a", .estimate = none}}},
      TimeSeriesBand{},
      TimeSeriesBand{.views = {{.name = "v", .series = {{.name = "s"}}}}},
      TimeSeriesBand{.views = {{.series = {{.name = "s", .points = {{"d", none, none, none}}}}}}},
      RetentionCurve{},
      RetentionCurve{.arms = {{.name = "a"}}},
      RetentionCurve{.arms = {{.name = "a", .points = {{1, none, none, none}}}}},
      FunnelChart{},
      FunnelChart{.steps = {"a"}, .arms = {{.name = "x"}}},
      FunnelChart{.steps = {"a"}, .arms = {{.stages = {{0, none, none, none}}}}},
      Bars{},
      Bars{.labels = {"a", "b"}, .groups = {{.name = "g", .values = {none}}}},
      Curve{},
      Curve{.lines = {{.name = "l", .points = {{1.0, none, none, none}}}}}};
  for (const ChartSpec& spec : specs) page.add(Chart{.title = "nothing", .spec = spec});
  page.add(Notes{});
  page.add(Facts{});
  page.add(Code{});
  page.add(Section{});
  return page;
}

}  // namespace assay::report
