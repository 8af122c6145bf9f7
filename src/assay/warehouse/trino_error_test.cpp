#include "assay/warehouse/trino_error.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace assay::warehouse {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(TrinoError, AClusterWithoutWorkersIsKnownByTheMessage) {
  // Seen on Trino 476 after the last worker was killed.
  const Error error = trino_error(
      {"GENERIC_INSUFFICIENT_RESOURCES", "INSUFFICIENT_RESOURCES",
       "Insufficient active worker nodes. Waited 5.00m for at least 1 workers, but only 0 workers "
       "are active",
       "q"},
      "trino://h");
  EXPECT_EQ(error.code, ErrorCode::unavailable);
  EXPECT_EQ(error.problem, "the cluster has no worker that could run this");
}

struct Case {
  const char* name;
  const char* type;
  ErrorCode code;
  const char* words;
};

class TrinoErrors : public ::testing::TestWithParam<Case> {};

TEST_P(TrinoErrors, SayItInOurWordsWithTheEnginesBehind) {
  const Case& one = GetParam();
  const Error error = trino_error({one.name, one.type, "line 1:8: its words", "q7"}, "trino://h");
  EXPECT_EQ(error.code, one.code);
  EXPECT_THAT(error.problem, HasSubstr(one.words));
  EXPECT_EQ(error.have, std::string(one.name) + ": line 1:8: its words (query q7)");
  EXPECT_EQ(error.where, "trino://h");
}

using enum ErrorCode;
// Names and types: StandardErrorCode.java of Trino 476, those seen on a real cluster first.
INSTANTIATE_TEST_SUITE_P(
    AllClasses, TrinoErrors,
    ::testing::Values(
        Case{"SYNTAX_ERROR", "USER_ERROR", internal, "cannot read the SQL"},
        Case{"COLUMN_NOT_FOUND", "USER_ERROR", invalid_spec, "no such column"},
        Case{"TABLE_NOT_FOUND", "USER_ERROR", invalid_spec, "no such table"},
        Case{"SCHEMA_NOT_FOUND", "USER_ERROR", invalid_spec, "no such schema"},
        Case{"CATALOG_NOT_FOUND", "USER_ERROR", invalid_spec, "no such catalog"},
        Case{"PERMISSION_DENIED", "USER_ERROR", invalid_spec, "may not do this"},
        Case{"INVALID_SESSION_PROPERTY", "USER_ERROR", invalid_spec, "session property"},
        Case{"DIVISION_BY_ZERO", "USER_ERROR", invalid_data, "division by zero"},
        Case{"NUMERIC_VALUE_OUT_OF_RANGE", "USER_ERROR", invalid_data, "larger than its type"},
        Case{"INVALID_CAST_ARGUMENT", "USER_ERROR", invalid_data, "does not convert"},
        Case{"HIVE_BAD_DATA", "EXTERNAL", invalid_data, "damaged"},
        Case{"EXCEEDED_LOCAL_MEMORY_LIMIT", "INSUFFICIENT_RESOURCES", unavailable, "more memory"},
        Case{"EXCEEDED_GLOBAL_MEMORY_LIMIT", "INSUFFICIENT_RESOURCES", unavailable, "more memory"},
        Case{"EXCEEDED_TIME_LIMIT", "INSUFFICIENT_RESOURCES", unavailable, "time limit"},
        Case{"EXCEEDED_CPU_LIMIT", "INSUFFICIENT_RESOURCES", unavailable, "CPU limit"},
        Case{"CLUSTER_OUT_OF_MEMORY", "INSUFFICIENT_RESOURCES", unavailable, "out of memory"},
        Case{"QUERY_QUEUE_FULL", "INSUFFICIENT_RESOURCES", unavailable, "queue is full"},
        Case{"REMOTE_HOST_GONE", "INTERNAL_ERROR", unavailable, "a worker of the cluster was lost"},
        Case{"REMOTE_TASK_ERROR", "INTERNAL_ERROR", unavailable, "a worker"},
        Case{"PAGE_TRANSPORT_TIMEOUT", "INTERNAL_ERROR", unavailable, "lost each other"},
        Case{"NO_NODES_AVAILABLE", "INTERNAL_ERROR", unavailable, "no worker"},
        Case{"USER_CANCELED", "USER_ERROR", unavailable, "cancelled on the engine"},
        Case{"ADMINISTRATIVELY_KILLED", "USER_ERROR", unavailable, "owner stopped"},
        Case{"SERVER_STARTING_UP", "INTERNAL_ERROR", unavailable, "still starting"},
        Case{"SOMETHING_NEW", "USER_ERROR", invalid_spec, "refuses the query"},
        Case{"SOMETHING_NEW", "EXTERNAL", unavailable, "behind the engine"},
        Case{"SOMETHING_NEW", "INSUFFICIENT_RESOURCES", unavailable, "not enough resources"},
        Case{"GENERIC_INTERNAL_ERROR", "INTERNAL_ERROR", unavailable, "the engine failed"}));

HttpAnswer answer_of(int status, std::string body, std::string type) {
  HttpAnswer answer;
  answer.status = status;
  answer.body = std::move(body);
  answer.content_type = std::move(type);
  return answer;
}

TEST(TrinoStatus, ARefusedLoginSaysWhichSecretToCheck) {
  TrinoSettings settings{.where = "trino://h"};
  const HttpAnswer refused = answer_of(401, "Access Denied: Invalid credentials", "text/plain");
  Error error = trino_status_error(refused, settings);
  EXPECT_EQ(error.code, ErrorCode::unavailable);
  EXPECT_THAT(error.problem, HasSubstr("who asks"));
  EXPECT_THAT(error.have, HasSubstr("HTTP 401 (text/plain): Access Denied: Invalid credentials"));
  settings.http.password = "hunter2";
  error = trino_status_error(refused, settings);
  EXPECT_EQ(error.problem, "the engine refuses user and password");
  EXPECT_THAT(to_text(error), Not(HasSubstr("hunter2")));
  settings.http = {.bearer = "t0ken"};
  error = trino_status_error(refused, settings);
  EXPECT_THAT(error.problem, HasSubstr("has expired"));
  EXPECT_THAT(to_text(error), Not(HasSubstr("t0ken")));
}

TEST(TrinoStatus, OtherAnswersAreToldApart) {
  const TrinoSettings settings{.where = "trino://h", .retry_ms = 1000};
  const auto problem = [&](int status) {
    return trino_status_error(answer_of(status, "x", "text/plain"), settings).problem;
  };
  EXPECT_THAT(problem(403), HasSubstr("does not let this user in"));
  EXPECT_THAT(problem(404), HasSubstr("no Trino at this address"));
  EXPECT_THAT(problem(307), HasSubstr("elsewhere"));
  EXPECT_THAT(problem(503), HasSubstr("busy or restarting for 1 s"));
  EXPECT_THAT(problem(500), HasSubstr("HTTP status 500"));
}

TEST(TrinoStatus, AProxysPageIsKnownAndShownWithoutItsTags) {
  const HttpAnswer page =
      answer_of(502, "<html>\n<b>Bad Gateway</b>\n" + std::string(500, 'x'), "text/html");
  const Error error = trino_status_error(page, {.where = "trino://h"});
  EXPECT_THAT(error.problem, HasSubstr("a proxy may stand between"));
  EXPECT_THAT(error.have, HasSubstr("Bad Gateway"));
  EXPECT_THAT(error.have, Not(HasSubstr("<b>")));
  EXPECT_LT(error.have.size(), 260U);
}

}  // namespace
}  // namespace assay::warehouse
