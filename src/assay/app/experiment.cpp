#include "assay/app/experiment.hpp"

#include <algorithm>
#include <utility>

#include "assay/app/registry.hpp"
#include "assay/base/file.hpp"
#include "assay/base/text.hpp"
#include "assay/metrics/words.hpp"
#include "assay/report/render.hpp"
#include "assay/spec/fingerprint.hpp"

namespace assay::app {
namespace {

namespace fs = std::filesystem;

/// Notes how long a step took.
class StageClock {
 public:
  explicit StageClock(std::vector<Stage>& stages) : stages_(stages), last_(seconds_now()) {}

  void done(std::string name) {
    const double now = seconds_now();
    stages_.push_back({std::move(name), now - last_});
    last_ = now;
  }

 private:
  std::vector<Stage>& stages_;
  double last_;
};

/// The experiments of a project folder, or of its folder of experiments.
std::string experiments_in(const fs::path& folder) {
  std::error_code failed;
  const fs::path inner = folder / "experiments";
  std::vector<std::string> names;
  for (const auto& entry :
       fs::directory_iterator(fs::is_directory(inner, failed) ? inner : folder, failed)) {
    if (entry.path().extension() == ".yaml" && entry.path().filename() != "assay.yaml")
      names.push_back(entry.path().string());
  }
  std::sort(names.begin(), names.end());
  return list_text(names);
}

}  // namespace

Result<void> check_is_file(const fs::path& path) {
  if (std::error_code failed; fs::is_directory(path, failed)) {
    return fail(ErrorCode::invalid_spec, "an experiment is one YAML file, this is a folder",
                path.string(), "name a file: PROJECT/experiments/NAME.yaml", experiments_in(path));
  }
  return {};
}

namespace {

Result<void> write_pages(const fs::path& folder, const std::string& name, Outcome& outcome) {
  for (const auto format : {report::Format::html, report::Format::markdown, report::Format::json}) {
    const fs::path path = folder / (name + std::string(report::extension(format)));
    ASSAY_CHECK(write_file(path, report::render(outcome.document, format)));
    outcome.written.push_back(path);
  }
  return {};
}

report::Provenance provenance_of(Context& context, const ExperimentRun& run,
                                 const OpenEngine& engine) {
  report::Provenance out = provenance(context);
  out.spec_hash = spec::spec_hash(run.spec);
  say_engine(context, engine, out);
  return out;
}

experiment::PastLook past_look(const decision::Look& look) {
  experiment::PastLook past{look.information, look.analysed, {}};
  for (const decision::LookMetric& metric : look.metrics)
    past.estimates.push_back({metric.metric, metric.arm, metric.difference, metric.std_error});
  return past;
}

/// Where the experiment stands: the looks on record at less data, and how much there is now.
experiment::LookProgress progress_of(const ExperimentRun& run) {
  experiment::LookProgress progress;
  for (const decision::Look& look :
       decision::looks_before(run.registration, run.plan.query.complete_until))
    progress.past.push_back(past_look(look));
  for (const engine::ArmCounts& arm : run.moments.arms) progress.analysed += arm.analysed;
  progress.final = run.plan.query.complete_until >= run.plan.query.period.end;
  progress.information = experiment::information_of(run.spec, run.plan, progress.analysed);
  return progress;
}

/// This look as it is kept.
decision::Look look_of(const ExperimentRun& run, const experiment::LookProgress& progress) {
  decision::Look look{.at = now_us(),
                      .complete_until = run.plan.query.complete_until,
                      .rules_hash = run.decision.rules_hash,
                      .information = progress.information,
                      .analysed = progress.analysed};
  for (const engine::ArmCounts& arm : run.moments.arms) look.assigned.push_back(arm.assigned);
  look.verdict = std::string(spec::to_text(run.decision.verdict));
  for (const experiment::MetricResult& row : run.analysis.metrics) {
    if (!row.contrast) continue;
    const experiment::PlannedMetric& metric = run.plan.metrics[row.metric];
    look.metrics.push_back({metric.name, run.plan.query.arms[row.arm],
                            std::string(spec::to_text(metric.role)), row.contrast->n_control,
                            row.contrast->n_treatment, row.contrast->control_value,
                            row.contrast->difference, row.contrast->std_error});
  }
  return look;
}

Result<void> keep_look(ExperimentRun& run, const experiment::LookProgress& progress, bool asked) {
  if (!asked && run.registration.rules.empty() && run.registration.looks.empty()) return {};
  decision::remember(run.registration, look_of(run, progress));
  return write_registration(run.folder, run.registration);
}

}  // namespace

Result<spec::Experiment> load_experiment(Context& context, const fs::path& path,
                                         const spec::Project& project) {
  spec::ParseReport report;
  auto experiment = spec::load_experiment(path, project, &report);
  if (!experiment) context.errors = report.errors;
  return experiment;
}

Result<ExperimentRun> run_experiment(Context& context, const ExperimentOptions& options) {
  ExperimentRun run;
  StageClock clock(run.stages);
  ASSAY_CHECK(check_is_file(options.spec));
  ASSAY_TRY(run.folder, find_project(options.spec));
  ASSAY_TRY(run.project, load(context, run.folder));
  ASSAY_TRY(run.spec, load_experiment(context, options.spec, run.project));
  ASSAY_TRY(run.registration, read_registration(run.folder, run.spec.name.value));
  EngineChoice choice;
  ASSAY_TRY(choice, choose_engine(options.engine, &run.project));
  const spec::Source* source = nullptr;
  ASSAY_TRY(source, choose_source(run.project, run.spec.assignment.source.value));
  clock.done("specs");
  OpenEngine engine;
  ASSAY_TRY(engine, open_engine(context, run.project, *source, choice, spec::spec_hash(run.spec)));
  run.index = engine.index;
  clock.done(choice.kind == EngineChoice::Kind::warehouse ? "connection" : "index");
  ASSAY_TRY(run.plan, experiment::plan_experiment(run.project, run.spec, engine.complete_until));
  auto moments = engine.engine->experiment(run.plan.query);
  if (!moments) return tl::unexpected(metrics::at_word(std::move(moments.error()), run.plan.words));
  run.moments = std::move(*moments);
  clock.done("experiment moments");
  ASSAY_TRY(run.integrity, experiment::check_integrity(run.spec, run.plan, run.moments));
  const experiment::LookProgress progress = progress_of(run);
  ASSAY_TRY(run.analysis, experiment::analyze(run.spec, run.plan, run.moments, progress));
  ASSAY_TRY(run.decision, decision::decide(run.spec, run.plan, run.integrity, run.analysis));
  ASSAY_TRY(run.flips, decision::search_flips(run.spec, run.plan, run.moments, run.integrity,
                                              run.decision, progress));
  ASSAY_CHECK(keep_look(run, progress, options.keep_look));
  clock.done("checks, estimates, decision");
  run.outcome.document =
      readout::experiment_document({run.spec, run.plan, run.moments, run.integrity, run.analysis,
                                    run.decision, run.flips, run.registration},
                                   provenance_of(context, run, engine), options.planted);
  run.outcome.judged_bad = run.decision.verdict != spec::Verdict::ship;
  if (options.write_files) {
    ASSAY_CHECK(write_pages(options.out.empty() ? run.folder / "out" : options.out,
                            options.spec.stem().string(), run.outcome));
  }
  clock.done("readout");
  return run;
}

Result<Outcome> experiment_verb(Context& context, const ExperimentOptions& options) {
  auto run = run_experiment(context, options);
  if (!run) return tl::unexpected(std::move(run.error()));
  return std::move(run->outcome);
}

}  // namespace assay::app
