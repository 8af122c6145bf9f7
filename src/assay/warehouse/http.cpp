#include "assay/warehouse/http.hpp"

#include <curl/curl.h>
#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <map>
#include <optional>

namespace assay::warehouse {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kPollMs = 40;  // a stop is seen within this time
constexpr long kConnectMs = 10'000;

struct EasyCloser {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
struct MultiCloser {
  void operator()(CURLM* handle) const { curl_multi_cleanup(handle); }
};
struct ListCloser {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, ListCloser>;

bool start_libcurl() {
  static const bool kStarted = curl_global_init(CURL_GLOBAL_ALL) == CURLE_OK;
  return kStarted;
}

/// Where a running transfer puts what comes.
struct Incoming {
  std::string body;
  std::map<std::string, std::string> headers;
  Clock::time_point last_byte = Clock::now();
  bool too_large = false;
};

std::size_t take_body(char* data, std::size_t size, std::size_t count, void* to) {
  auto& incoming = *static_cast<Incoming*>(to);
  const std::size_t bytes = size * count;
  incoming.last_byte = Clock::now();
  if (incoming.body.size() + bytes > static_cast<std::size_t>(kMaxHttpBody)) {
    incoming.too_large = true;
    return 0;
  }
  incoming.body.append(data, bytes);
  return bytes;
}

std::size_t take_header(char* data, std::size_t size, std::size_t count, void* to) {
  auto& incoming = *static_cast<Incoming*>(to);
  incoming.last_byte = Clock::now();
  const std::string_view line(data, size * count);
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return line.size();
  std::string name(line.substr(0, colon));
  for (char& c : name)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  std::string_view value = line.substr(colon + 1);
  while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
  while (!value.empty() && (value.back() == '\r' || value.back() == '\n')) value.remove_suffix(1);
  incoming.headers[std::move(name)] = std::string(value);
  return line.size();
}

HeaderList header_list(const HttpRequest& request, const HttpSettings& settings, bool tls) {
  std::vector<std::string> lines = request.headers;
  // libcurl would wait for a "100 Continue" before a long body.
  lines.emplace_back("Expect:");
  if (tls && !settings.bearer.empty()) lines.push_back("Authorization: Bearer " + settings.bearer);
  HeaderList list;
  for (const std::string& line : lines) {
    curl_slist* longer = curl_slist_append(list.get(), line.c_str());
    if (longer == nullptr) break;
    [[maybe_unused]] const curl_slist* before = list.release();
    list.reset(longer);
  }
  return list;
}

bool is_loopback(std::string_view url) {
  const std::size_t begin = url.find("://");
  const std::string_view host = begin == std::string_view::npos ? url : url.substr(begin + 3);
  return host.starts_with("127.") || host.starts_with("localhost") || host.starts_with("[::1]");
}

void set_up(CURL* easy, const HttpRequest& request, const HttpSettings& settings,
            const curl_slist* headers, Incoming& incoming, char* words) {
  const bool tls = request.url.starts_with("https://");
  curl_easy_reset(easy);
  curl_easy_setopt(easy, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(easy, CURLOPT_USERAGENT, "assay");
  curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip");
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, kConnectMs);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &incoming);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, &incoming);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, words);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
  curl_easy_setopt(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!settings.ca_file.empty()) curl_easy_setopt(easy, CURLOPT_CAINFO, settings.ca_file.c_str());
  if (is_loopback(request.url)) curl_easy_setopt(easy, CURLOPT_PROXY, "");
  if (tls && !settings.password.empty()) {
    curl_easy_setopt(easy, CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC));
    curl_easy_setopt(easy, CURLOPT_USERNAME, settings.user.c_str());
    curl_easy_setopt(easy, CURLOPT_PASSWORD, settings.password.c_str());
  }
  // A kept connection may be dead; libcurl would then send the request once more by itself.
  if (request.method == "POST") curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
  if (!request.body.empty()) {
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request.body.size()));
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.body.c_str());
  }
}

HttpFailure failure_of(CURLcode code, const Incoming& incoming) {
  switch (code) {
    case CURLE_OK:
      return HttpFailure::none;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_URL_MALFORMAT:
      return HttpFailure::unknown_host;
    case CURLE_COULDNT_CONNECT:
      return HttpFailure::refused;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_CACERT_BADFILE:
      return HttpFailure::untrusted;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CIPHER:
      return HttpFailure::no_tls;
    case CURLE_OPERATION_TIMEDOUT:
      return HttpFailure::silent;
    case CURLE_WRITE_ERROR:
      return incoming.too_large ? HttpFailure::too_large : HttpFailure::cut_off;
    default:
      return HttpFailure::cut_off;
  }
}

/// Drives one transfer that has been added to `multi`.
HttpFailure drive(CURLM* multi, const HttpRequest& request, const Progress& progress,
                  const Incoming& incoming) {
  std::optional<Clock::time_point> stopped;
  for (;;) {
    int running = 0;
    if (curl_multi_perform(multi, &running) != CURLM_OK) return HttpFailure::cut_off;
    int left = 0;
    if (const CURLMsg* message = curl_multi_info_read(multi, &left);
        message != nullptr && message->msg == CURLMSG_DONE)
      return failure_of(message->data.result, incoming);
    if (running == 0) return HttpFailure::cut_off;
    const auto now = Clock::now();
    if (!stopped && !progress.check()) stopped = now;
    if (stopped && now - *stopped >= std::chrono::milliseconds(request.grace_ms))
      return HttpFailure::stopped;
    if (now - incoming.last_byte > std::chrono::milliseconds(request.silence_ms))
      return HttpFailure::silent;
    curl_multi_poll(multi, nullptr, 0, kPollMs, nullptr);
  }
}

}  // namespace

