#include "assay/events/made_events.hpp"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <limits>
#include <set>
#include <sstream>
#include <tuple>

namespace assay::events::made {
namespace {

namespace fs = std::filesystem;
using frame::Type;

std::string unit_text(std::int64_t unit) {
  return unit % 3 == 0 ? fmt::format("u{}", unit)
                       : fmt::format("unit-{}-with-a-rather-long-name", unit);
}

/// The columns of a batch, owned.
struct Columns {
  struct One {
    Property property;
    std::vector<std::int64_t> ints;
    std::vector<double> doubles;
    std::vector<std::string> owned;
    std::vector<std::string_view> texts;
    std::vector<std::uint64_t> validity;
  };
  std::vector<One> all;

  template <class T, class Get>
  void fill(const Property& property, const std::vector<Row>& rows, Get get) {
    One& one = all.emplace_back();
    one.property = property;
    one.validity.assign((rows.size() + 63) / 64, 0);
    bool all_there = true;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const std::optional<T> value = get(rows[i]);
      if (value) one.validity[i / 64] |= std::uint64_t{1} << (i % 64);
      all_there &= value.has_value();
      if constexpr (std::is_same_v<T, std::string>) {
        one.owned.push_back(value.value_or("garbage under a missing value"));
      } else if constexpr (std::is_same_v<T, double>) {
        one.doubles.push_back(value.value_or(777.0));
      } else {
        one.ints.push_back(value.value_or(-777));
      }
    }
    if (all_there) one.validity.clear();
    one.texts.assign(one.owned.begin(), one.owned.end());
  }

  [[nodiscard]] frame::BatchView view(std::size_t rows) const {
    frame::BatchView batch{rows, {}};
    for (const One& one : all) {
      batch.columns.push_back(
          {one.property.name, one.property.type, one.ints, one.doubles, one.texts, one.validity});
    }
    return batch;
  }
};

Columns columns_of(const std::vector<Row>& rows, const Rules& rules) {
  Columns columns;
  for (const Property& property : schema_of(rules).columns()) {
    const std::string& name = property.name;
    if (name == "user" && rules.text_units) {
      columns.fill<std::string>(property, rows, [](const Row& row) {
        return row.unit ? std::optional(unit_text(*row.unit)) : std::nullopt;
      });
    } else if (name == "event" || name == "insert_id" || name == "country") {
      columns.fill<std::string>(property, rows, [&](const Row& row) {
        return name == "event" ? row.event : name == "country" ? row.country : row.insert_id;
      });
    } else if (name == "amount") {
      columns.fill<double>(property, rows, [](const Row& row) { return row.amount; });
    } else {
      columns.fill<std::int64_t>(property, rows, [&](const Row& row) {
        if (name == "user") return row.unit;
        if (name == "ts") return row.time;
        if (name == "seq") return row.sequence;
        return name == "count" ? row.count : row.ingest;
      });
    }
  }
  return columns;
}

std::string words(TimeUs time, std::string_view event, const std::string& amount,
                  const std::string& count, std::string_view country,
                  std::string_view event_again) {
  return fmt::format("{} {} {} {} {} {}", time, event, amount, count, country, event_again);
}

struct Kept {
  Row row;
  std::size_t arrival = 0;
};

bool same_key(const Row& a, const Row& b) {
  return a.insert_id == b.insert_id && a.count == b.count;
}

/// DedupPolicy by its words: every event against every one kept so far.
std::vector<Kept> without_duplicates(std::vector<Kept> unit, const Rules& rules) {
  const auto order = [&](const Kept& kept) {
    const TimeUs last = std::numeric_limits<TimeUs>::max();
    return std::tuple(rules.ingest ? kept.row.ingest.value_or(last) : 0, kept.arrival);
  };
  std::sort(unit.begin(), unit.end(),
            [&](const Kept& a, const Kept& b) { return order(a) < order(b); });
  std::vector<Kept> stays;
  for (const Kept& one : unit) {
    const bool no_key = !one.row.insert_id && !one.row.count;
    const bool duplicate =
        !no_key && std::any_of(stays.begin(), stays.end(), [&](const Kept& kept) {
          return same_key(kept.row, one.row) &&
                 std::abs(*kept.row.time - *one.row.time) <= rules.within_us;
        });
    if (!duplicate) stays.push_back(one);
  }
  return stays;
}

}  // namespace

