#include "assay/decision/decide.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "assay/base/text.hpp"
#include "assay/spec/fingerprint.hpp"

namespace assay::decision {
namespace {

using experiment::Analysis;
using experiment::Integrity;
using experiment::MetricResult;
using experiment::Plan;
using experiment::Reading;
using experiment::SegmentResult;
using stats::GuardrailStatus;

/// What all clauses of one arm look at.
struct Evidence {
  const spec::Experiment& spec;
  const Plan& plan;
  const Integrity& integrity;
  const Analysis& analysis;
  std::size_t arm;

  [[nodiscard]] const experiment::PlannedMetric& metric(const MetricResult& row) const {
    return plan.metrics[row.metric];
  }

  [[nodiscard]] std::vector<const MetricResult*> of_role(spec::MetricRole role) const {
    std::vector<const MetricResult*> rows;
    for (const MetricResult& row : analysis.metrics) {
      if (row.arm == arm && metric(row).role == role) rows.push_back(&row);
    }
    return rows;
  }
};

double good_sign(const experiment::PlannedMetric& metric) {
  return metric.direction == stats::Direction::increase ? 1.0 : -1.0;
}

std::string p_text(double p) { return p < 0.0001 ? "p < 0.0001" : fmt::format("p = {:.2g}", p); }

std::string effect_text(const Evidence& evidence, const MetricResult& row) {
  const std::string& name = evidence.metric(row).name;
  if (!row.contrast) return fmt::format("{}: undefined ({})", name, row.contrast.error().problem);
  if (row.contrast->lift) {
    return fmt::format("{}: {:+.2f} % [{:.2f}, {:.2f}], {}", name,
                       100.0 * row.contrast->lift->estimate, 100.0 * row.contrast->lift->ci_low,
                       100.0 * row.contrast->lift->ci_high, p_text(row.p_adjusted));
  }
  return fmt::format("{}: {:+.4g} [{:.4g}, {:.4g}], {}", name, row.contrast->difference,
                     row.contrast->ci_low, row.contrast->ci_high, p_text(row.p_adjusted));
}

std::string guardrail_text(const Evidence& evidence, const MetricResult& row) {
  const std::string& name = evidence.metric(row).name;
  if (!row.guardrail) return fmt::format("{}: undefined", name);
  const bool relative = row.guardrail->scale == stats::MarginScale::relative;
  return fmt::format("{}: {} (margin {:+.3g}{})", name, stats::to_text(row.guardrail->status),
                     relative ? 100.0 * row.guardrail->margin : row.guardrail->margin,
                     relative ? " %" : "");
}

std::string join(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : "; ") + part;
  return text;
}

// A clause about a set of metrics: holds when any (or all) of them fit; says which.
template <class Fits, class Words>
ClauseReading over_metrics(const Evidence& evidence, spec::MetricRole role, bool all,
                           std::string clause, Fits fits, Words words) {
  const auto rows = evidence.of_role(role);
  ClauseReading reading{std::move(clause), all, ""};
  std::vector<std::string> fitting;
  std::vector<std::string> others;
  for (const MetricResult* row : rows) {
    const bool fit = fits(*row);
    (fit ? fitting : others).push_back(words(*row));
  }
  reading.holds = all ? others.empty() : !fitting.empty();
  reading.why =
      join(all ? (others.empty() ? fitting : others) : (fitting.empty() ? others : fitting));
  return reading;
}

ClauseReading check_clause(const Evidence& evidence, bool wanted) {
  std::vector<std::string> failed;
  for (const experiment::IntegrityCheck& check : evidence.integrity.checks) {
    if (check.status == experiment::CheckStatus::failed)
      failed.push_back(check.name + ": " + check.observed);
  }
  return {wanted ? "an integrity check failed" : "no integrity check failed",
          failed.empty() != wanted, failed.empty() ? "all checks passed" : join(failed)};
}

ClauseReading guardrail_clause(const Evidence& evidence, spec::GuardrailState state, bool all) {
  const auto wanted = [&](const MetricResult& row) {
    if (!row.guardrail) return state == spec::GuardrailState::undecided;
    switch (state) {
      case spec::GuardrailState::harmed:
        return row.guardrail->status == GuardrailStatus::harmed;
      case spec::GuardrailState::undecided:
        return row.guardrail->status == GuardrailStatus::undecided;
      case spec::GuardrailState::non_inferior:
        return row.guardrail->status == GuardrailStatus::non_inferior;
    }
    return false;
  };
  return over_metrics(
      evidence, spec::MetricRole::guardrail, all,
      fmt::format("{} {}", all ? "all guardrails" : "any guardrail", spec::to_text(state)), wanted,
      [&](const MetricResult& row) { return guardrail_text(evidence, row); });
}

ClauseReading all_primary_clause(const Evidence& evidence, const spec::AllPrimary& wanted) {
  std::string clause = "all primary metrics";
  if (wanted.significant) clause += *wanted.significant ? " significant" : " not significant";
  if (wanted.lift_at_least) {
    clause += fmt::format("{}, lift at least {:.3g} %", wanted.significant ? "" : " defined",
                          100.0 * *wanted.lift_at_least);
  }
  const auto fits = [&](const MetricResult& row) {
    if (!row.contrast) return false;
    if (wanted.significant && *wanted.significant != (row.reading == Reading::better)) return false;
    if (!wanted.lift_at_least) return true;
    return row.contrast->lift &&
           good_sign(evidence.metric(row)) * row.contrast->lift->estimate >= *wanted.lift_at_least;
  };
  return over_metrics(evidence, spec::MetricRole::primary, true, clause, fits,
                      [&](const MetricResult& row) { return effect_text(evidence, row); });
}

ClauseReading any_primary_clause(const Evidence& evidence, spec::PrimaryState state) {
  const auto fits = [&](const MetricResult& row) {
    switch (state) {
      case spec::PrimaryState::undecided:
        return row.reading == Reading::undecided || row.reading == Reading::undefined;
      case spec::PrimaryState::significant:
        return row.reading == Reading::better;
      case spec::PrimaryState::negative:
        return row.reading == Reading::worse;
    }
    return false;
  };
  return over_metrics(evidence, spec::MetricRole::primary, false,
                      fmt::format("any primary metric {}", spec::to_text(state)), fits,
                      [&](const MetricResult& row) { return effect_text(evidence, row); });
}

Result<ClauseReading> segments_clause(const Evidence& evidence,
                                      const std::vector<spec::Text>& names) {
  ClauseReading reading{"no harm in segment", true, ""};
  std::vector<std::string> harmed;
  for (const spec::Text& name : names) {
    reading.clause += (name.value == names.front().value ? " " : ", ") + name.value;
    bool analysed = false;
    for (const SegmentResult& row : evidence.analysis.segments) {
      if (evidence.plan.segments[row.segment].name != name.value || row.arm != evidence.arm ||
          evidence.plan.metrics[row.metric].role != spec::MetricRole::primary) {
        continue;
      }
      analysed = true;
      if (row.reading == Reading::worse) {
        harmed.push_back(fmt::format("{} = {}: {} worse, {}", name.value, row.value,
                                     evidence.plan.metrics[row.metric].name,
                                     p_text(row.p_adjusted)));
      }
    }
    if (!analysed) {
      return tl::unexpected(
          spec::spec_error(name.where, fmt::format("segment `{}` was not analysed", name.value),
                           "list it under `segments: pre_registered`"));
    }
  }
  reading.holds = harmed.empty();
  reading.why =
      harmed.empty() ? "no primary metric is significantly worse in any value" : join(harmed);
  return reading;
}

Result<RuleReading> read_rule(const Evidence& evidence, const spec::Rule& rule, bool period_left) {
  RuleReading out{rule.verdict.value, true, {}};
  if (!rule.when) return out;
  const spec::When& when = *rule.when;
  if (when.any_check_failed) out.clauses.push_back(check_clause(evidence, *when.any_check_failed));
  if (when.any_guardrail)
    out.clauses.push_back(guardrail_clause(evidence, *when.any_guardrail, false));
  if (when.all_primary) out.clauses.push_back(all_primary_clause(evidence, *when.all_primary));
  if (when.all_guardrails)
    out.clauses.push_back(guardrail_clause(evidence, *when.all_guardrails, true));
  if (when.any_primary) out.clauses.push_back(any_primary_clause(evidence, *when.any_primary));
  if (!when.segments_not_harmed.empty()) {
    ClauseReading clause;
    ASSAY_TRY(clause, segments_clause(evidence, when.segments_not_harmed));
    out.clauses.push_back(std::move(clause));
  }
  if (when.period_left) {
    out.clauses.push_back(
        {*when.period_left ? "the period is not over" : "the period is over",
         *when.period_left == period_left,
         period_left ? "the data end before the period does" : "the data cover the whole period"});
  }
  for (const ClauseReading& clause : out.clauses) out.holds = out.holds && clause.holds;
  return out;
}

std::string fired_text(const RuleReading& rule) {
  if (rule.clauses.empty()) return "no earlier rule held";
  std::vector<std::string> parts;
  for (const ClauseReading& clause : rule.clauses) parts.push_back(clause.clause);
  return join(parts);
}

Result<ArmDecision> decide_arm(const Evidence& evidence, bool period_left) {
  ArmDecision out;
  out.arm = evidence.arm;
  for (const spec::Rule& rule : evidence.spec.decision) {
    RuleReading reading;
    ASSAY_TRY(reading, read_rule(evidence, rule, period_left));
    out.rules.push_back(std::move(reading));
  }
  const auto first = std::find_if(out.rules.begin(), out.rules.end(),
                                  [](const RuleReading& rule) { return rule.holds; });
  if (evidence.integrity.any_failed() &&
      (first == out.rules.end() || first->verdict != spec::Verdict::invalid)) {
    out.verdict = spec::Verdict::invalid;
    out.fired = "an integrity check failed (built in)";
    return out;
  }
  if (first == out.rules.end()) {
    out.fired = "no rule held (built in)";
    return out;
  }
  out.rule = static_cast<std::size_t>(first - out.rules.begin());
  out.verdict = first->verdict;
  out.fired = fired_text(*first);
  return out;
}

}  // namespace

Result<Decision> decide(const spec::Experiment& experiment, const experiment::Plan& plan,
                        const experiment::Integrity& integrity,
                        const experiment::Analysis& analysis) {
  Decision out;
  out.period_left = plan.query.complete_until < plan.query.period.end;
  out.rules_hash = spec::decision_hash(experiment);
  for (std::size_t arm = 1; arm < plan.query.arms.size(); ++arm) {
    ArmDecision decided;
    ASSAY_TRY(decided, decide_arm({experiment, plan, integrity, analysis, arm}, out.period_left));
    out.arms.push_back(std::move(decided));
  }
  const auto ships = std::find_if(out.arms.begin(), out.arms.end(), [](const ArmDecision& arm) {
    return arm.verdict == spec::Verdict::ship;
  });
  out.arm = ships == out.arms.end() ? 0 : static_cast<std::size_t>(ships - out.arms.begin());
  out.verdict = out.arms[out.arm].verdict;
  return out;
}

}  // namespace assay::decision
