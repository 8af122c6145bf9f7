#pragma once

#include <string>
#include <vector>

#include "assay/app/context.hpp"
#include "assay/app/source_options.hpp"

namespace assay::app {

/// Days, weeks and months of active users, by the trailing days asked for.
struct ActiveUsersOptions {
  SourceOptions source;
  std::vector<std::string> events;  ///< Empty: any event.
  std::vector<int> trailing{1, 7, 28};
};
Result<Outcome> active_users_verb(Context& context, const ActiveUsersOptions& options);

struct RetentionOptions {
  SourceOptions source;
  std::vector<std::string> start;  ///< Empty: any event.
  std::vector<std::string> returning;
  std::string where;       ///< Filter on both.
  bool recurring = false;  ///< Entry on every day with a start; else the first one.
  int max_day = 28;
};
Result<Outcome> retention_verb(Context& context, const RetentionOptions& options);

struct FunnelOptions {
  SourceOptions source;
  std::string funnel;              ///< Name of a funnel of the project ...
  std::vector<std::string> steps;  ///< ... or event names in order.
  std::string window = "7d";       ///< For steps.
};
Result<Outcome> funnel_verb(Context& context, const FunnelOptions& options);

struct SessionsOptions {
  SourceOptions source;
  std::vector<std::string> events;
  std::string gap = "30m";
};
Result<Outcome> sessions_verb(Context& context, const SessionsOptions& options);

/// `assay index`: makes the index current and says what was done.
struct IndexOptions {
  SourceOptions source;
  bool force = false;
  bool verify = false;  ///< Also read every byte and compare checksums.
};
Result<Outcome> index_verb(Context& context, const IndexOptions& options);

}  // namespace assay::app
