#include "assay/ingest/build.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>

#include "assay/base/hash.hpp"
#include "assay/base/text.hpp"
#include "assay/engine/database.hpp"
#include "assay/engine/relation.hpp"
#include "assay/events/index.hpp"

namespace assay::ingest {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kMiB = std::size_t{1} << 20;
constexpr std::size_t kLeastMemory = 512 * kMiB;
// The program, its libraries, allocator slack and the result batches under way.
constexpr std::size_t kOverhead = 160 * kMiB;
constexpr double kUnreadableTimes = 0.01;  // Beyond, the declaration is wrong rather than a row.

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

// How the process's memory is shared out. What DuckDB holds while it decodes grows with its
// threads and row groups, not with the data; the rest sorts.
struct Shares {
  std::size_t database = 0;
  std::size_t builder = 0;
};

Shares shares_of(std::size_t memory) {
  const std::size_t slack = kOverhead + memory / 20;
  const std::size_t database = std::clamp(memory * 3 / 10, 192 * kMiB, 4096 * kMiB);
  return {database, memory - slack - database};
}

std::string file_text(const SourceFile& file) {
  return fmt::format("{} bytes modified {} mark {}", file.bytes, file.modified_us, file.mark);
}

std::string overall(const engine::Source& source, const std::vector<events::Source>& files) {
  std::string all;
  for (const events::Source& file : files) all += file.name + "\n" + file.fingerprint + "\n";
  return fingerprint(policy_text(source)) + "-" + fingerprint(all);
}

std::vector<events::Source> as_sources(const std::vector<SourceFile>& files) {
  std::vector<events::Source> sources;
  for (const SourceFile& file : files) sources.push_back({file.path, file_text(file)});
  return sources;
}

// Paths from the folder that all of them share.
std::vector<std::string> short_names(const std::vector<std::string>& paths,
                                     const std::vector<SourceFile>& all) {
  fs::path shared = all.empty() ? fs::path() : fs::path(all.front().path).parent_path();
  for (const SourceFile& file : all) {
    while (!shared.empty() && shared != shared.root_path() &&
           !file.path.starts_with(shared.string() + "/")) {
      shared = shared.parent_path();
    }
  }
  std::vector<std::string> names;
  for (const std::string& path : paths) names.push_back(fs::path(path).lexically_relative(shared));
  return names;
}

std::string files_text(std::size_t count) {
  return fmt::format("{} file{}", count_text(static_cast<std::int64_t>(count)),
                     count == 1 ? "" : "s");
}

struct Plan {
  BuildAction action = BuildAction::built;
  std::vector<std::string> reasons;
  std::vector<SourceFile> files;   // All of the source.
  std::vector<SourceFile> to_add;  // Those to read.
  std::optional<events::Index> index;
};

// "4 bytes modified 17 mark ab" -> what differs, in words.
std::string change_text(const std::string& before, const std::string& after) {
  const auto word = [](const std::string& text, std::size_t number) {
    std::size_t from = 0;
    for (std::size_t i = 0; i < number && from != std::string::npos; ++i) {
      from = text.find(' ', from);
      if (from != std::string::npos) ++from;
    }
    return from == std::string::npos ? std::string()
                                     : text.substr(from, text.find(' ', from) - from);
  };
  if (word(before, 0) != word(after, 0)) {
    return fmt::format("size {} -> {} bytes", word(before, 0), word(after, 0));
  }
  return word(before, 5) != word(after, 5) ? "other content" : "another modification time";
}

void compare_files(Plan& plan) {
  const std::vector<events::Source>& old = plan.index->sources();
  std::vector<std::string> all;
  for (const SourceFile& file : plan.files) all.push_back(file.path);
  const std::vector<std::string> names = short_names(all, plan.files);
  std::string last;
  bool changed = false;
  for (const events::Source& source : old) {
    last = std::max(last, source.name);
    const auto found = std::find(all.begin(), all.end(), source.name);
    if (found == all.end()) {
      changed = true;
      plan.reasons.push_back(fmt::format("{} is gone", source.name));
      continue;
    }
    const auto at = static_cast<std::size_t>(found - all.begin());
    const std::string now = file_text(plan.files[at]);
    if (now == source.fingerprint) continue;
    changed = true;
    plan.reasons.push_back(
        fmt::format("{} changed ({})", names[at], change_text(source.fingerprint, now)));
  }
  plan.to_add.clear();
  for (std::size_t i = 0; i < plan.files.size(); ++i) {
    const bool known = std::any_of(old.begin(), old.end(), [&](const events::Source& source) {
      return source.name == plan.files[i].path;
    });
    if (known) continue;
    plan.to_add.push_back(plan.files[i]);
    if (plan.files[i].path > last) continue;
    changed = true;
    plan.reasons.push_back(fmt::format(
        "{} comes before files that are in the index, which decides between copies", names[i]));
  }
  plan.action = changed               ? BuildAction::rebuilt
                : plan.to_add.empty() ? BuildAction::none
                                      : BuildAction::extended;
  if (changed) plan.to_add = plan.files;
}

Result<Plan> plan_for(const engine::Source& source, const fs::path& folder) {
  Plan plan;
  ASSAY_TRY(plan.files, source_files(source));
  plan.to_add = plan.files;
  std::error_code failed;
  Result<events::Index> opened = events::Index::open(folder);
  if (!opened) {
    if (opened.error().code == ErrorCode::unavailable && !fs::exists(folder, failed)) {
      plan.reasons.push_back("there was no index");
      return plan;
    }
    const bool none = opened.error().code == ErrorCode::unavailable;
    plan.action = none ? BuildAction::built : BuildAction::rebuilt;
    plan.reasons.push_back(
        none ? "there was no index"
             : fmt::format("the index cannot be used: {}", opened.error().problem));
    return plan;
  }
  plan.index = std::move(*opened);
  const std::string& before = plan.index->fingerprint();
  if (before.substr(0, before.find('-')) != fingerprint(policy_text(source))) {
    plan.action = BuildAction::rebuilt;
    plan.reasons.push_back(
        "the source is declared otherwise (columns, expressions, zones, deduplication or skew)");
    return plan;
  }
  compare_files(plan);
  return plan;
}

// The memory and threads of the database as they were, put back at the end.
class DatabaseSettings {
 public:
  DatabaseSettings(engine::Database& database, std::string restore)
      : database_(database), restore_(std::move(restore)) {}
  DatabaseSettings(const DatabaseSettings&) = delete;
  DatabaseSettings& operator=(const DatabaseSettings&) = delete;
  ~DatabaseSettings() { static_cast<void>(database_.execute(restore_)); }

