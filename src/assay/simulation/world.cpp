#include "assay/simulation/world.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "assay/numerics/parallel.hpp"
#include "assay/simulation/detail/log.hpp"
#include "assay/simulation/detail/totals.hpp"

namespace assay::simulation {
namespace {

/// Users a chunk; the unit of work of a thread.
constexpr std::size_t kChunkUsers = 2'048;

/// Users of the small world that users_for_events() counts.
constexpr std::int64_t kPilotUsers = 6'000;

/// Every user, in chunks of fixed size.
struct Population {
  std::vector<User> users;
  std::vector<ChunkState> chunks;

  [[nodiscard]] std::pair<std::size_t, std::size_t> range(std::size_t chunk) const {
    const std::size_t begin = chunk * kChunkUsers;
    return {begin, std::min(users.size(), begin + kChunkUsers)};
  }
};

Population make_population(const Model& model, int threads) {
  Population people;
  people.users.resize(static_cast<std::size_t>(model.config.users));
  people.chunks.resize((people.users.size() + kChunkUsers - 1) / kChunkUsers);
  numerics::for_each_chunk(people.chunks.size(), threads, [&](std::size_t c) {
    people.chunks[c].watch = WatchByDay(model.config.experiment_days);
    const auto [begin, end] = people.range(c);
    for (std::size_t i = begin; i < end; ++i) {
      people.users[i] = make_user(model, static_cast<std::int64_t>(i) + 1);
    }
  });
  return people;
}

bool day7_complete(const Model& model, const User& user) {
  return user.exposed_day + 7 < model.end_day;
}

void add(Counts& sum, const Counts& part) {
  sum.events += part.events;
  sum.signups += part.signups;
  sum.assigned_control += part.assigned_control;
  sum.assigned_treatment += part.assigned_treatment;
  sum.exposed_control += part.exposed_control;
  sum.exposed_treatment += part.exposed_treatment;
  sum.lost_assignments += part.lost_assignments;
  sum.duplicates += part.duplicates;
  sum.late += part.late;
  sum.skewed += part.skewed;
}

Counts count(const Population& people) {
  Counts counts;
  for (const ChunkState& chunk : people.chunks) add(counts, chunk.counts);
  for (const User& user : people.users) {
    if (!user.seen) continue;
    ++counts.users;
    counts.skewed_users += user.skew_us != 0 ? 1 : 0;
  }
  return counts;
}

/// Truth of each value of one dimension, in the order of its list.
void add_segments(const Population& people, const Model& model, const std::string& dimension,
                  const std::vector<std::string>& values,
                  const std::function<std::size_t(const User&)>& value_of,
                  std::vector<SegmentTruth>& segments) {
  std::vector<Totals> totals(values.size());
  for (const User& user : people.users) {
    if (user.exposed) totals[value_of(user)].add(user, day7_complete(model, user));
  }
  for (std::size_t v = 0; v < values.size(); ++v) {
    segments.push_back({dimension, values[v], totals[v].users, effects(totals[v])});
  }
}

std::vector<SegmentTruth> segment_truths(const Population& people, const Model& model) {
  std::vector<SegmentTruth> segments;
  std::vector<std::string> countries;
  std::transform(model.config.countries.begin(), model.config.countries.end(),
                 std::back_inserter(countries), [](const Country& c) { return c.code; });
  std::vector<std::string> devices;
  std::transform(model.config.devices.begin(), model.config.devices.end(),
                 std::back_inserter(devices), [](const Device& d) { return d.name; });
  add_segments(
      people, model, "country", countries,
      [](const User& user) { return static_cast<std::size_t>(user.country); }, segments);
  add_segments(
      people, model, "new_user", {"no", "yes"},
      [](const User& user) { return static_cast<std::size_t>(user.new_at_exposure); }, segments);
  add_segments(
      people, model, "device", devices,
      [](const User& user) { return static_cast<std::size_t>(user.device); }, segments);
  return segments;
}

void add_days(const Population& people, const Model& model, Truth& truth) {
  const int days = model.config.experiment_days;
  WatchByDay watch(days);
  for (const ChunkState& chunk : people.chunks) watch.merge(chunk.watch);
  std::vector<std::int64_t> exposed_on(static_cast<std::size_t>(days));
  for (const User& user : people.users) {
    if (user.exposed) ++exposed_on[static_cast<std::size_t>(user.exposed_day - model.first_day)];
  }
  std::int64_t by_now = 0;
  for (int d = 0; d < days; ++d) {
    const auto at = static_cast<std::size_t>(d);
    by_now += exposed_on[at];
    truth.by_calendar_day.push_back(
        day_truth(model.config.experiment_start + d, by_now, watch.calendar_ms[at]));
    std::int64_t old_enough = 0;
    for (int e = 0; e + d < days; ++e) old_enough += exposed_on[static_cast<std::size_t>(e)];
    truth.by_day_since_exposure.push_back(day_truth(d, old_enough, watch.since_exposure_ms[at]));
  }
}

std::string expected_verdict(const WorldConfig& config) {
  if (config.sample_ratio_fault.enabled) return "invalid";
  if (config.preset == "ship") return "ship";
  if (config.preset == "harmful") return "do_not_ship";
  return {};
}

Truth make_truth(const Population& people, const Model& model) {
  Truth truth;
  truth.config = model.config;
  truth.expected_verdict = expected_verdict(model.config);
  truth.experiment = model.experiment;
  truth.counts = count(people);
  Totals all;
  for (const User& user : people.users) {
    if (!user.exposed) continue;
    const bool complete = day7_complete(model, user);
    all.add(user, complete);
    if (!model.config.keep_user_outcomes) continue;
    truth.users.push_back({user.id, user.exposed_at, user.treated, user.logged, complete,
                           user.outcome[kControl], user.outcome[kTreatment]});
  }
  truth.metrics = effects(all);
  truth.segments = segment_truths(people, model);
  add_days(people, model, truth);
  return truth;
}

}  // namespace

Result<Truth> simulate(const WorldConfig& config, const Sink& sink, int threads,
                       const Progress& progress) {
  ASSAY_CHECK(validate(config));
  const Model model = make_model(config);
  Population people = make_population(model, threads);
  Log log(model);
  const Day first = config.experiment_start - config.days_before;
  const int last = model.days + drain_days(config.delivery) - 1;
  for (int day = 0; day < model.days || (day < last && !log.empty()); ++day) {
    ASSAY_CHECK(progress.check());
    progress.at("simulate", static_cast<double>(day) / model.days);
    if (day < model.days) {
      const DayContext context = make_day(model, day);
      numerics::for_each_chunk(people.chunks.size(), threads, [&](std::size_t c) {
        const auto [begin, end] = people.range(c);
        for (std::size_t i = begin; i < end; ++i) {
          live_day(context, people.users[i], people.chunks[c]);
        }
      });
    }
    ASSAY_CHECK(sink(first + day, log.receive(day, people.chunks, threads)));
  }
  return make_truth(people, model);
}

Result<std::int64_t> users_for_events(const WorldConfig& config, std::int64_t events) {
  WorldConfig pilot = config;
  pilot.users = kPilotUsers;
  pilot.keep_user_outcomes = false;
  const auto ignore = [](Day, const frame::Table&) -> Result<void> { return {}; };
  ASSAY_TRY(const Truth truth, simulate(pilot, ignore, numerics::default_threads(), {}));
  const double per_user =
      std::max(1.0, static_cast<double>(truth.counts.events)) / static_cast<double>(kPilotUsers);
  const double users = std::round(static_cast<double>(events) / per_user);
  return static_cast<std::int64_t>(std::clamp(users, 100.0, 5e7));
}

}  // namespace assay::simulation
