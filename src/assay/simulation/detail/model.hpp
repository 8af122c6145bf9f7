#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "assay/numerics/philox.hpp"
#include "assay/simulation/config.hpp"
#include "assay/simulation/truth.hpp"

namespace assay::simulation {

inline constexpr int kControl = 0;
inline constexpr int kTreatment = 1;

/// What a stream of random numbers is for; a stream = (purpose, user).
enum class Purpose : std::uint8_t { person, day, session, video, delivery, assignment };

/// The random numbers of one purpose and user.
inline numerics::Philox random_of(std::uint64_t seed, Purpose purpose, std::int64_t user) {
  const auto high = (static_cast<std::uint64_t>(purpose) + 1) << 56;
  return {seed, high | static_cast<std::uint64_t>(user)};
}

/// A user: traits drawn once, and the state that days change. Days count from the first
/// simulated day (0).
struct User {
  std::int64_t id = 0;
  double return_log_odds = 0.0;
  double sessions_mean = 1.0;  ///< On an active day.
  double videos_mean = 0.0;    ///< In a session.
  double watch_median_ms = 0.0;
  double like_rate = 0.0;
  double hide_rate = 0.0;
  double purchase_rate = 0.0;
  double upgrade_lag = 0.0;     ///< Days behind a release.
  std::int64_t skew_us = 0;     ///< Device clock minus true time.
  std::int32_t signup_day = 0;  ///< Negative: before the simulation.
  std::uint8_t country = 0;
  std::uint8_t device = 0;
  bool creator = false;
  bool treated = false;  ///< What the assignment hash says, whether assigned yet or not.

  std::array<double, 2> habit{};  ///< Weighted share of recent days active, per world.
  TimeUs busy_until = 0;          ///< True time at which the last session ended.
  std::int32_t exposed_day = 0;   ///< Of the recorded exposure.
  TimeUs exposed_at = 0;          ///< Recorded.
  bool seen = false;              ///< Has had an event in the log.
  bool assigned = false;
  bool logged = true;
  bool exposed = false;
  bool new_at_exposure = false;
  std::array<Outcome, 2> outcome{};  ///< Since exposure, per world.
};

/// Everything about the world that no user changes.
struct Model {
  WorldConfig config;
  TimeZone zone = TimeZone::utc();
  int days = 0;                        ///< Simulated days.
  int first_day = 0;                   ///< The experiment's first day,
  int end_day = 0;                     ///< and the day after its last.
  TimeRange experiment;                ///< The same as instants.
  std::vector<TimeUs> bounds;          ///< bounds[kMargin + d]: first instant of day d.
  std::vector<double> season;          ///< Log-odds of the return by day.
  std::vector<double> novelty;         ///< Multiple of the effects by days since exposure.
  std::vector<std::int64_t> creators;  ///< Users who post; may be empty.
  double videos_log = 0.0;             ///< ln(videos + 1).

  static constexpr std::size_t kMargin = 2;  ///< Days of bounds before day 0.

  [[nodiscard]] TimeUs day_start(int day) const {
    return bounds[static_cast<std::size_t>(day) + kMargin];
  }

  /// The day that an instant falls on; `guess` is near it.
  [[nodiscard]] int day_of(TimeUs instant, int guess) const {
    while (instant >= day_start(guess + 1)) ++guess;
    while (instant < day_start(guess)) --guess;
    return guess;
  }
};

/// Days past the end for which the model knows the bounds: the longest wait and its duplicate.
int drain_days(const Delivery& delivery);

/// Assumes a valid config.
Model make_model(const WorldConfig& config);

/// Draws a user's traits; a function of (seed, id) alone.
User make_user(const Model& model, std::int64_t id);

/// Whether the assignment hash of (salt, user) falls on treatment.
bool is_treated(const WorldConfig& config, std::uint64_t salt_hash, std::int64_t user);

/// Whether a user posts videos; a function of (seed, id) alone.
bool is_creator(const WorldConfig& config, std::int64_t user);

/// The app version (position in the list) that a user has on a day.
std::uint8_t version_of(const Model& model, const User& user, int day);

}  // namespace assay::simulation
