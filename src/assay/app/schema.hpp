#pragma once

#include <string>

#include "assay/base/result.hpp"

namespace assay::app {

/// `assay schema KIND`: the JSON Schema of "project", "metrics" or "experiment" files.
/// Fails with invalid_spec on any other word.
Result<std::string> schema_text(const std::string& kind);

}  // namespace assay::app
