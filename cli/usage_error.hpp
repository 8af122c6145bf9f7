#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "assay/base/result.hpp"

namespace assay::cli {

/// A mistyped verb or option, with the nearest that exists. `words`: as typed, without the program.
Error usage_error(const CLI::App& app, const CLI::ParseError& error,
                  const std::vector<std::string>& words);

}  // namespace assay::cli
