#pragma once

// Made-up events for the tests of this room: rows, batches of them, and what an index over them
// must say, worked out the slow and obvious way.

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "assay/events/builder.hpp"
#include "assay/events/index.hpp"
#include "assay/events/schema.hpp"
#include "assay/frame/table.hpp"

namespace assay::events::made {

struct Row {
  std::optional<std::int64_t> unit;  ///< Shown as "unit-N-..." when units are texts.
  std::optional<TimeUs> time;
  std::optional<std::string> event;
  std::optional<std::int64_t> sequence;
  std::optional<TimeUs> ingest;
  std::optional<std::string> insert_id;
  std::optional<double> amount;
  std::optional<std::int64_t> count;
  std::optional<std::string> country;
};

struct Rules {
  bool text_units = false;
  bool sequence = false;
  bool dedup = false;
  bool ingest = false;
  bool quarantine = false;
  std::int64_t within_us = 50;
};

/// Properties amount, count, country, event; keys insert_id and count.
Schema schema_of(const Rules& rules);

/// Rows with missing values, ties, late events and, with a few insert_ids, duplicates.
std::vector<Row> random_rows(std::mt19937_64& random, std::size_t rows, std::size_t units);

/// Hands rows to a builder in batches of `batch_rows`.
Result<void> add(IndexBuilder& builder, const std::vector<Row>& rows, const Rules& rules,
                 std::size_t batch_rows);

/// Builds an index from several lots of rows: the first by create, the others by extend.
/// Returns the report of the last.
Result<BuildReport> build(const std::filesystem::path& folder,
                          const std::vector<std::vector<Row>>& lots, const Rules& rules,
                          const BuildOptions& options = {}, std::size_t batch_rows = 100);

/// One event in words: time, event name and properties.
using Events = std::map<std::string, std::vector<std::string>>;  ///< By unit key, in order.

/// What the index says.
Events read(const Index& index);

/// What it should say, and what became of the rows.
struct Expected {
  Events events;
  RowCounts counts;
};
Expected expected(const std::vector<Row>& rows, const Rules& rules);

/// All arrays of all partitions, byte for byte, merged over the segments, with the unit keys.
std::string arrays(const Index& index);

/// A folder of its own for the running test, empty at first and removed at the end.
class Folder {
 public:
  Folder();
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] std::filesystem::path operator/(const std::string& name) const {
    return path_ / name;
  }

 private:
  std::filesystem::path path_;
};

/// The content of every file of an index folder but the lock, by name.
std::map<std::string, std::string> files_of(const std::filesystem::path& folder);

}  // namespace assay::events::made
