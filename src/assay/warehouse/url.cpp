#include "assay/warehouse/url.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <optional>

#include "assay/base/text.hpp"

namespace assay::warehouse {
namespace {

const std::vector<std::string>& schemes() {
  static const std::vector<std::string> kSchemes = {
      "trino", "spark", "clickhouse", "flightsql", "duckdb", "postgresql", "snowflake", "bigquery"};
  return kSchemes;
}

constexpr std::string_view kShape = "write it as trino://host:8080/catalog/schema";
constexpr std::string_view kSecretsAdvice =
    "put it into an environment variable and name that: ?password_env=NAME or ?token_env=NAME";

tl::unexpected<Error> bad(std::string problem, std::string_view text, std::string_view fix) {
  return fail(ErrorCode::invalid_spec, std::move(problem), std::string(text), std::string(fix));
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// None when a % is not followed by two hexadecimal digits or stands for a control character.
std::optional<std::string> percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = hex_digit(text[i + 1]);
      const int low = hex_digit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    }
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) return std::nullopt;
    out += c;
  }
  return out;
}

Result<std::string> decoded(std::string_view part, std::string_view whole) {
  if (auto text = percent_decoded(part)) return *text;
  return bad(fmt::format("cannot read `{}` in the engine's URL", part), whole,
             "% must be followed by two hexadecimal digits of a printable character; write a "
             "percent sign itself as %25");
}

/// Cuts `text` at the first of any of `marks`; the second part keeps its mark.
std::string_view cut_before(std::string_view& text, std::string_view marks) {
  const std::size_t at = std::min(text.find_first_of(marks), text.size());
  const std::string_view head = text.substr(0, at);
  text.remove_prefix(at);
  return head;
}

Result<int> read_port(std::string_view text, std::string_view whole) {
  int port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size() || port < 1 || port > 65535) {
    return bad(fmt::format("`{}` is not a port", text), whole,
               "a port is a whole number from 1 to 65535");
  }
  return port;
}

/// Reads "user@host:port" into the URL.
Result<void> read_authority(std::string_view text, std::string_view whole, EngineUrl& url) {
  if (const std::size_t at = text.rfind('@'); at != std::string_view::npos) {
    const std::string_view user = text.substr(0, at);
    if (user.find(':') != std::string_view::npos) {
      // The whole is not shown: it holds the password.
      return fail(ErrorCode::invalid_spec, "the engine's URL holds a password",
                  fmt::format("{}://...@{}", url.scheme, text.substr(at + 1)),
                  std::string(kSecretsAdvice));
    }
    ASSAY_TRY(url.user, decoded(user, whole));
    text.remove_prefix(at + 1);
  }
  std::string_view host = text;
  std::optional<std::string_view> port;
  if (text.starts_with('[')) {  // [::1]:8080
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) return bad("a [ is never closed", whole, kShape);
    host = text.substr(1, close - 1);
    const std::string_view rest = text.substr(close + 1);
    if (!rest.empty() && !rest.starts_with(':'))
      return bad(fmt::format("unexpected `{}` behind the host", rest), whole, kShape);
    if (!rest.empty()) port = rest.substr(1);
  } else if (const std::size_t colon = text.find(':'); colon != std::string_view::npos) {
    host = text.substr(0, colon);
    port = text.substr(colon + 1);
  }
  if (port) {
    ASSAY_TRY(url.port, read_port(*port, whole));
  }
  ASSAY_TRY(url.host, decoded(host, whole));
  return {};
}

Result<void> read_path(std::string_view text, std::string_view whole, EngineUrl& url) {
  while (!text.empty()) {
    text.remove_prefix(1);  // the slash
    const std::string_view part = cut_before(text, "/");
    if (part.empty()) continue;
    ASSAY_TRY(auto name, decoded(part, whole));
    url.path.push_back(std::move(name));
  }
  return {};
}

bool names_a_secret(std::string_view option) {
  return option == "password" || option == "token" || option == "secret" || option == "pwd" ||
         option == "api_key";
}

Result<void> read_options(std::string_view text, std::string_view whole, EngineUrl& url) {
  while (!text.empty()) {
    text.remove_prefix(1);  // ? or &
    const std::string_view pair = cut_before(text, "&");
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    ASSAY_TRY(const std::string name, decoded(pair.substr(0, equals), whole));
    if (names_a_secret(name)) {
      return fail(ErrorCode::invalid_spec, fmt::format("the engine's URL holds a {}", name),
                  fmt::format("{}://{}/...?{}=...", url.scheme, url.host, name),
                  std::string(kSecretsAdvice));
    }
    if (equals == std::string_view::npos || name.empty())
      return bad(fmt::format("`{}` is no option", pair), whole, "write options as name=value");
    ASSAY_TRY(auto value, decoded(pair.substr(equals + 1), whole));
    if (!url.options.emplace(name, std::move(value)).second)
      return bad(fmt::format("the option {} is written twice", name), whole, "keep one of them");
  }
  return {};
}

