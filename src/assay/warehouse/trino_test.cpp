#include "assay/warehouse/trino.hpp"

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "assay/warehouse/trino_fake.hpp"

namespace assay::warehouse {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Clock = std::chrono::steady_clock;

constexpr const char* kBigint = R"("columns":[{"name":"n","type":"bigint"}])";

std::unique_ptr<Connection> line_to(const std::string& url, const ConnectOptions& options = {}) {
  auto line = connect(parse_engine_url(url).value(), options);
  EXPECT_TRUE(line.has_value()) << (line ? "" : to_text(line.error()));
  return line ? std::move(*line) : nullptr;
}

std::string rows(const std::string& data) {
  return page_text(fmt::format(R"({},"data":{})", kBigint, data));
}

Error error_of(const std::vector<std::string>& pages, const std::string& options = {}) {
  FakeTrino trino(pages);
  const auto line = line_to(trino.server().url(options));
  const auto answer = line->query("SELECT 1");
  EXPECT_FALSE(answer.has_value());
  return answer ? Error{} : answer.error();
}

/// Fails unless the query was given up on the engine, once, at its next page.
void expect_deleted(FakeTrino& trino, const std::string& path) {
  const auto requests = trino.server().requests();
  EXPECT_EQ(requests.back().method, "DELETE");
  EXPECT_EQ(requests.back().path, path);
  EXPECT_EQ(trino.server().count("DELETE"), 1);
}

TEST(Trino, PagesAreFollowedToTheLast) {
  FakeTrino trino({page_text(""), page_text(kBigint), rows("[[1],[2]]"), page_text(kBigint),
                   rows("[[3]]"), page_text(kBigint)});
  const auto line = line_to(trino.server().url("?session.query_priority=2"), {.tags = {"spec=4f"}});
  const auto answer = line->query("SELECT n FROM t");
  ASSERT_TRUE(answer.has_value()) << to_text(answer.error());
  ASSERT_EQ(answer->rows.columns.size(), 1U);
  EXPECT_EQ(answer->rows.columns[0].name, "n");
  EXPECT_THAT(answer->rows.columns[0].ints, ElementsAre(1, 2, 3));
  EXPECT_EQ(answer->cost.query_id, "q1");
  EXPECT_EQ(answer->cost.bytes_read, 4096);
  EXPECT_EQ(answer->cost.rows_read, 7);
  EXPECT_EQ(answer->cost.cpu_us, 1500000);
  EXPECT_EQ(answer->cost.peak_memory, 9);
  EXPECT_GT(answer->cost.bytes_returned, 1000);
  EXPECT_GT(answer->cost.wall_us, 0);
  EXPECT_EQ(trino.server().count("DELETE"), 0);
  EXPECT_EQ(line->name(), "trino");
  EXPECT_EQ(line->describe_engine().value(),
            fmt::format("Trino 476 at 127.0.0.1:{}", trino.server().port()));
  const FakeRequest post = trino.server().requests().at(1);
  EXPECT_EQ(post.path, "/v1/statement");
  EXPECT_EQ(post.body, "SELECT n FROM t");
  EXPECT_EQ(post.headers.at("x-trino-user"), "ann");
  EXPECT_EQ(post.headers.at("x-trino-client-tags"), "spec=4f");
  EXPECT_EQ(post.headers.at("x-trino-session"), "query_priority=2");
  EXPECT_EQ(post.headers.at("x-trino-time-zone"), "UTC");
}

TEST(Trino, AStatementWithoutRowsIsAnsweredWithoutColumns) {
  FakeTrino trino({page_text(""), page_text("")});
  const auto answer = line_to(trino.server().url())->query("CREATE TABLE x (a int)");
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->rows.rows(), 0U);
}