Schema schema_of(const Rules& rules) {
  Schema schema;
  schema.unit = {"user", rules.text_units ? Type::text : Type::int64};
  if (rules.sequence) schema.sequence = "seq";
  if (rules.ingest || rules.quarantine) schema.ingest_time = "received_at";
  if (rules.dedup) {
    schema.dedup.keys = {{"insert_id", Type::text}, {"count", Type::int64}};
    schema.dedup.within_us = rules.within_us;
  }
  schema.quarantine_future = rules.quarantine;
  schema.max_skew_us = 20;
  schema.properties = {{"amount", Type::float64},
                       {"count", Type::int64},
                       {"country", Type::text},
                       {"event", Type::text}};
  return schema;
}

std::vector<Row> random_rows(std::mt19937_64& random, std::size_t rows, std::size_t units) {
  const auto below = [&](std::int64_t n) {
    return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(n));
  };
  const auto seldom = [&] { return below(20) == 0; };
  std::vector<Row> made(rows);
  for (std::size_t i = 0; i < rows; ++i) {
    Row& row = made[i];
    if (!seldom()) row.unit = below(static_cast<std::int64_t>(units)) * 7919 - 100;
    const bool late = below(4) == 0;
    if (!seldom()) row.time = 1000 + static_cast<TimeUs>(i) / 3 - (late ? below(500) : 0);
    if (!seldom()) row.event = "event " + std::to_string(below(9));
    if (!seldom()) row.sequence = below(4);
    if (!seldom()) row.ingest = row.time.value_or(1000) + below(60) - 30;
    if (!seldom())
      row.insert_id = "id " + std::to_string(below(5)) +
                      std::string(static_cast<std::size_t>(below(30)) / 10 * 10, 'x');
    if (!seldom()) row.amount = static_cast<double>(below(1000)) / 8;
    if (!seldom()) row.count = below(3);
    if (!seldom())
      row.country = below(50) == 0 ? ""
                                   : std::string(static_cast<std::size_t>(below(25)),
                                                 static_cast<char>('A' + below(20)));
  }
  return made;
}

Result<void> add(IndexBuilder& builder, const std::vector<Row>& rows, const Rules& rules,
                 std::size_t batch_rows) {
  for (std::size_t begin = 0; begin < rows.size(); begin += batch_rows) {
    const auto from = rows.begin() + static_cast<std::ptrdiff_t>(begin);
    const std::size_t size = std::min(batch_rows, rows.size() - begin);
    const std::vector<Row> some(from, from + static_cast<std::ptrdiff_t>(size));
    ASSAY_CHECK(builder.add(columns_of(some, rules).view(size)));
  }
  return {};
}

Result<BuildReport> build(const fs::path& folder, const std::vector<std::vector<Row>>& lots,
                          const Rules& rules, const BuildOptions& options, std::size_t batch_rows) {
  BuildReport report;
  for (std::size_t i = 0; i < lots.size(); ++i) {
    ASSAY_TRY(IndexBuilder builder, i == 0
                                        ? IndexBuilder::create(folder, schema_of(rules), options)
                                        : IndexBuilder::extend(folder, schema_of(rules), options));
    ASSAY_CHECK(add(builder, lots[i], rules, batch_rows));
    const std::string name = "lot " + std::to_string(i);
    ASSAY_TRY(report, builder.finish({"print " + name, {{name, "content of " + name}}}));
    if (report.needs_rebuild) break;
  }
  return report;
}

Events read(const Index& index) {
  const std::vector<std::size_t> all{0, 1, 2, 3};
  const auto number = [](auto value) { return fmt::format("{}", value); };
  MergeSpace space;
  Events events;
  for (std::size_t p = 0; p < index.partitions(); ++p) {
    const PartitionView view = index.partition(p, all, space);
    for (std::size_t unit = 0; unit < view.units(); ++unit) {
      auto& list = events[index.unit_key(p, unit)];
      for (std::size_t i = view.offsets[unit]; i < view.offsets[unit + 1]; ++i) {
        const double amount = view.properties[0].doubles[i];
        const std::int64_t count = view.properties[1].ints[i];
        list.push_back(words(view.time[i], index.event_names().at(view.event[i]),
                             amount != amount ? "-" : number(amount),
                             count == kNullInt ? "-" : number(count),
                             index.dictionary(2).at(view.properties[2].codes[i]),
                             index.dictionary(3).at(view.properties[3].codes[i])));
      }
    }
  }
  return events;
}

