#include "assay/events/detail/dictionary_file.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <vector>

#include "assay/base/hash.hpp"

namespace assay::events::detail {
namespace {

namespace fs = std::filesystem;

constexpr std::array<char, 8> kMagic{'A', 'S', 'S', 'A', 'Y', 'D', 'I', 'C'};

/// Sections follow in the order ends, table, texts; `body_checksum` covers all three.
struct Header {
  std::array<char, 8> magic = kMagic;
  std::uint64_t version = kFormatVersion;
  std::uint64_t codes = 0;
  std::uint64_t table_slots = 0;
  std::uint64_t text_bytes = 0;
  std::uint64_t body_checksum = 0;
};
static_assert(sizeof(Header) == 48);

std::uint64_t body_bytes(const Header& header) {
  return header.codes * sizeof(std::uint64_t) + header.table_slots * sizeof(std::uint32_t) +
         header.text_bytes;
}

tl::unexpected<Error> corrupted(const fs::path& path) {
  return fail(ErrorCode::invalid_data, "a dictionary of the event index is corrupted",
              path.string(), "build the index again");
}

}  // namespace

Result<FileEntry> DictionaryFile::write(const fs::path& folder, const std::string& name,
                                        const Interner& texts) {
  std::vector<std::uint64_t> ends(texts.size());
  std::vector<std::uint32_t> table(std::bit_ceil(2 * texts.size()));
  const std::size_t mask = table.size() - 1;
  for (std::uint32_t code = 1; code < texts.size(); ++code) {
    const std::string_view text = texts.at(code);
    ends[code] = ends[code - 1] + text.size();
    std::size_t at = hash_text(text) & mask;
    while (table[at] != 0) at = (at + 1) & mask;
    table[at] = code;
  }
  Header header;
  header.codes = texts.size();
  header.table_slots = table.size();
  header.text_bytes = ends.back();
  std::vector<std::byte> body(body_bytes(header));
  std::byte* to = body.data();
  const auto append = [&](const void* from, std::size_t size) {
    if (size > 0) std::memcpy(to, from, size);
    to += size;
  };
  append(ends.data(), ends.size() * sizeof ends[0]);
  append(table.data(), table.size() * sizeof table[0]);
  for (std::uint32_t code = 1; code < texts.size(); ++code) {
    append(texts.at(code).data(), texts.at(code).size());
  }
  header.body_checksum = hash_bytes(body);

  const Bytes head = std::as_bytes(std::span(&header, 1));
  ASSAY_TRY(OutputFile file, OutputFile::create(folder / name));
  ASSAY_CHECK(file.write(0, head));
  ASSAY_CHECK(file.write(sizeof header, body));
  ASSAY_CHECK(file.finish(sizeof header + body.size()));
  file.keep();
  return FileEntry{name, sizeof header + body.size(), 0, sizeof header, hash_bytes(head)};
}

Result<std::unique_ptr<DictionaryFile>> DictionaryFile::open(const fs::path& folder,
                                                             const FileEntry& entry) {
  const fs::path path = folder / entry.name;
  ASSAY_TRY(MappedFile file, MappedFile::open(path, entry.size));
  if (entry.size < sizeof(Header) || entry.head_size != sizeof(Header) ||
      hash_bytes(file.bytes().first(sizeof(Header))) != entry.head_checksum) {
    return corrupted(path);
  }
  Header header;
  std::memcpy(&header, file.bytes().data(), sizeof header);
  if (header.magic != kMagic || header.codes == 0 || !std::has_single_bit(header.table_slots) ||
      body_bytes(header) != entry.size - sizeof header) {
    return corrupted(path);
  }
  auto dictionary = std::unique_ptr<DictionaryFile>(new DictionaryFile(path, std::move(file)));
  // A wrong letter would be a wrong name on a right number: small dictionaries are read whole.
  if (entry.size <= kVerifiedOnOpen) ASSAY_CHECK(dictionary->verify());
  return dictionary;
}

DictionaryFile::DictionaryFile(fs::path path, MappedFile file)
    : path_(std::move(path)), file_(std::move(file)) {
  Header header;
  const std::byte* from = file_.bytes().data();
  std::memcpy(&header, from, sizeof header);
  from += sizeof header;
  ends_ = {reinterpret_cast<const std::uint64_t*>(from), header.codes};
  from += ends_.size_bytes();
  table_ = {reinterpret_cast<const std::uint32_t*>(from), header.table_slots};
  from += table_.size_bytes();
  texts_ = {reinterpret_cast<const char*>(from), header.text_bytes};
}

std::string_view DictionaryFile::at(std::uint32_t code) const {
  if (code == 0 || code >= ends_.size()) return {};
  const std::uint64_t begin = ends_[code - 1];
  const std::uint64_t end = ends_[code];
  if (begin > end || end > texts_.size()) return {};  // A flipped bit that verify() would find.
  return texts_.substr(begin, end - begin);
}

std::optional<std::uint32_t> DictionaryFile::find(std::string_view text) const {
  const std::size_t mask = table_.size() - 1;
  const std::size_t first = hash_text(text) & mask;
  for (std::size_t step = 0; step < table_.size(); ++step) {
    const std::uint32_t code = table_[(first + step) & mask];
    if (code == 0) return std::nullopt;
    if (at(code) == text) return code;
  }
  return std::nullopt;
}

Result<void> DictionaryFile::verify() const {
  Header header;
  std::memcpy(&header, file_.bytes().data(), sizeof header);
  if (hash_bytes(file_.bytes().subspan(sizeof header)) != header.body_checksum) {
    return corrupted(path_);
  }
  return {};
}

}  // namespace assay::events::detail
