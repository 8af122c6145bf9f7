#include "assay/app/simulate_truth.hpp"

#include <cmath>
#include <nlohmann/json.hpp>

#include "assay/base/time.hpp"

namespace assay::app {
namespace {

using nlohmann::json;

json number(double value) { return std::isfinite(value) ? json(value) : json(nullptr); }

json metric_json(const simulation::MetricTruth& metric) {
  return {{"metric", metric.metric},
          {"definition", metric.definition},
          {"users", metric.users},
          {"control", number(metric.control)},
          {"treatment", number(metric.treatment)},
          {"absolute", number(metric.absolute)},
          {"relative", number(metric.relative)}};
}

json metrics_json(const std::vector<simulation::MetricTruth>& metrics) {
  json out = json::array();
  for (const auto& metric : metrics) out.push_back(metric_json(metric));
  return out;
}

json days_json(const std::vector<simulation::DayTruth>& days, bool civil) {
  json out = json::array();
  for (const auto& day : days) {
    out.push_back({{"day", civil ? json(day_text(static_cast<Day>(day.day))) : json(day.day)},
                   {"users", day.users},
                   {"control_watch_minutes", number(day.control_watch_minutes)},
                   {"treatment_watch_minutes", number(day.treatment_watch_minutes)},
                   {"relative", number(day.relative)}});
  }
  return out;
}

json counts_json(const simulation::Counts& counts) {
  return {{"events", counts.events},
          {"users", counts.users},
          {"signups", counts.signups},
          {"assigned_control", counts.assigned_control},
          {"assigned_treatment", counts.assigned_treatment},
          {"exposed_control", counts.exposed_control},
          {"exposed_treatment", counts.exposed_treatment},
          {"lost_assignments", counts.lost_assignments},
          {"duplicates", counts.duplicates},
          {"late", counts.late},
          {"skewed", counts.skewed},
          {"skewed_users", counts.skewed_users}};
}

json behaviour_json(const simulation::Behaviour& b) {
  return {{"return_log_odds", b.return_log_odds},
          {"activity_sd", b.activity_sd},
          {"sessions_per_day", b.sessions_per_day},
          {"videos_per_session", b.videos_per_session},
          {"watch_median_seconds", b.watch_median_seconds},
          {"watch_log_sd", b.watch_log_sd},
          {"watch_user_log_sd", b.watch_user_log_sd},
          {"videos_per_ad", b.videos_per_ad},
          {"like_rate", b.like_rate},
          {"share_rate", b.share_rate},
          {"hide_rate", b.hide_rate},
          {"report_rate", b.report_rate},
          {"ad_click_rate", b.ad_click_rate},
          {"ad_cpm_usd", b.ad_cpm_usd},
          {"purchase_rate", b.purchase_rate},
          {"purchase_median_usd", b.purchase_median_usd},
          {"purchase_log_sd", b.purchase_log_sd},
          {"crash_rate", b.crash_rate},
          {"creator_share", b.creator_share},
          {"posts_per_session", b.posts_per_session},
          {"weekend_log_odds", b.weekend_log_odds},
          {"holiday_log_odds", b.holiday_log_odds},
          {"videos", b.videos}};
}

json effects_json(const simulation::PlantedEffects& e) {
  return {{"watch_time_lift", e.watch_time_lift}, {"return_log_odds", e.return_log_odds},
          {"revenue_lift", e.revenue_lift},       {"crash_multiple", e.crash_multiple},
          {"hide_multiple", e.hide_multiple},     {"like_multiple", e.like_multiple},
          {"novelty_initial", e.novelty_initial}, {"novelty_half_life", e.novelty_half_life}};
}

json delivery_json(const simulation::Delivery& d) {
  return {{"duplicate_share", d.duplicate_share},
          {"late_share", d.late_share},
          {"late_median_hours", d.late_median_hours},
          {"late_log_sd", d.late_log_sd},
          {"late_max_days", d.late_max_days},
          {"skewed_share", d.skewed_share},
          {"skew_median_minutes", d.skew_median_minutes}};
}

}  // namespace

json config_json(const simulation::WorldConfig& config) {
  json out = {{"preset", config.preset},
              {"seed", config.seed},
              {"users", config.users},
              {"signup_share", config.signup_share},
              {"timezone", config.timezone},
              {"experiment_start", day_text(config.experiment_start)},
              {"days_before", config.days_before},
              {"experiment_days", config.experiment_days},
              {"experiment_key", config.experiment_key},
              {"salt", config.salt},
              {"control_weight", config.control_weight},
              {"treatment_weight", config.treatment_weight},
              {"new_user_days", config.new_user_days},
              {"upgrade_lag_days", config.upgrade_lag_days},
              {"effects", effects_json(config.effects)},
              {"behaviour", behaviour_json(config.behaviour)},
              {"delivery", delivery_json(config.delivery)},
              {"sample_ratio_fault",
               {{"enabled", config.sample_ratio_fault.enabled},
                {"app_version", config.sample_ratio_fault.app_version},
                {"share_lost", config.sample_ratio_fault.share_lost}}}};
  for (const Day day : config.holidays) out["holidays"].push_back(day_text(day));
  for (const auto& c : config.countries)
    out["countries"].push_back({c.code, c.share, c.utc_offset_hours, c.spend_multiple});
  for (const auto& d : config.devices)
    out["devices"].push_back({d.name, d.share, d.crash_multiple});
  for (const auto& v : config.app_versions)
    out["app_versions"].push_back({v.name, v.release_day, v.crash_multiple});
  return out;
}

json truth_json(const simulation::Truth& truth) {
  json segments = json::array();
  for (const auto& segment : truth.segments) {
    segments.push_back({{"dimension", segment.dimension},
                        {"value", segment.value},
                        {"users", segment.users},
                        {"metrics", metrics_json(segment.metrics)}});
  }
  return {
      {"schema_version", 1},
      {"config", config_json(truth.config)},
      {"expected_verdict", truth.expected_verdict},
      {"experiment",
       {{"begin", time_text(truth.experiment.begin)}, {"end", time_text(truth.experiment.end)}}},
      {"counts", counts_json(truth.counts)},
      {"metrics", metrics_json(truth.metrics)},
      {"segments", std::move(segments)},
      {"by_day_since_exposure", days_json(truth.by_day_since_exposure, false)},
      {"by_calendar_day", days_json(truth.by_calendar_day, true)}};
}

}  // namespace assay::app
