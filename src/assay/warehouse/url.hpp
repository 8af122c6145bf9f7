#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "assay/base/result.hpp"

namespace assay::warehouse {

/// Where an engine answers, as written in `engine:` of assay.yaml:
///
///   trino://[user@]host[:port]/catalog/schema[?option=value&...]      HTTPS with tls=true
///   clickhouse://[user@]host[:port]/database[?...]                    HTTP interface
///   spark://host[:port][/database][?...]                              Spark Connect, by ADBC
///   flightsql:// postgresql:// snowflake:// bigquery://               by ADBC
///   duckdb:///path/to/file.duckdb
///
/// A secret never stands in a URL: `password_env=NAME` and `token_env=NAME` name the environment
/// variables that hold it. A `user:password@` part is refused with that advice.
struct EngineUrl {
  std::string scheme;  ///< Lower case.
  std::string user;
  std::string host;
  int port = 0;                                ///< 0: the engine's usual one.
  std::vector<std::string> path;               ///< Percent-decoded parts, none empty.
  std::map<std::string, std::string> options;  ///< Percent-decoded.
  std::string text;                            ///< As written, for messages.
};

/// Fails with invalid_spec: unknown scheme (with near ones and the list), no host, a port that is
/// none, a password in the URL, an option written twice.
Result<EngineUrl> parse_engine_url(std::string_view text);

/// Fails with invalid_spec on an option that is neither among `known` nor begins with one of
/// `families` ("session."), with near names. Every line calls it with what it reads.
Result<void> check_options(const EngineUrl& url, const std::vector<std::string>& known,
                           const std::vector<std::string>& families = {});

/// An option that is "true" or "false"; `otherwise` when it is not there.
Result<bool> bool_option(const EngineUrl& url, const std::string& option, bool otherwise);

/// True when the words of `engine:` are a URL and not `embedded` or `duckdb`.
bool is_engine_url(std::string_view text);

/// The secret that `password_env` or `token_env` names; empty when the option is not there. Fails
/// with unavailable when the variable is not set.
Result<std::string> secret(const EngineUrl& url, const std::string& option);

}  // namespace assay::warehouse
