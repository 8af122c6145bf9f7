#include "assay/warehouse/trino_client.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "assay/warehouse/trino_error.hpp"

namespace assay::warehouse {
namespace {

using nlohmann::json;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::int64_t kDeleteMs = 2'000;
constexpr std::int64_t kPostGraceMs = 1'000;  // to learn what to DELETE

bool is_busy(int status) {
  return status == 429 || status == 502 || status == 503 || status == 504;
}

/// Waits; fails with interrupted as soon as a stop is asked for.
Result<void> wait(milliseconds time, const Progress& progress) {
  const auto end = Clock::now() + time;
  for (;;) {
    ASSAY_CHECK(progress.check());
    const auto left = std::chrono::duration_cast<milliseconds>(end - Clock::now());
    if (left.count() <= 0) return {};
    std::this_thread::sleep_for(std::min(left, milliseconds(20)));
  }
}

std::optional<std::int64_t> told(const json& stats, const char* name) {
  const auto found = stats.find(name);
  if (found == stats.end() || !found->is_number_integer()) return std::nullopt;
  return found->get<std::int64_t>();
}

void read_cost(const json& stats, Cost& cost) {
  cost.bytes_read = told(stats, "physicalInputBytes");
  cost.rows_read = told(stats, "processedRows");
  cost.peak_memory = told(stats, "peakMemoryBytes");
  cost.cpu_us = told(stats, "cpuTimeMillis");
  if (cost.cpu_us) *cost.cpu_us *= 1000;
}

void report(const json& stats, double& share, const Progress& progress) {
  const std::string state = stats.value("state", std::string{});
  const auto total = told(stats, "totalSplits");
  const auto done = told(stats, "completedSplits");
  if (state == "QUEUED" || state == "WAITING_FOR_RESOURCES") {
    progress.at("waiting in Trino's queue", -1);
  } else if (!total || !done || *total <= 0) {
    progress.at("planning on Trino", -1);
  } else {
    // Splits are found while the query runs; the share never goes back.
    share = std::max(share, static_cast<double>(*done) / static_cast<double>(*total));
    progress.at("running on Trino", std::min(share, 1.0));
  }
}

TrinoFailure read_failure(const json& error, const std::string& query_id) {
  return {error.value("errorName", std::string{}), error.value("errorType", std::string{}),
          error.value("message", std::string("no message")), query_id};
}

}  // namespace

struct TrinoClient::Running {
  std::string statement;
  std::string next;  ///< Where the next page is; empty: not begun, or ended on the engine.
  bool ended = false;
  double share = 0;
  TrinoRows rows;
  Cost cost;
};

TrinoClient::TrinoClient(TrinoSettings settings, HttpClient http)
    : settings_(std::move(settings)), http_(std::move(http)) {}

Result<TrinoClient> TrinoClient::create(TrinoSettings settings) {
  ASSAY_TRY(auto http, HttpClient::create(settings.http));
  return TrinoClient(std::move(settings), std::move(http));
}

Result<Answer> TrinoClient::run(const std::string& statement, const Progress& progress) {
  ASSAY_CHECK(progress.check());
  const auto begin = Clock::now();
  Running running;
  running.statement = statement;
  Result<void> done;
  try {
    done = follow(running, progress);
  } catch (const json::exception& odd) {
    done = tl::unexpected(not_trino_error({}, odd.what(), settings_.where));
  }
  if (!done) {
    cancel(running);
    return tl::unexpected(std::move(done.error()));
  }
  const auto wall = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - begin);
  running.cost.wall_us = wall.count();
  return Answer{running.rows.take(), std::move(running.cost)};
}

Result<void> TrinoClient::follow(Running& running, const Progress& progress) {
  HttpRequest request{.method = "POST",
                      .url = settings_.origin + "/v1/statement",
                      .headers = settings_.headers,
                      .body = running.statement,
                      .silence_ms = settings_.silence_ms,
                      .grace_ms = kPostGraceMs};
  for (;;) {
    ASSAY_TRY(const HttpAnswer answer, ask(request, running, progress));
    ASSAY_CHECK(take_page(answer, running, progress));
    ASSAY_CHECK(progress.check());
    if (running.ended) return {};
    request.method = "GET";
    request.url = running.next;
    request.body.clear();
    request.grace_ms = 0;
  }
}

