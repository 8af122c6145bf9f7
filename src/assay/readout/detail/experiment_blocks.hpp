#pragma once

#include <optional>
#include <string>
#include <vector>

#include "assay/readout/experiment_readout.hpp"

/// The parts of the experiment's page; each returns nothing when there is nothing to say.
namespace assay::readout::detail {

using experiment::MetricResult;

/// A verdict's word on the page and how it should strike the reader.
std::string verdict_word(spec::Verdict verdict);
report::Tone verdict_tone(spec::Verdict verdict);

/// "control", "treatment": name of an arm of the plan.
const std::string& arm_name(const ExperimentEvidence& evidence, std::size_t arm);
const experiment::PlannedMetric& planned(const ExperimentEvidence& evidence,
                                         const MetricResult& row);

/// Results of one treatment arm in the plan's order.
std::vector<const MetricResult*> results_of(const ExperimentEvidence& evidence, std::size_t arm);

/// How values of a metric read: shares as percent, everything else as numbers.
report::NumberFormat value_format(const experiment::PlannedMetric& metric);

/// The effect on the scale on which it is judged: a guardrail with an absolute margin as a
/// difference, everything else as a relative change.
struct ShownEffect {
  report::Number estimate, low, high;
  report::NumberFormat format;
};
ShownEffect shown_effect(const ExperimentEvidence& evidence, const MetricResult& row);

/// "+2.1 % [1.7, 2.5]", or an em dash.
std::string effect_text(const ShownEffect& effect);

/// "better", "within the margin", ... and its mark.
std::string reading_words(const MetricResult& row);
report::Mark reading_mark(const MetricResult& row);

report::Verdict verdict_block(const ExperimentEvidence& evidence);
report::Check check_block(const experiment::IntegrityCheck& check);
report::Scorecard scorecard(const ExperimentEvidence& evidence, std::size_t arm);
/// Bounds and looks of an experiment that is looked at more than once.
std::optional<report::Section> look_section(const ExperimentEvidence& evidence);
/// When the rules were written down.
report::Facts rules_facts(const ExperimentEvidence& evidence);
/// A warning when they changed after that.
std::optional<report::Check> rules_check(const ExperimentEvidence& evidence);
std::optional<report::Section> over_time_section(const ExperimentEvidence& evidence);
std::optional<report::Section> retention_section(const ExperimentEvidence& evidence);
std::optional<report::Section> funnel_section(const ExperimentEvidence& evidence);
std::optional<report::Section> segments_section(const ExperimentEvidence& evidence);
std::optional<report::Section> mismatch_section(const ExperimentEvidence& evidence);
report::Section integrity_section(const ExperimentEvidence& evidence);
report::Section rules_section(const ExperimentEvidence& evidence);
std::optional<report::Section> would_change_section(const ExperimentEvidence& evidence);
std::optional<report::Section> value_section(const ExperimentEvidence& evidence);
std::optional<report::Section> stakeholder_section(const ExperimentEvidence& evidence);
std::optional<report::Section> rollout_section(const ExperimentEvidence& evidence);
report::Section caveats_section(const ExperimentEvidence& evidence);
report::Section methods_section(const ExperimentEvidence& evidence);
report::Section population_section(const ExperimentEvidence& evidence);
std::optional<report::Section> truth_section(const ExperimentEvidence& evidence,
                                             const std::vector<PlantedEffect>& planted);

}  // namespace assay::readout::detail
