#include "assay/warehouse/engine_error.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>

namespace assay::warehouse {
namespace {

/// What a kind of refusal means to the reader.
struct Meaning {
  ErrorCode code;
  std::string_view problem;
  std::string_view fix;
};

constexpr Meaning kNoTable{ErrorCode::invalid_spec, "the engine has no such table",
                           "check the name, the schema, and the right to read it"};
constexpr Meaning kNoColumn{ErrorCode::invalid_spec, "the engine has no such column",
                            "name one that the table has"};
constexpr Meaning kNoSchema{ErrorCode::invalid_spec, "the engine has no such database or schema",
                            "check the path in the URL"};
constexpr Meaning kSyntax{ErrorCode::invalid_spec, "the engine cannot read the statement",
                          "check that the URL names the right kind of engine"};
constexpr Meaning kBinding{ErrorCode::invalid_spec, "the statement does not fit the table", ""};
constexpr Meaning kFunction{ErrorCode::invalid_spec,
                            "the engine does not have a function that is needed",
                            "check the engine's version"};
constexpr Meaning kPermission{ErrorCode::invalid_spec, "the engine does not permit this",
                              "ask for the right to read the table"};
constexpr Meaning kValue{ErrorCode::invalid_data, "the engine cannot compute with a value",
                         "look for values that no number or time can be made of"};
constexpr Meaning kOverflow{ErrorCode::invalid_data, "a number grew too large on the engine",
                            "look for values out of range"};
constexpr Meaning kLogin{ErrorCode::unavailable, "the engine does not let us in",
                         "check user, password or token"};
constexpr Meaning kGone{ErrorCode::unavailable, "the engine does not answer",
                        "check host and port, and that it runs"};
constexpr Meaning kMemory{ErrorCode::unavailable, "the engine ran out of memory",
                          "ask for fewer days, or give the engine more"};
constexpr Meaning kLost{ErrorCode::unavailable, "the engine lost a part of itself at work",
                        "ask again; if it happens again, look at the engine's log"};
constexpr Meaning kTime{ErrorCode::unavailable, "the engine gave up waiting",
                        "ask again, for fewer days, or with a longer time limit"};
constexpr Meaning kCancelled{ErrorCode::unavailable, "the statement was cancelled on the engine",
                             "ask again, or ask who cancelled it"};
constexpr Meaning kUnable{ErrorCode::invalid_spec, "the engine cannot do this", ""};

struct ByText {
  std::string_view text;
  const Meaning* meaning;
};

/// SQLSTATE, by its longest beginning that is here.
constexpr std::array kStates{
    ByText{"42P01", &kNoTable},    ByText{"42S02", &kNoTable},  ByText{"42703", &kNoColumn},
    ByText{"42S22", &kNoColumn},   ByText{"3F000", &kNoSchema}, ByText{"42704", &kNoSchema},
    ByText{"3D000", &kNoSchema},   ByText{"42601", &kSyntax},   ByText{"42883", &kFunction},
    ByText{"42501", &kPermission}, ByText{"22003", &kOverflow}, ByText{"22", &kValue},
    ByText{"28", &kLogin},         ByText{"08", &kGone},        ByText{"53200", &kMemory},
    ByText{"57014", &kCancelled},  ByText{"53", &kLost},        ByText{"57", &kLost},
    ByText{"58", &kLost},          ByText{"0A", &kUnable},      ByText{"42", &kBinding},
};

/// Words, in order: the first that stands in the message counts. Compared without letter case.
constexpr std::array kWords{
    ByText{"table_or_view_not_found", &kNoTable},
    ByText{"unresolved_column", &kNoColumn},
    ByText{"schema_not_found", &kNoSchema},
    ByText{"parse_syntax_error", &kSyntax},
    ByText{"unresolved_routine", &kFunction},
    ByText{"divide_by_zero", &kValue},
    ByText{"arithmetic_overflow", &kOverflow},
    ByText{"cast_invalid_input", &kValue},
    ByText{"cast_overflow", &kOverflow},
    ByText{"out of memory", &kMemory},
    ByText{"outofmemory", &kMemory},
    ByText{"memory limit", &kMemory},
    ByText{"resources exhausted", &kMemory},
    ByText{"connection refused", &kGone},
    ByText{"connection reset", &kGone},
    ByText{"no such host", &kGone},
    ByText{"name resolver error", &kGone},
    ByText{"code = unavailable", &kGone},
    ByText{"rpc error: eof", &kGone},
    ByText{"executor lost", &kLost},
    ByText{"executorlost", &kLost},
    ByText{"fetchfailed", &kLost},
    ByText{"unauthenticated", &kLogin},
    ByText{"authentication failed", &kLogin},
    ByText{"invalid token", &kLogin},
    ByText{"token expired", &kLogin},
    ByText{"permission denied", &kPermission},
    ByText{"permissiondenied", &kPermission},
    ByText{"access denied", &kPermission},
    ByText{"insufficient_permissions", &kPermission},
    ByText{"deadline exceeded", &kTime},
    ByText{"deadlineexceeded", &kTime},
    ByText{"timed out", &kTime},
    ByText{"operation was canceled", &kCancelled},
    ByText{"operation_canceled", &kCancelled},
    ByText{"context canceled", &kCancelled},
    ByText{"table with name", &kNoTable},
    ByText{"table not found", &kNoTable},
    ByText{"referenced column", &kNoColumn},
    ByText{"cannot resolve attribute", &kNoColumn},
    ByText{"cannot find column", &kNoColumn},
    ByText{"no field named", &kNoColumn},
    ByText{"database not found", &kNoSchema},
    ByText{"unknown function", &kFunction},
    ByText{"conversion error", &kValue},
    ByText{"cast error", &kValue},
    ByText{"out of range error", &kOverflow},
    ByText{"overflow", &kOverflow},
    ByText{"divide by zero", &kValue},
    ByText{"cannot cast", &kValue},
    ByText{"parser error", &kSyntax},
    ByText{"syntax error", &kSyntax},
    ByText{"expected something else", &kSyntax},
    ByText{"invalid sql", &kSyntax},
    ByText{"binder error", &kBinding},
    ByText{"catalog error", &kNoTable},
    ByText{"error in analyzer", &kBinding},
    ByText{"not implemented", &kUnable},
    ByText{"unsupported", &kUnable},
};

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(c < 0x80 ? std::tolower(c) : c); });
  return out;
}

