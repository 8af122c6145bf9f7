#pragma once

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "assay/simulation/world.hpp"

namespace assay::simulation {

/// One row of the log, read back from the columns by name.
struct Event {
  Day received_on = 0;
  std::int64_t insert_id = 0;
  std::int64_t user_id = 0;
  std::int64_t session_id = 0;
  std::int64_t seq = 0;
  std::string event;
  TimeUs ts = 0;
  TimeUs received_at = 0;
  std::string country, device, app_version, new_user, variant;
  std::int64_t video_id = 0;
  std::int64_t watch_ms = 0;
  bool completed = false;
  double revenue = 0.0;
};

/// A whole simulated world held in memory: for tests of a few thousand users.
struct Gathered {
  std::vector<Event> events;
  Truth truth;

  /// The events with each insert_id once, the first received.
  [[nodiscard]] std::vector<Event> distinct() const {
    std::set<std::int64_t> seen;
    std::vector<Event> kept;
    for (const Event& event : events) {
      if (seen.insert(event.insert_id).second) kept.push_back(event);
    }
    return kept;
  }
};

inline std::string text_at(const frame::Table& table, const char* name, std::size_t row) {
  const frame::Column* column = table.find(name);
  return column->is_null(row) ? "" : column->dictionary.at(column->codes.at(row));
}

inline std::int64_t int_at(const frame::Table& table, const char* name, std::size_t row) {
  const frame::Column* column = table.find(name);
  return column->is_null(row) ? 0 : column->ints.at(row);
}

inline Event event_at(const frame::Table& table, Day day, std::size_t row) {
  const frame::Column* revenue = table.find("revenue");
  Event e;
  e.received_on = day;
  e.insert_id = int_at(table, "insert_id", row);
  e.user_id = int_at(table, "user_id", row);
  e.session_id = int_at(table, "session_id", row);
  e.seq = int_at(table, "seq", row);
  e.event = text_at(table, "event", row);
  e.ts = int_at(table, "ts", row);
  e.received_at = int_at(table, "received_at", row);
  e.country = text_at(table, "country", row);
  e.device = text_at(table, "device", row);
  e.app_version = text_at(table, "app_version", row);
  e.new_user = text_at(table, "new_user", row);
  e.variant = text_at(table, "variant", row);
  e.video_id = int_at(table, "video_id", row);
  e.watch_ms = int_at(table, "watch_ms", row);
  e.completed = int_at(table, "completed", row) != 0;
  e.revenue = revenue->is_null(row) ? 0.0 : revenue->doubles.at(row);
  return e;
}

inline Gathered gather(WorldConfig config, int threads = 2) {
  config.keep_user_outcomes = true;
  Gathered world;
  const auto keep = [&](Day day, const frame::Table& table) -> Result<void> {
    for (std::size_t row = 0; row < table.rows(); ++row) {
      world.events.push_back(event_at(table, day, row));
    }
    return {};
  };
  auto truth = simulate(config, keep, threads, {});
  if (!truth) {
    ADD_FAILURE() << to_text(truth.error());
    return world;
  }
  world.truth = std::move(*truth);
  return world;
}

/// A preset with a few thousand users.
inline WorldConfig small(const char* name, std::int64_t users = 2'000) {
  WorldConfig config = *preset(name);
  config.users = users;
  return config;
}

/// Simulates and keeps the truth alone.
inline Truth truth_of(WorldConfig config) {
  config.keep_user_outcomes = true;
  const auto ignore = [](Day, const frame::Table&) -> Result<void> { return {}; };
  return simulate(config, ignore, 2, {}).value();
}

}  // namespace assay::simulation
