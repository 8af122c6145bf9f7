#include "assay/app/assign.hpp"
#include "assay/app/monitor.hpp"
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

void add_assign(Verbs& verbs) {
  auto options = std::make_shared<app::AssignOptions>();
  CLI::App* sub = verbs.verb("assign", "give units their arms, explain one, replay a log");
  sub->add_option("units", options->units, "file of ids: CSV, Parquet, JSON lines, DuckDB");
  sub->add_option("--experiment", options->experiment, "experiments/NAME.yaml")->type_name("FILE");
  sub->add_option("--replay", options->replay, "the same; compare a log with its hash")
      ->type_name("FILE");
  sub->add_option("--out", options->out, "write id, arm and outcome here")->type_name("FILE");
  sub->add_option("--explain", options->explain, "every step of one unit")->type_name("UNIT");
  sub->add_option("--unit", options->unit, "column of the ids; the first unless named")
      ->type_name("COLUMN");
  sub->add_option("--arm", options->arm, "--replay of a file: logged arm; empty: not logged")
      ->type_name("COLUMN");
  sub->add_option("--segment", options->segment, "--replay of a file: split by this")
      ->type_name("COLUMN");
  sub->add_option("--table", options->table, "of a DuckDB file")->type_name("TABLE");
  sub->add_option("--engine", options->engine, "--replay of the log; the project's unless named")
      ->type_name("NAME");
  sub->add_flag("--allow-duplicates", options->allow_duplicates, "ids may stand more than once");
  verbs.on(sub, options, app::assign_verb);
}

void add_power(Verbs& verbs) {
  auto options = std::make_shared<app::PowerOptions>();
  CLI::App* sub = verbs.verb("power", "before it runs: units, weeks, power, errors");
  sub->add_option("spec", options->spec, "experiments/NAME.yaml of a project")->required();
  sub->add_option("--effect", options->effect, "relative change to find; the spec's unless given")
      ->type_name("SHARE");
  sub->add_option("--power", options->power, "to reach; the spec's unless given")
      ->type_name("SHARE");
  sub->add_option("--weeks", options->weeks, "planned; the period's unless given")->type_name("N");
  sub->add_option("--traffic", options->traffic, "share of arriving units it is given")
      ->capture_default_str()
      ->type_name("SHARE");
  sub->add_option("--simulations", options->simulations,
                  "re-randomisations of your units a primary metric")
      ->capture_default_str()
      ->type_name("N");
  sub->add_option("--rule-simulations", options->rule_simulations, "experiments a world")
      ->capture_default_str()
      ->type_name("N");
  sub->add_option("--max-units", options->max_units, "of the table that both read; 0: no table")
      ->capture_default_str()
      ->type_name("N");
  sub->add_option("--seed", options->seed, "seed")->capture_default_str()->type_name("N");
  sub->add_option("--engine", options->engine,
                  "embedded, duckdb or a URL; the project's unless named")
      ->type_name("NAME");
  sub->add_option("--out", options->out, "folder of the pages; <project>/out unless given")
      ->type_name("FOLDER");
  sub->add_flag_callback(
      "--no-files", [options] { options->write_files = false; }, "print only, write no page");
  verbs.on(sub, options, app::power_verb);
}

void add_register(Verbs& verbs) {
  auto options = std::make_shared<app::RegisterOptions>();
  CLI::App* sub = verbs.verb("register", "write down an experiment's rules before its data");
  sub->add_option("spec", options->spec, "experiments/NAME.yaml of a project")->required();
  sub->add_option("--reason", options->reason, "why registered rules change")->type_name("TEXT");
  sub->add_option("--engine", options->engine,
                  "embedded, duckdb or a URL; the project's unless named")
      ->type_name("NAME");
  verbs.on(sub, options, app::register_verb);
}

void add_monitor(Verbs& verbs) {
  auto options = std::make_shared<app::ExperimentOptions>();
  CLI::App* sub = verbs.verb("monitor", "look at a running experiment, and remember the look");
  sub->add_option("spec", options->spec, "experiments/NAME.yaml of a project")->required();
  sub->add_option("--engine", options->engine,
                  "embedded, duckdb or a URL; the project's unless named")
      ->type_name("NAME");
  verbs.on(sub, options, app::monitor_verb);
}

}  // namespace

void add_experiment_verbs(Verbs& verbs) {
  add_power(verbs);
  add_assign(verbs);
  add_register(verbs);
  add_monitor(verbs);
  add_experiment(verbs);
}

}  // namespace assay::cli
