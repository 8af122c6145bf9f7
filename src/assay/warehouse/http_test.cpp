#include "assay/warehouse/http.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "assay/warehouse/trino_fake.hpp"

namespace assay::warehouse {
namespace {

using ::testing::HasSubstr;
using Clock = std::chrono::steady_clock;

HttpClient client(HttpSettings settings = {}) {
  auto made = HttpClient::create(std::move(settings));
  EXPECT_TRUE(made.has_value());
  return std::move(*made);
}

std::int64_t ms_since(Clock::time_point begin) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begin).count();
}

TEST(Http, ABodyGoesThereAndAnAnswerComesBack) {
  FakeServer server([](const FakeRequest& request) {
    return FakeReply{.status = 201, .body = "got " + request.body, .content_type = "text/plain"};
  });
  HttpClient http = client();
  const HttpAnswer answer = http.send({.method = "POST",
                                       .url = server.origin() + "/here?x=1",
                                       .headers = {"X-One: 1", "X-One: 2"},
                                       .body = "twelve bytes"});
  EXPECT_EQ(answer.failure, HttpFailure::none);
  EXPECT_EQ(answer.status, 201);
  EXPECT_EQ(answer.body, "got twelve bytes");
  EXPECT_EQ(answer.bytes_received, 16);
  EXPECT_EQ(answer.content_type, "text/plain");
  const FakeRequest request = server.requests().at(0);
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.path, "/here?x=1");
  EXPECT_EQ(request.headers.at("x-one"), "1\n2");
}

TEST(Http, ACompressedBodyIsUnpackedAndCountedAsItCame) {
  // printf hello | gzip -n | xxd -i
  const unsigned char packed[] = {0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
                                  0x03, 0xcb, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x86,
                                  0xa6, 0x10, 0x36, 0x05, 0x00, 0x00, 0x00};
  const std::string body(reinterpret_cast<const char*>(packed), sizeof packed);
  FakeServer server(
      [&](const FakeRequest&) { return FakeReply{.body = body, .encoding = "gzip"}; });
  HttpClient http = client();
  const HttpAnswer answer = http.send({.url = server.origin() + "/"});
  EXPECT_EQ(answer.body, "hello");
  EXPECT_EQ(answer.bytes_received, 25);
  EXPECT_THAT(server.requests().at(0).headers.at("accept-encoding"), HasSubstr("gzip"));
}

TEST(Http, AStopEndsATransferWithinATenthOfASecond) {
  for (const int stall_after : {-1, 3}) {  // before the first byte, and in the middle of the body
    FakeServer server([&](const FakeRequest&) {
      return FakeReply{.body = "slow body", .wait_ms = 5000, .stall_after = stall_after};
    });
    HttpClient http = client();
    std::atomic<bool> stop{false};
    Clock::time_point asked;
    std::thread user([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(120));
      asked = Clock::now();
      stop = true;
    });
    const HttpAnswer answer = http.send({.url = server.origin() + "/"}, {.stop = &stop});
    const Clock::time_point ended = Clock::now();
    user.join();
    EXPECT_EQ(answer.failure, HttpFailure::stopped);
    EXPECT_LT(ended - asked, std::chrono::milliseconds(100));
    EXPECT_EQ(http_error(answer, "x").code, ErrorCode::interrupted);
  }
}

TEST(Http, ARequestWithGraceMayEndAfterAStop) {
  FakeServer server(
      [](const FakeRequest&) { return FakeReply{.body = "in time", .wait_ms = 150}; });
  HttpClient http = client();
  const std::atomic<bool> stop{true};
  const HttpAnswer answer =
      http.send({.url = server.origin() + "/", .grace_ms = 3000}, {.stop = &stop});
  EXPECT_EQ(answer.failure, HttpFailure::none);
  EXPECT_EQ(answer.body, "in time");
}

TEST(Http, ASilentServerIsGivenUp) {
  FakeServer server([](const FakeRequest&) { return FakeReply{.wait_ms = 5000}; });
  HttpClient http = client();
  const auto begin = Clock::now();
  const HttpAnswer answer = http.send({.url = server.origin() + "/", .silence_ms = 200});
  EXPECT_EQ(answer.failure, HttpFailure::silent);
  EXPECT_LT(ms_since(begin), 2000);
  EXPECT_THAT(http_error(answer, "x").problem, HasSubstr("does not answer"));
}

TEST(Http, EveryWayToFailIsToldApart) {
  HttpClient http = client();
  FakeServer plain([](const FakeRequest&) { return FakeReply{.hang_up = true}; });
  EXPECT_EQ(http.send({.url = plain.origin() + "/"}).failure, HttpFailure::cut_off);
  // Port 1 of the loopback address: nobody listens.
  const HttpAnswer refused = http.send({.url = "http://127.0.0.1:1/"});
  EXPECT_EQ(refused.failure, HttpFailure::refused);
  EXPECT_THAT(http_error(refused, "x").problem, HasSubstr("refused"));
  const std::string other = "https" + plain.origin().substr(4) + "/";
  EXPECT_EQ(http.send({.url = other, .silence_ms = 500}).failure, HttpFailure::silent)
      << "the plain server waits for a request that TLS never sends";
  // RFC 6761: names under .invalid never resolve.
  const HttpAnswer unknown = http.send({.url = "http://nowhere.invalid/"});
  EXPECT_EQ(unknown.failure, HttpFailure::unknown_host);
  EXPECT_THAT(http_error(unknown, "x").problem, HasSubstr("host is not known"));
  EXPECT_EQ(http.send({.url = "file:///etc/passwd"}).failure, HttpFailure::cut_off);
}

TEST(Http, ASecretNeverLeavesOverPlainHttp) {
  FakeServer server([](const FakeRequest&) { return FakeReply{}; });
  HttpClient basic = client({.user = "ann", .password = "hunter2"});
  HttpClient bearer = client({.bearer = "token"});
  EXPECT_EQ(basic.send({.url = server.origin() + "/"}).status, 200);
  EXPECT_EQ(bearer.send({.url = server.origin() + "/"}).status, 200);
  for (const FakeRequest& request : server.requests())
    EXPECT_EQ(request.headers.count("authorization"), 0U);
}

TEST(Http, ARedirectIsNotFollowed) {
  FakeServer server([](const FakeRequest&) { return FakeReply{.status = 307, .body = "there"}; });
  HttpClient http = client();
  EXPECT_EQ(http.send({.url = server.origin() + "/"}).status, 307);
  EXPECT_EQ(server.requests().size(), 1U);
}

TEST(Http, AMissingCertificateFileIsSaidAtOnce) {
  const auto made = HttpClient::create({.ca_file = "/no/such/ca.pem"});
  ASSERT_FALSE(made.has_value());
  EXPECT_EQ(made.error().where, "/no/such/ca.pem");
}

TEST(Http, TextForUrlsIsEncoded) {
  EXPECT_EQ(percent_encoded("a b%+,=ä~"), "a%20b%25%2B%2C%3D%C3%A4~");
  EXPECT_EQ(origin_text(false, "host", 80), "http://host:80");
  EXPECT_EQ(origin_text(true, "::1", 8443), "https://[::1]:8443");
}

}  // namespace
}  // namespace assay::warehouse
