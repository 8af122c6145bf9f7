#include "assay/simulation/config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "assay/base/text.hpp"

namespace assay::simulation {
namespace {

constexpr double kLarge = 1e6;
constexpr double kTiny = 1e-12;

/// A field and the closed range that it must lie in.
struct Bound {
  const char* field;
  double value;
  double low;
  double high;
};

tl::unexpected<Error> refuse(std::string problem, std::string where, std::string fix,
                             std::string have = {}) {
  return fail(ErrorCode::invalid_spec, std::move(problem), std::move(where), std::move(fix),
              std::move(have));
}

Result<void> within(const std::vector<Bound>& bounds) {
  for (const Bound& b : bounds) {
    if (b.value >= b.low && b.value <= b.high) continue;  // A NaN is in no range.
    return refuse(fmt::format("the value is out of range: {}", b.value), b.field,
                  fmt::format("choose a number from {} to {}", b.low, b.high));
  }
  return {};
}

Result<void> check_behaviour(const Behaviour& b) {
  return within({
      {"behaviour.return_log_odds", b.return_log_odds, -20, 20},
      {"behaviour.activity_sd", b.activity_sd, 0, 5},
      {"behaviour.sessions_per_day", b.sessions_per_day, 1, 10},
      {"behaviour.videos_per_session", b.videos_per_session, 0, 50},
      {"behaviour.watch_median_seconds", b.watch_median_seconds, 0.1, 1800},
      {"behaviour.watch_log_sd", b.watch_log_sd, 0, 3},
      {"behaviour.watch_user_log_sd", b.watch_user_log_sd, 0, 3},
      {"behaviour.videos_per_ad", static_cast<double>(b.videos_per_ad), 1, 1000},
      {"behaviour.like_rate", b.like_rate, 0, 1},
      {"behaviour.share_rate", b.share_rate, 0, 1},
      {"behaviour.hide_rate", b.hide_rate, 0, 1},
      {"behaviour.report_rate", b.report_rate, 0, 1},
      {"behaviour.ad_click_rate", b.ad_click_rate, 0, 1},
      {"behaviour.ad_cpm_usd", b.ad_cpm_usd, 0, kLarge},
      {"behaviour.purchase_rate", b.purchase_rate, 0, 1},
      {"behaviour.purchase_median_usd", b.purchase_median_usd, 0.01, kLarge},
      {"behaviour.purchase_log_sd", b.purchase_log_sd, 0, 3},
      {"behaviour.crash_rate", b.crash_rate, 0, 1},
      {"behaviour.creator_share", b.creator_share, 0, 1},
      {"behaviour.posts_per_session", b.posts_per_session, 0, 20},
      {"behaviour.weekend_log_odds", b.weekend_log_odds, -5, 5},
      {"behaviour.holiday_log_odds", b.holiday_log_odds, -5, 5},
      {"behaviour.videos", static_cast<double>(b.videos), 1, 1e9},
  });
}

Result<void> check_delivery(const Delivery& d) {
  return within({
      {"delivery.duplicate_share", d.duplicate_share, 0, 1},
      {"delivery.late_share", d.late_share, 0, 1},
      {"delivery.late_median_hours", d.late_median_hours, 0.01, 240},
      {"delivery.late_log_sd", d.late_log_sd, 0, 5},
      {"delivery.late_max_days", d.late_max_days, 0.01, 30},
      {"delivery.skewed_share", d.skewed_share, 0, 1},
      {"delivery.skew_median_minutes", d.skew_median_minutes, 0.01, 360},
  });
}

Result<void> check_effects(const PlantedEffects& e) {
  return within({
      {"effects.watch_time_lift", e.watch_time_lift, -0.99, 10},
      {"effects.return_log_odds", e.return_log_odds, -5, 5},
      {"effects.revenue_lift", e.revenue_lift, -0.99, 10},
      {"effects.crash_multiple", e.crash_multiple, kTiny, 100},
      {"effects.hide_multiple", e.hide_multiple, kTiny, 100},
      {"effects.like_multiple", e.like_multiple, kTiny, 100},
      {"effects.novelty_initial", e.novelty_initial, 0, 20},
      {"effects.novelty_half_life", e.novelty_half_life, 0.01, 1000},
  });
}

/// A list of named things: 1 to 200, names there and distinct, numbers in range, shares not all 0.
Result<void> check_list(const std::string& field, const std::vector<std::string>& names,
                        const std::vector<double>& shares, const std::vector<double>& multiples) {
  if (names.empty() || names.size() > 200) {
    return refuse("the list has no entry or more than 200", field, "give 1 to 200 entries");
  }
  std::set<std::string> seen;
  double total = 0.0;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::string where = fmt::format("{}[{}]", field, i);
    if (names[i].empty() || !seen.insert(names[i]).second) {
      return refuse(fmt::format("a name is empty or stands twice: '{}'", names[i]), where,
                    "give every entry a name of its own");
    }
    const std::string share = where + ".share";
    const std::string multiple = where + ".multiple";
    ASSAY_CHECK(
        within({{share.c_str(), shares[i], 0, kLarge}, {multiple.c_str(), multiples[i], 0, 1000}}));
    total += shares[i];
  }
  if (total > 0.0) return {};
  return refuse("all shares are 0", field, "give at least one entry a share above 0");
}

Result<void> check_lists(const WorldConfig& c) {
  std::vector<std::string> countries;
  std::vector<double> country_shares;
  std::vector<double> spend;
  for (const Country& country : c.countries) {
    ASSAY_CHECK(within({{"countries[].utc_offset_hours",
                         static_cast<double>(country.utc_offset_hours), -14, 14}}));
    countries.push_back(country.code);
    country_shares.push_back(country.share);
    spend.push_back(country.spend_multiple);
  }
  ASSAY_CHECK(check_list("countries", countries, country_shares, spend));
  std::vector<std::string> devices;
  std::vector<double> device_shares;
  std::vector<double> device_crashes;
  for (const Device& device : c.devices) {
    devices.push_back(device.name);
    device_shares.push_back(device.share);
    device_crashes.push_back(device.crash_multiple);
  }
  ASSAY_CHECK(check_list("devices", devices, device_shares, device_crashes));
  std::vector<std::string> versions;
  std::vector<double> version_crashes;
  for (const AppVersion& version : c.app_versions) {
    versions.push_back(version.name);
    version_crashes.push_back(version.crash_multiple);
  }
  ASSAY_CHECK(check_list("app_versions", versions, std::vector<double>(versions.size(), 1.0),
                         version_crashes));
  if (!c.sample_ratio_fault.enabled) return {};
  const std::string& faulty = c.sample_ratio_fault.app_version;
  if (std::find(versions.begin(), versions.end(), faulty) == versions.end()) {
    const std::string near = nearest(faulty, versions);
    return refuse(
        fmt::format("the app version does not exist: '{}'", faulty),
        "sample_ratio_fault.app_version",
        near.empty() ? "name one of the app_versions" : fmt::format("did you mean '{}'?", near),
        list_text(versions));
  }
  return within({{"sample_ratio_fault.share_lost", c.sample_ratio_fault.share_lost, 0, 1}});
}

/// What the demo's treatment does: see README.md for why these sizes.
PlantedEffects good_ranker() {
  PlantedEffects effects;
  effects.watch_time_lift = 0.005;
  effects.return_log_odds = 0.040;
  effects.revenue_lift = 0.0;
  effects.crash_multiple = 0.98;
  effects.hide_multiple = 0.97;
  effects.like_multiple = 1.01;
  effects.novelty_initial = 2.0;
  effects.novelty_half_life = 4.0;
  return effects;
}

}  // namespace

