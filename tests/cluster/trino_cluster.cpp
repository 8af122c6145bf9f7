#include "trino_cluster.hpp"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <thread>

namespace assay::cluster {

using warehouse::Answer;
using warehouse::Connection;

const char* const kSlowStatement =
    "SELECT count(*) AS c, sum(a.n % 7 + b.n % 11) AS s /* slow */ "
    "FROM numbers a JOIN numbers b ON a.k = b.k";

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string{} : value;
}

std::string trino_url(const std::string& options, const std::string& user) {
  std::string url = variable("ASSAY_TRINO");
  if (const std::size_t at = url.find('@'); at != std::string::npos)
    url = "trino://" + user + url.substr(at);
  return url + (url.find('?') == std::string::npos ? "?" : "&") + options;
}

std::unique_ptr<Connection> open_line(const std::string& url) {
  auto parsed = warehouse::parse_engine_url(url);
  if (!parsed) throw std::runtime_error(to_text(parsed.error()));
  auto line = warehouse::connect(*parsed, {.tags = {"cluster_test"}});
  if (!line) throw std::runtime_error(to_text(line.error()));
  return std::move(*line);
}

Answer ask(Connection& line, const std::string& statement) {
  auto answer = line.query(statement);
  EXPECT_TRUE(answer.has_value()) << statement << "\n" << (answer ? "" : to_text(answer.error()));
  return answer ? std::move(*answer) : Answer{};
}

Error refusal(Connection& line, const std::string& statement) {
  const auto answer = line.query(statement);
  EXPECT_FALSE(answer.has_value()) << statement;
  return answer ? Error{} : answer.error();
}

std::int64_t number(Connection& line, const std::string& statement) {
  const Answer answer = ask(line, statement);
  const bool one = answer.rows.rows() == 1 && answer.rows.columns[0].ints.size() == 1;
  EXPECT_TRUE(one) << statement;
  return one ? answer.rows.columns[0].ints[0] : -1;
}

void make_numbers(Connection& line) {
  ask(line,
      "CREATE TABLE IF NOT EXISTS numbers AS SELECT n, n % 5000 AS k FROM (SELECT a.x * 1000 + "
      "b.y AS n FROM UNNEST(sequence(0, 999)) a(x) CROSS JOIN UNNEST(sequence(0, 999)) b(y))");
}

std::int64_t slow_sum() {
  std::int64_t sum = 0;
  for (std::int64_t n = 0; n < 1'000'000; ++n) sum += n % 7 + n % 11;
  return sum * 200;
}

std::int64_t slow_statements_running(Connection& line) {
  std::int64_t running = -1;
  for (int second = 0; second < 20 && running != 0; ++second) {
    running = number(line,
                     "SELECT count(*) FROM system.runtime.queries WHERE query LIKE '%/* slow */%' "
                     "AND query NOT LIKE '%runtime%' AND state NOT IN ('FINISHED', 'FAILED')");
    if (running != 0) std::this_thread::sleep_for(std::chrono::milliseconds(500));
  }
  return running;
}

int process_of(const std::string& node) {
  std::ifstream file(fmt::format("{}/{}/pid", variable("ASSAY_TRINO_STATE"), node));
  int process = 0;
  file >> process;
  return process;
}

}  // namespace assay::cluster
