#include <fmt/format.h>
#include <fnmatch.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <set>

#include "assay/base/file.hpp"
#include "assay/base/hash.hpp"
#include "assay/base/text.hpp"
#include "assay/ingest/build.hpp"

namespace assay::ingest {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kEdgeBytes = 64 * 1024;
constexpr std::string_view kParquetMagic = "PAR1";

bool has_wildcard(std::string_view text) {
  return text.find_first_of("*?[") != std::string_view::npos;
}

// What a folder stands for: the files of the format beneath it.
bool fits_format(const fs::path& path, engine::SourceFormat format) {
  fs::path name = path.filename();
  if (name.extension() == ".gz" || name.extension() == ".zst") name = name.stem();
  const std::string extension = name.extension();
  switch (format) {
    case engine::SourceFormat::parquet:
      return extension == ".parquet" || extension == ".pq";
    case engine::SourceFormat::csv:
      return extension == ".csv" || extension == ".tsv";
    case engine::SourceFormat::jsonl:
      return extension == ".jsonl" || extension == ".ndjson" || extension == ".json";
    case engine::SourceFormat::duckdb:
      return extension == ".duckdb" || extension == ".db";
  }
  return false;
}

void add_beneath(const fs::path& folder, engine::SourceFormat format,
                 std::set<std::string>& found) {
  std::error_code failed;
  for (const auto& entry : fs::recursive_directory_iterator(folder, failed)) {
    if (entry.is_regular_file(failed) && fits_format(entry.path(), format)) {
      found.insert(entry.path().lexically_normal());
    }
  }
}

// Follows the parts of a pattern from `at` on; ** stands for any number of folders.
void expand(const fs::path& base, const std::vector<std::string>& parts, std::size_t at,
            std::set<std::string>& found) {
  std::error_code failed;
  if (at == parts.size()) {
    if (fs::is_regular_file(base, failed)) found.insert(base.lexically_normal());
    return;
  }
  const std::string& part = parts[at];
  if (!has_wildcard(part)) {
    if (fs::exists(base / part, failed)) expand(base / part, parts, at + 1, found);
    return;
  }
  if (part == "**") expand(base, parts, at + 1, found);
  for (const auto& entry : fs::directory_iterator(base.empty() ? "." : base, failed)) {
    const std::string name = entry.path().filename();
    const bool folder = entry.is_directory(failed);
    if (part == "**") {
      if (folder) expand(base / name, parts, at, found);
    } else if (::fnmatch(part.c_str(), name.c_str(), FNM_PERIOD) == 0) {
      if (folder || at + 1 == parts.size()) expand(base / name, parts, at + 1, found);
    }
  }
}

tl::unexpected<Error> nothing_there(const std::string& path) {
  const fs::path folder = fs::path(path).parent_path();
  std::vector<std::string> names;
  std::error_code failed;
  if (!has_wildcard(folder.string())) {
    for (const auto& entry : fs::directory_iterator(folder.empty() ? "." : folder, failed)) {
      names.push_back(entry.path().filename());
    }
  }
  std::sort(names.begin(), names.end());
  const std::string near = nearest(fs::path(path).filename().string(), names);
  return fail(ErrorCode::unavailable,
              has_wildcard(path) ? "no file matches the pattern" : "no such file", path,
              near.empty() ? "check the path" : fmt::format("did you mean {}?", near),
              list_text(names));
}

std::string read_part(std::ifstream& file, std::int64_t from, std::int64_t bytes) {
  std::string part(static_cast<std::size_t>(bytes), '\0');
  file.seekg(from);
  file.read(part.data(), bytes);
  part.resize(static_cast<std::size_t>(std::max<std::streamsize>(file.gcount(), 0)));
  return part;
}

// Where the footer begins; fails when the file was cut off.
Result<std::int64_t> parquet_footer(const std::string& path, std::int64_t bytes,
                                    const std::string& head, const std::string& tail) {
  const bool whole =
      bytes >= 12 && head.starts_with(kParquetMagic) && tail.ends_with(kParquetMagic);
  std::uint32_t length = 0;
  if (whole) std::memcpy(&length, tail.data() + tail.size() - 8, sizeof(length));
  if (!whole || static_cast<std::int64_t>(length) > bytes - 12) {
    return fail(ErrorCode::invalid_data,
                head.starts_with(kParquetMagic) ? "the Parquet file ends before its footer"
                                                : "not a Parquet file",
                path, "it may be cut off or still being written: fetch it again",
                fmt::format("{} bytes", count_text(bytes)));
  }
  return bytes - 8 - static_cast<std::int64_t>(length);
}

Result<SourceFile> marked(const std::string& path, engine::SourceFormat format) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    return fail(ErrorCode::unavailable, fmt::format("cannot read the file: {}", system_message()),
                path, "check the path and its permissions");
  }
  SourceFile file{path,
                  static_cast<std::int64_t>(status.st_size),
                  static_cast<std::int64_t>(status.st_mtim.tv_sec) * kSecondUs +
                      static_cast<std::int64_t>(status.st_mtim.tv_nsec) / 1000,
                  {}};
  std::ifstream in(path, std::ios::binary);
  if (!in) {
    return fail(ErrorCode::unavailable, fmt::format("cannot read the file: {}", system_message()),
                path, "check its permissions");
  }
  const std::string head = read_part(in, 0, std::min(kEdgeBytes, file.bytes));
  const std::int64_t last = std::max<std::int64_t>(0, file.bytes - kEdgeBytes);
  const std::string tail = read_part(in, last, file.bytes - last);
  std::string content = fmt::format("{}\n", file.bytes) + head + tail;
  if (format == engine::SourceFormat::parquet) {
    ASSAY_TRY(const std::int64_t footer, parquet_footer(path, file.bytes, head, tail));
    if (footer < last) content += read_part(in, footer, last - footer);
  }
  file.mark = fingerprint(content);
  return file;
}

}  // namespace

