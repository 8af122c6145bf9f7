#include <fmt/core.h>

#include <array>
#include <string>
#include <string_view>

#include "assay/engine/database_state.hpp"

namespace assay::engine {
namespace {

/// One kind of message: how it begins, what it says, and what we make of it.
struct Rule {
  std::string_view begins;    ///< Empty: any.
  std::string_view contains;  ///< Empty: anything.
  ErrorCode code;
  std::string_view problem;
  std::string_view fix;
};

// The first that fits counts.
constexpr std::array kRules{
    Rule{"INTERRUPT", "", ErrorCode::interrupted, "stopped on request; nothing is half-written",
         ""},
    Rule{"INTERNAL", "", ErrorCode::internal, "the database failed inside", "report this"},
    Rule{"FATAL", "", ErrorCode::internal, "the database failed inside", "report this"},
    Rule{"", "No space left on device", ErrorCode::unavailable, "the disk is full",
         "free some space or name another folder"},
    Rule{"", "max_temp_directory_size", ErrorCode::unavailable,
         "the folder for temporary data is full", "free some space or name another folder"},
    Rule{"Out of Memory", "", ErrorCode::unavailable, "the work does not fit into the memory cap",
         "raise the cap, use fewer threads, or name a folder for temporary data"},
    Rule{"", "No files found", ErrorCode::unavailable, "there is no such file", "check the path"},
    Rule{"", "Permission denied", ErrorCode::unavailable, "no permission to read or write a file",
         "check who owns the file"},
    Rule{"", "database does not exist", ErrorCode::unavailable, "there is no such database file",
         "check the path"},
    Rule{"", "Could not set lock", ErrorCode::unavailable,
         "another program holds the database file", "close it there or copy the file"},
    Rule{"", "not a valid DuckDB database", ErrorCode::invalid_data,
         "the file is no DuckDB database", "check the path and the format"},
    Rule{"", "magic bytes", ErrorCode::invalid_data,
         "a Parquet file is truncated or not Parquet at all", "write it again or take it out"},
    Rule{"", "too small to be a Parquet file", ErrorCode::invalid_data,
         "a Parquet file is truncated or not Parquet at all", "write it again or take it out"},
    Rule{"", "TProtocolException", ErrorCode::invalid_data, "a Parquet file is corrupted",
         "write it again or take it out"},
    Rule{"", "hrift", ErrorCode::invalid_data, "a Parquet file is corrupted",
         "write it again or take it out"},
    Rule{"", "ecompression", ErrorCode::invalid_data, "a Parquet file is corrupted",
         "write it again or take it out"},
    Rule{"", "CSV Error", ErrorCode::invalid_data, "a CSV file does not read as a table",
         "correct the line or take the file out"},
    Rule{"", "error when sniffing", ErrorCode::invalid_data, "a CSV file does not read as a table",
         "check that it is CSV with a header line"},
    Rule{"", "JSON", ErrorCode::invalid_data, "a JSON file does not read as one object a line",
         "correct the line or take the file out"},
    Rule{"", "Referenced column", ErrorCode::invalid_spec, "there is no such column",
         "name one that is there"},
    Rule{"", "Referenced table", ErrorCode::invalid_spec, "there is no such table or column",
         "name one that is there"},
    Rule{"Catalog", "Table with name", ErrorCode::invalid_spec, "there is no such table",
         "name one that is there"},
    Rule{"Catalog", "already exists", ErrorCode::invalid_spec, "the name is taken", ""},
    Rule{"Catalog", "", ErrorCode::invalid_spec, "the SQL names something that is not there", ""},
    Rule{"Parser", "", ErrorCode::invalid_spec, "the SQL cannot be read", "correct the expression"},
    Rule{"Syntax", "", ErrorCode::invalid_spec, "the SQL cannot be read", "correct the expression"},
    Rule{"Binder", "", ErrorCode::invalid_spec, "the SQL does not fit the columns",
         "correct the expression"},
    Rule{"Conversion", "", ErrorCode::invalid_data, "a value does not convert", ""},
    Rule{"Out of Range", "", ErrorCode::invalid_data, "a value is out of range", ""},
    Rule{"Constraint", "", ErrorCode::invalid_data, "a value breaks a constraint", ""},
    Rule{"Not implemented", "", ErrorCode::invalid_spec, "the database cannot do this", ""},
    Rule{"Permission", "", ErrorCode::invalid_spec, "the database does not allow this", ""},
    Rule{"Missing Extension", "", ErrorCode::unavailable,
         "this needs an extension that is not built in", ""},
    Rule{"Invalid Input", "multiple statements", ErrorCode::invalid_spec,
         "the SQL is more than one statement", "correct the expression"},
    Rule{"", "readonly database", ErrorCode::invalid_spec, "the database is open for reading only",
         ""},
    Rule{"Invalid Input", "read-only", ErrorCode::invalid_spec,
         "the database is open for reading only", ""},
    Rule{"Invalid Input", "", ErrorCode::invalid_data, "the database refuses its input", ""},
    Rule{"Invalid Error", "", ErrorCode::invalid_data, "a file or value is not what it should be",
         "check the file"},
    Rule{"HTTP", "", ErrorCode::unavailable, "the file cannot be fetched", ""},
    Rule{"IO", "", ErrorCode::unavailable, "a file cannot be read or written", "check the path"},
    Rule{"Connection", "", ErrorCode::unavailable, "the database cannot be reached", ""},
};

/// The message without the advice that the database adds after an empty line, on one line.
std::string first_paragraph(std::string_view message) {
  std::string text(message.substr(0, message.find("\n\n")));
  for (char& c : text) {
    if (c == '\n' || c == '\r' || c == '\t') c = ' ';
  }
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return text;
}

/// Names the database offers instead ("Candidate bindings: "a", "b"", "Did you mean ..."), bare.
std::string candidates(std::string_view message) {
  for (const std::string_view sign : {"Candidate bindings:", "Did you mean"}) {
    const std::size_t at = message.find(sign);
    if (at == std::string_view::npos) continue;
    const std::string_view rest = message.substr(at + sign.size());
    std::string names;
    for (const char c : rest.substr(0, rest.find('\n'))) {
      if (c != '"' && c != '?' && !(names.empty() && c == ' ')) names += c;
    }
    return names;
  }
  return {};
}

}  // namespace

tl::unexpected<Error> database_error(const char* message) {
  const std::string_view text = message == nullptr ? "no message" : message;
  for (const Rule& rule : kRules) {
    if (!text.starts_with(rule.begins) || text.find(rule.contains) == std::string_view::npos) {
      continue;
    }
    if (rule.code == ErrorCode::interrupted) return fail(rule.code, std::string(rule.problem));
    return fail(rule.code, fmt::format("{}: {}", rule.problem, first_paragraph(text)), {},
                std::string(rule.fix), candidates(text));
  }
  return fail(ErrorCode::internal, fmt::format("the database failed: {}", first_paragraph(text)));
}

}  // namespace assay::engine
