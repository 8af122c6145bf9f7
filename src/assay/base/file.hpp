#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "assay/base/result.hpp"

namespace assay {

/// Reads a whole file. Fails with unavailable when it is missing or not readable.
Result<std::string> read_file(const std::filesystem::path& path);

/// Writes a file so that a reader sees the old content or the new, never a part: temporary name
/// in the same folder, flush to disk, rename. Makes missing folders.
/// Fails with unavailable (no permission, disk full) and leaves the old file as it was.
Result<void> write_file(const std::filesystem::path& path, std::string_view content);

/// The message of the current errno, in words ("No space left on device").
std::string system_message();

}  // namespace assay
