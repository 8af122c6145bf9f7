#include "assay/survival/log_rank.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "assay/numerics/distributions.hpp"
#include "assay/numerics/linear_algebra.hpp"

namespace assay::survival {
namespace {

struct Tally {
  std::vector<LogRankArm> arms;
  numerics::SymmetricMatrix variance;
};

/// Counts of one arm at each time of the pooled table.
struct ArmWalk {
  std::vector<RiskRow> rows;
  std::vector<double> entries;
  std::size_t next = 0;
  std::size_t entered = 0;
  std::int64_t left = 0;  ///< Rows passed.
  std::int64_t n = 0;

  /// Units at risk at `time`, and events exactly then. Times must ascend over calls.
  std::pair<double, double> at(double time, bool late_entry) {
    while (entered < entries.size() && entries[entered] < time) ++entered;
    std::int64_t events = 0;
    const std::int64_t seen = late_entry ? static_cast<std::int64_t>(entered) : n;
    const std::int64_t at_risk = seen - left;
    if (next < rows.size() && rows[next].time == time) {
      events = rows[next].events;
      left += rows[next].events + rows[next].censored;
      ++next;
    }
    return {static_cast<double>(at_risk), static_cast<double>(events)};
  }
};

ArmWalk walk_of(const Observations& data, std::span<const std::size_t> places) {
  const auto rows = rows_of(data, places);
  ArmWalk out;
  out.n = static_cast<std::int64_t>(places.size());
  if (!places.empty()) out.rows = risk_table(rows.view());
  out.entries = rows.entry;
  std::sort(out.entries.begin(), out.entries.end());
  return out;
}

void add_stratum(const Observations& data, std::span<const std::int32_t> arm,
                 const std::vector<std::size_t>& places, const LogRankOptions& options,
                 Tally& tally) {
  const std::size_t k = tally.arms.size();
  std::vector<std::vector<std::size_t>> by_arm(k);
  for (const std::size_t i : places) by_arm[static_cast<std::size_t>(arm[i])].push_back(i);
  std::vector<ArmWalk> walks;
  for (const auto& own : by_arm) walks.push_back(walk_of(data, own));
  double survival = 1.0;
  const auto pooled = rows_of(data, places);
  for (const RiskRow& row : risk_table(pooled.view())) {
    std::vector<double> at_risk(k);
    std::vector<double> events(k);
    for (std::size_t j = 0; j < k; ++j)
      std::tie(at_risk[j], events[j]) = walks[j].at(row.time, !data.entry.empty());
    if (row.events == 0) continue;
    const auto n = static_cast<double>(row.at_risk);
    const auto d = static_cast<double>(row.events);
    const double weight = std::pow(survival, options.rho) * std::pow(1.0 - survival, options.gamma);
    for (std::size_t j = 0; j < k; ++j) {
      tally.arms[j].observed += weight * events[j];
      tally.arms[j].expected += weight * d * at_risk[j] / n;
      if (n <= 1.0) continue;
      const double scale = weight * weight * d * (n - d) / (n - 1.0);
      for (std::size_t l = j; l < k; ++l) {
        const double same = j == l ? 1.0 : 0.0;
        const double add = scale * at_risk[j] / n * (same - at_risk[l] / n);
        tally.variance.set(j, l, tally.variance.at(j, l) + add);
      }
    }
    survival *= (n - d) / n;
  }
}

Result<std::size_t> count_arms(const Observations& data, std::span<const std::int32_t> arm,
                               const LogRankOptions& options) {
  ASSAY_CHECK(check_observations(data));
  const auto bad = [](double x) { return !std::isfinite(x) || x < 0.0; };
  if (bad(options.rho) || bad(options.gamma))
    return fail(ErrorCode::invalid_spec,
                fmt::format("rho and gamma must be finite and not negative; got {} and {}",
                            options.rho, options.gamma));
  if (arm.size() != data.size() ||
      (!options.stratum.empty() && options.stratum.size() != data.size()))
    return fail(ErrorCode::invalid_spec, "every unit needs one arm (and one stratum, if any)", "",
                "",
                fmt::format("{} units, {} arms, {} strata", data.size(), arm.size(),
                            options.stratum.size()));
  const auto [low, high] = std::minmax_element(arm.begin(), arm.end());
  if (*low < 0 || *high >= 1000)
    return fail(ErrorCode::invalid_spec, "arms are numbered 0, 1, ... (at most 1,000)", "", "",
                fmt::format("{} to {}", *low, *high));
  return static_cast<std::size_t>(*high) + 1;
}

}  // namespace

Result<LogRank> log_rank(const Observations& data, std::span<const std::int32_t> arm,
                         const LogRankOptions& options) {
  ASSAY_TRY(const auto k, count_arms(data, arm, options));
  Tally tally{std::vector<LogRankArm>(k), numerics::SymmetricMatrix(k)};
  std::map<std::int32_t, std::vector<std::size_t>> strata;
  for (std::size_t i = 0; i < data.size(); ++i) {
    strata[options.stratum.empty() ? 0 : options.stratum[i]].push_back(i);
    auto& own = tally.arms[static_cast<std::size_t>(arm[i])];
    ++own.n;
    own.events += data.event[i];
  }
  for (const auto& [number, places] : strata) add_stratum(data, arm, places, options, tally);
  const auto peopled = std::count_if(tally.arms.begin(), tally.arms.end(),
                                     [](const LogRankArm& a) { return a.n > 0; });
  if (peopled < 2)
    return fail(ErrorCode::undefined_statistic, "a log-rank test compares two arms or more; got 1");
  const auto kept = numerics::independent_rows(tally.variance, 1e-9);
  if (kept.empty())
    return fail(ErrorCode::undefined_statistic,
                "no event happened while two arms were at risk together", "",
                "wait for events, or use fewer strata");
  std::vector<double> excess;
  for (const std::size_t j : kept)
    excess.push_back(tally.arms[j].observed - tally.arms[j].expected);
  LogRank out;
  out.chi_squared =
      numerics::dot(excess, numerics::solve(numerics::submatrix(tally.variance, kept), excess));
  out.degrees_of_freedom = static_cast<double>(kept.size());
  out.p_value = numerics::chi_squared_sf(out.chi_squared, out.degrees_of_freedom);
  out.arms = std::move(tally.arms);
  return out;
}

}  // namespace assay::survival