Result<void> validate(const WorldConfig& c) {
  ASSAY_CHECK(TimeZone::find(c.timezone));
  ASSAY_CHECK(within({
      {"users", static_cast<double>(c.users), 100, 5e7},
      {"signup_share", c.signup_share, 0, 1},
      {"experiment_start", static_cast<double>(c.experiment_start), 1000, 45'000},
      {"days_before", static_cast<double>(c.days_before), 1, 400},
      {"experiment_days", static_cast<double>(c.experiment_days), 7, 364},
      {"control_weight", c.control_weight, kTiny, kLarge},
      {"treatment_weight", c.treatment_weight, kTiny, kLarge},
      {"new_user_days", static_cast<double>(c.new_user_days), 0, 10'000},
      {"upgrade_lag_days", c.upgrade_lag_days, kTiny, 10'000},
  }));
  if (c.experiment_days % 7 != 0) {
    return refuse(
        fmt::format("the experiment does not last whole weeks: {} days", c.experiment_days),
        "experiment_days", "choose a multiple of 7");
  }
  if (c.experiment_key.empty()) {
    return refuse("the experiment has no key", "experiment_key", "name the experiment");
  }
  ASSAY_CHECK(check_lists(c));
  ASSAY_CHECK(check_effects(c.effects));
  ASSAY_CHECK(check_delivery(c.delivery));
  return check_behaviour(c.behaviour);
}

std::vector<std::string> preset_names() { return {"ship", "harmful", "null", "broken"}; }

Result<WorldConfig> preset(std::string_view name) {
  WorldConfig config;
  config.preset = name;
  if (name == "null") return config;
  if (name == "ship") {
    config.effects = good_ranker();
    return config;
  }
  if (name == "harmful") {
    config.effects.watch_time_lift = 0.13;
    config.effects.return_log_odds = -0.12;
    config.effects.hide_multiple = 1.10;
    return config;
  }
  if (name == "broken") {
    config.effects = good_ranker();
    config.sample_ratio_fault.enabled = true;
    return config;
  }
  const std::string near = nearest(name, preset_names());
  return refuse(fmt::format("no world has this name: '{}'", name), "preset",
                near.empty() ? "choose one of the worlds" : fmt::format("did you mean '{}'?", near),
                list_text(preset_names()));
}

}  // namespace assay::simulation