Result<HttpAnswer> TrinoClient::ask(const HttpRequest& request, const Running& running,
                                    const Progress& progress) {
  const auto begin = Clock::now();
  milliseconds pause{50};
  for (;;) {
    HttpAnswer answer = http_.send(request, progress);
    const bool came = answer.failure == HttpFailure::none;
    met_ = met_ || came;
    if (came && answer.status == 200) return answer;
    if (answer.failure == HttpFailure::stopped)
      return tl::unexpected(http_error(answer, settings_.where));
    const bool received_once = request.method == "POST" && answer.failure != HttpFailure::refused;
    const bool broken = answer.failure == HttpFailure::refused ||
                        answer.failure == HttpFailure::cut_off ||
                        answer.failure == HttpFailure::silent;
    const bool again = came ? is_busy(answer.status) : met_ && broken && !received_once;
    if (!again || Clock::now() - begin >= milliseconds(settings_.retry_ms))
      return tl::unexpected(lost(answer, running));
    progress.at("waiting for Trino's coordinator", -1);
    ASSAY_CHECK(wait(pause, progress));
    pause = std::min(pause * 2, milliseconds(2'000));
  }
}

Error TrinoClient::lost(const HttpAnswer& answer, const Running& running) const {
  const bool in_query = !running.next.empty();
  if (answer.failure == HttpFailure::none) {
    Error error = trino_status_error(answer, settings_);
    if (in_query && answer.status == 404) {
      error.problem = "the coordinator no longer knows the query: it was restarted";
      error.fix = "run it again";
    }
    return error;
  }
  Error error = http_error(answer, settings_.where);
  if (in_query) {
    error.have = fmt::format("{}: {}", error.problem, answer.failure_text);
    error.problem = fmt::format(
        "the coordinator was lost in the middle of the query (tried for "
        "{} s)",
        (settings_.retry_ms + 999) / 1000);
    error.fix = "check that the coordinator is running, then run it again";
  }
  return error;
}

Result<void> TrinoClient::take_page(const HttpAnswer& answer, Running& running,
                                    const Progress& progress) {
  const auto odd = [&](std::string_view why) {
    return tl::unexpected(not_trino_error(answer, why, settings_.where));
  };
  const json page = json::parse(answer.body, nullptr, false);
  if (page.is_discarded()) return odd("it is not JSON");
  if (!page.is_object() || !page.contains("id") || !page.contains("stats"))
    return odd("it names no query");
  running.cost.query_id = page.value("id", std::string{});
  running.cost.bytes_returned += answer.bytes_received;
  read_cost(page["stats"], running.cost);
  if (page.contains("error") && !page["error"].is_null()) {
    running.next.clear();
    return tl::unexpected(
        trino_error(read_failure(page["error"], running.cost.query_id), settings_.where));
  }
  const std::string next = page.value("nextUri", std::string{});
  if (!next.empty() && !next.starts_with(settings_.origin + "/")) {
    Error error = not_trino_error(answer, "its next page is at another address", settings_.where);
    error.have = next.substr(0, 200);
    error.fix =
        "name the coordinator as it names itself; behind a proxy, it needs "
        "http-server.process-forwarded=true";
    return tl::unexpected(std::move(error));
  }
  running.next = next;
  running.ended = next.empty();
  if (!running.rows.started() && page.contains("columns"))
    ASSAY_CHECK(running.rows.start(page["columns"]));
  if (page.contains("data") && !page["data"].is_null()) {
    if (!running.rows.started() || !page["data"].is_array())
      return odd("its rows come without columns");
    ASSAY_CHECK(running.rows.add(page["data"]));
  }
  report(page["stats"], running.share, progress);
  return {};
}

void TrinoClient::cancel(const Running& running) {
  if (running.next.empty()) return;
  // Not stopped by the stop that brought us here.
  const HttpAnswer ignored = http_.send({.method = "DELETE",
                                         .url = running.next,
                                         .headers = settings_.headers,
                                         .body = {},
                                         .silence_ms = kDeleteMs});
}

}  // namespace assay::warehouse
