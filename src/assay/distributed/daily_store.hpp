#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "assay/base/result.hpp"
#include "assay/base/time.hpp"
#include "assay/distributed/event_table.hpp"
#include "assay/engine/query.hpp"

/// What a project keeps of days that were asked before: counts and moments, never rows.
namespace assay::distributed {

/// A folder of files, one a question: PROJECT/.assay/daily.
struct DailyStore {
  std::filesystem::path folder;
  std::string table;  ///< As of table_text.
};

/// One local day as it was answered.
struct StoredDay {
  engine::UnitTotals totals;
  TimeUs as_of = 0;  ///< How far the data went when it was asked.
};

using StoredDays = std::map<Day, StoredDay>;

/// Which events an engine answers from: engine, table, and how its columns read.
std::string table_text(std::string_view engine, const EventTableSpec& spec);

/// All that an answer depends on, the days apart: two series with equal texts are one question.
std::string series_text(const engine::SeriesQuery& query);

/// The file of a question. Its name is a hash of table, question and time zone.
std::filesystem::path daily_file(const DailyStore& store, const engine::SeriesQuery& query);

/// The days that are kept; no file, no days. Fails with invalid_data when the file is damaged, cut,
/// of another version or of another question; unavailable when it cannot be read.
Result<StoredDays> read_days(const DailyStore& store, const engine::SeriesQuery& query);

/// Replaces the file as a whole: a crash leaves the old one. Numbers are kept bit for bit. Days of
/// two writers at once do not mix: the last one's stand, and the other's are asked again.
/// Fails with unavailable (no permission, disk full).
Result<void> write_days(const DailyStore& store, const engine::SeriesQuery& query,
                        const StoredDays& days);

}  // namespace assay::distributed
