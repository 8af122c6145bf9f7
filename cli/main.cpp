#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <iostream>
#include <string>

#include "assay/base/file.hpp"
#include "assay/report/render.hpp"
#include "parse.hpp"
#include "progress_line.hpp"

namespace {

std::atomic<bool> stop{false};

extern "C" void ask_to_stop(int /*signal*/) {
  if (stop.exchange(true)) _exit(130);  // The second time at once.
}

/// Prints what was asked for; false when nobody could take it.
bool print(const std::string& text) {
  std::cout << text << std::flush;
  if (std::cout) return true;
  std::cerr << to_text(assay::Error{assay::ErrorCode::unavailable, "cannot write the answer",
                                    "standard output", "check the disk, or use --output FILE", ""});
  return false;
}

int report_errors(const assay::Error& error, const assay::app::Context& context) {
  if (context.errors.empty()) {
    std::cerr << to_text(error);
  } else {
    for (const assay::Error& each : context.errors) std::cerr << to_text(each) << "\n";
  }
  return exit_code(error.code);
}

int run(assay::cli::Command command) {
  assay::cli::ProgressLine line(!command.quiet && isatty(STDERR_FILENO) != 0);
  command.context.progress.stop = &stop;
  command.context.progress.report = [&](std::string_view step, double share) {
    line.show(step, share);
  };
  auto outcome = command.run(command.context);
  line.clear();
  for (const std::string& warning : command.context.warnings)
    std::cerr << "note: " << warning << "\n";
  if (!outcome) return report_errors(outcome.error(), command.context);
  std::string text = assay::report::render(outcome->document, command.format,
                                           {.width = command.width, .colour = command.colour});
  if (!text.empty() && text.back() != '\n') text += '\n';
  if (command.output.empty()) {
    if (!print(text)) return 5;
  } else if (const auto written = assay::write_file(command.output, text); !written) {
    return report_errors(written.error(), command.context);
  } else {
    outcome->written.emplace_back(command.output);
  }
  if (!command.quiet) {
    for (const auto& path : outcome->written) std::cerr << "wrote " << path.string() << "\n";
  }
  return command.check && outcome->judged_bad ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGINT, ask_to_stop);
  std::signal(SIGTERM, ask_to_stop);
  try {
    assay::cli::Command command = assay::cli::parse(argc, argv);
    if (command.error) return report_errors(*command.error, command.context);
    if (!command.run) return print(command.text) ? 0 : 5;
    return run(std::move(command));
  } catch (const std::exception& error) {
    std::cerr
        << "error[internal]: " << error.what()
        << "\n  fix: this is a bug in assay; please report the command and the data's shape\n";
    return 70;
  }
}
