#pragma once

#include <filesystem>
#include <string>

#include "assay/engine/query.hpp"
#include "assay/engine/source.hpp"

/// Public event logs, and what tests on a cluster ask of them.
namespace assay::cluster {

/// One question of each kind.
struct Questions {
  engine::ActiveUsersQuery active_users;
  engine::RetentionQuery retention;
  engine::FunnelQuery funnel;
  engine::SessionsQuery sessions;
  engine::UnitTotalsQuery totals;
  engine::SeriesQuery series;
};

struct RealLog {
  std::string name;
  std::string file;       ///< Below real_data().
  std::string select;     ///< For DuckDB, {} stands for the file; times as wall clocks of UTC.
  std::string columns;    ///< Of `select`, as Trino declares them.
  engine::Source source;  ///< Without paths.
  Questions ask;
};

/// Where the public data lie; the folder may be absent.
std::filesystem::path real_data();

/// 197,766 commits, merges and integrations of rails/rails, 2004 to 2026.
RealLog rails();

/// 31,106 events of 600 users of a shop in half a year (made by the authors of retentioneering).
RealLog shop();

}  // namespace assay::cluster
