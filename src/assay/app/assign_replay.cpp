#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <utility>

#include "assay/app/assign_parts.hpp"
#include "assay/app/project.hpp"
#include "assay/app/unit_file.hpp"
#include "assay/assignment/replay.hpp"
#include "assay/base/text.hpp"
#include "assay/experiment/plan.hpp"
#include "assay/experiment/randomisation.hpp"
#include "assay/metrics/words.hpp"
#include "assay/numerics/parallel.hpp"
#include "assay/spec/fingerprint.hpp"

namespace assay::app {
namespace {

using assignment::Replay;
using assignment::ReplayCounts;

constexpr std::size_t kMostSegmentRows = 40;

/// A log, ready to be compared. Views point into `ids`.
struct Log {
  std::vector<std::string> ids;
  std::vector<std::uint8_t> arms;
  /// Every split of the units: the segment of each, and their names.
  struct Split {
    std::string name;
    std::vector<std::uint32_t> codes;
    std::vector<std::string> values;
  };
  std::vector<Split> splits;
  std::vector<std::string> unlogged;  ///< Seen, and without an arm in the log.
  bool knows_unlogged = false;
  std::string subtitle;
  std::string caveat;
};

std::vector<std::string_view> views_of(const std::vector<std::string>& ids) {
  return {ids.begin(), ids.end()};
}

Result<Log> log_of_project(Context& context, const AssignedExperiment& experiment,
                           const AssignOptions& options, report::Provenance& provenance) {
  EngineChoice choice;
  ASSAY_TRY(choice, choose_engine(options.engine, &experiment.project));
  const spec::Source* source = nullptr;
  ASSAY_TRY(source, choose_source(experiment.project, experiment.spec.assignment.source.value));
  OpenEngine engine;
  ASSAY_TRY(engine, open_engine(context, experiment.project, *source, choice,
                                spec::spec_hash(experiment.spec)));
  experiment::Plan plan;
  ASSAY_TRY(plan, experiment::plan_experiment(experiment.project, experiment.spec,
                                              engine.complete_until));
  auto table = engine.engine->unit_table({.experiment = plan.query});
  if (!table) return tl::unexpected(metrics::at_word(std::move(table.error()), plan.words));
  Log log;
  if (table->texts.empty()) {
    for (const std::int64_t number : table->numbers) log.ids.push_back(fmt::format("{}", number));
  } else {
    log.ids = std::move(table->texts);
  }
  log.arms = std::move(table->arms);
  for (engine::UnitSegment& segment : table->segments)
    log.splits.push_back({segment.name, std::move(segment.codes), std::move(segment.values)});
  log.subtitle = fmt::format("the log of source {}", source->name.value);
  log.caveat =
      "Compared are the units that the experiment analyses. Units logged in both arms, with an arm "
      "that the spec does not have, or never exposed are not among them, and units that were "
      "never logged cannot be seen: give a file of all eligible units with --arm for those.";
  say_engine(context, engine, provenance);
  return log;
}

Result<Log> log_of_file(Context& context, const AssignedExperiment& experiment,
                        const AssignOptions& options) {
  std::vector<std::string> others{options.arm};
  if (!options.segment.empty()) others.push_back(options.segment);
  auto file = open_units(context, options.units, options.table, options.unit, others);
  if (!file) return tl::unexpected(std::move(file.error()));
  ASSAY_CHECK(refuse_duplicates(context, *file));
  std::map<std::string, std::uint8_t, std::less<>> numbers;
  for (const spec::Arm& arm : experiment.spec.arms)
    numbers.emplace(arm.name.value, static_cast<std::uint8_t>(numbers.size()));
  Log log;
  log.knows_unlogged = true;
  Log::Split split{options.segment, {}, {}};
  std::map<std::string, std::uint32_t, std::less<>> segments;
  ASSAY_CHECK(each_unit(context, *file, others, [&](UnitRow row) -> Result<void> {
    if (row[1].empty()) {
      log.unlogged.emplace_back(row[0]);
      return {};
    }
    const auto arm = numbers.find(row[1]);
    log.ids.emplace_back(row[0]);
    log.arms.push_back(arm == numbers.end() ? assignment::kNoArm : arm->second);
    if (row.size() < 3) return {};
    const auto number = static_cast<std::uint32_t>(segments.size());
    const auto [entry, is_new] = segments.emplace(std::string(row[2]), number);
    if (is_new) split.values.emplace_back(row[2]);
    split.codes.push_back(entry->second);
    return {};
  }));
  if (!options.segment.empty()) log.splits.push_back(std::move(split));
  log.subtitle = fmt::format("{}, column {}, {} rows", options.units.filename().string(),
                             options.arm, count_text(file->rows));
  return log;
}

void add_table(report::Document& document, const Replay& replay, const spec::Experiment& spec) {
  const std::size_t n_arms = spec.arms.size();
  report::Table table;
  table.title = "Logged arm against the hash";
  table.columns.push_back({"logged", {}, {}});
  for (const spec::Arm& arm : spec.arms)
    table.columns.push_back({"hash: " + arm.name.value, {}, {}});
  for (std::size_t logged = 0; logged < n_arms; ++logged) {
    std::vector<report::Cell> row{report::text_cell(spec.arms[logged].name.value)};
    for (std::size_t expected = 0; expected < n_arms; ++expected)
      row.push_back(report::count_cell(replay.logged_by_expected[logged * n_arms + expected]));
    table.rows.push_back(std::move(row));
  }
  document.add(std::move(table));
}

void add_segments(report::Document& document, const std::string& name, const Replay& replay) {
  std::vector<assignment::SegmentReplay> segments = replay.segments;
  std::stable_sort(segments.begin(), segments.end(), [](const auto& a, const auto& b) {
    return a.counts.n - a.counts.agree > b.counts.n - b.counts.agree;
  });
  report::Table table;
  table.title = "By " + name;
  table.columns = {{name, {}, {}},         {"units", {}, {}},     {"disagree", {}, {}},
                   {"share", {}, {}},      {"wrong arm", {}, {}}, {"in no arm", {}, {}},
                   {"unknown arm", {}, {}}};
  for (const assignment::SegmentReplay& each : segments) {
    const ReplayCounts& counts = each.counts;
    if (counts.n == 0 || table.rows.size() == kMostSegmentRows) continue;
    const std::int64_t disagree = counts.n - counts.agree;
    table.rows.push_back(
        {report::text_cell(each.name.empty() ? "(missing)" : each.name),
         report::count_cell(counts.n), report::count_cell(disagree),
         report::percent_cell(static_cast<double>(disagree) / static_cast<double>(counts.n)),
         report::count_cell(counts.wrong_arm), report::count_cell(counts.not_admitted),
         report::count_cell(counts.unknown_arm)});
  }
  document.add(std::move(table));
}

void add_buckets(report::Document& document, const Replay& replay) {
  report::Bars bars;
  report::Bars::Group group{"disagree", {}};
  for (const assignment::BucketReplay& bucket : replay.buckets) {
    bars.labels.push_back(fmt::format("{:.2f}", bucket.positions.low));
    const auto n = static_cast<double>(bucket.n);
    group.values.push_back(bucket.n > 0 ? report::Number(static_cast<double>(bucket.disagree) / n)
                                        : report::Number::undefined("no unit has such a position"));
  }
  bars.groups.push_back(std::move(group));
  document.add(report::Chart{
      .title = "Share that disagrees, by position of the hash",
      .x_title = "position",
      .y_title = "share of units",
      .y_format = report::NumberFormat::percent(),
      .how_to_read = "A block of high bars: other weights or ranges. All alike: another cause.",
      .spec = std::move(bars)});
}

Result<void> add_lost(report::Document& document, const assignment::TrafficPlan& plan,
                      const Log& log, int threads, bool& bad) {
  std::vector<std::string_view> eligible = views_of(log.ids);
  std::vector<std::uint8_t> logged(eligible.size(), 1);
  eligible.insert(eligible.end(), log.unlogged.begin(), log.unlogged.end());
  logged.resize(eligible.size(), 0);
  assignment::LostLogging lost;
  ASSAY_TRY(lost, assignment::lost_logging(plan, eligible, logged, threads));
  report::Table table;
  table.title = "Lost logging: eligible units by the arm that the hash gives";
  table.columns = {
      {"arm", {}, {}}, {"eligible", {}, {}}, {"not logged", {}, {}}, {"share", {}, {}}};
  std::int64_t missing = 0;
  for (std::size_t i = 0; i < lost.arms.size(); ++i) {
    const auto& arm = lost.arms[i];
    missing += arm.eligible - arm.logged;
    table.rows.push_back(
        {report::text_cell(plan.request.arms[i].name), report::count_cell(arm.eligible),
         report::count_cell(arm.eligible - arm.logged),
         arm.eligible > 0 ? report::percent_cell(static_cast<double>(arm.eligible - arm.logged) /
                                                 static_cast<double>(arm.eligible))
                          : report::undefined_cell("no eligible unit")});
  }
  const bool uneven = lost.test.p_value < 0.001;
  bad = bad || uneven;
  document.add(
      report::Check{.name = "lost logging alike in all arms",
                    .status = uneven ? report::CheckStatus::failed : report::CheckStatus::passed,
                    .observed = fmt::format("{} eligible units without a log, p = {:.3g}",
                                            count_text(missing), lost.test.p_value),
                    .rule = "p >= 0.001",
                    .detail = uneven ? "the arms lose units in logging, not in assignment" : ""});
  document.add(std::move(table));
  return {};
}

report::Verdict verdict_of(const Replay& replay) {
  const std::int64_t disagree = replay.disagree();
  const ReplayCounts& total = replay.total;
  report::Verdict verdict;
  verdict.word = disagree == 0 ? "AGREES" : "DISAGREES";
  verdict.tone = disagree == 0 ? report::Tone::good : report::Tone::bad;
  verdict.headline =
      disagree == 0
          ? fmt::format("All {} logged units are in the arm of their hash.", count_text(total.n))
          : fmt::format("{} of {} logged units are not in the arm of their hash.",
                        count_text(disagree), count_text(total.n));
  verdict.reason = std::string(assignment::meaning(replay.pattern));
  if (disagree > 0)
    verdict.facts = {fmt::format("{} in another arm", count_text(total.wrong_arm)),
                     fmt::format("{} should be in no arm", count_text(total.not_admitted)),
                     fmt::format("{} with an unknown arm", count_text(total.unknown_arm))};
  return verdict;
}

/// The replay whose segments tell most: that with the smallest p.
std::size_t telling(const std::vector<Replay>& replays) {
  std::size_t best = 0;
  for (std::size_t i = 1; i < replays.size(); ++i)
    if (replays[i].segment_test.log10_p < replays[best].segment_test.log10_p) best = i;
  return best;
}

}  // namespace

Result<Outcome> replay_log(Context& context, const AssignedExperiment& experiment,
                           const AssignOptions& options) {
  assignment::TrafficPlan plan;
  ASSAY_TRY(plan, experiment::traffic_plan(experiment.project, experiment.spec));
  Outcome out;
  out.document = assignment_document(context, experiment, "");
  auto log = options.units.empty()
                 ? log_of_project(context, experiment, options, out.document.provenance)
                 : log_of_file(context, experiment, options);
  if (!log) return tl::unexpected(std::move(log.error()));
  out.document.subtitle = log->subtitle;
  const int threads = context.threads > 0 ? context.threads : numerics::default_threads();
  const auto views = views_of(log->ids);
  std::vector<Replay> replays;
  if (log->splits.empty()) log->splits.emplace_back();
  for (const Log::Split& split : log->splits) {
    auto replay = assignment::replay(plan, {views, log->arms, split.codes, split.values}, threads);
    if (!replay) return tl::unexpected(std::move(replay.error()));
    replays.push_back(std::move(*replay));
  }
  const std::size_t best = telling(replays);
  out.judged_bad = replays[best].disagree() > 0;
  out.document.add(verdict_of(replays[best]));
  add_table(out.document, replays[best], experiment.spec);
  if (replays[best].disagree() > 0) {
    for (std::size_t i = 0; i < replays.size(); ++i)
      if (!log->splits[i].name.empty()) add_segments(out.document, log->splits[i].name, replays[i]);
    add_buckets(out.document, replays[best]);
  }
  if (log->knows_unlogged) ASSAY_CHECK(add_lost(out.document, plan, *log, threads, out.judged_bad));
  if (!log->caveat.empty()) out.document.add(report::Text{log->caveat, report::Severity::muted});
  return out;
}

}  // namespace assay::app