Expected expected(const std::vector<Row>& rows, const Rules& rules) {
  Expected result;
  std::map<std::string, std::vector<Kept>> units;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Row& row = rows[i];
    ++result.counts.rows_read;
    if (!row.unit) {
      ++result.counts.missing_unit;
    } else if (!row.time) {
      ++result.counts.missing_time;
    } else if (rules.quarantine && row.ingest && *row.time > *row.ingest + 20) {
      ++result.counts.quarantined_future;
    } else {
      if (!row.event) ++result.counts.missing_event;
      units[rules.text_units ? unit_text(*row.unit) : std::to_string(*row.unit)].push_back(
          {row, i});
    }
  }
  for (auto& [key, unit] : units) {
    TimeUs latest = std::numeric_limits<TimeUs>::min();
    for (const Kept& one : unit) {
      if (*one.row.time < latest) ++result.counts.out_of_order;
      latest = std::max(latest, *one.row.time);
    }
    std::vector<Kept> stays = rules.dedup ? without_duplicates(unit, rules) : unit;
    result.counts.duplicates_removed += static_cast<std::int64_t>(unit.size() - stays.size());
    result.counts.events += static_cast<std::int64_t>(stays.size());
    const auto order = [&](const Kept& kept) {
      return std::tuple(*kept.row.time, rules.sequence ? kept.row.sequence.value_or(kNullInt) : 0,
                        kept.arrival);
    };
    std::sort(stays.begin(), stays.end(),
              [&](const Kept& a, const Kept& b) { return order(a) < order(b); });
    for (const Kept& one : stays) {
      const Row& row = one.row;
      result.events[key].push_back(words(*row.time, row.event.value_or(""),
                                         row.amount ? fmt::format("{}", *row.amount) : "-",
                                         row.count ? fmt::format("{}", *row.count) : "-",
                                         row.country.value_or(""), row.event.value_or("")));
    }
  }
  return result;
}

std::string arrays(const Index& index) {
  std::vector<std::size_t> all;
  for (std::size_t i = 0; i < index.properties().size(); ++i) all.push_back(i);
  std::string bytes;
  const auto append = [&](auto values) {
    const auto raw = std::as_bytes(values);
    bytes += fmt::format("<{}>", raw.size());
    bytes.append(reinterpret_cast<const char*>(raw.data()), raw.size());
  };
  MergeSpace space;
  for (std::size_t p = 0; p < index.partitions(); ++p) {
    const PartitionView view = index.partition(p, all, space);
    append(view.offsets);
    append(view.time);
    append(view.event);
    for (const PropertyView& property : view.properties) {
      append(property.ints);
      append(property.doubles);
      append(property.codes);
    }
    for (std::size_t unit = 0; unit < view.units(); ++unit) bytes += index.unit_key(p, unit) + ";";
  }
  for (std::uint32_t code = 0; code < index.event_names().size(); ++code) {
    bytes += std::string(index.event_names().at(code)) + ";";
  }
  return bytes;
}

Folder::Folder() {
  // In memory where there is such a place: the tests flush to disk thousands of times.
  const fs::path base = ::access("/dev/shm", W_OK) == 0 ? "/dev/shm" : fs::temp_directory_path();
  std::string pattern = (base / "assay-events-XXXXXX").string();
  path_ = ::mkdtemp(pattern.data());
}

Folder::~Folder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

std::map<std::string, std::string> files_of(const fs::path& folder) {
  std::map<std::string, std::string> files;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name == "lock") continue;
    std::ifstream in(entry.path(), std::ios::binary);
    std::ostringstream content;
    content << in.rdbuf();
    files[name] = content.str();
  }
  return files;
}

}  // namespace assay::events::made
