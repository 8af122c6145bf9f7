#pragma once

#include <memory>

#include "assay/base/result.hpp"
#include "assay/warehouse/connection.hpp"

/// A line to ClickHouse through its HTTP interface.
/// Source: https://clickhouse.com/docs/interfaces/http, and what the 26.9 engine answers.
namespace assay::warehouse {

/// Opens clickhouse://[user@]host[:8123]/database. Options: `password_env=NAME`, `tls=true` (port
/// 8443; a password is sent over TLS or to this machine alone), `ca_file=PATH`,
/// `answer_within=60s` (the longest silence), `setting.NAME=VALUE` for every statement.
///
/// Sent with every statement: the query id, tags as log_comment, and settings that make ClickHouse
/// answer as the other engines do (a missed LEFT JOIN and an aggregate of no rows are NULL); a user
/// who may only read needs readonly=2 for that. A statement given up is killed on the engine by its
/// id. Costs: rows and bytes read, memory. Fails as Connection says.
Result<std::unique_ptr<Connection>> connect_clickhouse(const EngineUrl& url,
                                                       const ConnectOptions& options);

}  // namespace assay::warehouse
