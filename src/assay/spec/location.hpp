#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "assay/base/result.hpp"

namespace assay::spec {

/// A file as it was read: its name as shown to people and its lines without line ends.
struct SourceText {
  std::string file;  ///< Relative to the project folder where there is one: "metrics/watch.yaml".
  std::vector<std::string> lines;
};

/// A place in a spec. Line and column count from 1, columns in characters (not bytes).
/// Line 0: the value was not written anywhere (a default).
struct Location {
  std::shared_ptr<const SourceText> source;
  int line = 0;
  int column = 0;
  int length = 1;  ///< Characters to underline.
};

/// A value that remembers where it was written.
template <class T>
struct Located {
  T value{};
  Location where;
};

/// A name, an expression, an event, a column: anything that a later room may have to complain
/// about. Empty when it was not given.
using Text = Located<std::string>;

/// "metrics/watch.yaml:7:12"; empty for a place that was not written.
std::string position_text(const Location& where);

/// The position with the offending line and a caret under the value: goes into Error::where.
std::string where_text(const Location& where);

/// Makes an invalid_spec Error that points at a place in a spec.
Error spec_error(const Location& where, std::string problem, std::string fix = {},
                 std::string have = {});

/// "did you mean `watch_ms`?", or `otherwise` when no candidate is near.
std::string did_you_mean(const std::string& word, const std::vector<std::string>& candidates,
                         std::string otherwise = {});

/// A remark that stops nothing, kept with the spec for the readout.
struct Note {
  std::string text;
  Location where;
};

/// Everything that is wrong with a spec, in the order of the files and lines.
struct ParseReport {
  static constexpr std::size_t kMostErrors = 20;

  std::vector<Error> errors;  ///< At most kMostErrors.
  std::size_t n_more = 0;     ///< Errors found beyond those.

  [[nodiscard]] bool ok() const { return errors.empty(); }
};

/// All errors one after the other as the terminal shows them, and the count of those left out.
std::string to_text(const ParseReport& report);

}  // namespace assay::spec
