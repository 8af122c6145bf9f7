#pragma once

#include <filesystem>
#include <string>

#include "assay/app/context.hpp"
#include "assay/app/source_options.hpp"

namespace assay::app {

/// `assay audit PROJECT` or `assay audit DATA --user ... --time ... --event ...`.
/// judged_bad: a critical finding.
Result<Outcome> audit_verb(Context& context, const SourceOptions& options);

}  // namespace assay::app
