#include "assay/simulation/truth.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

#include "assay/numerics/moments.hpp"
#include "assay/simulation/gathered_test.hpp"

namespace assay::simulation {
namespace {

using numerics::Moments;

/// What one logged user did, computed from the log by a plain walk along the user's events.
struct Walked {
  std::optional<TimeUs> assigned_at;
  std::optional<TimeUs> exposed_at;
  bool treated = false;
  Outcome outcome;
};

Walked walk(const std::vector<Event>& events, const Truth& truth, const TimeZone& zone) {
  Walked user;
  for (const Event& e : events) {
    if (e.event == "experiment_assigned") {
      user.assigned_at = e.ts;
      user.treated = e.variant == "treatment";
    }
    if (e.event == "feed_open" && user.assigned_at && !user.exposed_at &&
        e.ts < truth.experiment.end) {
      user.exposed_at = e.ts;
    }
    if (!user.exposed_at || e.ts >= truth.experiment.end) continue;
    Outcome& o = user.outcome;
    o.watch_ms += e.watch_ms;
    o.revenue_micros += std::llround(e.revenue * 1e6);
    if (e.event == "ad_impression") o.ad_revenue_micros += std::llround(e.revenue * 1e6);
    o.sessions += e.event == "app_open" ? 1 : 0;
    o.videos += e.event == "video_watch" ? 1 : 0;
    o.completions += e.completed ? 1 : 0;
    o.likes += e.event == "like" ? 1 : 0;
    o.hides += e.event == "hide" ? 1 : 0;
    o.ad_impressions += e.event == "ad_impression" ? 1 : 0;
    o.crashes += e.event == "crash" ? 1 : 0;
    const Day due = zone.local_day(*user.exposed_at) + 7;
    if (e.event == "app_open" && zone.local_day(e.ts) == due) o.returned_day7 = 1;
  }
  return user;
}

// Another algorithm: the log, duplicates dropped, sorted by (user, ts, seq) and walked.
TEST(Truth, OfTheAssignedWorldIsWhatTheLogShowsForEveryUser) {
  WorldConfig config = small("broken", 3'000);
  config.delivery.skewed_share = 0.1;
  config.delivery.duplicate_share = 0.05;
  const Gathered world = gather(config);
  const TimeZone zone = TimeZone::find(config.timezone).value();
  std::map<std::int64_t, std::vector<Event>> by_user;
  for (const Event& e : world.distinct()) by_user[e.user_id].push_back(e);
  std::map<std::int64_t, UserOutcomes> known;
  for (const UserOutcomes& u : world.truth.users) known.emplace(u.user_id, u);
  std::int64_t compared = 0;
  for (auto& [id, events] : by_user) {
    std::sort(events.begin(), events.end(), [](const Event& a, const Event& b) {
      return std::tie(a.ts, a.session_id, a.seq) < std::tie(b.ts, b.session_id, b.seq);
    });
    const Walked walked = walk(events, world.truth, zone);
    const bool logged = known.contains(id) && known.at(id).logged;
    ASSERT_EQ(walked.exposed_at.has_value(), logged) << id;
    if (!logged) continue;
    const UserOutcomes& u = known.at(id);
    ASSERT_EQ(*walked.exposed_at, u.exposed_at) << id;
    ASSERT_EQ(walked.treated, u.treated) << id;
    ASSERT_EQ(walked.outcome, u.treated ? u.treatment : u.control) << id;
    ++compared;
  }
  EXPECT_GT(compared, 2'000);
}

TEST(Truth, IsExactlyZeroWhenTreatmentDoesNothing) {
  const Truth truth = truth_of(small("null"));
  for (const UserOutcomes& u : truth.users) ASSERT_EQ(u.control, u.treatment) << u.user_id;
  for (const MetricTruth& m : truth.metrics) {
    EXPECT_EQ(m.absolute, 0.0) << m.metric;
    EXPECT_EQ(m.relative, 0.0) << m.metric;
  }
  for (const SegmentTruth& s : truth.segments) {
    for (const MetricTruth& m : s.metrics) EXPECT_FALSE(m.absolute != 0.0 && m.users > 0);
  }
  for (const DayTruth& d : truth.by_day_since_exposure) EXPECT_EQ(d.relative, 0.0);
}

TEST(Truth, OfAGoodEffectIsGoodForEveryUser) {
  WorldConfig config = small("ship", 4'000);
  config.effects = {};
  config.effects.watch_time_lift = 0.03;
  config.effects.return_log_odds = 0.2;
  config.effects.revenue_lift = 0.05;
  config.effects.novelty_initial = 2.0;
  std::int64_t changed = 0;
  for (const UserOutcomes& u : truth_of(config).users) {
    ASSERT_GE(u.treatment.watch_ms, u.control.watch_ms);
    ASSERT_GE(u.treatment.sessions, u.control.sessions);
    ASSERT_GE(u.treatment.completions, u.control.completions);
    ASSERT_GE(u.treatment.revenue_micros, u.control.revenue_micros);
    ASSERT_GE(u.treatment.returned_day7, u.control.returned_day7);
    changed += u.treatment.sessions > u.control.sessions ? 1 : 0;
  }
  EXPECT_GT(changed, 1'000);
}

TEST(Truth, ChangesOnlyWhatTheEffectIsOn) {
  WorldConfig config = small("null");
  config.effects.hide_multiple = 0.5;
  config.effects.crash_multiple = 3.0;
  const Truth truth = truth_of(config);
  for (const UserOutcomes& u : truth.users) {
    Outcome expected = u.control;
    expected.hides = u.treatment.hides;
    expected.crashes = u.treatment.crashes;
    ASSERT_EQ(u.treatment, expected);
    ASSERT_LE(u.treatment.hides, u.control.hides);
    ASSERT_GE(u.treatment.crashes, u.control.crashes);
  }
  // Budget: the paired change is binomial given the larger side; 4.5 standard errors of it.
  const MetricTruth& hides = *truth.find("hide_rate");
  EXPECT_NEAR(hides.relative, -0.5, 0.05);
  EXPECT_NEAR(truth.find("crash_rate")->relative, 2.0, 0.3);
}

// Source: the planted law, lift (1 + (initial - 1) 2^(-age / half-life)), with no effect on
// returns and no video near the cap of 30 minutes.
TEST(Truth, ShowsNoveltyFadingAtThePlantedHalfLife) {
  WorldConfig config = small("null", 6'000);
  config.behaviour.watch_log_sd = 0.5;
  config.effects.watch_time_lift = 0.1;
  config.effects.novelty_initial = 3.0;
  config.effects.novelty_half_life = 5.0;
  const Truth truth = truth_of(config);
  for (const DayTruth& d : truth.by_day_since_exposure) {
    const double age = static_cast<double>(d.day);
    EXPECT_NEAR(d.relative, 0.1 * (1.0 + 2.0 * std::exp2(-age / 5.0)), 1e-3) << age;
  }
  EXPECT_NEAR(truth.find("d7_retention")->absolute, 0.0, 0.0);
}

TEST(Truth, DoesNotDependOnWhoIsAssignedWhat) {
  WorldConfig config = small("harmful");
  const Truth half = truth_of(config);
  config.control_weight = 1e-6;
  const Truth all_treated = truth_of(config);
  config.control_weight = 1.0;
  config.treatment_weight = 1e-9;
  const Truth all_control = truth_of(config);
  ASSERT_EQ(half.users.size(), all_control.users.size());
  ASSERT_EQ(half.users.size(), all_treated.users.size());
  for (std::size_t i = 0; i < half.users.size(); ++i) {
    // Exposure, too, is the same whatever the arm.
    ASSERT_EQ(half.users[i].exposed_at, all_control.users[i].exposed_at);
    ASSERT_EQ(half.users[i].exposed_at, all_treated.users[i].exposed_at);
    ASSERT_EQ(half.users[i].control, all_treated.users[i].control);
    ASSERT_EQ(half.users[i].treatment, all_control.users[i].treatment);
  }
  EXPECT_EQ(all_treated.counts.exposed_control, 0);
  EXPECT_EQ(all_control.counts.exposed_treatment, 0);
}

TEST(Truth, OfSegmentsAndDaysAddsUpToTheWhole) {
  const Truth truth = truth_of(small("ship", 5'000));
  const MetricTruth& whole = *truth.find("watch_minutes_per_user");
  std::map<std::string, double> minutes;
  std::map<std::string, std::int64_t> users;
  for (const SegmentTruth& s : truth.segments) {
    if (s.users == 0) continue;
    minutes[s.dimension] += s.metrics.front().treatment * static_cast<double>(s.users);
    users[s.dimension] += s.users;
  }
  ASSERT_EQ(minutes.size(), 3U);
  const double n = static_cast<double>(whole.users);
  for (const auto& [dimension, sum] : minutes) {
    EXPECT_NEAR(sum, whole.treatment * n, 1e-9 * sum) << dimension;
    EXPECT_EQ(users[dimension], whole.users) << dimension;
  }
  for (const auto* days : {&truth.by_day_since_exposure, &truth.by_calendar_day}) {
    double sum = 0.0;
    for (const DayTruth& d : *days) {
      sum += d.control_watch_minutes * static_cast<double>(d.users);
    }
    EXPECT_NEAR(sum, whole.control * n, 1e-9 * sum);
  }
}

TEST(Truth, OfADayIsOverTheUsersWhoCouldHaveWatchedOnIt) {
  const WorldConfig config = small("ship");
  const Truth truth = truth_of(config);
  const TimeZone zone = TimeZone::find(config.timezone).value();
  ASSERT_EQ(truth.by_day_since_exposure.size(), 28U);
  ASSERT_EQ(truth.by_calendar_day.size(), 28U);
  for (int d = 0; d < config.experiment_days; ++d) {
    std::int64_t old_enough = 0;
    std::int64_t exposed = 0;
    for (const UserOutcomes& u : truth.users) {
      const int day = zone.local_day(u.exposed_at) - config.experiment_start;
      old_enough += day + d < config.experiment_days ? 1 : 0;
      exposed += day <= d ? 1 : 0;
    }
    const auto at = static_cast<std::size_t>(d);
    EXPECT_EQ(truth.by_day_since_exposure[at].users, old_enough);
    EXPECT_EQ(truth.by_calendar_day[at].users, exposed);
    EXPECT_EQ(truth.by_calendar_day[at].day, config.experiment_start + d);
  }
}

TEST(Truth, LeavesOutUsersWhoseSeventhDayIsNotComplete) {
  const WorldConfig config = small("ship");
  const Truth truth = truth_of(config);
  const TimeZone zone = TimeZone::find(config.timezone).value();
  const Day last = config.experiment_start + config.experiment_days - 1;
  std::int64_t complete = 0;
  for (const UserOutcomes& u : truth.users) {
    ASSERT_EQ(u.day7_complete, zone.local_day(u.exposed_at) + 7 <= last);
    complete += u.day7_complete ? 1 : 0;
  }
  EXPECT_EQ(truth.find("d7_retention")->users, complete);
  EXPECT_LT(complete, truth.find("hide_rate")->users);
}

// Goal: the naive A/B difference of the log's arms covers the truth. Welch's interval is nominal
// or wider for the mean effect of the users at hand (Neyman 1923).
// Budget: 95 % minus 4 binomial standard errors over 100 worlds; mean z within 4 / sqrt(100).
TEST(Truth, IsWhatTheComparisonOfTheArmsEstimates) {
  constexpr int kWorlds = 100;
  int covered = 0;
  double sum_z = 0.0;
  for (int world = 0; world < kWorlds; ++world) {
    WorldConfig config = small("harmful", 300);
    config.days_before = 3;
    config.seed = 1'000 + static_cast<std::uint64_t>(world);
    config.salt = std::to_string(world);
    const Truth truth = truth_of(config);
    std::array<Moments, 2> arm;
    for (const UserOutcomes& u : truth.users) {
      const Outcome& o = u.treated ? u.treatment : u.control;
      arm[u.treated ? 1 : 0].add(static_cast<double>(o.watch_ms) / 60'000.0);
    }
    const auto mean_variance = [](const Moments& m) {
      return m.m2 / static_cast<double>(m.n - 1) / static_cast<double>(m.n);
    };
    const double z = (arm[1].mean - arm[0].mean - truth.find("watch_minutes_per_user")->absolute) /
                     std::sqrt(mean_variance(arm[0]) + mean_variance(arm[1]));
    covered += std::abs(z) <= 1.96 ? 1 : 0;
    sum_z += z;
  }
  EXPECT_GE(covered, 95 - 4 * std::sqrt(100 * 0.95 * 0.05));
  EXPECT_NEAR(sum_z / kWorlds, 0.0, 0.4);
}

}  // namespace
}  // namespace assay::simulation
