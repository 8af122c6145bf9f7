#pragma once

#include <string>
#include <string_view>

#include "assay/base/result.hpp"

/// The steps of quoting that dialects put together.
namespace assay::sql {

/// Fails with invalid_spec on bytes that are no UTF-8: no engine reads them back as they were.
Result<void> check_utf8(std::string_view text, std::string_view what);

/// As check_utf8; also on a name that is empty or holds a NUL.
Result<void> check_name(std::string_view name);

/// The text with each `mark` written twice and `mark` at both ends.
std::string doubled(std::string_view text, char mark);

/// 'a' || chr(0) || 'b' for engines whose text literals hold anything but a NUL.
std::string text_with_chr(std::string_view text);

/// A to Z only: enough to find names that an engine may take for the same.
std::string lower_case(std::string_view text);

/// A comment of one line that nothing in it can end or lengthen: control characters, line and
/// paragraph separators, backslashes, dollar signs and bytes that are no UTF-8 become spaces.
std::string comment_line(std::string_view comment);

}  // namespace assay::sql