 private:
  engine::Database& database_;
  std::string restore_;
};

Result<std::string> current_settings(engine::Database& database) {
  ASSAY_TRY(
      const frame::Table table,
      database.query("SELECT 'SET memory_limit = ''' || current_setting('memory_limit') || "
                     "'''; SET threads = ' || CAST(current_setting('threads') AS VARCHAR) AS s"));
  const frame::Column& text = table.columns.front();
  return text.dictionary[text.codes.front()];
}

Result<std::int64_t> expected_rows(engine::Database& database, const engine::Source& source) {
  if (source.format == engine::SourceFormat::parquet) {
    std::string list;
    for (const std::string& path : source.paths) {
      list += (list.empty() ? "" : ", ") + engine::quote_text(path);
    }
    ASSAY_TRY(const frame::Table table,
              database.query(fmt::format("SELECT CAST(sum(num_rows) AS BIGINT) AS n FROM "
                                         "parquet_file_metadata([{}])",
                                         list)));
    return table.columns.front().ints.front();
  }
  if (source.format == engine::SourceFormat::duckdb) return 0;
  std::int64_t bytes = 0;
  for (const std::string& path : source.paths) {
    std::error_code failed;
    const auto size = static_cast<std::int64_t>(fs::file_size(path, failed));
    bytes += path.ends_with(".gz") || path.ends_with(".zst") ? size * 8 : size;
  }
  return bytes / 80;  // A line of a log.
}

// Fails when the declaration of the time cannot be right: most often the wrong unit or column.
Result<void> check_times(engine::Database& database, const engine::Relation& relation,
                         std::int64_t rows, std::int64_t without_time) {
  if (static_cast<double>(without_time) <= kUnreadableTimes * static_cast<double>(rows)) return {};
  const std::string& raw = relation.source.event_time.expression;
  ASSAY_TRY(
      const frame::Table counts,
      database.query(fmt::format("SELECT count(*) AS n FROM {} WHERE ({}) IS NOT NULL AND ({}) "
                                 "IS NULL",
                                 relation.from, raw, relation.time)));
  const std::int64_t unreadable = counts.columns.front().ints.front();
  if (static_cast<double>(unreadable) <= kUnreadableTimes * static_cast<double>(rows)) return {};
  ASSAY_TRY(const frame::Table shown,
            database.query(fmt::format(
                "SELECT n, value FROM (SELECT row_number() OVER () AS n, CAST(({0}) AS VARCHAR) AS "
                "value, ({1}) IS NULL AS bad FROM {2}) WHERE bad AND value IS NOT NULL LIMIT 3",
                raw, relation.time, relation.from)));
  std::vector<std::string> examples;
  for (std::size_t row = 0; row < shown.rows(); ++row) {
    examples.push_back(fmt::format("'{}' in row {}",
                                   shown.columns[1].dictionary[shown.columns[1].codes[row]],
                                   count_text(shown.columns[0].ints[row])));
  }
  return fail(ErrorCode::invalid_data,
              fmt::format("{} of {} values do not read as a time", count_text(unreadable),
                          count_text(rows)),
              fmt::format("column {}", raw), "declare the column's unit or another column",
              list_text(examples));
}

std::vector<std::string> counts_text(const events::RowCounts& rows) {
  std::vector<std::string> lines;
  lines.push_back(fmt::format("{} rows read, {} events kept", count_text(rows.rows_read),
                              count_text(rows.events)));
  const auto left_out = [&](std::int64_t count, std::string_view why) {
    if (count > 0) lines.push_back(fmt::format("{} left out: {}", count_text(count), why));
  };
  left_out(rows.missing_unit, "no unit");
  left_out(rows.missing_time, "no readable time");
  left_out(rows.quarantined_future, "stamped too far after they were received");
  left_out(rows.duplicates_removed, "copies under the source's deduplication");
  if (rows.missing_event > 0) {
    lines.push_back(fmt::format("{} kept without an event name", count_text(rows.missing_event)));
  }
  if (rows.out_of_order > 0) {
    lines.push_back(fmt::format("{} arrived after a later event of their unit; put in order",
                                count_text(rows.out_of_order)));
  }
  return lines;
}

void describe(IndexStatus& status, const events::Index& index) {
  status.fingerprint = index.fingerprint();
  status.files = index.sources().size();
  status.events = index.events();
  status.units = index.units();
  status.bytes = index.bytes();
  status.rows = index.counts();
  status.counts = counts_text(status.rows);
}

void summarise(IndexStatus& status, const Plan& plan) {
  std::vector<std::string> paths;
  for (const SourceFile& file : plan.to_add) paths.push_back(file.path);
  switch (status.action) {
    case BuildAction::none:
      status.summary = fmt::format("current: {}, {} events", files_text(plan.files.size()),
                                   count_text(status.events));
      return;
    case BuildAction::extended:
      status.summary = fmt::format("extended by {}: {}", files_text(paths.size()),
                                   list_text(short_names(paths, plan.files), 3));
      return;
    case BuildAction::built:
      status.summary = fmt::format("built from {}", files_text(plan.files.size()));
      return;
    case BuildAction::rebuilt:
      status.summary = fmt::format("rebuilt from {}: {}", files_text(plan.files.size()),
                                   list_text(plan.reasons, 3));
      return;
  }
}

struct Work {
  engine::Database& database;
  const engine::Source& source;
  const fs::path& folder;
  const BuildRequest& request;
  const Progress& progress;
};

// Reads the files and feeds the builder. True: the new events need a build from all files.
Result<bool> feed(const Work& work, const Plan& plan, bool extend, IndexStatus& status) {
  engine::Source source = work.source;
  source.paths.clear();
  for (const SourceFile& file : extend ? plan.to_add : plan.files)
    source.paths.push_back(file.path);
  ASSAY_TRY(const engine::Relation relation, engine::connect(work.database, source));
  ASSAY_TRY(const std::int64_t expected, expected_rows(work.database, source));

  events::BuildOptions options;
  options.memory_bytes = shares_of(work.request.memory_bytes).builder;
  options.threads = work.request.threads;
  options.expected_rows = expected;
  options.progress = &work.progress;
  const events::Schema schema = engine::index_schema(relation);
  ASSAY_TRY(events::IndexBuilder builder,
            extend ? events::IndexBuilder::extend(work.folder, schema, options)
                   : events::IndexBuilder::create(work.folder, schema, options));
  const auto begin = Clock::now();
  double adding = 0.0;
  std::int64_t rows = 0;
  std::int64_t without_time = 0;
  const auto receive = [&](const frame::BatchView& batch) -> Result<void> {
    rows += static_cast<std::int64_t>(batch.rows);
    for (std::size_t row = 0; !batch.columns[1].validity.empty() && row < batch.rows; ++row) {
      if (batch.columns[1].is_null(row)) ++without_time;
    }
    const auto start = Clock::now();
    ASSAY_CHECK(builder.add(batch));
    adding += seconds_since(start);
    if (expected > 0) {
      work.progress.at("reading events",
                       std::min(1.0, static_cast<double>(rows) / static_cast<double>(expected)));
    }
    return {};
  };
  ASSAY_CHECK(work.database.scan(engine::scan_sql(relation), receive, work.progress));
  status.read_seconds += seconds_since(begin) - adding;
  if (rows == 0) {
    return fail(ErrorCode::invalid_data, "the source has no rows", list_text(source.paths),
                "check the path and whether the export has run");
  }
  ASSAY_CHECK(check_times(work.database, relation, rows, without_time));
  events::Provenance provenance{overall(work.source, as_sources(plan.files)),
                                as_sources(extend ? plan.to_add : plan.files)};
  ASSAY_TRY(status.report, builder.finish(provenance));
  return status.report.needs_rebuild;
}

Result<void> carry_out(const Work& work, Plan& plan, IndexStatus& status) {
  if (work.request.memory_bytes < kLeastMemory) {
    return fail(ErrorCode::invalid_spec,
                fmt::format("{} MiB are too little memory", work.request.memory_bytes / kMiB),
                "memory", fmt::format("allow at least {} MiB", kLeastMemory / kMiB));
  }
  ASSAY_TRY(std::string before, current_settings(work.database));
  const DatabaseSettings restored(work.database, std::move(before));
  std::string settings = fmt::format("SET memory_limit = '{}MiB'",
                                     shares_of(work.request.memory_bytes).database / kMiB);
  if (work.request.threads > 0) settings += fmt::format("; SET threads = {}", work.request.threads);
  ASSAY_CHECK(work.database.execute(settings));
  const bool extend = plan.action == BuildAction::extended;
  plan.index.reset();
  ASSAY_TRY(const bool rebuild, feed(work, plan, extend, status));
  if (!rebuild) return {};
  plan.action = BuildAction::rebuilt;
  plan.reasons.push_back("a new event was received before a copy of it that is in the index");
  plan.to_add = plan.files;
  ASSAY_TRY([[maybe_unused]] const bool again, feed(work, plan, false, status));
  return {};
}

}  // namespace

