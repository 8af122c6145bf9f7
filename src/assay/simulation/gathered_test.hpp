#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "assay/simulation/world.hpp"

namespace assay::simulation {

/// One row of the log, read back from the columns by name. Texts live as long as the program.
struct Event {
  Day received_on = 0;
  std::int64_t insert_id = 0;
  std::int64_t user_id = 0;
  std::int64_t session_id = 0;
  std::int64_t seq = 0;
  TimeUs ts = 0;
  TimeUs received_at = 0;
  std::string_view event, country, device, app_version, new_user, experiment, variant;
  std::int64_t video_id = 0;
  std::int64_t creator_id = 0;
  std::int64_t watch_ms = 0;
  bool completed = false;
  double revenue = 0.0;
};

/// A simulated world held in memory: for tests of a few thousand users.
struct Gathered {
  std::vector<Event> events;
  Truth truth;

  /// The events with each insert_id once, the first received.
  [[nodiscard]] std::vector<Event> distinct() const {
    std::unordered_set<std::int64_t> seen;
    std::vector<Event> kept;
    for (const Event& event : events) {
      if (seen.insert(event.insert_id).second) kept.push_back(event);
    }
    return kept;
  }
};

/// A copy of the text that is never freed.
inline std::string_view lasting(const std::string& text) {
  static std::set<std::string> texts;
  return *texts.insert(text).first;
}

/// Adds the rows of one day that `wanted` (an event name; empty: all) asks for.
inline void add_events(const frame::Table& table, Day day, std::string_view wanted,
                       std::vector<Event>& events) {
  const auto texts = [&](const char* name) {
    const frame::Column* c = table.find(name);
    std::vector<std::string_view> dictionary;
    for (const std::string& word : c->dictionary) dictionary.push_back(lasting(word));
    return [c, dictionary](std::size_t row) {
      return c->is_null(row) ? std::string_view() : dictionary.at(c->codes.at(row));
    };
  };
  const auto ints = [&](const char* name) {
    const frame::Column* c = table.find(name);
    return [c](std::size_t row) { return c->is_null(row) ? 0 : c->ints.at(row); };
  };
  const auto event = texts("event"), country = texts("country"), device = texts("device"),
             version = texts("app_version"), new_user = texts("new_user"),
             experiment = texts("experiment"), variant = texts("variant");
  const auto insert_id = ints("insert_id"), user = ints("user_id"), session = ints("session_id"),
             seq = ints("seq"), ts = ints("ts"), received = ints("received_at"),
             video = ints("video_id"), creator = ints("creator_id"), watch = ints("watch_ms"),
             completed = ints("completed");
  const frame::Column* revenue = table.find("revenue");
  for (std::size_t i = 0; i < table.rows(); ++i) {
    if (!wanted.empty() && event(i) != wanted) continue;
    events.push_back({day, insert_id(i), user(i), session(i), seq(i), ts(i), received(i), event(i),
                      country(i), device(i), version(i), new_user(i), experiment(i), variant(i),
                      video(i), creator(i), watch(i), completed(i) != 0,
                      revenue->is_null(i) ? 0.0 : revenue->doubles.at(i)});
  }
}

/// Simulates and keeps the events (of one name, if given) and the outcomes of every user.
inline Gathered gather(WorldConfig config, std::string_view wanted = {}) {
  config.keep_user_outcomes = true;
  Gathered world;
  const auto keep = [&](Day day, const frame::Table& table) -> Result<void> {
    add_events(table, day, wanted, world.events);
    return {};
  };
  auto truth = simulate(config, keep, 2, {});
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
inline Truth truth_of(WorldConfig config) { return gather(std::move(config), "none").truth; }

}  // namespace assay::simulation
