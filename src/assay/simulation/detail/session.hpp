#pragma once

#include "assay/simulation/detail/day.hpp"

namespace assay::simulation {

/// The sessions of one user and day, lived in both worlds at once on one clock: what the worlds
/// share is drawn once, what treatment changes is computed for each. Rows show the world that the
/// user was assigned to; outcomes are kept for both.
class Session {
 public:
  Session(const Model& model, int day, User& user, std::array<bool, 2> active, ChunkState& chunk);

  /// Lives session `number` of the day from the true instant `start`; returns its true end.
  TimeUs run(int number, TimeUs start);

 private:
  void open();
  void assign();
  void watch_videos(int count);
  void watch_video(int k);
  void show_ad(int k);
  void close();

  /// One event, `later` than now, that looks the same in every world it happens in.
  void happen(EventKind event, std::int32_t video = 0, TimeUs later = 0);
  /// Whether an event `later` than now in world w counts towards the user's outcome.
  [[nodiscard]] bool counts(std::size_t w, TimeUs later = 0) const;
  /// Writes a row of the shown world, and its duplicate if it gets one.
  void emit(Row row, TimeUs later = 0);
  /// True time now, as the device shows it.
  [[nodiscard]] TimeUs recorded() const { return now_ + user_.skew_us; }
  [[nodiscard]] std::array<std::uint32_t, 4> words(Purpose purpose, std::uint64_t slot) const;

  const Model& model_;
  const WorldConfig& config_;
  User& user_;
  ChunkState& chunk_;
  int day_;
  std::array<bool, 2> active_;
  std::uint8_t version_;
  bool new_user_;
  std::int64_t emitted_ = 0;  ///< Rows of this user and day so far.

  // Of the session being lived:
  int number_ = 0;
  TimeUs now_ = 0;
  int recorded_day_ = 0;
  std::int32_t seq_ = 0;
  std::array<double, 2> watch_multiple_{1.0, 1.0};
  TimeUs wait_ = 0;  ///< Time the session's events wait on the device; 0: not late.
};

}  // namespace assay::simulation
