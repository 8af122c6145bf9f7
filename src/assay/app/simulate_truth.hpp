#pragma once

#include <nlohmann/json_fwd.hpp>

#include "assay/simulation/truth.hpp"

namespace assay::app {

/// truth.json: everything planted and everything true, numbers that do not exist as null.
nlohmann::json truth_json(const simulation::Truth& truth);

/// Everything that decides what a world is; two equal texts are the same world.
nlohmann::json config_json(const simulation::WorldConfig& config);

}  // namespace assay::app
