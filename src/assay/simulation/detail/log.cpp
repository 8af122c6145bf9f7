#include "assay/simulation/detail/log.hpp"

#include <algorithm>
#include <tuple>

#include "assay/base/hash.hpp"
#include "assay/numerics/parallel.hpp"

namespace assay::simulation {
namespace {

/// Positions in the table, in the order of world.hpp.
enum Place : std::size_t {
  insert_id,
  user_id,
  session_id,
  event,
  ts,
  received_at,
  seq,
  country,
  device,
  app_version,
  new_user,
  video_id,
  creator_id,
  watch_ms,
  completed,
  revenue,
  experiment,
  variant,
  places
};

frame::Column text_column(const char* name, std::vector<std::string> dictionary) {
  frame::Column column;
  column.name = name;
  column.type = frame::Type::text;
  column.dictionary = std::move(dictionary);
  return column;
}

frame::Column number_column(const char* name, frame::Type type) {
  frame::Column column;
  column.name = name;
  column.type = type;
  return column;
}

template <class Entry, class Name>
std::vector<std::string> names_of(const std::vector<Entry>& entries, Name name) {
  std::vector<std::string> names;
  names.reserve(entries.size());
  for (const Entry& entry : entries) names.push_back(entry.*name);
  return names;
}

bool nullable(std::size_t place) { return place >= video_id; }

frame::Table empty_table(const WorldConfig& config) {
  using enum frame::Type;
  frame::Table table;
  table.columns = {number_column("insert_id", int64),
                   number_column("user_id", int64),
                   number_column("session_id", int64),
                   text_column("event", event_names()),
                   number_column("ts", time_us),
                   number_column("received_at", time_us),
                   number_column("seq", int64),
                   text_column("country", names_of(config.countries, &Country::code)),
                   text_column("device", names_of(config.devices, &Device::name)),
                   text_column("app_version", names_of(config.app_versions, &AppVersion::name)),
                   text_column("new_user", {"no", "yes"}),
                   number_column("video_id", int64),
                   number_column("creator_id", int64),
                   number_column("watch_ms", int64),
                   number_column("completed", boolean),
                   number_column("revenue", float64),
                   text_column("experiment", {config.experiment_key}),
                   text_column("variant", {"control", "treatment"})};
  return table;
}

void resize(frame::Table& table, std::size_t rows) {
  for (std::size_t c = 0; c < places; ++c) {
    frame::Column& column = table.columns[c];
    if (column.type == frame::Type::text) {
      column.codes.resize(rows);
    } else if (column.type == frame::Type::float64) {
      column.doubles.resize(rows);
    } else {
      column.ints.resize(rows);
    }
    if (nullable(c)) column.nulls.resize(rows);
  }
}

std::int64_t creator_of(const Model& model, std::int32_t video) {
  if (model.creators.empty()) return 0;
  const std::uint64_t bits = hash_int(static_cast<std::uint64_t>(video) + 0x9E3779B97F4A7C15ULL);
  return model.creators[bits % model.creators.size()];
}

}  // namespace

Log::Log(const Model& model) : model_(model), table_(empty_table(model.config)) {}

const frame::Table& Log::receive(int day, std::vector<ChunkState>& chunks, int threads) {
  const TimeUs begin = model_.day_start(day);
  const TimeUs end = model_.day_start(day + 1);
  for (auto& slot : slots_) slot.clear();
  std::vector<Row> later;
  const auto place = [&](const Row& row) {
    if (row.received_at >= end) {
      later.push_back(row);
      return;
    }
    const auto since = static_cast<std::size_t>(row.received_at - begin);
    slots_[since * kSlots / static_cast<std::size_t>(end - begin)].push_back(row);
  };
  for (const Row& row : waiting_) place(row);
  for (ChunkState& chunk : chunks) {
    for (const Row& row : chunk.rows) place(row);
    chunk.rows.clear();
  }
  waiting_ = std::move(later);

  std::array<std::size_t, kSlots + 1> first{};
  for (std::size_t s = 0; s < kSlots; ++s) first[s + 1] = first[s] + slots_[s].size();
  resize(table_, first[kSlots]);
  numerics::for_each_chunk(kSlots, threads, [&](std::size_t s) {
    std::sort(slots_[s].begin(), slots_[s].end(), [](const Row& a, const Row& b) {
      return std::tie(a.received_at, a.insert_id, a.copy) <
             std::tie(b.received_at, b.insert_id, b.copy);
    });
    fill(s, first[s]);
  });
  return table_;
}

void Log::fill(std::size_t slot, std::size_t first_row) {
  auto& columns = table_.columns;
  std::size_t i = first_row;
  for (const Row& row : slots_[slot]) {
    const bool has_video = row.video != 0;
    const bool is_watch = row.event == EventKind::video_watch;
    const bool has_revenue =
        row.event == EventKind::purchase || row.event == EventKind::ad_impression;
    const bool is_assignment = row.event == EventKind::experiment_assigned;
    const std::int64_t creator = has_video ? creator_of(model_, row.video) : 0;
    columns[insert_id].ints[i] = row.insert_id;
    columns[user_id].ints[i] = row.user;
    columns[session_id].ints[i] = row.session_id;
    columns[event].codes[i] = static_cast<std::uint32_t>(row.event);
    columns[ts].ints[i] = row.ts;
    columns[received_at].ints[i] = row.received_at;
    columns[seq].ints[i] = row.seq;
    columns[country].codes[i] = row.country;
    columns[device].codes[i] = row.device;
    columns[app_version].codes[i] = row.version;
    columns[new_user].codes[i] = row.new_user ? 1 : 0;
    columns[video_id].ints[i] = row.video;
    columns[video_id].nulls[i] = has_video ? 0 : 1;
    columns[creator_id].ints[i] = creator;
    columns[creator_id].nulls[i] = creator != 0 ? 0 : 1;
    columns[watch_ms].ints[i] = row.watch_ms;
    columns[watch_ms].nulls[i] = is_watch ? 0 : 1;
    columns[completed].ints[i] = row.completed ? 1 : 0;
    columns[completed].nulls[i] = is_watch ? 0 : 1;
    columns[revenue].doubles[i] = static_cast<double>(row.revenue_micros) / 1e6;
    columns[revenue].nulls[i] = has_revenue ? 0 : 1;
    columns[experiment].codes[i] = 0;
    columns[experiment].nulls[i] = is_assignment ? 0 : 1;
    columns[variant].codes[i] = row.treated ? 1 : 0;
    columns[variant].nulls[i] = is_assignment ? 0 : 1;
    ++i;
  }
}

}  // namespace assay::simulation
