#include "assay/warehouse/trino_fake.hpp"

#include <arpa/inet.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <sstream>

namespace assay::warehouse {
namespace {

constexpr std::string_view kColumns = R"("columns":[{"name":"_col0","type":"varchar"}],)";

bool send_all(int connection, std::string_view text) {
  while (!text.empty()) {
    const ssize_t sent = ::send(connection, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

FakeRequest parse_head(std::string_view head) {
  FakeRequest request;
  std::size_t line_end = head.find("\r\n");
  std::istringstream(std::string(head)) >> request.method >> request.path;
  while (line_end != std::string_view::npos && line_end + 2 < head.size()) {
    head.remove_prefix(line_end + 2);
    line_end = head.find("\r\n");
    const std::string_view line = head.substr(0, line_end);
    std::istringstream words{std::string(line)};
    std::string name;
    std::string value;
    if (!std::getline(words, name, ':') || !std::getline(words >> std::ws, value)) continue;
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    std::string& all = request.headers[name];
    all += (all.empty() ? "" : "\n") + value;
  }
  return request;
}

}  // namespace

FakeServer::FakeServer(Script script) : script_(std::move(script)) {
  socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* any = reinterpret_cast<sockaddr*>(&address);
  if (::bind(socket_, any, size) != 0 || ::listen(socket_, 16) != 0 ||
      ::getsockname(socket_, any, &size) != 0)
    std::abort();
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept_all(); });
}

FakeServer::~FakeServer() {
  closing_ = true;
  acceptor_.join();
  for (std::thread& thread : threads_) thread.join();
  ::close(socket_);
}

std::string FakeServer::origin() const { return fmt::format("http://127.0.0.1:{}", port_); }

std::string FakeServer::url(const std::string& options) const {
  return fmt::format("trino://ann@127.0.0.1:{}/hive/a{}", port_, options);
}

std::vector<FakeRequest> FakeServer::requests() {
  const std::lock_guard lock(mutex_);
  return requests_;
}

int FakeServer::count(const std::string& method) {
  const auto all = requests();
  return static_cast<int>(std::count_if(
      all.begin(), all.end(), [&](const FakeRequest& one) { return one.method == method; }));
}

void FakeServer::pause(int milliseconds) const {
  for (int spent = 0; spent < milliseconds && !closing_; spent += 5)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
}

void FakeServer::accept_all() {
  while (!closing_) {
    pollfd waiting{socket_, POLLIN, 0};
    if (::poll(&waiting, 1, 10) <= 0) continue;
    const int connection = ::accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection >= 0) threads_.emplace_back([this, connection] { serve(connection); });
  }
}

void FakeServer::serve(int connection) {
  std::string heard;
  while (!closing_) {
    const std::size_t end = heard.find("\r\n\r\n");
    if (end != std::string::npos) {
      FakeRequest request = parse_head(std::string_view(heard).substr(0, end));
      const auto length = request.headers.find("content-length");
      const std::size_t body = length == request.headers.end() ? 0 : std::stoul(length->second);
      if (heard.size() >= end + 4 + body) {
        request.body = heard.substr(end + 4, body);
        heard.erase(0, end + 4 + body);
        if (!reply(connection, request)) break;
        continue;
      }
    }
    pollfd waiting{connection, POLLIN, 0};
    if (::poll(&waiting, 1, 10) <= 0) continue;
    char buffer[8192];
    const ssize_t got = ::recv(connection, buffer, sizeof buffer, 0);
    if (got <= 0) break;
    heard.append(buffer, static_cast<std::size_t>(got));
  }
  ::close(connection);
}

bool FakeServer::reply(int connection, const FakeRequest& request) {
  {
    const std::lock_guard lock(mutex_);
    requests_.push_back(request);
  }
  const FakeReply answer = script_(request);
  const std::string_view body = answer.body;
  const std::string encoding =
      answer.encoding.empty() ? "" : "Content-Encoding: " + answer.encoding + "\r\n";
  const std::string head =
      fmt::format("HTTP/1.1 {} X\r\nContent-Type: {}\r\n{}Content-Length: {}\r\n\r\n",
                  answer.status, answer.content_type, encoding, answer.body.size());
  if (answer.stall_after >= 0) {
    const std::size_t part =
        std::min<std::size_t>(body.size(), static_cast<unsigned>(answer.stall_after));
    const bool sent = send_all(connection, head) && send_all(connection, body.substr(0, part));
    pause(answer.wait_ms);
    return sent && !answer.hang_up && send_all(connection, body.substr(part));
  }
  pause(answer.wait_ms);
  return !answer.hang_up && send_all(connection, head) && send_all(connection, body);
}

FakeTrino::FakeTrino(std::vector<std::string> pages)
    : FakeTrino(std::move(pages), [](const FakeRequest&, int, FakeReply&) { return false; }) {}

FakeTrino::FakeTrino(std::vector<std::string> pages, Before before)
    : pages_(std::move(pages)),
      before_(std::move(before)),
      server_([this](const FakeRequest& request) { return answer(request); }) {}

FakeReply FakeTrino::answer(const FakeRequest& request) {
  if (request.method == "DELETE") return {.status = 204, .body = {}};
  std::size_t page = 0;
  if (request.method == "POST") {
    if (request.body.find("version()") != std::string::npos) {
      return {.body = page_text(std::string(kColumns) + R"("data":[["476"]])")};
    }
  } else {
    page = std::stoul(request.path.substr(request.path.rfind('/') + 1));
  }
  FakeReply reply;
  if (before_(request, static_cast<int>(page), reply)) return reply;
  reply = {};
  if (page >= pages_.size()) return {.status = 404, .body = "Query not found"};
  reply.body = pages_[page];
  if (page + 1 < pages_.size()) {
    reply.body.insert(1, fmt::format(R"("nextUri":"{}/v1/statement/executing/q1/{}",)",
                                     server_.origin(), page + 1));
  }
  return reply;
}

std::string page_text(const std::string& inside) {
  return fmt::format(
      R"({{"id":"q1",{}{}"stats":{{"state":"RUNNING","totalSplits":4,"completedSplits":1,)"
      R"("cpuTimeMillis":1500,"processedRows":7,"physicalInputBytes":4096,"peakMemoryBytes":9}}}})",
      inside, inside.empty() ? "" : ",");
}

std::string failure_page(const std::string& name, const std::string& type,
                         const std::string& message) {
  return page_text(
      fmt::format(R"("error":{{"message":"{}","errorCode":1,"errorName":"{}","errorType":"{}"}})",
                  message, name, type));
}

}  // namespace assay::warehouse
