#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "assay/base/text.hpp"
#include "assay/warehouse/adbc.hpp"

namespace assay::warehouse {
namespace {

using Options = std::vector<std::pair<std::string, std::string>>;

constexpr std::string_view kPassThrough = "option.";

struct SchemeOptions {
  std::string_view scheme;
  std::vector<std::string> names;  ///< Besides driver, entry, dialect and option.KEY.
};

const std::vector<SchemeOptions>& scheme_options() {
  static const std::vector<SchemeOptions> all{
      {"spark", {"token_env", "tls"}},
      {"flightsql", {"password_env", "token_env", "tls"}},
      {"postgresql", {"password_env", "tls"}},
      {"snowflake", {"password_env", "token_env", "warehouse", "role"}},
      {"bigquery", {}},
      {"duckdb", {}}};
  return all;
}

Result<void> check_names(const EngineUrl& url) {
  std::vector<std::string> known{"driver", "entry", "dialect"};
  for (const SchemeOptions& one : scheme_options()) {
    if (one.scheme == url.scheme) known.insert(known.end(), one.names.begin(), one.names.end());
  }
  for (const auto& [name, value] : url.options) {
    if (name.starts_with(kPassThrough) && name.size() > kPassThrough.size()) continue;
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    const std::string near = nearest(name, known);
    return fail(ErrorCode::invalid_spec, fmt::format("{} has no option {}", url.scheme, name),
                url.text,
                near.empty() ? "what is meant for the driver itself is written option.KEY=value"
                             : fmt::format("did you mean {}?", near),
                list_text(known) + ", option.KEY");
  }
  return {};
}

std::string named(const EngineUrl& url, const std::string& name) {
  const auto found = url.options.find(name);
  return found == url.options.end() ? std::string() : found->second;
}

Result<bool> tls(const EngineUrl& url) {
  const std::string text = named(url, "tls");
  if (text.empty() || text == "false") return false;
  if (text == "true") return true;
  return fail(ErrorCode::invalid_spec, fmt::format("tls is neither true nor false: {}", text),
              url.text, "write tls=true or tls=false");
}

std::string address(const EngineUrl& url, int usual_port) {
  const bool bare_ipv6 = url.host.find(':') != std::string::npos && !url.host.starts_with('[');
  const std::string host = bare_ipv6 ? "[" + url.host + "]" : url.host;
  return fmt::format("{}:{}", host, url.port == 0 ? usual_port : url.port);
}

/// Percent-encodes all but letters, digits and "-._~".
std::string encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                       (byte >= '0' && byte <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
    out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned>(byte));
  }
  return out;
}

Result<Options> spark(const EngineUrl& url) {
  ASSAY_TRY(const bool secure, tls(url));
  ASSAY_TRY(const std::string token, secret(url, "token_env"));
  Options options{{"uri", "sc://" + address(url, 15002)}, {"adbc.spark.user_agent", "assay"}};
  if (!url.user.empty()) options.emplace_back("adbc.spark.user_id", url.user);
  if (!token.empty()) options.emplace_back("adbc.spark.token", token);
  // The driver takes a token as a wish for TLS; say it either way.
  if (secure || !named(url, "tls").empty()) {
    options.emplace_back("adbc.spark.tls.enabled", secure ? "true" : "false");
  }
  return options;
}

Result<Options> flightsql(const EngineUrl& url) {
  ASSAY_TRY(const bool secure, tls(url));
  ASSAY_TRY(const std::string password, secret(url, "password_env"));
  ASSAY_TRY(const std::string token, secret(url, "token_env"));
  Options options{{"uri", (secure ? "grpc+tls://" : "grpc+tcp://") + address(url, 32010)}};
  if (!url.user.empty()) options.emplace_back("username", url.user);
  if (!password.empty()) options.emplace_back("password", password);
  if (!token.empty()) {
    options.emplace_back("adbc.flight.sql.authorization_header", "Bearer " + token);
  }
  return options;
}

Result<Options> postgresql(const EngineUrl& url) {
  ASSAY_TRY(const bool secure, tls(url));
  ASSAY_TRY(const std::string password, secret(url, "password_env"));
  std::string uri = "postgresql://";
  if (!url.user.empty()) {
    uri += encoded(url.user) + (password.empty() ? "" : ":" + encoded(password)) + "@";
  }
  uri += address(url, 5432);
  if (!url.path.empty()) uri += "/" + encoded(url.path.front());
  if (secure) uri += "?sslmode=verify-full";
  return Options{{"uri", uri}};
}

Result<Options> snowflake(const EngineUrl& url) {
  ASSAY_TRY(const std::string password, secret(url, "password_env"));
  ASSAY_TRY(const std::string token, secret(url, "token_env"));
  Options options{{"adbc.snowflake.sql.account", url.host}};
  if (!url.user.empty()) options.emplace_back("username", url.user);
  if (!password.empty()) options.emplace_back("password", password);
  if (!token.empty()) {
    options.emplace_back("adbc.snowflake.sql.auth_type", "auth_oauth");
    options.emplace_back("adbc.snowflake.sql.client_option.auth_token", token);
  }
  if (!url.path.empty()) options.emplace_back("adbc.snowflake.sql.db", url.path[0]);
  if (url.path.size() > 1) options.emplace_back("adbc.snowflake.sql.schema", url.path[1]);
  for (const char* name : {"warehouse", "role"}) {
    if (const std::string text = named(url, name); !text.empty()) {
      options.emplace_back(fmt::format("adbc.snowflake.sql.{}", name), text);
    }
  }
  return options;
}

Result<Options> bigquery(const EngineUrl& url) {
  Options options{{"adbc.bigquery.sql.project_id", url.host}};
  if (!url.path.empty()) options.emplace_back("adbc.bigquery.sql.dataset_id", url.path[0]);
  return options;
}

Result<Options> duckdb(const EngineUrl& url) {
  std::string file;
  for (const std::string& part : url.path) file += "/" + part;
  return Options{{"path", file.empty() ? ":memory:" : file}};
}

Result<Options> own_options(const EngineUrl& url) {
  if (url.scheme == "spark") return spark(url);
  if (url.scheme == "flightsql") return flightsql(url);
  if (url.scheme == "postgresql") return postgresql(url);
  if (url.scheme == "snowflake") return snowflake(url);
  if (url.scheme == "bigquery") return bigquery(url);
  if (url.scheme == "duckdb") return duckdb(url);
  return fail(ErrorCode::invalid_spec, fmt::format("no ADBC driver is known for {}", url.scheme),
              url.text, "", "spark, flightsql, postgresql, snowflake, bigquery");
}

}  // namespace

Result<Options> adbc_options(const EngineUrl& url) {
  ASSAY_TRY(Options options, own_options(url));
  ASSAY_CHECK(check_names(url));
  for (const auto& [name, value] : url.options) {
    if (name.starts_with(kPassThrough)) {
      options.emplace_back(name.substr(kPassThrough.size()), value);
    }
  }
  return options;
}

}  // namespace assay::warehouse
