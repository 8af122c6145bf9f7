#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "assay/base/result.hpp"
#include "assay/frame/table.hpp"

namespace assay::events {

/// A named, typed column: a property that the index keeps, or a part of a deduplication key.
struct Property {
  std::string name;
  frame::Type type = frame::Type::int64;

  friend bool operator==(const Property&, const Property&) = default;
};

/// When two events are the same one, sent twice.
///
/// Of the events of one unit, taken in order of (ingest time, arrival), each is dropped whose
/// keys equal those of an event already kept that lies at most `within_us` away in event time.
/// Without an ingest_time column arrival alone counts; a missing ingest time counts as last.
/// Missing keys equal one another, but an event whose keys are all missing is never dropped.
struct DedupPolicy {
  std::vector<Property> keys;  ///< Columns that make the key, beside the unit; empty: no dedup.
  std::int64_t within_us = std::numeric_limits<std::int64_t>::max();  ///< Inclusive; max: ever.

  friend bool operator==(const DedupPolicy&, const DedupPolicy&) = default;
};

/// What an index is made of and by which rules. A role names a column; one column may play
/// several roles (a property may also be a key), then its types must agree.
struct Schema {
  Property unit{"user_id", frame::Type::int64};  ///< int64 or text.
  std::string time = "ts";                       ///< A time_us column.
  std::string event = "event";                   ///< A text column.
  std::string sequence;                          ///< int64; breaks ties of time; "": none.
  std::string ingest_time;                       ///< time_us; "": none.
  DedupPolicy dedup;
  bool quarantine_future = false;  ///< Leave out events stamped later than ...
  std::int64_t max_skew_us = 0;    ///< ... their ingest time plus this; needs ingest_time.
  std::vector<Property> properties;

  /// The columns of every batch, in the order that IndexBuilder::add expects: unit, time, event,
  /// sequence, ingest_time, keys, properties; a name that came before is not repeated.
  [[nodiscard]] std::vector<Property> columns() const;

  friend bool operator==(const Schema&, const Schema&) = default;
};

/// Fails with invalid_spec when a name is empty or used with two types, a property is named
/// twice, the unit is neither int64 nor text, or a rule needs a column that is not there.
Result<void> check(const Schema& schema);

/// A file or table that went into an index, and the fingerprint of its content.
struct Source {
  std::string name;
  std::string fingerprint;

  friend bool operator==(const Source&, const Source&) = default;
};

/// Rows read and what became of them, summed over everything that went into an index.
/// rows_read = events + missing_unit + missing_time + quarantined_future + duplicates_removed.
struct RowCounts {
  std::int64_t rows_read = 0;
  std::int64_t events = 0;              ///< Kept.
  std::int64_t missing_unit = 0;        ///< Left out: no unit.
  std::int64_t missing_time = 0;        ///< Left out: a unit, but no time.
  std::int64_t quarantined_future = 0;  ///< Left out: stamped too far after its ingest time.
  std::int64_t duplicates_removed = 0;  ///< Left out by the DedupPolicy.
  std::int64_t missing_event = 0;       ///< Kept, without an event name.
  std::int64_t out_of_order = 0;  ///< Kept, arrived after a later event of the unit (in one build).

  friend bool operator==(const RowCounts&, const RowCounts&) = default;
};

}  // namespace assay::events