TEST(Trino, ABusyCoordinatorIsAskedAgain) {
  std::atomic<int> busy{0};
  FakeTrino trino({rows("[[1]]"), rows("[[2]]")}, [&](const FakeRequest&, int, FakeReply& reply) {
    constexpr int kStatus[] = {503, 502, 504, 429};
    const int n = busy++;
    reply.status = kStatus[n % 4];
    return n < 4;
  });
  const auto answer = line_to(trino.server().url())->query("SELECT 1");
  ASSERT_TRUE(answer.has_value()) << to_text(answer.error());
  EXPECT_THAT(answer->rows.columns[0].ints, ElementsAre(1, 2));
  EXPECT_EQ(trino.server().count("POST"), 1 + 5);
}

TEST(Trino, ALostPageIsAskedForAgain) {
  std::atomic<int> lost{0};
  FakeTrino trino({rows("[[1]]"), rows("[[2]]")}, [&](const FakeRequest&, int page, FakeReply& r) {
    r.hang_up = true;
    return page == 1 && lost++ < 2;
  });
  const auto answer = line_to(trino.server().url())->query("SELECT 1");
  ASSERT_TRUE(answer.has_value()) << to_text(answer.error());
  EXPECT_THAT(answer->rows.columns[0].ints, ElementsAre(1, 2));
}

TEST(Trino, AStatementThatMayHaveArrivedIsNotSentTwice) {
  FakeTrino trino({rows("[[1]]")}, [](const FakeRequest& request, int, FakeReply& reply) {
    reply.hang_up = true;
    return request.method == "POST";
  });
  const auto answer = line_to(trino.server().url())->query("SELECT 1");
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code, ErrorCode::unavailable);
  EXPECT_EQ(trino.server().count("POST"), 2);  // the version, and the statement once
}

TEST(Trino, AskingAgainEndsAfterTheStatedTime) {
  FakeTrino trino({page_text(""), page_text("")}, [](const FakeRequest&, int page, FakeReply& r) {
    r.status = 503;
    return page == 1;
  });
  const auto line = line_to(trino.server().url("?retry_for=1s"));
  const auto begin = Clock::now();
  const auto answer = line->query("SELECT 1");
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code, ErrorCode::unavailable);
  EXPECT_THAT(answer.error().problem, HasSubstr("busy or restarting for 1 s"));
  EXPECT_GE(Clock::now() - begin, std::chrono::milliseconds(900));
  EXPECT_LT(Clock::now() - begin, std::chrono::seconds(6));
  expect_deleted(trino, "/v1/statement/executing/q1/1");
}

TEST(Trino, ACoordinatorThatGoesAwayIsMissedWithinTheStatedTime) {
  auto trino = std::make_unique<FakeTrino>(std::vector<std::string>{page_text(""), page_text("")},
                                           [](const FakeRequest&, int page, FakeReply& r) {
                                             r = {.wait_ms = 60000,
                                                  .hang_up = true};  // until the server goes down
                                             return page == 1;
                                           });
  const auto line = line_to(trino->server().url("?retry_for=1s"));
  std::thread fate([&] {
    while (trino->server().count("GET") < 1)
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    trino.reset();
  });
  const auto answer = line->query("SELECT 1");
  fate.join();
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code, ErrorCode::unavailable);
  EXPECT_THAT(answer.error().problem, HasSubstr("lost in the middle of the query"));
  EXPECT_THAT(answer.error().have, HasSubstr("refused"));
}

TEST(Trino, ARestartedCoordinatorNoLongerKnowsTheQuery) {
  FakeTrino trino({page_text(""), page_text("")}, [](const FakeRequest&, int page, FakeReply& r) {
    r = {.status = 404, .body = "Query not found", .content_type = "text/plain"};
    return page == 1;
  });
  const auto answer = line_to(trino.server().url())->query("SELECT 1");
  ASSERT_FALSE(answer.has_value());
  EXPECT_THAT(answer.error().problem, HasSubstr("no longer knows the query"));
  EXPECT_THAT(answer.error().have, HasSubstr("Query not found"));
}

