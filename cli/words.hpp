#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "assay/base/result.hpp"

namespace assay::cli {

/// "--x1 5 --n1=10" -> {x1: 5, n1: 10}; dashes inside a name count as underscores.
/// Fails with invalid_spec on a word that is no option, an option without value or given twice.
Result<std::map<std::string, std::string>> calc_options(const std::vector<std::string>& words);

/// "2G", "512M" -> bytes; 0: not a size, or less than 64 MiB.
std::size_t parse_bytes(const std::string& text);

/// The first word of a command line that names no option of `options`; else `left_over`.
std::string unknown_word(const std::vector<std::string>& words,
                         const std::vector<std::string>& options, const std::string& left_over);

}  // namespace assay::cli
