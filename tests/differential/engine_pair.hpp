#pragma once

#include <filesystem>
#include <memory>

#include "assay/engine/duckdb_engine.hpp"
#include "assay/engine/embedded.hpp"
#include "random_world.hpp"

namespace assay::differential {

/// The same log behind both engines of one machine; gone with the object.
struct Pair {
  World world;
  std::filesystem::path folder;
  std::unique_ptr<engine::EmbeddedEngine> index;
  std::unique_ptr<engine::DuckdbEngine> sql;

  ~Pair();
};

/// Nothing when no event of the log is left to count.
std::unique_ptr<Pair> make_pair_of(World world);

/// The same over files that are there already; the world is its source alone.
std::unique_ptr<Pair> make_pair_over(const engine::Source& source);

}  // namespace assay::differential
