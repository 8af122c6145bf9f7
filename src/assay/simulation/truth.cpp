#include "assay/simulation/truth.hpp"

#include <limits>

#include "assay/simulation/detail/totals.hpp"

namespace assay::simulation {
namespace {

struct Definition {
  const char* metric;
  const char* text;
};

constexpr std::array<Definition, 11> kDefinitions = {{
    {"watch_minutes_per_user", "minutes of video_watch per exposed user"},
    {"sessions_per_user", "app_open events after exposure per exposed user"},
    {"revenue_per_user", "dollars of purchases and ad impressions per exposed user"},
    {"ad_revenue_per_user", "dollars of ad impressions per exposed user"},
    {"d7_retention",
     "share of exposed users with an app_open on the 7th local calendar day after exposure, "
     "over users whose 7th day lies in the experiment"},
    {"hide_rate", "hides per video_watch, ratio of sums"},
    {"crash_rate", "crashes per app_open, ratio of sums"},
    {"likes_per_user", "likes per exposed user"},
    {"completion_rate", "completed video_watch per video_watch, ratio of sums"},
    {"ad_impressions_per_user", "ad impressions per exposed user"},
    {"videos_per_session", "video_watch per app_open, ratio of sums"},
}};

double quotient(double top, double bottom) {
  return bottom == 0.0 ? std::numeric_limits<double>::quiet_NaN() : top / bottom;
}

double share(std::int64_t top, std::int64_t bottom) {
  return quotient(static_cast<double>(top), static_cast<double>(bottom));
}

/// The values of one world, in the order of kDefinitions.
std::array<double, 11> values(const Totals& totals, std::size_t w) {
  const Totals::World& t = totals.world[w];
  const std::int64_t n = totals.users;
  return {share(t.watch_ms, n) / 60'000.0,
          share(t.sessions, n),
          share(t.revenue_micros, n) / 1e6,
          share(t.ad_revenue_micros, n) / 1e6,
          share(t.returned_day7, totals.users_day7),
          share(t.hides, t.videos),
          share(t.crashes, t.sessions),
          share(t.likes, n),
          share(t.completions, t.videos),
          share(t.ad_impressions, n),
          share(t.videos, t.sessions)};
}

}  // namespace

void Totals::add(const User& user, bool day7_complete) {
  ++users;
  users_day7 += day7_complete ? 1 : 0;
  for (std::size_t w = 0; w < 2; ++w) {
    const Outcome& o = user.outcome[w];
    World& t = world[w];
    t.watch_ms += o.watch_ms;
    t.revenue_micros += o.revenue_micros;
    t.ad_revenue_micros += o.ad_revenue_micros;
    t.sessions += o.sessions;
    t.videos += o.videos;
    t.completions += o.completions;
    t.likes += o.likes;
    t.hides += o.hides;
    t.ad_impressions += o.ad_impressions;
    t.crashes += o.crashes;
    t.returned_day7 += o.returned_day7;  // 0 when the day lies beyond the experiment.
  }
}

std::vector<MetricTruth> effects(const Totals& totals) {
  std::vector<MetricTruth> metrics;
  const auto control = values(totals, kControl);
  const auto treatment = values(totals, kTreatment);
  for (std::size_t m = 0; m < kDefinitions.size(); ++m) {
    MetricTruth truth;
    truth.metric = kDefinitions[m].metric;
    truth.definition = kDefinitions[m].text;
    truth.users = truth.metric == "d7_retention" ? totals.users_day7 : totals.users;
    truth.control = control[m];
    truth.treatment = treatment[m];
    truth.absolute = treatment[m] - control[m];
    truth.relative = quotient(truth.absolute, control[m]);
    metrics.push_back(std::move(truth));
  }
  return metrics;
}

DayTruth day_truth(std::int64_t day, std::int64_t users, const std::array<std::int64_t, 2>& ms) {
  DayTruth truth;
  truth.day = day;
  truth.users = users;
  truth.control_watch_minutes = share(ms[kControl], users) / 60'000.0;
  truth.treatment_watch_minutes = share(ms[kTreatment], users) / 60'000.0;
  truth.relative = share(ms[kTreatment] - ms[kControl], ms[kControl]);
  return truth;
}

std::vector<std::string> metric_names() {
  std::vector<std::string> names;
  names.reserve(kDefinitions.size());
  for (const Definition& definition : kDefinitions) names.emplace_back(definition.metric);
  return names;
}

const MetricTruth* Truth::find(std::string_view metric) const {
  for (const MetricTruth& truth : metrics) {
    if (truth.metric == metric) return &truth;
  }
  return nullptr;
}

}  // namespace assay::simulation
