#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "assay/simulation/config.hpp"

namespace assay::simulation {

/// What one user did between exposure and the end of the experiment in one world. Times are the
/// recorded `ts`; an event counts when exposure <= ts < end of the experiment's last day.
struct Outcome {
  std::int64_t watch_ms = 0;
  std::int64_t revenue_micros = 0;     ///< Purchases and ads, millionths of a dollar.
  std::int64_t ad_revenue_micros = 0;  ///< Ads alone.
  std::int32_t sessions = 0;           ///< app_open events (the exposing session's came before).
  std::int32_t videos = 0;             ///< video_watch events.
  std::int32_t completions = 0;        ///< Of them, with completed = 1.
  std::int32_t likes = 0;
  std::int32_t hides = 0;
  std::int32_t ad_impressions = 0;
  std::int32_t crashes = 0;
  std::int32_t returned_day7 = 0;  ///< 1: an app_open on the 7th local day after exposure's day.

  bool operator==(const Outcome&) const = default;
};

/// An exposed user and both of the user's worlds.
struct UserOutcomes {
  std::int64_t user_id = 0;
  TimeUs exposed_at = 0;       ///< Recorded ts of the first feed_open after assignment.
  bool treated = false;        ///< The world that the events show.
  bool logged = true;          ///< False: the assignment event was lost by the planted fault.
  bool day7_complete = false;  ///< The 7th day after exposure lies in the experiment.
  Outcome control;
  Outcome treatment;
};

/// A true average effect over all exposed users (or those of a segment).
struct MetricTruth {
  std::string metric;      ///< "watch_minutes_per_user", ...
  std::string definition;  ///< In words, with the unit.
  std::int64_t users = 0;  ///< Users it is over (d7_retention: those whose 7th day is complete).
  double control = 0.0;    ///< Were everybody in control.
  double treatment = 0.0;  ///< Were everybody treated.
  double absolute = 0.0;   ///< treatment - control.
  double relative = 0.0;   ///< absolute / control; NaN when control is 0.
};

/// The same over one segment, by its value at exposure.
struct SegmentTruth {
  std::string dimension;  ///< "country", "new_user", "device".
  std::string value;
  std::int64_t users = 0;
  std::vector<MetricTruth> metrics;
};

/// Watch time of one day in both worlds, over the users who could have watched on it.
struct DayTruth {
  std::int64_t day = 0;                  ///< Days since exposure, or a civil Day.
  std::int64_t users = 0;                ///< Exposed by then and still inside the experiment.
  double control_watch_minutes = 0.0;    ///< Mean over those users.
  double treatment_watch_minutes = 0.0;  ///< Mean over those users.
  double relative = 0.0;                 ///< NaN when control is 0.
};

/// What was put into the log, by kind.
struct Counts {
  std::int64_t events = 0;   ///< Rows handed out, duplicates included.
  std::int64_t users = 0;    ///< Users with at least one event.
  std::int64_t signups = 0;  ///< signup events.
  std::int64_t assigned_control = 0;
  std::int64_t assigned_treatment = 0;  ///< Lost ones included.
  std::int64_t exposed_control = 0;
  std::int64_t exposed_treatment = 0;  ///< Lost ones included.
  std::int64_t lost_assignments = 0;   ///< Removed by the planted fault.
  std::int64_t duplicates = 0;         ///< Second copies.
  std::int64_t late = 0;               ///< Events that waited on the device (copies not counted).
  std::int64_t skewed = 0;             ///< Events of users with a wrong clock, copies not counted.
  std::int64_t skewed_users = 0;
};

/// Everything planted and everything true.
struct Truth {
  WorldConfig config;
  std::string expected_verdict;  ///< "ship", "do_not_ship", "invalid", or "" (null, custom).
  TimeRange experiment;          ///< First instant of its first day to the end of its last.
  Counts counts;
  std::vector<MetricTruth> metrics;
  std::vector<SegmentTruth> segments;
  std::vector<DayTruth> by_day_since_exposure;
  std::vector<DayTruth> by_calendar_day;
  std::vector<UserOutcomes> users;  ///< By user_id; empty unless config.keep_user_outcomes.

  /// The metric of that name, or nullptr.
  [[nodiscard]] const MetricTruth* find(std::string_view metric) const;
};

/// The metrics of every Truth, in this order: watch_minutes_per_user, sessions_per_user,
/// revenue_per_user, ad_revenue_per_user, d7_retention, hide_rate, crash_rate, likes_per_user,
/// completion_rate, ad_impressions_per_user, videos_per_session.
std::vector<std::string> metric_names();

}  // namespace assay::simulation
