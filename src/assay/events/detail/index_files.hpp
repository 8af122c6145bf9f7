#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "assay/base/result.hpp"
#include "assay/events/detail/dictionary_file.hpp"
#include "assay/events/detail/manifest.hpp"
#include "assay/events/detail/segment.hpp"

namespace assay::events::detail {

/// An index folder, opened: the manifest and every file that it names.
struct IndexFiles {
  Manifest manifest;
  Layout layout{Schema{}};
  std::vector<Segment> segments;
  std::vector<std::unique_ptr<DictionaryFile>> dictionaries;

  /// As Index::open. A build may replace the index while it is being opened; then once more.
  static Result<IndexFiles> open(const std::filesystem::path& folder);

  /// Position in `dictionaries` of each property; 0 (the events') where it is not a text.
  [[nodiscard]] std::vector<std::size_t> dictionary_of_property() const;

  [[nodiscard]] std::size_t units(std::size_t partition) const;

  /// The key of a unit; integers in decimal. Assumes unit < units(partition).
  [[nodiscard]] std::string unit_key(std::size_t partition, std::size_t unit) const;
};

/// A text key out of the arrays kUnitKeys (ends) and kUnitTexts.
std::string_view text_key(std::span<const std::uint64_t> ends, Bytes texts, std::size_t position);

}  // namespace assay::events::detail
