#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "assay/base/result.hpp"
#include "assay/warehouse/http.hpp"
#include "assay/warehouse/url.hpp"

/// What the URL of a Trino says, ready for requests.
namespace assay::warehouse {

struct TrinoSettings {
  std::string origin;   ///< "https://host:8443": every request goes there and nowhere else.
  std::string where;    ///< "trino://host:8443/hive/events", for messages.
  std::string catalog;  ///< Empty: none named.
  std::string schema;
  std::vector<std::string> headers;  ///< Of every request.
  HttpSettings http;
  std::int64_t retry_ms = 30'000;
  std::int64_t silence_ms = 60'000;
};

/// Fails with invalid_spec: an option that is none, a session property's name that is none, a
/// password or token without TLS, a password without a user; unavailable: a secret not set.
Result<TrinoSettings> trino_settings(const EngineUrl& url, const std::vector<std::string>& tags);

}  // namespace assay::warehouse
