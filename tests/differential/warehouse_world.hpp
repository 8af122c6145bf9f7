#pragma once

#include "random_world.hpp"

namespace assay::differential {

/// A random world that a warehouse can answer exactly like the other engines: columns instead of
/// expressions, a sequence that orders the events of an instant, no two copies received at once.
World warehouse_world(std::uint64_t seed);

}  // namespace assay::differential