Result<void> check_scheme(const EngineUrl& url, std::string_view whole) {
  if (std::find(schemes().begin(), schemes().end(), url.scheme) != schemes().end()) return {};
  const std::string near = nearest(url.scheme, schemes());
  return fail(ErrorCode::invalid_spec, fmt::format("there is no engine `{}`", url.scheme),
              std::string(whole),
              near.empty() ? std::string{} : fmt::format("did you mean {}?", near),
              list_text(schemes()));
}

Result<void> check_host(const EngineUrl& url) {
  if (url.scheme != "duckdb") {
    if (url.host.empty()) return bad("the engine's URL names no host", url.text, kShape);
    return {};
  }
  if (!url.host.empty() || !url.user.empty() || url.port != 0)
    return bad("a DuckDB file has no host", url.text,
               "write three slashes and the whole path: duckdb:///path/to/file.duckdb");
  return {};
}

}  // namespace

Result<EngineUrl> parse_engine_url(std::string_view text) {
  const std::size_t colon = text.find("://");
  if (colon == std::string_view::npos) return bad("this is no URL of an engine", text, kShape);
  EngineUrl url;
  url.scheme = lower(text.substr(0, colon));
  std::string_view rest = text.substr(colon + 3);
  const std::string_view authority = cut_before(rest, "/?#");
  // A password with a slash in it ends the authority early.
  const bool split_password = authority.find('@') == std::string_view::npos &&
                              authority.find(':') != std::string_view::npos &&
                              rest.find('@') != std::string_view::npos;
  if (const auto read = read_authority(authority, text, url); !read) {
    if (!split_password) return tl::unexpected(read.error());
    return fail(ErrorCode::invalid_spec, "the engine's URL holds a password", url.scheme + "://...",
                std::string(kSecretsAdvice));
  }
  const std::string_view path = cut_before(rest, "?#");
  const std::string_view options = cut_before(rest, "#");
  ASSAY_CHECK(read_options(options, text, url));
  // Only now is it sure that the text holds no secret and may be shown.
  url.text = std::string(text);
  ASSAY_CHECK(check_scheme(url, text));
  ASSAY_CHECK(read_path(path, text, url));
  if (!rest.empty()) return bad("a # ends the engine's URL", text, "write # as %23");
  const bool odd = std::any_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) <= 0x20 || c == 0x7F;
  });
  if (odd) return bad("the engine's URL holds a space", text, "write a space as %20");
  ASSAY_CHECK(check_host(url));
  return url;
}

Result<void> check_options(const EngineUrl& url, const std::vector<std::string>& known,
                           const std::vector<std::string>& families) {
  for (const auto& [name, value] : url.options) {
    const auto belongs = [&name = name](const std::string& family) {
      return name.starts_with(family) && name.size() > family.size();
    };
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    if (std::any_of(families.begin(), families.end(), belongs)) continue;
    std::vector<std::string> all = known;
    for (const std::string& family : families) all.push_back(family + "NAME");
    const std::string near = nearest(name, known);
    return fail(ErrorCode::invalid_spec, fmt::format("{} has no option `{}`", url.scheme, name),
                url.text, near.empty() ? std::string{} : fmt::format("did you mean {}?", near),
                list_text(all));
  }
  return {};
}

Result<bool> bool_option(const EngineUrl& url, const std::string& option, bool otherwise) {
  const auto found = url.options.find(option);
  if (found == url.options.end()) return otherwise;
  if (found->second == "true") return true;
  if (found->second == "false") return false;
  return bad(fmt::format("{} is `{}`", option, found->second), url.text, "write true or false");
}

bool is_engine_url(std::string_view text) { return text.find(':') != std::string_view::npos; }

Result<std::string> secret(const EngineUrl& url, const std::string& option) {
  const auto found = url.options.find(option);
  if (found == url.options.end()) return std::string{};
  const char* value = found->second.empty() ? nullptr : std::getenv(found->second.c_str());
  if (value == nullptr || *value == '\0') {
    return fail(
        ErrorCode::unavailable,
        fmt::format("the environment variable `{}` is not set", found->second),
        fmt::format("{} of {}", option, url.text),
        fmt::format("set it to the secret before running, or take {} out of the URL", option));
  }
  const std::string text = value;
  if (std::any_of(text.begin(), text.end(),
                  [](char c) { return static_cast<unsigned char>(c) < 0x20; })) {
    return fail(ErrorCode::unavailable,
                fmt::format("the environment variable `{}` holds a line break or another control "
                            "character, which no password or token has",
                            found->second),
                fmt::format("{} of {}", option, url.text), "set it without the line break");
  }
  return text;
}

}  // namespace assay::warehouse
