#include "assay/warehouse/trino_settings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

namespace assay::warehouse {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

Result<TrinoSettings> settings_of(const std::string& text, std::vector<std::string> tags = {}) {
  ASSAY_TRY(const EngineUrl url, parse_engine_url(text));
  return trino_settings(url, tags);
}

TEST(TrinoSettings, TheUrlBecomesHeaders) {
  const auto settings =
      settings_of("trino://ann@lake/hive/web?session.query_max_run_time=5m&session.hive.x=a%2Cb",
                  {"spec=4f2a", "two words, one comma", ""});
  ASSERT_TRUE(settings.has_value());
  EXPECT_EQ(settings->origin, "http://lake:8080");
  EXPECT_EQ(settings->where, "trino://lake:8080/hive/web");
  for (const char* header :
       {"X-Trino-User: ann", "X-Trino-Catalog: hive", "X-Trino-Schema: web",
        "X-Trino-Source: assay", "X-Trino-Time-Zone: UTC",
        "X-Trino-Client-Capabilities: PARAMETRIC_DATETIME",
        "X-Trino-Client-Tags: spec=4f2a,twowordsonecomma", "X-Trino-Session: query_max_run_time=5m",
        "X-Trino-Session: hive.x=a%2Cb"})
    EXPECT_THAT(settings->headers, Contains(header));
}

TEST(TrinoSettings, PortsAndUsersHaveDefaults) {
  EXPECT_EQ(settings_of("trino://lake?tls=true")->origin, "https://lake:8443");
  EXPECT_THAT(settings_of("trino://lake")->headers, Contains("X-Trino-User: assay"));
  EXPECT_EQ(settings_of("trino://[::1]:99/hive")->origin, "http://[::1]:99");
  EXPECT_EQ(settings_of("trino://lake?retry_for=5m&answer_within=10s")->retry_ms, 300000);
}

TEST(TrinoSettings, ASecretWantsTls) {
  ::setenv("ASSAY_TEST_SECRET", "hunter2", 1);
  const std::string options = "password_env=ASSAY_TEST_SECRET";
  const auto plain = settings_of("trino://ann@lake/hive?" + options);
  ASSERT_FALSE(plain.has_value());
  EXPECT_EQ(plain.error().problem, "a password is never sent without TLS");
  EXPECT_FALSE(settings_of("trino://lake?token_env=ASSAY_TEST_SECRET").has_value());
  const auto tls = settings_of("trino://ann@lake/hive?tls=true&" + options);
  ASSERT_TRUE(tls.has_value());
  EXPECT_EQ(tls->http.user, "ann");
  EXPECT_EQ(tls->http.password, "hunter2");
  EXPECT_THAT(settings_of("trino://lake?tls=true&" + options).error().problem,
              HasSubstr("no user"));
  EXPECT_THAT(
      settings_of("trino://a@lake?tls=true&token_env=ASSAY_TEST_SECRET&" + options).error().problem,
      HasSubstr("a password and a token"));
  const auto token = settings_of("trino://lake?tls=true&token_env=ASSAY_TEST_SECRET");
  ASSERT_TRUE(token.has_value());
  EXPECT_EQ(token->http.bearer, "hunter2");
  for (const std::string& header : token->headers)
    EXPECT_THAT(header, Not(HasSubstr("X-Trino-User")));
  ::unsetenv("ASSAY_TEST_SECRET");
}

TEST(TrinoSettings, WhatTheUrlGetsWrongIsSaid) {
  EXPECT_THAT(settings_of("trino://lake?tsl=true").error().fix, HasSubstr("tls"));
  EXPECT_THAT(settings_of("trino://lake?tls=1").error().fix, HasSubstr("true or false"));
  EXPECT_THAT(settings_of("trino://lake?retry_for=soon").error().problem, HasSubstr("`soon`"));
  EXPECT_THAT(settings_of("trino://lake/a/b/c").error().problem, HasSubstr("too many parts"));
  EXPECT_THAT(settings_of("trino://lake?session.a%20b=1").error().problem,
              HasSubstr("no name of a session property"));
}

}  // namespace
}  // namespace assay::warehouse
