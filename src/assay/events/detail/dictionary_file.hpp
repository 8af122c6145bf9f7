#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "assay/base/result.hpp"
#include "assay/events/detail/file_io.hpp"
#include "assay/events/detail/interner.hpp"
#include "assay/events/detail/manifest.hpp"
#include "assay/events/index.hpp"

namespace assay::events::detail {

/// A dictionary on disk: where each text ends, the texts, and a hash table of codes, so that
/// millions of texts are looked up without being loaded.
class DictionaryFile final : public Dictionary {
 public:
  /// Writes the texts and flushes them. On failure nothing is left behind.
  static Result<FileEntry> write(const std::filesystem::path& folder, const std::string& name,
                                 const Interner& texts);

  /// Dictionaries up to this size (names of events, countries, versions) are verified on opening.
  static constexpr std::uint64_t kVerifiedOnOpen = 16U << 20U;

  static Result<std::unique_ptr<DictionaryFile>> open(const std::filesystem::path& folder,
                                                      const FileEntry& entry);

  [[nodiscard]] std::size_t size() const override { return ends_.size(); }
  [[nodiscard]] std::string_view at(std::uint32_t code) const override;
  [[nodiscard]] std::optional<std::uint32_t> find(std::string_view text) const override;

  /// Compares all checksums. Fails with invalid_data naming the file.
  [[nodiscard]] Result<void> verify() const;

 private:
  DictionaryFile(std::filesystem::path path, MappedFile file);
  std::filesystem::path path_;
  MappedFile file_;
  std::span<const std::uint64_t> ends_;
  std::span<const std::uint32_t> table_;
  std::string_view texts_;
};

}  // namespace assay::events::detail
