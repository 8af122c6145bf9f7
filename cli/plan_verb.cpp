#include "assay/app/plan_verb.hpp"

#include "help_text.hpp"
#include "verbs.hpp"

namespace assay::cli {
namespace {

/// A question below `plan`: the words of its verb, and nothing is asked.
template <class Options>
void add_plan_of(Verbs& verbs, CLI::App* plan, const std::string& name,
                 const std::string& description, void (*add_options)(CLI::App*, Options&)) {
  auto options = std::make_shared<Options>();
  auto planning = std::make_shared<app::PlanOptions>();
  CLI::App* sub = plan->add_subcommand(name, description);
  verbs.add_everywhere(sub);
  add_options(sub, *options);
  sub->option_defaults()->group(kPlan);
  sub->add_flag("--offline", planning->offline, "ask nobody: SQL alone, types from the spec");
  sub->add_option("--dialect", planning->dialect,
                  "offline, in SQL of trino, spark, clickhouse, duckdb")
      ->type_name("NAME");
  sub->option_defaults()->group("Options");
  sub->callback([&verbs, options, planning] {
    verbs.command.run = [options, planning](app::Context& context) {
      planning->question = *options;
      return app::plan_verb(context, *planning);
    };
  });
}

}  // namespace

void add_plan_verb(Verbs& verbs) {
  CLI::App* sub =
      verbs.parser.add_subcommand("plan", "before a verb: what it would ask a warehouse");
  sub->set_help_flag("--help,-h", "this page");
  sub->require_subcommand(1);
  add_plan_of(verbs, sub, "active-users", "of active-users", active_users_options);
  add_plan_of(verbs, sub, "retention", "of retention", retention_options);
  add_plan_of(verbs, sub, "funnel", "of funnel", funnel_options);
  add_plan_of(verbs, sub, "sessions", "of sessions", sessions_options);
  add_plan_of(verbs, sub, "metrics", "of metrics", metrics_options);
  add_plan_of(verbs, sub, "experiment", "of experiment", experiment_options);
}

}  // namespace assay::cli
