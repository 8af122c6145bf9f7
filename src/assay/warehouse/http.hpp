#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "assay/base/progress.hpp"
#include "assay/base/result.hpp"

/// HTTP as the lines to Trino and ClickHouse need it, over libcurl.
namespace assay::warehouse {

/// Why no answer came; `none`: one came, whatever its status.
enum class HttpFailure : std::uint8_t {
  none,
  stopped,       ///< Progress asked to stop.
  unknown_host,  ///< The name does not resolve.
  refused,       ///< Nobody listens there, or the network is out of reach.
  untrusted,     ///< The TLS certificate is not trusted, or is another host's.
  no_tls,        ///< The other side does not speak TLS (or not one we accept).
  silent,        ///< No byte for longer than the limit.
  cut_off,       ///< The connection broke, or what came is not HTTP.
  too_large      ///< The body is larger than kMaxHttpBody.
};

inline constexpr std::int64_t kMaxHttpBody = std::int64_t{1} << 28;

struct HttpRequest {
  std::string method = "GET";
  std::string url;
  std::vector<std::string> headers;  ///< "Name: value"; no control characters.
  std::string body;
  std::int64_t silence_ms = 60'000;  ///< Longest time without a byte; connecting: 10 s at most.
  std::int64_t grace_ms = 0;         ///< How long the transfer may go on after a stop.
};

struct HttpAnswer {
  HttpFailure failure = HttpFailure::none;
  std::string failure_text;  ///< libcurl's own words.
  int status = 0;
  std::string content_type;
  std::map<std::string, std::string> headers;  ///< Names in lower case; of two alike the last.
  std::string body;                            ///< Decompressed.
  std::int64_t bytes_received = 0;             ///< Of the body, as they came through the wire.
};

/// What goes with every request.
struct HttpSettings {
  std::string user;      ///< With `password`: HTTP Basic.
  std::string password;  ///< Only ever sent over https.
  std::string bearer;    ///< Token; only ever sent over https.
  std::string ca_file;   ///< Certificates to trust; empty: the system's.
};

/// A connection that is kept open between requests. Certificates and host names are always
/// verified; redirects are not followed; a loopback address is never asked through a proxy; no
/// signal is touched. Not thread-safe.
class HttpClient {
 public:
  /// Secrets are left out of every request that is not https. Fails with unavailable when libcurl
  /// cannot start or `ca_file` cannot be read.
  static Result<HttpClient> create(HttpSettings settings);

  HttpClient(HttpClient&&) noexcept;
  HttpClient& operator=(HttpClient&&) noexcept;
  ~HttpClient();

  /// Sends and waits. Ends within 100 ms of a stop (plus the request's grace).
  HttpAnswer send(const HttpRequest& request, const Progress& progress = {});

 private:
  struct State;
  explicit HttpClient(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// An Error in our words for an answer that did not come; `where` names the engine's address.
Error http_error(const HttpAnswer& answer, const std::string& where);

/// Percent-encodes everything but letters, digits and - . _ ~.
std::string percent_encoded(std::string_view text);

/// "https://host:port", with brackets where the host is an IPv6 address.
std::string origin_text(bool tls, std::string_view host, int port);

}  // namespace assay::warehouse
