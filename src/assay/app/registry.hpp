#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "assay/base/result.hpp"
#include "assay/decision/registration.hpp"

/// The memory of experiments on disk: one JSON file each in PROJECT/registry, meant to be kept
/// under version control with the specs.
namespace assay::app {

/// PROJECT/registry/NAME.json
std::filesystem::path registration_path(const std::filesystem::path& project,
                                        const std::string& experiment);

/// What is kept of an experiment; nothing yet is an empty memory.
/// Fails with unavailable (not readable) and invalid_data (not what this program writes, with the
/// place in the file).
Result<decision::Registration> read_registration(const std::filesystem::path& project,
                                                 const std::string& experiment);

/// Replaces the file at once or not at all.
Result<void> write_registration(const std::filesystem::path& project,
                                const decision::Registration& registration);

/// All experiments that are kept, by name. A file that does not read fails the whole.
Result<std::vector<decision::Registration>> all_registrations(const std::filesystem::path& project);

}  // namespace assay::app
