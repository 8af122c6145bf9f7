#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "assay/base/result.hpp"
#include "assay/base/time.hpp"

namespace assay::simulation {

/// A country: share of users, hours of its clock ahead of UTC (moves the daily rhythm), and what
/// an ad impression or a purchase is worth there relative to the average.
struct Country {
  std::string code;
  double share = 0.0;
  int utc_offset_hours = 0;
  double spend_multiple = 1.0;
};

/// A device family: share of users and crashes per session relative to the average.
struct Device {
  std::string name;
  double share = 0.0;
  double crash_multiple = 1.0;
};

/// A release of the app. Users move to it release_day + a lag of their own; the first entry must
/// be old enough for everybody to have it.
struct AppVersion {
  std::string name;
  int release_day = 0;  ///< Days after the first day of the experiment (negative: before).
  double crash_multiple = 1.0;
};

/// What treatment does to a user, from the user's exposure on. The defaults do nothing.
struct PlantedEffects {
  double watch_time_lift = 0.0;  ///< Relative, on the watch time of every video, in the long run.
  double return_log_odds = 0.0;  ///< On the log-odds to come back on each later day: D7 retention.
  double revenue_lift = 0.0;     ///< Relative, on what a purchase or an ad impression pays.
  double crash_multiple = 1.0;   ///< On crashes per session; more than 0.
  double hide_multiple = 1.0;    ///< On hides per video; more than 0.
  double like_multiple = 1.0;    ///< On likes per video; more than 0.
  double novelty_initial = 1.0;  ///< watch_time_lift and return_log_odds start at this multiple
  double novelty_half_life = 4.0;  ///< and come down to 1; the excess halves in so many days.
};

/// Loses assignment events of treatment on one app version, as a crash before logging would.
struct SampleRatioFault {
  bool enabled = false;
  std::string app_version = "5.3";
  double share_lost = 0.15;  ///< Of treatment's experiment_assigned events on that version.
};

/// What goes wrong between a device and the log.
struct Delivery {
  double duplicate_share = 0.003;   ///< Events that arrive twice (same insert_id).
  double late_share = 0.01;         ///< Events that wait on the device.
  double late_median_hours = 5.0;   ///< Their wait is lognormal with this median ...
  double late_log_sd = 1.3;         ///< ... and this spread of its logarithm,
  double late_max_days = 6.0;       ///< cut here.
  double skewed_share = 0.005;      ///< Users whose clock is wrong, always by the same amount.
  double skew_median_minutes = 15;  ///< Size: lognormal, log-sd 1, at most 6 h, either sign.
};

/// How much users do. The defaults are a light app whose 20 million events are about 86,000 users.
struct Behaviour {
  double return_log_odds = -1.35;    ///< Of a typical established user on a plain Wednesday.
  double activity_sd = 1.15;         ///< Spread of that log-odds between users.
  double sessions_per_day = 2.0;     ///< On an active day of a typical user; at least one.
  double videos_per_session = 3.9;   ///< Typical user; geometric within a user.
  double watch_median_seconds = 70;  ///< Of one video, typical user; lognormal ...
  double watch_log_sd = 1.15;        ///< ... within a user, and
  double watch_user_log_sd = 0.45;   ///< between users. One video is at most 30 minutes.
  int videos_per_ad = 4;             ///< One ad impression after so many videos.
  double like_rate = 0.06;           ///< Per video.
  double share_rate = 0.012;         ///< Per video.
  double hide_rate = 0.02;           ///< Per video.
  double report_rate = 0.001;        ///< Per video.
  double ad_click_rate = 0.015;      ///< Per ad impression.
  double ad_cpm_usd = 6.0;           ///< Revenue of a thousand ad impressions.
  double purchase_rate = 0.004;      ///< Per session.
  double purchase_median_usd = 6.0;  ///< Lognormal amounts ...
  double purchase_log_sd = 1.1;      ///< ... with this spread of the logarithm.
  double crash_rate = 0.02;          ///< Per session.
  double creator_share = 0.04;       ///< Users who post.
  double posts_per_session = 0.15;   ///< Of a creator.
  double weekend_log_odds = 0.25;    ///< On the return on Saturday and Sunday,
  double holiday_log_odds = 0.30;    ///< and on holidays.
  std::int64_t videos = 200'000;     ///< Catalogue, watched by Zipf's law with exponent 1.
};

/// A world of one short-video app and one A/B test. Every field has a default that works.
struct WorldConfig {
  std::string preset = "custom";  ///< Name of the preset it came from; echoed in the truth.
  std::uint64_t seed = 20'260'504;
  std::int64_t users = 100'000;  ///< Everybody who ever signs up; 100 to 50 million.
  double signup_share = 0.15;    ///< Of users: sign up evenly over the simulated days.
  std::string timezone = "America/Los_Angeles";  ///< Of every calendar day below.
  Day experiment_start = 20'577;                 ///< 2026-05-04, a Monday.
  int days_before = 28;                          ///< Simulated days before it; 1 to 400.
  int experiment_days = 28;                      ///< Whole weeks, 7 to 364 days.
  std::vector<Day> holidays = {20'598};          ///< 2026-05-25.

  std::string experiment_key = "new_feed_ranker";
  std::string salt = "new_feed_ranker/1";  ///< Assignment is a hash of (salt, user) alone.
  double control_weight = 0.5;
  double treatment_weight = 0.5;
  PlantedEffects effects;
  SampleRatioFault sample_ratio_fault;
  int new_user_days = 28;  ///< new_user = "yes" while the account is younger than this.

  std::vector<Country> countries = {
      {"US", 0.34, -7, 1.6}, {"BR", 0.16, -3, 0.6}, {"IN", 0.14, 5, 0.35}, {"MX", 0.10, -6, 0.6},
      {"DE", 0.08, 2, 1.3},  {"GB", 0.07, 1, 1.4},  {"JP", 0.07, 9, 1.2},  {"NO", 0.04, 2, 1.7}};
  std::vector<Device> devices = {{"android", 0.58, 1.15}, {"ios", 0.36, 0.75}, {"web", 0.06, 1.05}};
  std::vector<AppVersion> app_versions = {
      {"5.0", -1000, 1.1}, {"5.1", -45, 1.0}, {"5.2", -20, 0.95}, {"5.3", -2, 0.9}};
  double upgrade_lag_days = 9.0;  ///< Mean of a user's lag behind a release (exponential).
  Behaviour behaviour;
  Delivery delivery;

  bool keep_user_outcomes = false;  ///< Also hand out Truth::users (200 bytes a user).
};

/// Fails with invalid_spec on the first field that makes no sense, naming it in `where`.
Result<void> validate(const WorldConfig& config);

/// The worlds of the demo and the tests:
///   ship     watch time up, D7 retention not down, guardrails quiet: the verdict is "ship"
///   harmful  watch time up but D7 retention down beyond its margin: "do_not_ship"
///   null     treatment does nothing: no "ship"
///   broken   ship with the sample-ratio fault on: "invalid"
/// Fails with invalid_spec and the near name on any other word.
Result<WorldConfig> preset(std::string_view name);
std::vector<std::string> preset_names();

/// The number of users that makes about `events` events (within a few percent), found by
/// simulating a few thousand users of this world. Fails like validate().
Result<std::int64_t> users_for_events(const WorldConfig& config, std::int64_t events);

}  // namespace assay::simulation