TEST(Trino, AStopCancelsTheQueryOnTheEngine) {
  FakeTrino trino({page_text(""), page_text("")}, [](const FakeRequest&, int page, FakeReply& r) {
    r.wait_ms = 10000;
    return page == 1;
  });
  const auto line = line_to(trino.server().url());
  std::atomic<bool> stop{false};
  Clock::time_point asked;
  std::thread user([&] {
    while (trino.server().count("GET") < 1)
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    asked = Clock::now();
    stop = true;
  });
  const auto answer = line->query("SELECT 1", {.stop = &stop});
  const Clock::time_point ended = Clock::now();
  user.join();
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code, ErrorCode::interrupted);
  EXPECT_LT(ended - asked, std::chrono::milliseconds(200));  // the stop and the DELETE
  expect_deleted(trino, "/v1/statement/executing/q1/1");
}

TEST(Trino, AStopBeforeTheQueryHasANameStillCancelsIt) {
  std::atomic<bool> stop{false};
  FakeTrino trino({page_text(""), page_text("")}, [&](const FakeRequest& request, int, FakeReply&) {
    if (request.method == "POST") {
      stop = true;
      std::this_thread::sleep_for(std::chrono::milliseconds(150));
    }
    return false;
  });
  const auto answer = line_to(trino.server().url())->query("SELECT 1", {.stop = &stop});
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code, ErrorCode::interrupted);
  EXPECT_EQ(trino.server().count("GET"), 0);
  expect_deleted(trino, "/v1/statement/executing/q1/1");
}

TEST(Trino, AStopThatWasAskedForBeforeSendsNothing) {
  FakeTrino trino({page_text("")});
  const auto line = line_to(trino.server().url());
  const std::atomic<bool> stop{true};
  EXPECT_EQ(line->query("SELECT 1", {.stop = &stop}).error().code, ErrorCode::interrupted);
  EXPECT_EQ(trino.server().count("POST"), 1);
}

TEST(Trino, AnErrorOfOursCancelsTheQueryToo) {
  FakeTrino trino(
      {page_text(R"x("columns":[{"name":"a","type":"array(bigint)"}])x"), page_text("")});
  const auto answer = line_to(trino.server().url())->query("SELECT a");
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code, ErrorCode::invalid_spec);
  EXPECT_THAT(answer.error().problem, HasSubstr("array(bigint)"));
  expect_deleted(trino, "/v1/statement/executing/q1/1");
}

TEST(Trino, AFailedQueryIsNotCancelled) {
  FakeTrino trino({page_text(""), failure_page("TABLE_NOT_FOUND", "USER_ERROR",
                                               "line 1:15: Table 'hive.a.t' does not exist")});
  const auto answer = line_to(trino.server().url())->query("SELECT 1");
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code, ErrorCode::invalid_spec);
  EXPECT_EQ(answer.error().have,
            "TABLE_NOT_FOUND: line 1:15: Table 'hive.a.t' does not exist (query q1)");
  EXPECT_EQ(trino.server().count("DELETE"), 0);
}

TEST(Trino, ProgressIsTheShareOfSplitsAndNeverGoesBack) {
  const auto splits = [](const char* state, int done, int total) {
    return fmt::format(
        R"({{"id":"q1","stats":{{"state":"{}","completedSplits":{},"totalSplits":{}}}}})", state,
        done, total);
  };
  FakeTrino trino({splits("QUEUED", 0, 0), splits("PLANNING", 0, 0), splits("RUNNING", 1, 4),
                   splits("RUNNING", 3, 4), splits("RUNNING", 4, 16), splits("FINISHED", 16, 16)});
  std::vector<double> shares;
  std::vector<std::string> steps;
  const Progress progress{.report = [&](std::string_view step, double share) {
    shares.push_back(share);
    steps.emplace_back(step);
  }};
  ASSERT_TRUE(line_to(trino.server().url())->query("SELECT 1", progress).has_value());
  EXPECT_THAT(shares, ElementsAre(-1, -1, 0.25, 0.75, 0.75, 1));
  EXPECT_THAT(steps[0], HasSubstr("queue"));
  EXPECT_THAT(steps[2], HasSubstr("running"));
}

