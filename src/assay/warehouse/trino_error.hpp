#pragma once

#include <string>
#include <string_view>

#include "assay/base/result.hpp"
#include "assay/warehouse/http.hpp"
#include "assay/warehouse/trino_settings.hpp"

/// What a Trino refuses, in our words with the engine's own behind.
namespace assay::warehouse {

/// A failed query, as the answer of Trino tells it.
struct TrinoFailure {
  std::string name;     ///< "TABLE_NOT_FOUND".
  std::string type;     ///< "USER_ERROR", "INTERNAL_ERROR", "INSUFFICIENT_RESOURCES", "EXTERNAL".
  std::string message;  ///< "line 1:15: Table 'hive.a.nope' does not exist".
  std::string query_id;
};

/// Error::have is "NAME: message (query id)". Names of errors: Trino 476, StandardErrorCode.java.
Error trino_error(const TrinoFailure& failure, const std::string& where);

/// An answer whose status is not 200: refused credentials, a proxy's page, no Trino at all.
Error trino_status_error(const HttpAnswer& answer, const TrinoSettings& settings);

/// An answer of 200 that is not what a Trino says; `why` is what is wrong with it.
Error not_trino_error(const HttpAnswer& answer, std::string_view why, const std::string& where);

}  // namespace assay::warehouse
