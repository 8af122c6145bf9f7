#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>

#include "assay/base/result.hpp"

namespace assay::events::detail {

using Bytes = std::span<const std::byte>;

template <class T>
Bytes bytes_of(std::span<const T> values) {
  return std::as_bytes(values);
}

/// A whole file mapped for reading.
class MappedFile {
 public:
  /// Fails with unavailable (missing, no permission) or, when its size is not `expected_size`,
  /// with invalid_data.
  static Result<MappedFile> open(const std::filesystem::path& path, std::uint64_t expected_size);

  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

  [[nodiscard]] Bytes bytes() const { return bytes_; }

 private:
  MappedFile() = default;
  Bytes bytes_;
};

/// A file being written; it disappears again unless `keep` is called.
class OutputFile {
 public:
  static Result<OutputFile> create(const std::filesystem::path& path);

  /// A file without a name in `folder`: its space is free again once it is closed or the
  /// process dies.
  static Result<OutputFile> create_unnamed(const std::filesystem::path& folder);

  OutputFile(OutputFile&& other) noexcept;
  OutputFile& operator=(OutputFile&& other) noexcept;
  ~OutputFile();

  /// Thread-safe. Fails with unavailable (disk full, quota, device error).
  [[nodiscard]] Result<void> write(std::uint64_t offset, Bytes bytes) const;
  [[nodiscard]] Result<void> read(std::uint64_t offset, std::span<std::byte> bytes) const;

  /// Sets the size and flushes to the disk.
  [[nodiscard]] Result<void> finish(std::uint64_t size) const;
  void keep() { kept_ = true; }

 private:
  OutputFile() = default;
  void close();
  std::filesystem::path path_;
  int file_ = -1;
  bool kept_ = true;
};

/// Holds the right to change an index folder until it is destroyed.
class FolderLock {
 public:
  /// Makes the folder if missing. Fails with unavailable when another build holds the lock.
  static Result<FolderLock> take(const std::filesystem::path& folder);

  FolderLock(FolderLock&& other) noexcept;
  FolderLock& operator=(FolderLock&& other) noexcept;
  ~FolderLock();

 private:
  FolderLock() = default;
  int file_ = -1;
};

/// Flushes the names in a folder to the disk, so that a rename outlives a power cut.
Result<void> sync_folder(const std::filesystem::path& folder);

}  // namespace assay::events::detail
