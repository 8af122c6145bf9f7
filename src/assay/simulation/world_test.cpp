#include "assay/simulation/world.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include "assay/base/hash.hpp"
#include "assay/simulation/gathered_test.hpp"

namespace assay::simulation {
namespace {

template <class T>
std::uint64_t hash_of(const std::vector<T>& values) {
  return hash_bytes(std::as_bytes(std::span(values)));
}

/// A number for every column of every day, in order, and for the truth.
std::vector<std::uint64_t> fingerprint_of(WorldConfig config, int threads) {
  config.keep_user_outcomes = true;
  std::vector<std::uint64_t> prints;
  const auto sink = [&](Day day, const frame::Table& table) -> Result<void> {
    prints.push_back(static_cast<std::uint64_t>(day));
    for (const frame::Column& c : table.columns) {
      prints.push_back(hash_of(c.ints) ^ hash_of(c.doubles));
      prints.push_back(hash_of(c.codes) ^ hash_of(c.nulls));
    }
    return {};
  };
  const Truth truth = simulate(config, sink, threads, {}).value();
  for (const MetricTruth& m : truth.metrics) {
    prints.push_back(hash_of(std::vector<double>{m.control, m.treatment}));
  }
  for (const DayTruth& d : truth.by_calendar_day) {
    prints.push_back(hash_of(std::vector<double>{d.control_watch_minutes}));
  }
  return prints;
}

TEST(World, HasTheSameBitsForAnyNumberOfThreads) {
  const WorldConfig config = small("broken", 5'000);  // Three chunks of users.
  const auto one = fingerprint_of(config, 1);
  EXPECT_EQ(one, fingerprint_of(config, 2));
  EXPECT_EQ(one, fingerprint_of(config, 3));
}

TEST(World, IsAnotherWorldForAnotherSeed) {
  WorldConfig config = small("ship", 300);
  const auto first = fingerprint_of(config, 1);
  ++config.seed;
  EXPECT_NE(first, fingerprint_of(config, 1));
}

// Over the end of summer time (1 November 2026): that day has 25 hours.
TEST(World, HandsOutEachDaySortedWithWhatWasReceivedOnIt) {
  WorldConfig config = small("ship", 1'000);
  config.experiment_start = parse_day("2026-10-19").value();
  const Gathered world = gather(config);
  const TimeZone zone = TimeZone::find(config.timezone).value();
  for (std::size_t i = 0; i < world.events.size(); ++i) {
    const Event& e = world.events[i];
    ASSERT_EQ(zone.local_day(e.received_at), e.received_on);
    if (i == 0) continue;
    const Event& before = world.events[i - 1];
    ASSERT_LE(std::tie(before.received_at, before.insert_id), std::tie(e.received_at, e.insert_id));
  }
  EXPECT_EQ(world.truth.counts.events, static_cast<std::int64_t>(world.events.size()));
  EXPECT_GT(world.events.back().received_on, config.experiment_start + 27);  // Late ones arrive.
}

TEST(World, RepeatsADuplicateExactlyButForItsArrival) {
  const Gathered world = gather(small("ship", 1'000));
  std::map<std::int64_t, Event> first;
  std::int64_t copies = 0;
  for (const Event& e : world.events) {
    const auto [it, fresh] = first.emplace(e.insert_id, e);
    if (fresh) continue;
    ++copies;
    const Event& f = it->second;
    EXPECT_EQ(std::tie(f.user_id, f.session_id, f.seq, f.event, f.ts, f.video_id, f.revenue),
              std::tie(e.user_id, e.session_id, e.seq, e.event, e.ts, e.video_id, e.revenue));
    EXPECT_GT(e.received_at, f.received_at);
  }
  EXPECT_EQ(copies, world.truth.counts.duplicates);
}

TEST(World, NumbersTheEventsOfASessionInTheOrderOfTheirTimes) {
  std::map<std::int64_t, std::map<std::int64_t, Event>> sessions;
  const Gathered world = gather(small("ship", 500));
  for (const Event& e : world.distinct()) sessions[e.session_id].emplace(e.seq, e);
  for (const auto& [id, events] : sessions) {
    std::int64_t expected = 0;
    TimeUs last = 0;
    for (const auto& [seq, e] : events) {
      // Only a lost assignment could leave a gap, and this world loses none.
      ASSERT_EQ(seq, ++expected) << id;
      ASSERT_GT(e.ts, last) << id;
      last = e.ts;
    }
    const std::string_view opening = events.begin()->second.event;
    EXPECT_TRUE(opening == "app_open" || opening == "signup") << opening;
  }
}

/// An estimate of a share and its standard error, clusters being independent.
std::pair<double, double> clustered_share(const std::map<std::int64_t, std::pair<int, int>>& part) {
  double hits = 0.0;
  double total = 0.0;
  for (const auto& [id, p] : part) {
    hits += p.first;
    total += p.second;
  }
  const double share = hits / total;
  double squares = 0.0;
  for (const auto& [id, p] : part) squares += std::pow(p.first - share * p.second, 2.0);
  return {share, std::sqrt(squares) / total};
}

// Goal: the planted shares come out. Budget: 4.5 standard errors (binomial, or clustered by the
// session for waiting events), a false alarm in 150,000 a check; the seed is fixed.
TEST(World, LosesRepeatsDelaysAndMisdatesThePlantedShares) {
  WorldConfig config = small("null", 3'000);
  config.delivery.duplicate_share = 0.02;
  config.delivery.late_share = 0.05;
  config.delivery.late_log_sd = 0.2;
  config.delivery.skewed_share = 0.1;
  config.control_weight = 1;
  config.treatment_weight = 3;
  const Gathered world = gather(config);
  const auto near = [](double got, double planted, double n) {
    EXPECT_NEAR(got / n, planted, 4.5 * std::sqrt(planted * (1 - planted) / n));
  };
  const Counts& c = world.truth.counts;
  const double distinct = static_cast<double>(c.events - c.duplicates);
  near(static_cast<double>(c.duplicates), 0.02, distinct);
  near(static_cast<double>(c.skewed_users), 0.1, static_cast<double>(c.users));
  const double assigned = static_cast<double>(c.assigned_control + c.assigned_treatment);
  near(static_cast<double>(c.assigned_treatment), 0.75, assigned);
  near(static_cast<double>(c.signups), config.signup_share, static_cast<double>(config.users));

  std::map<std::int64_t, std::pair<int, int>> sessions;
  std::int64_t late = 0;
  std::set<std::int64_t> skewed;
  for (const Event& e : world.distinct()) {
    if (e.received_at - e.ts < -10 * kSecondUs) skewed.insert(e.user_id);
    // With this spread a wait is over 2 hours, and a clock wrong by that much is rare.
    const bool waited = e.received_at - e.ts > 2 * kHourUs;
    late += waited ? 1 : 0;
    sessions[e.session_id].first += waited ? 1 : 0;
    ++sessions[e.session_id].second;
  }
  const auto [share, std_error] = clustered_share(sessions);
  EXPECT_NEAR(share, 0.05, 4.5 * std_error + 0.1 * 0.02);
  EXPECT_NEAR(static_cast<double>(late), static_cast<double>(c.late), 0.1 * 0.02 * distinct);
  EXPECT_GT(skewed.size(), static_cast<std::size_t>(c.skewed_users) / 3);
}

TEST(World, AssignsByTheSaltAndTheUserAlone) {
  const auto arms = [](const WorldConfig& config) {
    std::map<std::int64_t, bool> treated;
    for (const UserOutcomes& u : truth_of(config).users) treated[u.user_id] = u.treated;
    return treated;
  };
  WorldConfig config = small("ship", 1'000);
  const auto first = arms(config);
  config.seed += 1;
  config.behaviour.sessions_per_day = 4.0;
  const auto other_world = arms(config);
  config.salt = "another";
  const auto other_salt = arms(config);
  int moved = 0;
  for (const auto& [user, treated] : other_world) {
    if (first.contains(user)) {
      EXPECT_EQ(first.at(user), treated);
    }
    moved += other_salt.at(user) != treated ? 1 : 0;
  }
  // Half move. Budget: 5 binomial standard errors.
  const double n = static_cast<double>(other_world.size());
  EXPECT_NEAR(moved, n / 2, 5 * std::sqrt(n) / 2);
}

TEST(World, LosesAssignmentsOfTreatmentOnTheFaultyVersionOnly) {
  WorldConfig config = small("broken", 8'000);
  const Gathered broken = gather(config, "experiment_assigned");
  config.sample_ratio_fault.enabled = false;
  const Gathered sound = gather(config, "experiment_assigned");
  using Slice = std::pair<std::string_view, std::string_view>;
  using Assignments = std::map<Slice, std::set<std::int64_t>>;
  const auto assignments = [](const Gathered& world) {
    Assignments found;
    for (const Event& e : world.events) {
      found[{e.app_version, e.variant}].insert(e.user_id);
      EXPECT_EQ(e.experiment, "new_feed_ranker");
    }
    return found;
  };
  const auto kept = assignments(broken);
  for (const auto& [slice, users] : assignments(sound)) {
    const double n = static_cast<double>(users.size());
    const double lost = n - static_cast<double>(kept.at(slice).size());
    if (slice == Slice("5.3", "treatment")) {
      ASSERT_GT(n, 400);
      // Budget: 4.5 binomial standard errors.
      EXPECT_NEAR(lost / n, 0.15, 4.5 * std::sqrt(0.15 * 0.85 / n));
      EXPECT_EQ(lost, static_cast<double>(broken.truth.counts.lost_assignments));
    } else {
      EXPECT_EQ(lost, 0) << slice.first << " " << slice.second;
    }
  }
  // The truth is about what people did, not about what was logged.
  EXPECT_EQ(broken.truth.find("watch_minutes_per_user")->absolute,
            sound.truth.find("watch_minutes_per_user")->absolute);
}

// The largest and the smallest values that validate() lets pass.
TEST(World, SurvivesItsOwnExtremes) {
  WorldConfig wild = small("ship", 100);
  wild.experiment_days = 7;
  wild.days_before = 1;
  wild.behaviour.return_log_odds = 20;
  wild.behaviour.sessions_per_day = 10;
  wild.behaviour.videos_per_session = 50;
  wild.behaviour.watch_median_seconds = 1'800;
  wild.behaviour.watch_log_sd = 3;
  wild.behaviour.posts_per_session = 20;
  wild.behaviour.creator_share = 1;
  wild.delivery = {1.0, 1.0, 0.01, 5.0, 0.01, 1.0, 360.0};
  const Gathered busy = gather(wild);
  EXPECT_EQ(busy.truth.counts.duplicates * 2, busy.truth.counts.events);
  EXPECT_EQ(busy.distinct().size() * 2, busy.events.size());

  WorldConfig idle = small("ship", 100);
  idle.signup_share = 0.0;
  idle.behaviour.return_log_odds = -20;
  idle.behaviour.activity_sd = 0.0;
  idle.behaviour.creator_share = 0.0;
  const Gathered quiet = gather(idle);
  EXPECT_EQ(quiet.truth.counts.events, static_cast<std::int64_t>(quiet.events.size()));
  EXPECT_EQ(quiet.truth.metrics.size(), metric_names().size());
  EXPECT_TRUE(std::isnan(quiet.truth.metrics.front().relative));
}

TEST(World, StopsWhenTheSinkFailsOrTheUserAsks) {
  int calls = 0;
  const auto full = [&](Day, const frame::Table&) -> Result<void> {
    if (++calls == 3) return fail(ErrorCode::unavailable, "no space left");
    return {};
  };
  const auto failed = simulate(small("ship", 200), full, 1, {});
  ASSERT_FALSE(failed.has_value());
  EXPECT_EQ(failed.error().problem, "no space left");
  EXPECT_EQ(calls, 3);

  const std::atomic<bool> stop{true};
  Progress progress;
  progress.stop = &stop;
  const auto stopped = simulate(small("ship", 200), full, 1, progress);
  ASSERT_FALSE(stopped.has_value());
  EXPECT_EQ(stopped.error().code, ErrorCode::interrupted);
}

TEST(UsersForEvents, FindsTheSizeOfTheWorldWithinAFewPercent) {
  const WorldConfig config = *preset("ship");
  WorldConfig sized = config;
  sized.users = users_for_events(config, 1'000'000).value();
  EXPECT_NEAR(static_cast<double>(truth_of(sized).counts.events), 1e6, 5e4);
}

}  // namespace
}  // namespace assay::simulation
