#include "parse.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <iterator>
#include <map>
#include <memory>

#include "assay/app/audit.hpp"
#include "assay/app/calc.hpp"
#include "assay/app/demo.hpp"
#include "assay/app/experiment.hpp"
#include "assay/app/init.hpp"
#include "assay/app/metrics_verb.hpp"
#include "assay/app/plan_verb.hpp"
#include "assay/app/queries.hpp"
#include "assay/app/schema.hpp"
#include "assay/app/simulate.hpp"
#include "assay/app/verify.hpp"
#include "help_text.hpp"
#include "usage_error.hpp"
#include "words.hpp"

namespace assay::cli {
namespace {

constexpr const char* kFooter =
    "\nBegin with `assay demo`, or with your own events: `assay init events.parquet`.\n"
    "`assay VERB --help` tells the options of a verb.\n\n"
    "Exit codes: 0 fine, 1 --check failed, 2 bad spec or arguments, 3 bad data,\n"
    "4 undefined statistic, 5 engine or file unavailable, 70 a bug of ours,\n"
    "130 interrupted.";

/// Builds the parser; every verb keeps its options in a struct that outlives the parse.
class Parser {
 public:
  Parser() : app_("assay: from raw product events to a launch decision") {
    app_.require_subcommand(0, 1);
    app_.formatter(std::make_shared<HelpText>());
    app_.set_help_flag("--help,-h", "this page");
    app_.set_version_flag("--version", "assay " + std::string(app::version()), "the version");
    app_.get_formatter()->column_width(26);
    add_init();
    add_audit();
    add_index();
    add_active_users();
    add_retention();
    add_funnel();
    add_sessions();
    add_metrics();
    add_experiment();
    add_plan();
    add_verify();
    add_simulate();
    add_demo();
    add_calc();
    add_schema();
    app_.footer(kFooter);  // Last, or every verb inherits it.
  }

  Command parse(int argc, const char* const* argv);

 private:
  CLI::App* verb(const std::string& name, const std::string& description) {
    CLI::App* sub = app_.add_subcommand(name, description);
    add_everywhere(sub);
    return sub;
  }

  /// What every verb understands.
  void add_everywhere(CLI::App* sub) {
    sub->option_defaults()->group(kEverywhere);
    sub->set_help_flag("--help,-h", "this page");
    sub->add_option("--format", format_, "text, markdown, html, json or csv")
        ->type_name("FORMAT")
        ->capture_default_str();
    sub->add_option("--output,-o", command_.output, "write here instead of stdout")
        ->type_name("FILE");
    sub->add_option("--threads", command_.context.threads, "how many; 0: all")
        ->check(CLI::Range(0, 4096).description(""))
        ->type_name("N");
    sub->add_option("--memory", memory_, "most memory of an index build")
        ->type_name("SIZE")
        ->capture_default_str();
    sub->add_flag("--check", command_.check, "exit 1 when the verdict is bad");
    sub->add_flag("--quiet,-q", command_.quiet, "no progress on stderr");
    sub->option_defaults()->group("Options");
  }

  static void add_source(CLI::App* sub, app::SourceOptions& source) {
    sub->add_option("data", source.path, "project folder, or a data file as it is")
        ->default_str(".")
        ->required(false);
    sub->add_option("--source", source.source, "source of the project; the first unless named")
        ->type_name("NAME");
    sub->add_option("--timezone", source.timezone, "reporting zone; the project's unless named")
        ->type_name("ZONE");
    sub->add_option("--engine", source.engine,
                    "embedded, duckdb or a URL; the project's unless named")
        ->type_name("NAME");
    sub->option_defaults()->group(kColumns);
    sub->add_option("--user", source.user, "who")->type_name("COLUMN");
    sub->add_option("--time", source.time, "when")->type_name("COLUMN");
    sub->add_option("--event", source.event, "what happened")->type_name("COLUMN");
    sub->add_option("--constant-event", source.constant_event,
                    "without event names: what every row is")
        ->type_name("WORD");
    sub->add_option("--table", source.table, "of a DuckDB file")->type_name("TABLE");
    sub->option_defaults()->group("Options");
  }

