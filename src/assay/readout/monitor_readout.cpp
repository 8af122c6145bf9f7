#include "assay/readout/monitor_readout.hpp"

#include <fmt/core.h>

#include <cmath>
#include <utility>

#include "assay/base/text.hpp"
#include "assay/readout/detail/experiment_blocks.hpp"
#include "assay/report/format.hpp"
#include "assay/spec/fingerprint.hpp"

namespace assay::readout {
namespace {

using experiment::Reading;
using sequential::LookDecision;

enum class Advice : std::uint8_t { go_on, effect, futility, harm, invalid, ended };

/// What a primary metric says about going on.
Advice advice_of(const experiment::MetricResult& row) {
  if (row.reading == Reading::worse) return Advice::harm;
  if (row.reading == Reading::better) return Advice::effect;
  if (row.monitoring && row.monitoring->looks.verdict == LookDecision::stop_futility)
    return Advice::futility;
  return Advice::go_on;
}

/// The gravest of all metrics; an effect counts when every primary metric has it.
Advice advice_of(const ExperimentEvidence& evidence, bool split_broken) {
  if (split_broken || evidence.integrity.any_failed()) return Advice::invalid;
  bool all_better = true;
  bool all_futile = true;
  for (const experiment::MetricResult& row : evidence.analysis.metrics) {
    const auto role = evidence.plan.metrics[row.metric].role;
    if (role == spec::MetricRole::guardrail && row.guardrail &&
        row.guardrail->status == stats::GuardrailStatus::harmed)
      return Advice::harm;
    if (role != spec::MetricRole::primary) continue;
    const Advice one = advice_of(row);
    if (one == Advice::harm) return one;
    all_better = all_better && one == Advice::effect;
    all_futile = all_futile && one == Advice::futility;
  }
  if (all_better) return Advice::effect;
  if (all_futile) return Advice::futility;
  return evidence.analysis.look.final ? Advice::ended : Advice::go_on;
}

report::Verdict verdict_of(const ExperimentEvidence& evidence, Advice advice) {
  report::Verdict block;
  block.reason = evidence.analysis.look.words;
  switch (advice) {
    case Advice::go_on:
      block.word = "GO ON";
      block.headline = "No bound is crossed: let the experiment run.";
      break;
    case Advice::effect:
      block.word = "STOP: EFFECT";
      block.tone = report::Tone::good;
      block.headline = "Every primary metric has crossed its bound.";
      block.next = {"Read it with `assay experiment`: the rules decide, not this page."};
      break;
    case Advice::futility:
      block.word = "STOP: FUTILITY";
      block.tone = report::Tone::warn;
      block.headline = "No primary metric can be expected to reach its bound.";
      break;
    case Advice::harm:
      block.word = "STOP: HARM";
      block.tone = report::Tone::bad;
      block.headline = "A metric is worse beyond doubt: turn the treatment off.";
      break;
    case Advice::invalid:
      block.word = "INVALID";
      block.tone = report::Tone::invalid;
      block.headline = "An integrity check failed: repair it before anything else.";
      break;
    case Advice::ended:
      block.word = "ENDED";
      block.headline = "The last look is made and no bound was crossed.";
      block.next = {"Read it with `assay experiment`."};
      break;
  }
  block.facts = {
      fmt::format("look {}", evidence.analysis.look.number),
      fmt::format("{:.0f} % of the information", 100 * evidence.analysis.look.information),
      "data until " + time_text(evidence.plan.query.complete_until)};
  return block;
}

report::Check split_check(const sequential::SampleRatioReading& split, double alpha) {
  report::Check check{.name = "sample ratio, all looks together"};
  check.status = split.mismatch ? report::CheckStatus::failed : report::CheckStatus::passed;
  check.observed =
      fmt::format("{} units, p = {:.2g} at any look", count_text(split.n), split.running_p_value);
  check.rule = fmt::format("p >= {:.3g}, however often it is looked at", alpha);
  return check;
}

std::string look_plan_words(const spec::Looks& looks) {
  switch (looks.method) {
    case spec::LooksMethod::none:
      return "one look, at the end; a look before it makes every later reading a confidence "
             "sequence";
    case spec::LooksMethod::confidence_sequence:
      return "any number of looks, read as a confidence sequence";
    case spec::LooksMethod::group_sequential:
      return "group sequential, spending as written in the spec";
  }
  return "";
}

/// The bounds at the planned fractions: those of a final look with all the others before it.
Result<report::Table> planned_bounds(const spec::Experiment& experiment) {
  report::Table table{
      .title = "Planned looks",
      .columns = {{"look"}, {"information"}, {"counts from |z|", report::NumberFormat::number()}}};
  experiment::LookProgress progress;
  for (const double fraction : experiment.analysis.looks.information) {
    progress.information = fraction;
    progress.final = fraction >= 1.0;
    ASSAY_TRY(const auto look, experiment::read_look(experiment, progress));
    table.rows.push_back(
        {report::count_cell(static_cast<std::int64_t>(look.number)), report::percent_cell(fraction),
         report::number_cell(std::isfinite(look.critical_value)
                                 ? report::Number(look.critical_value)
                                 : report::Number::undefined("nothing to spend yet"))});
    progress.past.push_back({fraction, 0, {}});
  }
  return table;
}

}  // namespace

Result<report::Document> registration_document(const spec::Experiment& experiment,
                                               const decision::Registration& registration,
                                               bool again, const report::Provenance& provenance) {
  report::Document page{.kind = "registration", .title = experiment.name.value};
  page.provenance = provenance;
  const decision::Registered& last = registration.rules.back();
  report::Verdict block{.word = again ? "ALREADY REGISTERED" : "REGISTERED"};
  block.tone = last.before_data ? report::Tone::good : report::Tone::warn;
  block.headline = last.before_data
                       ? "The rules were written down before any unit was assigned."
                       : "The rules were written down when units had been assigned already.";
  block.reason = last.reason;
  block.facts = {"on " + time_text(last.at)};
  page.add(std::move(block));
  std::string arms;
  for (const spec::Arm& arm : experiment.arms)
    arms += fmt::format("{}{} {}", arms.empty() ? "" : ", ", arm.name.value,
                        report::format_percent(arm.weight));
  page.add(
      report::Facts{.items = {{"rules hash", last.rules_hash},
                              {"spec hash", last.spec_hash},
                              {"period", fmt::format("{} to {}", day_text(experiment.period.first),
                                                     day_text(experiment.period.last))},
                              {"arms", arms},
                              {"looks", look_plan_words(experiment.analysis.looks)}}});
  if (experiment.analysis.looks.method == spec::LooksMethod::group_sequential) {
    ASSAY_TRY(auto bounds, planned_bounds(experiment));
    page.add(std::move(bounds));
  }
  return page;
}

MonitorPage monitor_document(const ExperimentEvidence& evidence,
                             const std::vector<sequential::SampleRatioReading>& splits,
                             const report::Provenance& provenance) {
  MonitorPage out;
  out.document = {
      .kind = "monitor", .title = evidence.spec.name.value, .subtitle = evidence.spec.description};
  out.document.provenance = provenance;
  const bool broken = !splits.empty() && splits.back().mismatch;
  const Advice advice = advice_of(evidence, broken);
  out.bad = advice == Advice::harm || advice == Advice::invalid;
  out.document.add(verdict_of(evidence, advice));
  const double alpha =
      evidence.spec.checks.sample_ratio ? evidence.spec.checks.sample_ratio->alpha : 0.001;
  if (!splits.empty()) out.document.add(split_check(splits.back(), alpha));
  for (const experiment::IntegrityCheck& check : evidence.integrity.checks) {
    if (check.status == experiment::CheckStatus::failed)
      out.document.add(detail::check_block(check));
  }
  if (advice == Advice::invalid) {
    out.document.add(
        report::Text{"No effect is shown: until the failed check is explained, a difference "
                     "between the arms says nothing about the change."});
    return out;
  }
  for (const decision::ArmDecision& arm : evidence.decision.arms)
    out.document.add(detail::scorecard(evidence, arm.arm));
  if (auto looks = detail::look_section(evidence)) out.document.add(std::move(*looks));
  out.document.add(
      report::Section{"Rules", report::Layer::evidence, {detail::rules_facts(evidence)}});
  return out;
}

}  // namespace assay::readout
