#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "assay/base/progress.hpp"
#include "assay/base/result.hpp"
#include "assay/base/time.hpp"
#include "assay/report/document.hpp"

namespace assay::app {

/// The version that stands in every result.
std::string_view version();

/// What every verb is given besides its own options, and what it says on the side.
struct Context {
  Progress progress;
  int threads = 0;                                  ///< 0: all that this process may use.
  std::size_t memory_bytes = std::size_t{4} << 30;  ///< Most memory of an index build.
  std::string command;                              ///< As typed, for the provenance.
  std::vector<Error> errors;                        ///< All errors of a spec, when several.
  std::vector<std::string> warnings;                ///< For stderr.
};

/// What a verb hands back.
struct Outcome {
  report::Document document;
  bool judged_bad = false;                     ///< With --check the exit code becomes 1.
  std::vector<std::filesystem::path> written;  ///< Files, in the order they were written.
};

/// How long the steps of a job took, in order.
struct Stage {
  std::string name;
  double seconds = 0.0;
};

/// Seconds since some fixed point; only differences mean something.
double seconds_now();

/// The clock of the machine, microseconds since 1970 UTC.
TimeUs now_us();

/// A provenance with version and command filled in.
report::Provenance provenance(const Context& context);

}  // namespace assay::app
