#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "assay/simulation/detail/model.hpp"

namespace assay::simulation {

/// The events, in the order of event_names().
enum class EventKind : std::uint8_t {
  app_open,
  feed_open,
  video_watch,
  like,
  share,
  hide,
  report,
  post_video,
  ad_impression,
  ad_click,
  purchase,
  crash,
  signup,
  experiment_assigned
};

std::vector<std::string> event_names();

/// One row of the log before it becomes columns.
struct Row {
  TimeUs received_at = 0;
  TimeUs ts = 0;
  std::int64_t insert_id = 0;
  std::int64_t session_id = 0;
  std::int64_t revenue_micros = 0;
  std::int32_t user = 0;
  std::int32_t video = 0;  ///< 0: none.
  std::int32_t watch_ms = 0;
  std::int32_t seq = 0;
  EventKind event{};
  std::uint8_t country = 0;
  std::uint8_t device = 0;
  std::uint8_t version = 0;
  bool new_user = false;
  bool treated = false;
  bool completed = false;
  bool copy = false;
};

/// Watch time after exposure in both worlds, by day since exposure and by day of the experiment.
struct WatchByDay {
  std::vector<std::array<std::int64_t, 2>> since_exposure_ms;
  std::vector<std::array<std::int64_t, 2>> calendar_ms;

  WatchByDay() = default;
  explicit WatchByDay(int experiment_days);
  void merge(const WatchByDay& other);
};

/// What a chunk of users leaves behind: kept over days, reused.
struct ChunkState {
  std::vector<Row> rows;  ///< Of the day just simulated.
  WatchByDay watch;
  Counts counts;
};

/// What all users share on a day.
struct DayContext {
  const Model* model = nullptr;
  int day = 0;
  std::vector<std::vector<double>> rhythm;  ///< Weights of the day's hours, by country.
};

DayContext make_day(const Model& model, int day);

/// Lives one day of one user in both worlds: changes the user, adds rows, watch time and counts.
void live_day(const DayContext& context, User& user, ChunkState& chunk);

}  // namespace assay::simulation