  template <class Options>
  void on(CLI::App* sub, std::shared_ptr<Options> options,
          Result<app::Outcome> (*run)(app::Context&, const Options&)) {
    sub->callback([this, options, run] {
      command_.run = [options, run](app::Context& context) { return run(context, *options); };
    });
  }

  void add_init() {
    auto options = std::make_shared<app::InitOptions>();
    CLI::App* sub = verb("init", "write a first assay.yaml from a data file, and say why");
    sub->add_option("data", options->data, "file, folder or glob")->required();
    sub->add_option("--folder", options->folder, "project folder; here unless given")
        ->type_name("FOLDER");
    sub->add_option("--table", options->table, "DuckDB file: table")->type_name("TABLE");
    sub->add_option("--constant-event", options->constant_event, "what every row is")
        ->type_name("WORD");
    sub->add_option("--timezone", options->timezone, "reporting time zone")
        ->capture_default_str()
        ->type_name("ZONE");
    sub->add_flag("--force", options->force, "overwrite an assay.yaml");
    on(sub, options, app::init_verb);
  }

  void add_audit() {
    auto options = std::make_shared<app::SourceOptions>();
    CLI::App* sub = verb("audit", "what is wrong with the data, and what that moves");
    add_source(sub, *options);
    on(sub, options, app::audit_verb);
  }

  void add_index() {
    auto options = std::make_shared<app::IndexOptions>();
    CLI::App* sub = verb("index", "make the event index current");
    add_source(sub, options->source);
    sub->add_flag("--force", options->force, "build anew");
    sub->add_flag("--verify", options->verify, "read every byte and compare checksums");
    on(sub, options, app::index_verb);
  }

  static void active_users_options(CLI::App* sub, app::ActiveUsersOptions& options) {
    add_source(sub, options.source);
    sub->add_option("--events", options.events, "events that count; any unless given")
        ->type_name("A,B")
        ->delimiter(',')
        ->allow_extra_args(false);
    sub->add_option("--trailing", options.trailing, "lengths in days")
        ->delimiter(',')
        ->allow_extra_args(false)
        ->type_name("N,N");
  }

  void add_active_users() {
    auto options = std::make_shared<app::ActiveUsersOptions>();
    CLI::App* sub = verb("active-users", "distinct users by day, week and month");
    active_users_options(sub, *options);
    on(sub, options, app::active_users_verb);
  }

  static void retention_options(CLI::App* sub, app::RetentionOptions& options) {
    add_source(sub, options.source);
    sub->add_option("--start", options.start, "start events; any unless given")
        ->type_name("A,B")
        ->delimiter(',')
        ->allow_extra_args(false);
    sub->add_option("--return", options.returning, "return events; any unless given")
        ->type_name("A,B")
        ->delimiter(',')
        ->allow_extra_args(false);
    sub->add_option("--where", options.where, "filter on both")->type_name("FILTER");
    sub->add_flag("--recurring", options.recurring, "enter on every day with a start");
    sub->add_option("--days", options.max_day, "last day")->capture_default_str()->type_name("N");
  }

  void add_retention() {
    auto options = std::make_shared<app::RetentionOptions>();
    CLI::App* sub = verb("retention", "who comes back on day N");
    retention_options(sub, *options);
    on(sub, options, app::retention_verb);
  }

  static void funnel_options(CLI::App* sub, app::FunnelOptions& options) {
    add_source(sub, options.source);
    sub->add_option("--funnel", options.funnel, "funnel of the project; the first unless named")
        ->type_name("NAME");
    sub->add_option("--steps", options.steps, "event names in order")
        ->delimiter(',')
        ->allow_extra_args(false)
        ->type_name("A,B,C");
    sub->add_option("--window", options.window, "time from the first to the last step")
        ->capture_default_str()
        ->type_name("TIME");
  }

