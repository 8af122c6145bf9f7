#pragma once

#include <memory>

#include "assay/base/result.hpp"
#include "assay/warehouse/connection.hpp"

/// The line to Trino: its REST protocol (POST /v1/statement, then one page after the other).
namespace assay::warehouse {

/// Opens `trino://[user@]host[:port]/catalog/schema[?options]` and asks for the server's version.
/// Port 8080, with TLS 8443; user "assay" when none is named.
///
///   tls=true            HTTPS; certificates are always verified
///   ca_file=PATH        certificates to trust instead of the system's
///   password_env=NAME   password of the user, from the environment; TLS only
///   token_env=NAME      bearer token, from the environment; TLS only
///   retry_for=30s       how long an answer of 502, 503, 504, 429 or a lost connection is tried
///   again answer_within=60s   how long the coordinator may be silent session.NAME=VALUE  a session
///   property, session.CATALOG.NAME=VALUE one of a catalog
///
/// Timestamps come as microseconds UTC (finer digits are cut), one without a zone as if it were
/// UTC; decimals as float64. Arrays, rows, maps, bytes and intervals are refused.
/// Fails as Connection says.
Result<std::unique_ptr<Connection>> connect_trino(const EngineUrl& url,
                                                  const ConnectOptions& options);

}  // namespace assay::warehouse
