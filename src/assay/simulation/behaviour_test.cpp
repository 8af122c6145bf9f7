#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "assay/simulation/gathered_test.hpp"

namespace assay::simulation {
namespace {

/// Users with an app_open, by local day.
std::map<Day, std::set<std::int64_t>> active_by_day(const Gathered& world) {
  const TimeZone zone = TimeZone::find(world.truth.config.timezone).value();
  std::map<Day, std::set<std::int64_t>> active;
  for (const Event& e : world.events) {
    if (e.event == "app_open") active[zone.local_day(e.ts)].insert(e.user_id);
  }
  return active;
}

TEST(Behaviour, IsBusierAtTheWeekend) {
  const WorldConfig config = small("null", 4'000);
  const auto active = active_by_day(gather(config, "app_open"));
  std::array<double, 7> users{};
  for (int d = 0; d < 28; ++d) {
    const Day day = config.experiment_start - 28 + d;
    users[static_cast<std::size_t>(weekday(day))] += static_cast<double>(active.at(day).size());
  }
  // 0.25 on the log-odds at about a third active: some 15 % more than on a Wednesday.
  for (const std::size_t day : {5U, 6U}) {
    EXPECT_GT(users[day] / users[2], 1.08);
    EXPECT_LT(users[day] / users[2], 1.30);
  }
}

// The daily rhythm has its peak at 21 h and its floor at 3 to 4 h, on the clock of the country.
TEST(Behaviour, PeaksInTheEveningOfTheUsersOwnCountry) {
  const WorldConfig config = small("null", 6'000);
  const Gathered world = gather(config, "app_open");
  for (const Country& country : config.countries) {
    std::array<int, 24> opens{};
    for (const Event& e : world.events) {
      if (e.country != country.code) continue;
      const std::int64_t hour = e.ts / kHourUs + country.utc_offset_hours;
      ++opens[static_cast<std::size_t>(hour % 24)];
    }
    EXPECT_GT(opens[20] + opens[21], 6 * (opens[3] + opens[4])) << country.code;
  }
}

TEST(Behaviour, SpreadsSessionsOverTheDayWithoutOverlap) {
  struct Span {
    TimeUs begin, end;
  };
  std::map<std::int64_t, std::map<std::int64_t, Span>> by_user;
  for (const Event& e : gather(small("null", 500)).distinct()) {
    auto [it, fresh] = by_user[e.user_id].emplace(e.session_id, Span{e.ts, e.ts});
    it->second.begin = std::min(it->second.begin, e.ts);
    it->second.end = std::max(it->second.end, e.ts);
  }
  double gaps = 0.0;
  double at_once = 0.0;
  for (const auto& [user, sessions] : by_user) {
    TimeUs last_end = 0;
    for (const auto& [id, span] : sessions) {
      ASSERT_GE(span.begin, last_end + 5 * kMinuteUs);
      gaps += 1.0;
      at_once += span.begin < last_end + 6 * kMinuteUs ? 1.0 : 0.0;
      last_end = span.end;
    }
  }
  EXPECT_LT(at_once / gaps, 0.1);  // Few are put off because the last one was still on.
}

TEST(Behaviour, OfAHolidayBringsOnlyMoreUsersFromThatDayOn) {
  WorldConfig config = small("null", 2'000);
  config.delivery.skewed_share = 0.0;
  config.holidays = {};
  const auto plain = active_by_day(gather(config, "app_open"));
  const Day holiday = config.experiment_start + 9;
  config.holidays = {holiday};
  config.behaviour.holiday_log_odds = 0.8;
  const auto festive = active_by_day(gather(config, "app_open"));
  for (const auto& [day, users] : plain) {
    if (day < holiday) {
      EXPECT_EQ(users, festive.at(day));
    }
  }
  // 0.8 on the log-odds at about a third active: 1.4 to 1.8 times the users.
  const double ratio = static_cast<double>(festive.at(holiday).size()) /
                       static_cast<double>(plain.at(holiday).size());
  EXPECT_GT(ratio, 1.3);
  EXPECT_LT(ratio, 1.9);
}

// Ranges that public figures of consumer apps fall in; the world must stay a plausible one.
TEST(Behaviour, LooksLikeAnApp) {
  const WorldConfig config = small("null", 4'000);
  const Gathered world = gather(config);
  const auto active = active_by_day(world);
  std::set<std::int64_t> monthly;
  double active_days = 0.0;
  for (int d = 0; d < 28; ++d) {
    const auto& users = active.at(config.experiment_start + d);
    monthly.insert(users.begin(), users.end());
    active_days += static_cast<double>(users.size());
  }
  const double stickiness = active_days / 28.0 / static_cast<double>(monthly.size());
  EXPECT_GT(stickiness, 0.28);
  EXPECT_LT(stickiness, 0.6);

  const TimeZone zone = TimeZone::find(config.timezone).value();
  std::map<std::string_view, double> share;
  std::map<std::int64_t, Day> joined;
  double minutes = 0.0;
  double sessions = 0.0;
  for (const Event& e : world.distinct()) {
    share[e.event] += 1.0;
    if (e.event == "signup") joined[e.user_id] = zone.local_day(e.ts);
    if (zone.local_day(e.ts) < config.experiment_start) continue;
    minutes += static_cast<double>(e.watch_ms) / 60'000.0;
    sessions += e.event == "app_open" ? 1.0 : 0.0;
  }
  EXPECT_GT(minutes / active_days, 14.0);
  EXPECT_LT(minutes / active_days, 40.0);
  EXPECT_GT(sessions / active_days, 1.8);
  EXPECT_LT(sessions / active_days, 3.0);
  const double total = static_cast<double>(world.truth.counts.events);
  EXPECT_GT((share["video_watch"] + share["ad_impression"]) / total, 0.62);
  EXPECT_EQ(share.size(), 14U);  // Every kind of event occurs.

  const auto retention = [&](int after) {
    double due = 0.0;
    double back = 0.0;
    for (const auto& [user, day] : joined) {
      if (day + after >= config.experiment_start + config.experiment_days) continue;
      due += 1.0;
      back += active.at(day + after).contains(user) ? 1.0 : 0.0;
    }
    return back / due;
  };
  EXPECT_GT(retention(1), retention(7) + 0.05);
  EXPECT_GT(retention(7), retention(28));
  EXPECT_GT(retention(28), 0.15);
  EXPECT_LT(retention(1), 0.6);
}

TEST(Behaviour, HasHeavyTailsInTimeMoneyAndVideos) {
  const WorldConfig config = small("null", 3'000);
  const Gathered world = gather(config);
  std::map<std::int64_t, double> watched;
  std::map<std::int64_t, double> seen;
  std::vector<double> paid;
  double views = 0.0;
  for (const Event& e : world.distinct()) {
    watched[e.user_id] += static_cast<double>(e.watch_ms);
    if (e.event == "purchase") paid.push_back(e.revenue);
    if (e.event != "video_watch") continue;
    seen[e.video_id] += 1.0;
    views += 1.0;
  }
  std::vector<double> time;
  double total = 0.0;
  for (const auto& [user, ms] : watched) {
    time.push_back(ms);
    total += ms;
  }
  std::sort(time.rbegin(), time.rend());
  double top = 0.0;
  for (std::size_t i = 0; i < time.size() / 100; ++i) top += time[i];
  EXPECT_GT(top / total, 0.05);  // The top percent watches over five times its share.
  ASSERT_GT(paid.size(), 100U);
  std::sort(paid.begin(), paid.end());
  EXPECT_GT(paid.back() / paid[paid.size() / 2], 6.0);
  // Source: Zipf's law on [1, N + 1): P(rank 1) = ln 2 / ln(N + 1). Budget: 5 binomial errors.
  const double first = std::log(2.0) / std::log(static_cast<double>(config.behaviour.videos) + 1.0);
  EXPECT_NEAR(seen[1] / views, first, 5.0 * std::sqrt(first / views));
}

TEST(Behaviour, KeepsAUsersCountryDeviceAndUpgradesNeverGoBack) {
  const Gathered world = gather(small("null", 2'000), "app_open");
  std::map<std::int64_t, std::pair<std::string_view, std::string_view>> home;
  std::map<std::int64_t, std::map<std::int64_t, std::string_view>> version;
  for (const Event& e : world.distinct()) {
    const auto [it, fresh] = home.emplace(e.user_id, std::pair(e.country, e.device));
    ASSERT_EQ(it->second, std::pair(e.country, e.device));
    version[e.user_id].emplace(e.session_id, e.app_version);
  }
  for (const auto& [user, sessions] : version) {
    std::string_view last;
    for (const auto& [session, name] : sessions) {
      ASSERT_GE(name, last);
      last = name;
    }
  }
  std::set<std::string_view> countries;
  for (const auto& [user, place] : home) countries.insert(place.first);
  EXPECT_TRUE(countries.contains("NO"));
  EXPECT_EQ(countries.size(), 8U);
}

}  // namespace
}  // namespace assay::simulation
