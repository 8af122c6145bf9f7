#include "assay/app/demo.hpp"

#include <fmt/core.h>

#include <utility>

#include "assay/app/audit.hpp"
#include "assay/app/experiment.hpp"
#include "assay/app/project.hpp"
#include "assay/app/queries.hpp"
#include "assay/app/simulate.hpp"
#include "assay/base/file.hpp"
#include "assay/base/text.hpp"
#include "assay/events/index.hpp"
#include "assay/report/render.hpp"
#include "assay/spec/experiment.hpp"
#include "assay/spec/fingerprint.hpp"

namespace assay::app {
namespace {

namespace fs = std::filesystem;

/// The demo while it runs.
struct Demo {
  Context& context;
  const DemoOptions& options;
  std::vector<Stage> stages;
  std::vector<fs::path> pages;

  template <class Work>
  auto timed(std::string name, Work work) {
    const double begin = seconds_now();
    auto result = work();
    stages.push_back({std::move(name), seconds_now() - begin});
    return result;
  }

  /// Runs a verb, keeps its time and writes its page.
  template <class Work>
  Result<Outcome> page(const std::string& name, Work work) {
    auto outcome = timed(name, work);
    if (!outcome) return outcome;
    std::string file = name;
    for (char& c : file) c = c == ' ' ? '_' : c;
    const fs::path path = options.folder / "out" / (file + ".html");
    ASSAY_CHECK(write_file(path, report::render_html(outcome->document)));
    pages.push_back(path);
    return outcome;
  }
};

report::Verdict verdict_block(const ExperimentRun& run, const Simulated& world) {
  const std::string verdict(spec::to_text(run.decision.verdict));
  const bool as_planted = world.expected_verdict.empty() || verdict == world.expected_verdict;
  const auto& block = std::get<report::Verdict>(run.outcome.document.blocks.front().content);
  report::Verdict out = block;
  out.facts.push_back(world.expected_verdict.empty() ? "the planted truth calls for no verdict"
                      : as_planted                   ? "as the planted truth calls for"
                                   : "the planted truth calls for " + world.expected_verdict);
  out.next.clear();
  return out;
}

report::Table stage_table(const std::vector<Stage>& stages) {
  report::Table table{.title = "Where the time went", .columns = {{"step"}, {"seconds"}}};
  double total = 0.0;
  for (const Stage& stage : stages) {
    table.rows.push_back(
        {report::text_cell(stage.name), report::text_cell(fmt::format("{:.2f}", stage.seconds))});
    table.rows.back()[1].kind = report::CellKind::text;
    total += stage.seconds;
  }
  table.columns[1].align = report::Align::right;
  table.rows.push_back({report::text_cell("all"), report::text_cell(fmt::format("{:.2f}", total))});
  return table;
}

/// What the page of the audit was made from: the program, the spec and the data.
Result<std::string> audit_basis(Context& context, const fs::path& folder) {
  auto project = load(context, folder);
  if (!project) return tl::unexpected(std::move(project.error()));
  auto index = events::Index::open(index_folder(*project, project->sources.front()));
  if (!index) return tl::unexpected(std::move(index.error()));
  return fmt::format("{} {} {}\n", version(), spec::spec_hash(*project), index->fingerprint());
}

/// The audit reads every row twice and more, so a page made from the same basis stands.
Result<void> run_audit(Demo& demo) {
  const fs::path& folder = demo.options.folder;
  const fs::path stamp = folder / "out" / ".audit_basis";
  std::string basis;
  ASSAY_TRY(basis, audit_basis(demo.context, folder));
  std::error_code failed;
  if (read_file(stamp).value_or("") == basis && fs::exists(folder / "out" / "audit.html", failed)) {
    demo.stages.push_back({"audit (there already)", 0.0});
    return {};
  }
  fs::remove(stamp, failed);
  const auto audit =
      demo.page("audit", [&] { return audit_verb(demo.context, SourceOptions{.path = folder}); });
  if (!audit) return tl::unexpected(audit.error());
  return write_file(stamp, basis);
}

Result<void> run_questions(Demo& demo) {
  const SourceOptions source{.path = demo.options.folder};
  const auto active = demo.page("active users", [&] {
    return active_users_verb(demo.context, {source, {"app_open"}});
  });
  if (!active) return tl::unexpected(active.error());
  const auto retention = demo.page("retention", [&] {
    return retention_verb(demo.context, {source, {"signup"}, {"app_open"}});
  });
  if (!retention) return tl::unexpected(retention.error());
  const auto funnel = demo.page("funnel", [&] { return funnel_verb(demo.context, {source}); });
  if (!funnel) return tl::unexpected(funnel.error());
  const auto sessions =
      demo.page("sessions", [&] { return sessions_verb(demo.context, {source}); });
  if (!sessions) return tl::unexpected(sessions.error());
  return {};
}

}  // namespace

Result<Outcome> demo_verb(Context& context, const DemoOptions& options) {
  Demo demo{context, options, {}, {}};
  Simulated world;
  ASSAY_TRY(world, demo.timed("simulate", [&] {
    return simulate_world(context, {.folder = options.folder,
                                    .preset = options.preset,
                                    .events = options.events,
                                    .seed = options.seed,
                                    .sample_ratio_fault = options.sample_ratio_fault,
                                    .project = options.project});
  }));
  if (world.reused) demo.stages.back().name = "simulate (there already)";
  const SourceOptions source{.path = options.folder};
  Outcome index;
  ASSAY_TRY(index, demo.timed("index", [&] { return index_verb(context, {source}); }));
  ASSAY_CHECK(run_audit(demo));
  ASSAY_CHECK(run_questions(demo));
  ExperimentOptions experiment{.spec = options.folder / "experiments" / "new_feed_ranker.yaml"};
  experiment.planted = world.effects;
  auto run = demo.timed("experiment", [&] { return run_experiment(context, experiment); });
  if (!run) return tl::unexpected(std::move(run.error()));

  Outcome outcome;
  outcome.document = {.kind = "demo",
                      .title = "assay demo",
                      .subtitle = fmt::format("{} simulated events of {} users",
                                              count_text(world.events), count_text(world.users))};
  outcome.document.provenance = run->outcome.document.provenance;
  outcome.document.provenance.seed = options.seed;
  outcome.document.add(verdict_block(*run, world));
  for (const report::Block& block : run->outcome.document.blocks) {
    if (const auto* card = std::get_if<report::Scorecard>(&block.content))
      outcome.document.add(*card);
    if (const auto* check = std::get_if<report::Check>(&block.content))
      outcome.document.add(*check);
    const auto* section = std::get_if<report::Section>(&block.content);
    if (section != nullptr && section->title == "Estimate and truth")
      outcome.document.add(*section);
  }
  outcome.document.add(stage_table(demo.stages));
  outcome.document.add(
      report::Facts{.title = "Pages",
                    .items = {{"decision", run->outcome.written.front().string()},
                              {"audit", (options.folder / "out" / "audit.html").string()},
                              {"more", (options.folder / "out").string()},
                              {"truth", world.truth.string()}}});
  const bool wrong = !world.expected_verdict.empty() &&
                     world.expected_verdict != spec::to_text(run->decision.verdict);
  outcome.judged_bad = wrong;
  return outcome;
}

}  // namespace assay::app
