#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "assay/base/progress.hpp"
#include "assay/base/result.hpp"
#include "assay/warehouse/connection.hpp"
#include "assay/warehouse/http.hpp"
#include "assay/warehouse/trino_settings.hpp"
#include "assay/warehouse/trino_values.hpp"

/// Trino's protocol: one statement from POST to its last page.
namespace assay::warehouse {

/// Not thread-safe; one statement at a time.
///
/// Tries again, waiting longer each time (50 ms to 2 s), for `retry_ms` at most: answers of 429,
/// 502, 503 and 504; and, once the coordinator has answered anything, refused and broken
/// connections (a statement that may have been received is not sent twice). Pages are only ever
/// asked from the address of the URL, so that no secret goes elsewhere.
///
/// Whatever ends a statement early - a stop, an error here, a lost page - is followed by a DELETE,
/// which takes two seconds at most, so that nothing goes on running on the cluster.
class TrinoClient {
 public:
  static Result<TrinoClient> create(TrinoSettings settings);

  [[nodiscard]] const TrinoSettings& settings() const { return settings_; }

  /// Runs a statement and keeps its rows. Fails as Connection::query does.
  Result<Answer> run(const std::string& statement, const Progress& progress);

 private:
  struct Running;
  TrinoClient(TrinoSettings settings, HttpClient http);

  Result<void> follow(Running& running, const Progress& progress);
  Result<void> take_page(const HttpAnswer& answer, Running& running, const Progress& progress);
  Result<HttpAnswer> ask(const HttpRequest& request, const Running& running,
                         const Progress& progress);
  Error lost(const HttpAnswer& answer, const Running& running) const;
  void cancel(const Running& running);

  TrinoSettings settings_;
  HttpClient http_;
  bool met_ = false;  ///< The coordinator has answered before.
};

}  // namespace assay::warehouse
