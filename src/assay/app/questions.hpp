#pragma once

#include <string>
#include <vector>

#include "assay/app/metrics_verb.hpp"
#include "assay/app/queries.hpp"
#include "assay/engine/query.hpp"
#include "assay/spec/project.hpp"

/// From the options of the verbs to query structs, for whoever answers or only plans them.
namespace assay::app {

/// What a question needs to know about its source.
struct Asked {
  const spec::Project* project = nullptr;  ///< Null for a data file.
  TimeZone timezone = TimeZone::utc();
  TimeUs complete_until = 0;
};

/// All fail with invalid_spec and name the option that is wrong.
Result<std::vector<engine::ActiveUsersQuery>> active_users_queries(
    const Asked& asked, const ActiveUsersOptions& options);
Result<engine::RetentionQuery> retention_query(const Asked& asked, const RetentionOptions& options);
Result<engine::SessionsQuery> sessions_query(const Asked& asked, const SessionsOptions& options);

/// `names`: of the steps, for people.
Result<engine::FunnelQuery> funnel_query(const Asked& asked, const FunnelOptions& options,
                                         std::vector<std::string>& names);

}  // namespace assay::app
