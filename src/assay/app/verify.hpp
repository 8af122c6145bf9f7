#pragma once

#include <filesystem>

#include "assay/app/context.hpp"
#include "assay/app/source_options.hpp"

namespace assay::app {

/// `assay verify`: runs every query of a project (active users, retention, its funnels, sessions,
/// an experiment when one is named) on the event index and again as SQL (where `engine`
/// names a warehouse: there, when the source has files too), and compares.
/// judged_bad: an answer differs (counts at all, moments by more than 1e-9 relative).
struct VerifyOptions {
  SourceOptions source;
  std::filesystem::path experiment;  ///< Empty: none.
};
Result<Outcome> verify_verb(Context& context, const VerifyOptions& options);

}  // namespace assay::app
