#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "assay/ingest/infer.hpp"

namespace assay::ingest::detail {

/// The words of a column's name in lower case: "CustomerID" -> customer, id; "event_ts" -> event,
/// ts; ".order" -> order.
std::vector<std::string> words_of(std::string_view name);

/// Whether the column holds instants, and how they are written.
std::optional<engine::TimeUnit> time_unit(const ColumnProfile& column);

/// The unit of epoch numbers whose smallest and largest lie in 1990 to 2100; none otherwise.
std::optional<engine::TimeUnit> epoch_unit(double smallest, double largest);

/// Answers of the data that need a look at two columns together.
struct PairFacts {
  /// Share of rows in which `later` is not before `earlier`; both as instants.
  std::function<double(const ColumnProfile& earlier, const ColumnProfile& later)> not_before;
};

/// Picks a column for every role. Pure: everything it knows is in the profiles and the facts.
std::vector<Guess> guess_roles(const std::vector<ColumnProfile>& columns, const PairFacts& facts);

/// A word for the events of a table without event names: "purchase" where there is money or an
/// order, else "event".
std::string constant_event(const std::vector<ColumnProfile>& columns);

/// The type that a column would have as a property; none: not one that the index can keep.
std::optional<frame::Type> property_type(const ColumnProfile& column);

}  // namespace assay::ingest::detail