struct HttpClient::State {
  HttpSettings settings;
  std::unique_ptr<CURLM, MultiCloser> multi;
  std::unique_ptr<CURL, EasyCloser> easy;  // destroyed before `multi`
};

HttpClient::HttpClient(std::unique_ptr<State> state) : state_(std::move(state)) {}
HttpClient::HttpClient(HttpClient&&) noexcept = default;
HttpClient& HttpClient::operator=(HttpClient&&) noexcept = default;
HttpClient::~HttpClient() = default;

Result<HttpClient> HttpClient::create(HttpSettings settings) {
  if (!settings.ca_file.empty() && !std::ifstream(settings.ca_file)) {
    return fail(ErrorCode::unavailable, "cannot read the file of trusted certificates",
                settings.ca_file, "check ca_file: certificates in PEM form");
  }
  auto state = std::make_unique<State>();
  state->settings = std::move(settings);
  if (start_libcurl()) {
    state->multi.reset(curl_multi_init());
    state->easy.reset(curl_easy_init());
  }
  if (!state->multi || !state->easy)
    return fail(ErrorCode::unavailable, "libcurl does not start: out of memory");
  return HttpClient(std::move(state));
}

HttpAnswer HttpClient::send(const HttpRequest& request, const Progress& progress) {
  HttpAnswer answer;
  CURL* easy = state_->easy.get();
  Incoming incoming;
  std::vector<char> words(CURL_ERROR_SIZE, '\0');
  const bool tls = request.url.starts_with("https://");
  const HeaderList headers = header_list(request, state_->settings, tls);
  set_up(easy, request, state_->settings, headers.get(), incoming, words.data());
  if (curl_multi_add_handle(state_->multi.get(), easy) != CURLM_OK) {
    answer.failure = HttpFailure::cut_off;
    return answer;
  }
  answer.failure = drive(state_->multi.get(), request, progress, incoming);
  curl_multi_remove_handle(state_->multi.get(), easy);
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  char* type = nullptr;
  curl_easy_getinfo(easy, CURLINFO_CONTENT_TYPE, &type);
  curl_off_t bytes = 0;
  curl_easy_getinfo(easy, CURLINFO_SIZE_DOWNLOAD_T, &bytes);
  answer.status = static_cast<int>(status);
  if (type != nullptr) answer.content_type = type;
  answer.bytes_received = static_cast<std::int64_t>(bytes);
  answer.headers = std::move(incoming.headers);
  answer.body = std::move(incoming.body);
  answer.failure_text = words.data();
  // The buffers of this call die with it.
  curl_easy_reset(easy);
  return answer;
}

Error http_error(const HttpAnswer& answer, const std::string& where) {
  Error error{ErrorCode::unavailable, "", where, "", answer.failure_text};
  switch (answer.failure) {
    case HttpFailure::none:
      error.problem = fmt::format("the engine answered with HTTP status {}", answer.status);
      break;
    case HttpFailure::stopped:
      error = {ErrorCode::interrupted, "stopped on request; nothing was changed", where, "", ""};
      break;
    case HttpFailure::unknown_host:
      error.problem = "the engine's host is not known";
      error.fix = "check the host in the engine's URL, and the network (a VPN?)";
      break;
    case HttpFailure::refused:
      error.problem = "nobody answers at the engine's address: the connection is refused";
      error.fix = "check host and port, and that the engine is running";
      break;
    case HttpFailure::untrusted:
      error.problem = "the engine's TLS certificate is not trusted";
      error.fix =
          "name the certificate of its authority with ca_file=/path/to/ca.pem, and use the "
          "host name that stands in the certificate";
      break;
    case HttpFailure::no_tls:
      error.problem = "the engine's address does not speak TLS";
      error.fix = "check the port, or take tls=true out of the URL";
      break;
    case HttpFailure::silent:
      error.problem = "the engine does not answer: no byte within the time limit";
      error.fix = "check that the engine is not overloaded; answer_within=5m waits longer";
      break;
    case HttpFailure::cut_off:
      error.problem = "the connection to the engine broke";
      error.fix = "check that the address speaks HTTP (with TLS: tls=true) and is still running";
      break;
    case HttpFailure::too_large:
      error.problem = "the engine's answer is too large for one page";
      error.have = "more than 256 MB";
      break;
  }
  return error;
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    if (plain) {
      out += c;
    } else {
      out += {'%', kHex[byte >> 4], kHex[byte & 15U]};
    }
  }
  return out;
}

std::string origin_text(bool tls, std::string_view host, int port) {
  const bool six = host.find(':') != std::string_view::npos;
  return fmt::format("{}://{}{}{}:{}", tls ? "https" : "http", six ? "[" : "", host, six ? "]" : "",
                     port);
}

}  // namespace assay::warehouse
