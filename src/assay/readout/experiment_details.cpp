#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "assay/base/text.hpp"
#include "assay/readout/detail/experiment_blocks.hpp"
#include "assay/report/format.hpp"

namespace assay::readout::detail {

using report::Layer;
using report::Number;
using report::Section;
using report::Table;

std::optional<Section> mismatch_section(const ExperimentEvidence& evidence) {
  if (!evidence.integrity.sample_ratio) return std::nullopt;
  Table table{.title = "Where the split is off", .columns = {{"segment"}, {"value"}}};
  for (const std::string& arm : evidence.plan.query.arms) table.columns.push_back({arm});
  table.columns.push_back({"p (Holm)"});
  table.columns.push_back({"mismatch explained"});
  const auto& segments = evidence.integrity.sample_ratio->segments;
  for (std::size_t i = 0; i < std::min<std::size_t>(segments.size(), 8); ++i) {
    const stats::SegmentMismatch& row = segments[i];
    std::vector<report::Cell> cells{report::text_cell(row.dimension), report::text_cell(row.value)};
    for (const std::int64_t count : row.counts) cells.push_back(report::count_cell(count));
    cells.push_back(report::p_value_cell(row.holm_p_value));
    cells.push_back(report::percent_cell(row.share_explained));
    table.rows.push_back(std::move(cells));
  }
  if (table.rows.empty()) return std::nullopt;
  table.caption =
      "Strongest evidence first; explained is the fall of chi-square when the segment "
      "is left out.";
  return Section{"Sample ratio by segment", Layer::evidence, {std::move(table)}};
}

Section integrity_section(const ExperimentEvidence& evidence) {
  Section section{"Integrity checks", Layer::evidence, {}};
  for (const experiment::IntegrityCheck& check : evidence.integrity.checks) {
    if (check.status != experiment::CheckStatus::failed)
      section.blocks.emplace_back(check_block(check));
  }
  if (!evidence.integrity.balance.empty()) {
    Table table{.title = "Balance before the experiment",
                .columns = {{"covariate"}, {"arm"}, {"difference in sd"}, {"p"}}};
    for (const experiment::BalanceReading& row : evidence.integrity.balance) {
      table.rows.push_back({report::text_cell(row.covariate), report::text_cell(row.arm),
                            row.std_difference ? report::number_cell(*row.std_difference)
                                               : report::text_cell("by share"),
                            report::p_value_cell(row.p_value)});
    }
    section.blocks.emplace_back(std::move(table));
  }
  return section;
}

namespace {

/// The rows of one rule. With an invalid verdict, clauses about effects are not read aloud.
void add_rule_rows(const decision::RuleReading& rule, std::size_t number, bool fired, bool invalid,
                   Table& table) {
  const std::string verdict = verdict_word(rule.verdict) + (fired ? " (fired)" : "");
  const auto place = static_cast<std::int64_t>(number);
  if (rule.clauses.empty()) {
    table.rows.push_back({report::count_cell(place), report::text_cell(verdict),
                          report::text_cell("otherwise"),
                          report::text_cell(invalid ? "not read" : "yes"), report::text_cell("")});
  }
  for (std::size_t c = 0; c < rule.clauses.size(); ++c) {
    const decision::ClauseReading& clause = rule.clauses[c];
    const bool read = !invalid || fired;
    table.rows.push_back({c == 0 ? report::count_cell(place) : report::text_cell(""),
                          report::text_cell(c == 0 ? verdict : ""),
                          report::text_cell(clause.clause),
                          report::text_cell(read ? (clause.holds ? "yes" : "no") : "not read"),
                          report::text_cell(read ? clause.why : "")});
  }
}

}  // namespace

Section rules_section(const ExperimentEvidence& evidence) {
  Section section{"Decision rules", Layer::evidence, {}};
  for (const decision::ArmDecision& arm : evidence.decision.arms) {
    Table table{.title = evidence.decision.arms.size() > 1 ? arm_name(evidence, arm.arm) : "",
                .columns = {{"rule"}, {"verdict"}, {"clause"}, {"holds"}, {"because"}}};
    const bool invalid = arm.verdict == spec::Verdict::invalid;
    for (std::size_t r = 0; r < arm.rules.size(); ++r)
      add_rule_rows(arm.rules[r], r + 1, arm.rule && *arm.rule == r, invalid, table);
    table.caption = "The first rule whose clauses all hold decides.";
    section.blocks.emplace_back(std::move(table));
  }
  section.blocks.emplace_back(rules_facts(evidence));
  return section;
}

namespace {

std::string flip_text(const decision::Flip& flip, double value) {
  if (flip.choice == decision::Flip::Choice::excluded_segment) return "";
  return fmt::format("{:.3g}", value);
}

std::string flip_choice(const decision::Flip& flip) {
  switch (flip.choice) {
    case decision::Flip::Choice::alpha:
      return "alpha";
    case decision::Flip::Choice::margin:
      return "margin of " + flip.what;
    case decision::Flip::Choice::excluded_segment:
      return fmt::format("without {} ({:.1f} % of users)", flip.what, 100.0 * flip.share);
  }
  return "";
}

}  // namespace

std::optional<Section> would_change_section(const ExperimentEvidence& evidence) {
  const decision::FlipSearch& search = evidence.flips;
  if (search.flips.empty() && search.steadfast.empty()) return std::nullopt;
  Section section{"What would change this decision", Layer::evidence, {}};
  if (!search.flips.empty()) {
    Table table{.columns = {{"choice"},
                            {"now", {}, report::Align::right},
                            {"turns at", {}, report::Align::right},
                            {"verdict then"}}};
    for (const decision::Flip& flip : search.flips) {
      table.rows.push_back({report::text_cell(flip_choice(flip)),
                            report::text_cell(flip_text(flip, flip.from)),
                            report::text_cell(flip_text(flip, flip.to)),
                            report::text_cell(verdict_word(flip.verdict))});
    }
    table.caption = "The same moments read under other choices, one at a time.";
    section.blocks.emplace_back(std::move(table));
  }
  if (!search.steadfast.empty()) {
    report::Notes notes{.title = "Tried without turning it"};
    for (const std::string& tried : search.steadfast) notes.items.push_back({tried});
    section.blocks.emplace_back(std::move(notes));
  }
  return section;
}

std::optional<Section> value_section(const ExperimentEvidence& evidence) {
  if (!evidence.spec.value) return std::nullopt;
  const spec::Value& value = *evidence.spec.value;
  const std::size_t arm = evidence.decision.arms[evidence.decision.arm].arm;
  for (const MetricResult* row : results_of(evidence, arm)) {
    if (planned(evidence, *row).name != value.metric.value || !row->contrast) continue;
    const double scale =
        static_cast<double>(value.horizon_days) / static_cast<double>(evidence.spec.period.n_days);
    const auto n = static_cast<double>(row->contrast->n_control + row->contrast->n_treatment);
    const auto money = report::NumberFormat::money(value.currency);
    Table table{.columns = {{"over " + std::to_string(value.horizon_days) + " days"},
                            {"estimate", money},
                            {"interval", money}}};
    table.rows.push_back(
        {report::text_cell("per user"), report::number_cell(row->contrast->difference * scale),
         report::interval_cell(row->contrast->ci_low * scale, row->contrast->ci_high * scale)});
    table.rows.push_back({report::text_cell(fmt::format("all {} users of the experiment",
                                                        count_text(std::llround(n)))),
                          report::number_cell(row->contrast->difference * scale * n),
                          report::interval_cell(row->contrast->ci_low * scale * n,
                                                row->contrast->ci_high * scale * n)});
    table.caption = fmt::format(
        "{} per user in {} days, carried on unchanged: assumes that the effect neither fades nor "
        "grows and that nobody else is reached.",
        value.metric.value, evidence.spec.period.n_days);
    return Section{"Value", Layer::evidence, {std::move(table)}};
  }
  return std::nullopt;
}

std::optional<Section> stakeholder_section(const ExperimentEvidence& evidence) {
  if (evidence.spec.stakeholders.empty()) return std::nullopt;
  const bool invalid = evidence.decision.verdict == spec::Verdict::invalid;
  const std::size_t arm = evidence.decision.arms[evidence.decision.arm].arm;
  Table table{.columns = {{"who"}, {"concern"}, {"criterion"}, {"reading"}}};
  for (const spec::Stakeholder& who : evidence.spec.stakeholders) {
    std::string reading = "not measured in this experiment";
    for (const MetricResult* row : results_of(evidence, arm)) {
      if (who.criterion.find(planned(evidence, *row).name) == std::string::npos) continue;
      reading = invalid ? "not read: the experiment is invalid"
                        : fmt::format("{} ({})", reading_words(*row),
                                      effect_text(shown_effect(evidence, *row)));
    }
    table.rows.push_back({report::text_cell(who.who), report::text_cell(who.concern),
                          report::text_cell(who.criterion), report::text_cell(reading)});
  }
  return Section{"Stakeholders", Layer::evidence, {std::move(table)}};
}

std::optional<Section> rollout_section(const ExperimentEvidence& evidence) {
  if (!evidence.spec.rollout || evidence.decision.verdict != spec::Verdict::ship)
    return std::nullopt;
  const spec::Rollout& rollout = *evidence.spec.rollout;
  report::Notes notes{.title = "Plan, as written before the data"};
  for (const double step : rollout.steps) {
    notes.items.push_back(
        {fmt::format("{} of users for {} days; go on when: {}", report::format_percent(step),
                     rollout.days_per_step, spec::to_text(rollout.gate))});
  }
  for (const spec::KillSwitch& kill : rollout.kill) {
    const std::string limit = kill.scale == spec::Scale::relative
                                  ? report::format_percent(kill.worse_than)
                                  : report::format_significant(kill.worse_than);
    notes.items.push_back(
        {fmt::format("stop when {} is worse by {} with {} confidence", kill.metric.value, limit,
                     report::format_level(kill.confidence)),
         report::Tone::warn});
  }
  if (rollout.holdout > 0.0) {
    notes.items.push_back({fmt::format("{} of users stay without the change as a holdout",
                                       report::format_percent(rollout.holdout))});
  }
  return Section{"Rollout", Layer::evidence, {std::move(notes)}};
}

Section caveats_section(const ExperimentEvidence& evidence) {
  report::Notes notes;
  if (evidence.analysis.look.mode == experiment::ReadingMode::early ||
      evidence.analysis.look.unplanned) {
    notes.items.push_back({evidence.analysis.look.words, report::Tone::warn});
  }
  if (evidence.analysis.look.mode == experiment::ReadingMode::early) {
    notes.items.push_back(
        {"The data end before the planned period does: a reading before the end "
         "without a plan for repeated looks overstates certainty.",
         report::Tone::warn});
  }
  std::int64_t immature = 0;
  for (const MetricResult& row : evidence.analysis.metrics) {
    const std::int64_t count = row.immature_control + row.immature_treatment;
    if (count > immature) immature = count;
  }
  if (immature > 0) {
    notes.items.push_back(
        {fmt::format("Users whose windows were not over are left out and "
                     "counted: up to {} for one metric (see Methods).",
                     count_text(immature))});
  }
  std::vector<std::string> seen;
  for (const MetricResult& row : evidence.analysis.metrics) {
    if (!row.contrast) continue;
    for (const stats::Note& note : row.contrast->notes) {
      const std::string text = planned(evidence, row).name + ": " + note.text;
      if (note.code == "covariate_dropped" || note.code == "unadjusted") continue;
      if (std::find(seen.begin(), seen.end(), text) != seen.end()) continue;
      seen.push_back(text);
      notes.items.push_back({text, report::Tone::warn});
    }
  }
  for (const spec::Note& note : evidence.spec.notes) notes.items.push_back({note.text});
  notes.items.push_back(
      {"Effects are averages over the users of this experiment in this period; "
       "they assume that one user's arm does not change another user's "
       "outcome, and that no seasonal event favours one arm."});
  return {"Risks and caveats", Layer::evidence, {std::move(notes)}};
}

Section population_section(const ExperimentEvidence& evidence) {
  Table table{.columns = {{"arm"}, {"assigned"}, {"exposed"}, {"analysed"}}};
  for (std::size_t a = 0; a < evidence.moments.arms.size(); ++a) {
    const engine::ArmCounts& arm = evidence.moments.arms[a];
    table.rows.push_back({report::text_cell(arm_name(evidence, a)),
                          report::count_cell(arm.assigned), report::count_cell(arm.exposed),
                          report::count_cell(arm.analysed)});
  }
  table.caption = evidence.plan.query.anchor == engine::Anchor::exposure
                      ? "Analysed: exposed users, from their first exposure after assignment on."
                      : "Analysed: all assigned users, from their assignment on.";
  report::Facts facts;
  facts.items = {{"hypothesis", evidence.spec.hypothesis}, {"owner", evidence.spec.owner}};
  return {"Population", Layer::detail, {std::move(table), std::move(facts)}};
}

Section methods_section(const ExperimentEvidence& evidence) {
  Table table{.columns = {{"metric"},
                          {"method"},
                          {"n"},
                          {"without covariates"},
                          {"variance removed"},
                          {"not mature"}}};
  table.columns[3].format = report::NumberFormat::difference();
  for (const MetricResult& row : evidence.analysis.metrics) {
    if (!row.contrast) continue;
    const stats::Contrast& contrast = *row.contrast;
    const auto& adjustment = contrast.adjustment;
    table.rows.push_back(
        {report::text_cell(planned(evidence, row).name),
         report::text_cell(std::string(stats::to_text(contrast.method))),
         report::count_cell(contrast.n_control + contrast.n_treatment),
         adjustment
             ? report::estimate_cell(adjustment->unadjusted.difference,
                                     adjustment->unadjusted.ci_low, adjustment->unadjusted.ci_high)
             : report::text_cell("the same"),
         adjustment ? report::percent_cell(adjustment->variance_reduction) : report::text_cell(""),
         report::count_cell(row.immature_control + row.immature_treatment)});
  }
  table.caption = "Differences in the metric's own unit, treatment minus control.";
  report::Notes assumptions{.title = "Assumptions"};
  assumptions.items = {
      {"Units are independent and were assigned at random: tested by sample ratio and balance."},
      {"Means are close to normal at these sample sizes: see the notes on skewed metrics."},
      {"Covariates were measured before the first exposure: by construction of the windows."},
      {"Intervals of relative changes are Fieller's, with the variance of the control counted; "
       "they exclude zero exactly when the p-value is below alpha."}};
  return {"Methods", Layer::detail, {std::move(table), std::move(assumptions)}};
}

std::optional<Section> truth_section(const ExperimentEvidence& evidence,
                                     const std::vector<PlantedEffect>& planted_effects) {
  if (planted_effects.empty()) return std::nullopt;
  Table table{.title = "Each estimate beside the effect that was planted",
              .columns = {{"metric"}, {"estimate"}, {"truth"}, {"held"}}};
  table.columns[1].format = table.columns[2].format = report::NumberFormat::difference();
  const std::size_t arm = evidence.decision.arms[evidence.decision.arm].arm;
  for (const MetricResult* row : results_of(evidence, arm)) {
    for (const PlantedEffect& effect : planted_effects) {
      if (effect.metric != planned(evidence, *row).name || !row->contrast) continue;
      const bool holds =
          row->contrast->ci_low <= effect.absolute && effect.absolute <= row->contrast->ci_high;
      table.rows.push_back({report::text_cell(effect.metric),
                            report::estimate_cell(row->contrast->difference, row->contrast->ci_low,
                                                  row->contrast->ci_high),
                            report::number_cell(effect.absolute),
                            report::text_cell(holds ? "yes" : "no",
                                              holds ? report::Mark::good : report::Mark::neutral)});
    }
  }
  if (table.rows.empty()) return std::nullopt;
  table.caption =
      "The data are simulated: both worlds of every user are known. A 95 % interval "
      "misses the truth once in twenty.";
  return Section{"Estimate and truth", Layer::evidence, {std::move(table)}};
}

}  // namespace assay::readout::detail
