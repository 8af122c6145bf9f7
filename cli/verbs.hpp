#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "assay/app/experiment.hpp"
#include "assay/app/metrics_verb.hpp"
#include "assay/app/power.hpp"
#include "assay/app/queries.hpp"
#include "assay/app/source_options.hpp"
#include "parse.hpp"

namespace assay::cli {

/// Where verbs are declared: the parser and the command that it fills. Options of a verb live in
/// a shared struct, so that they outlive the declaration.
struct Verbs {
  CLI::App& parser;
  Command& command;
  std::string format = "text";
  std::string memory = "4G";

  CLI::App* verb(const std::string& name, const std::string& description) {
    CLI::App* sub = parser.add_subcommand(name, description);
    add_everywhere(sub);
    return sub;
  }

  /// What every verb understands.
  void add_everywhere(CLI::App* sub);

  /// A project or a data file, and the columns of one.
  static void add_source(CLI::App* sub, app::SourceOptions& source);

  template <class Options>
  void on(CLI::App* sub, std::shared_ptr<Options> options,
          Result<app::Outcome> (*run)(app::Context&, const Options&)) {
    sub->callback([this, options, run] {
      command.run = [options, run](app::Context& context) { return run(context, *options); };
    });
  }
};

/// Verbs by theme, in the order of the help page.
void add_data_verbs(Verbs& verbs);        ///< init, audit, index.
void add_analytics_verbs(Verbs& verbs);   ///< active-users ... metrics.
void add_experiment_verbs(Verbs& verbs);  ///< experiment and what stands around it.
void add_plan_verb(Verbs& verbs);         ///< plan, of the questions above.
void add_world_verbs(Verbs& verbs);       ///< verify, simulate, demo, schema.
void add_calc_verb(Verbs& verbs);

// Options that `plan` shares with the verbs themselves.
void active_users_options(CLI::App* sub, app::ActiveUsersOptions& options);
void retention_options(CLI::App* sub, app::RetentionOptions& options);
void funnel_options(CLI::App* sub, app::FunnelOptions& options);
void sessions_options(CLI::App* sub, app::SessionsOptions& options);
void metrics_options(CLI::App* sub, app::MetricsOptions& options);
void experiment_options(CLI::App* sub, app::ExperimentOptions& options);

}  // namespace assay::cli
