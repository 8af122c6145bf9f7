#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

/// A small HTTP server inside the test's process that says what a test wants a Trino to say.
namespace assay::warehouse {

/// One request as it came.
struct FakeRequest {
  std::string method;
  std::string path;
  std::map<std::string, std::string> headers;  ///< Names in lower case; repeats joined with "\n".
  std::string body;
};

/// What goes back.
struct FakeReply {
  int status = 200;
  std::string body;
  std::string content_type = "application/json";
  int wait_ms = 0;       ///< Before the answer.
  bool hang_up = false;  ///< Close without an answer.
  int stall_after = -1;  ///< Send only so many bytes of the body, then wait `wait_ms` more.
  std::string encoding;  ///< Content-Encoding of the body, when it is compressed.
};

/// Listens on a free port of 127.0.0.1, one thread a connection, until destroyed.
class FakeServer {
 public:
  using Script = std::function<FakeReply(const FakeRequest&)>;
  explicit FakeServer(Script script);
  ~FakeServer();
  FakeServer(const FakeServer&) = delete;
  FakeServer& operator=(const FakeServer&) = delete;

  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] std::string origin() const;
  /// "trino://ann@127.0.0.1:PORT/hive/a" and what follows.
  [[nodiscard]] std::string url(const std::string& options = {}) const;
  /// All requests so far.
  [[nodiscard]] std::vector<FakeRequest> requests();
  /// How many of a method came.
  [[nodiscard]] int count(const std::string& method);

 private:
  void accept_all();
  void serve(int connection);
  [[nodiscard]] bool reply(int connection, const FakeRequest& request);
  void pause(int milliseconds) const;

  Script script_;
  int socket_ = -1;
  int port_ = 0;
  std::atomic<bool> closing_{false};
  std::mutex mutex_;
  std::vector<FakeRequest> requests_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

/// A Trino that gives the pages of a script: the n-th request for a statement gets the n-th page,
/// whose "nextUri" is set when another follows. `SELECT version()` is answered by itself.
class FakeTrino {
 public:
  explicit FakeTrino(std::vector<std::string> pages);
  /// Every request for a page goes through `before` first; a reply of it goes out instead.
  using Before = std::function<bool(const FakeRequest&, int page, FakeReply& reply)>;
  FakeTrino(std::vector<std::string> pages, Before before);

  FakeServer& server() { return server_; }

 private:
  FakeReply answer(const FakeRequest& request);

  std::vector<std::string> pages_;
  Before before_;
  FakeServer server_;
};

/// A page of Trino's protocol around `inside` (members of a JSON object, or nothing).
std::string page_text(const std::string& inside);

/// The page of a failed query.
std::string failure_page(const std::string& name, const std::string& type,
                         const std::string& message);

}  // namespace assay::warehouse
