#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "assay/base/result.hpp"
#include "assay/distributed/audit_counts.hpp"
#include "assay/engine/database.hpp"
#include "assay/engine/relation.hpp"
#include "assay/ingest/audit.hpp"
#include "assay/ingest/detail/cube.hpp"

namespace assay::ingest::detail {

/// One audit while it runs: what every check reads and where it writes. Rows lie in files or in a
/// warehouse; there they are only counted, and what would need more is not run, with the reason.
struct Run {
  engine::Database* database = nullptr;                ///< Files; null for a warehouse.
  const distributed::AuditScope* warehouse = nullptr;  ///< A table there; null for files.
  const engine::Relation& relation;
  const AuditOptions& options;
  const Progress& progress;
  TimeUs now = 0;
  const Cube& cube;
  Audit& audit;
};

/// A value to show in examples: what it is called and its SQL over rows_sql.
struct Shown {
  std::string name;
  std::string sql;
};

/// Adds a finding; fills in its share and, when nothing was counted, takes effect and place away.
Finding& add(Run& run, Finding finding);
void not_run(Run& run, Check check, std::string kind, std::string reason);

/// Fetches the first rows of the source that meet a condition (over rows_sql) as examples, with
/// the event and the values named. A warehouse hands out no rows: there nothing is added.
Result<void> add_examples(Run& run, Finding& finding, const std::string& condition,
                          const std::vector<Shown>& columns = {});

/// The rules declared for a check.
std::vector<const AuditRule*> rules_for(const Run& run, Check check);

/// An expression as a person wrote it: a quoted column without its quotes.
std::string plain(std::string expression);
/// "1.3 %", "0.0042 %", "0 %".
std::string percent_text(double share);
/// "1 row", "1,234 rows".
std::string rows_text(std::int64_t count, std::string_view noun = "row");
/// "2026-05-04" or "2026-05-04 to 2026-05-07".
std::string days_text(Day first, Day last);
/// A count over a count; 0 when there is nothing to divide by.
double share_of(std::int64_t count, std::int64_t base);
/// "purchase by 1.3 %, view by 0.2 %": the events that lose or gain most of their rows.
std::string by_event_text(const std::vector<std::string>& events,
                          const std::vector<std::int64_t>& counts,
                          const std::vector<std::int64_t>& bases);

// The checks, each in its own file; each adds at least one finding or says why it did not run.
Result<void> check_readable(Run& run);
void check_missing(Run& run);
Result<void> check_ranges(Run& run);
Result<void> check_times(Run& run);
void check_volume(Run& run);
Result<void> check_event_names(Run& run);
Result<void> check_duplicates(Run& run);
Result<void> check_order(Run& run);
Result<void> check_unit_volume(Run& run);
Result<void> check_sequences(Run& run);
Result<void> check_schema(Run& run);
Result<void> check_ledgers(Run& run);

}  // namespace assay::ingest::detail
