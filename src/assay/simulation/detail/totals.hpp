#pragma once

#include "assay/simulation/detail/model.hpp"

namespace assay::simulation {

/// Sums of outcomes over some exposed users, in integers, so that their order does not matter.
struct Totals {
  struct World {
    std::int64_t watch_ms = 0;
    std::int64_t revenue_micros = 0;
    std::int64_t ad_revenue_micros = 0;
    std::int64_t sessions = 0;
    std::int64_t videos = 0;
    std::int64_t completions = 0;
    std::int64_t likes = 0;
    std::int64_t hides = 0;
    std::int64_t ad_impressions = 0;
    std::int64_t crashes = 0;
    std::int64_t returned_day7 = 0;
  };
  std::int64_t users = 0;
  std::int64_t users_day7 = 0;  ///< Users whose 7th day is complete.
  std::array<World, 2> world;

  void add(const User& user, bool day7_complete);
};

/// Every metric's true effect over the users added.
std::vector<MetricTruth> effects(const Totals& totals);

/// Watch time of a day over the users who could have watched on it.
DayTruth day_truth(std::int64_t day, std::int64_t users, const std::array<std::int64_t, 2>& ms);

}  // namespace assay::simulation
