// What happens when processes of a real Trino die in the middle of a query. Run last: every test
// takes a process away, and the order of the tests counts on it.
#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "trino_cluster.hpp"

namespace assay::cluster {
namespace {

using ::testing::HasSubstr;
using warehouse::Connection;
using Clock = std::chrono::steady_clock;

class TrinoFaults : public ::testing::Test {
 protected:
  void SetUp() override {
    if (variable("ASSAY_TRINO").empty() || variable("ASSAY_TRINO_STATE").empty())
      GTEST_SKIP() << "ASSAY_TRINO is not set: `make test-cluster` brings a Trino up";
  }

  /// Runs the slow statement and kills a node once it is seen running; `died` is set then.
  static Result<warehouse::Answer> run_and_kill(Connection& line, const std::string& node,
                                                Clock::time_point& died) {
    const int process = process_of(node);
    EXPECT_GT(process, 0);
    std::atomic<bool> runs{false};
    std::thread killer([&] {
      while (!runs) std::this_thread::sleep_for(std::chrono::milliseconds(20));
      std::this_thread::sleep_for(std::chrono::seconds(1));
      if (process > 0) ::kill(process, SIGKILL);
      died = Clock::now();
    });
    const Progress progress{.report = [&](std::string_view step, double share) {
      runs = runs || (step.starts_with("running") && share > 0);
    }};
    auto answer = line.query(kSlowStatement, progress);
    runs = true;
    killer.join();
    return answer;
  }

  /// Waits until the coordinator counts so many live nodes, itself among them.
  static void wait_for_nodes(Connection& line, std::int64_t nodes) {
    for (int i = 0; i < 240; ++i) {
      if (number(line, "SELECT count(*) FROM system.runtime.nodes WHERE state = 'active'") == nodes)
        return;
      std::this_thread::sleep_for(std::chrono::milliseconds(500));
    }
    ADD_FAILURE() << "the cluster still does not count " << nodes << " nodes";
  }

  /// Opened while a worker lives: without one, even a version is not told.
  static inline std::unique_ptr<Connection> last_line_;
};

std::int64_t seconds_since(Clock::time_point begin) {
  return std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - begin).count();
}

TEST_F(TrinoFaults, AKilledWorkerCostsTimeAloneWithTaskRetries) {
  const auto line = open_line(trino_url("session.retry_policy=TASK"));
  make_numbers(*line);
  Clock::time_point died;
  const auto answer = run_and_kill(*line, "worker2", died);
  ASSERT_TRUE(answer.has_value()) << to_text(answer.error());
  EXPECT_LT(died, Clock::now()) << "the query ended before the worker died";
  EXPECT_EQ(answer->rows.find("c")->ints.at(0), kSlowRows);
  EXPECT_EQ(answer->rows.find("s")->ints.at(0), slow_sum());
  fmt::print("right answer {} s after the kill\n", seconds_since(died));
}

TEST_F(TrinoFaults, AKilledWorkerIsAClearErrorWithoutRetries) {
  const auto line = open_line(trino_url("session.retry_policy=NONE"));
  wait_for_nodes(*line, 2);
  last_line_ = open_line(trino_url("retry_for=3s"));
  Clock::time_point died;
  const auto answer = run_and_kill(*line, "worker1", died);
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code, ErrorCode::unavailable);
  EXPECT_THAT(answer.error().problem, HasSubstr("worker"));
  EXPECT_THAT(answer.error().fix, HasSubstr("retry-policy=TASK"));
  // The cluster's query.remote-task.max-error-duration is 10 s; the rest is a busy machine's.
  EXPECT_LT(seconds_since(died), 45);
  fmt::print("{} after {} s\n", answer.error().have, seconds_since(died));
}

TEST_F(TrinoFaults, ACoordinatorThatDiesIsMissedWithinTheStatedTime) {
  // No worker is left: the statement waits for one until its coordinator dies.
  ASSERT_NE(last_line_, nullptr) << "run all tests of this file, in their order";
  const int process = process_of("coordinator");
  ASSERT_GT(process, 0);
  std::atomic<bool> seen{false};
  Clock::time_point died;
  std::thread killer([&] {
    while (!seen) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    ::kill(process, SIGKILL);
    died = Clock::now();
  });
  const Progress progress{.report = [&](std::string_view, double) { seen = true; }};
  const auto answer = last_line_->query(kSlowStatement, progress);
  seen = true;
  killer.join();
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code, ErrorCode::unavailable);
  EXPECT_THAT(answer.error().problem, HasSubstr("the coordinator was lost"));
  EXPECT_LT(seconds_since(died), 10);
  const auto again = warehouse::connect(warehouse::parse_engine_url(trino_url()).value(), {});
  ASSERT_FALSE(again.has_value());
  EXPECT_THAT(again.error().problem, HasSubstr("refused"));
}

}  // namespace
}  // namespace assay::cluster
