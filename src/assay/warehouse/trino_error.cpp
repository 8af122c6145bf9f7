#include "assay/warehouse/trino_error.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <vector>

namespace assay::warehouse {
namespace {

struct Words {
  std::string_view name;  ///< Of Trino's error; a last * stands for any ending.
  ErrorCode code;
  std::string_view problem;
  std::string_view fix;
};

constexpr std::string_view kOurBug =
    "this is a bug of assay: report it with the engine's words and the SQL of `assay plan`";
constexpr std::string_view kLess =
    "ask for fewer days or columns, or have the cluster's limit raised (session.NAME=value)";
constexpr std::string_view kAgain = "run it again; the cluster's owner can say what happened";

/// The first that fits counts.
const std::vector<Words>& all_words() {
  using enum ErrorCode;
  static const std::vector<Words> kWords = {
      {"SYNTAX_ERROR", internal, "Trino cannot read the SQL that assay wrote", kOurBug},
      {"FUNCTION_NOT_FOUND", internal, "Trino does not know a function that assay uses", kOurBug},
      {"CATALOG_NOT_FOUND", invalid_spec, "the engine has no such catalog",
       "check the first part of the path in the engine's URL"},
      {"MISSING_CATALOG_NAME", invalid_spec, "no catalog is named",
       "write trino://host/catalog/schema, or the table as catalog.schema.table"},
      {"SCHEMA_NOT_FOUND", invalid_spec, "the catalog has no such schema",
       "check the second part of the path in the engine's URL"},
      {"MISSING_SCHEMA_NAME", invalid_spec, "no schema is named",
       "write trino://host/catalog/schema, or the table as schema.table"},
      {"TABLE_NOT_FOUND", invalid_spec, "there is no such table", "check the table of the source"},
      {"COLUMN_NOT_FOUND", invalid_spec, "there is no such column",
       "check the columns of the source and of the metrics"},
      {"PERMISSION_DENIED", invalid_spec, "the engine's user may not do this",
       "have the user be granted SELECT on the table, or connect as another user"},
      {"TYPE_MISMATCH", invalid_spec, "a column has another type than the question needs",
       "compare the types of the table's columns with what the spec says about them"},
      {"*_SESSION_PROPERTY", invalid_spec, "the engine does not take a session property",
       "check the session.NAME=value options of the engine's URL"},
      {"DIVISION_BY_ZERO", invalid_data, "a division by zero in the data", ""},
      {"NUMERIC_VALUE_OUT_OF_RANGE", invalid_data,
       "a number in the data, or a sum of them, is larger than its type holds", ""},
      {"INVALID_CAST_ARGUMENT", invalid_data, "a value in the data does not convert", ""},
      {"INVALID_FUNCTION_ARGUMENT", invalid_data, "a function cannot work with a value", ""},
      {"*_BAD_DATA", invalid_data, "a file of the table is damaged", ""},
      {"HIVE_PARTITION_SCHEMA_MISMATCH", invalid_data,
       "a partition has other column types than its table", ""},
      {"HIVE_CURSOR_ERROR", invalid_data, "a file of the table cannot be read", ""},
      {"EXCEEDED_TIME_LIMIT", unavailable, "the query ran into the cluster's time limit", kLess},
      {"EXCEEDED_CPU_LIMIT", unavailable, "the query ran into the cluster's CPU limit", kLess},
      {"EXCEEDED_SCAN_LIMIT", unavailable, "the query ran into the cluster's scan limit", kLess},
      {"EXCEEDED_*", unavailable, "the query needs more memory than the cluster allows", kLess},
      {"CLUSTER_OUT_OF_MEMORY", unavailable, "the cluster is out of memory", kLess},
      {"OUT_OF_SPILL_SPACE", unavailable, "the cluster is out of disk for large queries", kLess},
      {"QUERY_QUEUE_FULL", unavailable, "the cluster's queue is full", "try again later"},
      {"USER_CANCELED", unavailable, "the query was cancelled on the engine", kAgain},
      {"ADMINISTRATIVELY_*", unavailable, "the cluster's owner stopped the query", kAgain},
      {"ABANDONED_QUERY", unavailable, "the engine gave the query up: nobody asked for it in time",
       kAgain},
      {"SERVER_STARTING_UP", unavailable, "the coordinator is still starting",
       "try again in a minute"},
      {"SERVER_SHUTTING_DOWN", unavailable, "the engine is shutting down", "try again later"},
      {"NO_NODES_AVAILABLE", unavailable, "the cluster has no worker that could run this",
       "check that the workers are running"},
      {"REMOTE_*", unavailable, "a worker of the cluster was lost in the middle of the query",
       "run it again; a cluster with retry-policy=TASK survives this"},
      {"PAGE_TRANSPORT_*", unavailable, "the workers of the cluster lost each other",
       "run it again; a cluster with retry-policy=TASK survives this"},
  };
  return kWords;
}

bool fits(std::string_view pattern, std::string_view name) {
  if (pattern.ends_with('*')) return name.starts_with(pattern.substr(0, pattern.size() - 1));
  if (pattern.starts_with('*')) return name.ends_with(pattern.substr(1));
  return name == pattern;
}

Words words_of(const TrinoFailure& failure) {
  if (failure.message.starts_with("Insufficient active worker nodes"))
    return {"", ErrorCode::unavailable, "the cluster has no worker that could run this",
            "check that the workers are running"};
  for (const Words& words : all_words())
    if (fits(words.name, failure.name)) return words;
  if (failure.type == "USER_ERROR")
    return {"", ErrorCode::invalid_spec, "the engine refuses the query", ""};
  if (failure.type == "INSUFFICIENT_RESOURCES")
    return {"", ErrorCode::unavailable, "the cluster has not enough resources", kLess};
  if (failure.type == "EXTERNAL")
    return {"", ErrorCode::unavailable, "a system behind the engine failed", kAgain};
  return {"", ErrorCode::unavailable, "the engine failed", kAgain};
}

/// The first words of a body on one line, without tags where it is a page.
std::string first_words(std::string_view body) {
  std::string out;
  bool in_tag = false;
  for (const char c : body) {
    if (out.size() >= 200) {
      out += "...";
      break;
    }
    if (c == '<') in_tag = true;
    const bool blank = static_cast<unsigned char>(c) <= 0x20 || in_tag;
    if (c == '>') in_tag = false;
    if (blank && (out.empty() || out.back() == ' ')) continue;
    out += blank ? ' ' : c;
  }
  while (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

std::string heard(const HttpAnswer& answer) {
  std::string out = fmt::format("HTTP {}", answer.status);
  if (!answer.content_type.empty()) out += fmt::format(" ({})", answer.content_type);
  const std::string words = first_words(answer.body);
  return words.empty() ? out : out + ": " + words;
}

bool is_page(const HttpAnswer& answer) {
  return answer.content_type.starts_with("text/html") || answer.body.starts_with("<");
}

Error refused_login(const HttpAnswer& answer, const TrinoSettings& settings) {
  Error error{ErrorCode::unavailable, "", settings.where, "", heard(answer)};
  if (!settings.http.bearer.empty()) {
    error.problem = "the engine refuses the token: it is wrong, or has expired";
    error.fix = "get a new token and put it into the variable that token_env names";
  } else if (!settings.http.password.empty()) {
    error.problem = "the engine refuses user and password";
    error.fix = "check the user in the URL and the variable that password_env names";
  } else {
    error.problem = "the engine wants to know who asks";
    error.fix =
        "add tls=true and password_env=NAME (with user@ in front of the host) or "
        "token_env=NAME";
  }
  return error;
}

}  // namespace

Error trino_error(const TrinoFailure& failure, const std::string& where) {
  const Words words = words_of(failure);
  std::string have =
      failure.name.empty() ? failure.message : fmt::format("{}: {}", failure.name, failure.message);
  if (!failure.query_id.empty()) have += fmt::format(" (query {})", failure.query_id);
  return {words.code, std::string(words.problem), where, std::string(words.fix), std::move(have)};
}

Error trino_status_error(const HttpAnswer& answer, const TrinoSettings& settings) {
  if (answer.status == 401) return refused_login(answer, settings);
  Error error{ErrorCode::unavailable, "", settings.where, "", heard(answer)};
  if (answer.status == 403) {
    error.code = ErrorCode::invalid_spec;
    error.problem = "the engine does not let this user in";
    error.fix = "check the user; a cluster with passwords answers over TLS alone (tls=true)";
  } else if (answer.status >= 300 && answer.status < 400) {
    error.problem = "the address sends us elsewhere, which is not followed";
    error.fix = "name the coordinator itself, with tls=true where it speaks TLS";
  } else if (answer.status == 404 || answer.status == 405) {
    error.problem = "there is no Trino at this address";
    error.fix = "check host and port";
  } else if (answer.status == 502 || answer.status == 503 || answer.status == 504 ||
             answer.status == 429) {
    error.problem =
        fmt::format("the engine was busy or restarting for {} s", (settings.retry_ms + 999) / 1000);
    error.fix = "try again later; retry_for=5m waits longer";
  } else if (answer.status == 410) {
    error.problem = "the engine no longer knows the query: the coordinator was restarted";
    error.fix = "run it again";
  } else {
    error.problem = fmt::format("the engine answered with HTTP status {}", answer.status);
  }
  if (is_page(answer) && answer.status != 404)
    error.problem += "; a page came back, so a proxy may stand between";
  return error;
}

Error not_trino_error(const HttpAnswer& answer, std::string_view why, const std::string& where) {
  Error error{ErrorCode::unavailable, "", where, "", heard(answer)};
  error.problem = is_page(answer)
                      ? "a page came back instead of an answer of Trino: another server or a proxy"
                      : fmt::format("the answer is none of Trino: {}", why);
  error.fix = "check host and port";
  return error;
}

}  // namespace assay::warehouse
