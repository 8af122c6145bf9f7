#pragma once

#include <string>
#include <vector>

#include "assay/distributed/event_table.hpp"

namespace assay::distributed {

/// A select over the rows of the table, none left out: unit, time_us, event, order_1, ingest_us
/// (where there is one), key_1 ... (where there is a policy) and the properties named.
/// Assumes that the table's columns were checked.
sql::Select received(const EventTable& table, const std::vector<std::string>& properties);

/// Which rows of `received` count: unit and time known, none from the future.
sql::Expression counted(const EventTable& table);

}  // namespace assay::distributed