/// "... SQLSTATE: 42703; ..." holds "42703".
std::string state_in(std::string_view words) {
  constexpr std::string_view kSign = "SQLSTATE: ";
  const std::size_t at = words.rfind(kSign);
  if (at == std::string_view::npos || at + kSign.size() + 5 > words.size()) return {};
  return std::string(words.substr(at + kSign.size(), 5));
}

const Meaning* find_meaning(const std::string& state, const std::string& words) {
  for (const ByText& one : kStates) {
    if (!state.empty() && state.starts_with(one.text)) return one.meaning;
  }
  for (const ByText& one : kWords) {
    if (words.find(one.text) != std::string::npos) return one.meaning;
  }
  return nullptr;
}

/// One line, without the stack that some engines send along.
std::string one_line(std::string_view words) {
  constexpr std::size_t kMost = 1'000;
  std::string text;
  for (const char c : words.substr(0, std::min(words.size(), kMost))) {
    const bool gap = c == '\n' || c == '\r' || c == '\t' || c == ' ';
    if (gap && (text.empty() || text.back() == ' ')) continue;
    text += gap ? ' ' : c;
  }
  while (!text.empty() && (text.back() == ' ' || (words.size() > kMost && text.back() < 0))) {
    text.pop_back();  // Also what is left of a letter that was cut.
  }
  return words.size() > kMost ? text + " ..." : text;
}

}  // namespace

tl::unexpected<Error> engine_error(const Refusal& refusal) {
  const std::string state = refusal.sqlstate.empty() ? state_in(refusal.said) : refusal.sqlstate;
  const Meaning* meaning = find_meaning(state.empty() ? refusal.like : state, lower(refusal.said));
  std::string have = one_line(refusal.said);
  if (!refusal.error_name.empty()) have = fmt::format("{}: {}", refusal.error_name, have);
  if (!state.empty() && have.find(state) == std::string::npos) {
    have += fmt::format(" (SQLSTATE {})", state);
  }
  if (meaning == nullptr) {
    return fail(refusal.otherwise, "the engine refuses the statement", refusal.engine,
                "read its words", have);
  }
  return fail(meaning->code, std::string(meaning->problem), refusal.engine,
              std::string(meaning->fix), have);
}

}  // namespace assay::warehouse