  void add_funnel() {
    auto options = std::make_shared<app::FunnelOptions>();
    CLI::App* sub = verb("funnel", "how far users get through ordered steps");
    funnel_options(sub, *options);
    on(sub, options, app::funnel_verb);
  }

  static void sessions_options(CLI::App* sub, app::SessionsOptions& options) {
    add_source(sub, options.source);
    sub->add_option("--events", options.events, "events that make sessions")
        ->delimiter(',')
        ->allow_extra_args(false)
        ->type_name("A,B");
    sub->add_option("--gap", options.gap, "longest pause inside a session")
        ->capture_default_str()
        ->type_name("TIME");
  }

  void add_sessions() {
    auto options = std::make_shared<app::SessionsOptions>();
    CLI::App* sub = verb("sessions", "sessions by a gap in activity");
    sessions_options(sub, *options);
    on(sub, options, app::sessions_verb);
  }

  static void metrics_options(CLI::App* sub, app::MetricsOptions& options) {
    add_source(sub, options.source);
    sub->add_option("--metric", options.metrics, "names; all unless given")
        ->delimiter(',')
        ->allow_extra_args(false)
        ->type_name("A,B");
    sub->add_option("--active", options.active, "events that make a unit count; any unless given")
        ->delimiter(',')
        ->allow_extra_args(false)
        ->type_name("A,B");
    sub->add_option("--from", options.from, "first day; of the data unless given")
        ->type_name("DAY");
    sub->add_option("--to", options.to, "last day; of the data unless given")->type_name("DAY");
    sub->add_option("--by", options.by, "day, week or month: a value for each")->type_name("GRAIN");
    sub->add_flag("--refresh", options.refresh, "a warehouse by day: ask kept days again");
  }

  void add_metrics() {
    auto options = std::make_shared<app::MetricsOptions>();
    CLI::App* sub = verb("metrics", "metrics of the catalogue over days");
    metrics_options(sub, *options);
    on(sub, options, app::metrics_verb);
  }

  static void experiment_options(CLI::App* sub, app::ExperimentOptions& options) {
    sub->add_option("spec", options.spec, "experiments/NAME.yaml of a project")->required();
    sub->add_option("--engine", options.engine,
                    "embedded, duckdb or a URL; the project's unless named")
        ->type_name("NAME");
    sub->add_option("--out", options.out, "folder of the pages; <project>/out unless given")
        ->type_name("FOLDER");
    sub->add_flag_callback(
        "--no-files", [&options] { options.write_files = false; }, "print only, write no page");
  }

  void add_experiment() {
    auto options = std::make_shared<app::ExperimentOptions>();
    CLI::App* sub = verb("experiment", "check, estimate, decide and write the readout");
    experiment_options(sub, *options);
    on(sub, options, app::experiment_verb);
  }

  /// A question below `plan`: the words of its verb, and nothing is asked.
  template <class Options>
  void add_plan_of(CLI::App* plan, const std::string& name, const std::string& description,
                   void (*add_options)(CLI::App*, Options&)) {
    auto options = std::make_shared<Options>();
    auto planning = std::make_shared<app::PlanOptions>();
    CLI::App* sub = plan->add_subcommand(name, description);
    add_everywhere(sub);
    add_options(sub, *options);
    sub->option_defaults()->group(kPlan);
    sub->add_flag("--offline", planning->offline, "ask nobody: SQL alone, types from the spec");
    sub->add_option("--dialect", planning->dialect,
                    "offline, in SQL of trino, spark, clickhouse, duckdb")
        ->type_name("NAME");
    sub->option_defaults()->group("Options");
    sub->callback([this, options, planning] {
      command_.run = [options, planning](app::Context& context) {
        planning->question = *options;
        return app::plan_verb(context, *planning);
      };
    });
  }

