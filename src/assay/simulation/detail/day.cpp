#include "assay/simulation/detail/day.hpp"

#include <algorithm>
#include <cmath>

#include "assay/numerics/sampling.hpp"
#include "assay/simulation/detail/session.hpp"

namespace assay::simulation {
namespace {

constexpr double kHabitMemory = 0.9;    ///< Of the share of recent days active, per day.
constexpr double kHabitLogOdds = 1.6;   ///< Of the return, from habit 0 to habit 1.
constexpr double kHabitNeutral = 0.3;   ///< Habit that neither helps nor hurts.
constexpr double kCuriosity = 1.3;      ///< Log-odds of the return right after sign-up,
constexpr double kCuriosityDays = 5.0;  ///< fading with this time constant.
constexpr int kMaxSessions = 20;
constexpr TimeUs kPause = 5 * kMinuteUs;  ///< Least time between two sessions.

/// Shares of the day's sessions by hour of the user's own clock.
constexpr std::array<double, 24> kRhythm = {1.6, 0.9, 0.5, 0.3, 0.3, 0.5, 1.2, 2.4,
                                            3.0, 2.8, 2.7, 3.0, 4.0, 3.8, 3.2, 3.2,
                                            3.6, 4.2, 5.0, 5.8, 6.6, 7.0, 6.0, 3.6};

/// Which worlds the user opens the app in today.
std::array<bool, 2> active_worlds(const Model& model, const User& user, int day) {
  const int tenure = day - user.signup_day;
  if (tenure < 0) return {false, false};
  if (tenure == 0) return {true, true};
  const double u =
      random_of(model.config.seed, Purpose::day, user.id).uniform(static_cast<std::uint64_t>(day));
  const double base = user.return_log_odds + model.season[static_cast<std::size_t>(day)] +
                      kCuriosity * std::exp(-tenure / kCuriosityDays);
  std::array<bool, 2> active{};
  for (const int w : {kControl, kTreatment}) {
    const auto world = static_cast<std::size_t>(w);
    double log_odds = base + kHabitLogOdds * (user.habit[world] - kHabitNeutral);
    if (w == kTreatment && user.exposed && day > user.exposed_day) {
      const auto age = static_cast<std::size_t>(day - user.exposed_day);
      log_odds += model.config.effects.return_log_odds * model.novelty[age];
    }
    active[world] = u * (1.0 + std::exp(-log_odds)) < 1.0;
  }
  return active;
}

/// True times at which the day's sessions want to start, in order.
std::vector<TimeUs> session_starts(const DayContext& context, const User& user) {
  const Model& model = *context.model;
  const auto random = random_of(model.config.seed, Purpose::session, user.id);
  const auto base = static_cast<std::uint64_t>(context.day) << 32;
  const int count =
      1 + std::min(kMaxSessions - 1,
                   numerics::poisson_quantile(random.uniform(base), user.sessions_mean - 1.0));
  std::vector<TimeUs> starts;
  starts.reserve(static_cast<std::size_t>(count));
  for (int s = 0; s < count; ++s) {
    const auto u = random.uniform_pair(base + 1 + static_cast<std::uint64_t>(s));
    const int hour = numerics::categorical_quantile(u[0], context.rhythm[user.country]);
    const auto inside = static_cast<TimeUs>(u[1] * static_cast<double>(kHourUs));
    starts.push_back(model.day_start(context.day) + hour * kHourUs + inside);
  }
  std::sort(starts.begin(), starts.end());
  return starts;
}

}  // namespace

std::vector<std::string> event_names() {
  return {"app_open", "feed_open",          "video_watch",   "like",     "share",    "hide",
          "report",   "post_video",         "ad_impression", "ad_click", "purchase", "crash",
          "signup",   "experiment_assigned"};
}

WatchByDay::WatchByDay(int experiment_days)
    : since_exposure_ms(static_cast<std::size_t>(experiment_days)),
      calendar_ms(static_cast<std::size_t>(experiment_days)) {}

void WatchByDay::merge(const WatchByDay& other) {
  for (std::size_t d = 0; d < calendar_ms.size(); ++d) {
    for (std::size_t w = 0; w < 2; ++w) {
      since_exposure_ms[d][w] += other.since_exposure_ms[d][w];
      calendar_ms[d][w] += other.calendar_ms[d][w];
    }
  }
}

DayContext make_day(const Model& model, int day) {
  DayContext context{&model, day, {}};
  const TimeUs start = model.day_start(day);
  const auto hours = static_cast<int>((model.day_start(day + 1) - start) / kHourUs);
  const auto utc_hour = static_cast<int>((start / kHourUs) % 24);
  for (const Country& country : model.config.countries) {
    std::vector<double> weights(static_cast<std::size_t>(hours));
    for (int h = 0; h < hours; ++h) {
      const int own = (utc_hour + h + country.utc_offset_hours + 48) % 24;
      weights[static_cast<std::size_t>(h)] = kRhythm[static_cast<std::size_t>(own)];
    }
    context.rhythm.push_back(std::move(weights));
  }
  return context;
}

void live_day(const DayContext& context, User& user, ChunkState& chunk) {
  const Model& model = *context.model;
  const auto active = active_worlds(model, user, context.day);
  if (active[kControl] || active[kTreatment]) {
    Session session(model, context.day, user, active, chunk);
    int number = 0;
    for (TimeUs start : session_starts(context, user)) {
      start = std::max(start, user.busy_until + kPause);
      if (start >= model.day_start(context.day + 1)) break;
      user.busy_until = session.run(number++, start);
    }
  }
  if (context.day < user.signup_day) return;
  for (std::size_t w = 0; w < 2; ++w) {
    user.habit[w] = kHabitMemory * user.habit[w] + (active[w] ? 1.0 - kHabitMemory : 0.0);
  }
}

}  // namespace assay::simulation