TEST(Trino, AnAnswerOfAnotherServerIsRecognised) {
  for (const char* page :
       {"", "not json", "[]", "{}", "null", R"({"id":"q"})", R"({"id":1,"stats":{}})",
        R"({"id":"q","stats":[]})", "{\"id\":\"\xff\"}", R"({"id":"q","stats":{},"data":[[1]]})",
        R"({"id":"q","stats":{},"columns":7,"data":[[1]]})",
        R"({"id":"q","stats":{},"error":"no"})"}) {
    const Error error = error_of({page});
    EXPECT_NE(error.code, ErrorCode::internal) << page;
    EXPECT_FALSE(error.problem.empty()) << page;
  }
  EXPECT_THAT(error_of({"<html><body>Log in</body></html>"}).problem,
              HasSubstr("a page came back"));
  EXPECT_THAT(error_of({"<html><body>Log in</body></html>"}).have, HasSubstr("Log in"));
}

TEST(Trino, ThePagesOfAQueryComeFromTheSameAddressOnly) {
  const Error error =
      error_of({R"({"id":"q1","stats":{},"nextUri":"http://elsewhere.invalid/v1/statement/1"})"});
  EXPECT_EQ(error.code, ErrorCode::unavailable);
  EXPECT_THAT(error.problem, HasSubstr("another address"));
  EXPECT_EQ(error.have, "http://elsewhere.invalid/v1/statement/1");
}

TEST(Trino, ConnectingSaysWhatIsWrongWithTheAddress) {
  const auto refused = connect(parse_engine_url("trino://127.0.0.1:1/hive/a").value(), {});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
  EXPECT_EQ(refused.error().where, "trino://127.0.0.1:1/hive/a");
  FakeServer login([](const FakeRequest&) { return FakeReply{.status = 401, .body = "who?"}; });
  const auto unknown = connect(parse_engine_url(login.url()).value(), {});
  ASSERT_FALSE(unknown.has_value());
  EXPECT_THAT(unknown.error().problem, HasSubstr("who asks"));
  EXPECT_THAT(unknown.error().have, HasSubstr("who?"));
}

TEST(Trino, ColumnsAreDescribedAndAMissingTableListsNearNames) {
  const std::string kTexts =
      R"("columns":[{"name":"Column","type":"varchar"},{"name":"Type","type":"varchar"}],)";
  FakeTrino trino({page_text("")}, [&](const FakeRequest& request, int, FakeReply& reply) {
    if (request.body.find("SHOW TABLES FROM \"hive\".\"a\"") == 0)
      reply.body = page_text(kTexts + R"("data":[["events",""],["users",""]])");
    else if (request.body.find("\"evnets\"") != std::string::npos)
      reply.body = failure_page("TABLE_NOT_FOUND", "USER_ERROR", "Table does not exist");
    else
      reply.body =
          page_text(kTexts + R"x("data":[["u","bigint"],["t","timestamp(6)"],["m","map(a,b)"]])x");
    return request.method == "POST";
  });
  const auto line = line_to(trino.server().url());
  const auto columns = line->columns({"", "b\"c", "events"});
  ASSERT_TRUE(columns.has_value());
  EXPECT_EQ(trino.server().requests().back().body, R"(DESCRIBE "hive"."b""c"."events")");
  ASSERT_EQ(columns->size(), 3U);
  EXPECT_EQ(columns->at(0).type, ColumnType::int64);
  EXPECT_EQ(columns->at(1).type, ColumnType::wall_clock);
  EXPECT_EQ(columns->at(1).engine_type, "timestamp(6)");
  EXPECT_EQ(columns->at(2).type, ColumnType::other);
  const auto missing = line->columns({"", "", "evnets"});
  ASSERT_FALSE(missing.has_value());
  EXPECT_EQ(missing.error().code, ErrorCode::invalid_spec);
  EXPECT_THAT(missing.error().problem, HasSubstr("evnets"));
  EXPECT_EQ(missing.error().fix, "did you mean events?");
  EXPECT_THAT(missing.error().have, HasSubstr("there are events, users"));
}

}  // namespace
}  // namespace assay::warehouse
