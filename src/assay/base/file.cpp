#include "assay/base/file.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

namespace assay {
namespace {

namespace fs = std::filesystem;

tl::unexpected<Error> cannot(std::string_view action, const fs::path& path, std::string_view fix) {
  return fail(ErrorCode::unavailable, fmt::format("cannot {}: {}", action, system_message()),
              path.string(), std::string(fix));
}

bool write_all(int file, std::string_view content) {
  while (!content.empty()) {
    const ssize_t written = ::write(file, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

std::string system_message() { return std::strerror(errno); }

Result<std::string> read_file(const fs::path& path) {
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  std::ostringstream content;
  std::error_code ignored;
  if (!in || fs::is_directory(path, ignored) || !(content << in.rdbuf(), in)) {
    if (fs::is_directory(path, ignored)) errno = EISDIR;
    // An empty file sets failbit on the output stream only.
    if (errno != 0 || !in.is_open()) return cannot("read the file", path, "check the path");
  }
  return content.str();
}

Result<void> write_file(const fs::path& path, std::string_view content) {
  std::error_code failed;
  if (path.has_parent_path()) fs::create_directories(path.parent_path(), failed);
  const fs::path temporary = path.string() + fmt::format(".{}.tmp", ::getpid());
  const int file = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file < 0) return cannot("write the file", path, "check the folder and its permissions");
  const bool written = write_all(file, content) && ::fsync(file) == 0;
  const int write_errno = errno;
  ::close(file);
  if (!written || ::rename(temporary.c_str(), path.c_str()) != 0) {
    if (!written) errno = write_errno;
    auto error = cannot("write the file", path, "free some space or choose another folder");
    ::unlink(temporary.c_str());
    return error;
  }
  return {};
}

}  // namespace assay
