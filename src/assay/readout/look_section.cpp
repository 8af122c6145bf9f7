#include <fmt/core.h>

#include <cmath>
#include <utility>

#include "assay/readout/detail/experiment_blocks.hpp"
#include "assay/report/format.hpp"

namespace assay::readout::detail {

using report::Number;
using report::Section;
using report::Table;

namespace {

Number finite_or(double value, const char* reason) {
  return std::isfinite(value) ? Number(value) : Number::undefined(reason);
}

/// The looks of one metric and the bounds, those to come too.
Table bounds_table(const ExperimentEvidence& evidence, const MetricResult& row) {
  const sequential::Monitoring& monitoring = row.monitoring->looks;
  Table table{.title = planned(evidence, row).name,
              .columns = {{"look"},
                          {"information"},
                          {"z", report::NumberFormat::number()},
                          {"counts from |z|", report::NumberFormat::number()},
                          {"decision"}}};
  if (evidence.plan.query.arms.size() > 2) table.title += ", " + arm_name(evidence, row.arm);
  std::int64_t number = 0;
  for (const sequential::LookReading& look : monitoring.looks) {
    table.rows.push_back(
        {report::count_cell(++number), report::percent_cell(look.fraction),
         report::number_cell(look.statistic),
         report::number_cell(finite_or(look.critical_value, "nothing to spend yet")),
         report::text_cell(std::string(sequential::to_text(look.decision)))});
  }
  for (std::size_t i = 0; i < monitoring.next_information.size(); ++i) {
    table.rows.push_back(
        {report::count_cell(++number), report::percent_cell(monitoring.next_information[i]),
         report::undefined_cell("not made yet"),
         report::number_cell(finite_or(monitoring.next_critical_values[i], "nothing to spend yet")),
         report::text_cell("to come")});
  }
  table.caption =
      "Bounds are recomputed at the information that was reached; alpha is spent by it.";
  return table;
}

void add_facts(const ExperimentEvidence& evidence, const MetricResult& row, Section& section) {
  report::Facts facts{.title = planned(evidence, row).name};
  if (const auto& stop = row.monitoring->looks.inference) {
    facts.items.push_back(
        {"median-unbiased",
         fmt::format("{:+.4g} [{:.4g}, {:.4g}], p = {:.2g} (stage-wise order)",
                     stop->median_unbiased, stop->ci_low, stop->ci_high, stop->p_value)});
    const bool same = std::abs(stop->overstatement) < 1e-9 * (stop->ci_high - stop->ci_low);
    facts.items.push_back(
        {"naive estimate",
         fmt::format("{:+.4g}, {}", stop->naive_estimate,
                     same ? "the same" : fmt::format("off by {:+.4g}", stop->overstatement))});
  }
  if (const auto& prospects = row.monitoring->prospects) {
    facts.items.push_back(
        {"chance to succeed",
         fmt::format("{:.0f} % if the trend holds, {:.0f} % if the plan's effect is true, {:.0f} % "
                     "if there is none",
                     100.0 * prospects->under_trend, 100.0 * prospects->under_plan,
                     100.0 * prospects->under_null)});
  }
  if (!facts.items.empty()) section.blocks.emplace_back(std::move(facts));
}

/// Every look that is kept, with its verdict.
Table history_table(const decision::Registration& registration) {
  Table table{.title = "Looks on record",
              .columns = {{"data until"}, {"analysed"}, {"information"}, {"verdict"}}};
  for (const decision::Look& look : registration.looks) {
    table.rows.push_back({report::text_cell(time_text(look.complete_until)),
                          report::count_cell(look.analysed), report::percent_cell(look.information),
                          report::text_cell(look.verdict)});
  }
  return table;
}

}  // namespace

std::optional<Section> look_section(const ExperimentEvidence& evidence) {
  const experiment::LookReading& look = evidence.analysis.look;
  const bool plain = look.mode == experiment::ReadingMode::fixed_horizon;
  if (plain && evidence.registration.looks.size() < 2) return std::nullopt;
  Section section{"Repeated looks", report::Layer::evidence, {report::Text{look.words}}};
  for (const MetricResult& row : evidence.analysis.metrics) {
    if (!row.monitoring) continue;
    section.blocks.emplace_back(bounds_table(evidence, row));
    add_facts(evidence, row, section);
  }
  if (!evidence.registration.looks.empty())
    section.blocks.emplace_back(history_table(evidence.registration));
  return section;
}

report::Facts rules_facts(const ExperimentEvidence& evidence) {
  const auto& registration = evidence.registration;
  const auto state = decision::rules_state(registration, evidence.decision.rules_hash);
  report::Facts facts;
  facts.items.push_back({"rules", std::string(decision::to_text(state))});
  facts.items.push_back({"rules hash", evidence.decision.rules_hash});
  for (const decision::Registered& rules : registration.rules) {
    facts.items.push_back(
        {"registered", time_text(rules.at) + ", " + rules.rules_hash +
                           (rules.before_data ? ", before any data" : ", when there were data") +
                           (rules.reason.empty() ? "" : ": " + rules.reason)});
  }
  return facts;
}

std::optional<report::Check> rules_check(const ExperimentEvidence& evidence) {
  const auto state = decision::rules_state(evidence.registration, evidence.decision.rules_hash);
  if (state != decision::RulesState::changed && state != decision::RulesState::amended)
    return std::nullopt;
  report::Check check{.name = "rules written before the data",
                      .status = report::CheckStatus::warning,
                      .observed = "the rules were " + std::string(decision::to_text(state)),
                      .rule = "the hash of the rules is the registered one"};
  check.detail = state == decision::RulesState::changed
                     ? "register them again with a reason, or restore the file"
                     : "read the verdict as one of rules that knew the data";
  return check;
}

}  // namespace assay::readout::detail
