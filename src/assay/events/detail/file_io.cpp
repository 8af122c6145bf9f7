#include "assay/events/detail/file_io.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>

#include "assay/base/file.hpp"

namespace assay::events::detail {
namespace {

namespace fs = std::filesystem;

tl::unexpected<Error> cannot(std::string_view action, const fs::path& path) {
  const bool full = errno == ENOSPC || errno == EDQUOT || errno == EFBIG;
  return fail(ErrorCode::unavailable, fmt::format("cannot {}: {}", action, system_message()),
              path.string(),
              full ? "free some space or put the index on another disk"
                   : "check the folder and its permissions");
}

}  // namespace

Result<MappedFile> MappedFile::open(const fs::path& path, std::uint64_t expected_size) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return cannot("open a file of the event index", path);
  struct stat status {};
  if (::fstat(file, &status) != 0 || !S_ISREG(status.st_mode) ||
      static_cast<std::uint64_t>(status.st_size) != expected_size || expected_size == 0) {
    ::close(file);
    return fail(ErrorCode::invalid_data,
                fmt::format("a file of the event index has {} bytes instead of {}", status.st_size,
                            expected_size),
                path.string(), "build the index again");
  }
  void* place = ::mmap(nullptr, expected_size, PROT_READ, MAP_SHARED, file, 0);
  const int map_errno = errno;
  ::close(file);
  errno = map_errno;
  if (place == MAP_FAILED) return cannot("map a file of the event index", path);
  MappedFile mapped;
  mapped.bytes_ = Bytes(static_cast<const std::byte*>(place), expected_size);
  return mapped;
}

MappedFile::MappedFile(MappedFile&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(bytes_, other.bytes_);
  return *this;
}

MappedFile::~MappedFile() {
  // munmap takes a pointer to non-const although it does not write.
  if (!bytes_.empty()) ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

Result<OutputFile> OutputFile::create(const fs::path& path) {
  OutputFile out;
  out.path_ = path;
  out.file_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (out.file_ < 0) return cannot("write the event index", path);
  out.kept_ = false;
  return out;
}

Result<OutputFile> OutputFile::create_unnamed(const fs::path& folder) {
  ASSAY_TRY(OutputFile out, create(folder / fmt::format("rows.{}.tmp", ::getpid())));
  ::unlink(out.path_.c_str());
  out.kept_ = true;
  return out;
}

OutputFile::OutputFile(OutputFile&& other) noexcept
    : path_(std::move(other.path_)),
      file_(std::exchange(other.file_, -1)),
      kept_(std::exchange(other.kept_, true)) {}

OutputFile& OutputFile::operator=(OutputFile&& other) noexcept {
  if (this != &other) {
    close();
    path_ = std::move(other.path_);
    file_ = std::exchange(other.file_, -1);
    kept_ = std::exchange(other.kept_, true);
  }
  return *this;
}

OutputFile::~OutputFile() { close(); }

void OutputFile::close() {
  if (file_ >= 0) ::close(file_);
  if (!kept_) ::unlink(path_.c_str());
  file_ = -1;
  kept_ = true;
}

Result<void> OutputFile::write(std::uint64_t offset, Bytes bytes) const {
  while (!bytes.empty()) {
    errno = 0;
    const ssize_t n = ::pwrite(file_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return cannot("write the event index", path_);
    bytes = bytes.subspan(static_cast<std::size_t>(n));
    offset += static_cast<std::uint64_t>(n);
  }
  return {};
}

Result<void> OutputFile::read(std::uint64_t offset, std::span<std::byte> bytes) const {
  while (!bytes.empty()) {
    errno = 0;
    const ssize_t n = ::pread(file_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return cannot("read back a temporary file of the event index", path_);
    bytes = bytes.subspan(static_cast<std::size_t>(n));
    offset += static_cast<std::uint64_t>(n);
  }
  return {};
}

Result<void> OutputFile::finish(std::uint64_t size) const {
  if (::ftruncate(file_, static_cast<off_t>(size)) != 0 || ::fsync(file_) != 0) {
    return cannot("write the event index", path_);
  }
  return {};
}

Result<FolderLock> FolderLock::take(const fs::path& folder) {
  std::error_code failed;
  fs::create_directories(folder, failed);
  const fs::path path = folder / "lock";
  FolderLock lock;
  lock.file_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (lock.file_ < 0) return cannot("make the event index", folder);
  if (::flock(lock.file_, LOCK_EX | LOCK_NB) != 0) {
    return fail(ErrorCode::unavailable, "another process is building this event index",
                folder.string(), "wait for it to end");
  }
  return lock;
}

FolderLock::FolderLock(FolderLock&& other) noexcept : file_(std::exchange(other.file_, -1)) {}

FolderLock& FolderLock::operator=(FolderLock&& other) noexcept {
  std::swap(file_, other.file_);
  return *this;
}

FolderLock::~FolderLock() {
  if (file_ >= 0) ::close(file_);
}

Result<void> sync_folder(const fs::path& folder) {
  const int file = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0) return cannot("flush the folder of the event index", folder);
  const bool flushed = ::fsync(file) == 0;
  ::close(file);
  if (!flushed) return cannot("flush the folder of the event index", folder);
  return {};
}

}  // namespace assay::events::detail
