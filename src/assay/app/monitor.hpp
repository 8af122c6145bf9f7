#pragma once

#include <filesystem>
#include <string>

#include "assay/app/context.hpp"
#include "assay/app/experiment.hpp"

namespace assay::app {

struct RegisterOptions {
  std::filesystem::path spec;  ///< experiments/NAME.yaml
  std::string engine;          ///< Empty: the project's.
  std::string reason;          ///< Why registered rules are written anew.
};

/// `assay register`: writes the hash of the rules into PROJECT/registry, with the time and whether
/// any unit was assigned in the data by then, and says how the looks will be read.
/// Registering the same rules again changes nothing. Fails with invalid_spec when other rules are
/// registered and no reason is given; as loading the spec and opening the engine do, a source
/// without any data excepted.
Result<Outcome> register_verb(Context& context, const RegisterOptions& options);

/// `assay monitor`: one look at a running experiment, kept in PROJECT/registry and read as strictly
/// as the looks so far ask for. judged_bad: stopped for harm, or a failed check.
Result<Outcome> monitor_verb(Context& context, const ExperimentOptions& options);

}  // namespace assay::app
