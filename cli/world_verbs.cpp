#include "assay/app/demo.hpp"
#include "assay/app/schema.hpp"
#include "assay/app/simulate.hpp"
#include "assay/app/verify.hpp"
#include "verbs.hpp"

namespace assay::cli {
namespace {

void add_events(Verbs& verbs, CLI::App* sub, std::int64_t& events) {
  sub->add_option_function<std::string>(
         "--events",
         [&verbs, &events](const std::string& text) {
           const auto count = app::parse_count(text);
           if (count) {
             events = *count;
           } else {
             verbs.command.error = count.error();
             verbs.command.error->where = "--events";
           }
         },
         "about so many (20M, 500k)")
      ->type_name("N")
      ->default_str("20M");
}

void add_verify(Verbs& verbs) {
  auto options = std::make_shared<app::VerifyOptions>();
  CLI::App* sub = verbs.verb("verify", "compare the index's answers with plain SQL");
  Verbs::add_source(sub, options->source);
  sub->add_option("--experiment", options->experiment, "also this experiment")->type_name("FILE");
  verbs.on(sub, options, app::verify_verb);
}

void add_simulate(Verbs& verbs) {
  auto options = std::make_shared<app::SimulateOptions>();
  CLI::App* sub = verbs.verb("simulate", "a short-video world whose true effects are known");
  sub->add_option("folder", options->folder, "where to write")->required();
  sub->add_option("--preset", options->preset, "ship, harmful, null or broken")
      ->capture_default_str()
      ->type_name("NAME");
  add_events(verbs, sub, options->events);
  sub->add_option("--users", options->users, "so many users, instead of events")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1'000'000'000}).description(""))
      ->type_name("N");
  sub->add_option("--seed", options->seed, "seed")->capture_default_str()->type_name("N");
  sub->add_flag("--sample-ratio-fault", options->sample_ratio_fault,
                "lose treatment's assignments on one app version");
  sub->add_option("--project", options->project, "copy the YAML files of this project in")
      ->type_name("FOLDER");
  verbs.on(sub, options, app::simulate_verb);
}

void add_demo(Verbs& verbs) {
  auto options = std::make_shared<app::DemoOptions>();
  CLI::App* sub = verbs.verb("demo", "the main job end to end on a simulated world");
  sub->add_option("--folder", options->folder, "where to work")
      ->capture_default_str()
      ->type_name("FOLDER");
  sub->add_option("--project", options->project, "YAML files")
      ->capture_default_str()
      ->type_name("FOLDER");
  sub->add_option("--preset", options->preset, "ship, harmful, null or broken")
      ->capture_default_str()
      ->type_name("NAME");
  add_events(verbs, sub, options->events);
  sub->add_option("--seed", options->seed, "seed")->capture_default_str()->type_name("N");
  sub->add_flag("--sample-ratio-fault", options->sample_ratio_fault,
                "lose treatment's assignments on one app version");
  verbs.on(sub, options, app::demo_verb);
}

void add_schema(Verbs& verbs) {
  const auto kind = std::make_shared<std::string>();
  CLI::App* sub = verbs.parser.add_subcommand("schema", "the JSON Schema of a kind of YAML file");
  sub->set_help_flag("--help,-h", "this page");
  sub->add_option("kind", *kind, "project, metrics or experiment")->required();
  sub->callback([&verbs, kind] {
    auto text = app::schema_text(*kind);
    if (text) {
      verbs.command.text = *text;
    } else {
      verbs.command.error = text.error();
    }
  });
}

}  // namespace

void add_world_verbs(Verbs& verbs) {
  add_verify(verbs);
  add_simulate(verbs);
  add_demo(verbs);
  add_schema(verbs);
}

}  // namespace assay::cli
