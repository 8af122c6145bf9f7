// Builds the event index from batches in memory and prints CPU seconds of its two passes.
// Usage: index_build_micro FOLDER [million rows] [threads] [dedup: 0 or 1] [memory MiB]
//                          [shuffled: 0 or 1] [partitions]

#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "assay/base/hash.hpp"
#include "assay/events/builder.hpp"
#include "assay/events/index.hpp"

namespace {

using namespace assay;

/// Processor time of this process: its own, and the system's on its behalf (pages, files).
struct Cpu {
  double user = 0.0;
  double system = 0.0;
};

Cpu cpu_used() {
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  return {seconds(used.ru_utime), seconds(used.ru_stime)};
}

constexpr std::size_t kBatchRows = 2048;

/// One batch of made-up events, as a reader of files would hand it over.
struct Batch {
  std::vector<std::int64_t> user, time, watch_ms, video, ingest;
  std::vector<double> revenue, score;
  std::vector<std::string_view> event, country, device, version;
};

const std::vector<std::string> kEvents{"app_open", "video_play",  "video_finish", "like",
                                       "share",    "ad_view",     "ad_click",     "purchase",
                                       "search",   "post_create", "follow",       "app_close"};
const std::vector<std::string> kDevices{"ios", "android", "web", "tablet-android", "tv"};

std::vector<Batch> make_batches(std::size_t rows, bool shuffled) {
  std::vector<std::string> countries;
  std::vector<std::string> versions;
  for (int i = 0; i < 40; ++i)
    countries.push_back(std::string{char('A' + i % 26), char('B' + i / 2)});
  for (int i = 0; i < 60; ++i) versions.push_back("4." + std::to_string(i) + ".1");
  static std::vector<std::string> keep;  // The views stay valid until the program ends.
  keep.insert(keep.end(), countries.begin(), countries.end());
  keep.insert(keep.end(), versions.begin(), versions.end());
  const std::size_t users = std::max<std::size_t>(rows / 20, 1);
  std::vector<Batch> batches;
  for (std::size_t begin = 0; begin < rows; begin += kBatchRows) {
    Batch& b = batches.emplace_back();
    for (std::size_t row = begin; row < std::min(rows, begin + kBatchRows); ++row) {
      const std::uint64_t h = hash_int(row + 1);
      const std::uint64_t g = hash_int(h);
      b.user.push_back(static_cast<std::int64_t>(h % users));
      const std::uint64_t at = shuffled ? g % rows : row;
      b.time.push_back(1'700'000'000'000'000 + static_cast<std::int64_t>(at) * 120'000);
      b.ingest.push_back(b.time.back() + 1'000'000);
      b.event.push_back(kEvents[g % kEvents.size()]);
      b.country.push_back(keep[(g >> 8) % 40]);
      b.device.push_back(kDevices[(g >> 16) % kDevices.size()]);
      b.version.push_back(keep[40 + (g >> 24) % 60]);
      b.watch_ms.push_back(static_cast<std::int64_t>(g >> 44));
      b.video.push_back(static_cast<std::int64_t>(h >> 40));
      b.revenue.push_back(static_cast<double>(g & 1023) * 0.01);
      b.score.push_back(static_cast<double>(h & 1023) * 0.5);
    }
  }
  return batches;
}

frame::ColumnView column(std::string_view name, frame::Type type,
                         const std::vector<std::int64_t>& values) {
  return {name, type, values, {}, {}, {}};
}

frame::BatchView view(const Batch& b, bool dedup) {
  using frame::Type;
  frame::BatchView v{b.user.size(), {}};
  v.columns.push_back(column("user_id", Type::int64, b.user));
  v.columns.push_back(column("ts", Type::time_us, b.time));
  v.columns.push_back({"event", Type::text, {}, {}, b.event, {}});
  if (dedup) v.columns.push_back(column("received_at", Type::time_us, b.ingest));
  if (dedup) v.columns.push_back(column("video", Type::int64, b.video));
  v.columns.push_back({"country", Type::text, {}, {}, b.country, {}});
  v.columns.push_back({"device", Type::text, {}, {}, b.device, {}});
  v.columns.push_back({"version", Type::text, {}, {}, b.version, {}});
  v.columns.push_back(column("watch_ms", Type::int64, b.watch_ms));
  if (!dedup) v.columns.push_back(column("video", Type::int64, b.video));
  v.columns.push_back({"revenue", Type::float64, {}, b.revenue, {}, {}});
  v.columns.push_back({"score", Type::float64, {}, b.score, {}, {}});
  return v;
}

events::Schema schema_of(bool dedup) {
  using frame::Type;
  events::Schema schema;
  schema.properties = {{"country", Type::text}, {"device", Type::text},
                       {"version", Type::text}, {"watch_ms", Type::int64},
                       {"video", Type::int64},  {"revenue", Type::float64},
                       {"score", Type::float64}};
  if (dedup) {
    schema.ingest_time = "received_at";
    schema.dedup.keys = {{"video", Type::int64}};
    schema.dedup.within_us = 7 * kDayUs;
  }
  return schema;
}

int stop(const Error& error) {
  std::fprintf(stderr, "%s", to_text(error).c_str());
  return exit_code(error.code);
}

}  // namespace

int main(int argc, char** argv) {
  const auto number = [&](int at, int otherwise) {
    return argc > at ? std::atoi(argv[at]) : otherwise;
  };
  if (argc < 2) return 2;
  const std::size_t rows = static_cast<std::size_t>(number(2, 5)) * 1'000'000;
  const bool dedup = number(4, 0) != 0;
  events::BuildOptions options;
  options.threads = number(3, 1);
  options.memory_bytes = static_cast<std::size_t>(number(5, 4096)) << 20;
  options.partitions = static_cast<std::size_t>(number(7, 0));
  options.expected_rows = static_cast<std::int64_t>(rows);
  const std::vector<Batch> batches = make_batches(rows, number(6, 0) != 0);

  const Cpu start = cpu_used();
  auto builder = events::IndexBuilder::create(argv[1], schema_of(dedup), options);
  if (!builder) return stop(builder.error());
  for (const Batch& batch : batches) {
    if (auto added = builder->add(view(batch, dedup)); !added) return stop(added.error());
  }
  const Cpu added = cpu_used();
  const auto report = builder->finish({"bench", {}});
  if (!report) return stop(report.error());
  const Cpu finished = cpu_used();
  const double per_20m = 20e6 / static_cast<double>(rows);
  const auto print = [&](const char* pass, const Cpu& from, const Cpu& to) {
    std::printf("%s: per 20 M events %.3f user + %.3f system CPU s\n", pass,
                (to.user - from.user) * per_20m, (to.system - from.system) * per_20m);
  };
  std::printf("%zu rows, %zu partitions\n", rows, report->partitions);
  print("add   ", start, added);
  print("finish", added, finished);
  std::printf("bytes %lld, spilled %lld, duplicates %lld, sort wall %.3f, commit wall %.3f\n",
              static_cast<long long>(report->bytes), static_cast<long long>(report->spilled_bytes),
              static_cast<long long>(report->counts.duplicates_removed), report->sort_seconds,
              report->commit_seconds);
  return 0;
}
