#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>

#include "assay/base/text.hpp"
#include "assay/readout/detail/experiment_blocks.hpp"
#include "assay/report/format.hpp"

namespace assay::readout::detail {

using experiment::CheckStatus;
using experiment::Reading;
using report::Number;
using stats::GuardrailStatus;

const std::string& arm_name(const ExperimentEvidence& evidence, std::size_t arm) {
  return evidence.plan.query.arms[arm];
}

const experiment::PlannedMetric& planned(const ExperimentEvidence& evidence,
                                         const MetricResult& row) {
  return evidence.plan.metrics[row.metric];
}

std::vector<const MetricResult*> results_of(const ExperimentEvidence& evidence, std::size_t arm) {
  std::vector<const MetricResult*> rows;
  for (const MetricResult& row : evidence.analysis.metrics) {
    if (row.arm == arm) rows.push_back(&row);
  }
  return rows;
}

std::string verdict_word(spec::Verdict verdict) {
  switch (verdict) {
    case spec::Verdict::ship:
      return "SHIP";
    case spec::Verdict::do_not_ship:
      return "DO NOT SHIP";
    case spec::Verdict::iterate:
      return "ITERATE";
    case spec::Verdict::extend:
      return "EXTEND";
    case spec::Verdict::invalid:
      return "INVALID";
  }
  return "";
}

report::Tone verdict_tone(spec::Verdict verdict) {
  switch (verdict) {
    case spec::Verdict::ship:
      return report::Tone::good;
    case spec::Verdict::do_not_ship:
      return report::Tone::bad;
    case spec::Verdict::iterate:
      return report::Tone::neutral;
    case spec::Verdict::extend:
      return report::Tone::warn;
    case spec::Verdict::invalid:
      return report::Tone::invalid;
  }
  return report::Tone::neutral;
}

report::NumberFormat value_format(const experiment::PlannedMetric& metric) {
  return metric.kind == stats::MetricKind::proportion ? report::NumberFormat::percent()
                                                      : report::NumberFormat::number();
}

ShownEffect shown_effect(const ExperimentEvidence& evidence, const MetricResult& row) {
  const experiment::PlannedMetric& metric = planned(evidence, row);
  if (!row.contrast) {
    const auto none = Number::undefined(row.contrast.error().problem);
    return {none, none, none, report::NumberFormat::relative()};
  }
  const stats::Contrast& contrast = *row.contrast;
  if (metric.margin && metric.margin->scale == stats::MarginScale::absolute) {
    return {contrast.difference, contrast.ci_low, contrast.ci_high,
            metric.kind == stats::MetricKind::proportion ? report::NumberFormat::points()
                                                         : report::NumberFormat::difference()};
  }
  if (!contrast.lift) {
    const auto none = Number::undefined(contrast.lift_undefined);
    return {none, none, none, report::NumberFormat::relative()};
  }
  return {contrast.lift->estimate, contrast.lift->ci_low, contrast.lift->ci_high,
          report::NumberFormat::relative()};
}

std::string effect_text(const ShownEffect& effect) {
  const std::string estimate = report::format_number(effect.estimate, effect.format);
  std::string interval = report::format_interval(effect.low, effect.high, effect.format);
  // "+0.85 % [-6.81, 9.20]": the unit stands once.
  const auto unit = estimate.rfind(' ');
  if (unit != std::string::npos && interval.ends_with(estimate.substr(unit)))
    interval.resize(interval.size() - (estimate.size() - unit));
  return estimate + " " + interval;
}

std::string reading_words(const MetricResult& row) {
  if (!row.contrast) return "undefined";
  if (row.guardrail) {
    switch (row.guardrail->status) {
      case GuardrailStatus::non_inferior:
        return "within its margin";
      case GuardrailStatus::harmed:
        return "harmed beyond its margin";
      case GuardrailStatus::undecided:
        return "margin not excluded";
    }
  }
  switch (row.reading) {
    case Reading::better:
      return "better";
    case Reading::worse:
      return "worse";
    case Reading::undecided:
    case Reading::undefined:
      return "not decided";
  }
  return "";
}

report::Mark reading_mark(const MetricResult& row) {
  if (!row.contrast) return report::Mark::none;
  if (row.guardrail) {
    if (row.guardrail->status == GuardrailStatus::non_inferior) return report::Mark::good;
    return row.guardrail->status == GuardrailStatus::harmed ? report::Mark::bad
                                                            : report::Mark::neutral;
  }
  if (row.reading == Reading::better) return report::Mark::good;
  return row.reading == Reading::worse ? report::Mark::bad : report::Mark::neutral;
}

namespace {

std::string list_effects(const ExperimentEvidence& evidence, std::size_t arm,
                         const std::function<bool(const MetricResult&)>& wanted) {
  std::string text;
  for (const MetricResult* row : results_of(evidence, arm)) {
    if (!wanted(*row)) continue;
    text += fmt::format("{}{} {}", text.empty() ? "" : "; ", planned(evidence, *row).name,
                        effect_text(shown_effect(evidence, *row)));
  }
  return text;
}

bool is_role(const ExperimentEvidence& evidence, const MetricResult& row, spec::MetricRole role) {
  return planned(evidence, row).role == role;
}

std::string failed_checks(const ExperimentEvidence& evidence) {
  std::string text;
  for (const experiment::IntegrityCheck& check : evidence.integrity.checks) {
    if (check.status == CheckStatus::failed) text += (text.empty() ? "" : ", ") + check.name;
  }
  return text;
}

std::string headline(const ExperimentEvidence& evidence) {
  const decision::ArmDecision& arm = evidence.decision.arms[evidence.decision.arm];
  const auto primary = [&](const MetricResult& row) {
    return is_role(evidence, row, spec::MetricRole::primary);
  };
  const auto harmed = [&](const MetricResult& row) {
    return row.guardrail && row.guardrail->status == GuardrailStatus::harmed;
  };
  const std::string primaries = list_effects(evidence, arm.arm, primary);
  switch (evidence.decision.verdict) {
    case spec::Verdict::ship:
      return fmt::format("Ship {}: {}, and every guardrail holds.", arm_name(evidence, arm.arm),
                         primaries);
    case spec::Verdict::do_not_ship: {
      const std::string harm = list_effects(evidence, arm.arm, harmed);
      return harm.empty() ? fmt::format("Do not ship: {}.", primaries)
                          : fmt::format("Do not ship: beyond its margin is {}.", harm);
    }
    case spec::Verdict::iterate:
      return fmt::format("Not ready to ship as it is: {}.", primaries);
    case spec::Verdict::extend:
      return fmt::format("Keep it running: {} so far.", primaries);
    case spec::Verdict::invalid:
      return fmt::format("The experiment cannot be read: {} failed.", failed_checks(evidence));
  }
  return "";
}

std::vector<std::string> next_steps(const ExperimentEvidence& evidence) {
  switch (evidence.decision.verdict) {
    case spec::Verdict::ship:
      if (evidence.spec.rollout) {
        return {"Roll out by the plan below and watch its kill switches.",
                "Compare the long-term holdout before it is released."};
      }
      return {"Roll out in steps, with the guardrails watched at each."};
    case spec::Verdict::do_not_ship:
      return {"Turn the treatment off.", "Find out where the guardrail moved: segments below."};
    case spec::Verdict::iterate:
      return {"Decide with the intervals below whether a larger effect is plausible."};
    case spec::Verdict::extend:
      return {"Let the period end, then read once more."};
    case spec::Verdict::invalid:
      return {"Repair the cause named below, and run the experiment again.",
              "Do not read any effect from these data."};
  }
  return {};
}

}  // namespace

report::Verdict verdict_block(const ExperimentEvidence& evidence) {
  const decision::Decision& decision = evidence.decision;
  const decision::ArmDecision& arm = decision.arms[decision.arm];
  report::Verdict block{.word = verdict_word(decision.verdict),
                        .tone = verdict_tone(decision.verdict),
                        .headline = headline(evidence)};
  block.reason = arm.rule
                     ? fmt::format("Rule {} of {}: {}", *arm.rule + 1, arm.rules.size(), arm.fired)
                     : arm.fired;
  std::int64_t analysed = 0;
  for (const engine::ArmCounts& counts : evidence.moments.arms) analysed += counts.analysed;
  block.facts = {fmt::format("{} to {}", day_text(evidence.spec.period.first),
                             day_text(evidence.spec.period.last)),
                 fmt::format("{} days", evidence.spec.period.n_days),
                 fmt::format("{} users analysed", count_text(analysed))};
  if (decision.period_left) {
    block.facts.emplace_back(evidence.analysis.look.mode == experiment::ReadingMode::early
                                 ? "read before its end: exploratory"
                                 : "read before its end, as repeated looks allow");
  }
  block.next = next_steps(evidence);
  return block;
}

report::Check check_block(const experiment::IntegrityCheck& check) {
  report::Check block{
      .name = check.name, .observed = check.observed, .rule = check.rule, .detail = check.detail};
  block.status = check.status == CheckStatus::failed
                     ? report::CheckStatus::failed
                     : (check.status == CheckStatus::passed ? report::CheckStatus::passed
                                                            : report::CheckStatus::not_run);
  return block;
}

report::Scorecard scorecard(const ExperimentEvidence& evidence, std::size_t arm) {
  report::Scorecard card{.confidence_level = 1.0 - evidence.spec.analysis.alpha,
                         .control = arm_name(evidence, 0),
                         .treatment = arm_name(evidence, arm)};
  for (const MetricResult* row : results_of(evidence, arm)) {
    const experiment::PlannedMetric& metric = planned(evidence, *row);
    const ShownEffect effect = shown_effect(evidence, *row);
    report::Estimate line{.metric = metric.name,
                          .role = std::string(spec::to_text(metric.role)),
                          .format = value_format(metric),
                          .lift = effect.estimate,
                          .low = effect.low,
                          .high = effect.high,
                          .lift_format = effect.format,
                          .mark = reading_mark(*row),
                          .words = reading_words(*row)};
    if (row->contrast) {
      line.control = row->contrast->control_value;
      line.treatment = row->contrast->treatment_value;
      line.p_value = row->p_adjusted;
    } else {
      line.control = line.treatment = line.p_value =
          Number::undefined(row->contrast.error().problem);
    }
    if (row->guardrail) line.margin = row->guardrail->margin;
    card.rows.push_back(std::move(line));
  }
  card.caption =
      "Changes are relative unless marked pp. p-values are corrected within the family "
      "of their role; a guardrail is judged by its margin.";
  return card;
}

}  // namespace assay::readout::detail
