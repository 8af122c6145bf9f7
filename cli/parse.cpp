#include "parse.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <memory>

#include "help_text.hpp"
#include "usage_error.hpp"
#include "verbs.hpp"
#include "words.hpp"

namespace assay::cli {
namespace {

constexpr const char* kFooter =
    "\nBegin with `assay demo`, or with your own events: `assay init events.parquet`.\n"
    "`assay VERB --help` tells the options of a verb.\n\n"
    "Exit codes: 0 fine, 1 --check failed, 2 bad spec or arguments, 3 bad data,\n"
    "4 undefined statistic, 5 engine or file unavailable, 70 a bug of ours,\n"
    "130 interrupted.";

void declare(Verbs& verbs) {
  CLI::App& app = verbs.parser;
  app.require_subcommand(0, 1);
  app.formatter(std::make_shared<HelpText>());
  app.set_help_flag("--help,-h", "this page");
  app.set_version_flag("--version", "assay " + std::string(app::version()), "the version");
  app.get_formatter()->column_width(26);
  add_data_verbs(verbs);
  add_analytics_verbs(verbs);
  add_experiment_verbs(verbs);
  add_plan_verb(verbs);
  add_world_verbs(verbs);
  add_calc_verb(verbs);
  app.footer(kFooter);  // Last, or every verb inherits it.
}

Command parse_words(int argc, const char* const* argv) {
  CLI::App app("assay: from raw product events to a launch decision");
  Command command;
  Verbs verbs{app, command};
  declare(verbs);
  for (int i = 0; i < argc; ++i)
    command.context.command += (i == 0 ? "assay" : std::string(" ") + argv[i]);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    const CLI::App* used = &app;
    while (!used->get_subcommands().empty()) used = used->get_subcommands().back();
    command.text = used->help();
  } catch (const CLI::CallForVersion&) {
    command.text = "assay " + std::string(app::version()) + "\n";
  } catch (const CLI::ParseError& error) {
    command.error = usage_error(app, error, {argv + std::min(1, argc), argv + argc});
  } catch (const std::exception& error) {
    command.error = Error{ErrorCode::internal, error.what(), "", "", ""};
  }
  if (command.error || !command.text.empty()) return command;
  if (!command.run) {
    command.text = app.help();
    return command;
  }
  if (const auto format = report::parse_format(verbs.format)) {
    command.format = *format;
  } else {
    command.error = format.error();
  }
  command.context.memory_bytes = parse_bytes(verbs.memory);
  if (command.context.memory_bytes == 0) {
    command.error = Error{ErrorCode::invalid_spec, "not a size of memory: `" + verbs.memory + "`",
                          "--memory", "write for example 2G; at least 64M", ""};
  }
  return command;
}

}  // namespace

Command parse(int argc, const char* const* argv) {
  Command command = parse_words(argc, argv);
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 40)
    command.width = std::min<int>(size.ws_col, 120);
  command.colour = isatty(STDOUT_FILENO) != 0 && std::getenv("NO_COLOR") == nullptr;
  return command;
}

}  // namespace assay::cli
