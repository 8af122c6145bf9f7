#include "assay/readout/experiment_readout.hpp"

#include <fmt/core.h>

#include <utility>

#include "assay/readout/detail/experiment_blocks.hpp"

namespace assay::readout {
namespace {

void add(report::Document& page, std::optional<report::Section> section) {
  if (section) page.add(std::move(*section));
}

void add_estimates(report::Document& page, const ExperimentEvidence& evidence) {
  for (const decision::ArmDecision& arm : evidence.decision.arms)
    page.add(detail::scorecard(evidence, arm.arm));
}

void add_evidence(report::Document& page, const ExperimentEvidence& evidence) {
  add(page, detail::look_section(evidence));
  add(page, detail::over_time_section(evidence));
  add(page, detail::segments_section(evidence));
  add(page, detail::retention_section(evidence));
  add(page, detail::funnel_section(evidence));
  add(page, detail::value_section(evidence));
  add(page, detail::would_change_section(evidence));
}

}  // namespace

report::Document experiment_document(const ExperimentEvidence& evidence,
                                     const report::Provenance& provenance,
                                     const std::vector<PlantedEffect>& planted) {
  const spec::Experiment& spec = evidence.spec;
  report::Document page{
      .kind = "experiment_readout", .title = spec.name.value, .subtitle = spec.description};
  page.provenance = provenance;
  const bool invalid = evidence.decision.verdict == spec::Verdict::invalid;
  page.add(detail::verdict_block(evidence));
  for (const experiment::IntegrityCheck& check : evidence.integrity.checks) {
    if (check.status == experiment::CheckStatus::failed) page.add(detail::check_block(check));
  }
  if (const auto check = detail::rules_check(evidence)) page.add(*check);
  if (invalid) {
    page.add(
        report::Text{"No effect is shown: until the failed check is explained, a difference "
                     "between the arms says nothing about the change."});
    add(page, detail::mismatch_section(evidence));
  } else {
    add_estimates(page, evidence);
    add_evidence(page, evidence);
  }
  page.add(detail::rules_section(evidence));
  add(page, detail::stakeholder_section(evidence));
  add(page, detail::rollout_section(evidence));
  page.add(detail::integrity_section(evidence));
  page.add(detail::caveats_section(evidence));
  if (!invalid) add(page, detail::truth_section(evidence, planted));
  page.add(detail::population_section(evidence));
  if (!invalid) page.add(detail::methods_section(evidence));
  return page;
}

}  // namespace assay::readout
