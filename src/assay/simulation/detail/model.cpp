#include "assay/simulation/detail/model.hpp"

#include <algorithm>
#include <cmath>

#include "assay/base/hash.hpp"
#include "assay/numerics/sampling.hpp"

namespace assay::simulation {
namespace {

using numerics::normal_quantile;

// Spreads of users that the config leaves fixed (standard deviations of logarithms).
constexpr double kSessionsSd = 0.45;
constexpr double kVideosSd = 0.40;
constexpr double kLikeSd = 0.9;
constexpr double kHideSd = 0.6;
constexpr double kPurchaseSd = 1.0;
/// Log-odds of the return from Monday to Friday; the weekend is the config's.
constexpr std::array<double, 5> kWeekdays = {-0.06, -0.04, 0.0, 0.02, 0.10};
constexpr double kTenureMeanDays = 260.0;
constexpr double kHabitAtStart = 0.3;
constexpr double kMaxSkewMinutes = 360.0;

/// exp(sd z) with mean 1.
double factor(double z, double sd) { return std::exp(sd * z - 0.5 * sd * sd); }

template <class Entry>
std::uint8_t pick(const std::vector<Entry>& entries, double u) {
  std::vector<double> shares;
  shares.reserve(entries.size());
  for (const Entry& entry : entries) shares.push_back(entry.share);
  return static_cast<std::uint8_t>(numerics::categorical_quantile(u, shares));
}

std::vector<double> season_of(const WorldConfig& c, int days) {
  std::vector<double> season(static_cast<std::size_t>(days));
  for (int d = 0; d < days; ++d) {
    const Day date = c.experiment_start - c.days_before + d;
    const auto of_week = static_cast<std::size_t>(weekday(date));
    double value = of_week < 5 ? kWeekdays[of_week] : c.behaviour.weekend_log_odds;
    if (std::count(c.holidays.begin(), c.holidays.end(), date) > 0) {
      value += c.behaviour.holiday_log_odds;
    }
    season[static_cast<std::size_t>(d)] = value;
  }
  return season;
}

std::int64_t skew_of(const Delivery& delivery, const numerics::Philox& random) {
  if (random.uniform(10) >= delivery.skewed_share) return 0;
  const auto u = random.uniform_pair(11);
  const double minutes = std::min(
      kMaxSkewMinutes, numerics::lognormal_quantile(u[0], delivery.skew_median_minutes, 1.0));
  const auto size = static_cast<std::int64_t>(minutes * static_cast<double>(kMinuteUs));
  return u[1] < 0.5 ? -size : size;
}

}  // namespace

int drain_days(const Delivery& delivery) {
  return static_cast<int>(std::ceil(delivery.late_max_days)) + 3;
}

Model make_model(const WorldConfig& config) {
  Model m;
  m.config = config;
  if (auto zone = TimeZone::find(config.timezone)) m.zone = *zone;
  m.days = config.days_before + config.experiment_days;
  m.first_day = config.days_before;
  m.end_day = m.days;
  const Day day0 = config.experiment_start - config.days_before;
  m.bounds = m.zone.day_starts(day0 - static_cast<Day>(Model::kMargin),
                               day0 + m.days + drain_days(config.delivery));
  m.experiment = {m.day_start(m.first_day), m.day_start(m.end_day)};
  m.season = season_of(config, m.days);
  for (int age = 0; age <= config.experiment_days; ++age) {
    const PlantedEffects& e = config.effects;
    m.novelty.push_back(1.0 + (e.novelty_initial - 1.0) * std::exp2(-age / e.novelty_half_life));
  }
  for (std::int64_t id = 1; id <= config.users; ++id) {
    if (is_creator(config, id)) m.creators.push_back(id);
  }
  m.videos_log = std::log(static_cast<double>(config.behaviour.videos) + 1.0);
  return m;
}

bool is_creator(const WorldConfig& config, std::int64_t user) {
  const auto random = random_of(config.seed, Purpose::person, user);
  return random.uniform(9) < config.behaviour.creator_share;
}

bool is_treated(const WorldConfig& config, std::uint64_t salt_hash, std::int64_t user) {
  const double u = random_of(salt_hash, Purpose::assignment, user).uniform(0);
  return u * (config.control_weight + config.treatment_weight) >= config.control_weight;
}

User make_user(const Model& model, std::int64_t id) {
  const WorldConfig& c = model.config;
  const Behaviour& b = c.behaviour;
  const auto random = random_of(c.seed, Purpose::person, id);
  const auto normals = [&](std::uint64_t index) {
    const auto u = random.uniform_pair(index);
    return std::array{normal_quantile(u[0]), normal_quantile(u[1])};
  };
  User user;
  user.id = id;
  const auto where = random.uniform_pair(0);
  user.country = pick(c.countries, where[0]);
  user.device = pick(c.devices, where[1]);
  const auto joined = random.uniform_pair(1);
  user.signup_day = joined[0] < c.signup_share
                        ? static_cast<std::int32_t>(joined[1] * model.days)
                        : -1 - static_cast<std::int32_t>(
                                   numerics::exponential_quantile(joined[1], kTenureMeanDays));
  const auto activity = normals(2);
  const auto depth = normals(3);
  const auto taste = normals(4);
  const auto money = normals(5);
  user.return_log_odds = b.return_log_odds + b.activity_sd * activity[0];
  // Users who come on more days also open the app more often on them.
  const double often = 0.5 * activity[0] + std::sqrt(0.75) * activity[1];
  user.sessions_mean = 1.0 + (b.sessions_per_day - 1.0) * factor(often, kSessionsSd);
  user.videos_mean = b.videos_per_session * factor(depth[0], kVideosSd);
  user.watch_median_ms = 1000.0 * b.watch_median_seconds * factor(depth[1], b.watch_user_log_sd);
  user.like_rate = b.like_rate * factor(taste[0], kLikeSd);
  user.hide_rate = b.hide_rate * factor(taste[1], kHideSd);
  user.purchase_rate =
      b.purchase_rate * factor(money[0], kPurchaseSd) * c.countries[user.country].spend_multiple;
  user.upgrade_lag = numerics::exponential_quantile(random.uniform(6), c.upgrade_lag_days);
  user.creator = is_creator(c, id);
  user.skew_us = skew_of(c.delivery, random);
  user.treated = is_treated(c, hash_text(c.salt), id);
  user.habit = {kHabitAtStart, kHabitAtStart};
  return user;
}

std::uint8_t version_of(const Model& model, const User& user, int day) {
  const auto& versions = model.config.app_versions;
  std::size_t newest = 0;
  for (std::size_t v = 1; v < versions.size(); ++v) {
    const double ready = model.first_day + versions[v].release_day + user.upgrade_lag;
    // A new account installs what is in the shop on the day that it signs up.
    const bool installed = versions[v].release_day + model.first_day <= user.signup_day;
    if (installed || ready <= day) newest = v;
  }
  return static_cast<std::uint8_t>(newest);
}

}  // namespace assay::simulation
