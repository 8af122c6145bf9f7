#include "assay/warehouse/url.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

namespace assay::warehouse {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;

EngineUrl parsed(std::string_view text) {
  auto url = parse_engine_url(text);
  EXPECT_TRUE(url.has_value()) << text << "\n" << (url ? "" : to_text(url.error()));
  return url ? *url : EngineUrl{};
}

Error refused(std::string_view text) {
  auto url = parse_engine_url(text);
  EXPECT_FALSE(url.has_value()) << text;
  return url ? Error{} : url.error();
}

TEST(EngineUrl, EveryPartIsRead) {
  const EngineUrl url = parsed(
      "Trino://ann@lake.example.org:8443/hive/web%20logs?tls=true&session.join_max=2%25&x=a=b");
  EXPECT_EQ(url.scheme, "trino");
  EXPECT_EQ(url.user, "ann");
  EXPECT_EQ(url.host, "lake.example.org");
  EXPECT_EQ(url.port, 8443);
  EXPECT_THAT(url.path, ElementsAre("hive", "web logs"));
  EXPECT_THAT(url.options,
              ElementsAre(Pair("session.join_max", "2%"), Pair("tls", "true"), Pair("x", "a=b")));
}

TEST(EngineUrl, WhatIsNotWrittenIsEmpty) {
  const EngineUrl url = parsed("spark://localhost");
  EXPECT_EQ(url.host, "localhost");
  EXPECT_EQ(url.user, "");
  EXPECT_EQ(url.port, 0);
  EXPECT_TRUE(url.path.empty());
  EXPECT_TRUE(url.options.empty());
  EXPECT_THAT(parsed("trino://h//hive///").path, ElementsAre("hive"));
  EXPECT_THAT(parsed("trino://h?tls=true&").options, ElementsAre(Pair("tls", "true")));
}

TEST(EngineUrl, AnAddressOfSixteenBytesStandsInBrackets) {
  const EngineUrl url = parsed("trino://[::1]:8080/hive/a");
  EXPECT_EQ(url.host, "::1");
  EXPECT_EQ(url.port, 8080);
  EXPECT_EQ(parsed("trino://[fe80::2]").host, "fe80::2");
  EXPECT_THAT(refused("trino://[::1").problem, HasSubstr("never closed"));
  EXPECT_THAT(refused("trino://[::1]x").problem, HasSubstr("`x`"));
}

TEST(EngineUrl, ADuckDbFileHasThreeSlashes) {
  EXPECT_THAT(parsed("duckdb:///data/events.duckdb").path, ElementsAre("data", "events.duckdb"));
  EXPECT_THAT(refused("duckdb://events.duckdb").fix, HasSubstr("three slashes"));
  EXPECT_TRUE(parsed("duckdb://").path.empty());
}

TEST(EngineUrl, AnUnknownEngineIsAnsweredWithNearOnesAndTheList) {
  const Error error = refused("trnio://localhost/hive/a");
  EXPECT_EQ(error.code, ErrorCode::invalid_spec);
  EXPECT_EQ(error.problem, "there is no engine `trnio`");
  EXPECT_EQ(error.fix, "did you mean trino?");
  EXPECT_THAT(error.have, HasSubstr("trino, spark, clickhouse"));
  EXPECT_EQ(refused("http://localhost").fix, "");
}

TEST(EngineUrl, APasswordIsRefusedAndNeverShownAgain) {
  for (const char* text :
       {"trino://ann:hunter2@host/hive/a", "trino://host/hive/a?password=hunter2",
        "postgresql://host/db?token=hunter2", "trnio://ann:hunter2@host",
        "trino://ann:hunter2%zz@host", "trino://host?password=hunter2%zz",
        "trino://host/%zz?password=hunter2", "trino://ann:hunter2@host:99999/a#b",
        "trino://ann:hunter2/x@host/hive"}) {
    const Error error = refused(text);
    EXPECT_EQ(error.code, ErrorCode::invalid_spec) << text;
    EXPECT_THAT(error.fix, HasSubstr("password_env=NAME")) << text;
    EXPECT_THAT(to_text(error), Not(HasSubstr("hunter2"))) << text;
  }
}

TEST(EngineUrl, WhatCannotBeReadIsRefused) {
  EXPECT_THAT(refused("trino").problem, HasSubstr("no URL"));
  EXPECT_THAT(refused("trino:/host").fix, HasSubstr("trino://host:8080/catalog/schema"));
  EXPECT_THAT(refused("trino:///hive/a").problem, HasSubstr("no host"));
  EXPECT_THAT(refused("trino://").problem, HasSubstr("no host"));
  EXPECT_THAT(refused("trino://@/a").problem, HasSubstr("no host"));
  for (const char* port : {"0", "65536", "80a", "", "-1", "99999999999"}) {
    EXPECT_THAT(refused(std::string("trino://h:") + port + "/a").problem, HasSubstr("not a port"))
        << port;
  }
  EXPECT_THAT(refused("trino://h/a?tls=true&tls=false").problem, HasSubstr("tls is written twice"));
  EXPECT_THAT(refused("trino://h/a?tls").problem, HasSubstr("`tls` is no option"));
  EXPECT_THAT(refused("trino://h/a?=1").problem, HasSubstr("no option"));
  EXPECT_THAT(refused("trino://h/a%2").problem, HasSubstr("cannot read `a%2`"));
  EXPECT_THAT(refused("trino://h/a%gg").problem, HasSubstr("cannot read"));
  EXPECT_THAT(refused("trino://h/a%00b").problem, HasSubstr("cannot read"));
  EXPECT_THAT(refused("trino://h/a%0d%0aX-Evil:1").problem, HasSubstr("cannot read"));
  EXPECT_THAT(refused("trino://h/a b").fix, HasSubstr("%20"));
  EXPECT_THAT(refused("trino://h/a#b").fix, HasSubstr("%23"));
}

TEST(EngineUrl, TheEnginesOnThisMachineAreNoUrls) {
  EXPECT_FALSE(is_engine_url("embedded"));
  EXPECT_FALSE(is_engine_url("duckdb"));
  EXPECT_TRUE(is_engine_url("trino://host/hive/a"));
  EXPECT_TRUE(is_engine_url("trino:host"));
}

TEST(EngineUrl, AnOptionThatNobodyReadsIsRefusedWithNearNames) {
  const EngineUrl url = parsed("trino://h/a?tsl=true&session.x=1");
  const auto checked = check_options(url, {"tls", "password_env"}, {"session."});
  ASSERT_FALSE(checked.has_value());
  EXPECT_EQ(checked.error().problem, "trino has no option `tsl`");
  EXPECT_EQ(checked.error().fix, "did you mean tls?");
  EXPECT_EQ(checked.error().have, "tls, password_env, session.NAME");
  EXPECT_TRUE(check_options(url, {"tsl"}, {"session."}).has_value());
  EXPECT_FALSE(check_options(parsed("trino://h?session.=1"), {}, {"session."}).has_value());
}

TEST(EngineUrl, ATruthValueIsTrueOrFalse) {
  const EngineUrl url = parsed("trino://h/a?tls=true&b=false&c=yes");
  EXPECT_TRUE(bool_option(url, "tls", false).value());
  EXPECT_FALSE(bool_option(url, "b", true).value());
  EXPECT_TRUE(bool_option(url, "none", true).value());
  EXPECT_EQ(bool_option(url, "c", true).error().problem, "c is `yes`");
}

TEST(EngineUrl, ASecretComesFromTheEnvironment) {
  const EngineUrl url = parsed("trino://h/a?password_env=ASSAY_TEST_SECRET");
  ::unsetenv("ASSAY_TEST_SECRET");
  const auto missing = secret(url, "password_env");
  ASSERT_FALSE(missing.has_value());
  EXPECT_EQ(missing.error().code, ErrorCode::unavailable);
  EXPECT_EQ(missing.error().problem, "the environment variable `ASSAY_TEST_SECRET` is not set");
  ::setenv("ASSAY_TEST_SECRET", "s3cret word", 1);
  EXPECT_EQ(secret(url, "password_env").value(), "s3cret word");
  EXPECT_EQ(secret(url, "token_env").value(), "");
  ::setenv("ASSAY_TEST_SECRET", "s3cret\r\nX-Evil: 1", 1);
  const auto broken = secret(url, "password_env");
  ASSERT_FALSE(broken.has_value());
  EXPECT_THAT(to_text(broken.error()), Not(HasSubstr("s3cret\r")));
  ::unsetenv("ASSAY_TEST_SECRET");
}

}  // namespace
}  // namespace assay::warehouse
