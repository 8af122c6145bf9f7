#include "assay/app/assign.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "assay/app/assign_parts.hpp"
#include "assay/base/text.hpp"
#include "assay/experiment/randomisation.hpp"
#include "assay/spec/fingerprint.hpp"

namespace assay::app {
namespace {

using assignment::Step;

constexpr int kMadeUpUnits = 100'000;

Result<void> check_options(const AssignOptions& options) {
  const auto wrong = [](const char* problem, const char* where, const char* fix) {
    return fail(ErrorCode::invalid_spec, problem, where, fix);
  };
  if (options.experiment.empty() == options.replay.empty())
    return wrong("one of --experiment and --replay names the experiment", "assign",
                 "assay assign units.csv --experiment experiments/NAME.yaml");
  const bool replays = !options.replay.empty();
  if (replays && (!options.out.empty() || options.explain))
    return wrong("a replay neither writes arms nor explains a unit", "--replay",
                 "leave --out and --explain out");
  if (replays && !options.units.empty() && options.arm.empty())
    return wrong("a file of logged units needs the column of their arm", "--arm", "--arm variant");
  if (!options.segment.empty() && options.arm.empty())
    return wrong("--segment splits a file of logged units", "--segment",
                 "the project's log is split by the segments of the spec");
  if (!options.arm.empty() && (!replays || options.units.empty()))
    return wrong("--arm is the column of a file of logged units", "--arm",
                 "assay assign logged.csv --arm variant --replay experiments/NAME.yaml");
  if (options.explain && !options.units.empty())
    return wrong("--explain tells of one unit, without a file", "--explain", "leave the file out");
  if (!options.out.empty() && options.units.empty())
    return wrong("--out without a file of units", "--out", "name the file: assay assign units.csv");
  return {};
}

std::string range_text(const Step& step) {
  if (step.rule.method == assignment::HashMethod::planout_uniform) return "hash mod arms";
  if (step.needs.high <= step.needs.low) return "no arm's range";
  return assignment::to_text(step.needs);
}

/// Salts with their unprintable bytes as \xNN.
std::string shown(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

report::Document assignment_document(const Context& context, const AssignedExperiment& experiment,
                                     std::string subtitle) {
  report::Document document;
  document.kind = "assignment";
  document.title = experiment.spec.name.value;
  document.subtitle = std::move(subtitle);
  document.provenance = provenance(context);
  document.provenance.spec_hash = spec::spec_hash(experiment.spec);
  return document;
}

Result<Outcome> explain_unit(Context& context, const AssignedExperiment& experiment,
                             const std::string& unit) {
  assignment::TrafficPlan plan;
  ASSAY_TRY(plan, experiment::traffic_plan(experiment.project, experiment.spec));
  const assignment::Explanation told = assignment::explain(plan, unit);
  Outcome out;
  out.document = assignment_document(context, experiment, fmt::format("unit {}", shown(unit)));
  const bool in = told.assigned.outcome == assignment::Outcome::assigned;
  const std::string arm = in ? plan.request.arms[told.assigned.arm].name : "";
  out.document.add(
      report::Verdict{.word = in ? arm : "NO ARM",
                      .tone = report::Tone::neutral,
                      .headline = in ? fmt::format("Unit `{}` is in arm `{}`.", shown(unit), arm)
                                     : fmt::format("Unit `{}` takes no part: {}.", shown(unit),
                                                   assignment::to_text(told.assigned.outcome))});
  report::Table table;
  table.title = "Steps";
  table.columns = {{"step", {}, {}},   {"method", {}, {}},   {"salt", {}, {}},  {"hash", {}, {}},
                   {"bucket", {}, {}}, {"position", {}, {}}, {"needs", {}, {}}, {"passed", {}, {}}};
  for (const Step& step : told.steps) {
    table.rows.push_back({report::text_cell(step.name),
                          report::text_cell(std::string(assignment::to_text(step.rule.method))),
                          report::text_cell(shown(step.rule.salt)),
                          report::text_cell(fmt::format("0x{:X}", step.value.hash)),
                          report::text_cell(fmt::format("{} of {}", step.value.bucket,
                                                        assignment::n_buckets(step.rule))),
                          report::text_cell(fmt::format("{}", step.value.position)),
                          report::text_cell(range_text(step)),
                          report::text_cell(step.passed ? "yes" : "no")});
  }
  out.document.add(std::move(table));
  return out;
}

Result<Outcome> assign_made_up(Context& context, const AssignedExperiment& experiment) {
  assignment::TrafficPlan plan;
  ASSAY_TRY(plan, experiment::traffic_plan(experiment.project, experiment.spec));
  AssignmentTally tally(plan, experiment.neighbours);
  for (int i = 1; i <= kMadeUpUnits; ++i) tally.add(fmt::format("{}", i));
  Outcome out;
  out.document = assignment_document(
      context, experiment,
      fmt::format("no file named: the made-up ids 1 to {}", count_text(kMadeUpUnits)));
  tally.report(out.document, out.judged_bad);
  return out;
}

Result<Outcome> assign_verb(Context& context, const AssignOptions& options) {
  ASSAY_CHECK(check_options(options));
  AssignedExperiment experiment;
  ASSAY_TRY(experiment,
            load_assigned(context, options.replay.empty() ? options.experiment : options.replay));
  if (!options.replay.empty()) return replay_log(context, experiment, options);
  if (options.explain) return explain_unit(context, experiment, *options.explain);
  if (!experiment.spec.randomisation || by_hash(experiment.spec)) {
    return options.units.empty() ? assign_made_up(context, experiment)
                                 : assign_by_hash(context, experiment, options);
  }
  if (options.units.empty())
    return fail(ErrorCode::invalid_spec, "a design is drawn over a file of units", "assign",
                "assay assign units.csv --experiment experiments/NAME.yaml");
  return assign_by_design(context, experiment, options);
}

}  // namespace assay::app
