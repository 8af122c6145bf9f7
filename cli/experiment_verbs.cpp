#include "verbs.hpp"

namespace assay::cli {

void experiment_options(CLI::App* sub, app::ExperimentOptions& options) {
  sub->add_option("spec", options.spec, "experiments/NAME.yaml of a project")->required();
  sub->add_option("--engine", options.engine,
                  "embedded, duckdb or a URL; the project's unless named")
      ->type_name("NAME");
  sub->add_option("--out", options.out, "folder of the pages; <project>/out unless given")
      ->type_name("FOLDER");
  sub->add_flag_callback(
      "--no-files", [&options] { options.write_files = false; }, "print only, write no page");
}

namespace {

void add_experiment(Verbs& verbs) {
  auto options = std::make_shared<app::ExperimentOptions>();
  CLI::App* sub = verbs.verb("experiment", "check, estimate, decide and write the readout");
  experiment_options(sub, *options);
  verbs.on(sub, options, app::experiment_verb);
}

}  // namespace

void add_experiment_verbs(Verbs& verbs) { add_experiment(verbs); }

}  // namespace assay::cli