std::string_view to_text(BuildAction action) {
  switch (action) {
    case BuildAction::none:
      return "none";
    case BuildAction::built:
      return "built";
    case BuildAction::extended:
      return "extended";
    case BuildAction::rebuilt:
      return "rebuilt";
  }
  return "";
}

Result<IndexStatus> index_status(const engine::Source& source, const fs::path& folder) {
  ASSAY_TRY(const Plan plan, plan_for(source, folder));
  IndexStatus status;
  status.action = plan.action;
  status.reasons = plan.reasons;
  if (plan.index) describe(status, *plan.index);
  summarise(status, plan);
  return status;
}

Result<IndexStatus> ensure_index(engine::Database& database, const engine::Source& source,
                                 const fs::path& folder, const BuildRequest& request) {
  const auto begin = Clock::now();
  const Progress silent;
  const Progress& progress = request.progress != nullptr ? *request.progress : silent;
  ASSAY_TRY(Plan plan, plan_for(source, folder));
  if (request.force && plan.action != BuildAction::built) {
    plan.action = BuildAction::rebuilt;
    plan.reasons.push_back("asked for");
    plan.to_add = plan.files;
  }
  IndexStatus status;
  if (plan.action != BuildAction::none) {
    ASSAY_CHECK(carry_out({database, source, folder, request, progress}, plan, status));
  }
  ASSAY_TRY(const events::Index index, events::Index::open(folder));
  status.action = plan.action;
  status.reasons = plan.reasons;
  describe(status, index);
  summarise(status, plan);
  status.seconds = seconds_since(begin);
  return status;
}

}  // namespace assay::ingest
