#pragma once

#include <string>
#include <vector>

#include "assay/base/progress.hpp"
#include "assay/base/result.hpp"
#include "assay/engine/database.hpp"
#include "assay/numerics/moments.hpp"

/// Behind duckdb_engine.hpp: moments as SQL computes them.
namespace assay::engine {

/// Moments of some columns over the rows of one group.
struct GroupMoments {
  std::vector<std::string> keys;  ///< Values of the group columns as text.
  numerics::CoMoments moments;
};

struct MomentsRequest {
  std::string from;                    ///< Table or subquery in parentheses.
  std::vector<std::string> groups;     ///< Expressions; none: one group of all rows.
  std::vector<std::string> variables;  ///< DOUBLE expressions without missing values.
};

/// Count, means and centred sums of products by two passes with compensated sums, one entry a
/// group that has rows.
Result<std::vector<GroupMoments>> moments_of(Database& database, const MomentsRequest& request,
                                             const Progress& progress);

}  // namespace assay::engine
