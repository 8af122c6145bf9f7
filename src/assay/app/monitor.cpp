#include "assay/app/monitor.hpp"

#include <fmt/core.h>

#include <utility>

#include "assay/app/registry.hpp"
#include "assay/experiment/looks.hpp"
#include "assay/readout/monitor_readout.hpp"
#include "assay/sequential/sample_ratio_sequence.hpp"
#include "assay/spec/fingerprint.hpp"

namespace assay::app {
namespace {

namespace fs = std::filesystem;
using decision::Registration;

/// Whether any unit is assigned in the data as they are; no data yet is none.
Result<bool> any_assigned(Context& context, const spec::Project& project,
                          const spec::Experiment& experiment, const std::string& engine_name) {
  ASSAY_TRY(const auto choice, choose_engine(engine_name, &project));
  ASSAY_TRY(const auto* source, choose_source(project, experiment.assignment.source.value));
  auto engine = open_engine(context, project, *source, choice, spec::spec_hash(experiment));
  if (!engine) {
    if (engine.error().code == ErrorCode::unavailable) return false;
    return tl::unexpected(std::move(engine.error()));
  }
  if (engine->complete_until <= experiment.period.range.begin) return false;
  ASSAY_TRY(auto plan, experiment::plan_experiment(project, experiment, engine->complete_until));
  plan.query.metrics.clear();
  plan.query.segments.clear();
  plan.query.daily = false;
  auto moments = engine->engine->experiment(plan.query);
  if (!moments) return tl::unexpected(metrics::at_word(std::move(moments.error()), plan.words));
  for (const engine::ArmCounts& arm : moments->arms)
    if (arm.assigned > 0) return true;
  return moments->both_arms > 0;
}

Result<void> check_reason(const Registration& registration, const std::string& rules_hash,
                          const RegisterOptions& options) {
  if (registration.rules.empty() || registration.rules.back().rules_hash == rules_hash ||
      !options.reason.empty())
    return {};
  return fail(ErrorCode::invalid_spec, "other rules are registered for this experiment",
              options.spec.string(),
              "restore the file, or say why they change: assay register FILE --reason \"...\"",
              fmt::format("registered {} on {}, now {}", registration.rules.back().rules_hash,
                          time_text(registration.rules.back().at), rules_hash));
}

/// The sample ratio over all looks, at any number of them.
Result<std::vector<sequential::SampleRatioReading>> split_readings(
    const Registration& registration, const experiment::Plan& plan,
    const spec::Experiment& experiment) {
  std::vector<std::vector<std::int64_t>> looks;
  for (const decision::Look& look : registration.looks)
    if (look.assigned.size() == plan.weights.size()) looks.push_back(look.assigned);
  const double alpha =
      experiment.checks.sample_ratio ? experiment.checks.sample_ratio->alpha : 0.001;
  return sequential::sample_ratio_sequence(looks, {.weights = plan.weights, .alpha = alpha});
}

}  // namespace

Result<Outcome> register_verb(Context& context, const RegisterOptions& options) {
  ASSAY_CHECK(check_is_file(options.spec));
  ASSAY_TRY(const auto folder, find_project(options.spec));
  ASSAY_TRY(const auto project, load(context, folder));
  ASSAY_TRY(const auto experiment, load_experiment(context, options.spec, project));
  ASSAY_TRY(auto registration, read_registration(folder, experiment.name.value));
  const std::string hash = spec::decision_hash(experiment);
  ASSAY_CHECK(check_reason(registration, hash, options));
  const bool again = !registration.rules.empty() && registration.rules.back().rules_hash == hash;
  Outcome outcome;
  if (!again) {
    ASSAY_TRY(const bool assigned, any_assigned(context, project, experiment, options.engine));
    registration.rules.push_back(
        {now_us(), hash, spec::spec_hash(experiment), options.reason, !assigned});
    ASSAY_CHECK(write_registration(folder, registration));
    outcome.written.push_back(registration_path(folder, experiment.name.value));
  }
  ASSAY_TRY(outcome.document,
            readout::registration_document(experiment, registration, again, provenance(context)));
  return outcome;
}

Result<Outcome> monitor_verb(Context& context, const ExperimentOptions& options) {
  ExperimentOptions looking = options;
  looking.keep_look = true;
  looking.write_files = false;
  ASSAY_TRY(auto run, run_experiment(context, looking));
  ASSAY_TRY(const auto splits, split_readings(run.registration, run.plan, run.spec));
  Outcome outcome = std::move(run.outcome);
  const readout::ExperimentEvidence evidence{run.spec,      run.plan,        run.moments,
                                             run.integrity, run.analysis,    run.decision,
                                             run.flips,     run.registration};
  auto page = readout::monitor_document(evidence, splits, outcome.document.provenance);
  outcome.document = std::move(page.document);
  outcome.judged_bad = page.bad;
  outcome.written.push_back(registration_path(run.folder, run.spec.name.value));
  return outcome;
}

}  // namespace assay::app
