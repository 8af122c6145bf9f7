#include "assay/warehouse/trino_settings.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "assay/base/time.hpp"

namespace assay::warehouse {
namespace {

constexpr std::string_view kSession = "session.";

/// Letters that a header can carry; anything else, and the comma that parts tags, is left out.
std::string tag_text(std::string_view tag) {
  std::string out;
  for (const char c : tag)
    if (c > 0x20 && c < 0x7F && c != ',') out += c;
  return out;
}

bool is_property_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-';
  });
}

Result<std::int64_t> milliseconds(const EngineUrl& url, const std::string& option,
                                  std::int64_t otherwise) {
  const auto found = url.options.find(option);
  if (found == url.options.end()) return otherwise;
  const auto duration = parse_duration(found->second);
  if (!duration || *duration <= 0) {
    return fail(ErrorCode::invalid_spec, fmt::format("{} is `{}`", option, found->second), url.text,
                "write a time like 30s or 5m");
  }
  return *duration / 1000;
}

Result<void> add_secrets(const EngineUrl& url, bool tls, HttpSettings& http) {
  const bool has_password = url.options.count("password_env") != 0;
  const bool has_token = url.options.count("token_env") != 0;
  if (!has_password && !has_token) return {};
  if (has_password && has_token) {
    return fail(ErrorCode::invalid_spec, "the URL names a password and a token", url.text,
                "keep password_env or token_env");
  }
  if (!tls) {
    return fail(ErrorCode::invalid_spec,
                fmt::format("a {} is never sent without TLS", has_token ? "token" : "password"),
                url.text, "add tls=true (and the port that speaks TLS, usually 8443)");
  }
  if (has_password && url.user.empty()) {
    return fail(ErrorCode::invalid_spec, "a password is named but no user", url.text,
                "write the user in front of the host: trino://ann@host:8443/...");
  }
  ASSAY_TRY(http.password, secret(url, "password_env"));
  ASSAY_TRY(http.bearer, secret(url, "token_env"));
  http.user = url.user;
  return {};
}

Result<void> add_session(const EngineUrl& url, std::vector<std::string>& headers) {
  for (const auto& [option, value] : url.options) {
    if (!option.starts_with(kSession)) continue;
    const std::string name = option.substr(kSession.size());
    if (!is_property_name(name)) {
      return fail(ErrorCode::invalid_spec,
                  fmt::format("`{}` is no name of a session property", name), url.text,
                  "write session.NAME=value with letters, digits and _");
    }
    headers.push_back(fmt::format("X-Trino-Session: {}={}", name, percent_encoded(value)));
  }
  return {};
}

}  // namespace

Result<TrinoSettings> trino_settings(const EngineUrl& url, const std::vector<std::string>& tags) {
  ASSAY_CHECK(check_options(
      url, {"tls", "ca_file", "password_env", "token_env", "retry_for", "answer_within"},
      {std::string(kSession)}));
  if (url.path.size() > 2) {
    return fail(ErrorCode::invalid_spec, "the URL of a Trino has too many parts", url.text,
                "write trino://host:8080/catalog/schema");
  }
  TrinoSettings settings;
  ASSAY_TRY(const bool tls, bool_option(url, "tls", false));
  ASSAY_TRY(settings.retry_ms, milliseconds(url, "retry_for", settings.retry_ms));
  ASSAY_TRY(settings.silence_ms, milliseconds(url, "answer_within", settings.silence_ms));
  ASSAY_CHECK(add_secrets(url, tls, settings.http));
  if (const auto file = url.options.find("ca_file"); file != url.options.end())
    settings.http.ca_file = file->second;

  const int default_port = tls ? 8443 : 8080;
  settings.origin = origin_text(tls, url.host, url.port == 0 ? default_port : url.port);
  settings.where = "trino" + settings.origin.substr(settings.origin.find("://"));
  if (!url.path.empty()) settings.catalog = url.path[0];
  if (url.path.size() > 1) settings.schema = url.path[1];
  for (const std::string& part : url.path) settings.where += "/" + part;

  auto& headers = settings.headers;
  // A token tells who asks; a user beside it would be another one to act as.
  if (!url.user.empty() || settings.http.bearer.empty())
    headers.push_back("X-Trino-User: " + (url.user.empty() ? std::string("assay") : url.user));
  if (!settings.catalog.empty()) headers.push_back("X-Trino-Catalog: " + settings.catalog);
  if (!settings.schema.empty()) headers.push_back("X-Trino-Schema: " + settings.schema);
  headers.insert(headers.end(),
                 {"X-Trino-Source: assay", "X-Trino-Time-Zone: UTC",
                  "X-Trino-Client-Capabilities: PARAMETRIC_DATETIME", "Content-Type: text/plain"});
  std::string all_tags;
  for (const std::string& tag : tags)
    if (const std::string text = tag_text(tag); !text.empty())
      all_tags += (all_tags.empty() ? "" : ",") + text;
  if (!all_tags.empty()) headers.push_back("X-Trino-Client-Tags: " + all_tags);
  ASSAY_CHECK(add_session(url, headers));
  return settings;
}

}  // namespace assay::warehouse
