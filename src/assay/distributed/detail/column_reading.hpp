#pragma once

#include <string>

#include "assay/base/result.hpp"
#include "assay/distributed/event_table.hpp"

/// How the columns of a table read as unit, time, event name and properties.
namespace assay::distributed {

/// The real name of the column that a source's expression says ("ts", or "\"ts\"" in quotes; letter
/// case counts only where two columns differ by nothing else). Fails with invalid_spec.
Result<std::string> column_named(const EventTable& table, const std::string& expression,
                                 const std::string& role);

/// A column as a value of a type; missing where it does not read as one. Fails with invalid_spec
/// when engines would not all read the same: real numbers as text or whole numbers, texts as truth.
Result<sql::Expression> value_of(const EventTable& table, const std::string& column,
                                 frame::Type type, const std::string& role);

/// A column as microseconds UTC. `span` says where wall clocks lie.
Result<sql::Expression> instant_of(const EventTable& table, const engine::TimeColumn& time,
                                   TimeRange span, const std::string& role);

/// The column that orders events of one instant, as a whole number. Assumes that there is one.
Result<sql::Expression> sequence_of(const EventTable& table);

/// A part of a deduplication key, in the type of the role or property that it is, else its own.
Result<sql::Expression> key_of(const EventTable& table, const std::string& key);

/// Where every time zone is known.
TimeRange all_times();

/// Microseconds UTC of a wall clock (microseconds since 1970-01-01 00:00 of its own). One that a
/// change of clocks skips moves ahead by the gap; one that occurs twice is the later.
sql::Expression wall_clock_utc(const sql::Expression& local_us, const TimeZone& timezone,
                               TimeRange span);

}  // namespace assay::distributed