  void add_plan() {
    CLI::App* sub = app_.add_subcommand("plan", "before a verb: what it would ask a warehouse");
    sub->set_help_flag("--help,-h", "this page");
    sub->require_subcommand(1);
    add_plan_of(sub, "active-users", "of active-users", active_users_options);
    add_plan_of(sub, "retention", "of retention", retention_options);
    add_plan_of(sub, "funnel", "of funnel", funnel_options);
    add_plan_of(sub, "sessions", "of sessions", sessions_options);
    add_plan_of(sub, "metrics", "of metrics", metrics_options);
    add_plan_of(sub, "experiment", "of experiment", experiment_options);
  }

  void add_verify() {
    auto options = std::make_shared<app::VerifyOptions>();
    CLI::App* sub = verb("verify", "compare the index's answers with plain SQL");
    add_source(sub, options->source);
    sub->add_option("--experiment", options->experiment, "also this experiment")->type_name("FILE");
    on(sub, options, app::verify_verb);
  }

  void add_simulate() {
    auto options = std::make_shared<app::SimulateOptions>();
    CLI::App* sub = verb("simulate", "a short-video world whose true effects are known");
    sub->add_option("folder", options->folder, "where to write")->required();
    sub->add_option("--preset", options->preset, "ship, harmful, null or broken")
        ->capture_default_str()
        ->type_name("NAME");
    add_events(sub, options->events);
    sub->add_option("--users", options->users, "so many users, instead of events")
        ->check(CLI::Range(std::int64_t{1}, std::int64_t{1'000'000'000}).description(""))
        ->type_name("N");
    sub->add_option("--seed", options->seed, "seed")->capture_default_str()->type_name("N");
    sub->add_flag("--sample-ratio-fault", options->sample_ratio_fault,
                  "lose treatment's assignments on one app version");
    sub->add_option("--project", options->project, "copy the YAML files of this project in")
        ->type_name("FOLDER");
    on(sub, options, app::simulate_verb);
  }

  void add_demo() {
    auto options = std::make_shared<app::DemoOptions>();
    CLI::App* sub = verb("demo", "the main job end to end on a simulated world");
    sub->add_option("--folder", options->folder, "where to work")
        ->capture_default_str()
        ->type_name("FOLDER");
    sub->add_option("--project", options->project, "YAML files")
        ->capture_default_str()
        ->type_name("FOLDER");
    sub->add_option("--preset", options->preset, "ship, harmful, null or broken")
        ->capture_default_str()
        ->type_name("NAME");
    add_events(sub, options->events);
    sub->add_option("--seed", options->seed, "seed")->capture_default_str()->type_name("N");
    sub->add_flag("--sample-ratio-fault", options->sample_ratio_fault,
                  "lose treatment's assignments on one app version");
    on(sub, options, app::demo_verb);
  }

  void add_events(CLI::App* sub, std::int64_t& events) {
    sub->add_option_function<std::string>(
           "--events",
           [this, &events](const std::string& text) {
             const auto count = app::parse_count(text);
             if (count) {
               events = *count;
             } else {
               command_.error = count.error();
               command_.error->where = "--events";
             }
           },
           "about so many (20M, 500k)")
        ->type_name("N")
        ->default_str("20M");
  }

  void add_calc() {
    CLI::App* sub = app_.add_subcommand("calc", "any statistical method, from summary numbers");
    calc_ = sub;
    sub->allow_extras();
    sub->set_help_flag();
    sub->add_flag("--list", calc_list_, "every method with its inputs");
    sub->add_flag("--help,-h", calc_help_, "inputs, outputs, definition and source");
    sub->add_option("--input", calc_input_, "a JSON object; - reads stdin");
    sub->add_option("--format", format_, "text or json")->capture_default_str();
    sub->callback([this] { run_calc(); });
  }

  void add_schema() {
    CLI::App* sub = app_.add_subcommand("schema", "the JSON Schema of a kind of YAML file");
    sub->set_help_flag("--help,-h", "this page");
    sub->add_option("kind", schema_kind_, "project, metrics or experiment")->required();
    sub->callback([this] {
      auto text = app::schema_text(schema_kind_);
      if (text) {
        command_.text = *text;
      } else {
        command_.error = text.error();
      }
    });
  }

  void run_calc();
  Result<std::optional<std::string>> calc_json();

  CLI::App app_;
  Command command_;
  std::string format_ = "text";
  std::string memory_ = "4G";
  std::string schema_kind_;
  CLI::App* calc_ = nullptr;
  bool calc_list_ = false;
  bool calc_help_ = false;
  std::string calc_input_;
};

Result<std::optional<std::string>> Parser::calc_json() {
  if (calc_input_.empty()) return std::optional<std::string>{};
  if (calc_input_ != "-") return std::optional<std::string>{calc_input_};
  return std::optional<std::string>{std::string(std::istreambuf_iterator<char>(std::cin), {})};
}

void Parser::run_calc() {
  std::vector<std::string> words = calc_->remaining();
  const bool json = format_ == "json";
  if (!json && format_ != "text") {
    command_.error = Error{ErrorCode::invalid_spec, "calc has no output format `" + format_ + "`",
                           "--format", "write one of these", "text, json"};
    return;
  }
  const auto answer = [&]() -> Result<app::CalcOutput> {
    if (calc_list_ || words.empty()) return app::list_calc();
    const std::string method = words.front();
    if (method.starts_with("-")) {
      return fail(
          ErrorCode::invalid_spec, "no method is named before `" + method + "`", "calc",
          "write the method first: assay calc two-proportion --x1 ...; see assay calc list");
    }
    words.erase(words.begin());
    if (calc_help_) return app::describe_calc(method);
    std::map<std::string, std::string> options;
    ASSAY_TRY(options, calc_options(words));
    std::optional<std::string> input;
    ASSAY_TRY(input, calc_json());
    return app::run_calc(method, options, input);
  };
  auto output = answer();
  if (!output) {
    command_.error = output.error();
    return;
  }
  command_.text = json ? output->json : output->text;
}

Command Parser::parse(int argc, const char* const* argv) {
  for (int i = 0; i < argc; ++i)
    command_.context.command += (i == 0 ? "assay" : std::string(" ") + argv[i]);
  try {
    app_.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    const CLI::App* used = &app_;
    while (!used->get_subcommands().empty()) used = used->get_subcommands().back();
    command_.text = used->help();
  } catch (const CLI::CallForVersion&) {
    command_.text = "assay " + std::string(app::version()) + "\n";
  } catch (const CLI::ParseError& error) {
    command_.error = usage_error(app_, error, {argv + std::min(1, argc), argv + argc});
  } catch (const std::exception& error) {
    command_.error = Error{ErrorCode::internal, error.what(), "", "", ""};
  }
  if (command_.error || !command_.text.empty()) return std::move(command_);
  if (!command_.run) {
    command_.text = app_.help();
    return std::move(command_);
  }
  if (const auto format = report::parse_format(format_)) {
    command_.format = *format;
  } else {
    command_.error = format.error();
  }
  command_.context.memory_bytes = parse_bytes(memory_);
  if (command_.context.memory_bytes == 0) {
    command_.error = Error{ErrorCode::invalid_spec, "not a size of memory: `" + memory_ + "`",
                           "--memory", "write for example 2G; at least 64M", ""};
  }
  return std::move(command_);
}

}  // namespace

Command parse(int argc, const char* const* argv) {
  auto parser = std::make_unique<Parser>();
  Command command = parser->parse(argc, argv);
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 40)
    command.width = std::min<int>(size.ws_col, 120);
  command.colour = isatty(STDOUT_FILENO) != 0 && std::getenv("NO_COLOR") == nullptr;
  return command;
}

}  // namespace assay::cli
