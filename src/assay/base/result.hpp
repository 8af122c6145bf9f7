#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace assay {

/// Says who can act on a failure; the command line maps it to an exit code.
enum class ErrorCode : std::uint8_t {
  invalid_spec,         ///< The user's YAML or argument is wrong.      exit 2
  invalid_data,         ///< The data breaks a stated assumption.       exit 3
  undefined_statistic,  ///< The number asked for does not exist.       exit 4
  unavailable,          ///< A file, disk, engine or network is missing. exit 5
  interrupted,          ///< The user asked to stop.                    exit 130
  internal,             ///< A bug in assay.                            exit 70
};

/// One failure, written so that the reader can act without opening the source.
/// Runtime values stand at the end of a sentence; no full stop, no capital.
struct Error {
  ErrorCode code{};
  std::string problem;  ///< What is wrong, with the offending value.
  std::string where;    ///< "assay.yaml:14:9", "column watch_ms, row 17", ...
  std::string fix;      ///< The next thing to try; empty when there is none.
  std::string have;     ///< What there is instead ("user_id, ts, event"); may be empty.
};

template <class T>
using Result = tl::expected<T, Error>;

/// Makes a failed Result: `return fail(ErrorCode::invalid_data, "...", "...", "...")`.
tl::unexpected<Error> fail(ErrorCode code, std::string problem, std::string where = {},
                           std::string fix = {}, std::string have = {});

/// The word of a code as it stands in messages and JSON: "invalid_spec", ...
std::string_view to_text(ErrorCode code);

/// The exit code of the command line for a code.
int exit_code(ErrorCode code);

/// Renders problem, where, have and fix, one line each, fields without content left out.
std::string to_text(const Error& error);

}  // namespace assay

// NOLINTBEGIN(bugprone-macro-parentheses): names and declarations, not operands

/// Unwraps a Result into `name` or returns its error from the enclosing function.
#define ASSAY_CONCAT_INNER(a, b) a##b
#define ASSAY_CONCAT(a, b) ASSAY_CONCAT_INNER(a, b)
#define ASSAY_TRY(name, expression) \
  ASSAY_TRY_INNER(name, expression, ASSAY_CONCAT(assay_try_, __LINE__))
#define ASSAY_TRY_INNER(name, expression, temporary)                   \
  auto temporary = (expression);                                       \
  if (!temporary) return tl::unexpected(std::move(temporary.error())); \
  name = std::move(*temporary)

/// Returns the error of a Result<void> from the enclosing function, if it has one.
#define ASSAY_CHECK(expression)                                \
  do {                                                         \
    if (auto assay_checked = (expression); !assay_checked)     \
      return tl::unexpected(std::move(assay_checked.error())); \
  } while (false)

// NOLINTEND(bugprone-macro-parentheses)
