#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "assay/distributed/audit_counts.hpp"

/// Behind audit_counts.hpp.
namespace assay::distributed {

/// Sends a plan as one statement.
Result<frame::Table> ask(const AuditScope& scope, const sql::Plan& plan, std::string_view kind);

/// A text of an answer; none when it is missing.
std::optional<std::string> text_in(const frame::Table& rows, std::string_view column,
                                   std::size_t row);

/// Where the times of a table lie; everywhere when that is not known.
TimeRange span_of(const EventTable& table);

/// Adds the step `usable`: rows with unit and time, and the columns of `received`.
sql::Input usable_step(const AuditScope& scope, const std::vector<std::string>& properties,
                       sql::Plan& plan);

}  // namespace assay::distributed
