#pragma once

#include <functional>
#include <optional>
#include <string>

#include "assay/app/context.hpp"
#include "assay/report/render.hpp"

namespace assay::cli {

/// What the command line asks for.
struct Command {
  /// The verb with its options; empty when `text` already answers (help, version, schema, calc).
  std::function<Result<app::Outcome>(app::Context&)> run;
  std::string text;            ///< Printed as it is.
  std::optional<Error> error;  ///< The command line itself is wrong.
  report::Format format = report::Format::text;
  std::string output;  ///< File instead of stdout; empty: stdout.
  bool check = false;  ///< Exit 1 when the verdict is bad.
  bool quiet = false;
  bool colour = false;
  int width = 80;
  app::Context context;
};

/// Reads the command line. Never exits and never throws.
Command parse(int argc, const char* const* argv);

}  // namespace assay::cli