Result<std::vector<SourceFile>> source_files(const engine::Source& source) {
  std::set<std::string> found;
  if (source.paths.empty()) {
    return fail(ErrorCode::invalid_spec, "the source names no path", source.name,
                "give the files or a pattern of them");
  }
  for (const std::string& given : source.paths) {
    std::error_code failed;
    const fs::path path = fs::absolute(given, failed);
    const std::size_t before = found.size();
    std::set<std::string> here;
    if (fs::is_directory(path, failed)) {
      add_beneath(path, source.format, here);
    } else if (fs::is_regular_file(path, failed)) {
      here.insert(path.lexically_normal());
    } else if (has_wildcard(given)) {
      std::vector<std::string> parts;
      for (const fs::path& part : path.relative_path()) parts.push_back(part);
      expand(path.root_path(), parts, 0, here);
    }
    found.insert(here.begin(), here.end());
    if (here.empty() && found.size() == before) return nothing_there(given);
  }
  std::vector<SourceFile> files;
  for (const std::string& path : found) {
    ASSAY_TRY(SourceFile file, marked(path, source.format));
    files.push_back(std::move(file));
  }
  return files;
}

std::string policy_text(const engine::Source& source) {
  const auto time = [](const engine::TimeColumn& column) {
    return fmt::format("{} unit {} zone {}", column.expression, static_cast<int>(column.unit),
                       column.timezone.name());
  };
  std::string text = "policy 1\n";
  text += fmt::format("format {}\ntable {}\n", static_cast<int>(source.format), source.table);
  text += fmt::format("unit {} {} {}\n", source.unit.name, source.unit.expression,
                      frame::to_text(source.unit.type));
  text += fmt::format("event {}\nconstant {}\n", source.event_expression, source.constant_event);
  text += fmt::format("time {}\n", time(source.event_time));
  if (source.ingest_time) text += fmt::format("ingest {}\n", time(*source.ingest_time));
  text += fmt::format("sequence {}\n", source.sequence_expression);
  if (source.dedup) {
    for (const std::string& key : source.dedup->keys) text += fmt::format("key {}\n", key);
    if (source.dedup->within_us) text += fmt::format("within {}\n", *source.dedup->within_us);
  }
  if (source.max_skew_us) text += fmt::format("skew {}\n", *source.max_skew_us);
  for (const engine::SourceProperty& property : source.properties) {
    text += fmt::format("property {} {} {}\n", property.name, property.expression,
                        frame::to_text(property.type));
  }
  return text;
}

}  // namespace assay::ingest
