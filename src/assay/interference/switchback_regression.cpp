#include "assay/interference/switchback_regression.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <vector>

#include "assay/interference/detail/switchback_blocks.hpp"
#include "assay/numerics/linear_algebra.hpp"
#include "assay/stats/interval.hpp"

namespace assay::interference {
namespace {

using detail::Block;

constexpr std::size_t kMostEffects = 1'000;

/// The periods kept, with their fixed effects as column numbers.
struct Design {
  std::vector<double> outcome;
  std::vector<double> arm;
  std::vector<std::int32_t> region;
  std::vector<std::size_t> place;  ///< Row in the data: neighbours in time are one apart.
  std::vector<std::size_t> region_column;
  std::vector<std::size_t> time_column;
  std::size_t columns = 0;
};

Design design_of(const SwitchbackData& data, const SwitchbackRegressionOptions& options,
                 const std::vector<Block>& blocks) {
  Design out;
  std::map<std::int32_t, std::size_t> regions;
  std::map<std::int32_t, std::size_t> times;
  const auto skip = static_cast<std::size_t>(options.burn_in);
  for (const Block& b : blocks) {
    for (std::size_t i = b.first + skip; i < b.first + b.size; ++i) {
      out.outcome.push_back(data.value[i]);
      out.arm.push_back(b.arm);
      out.region.push_back(b.region);
      out.place.push_back(i);
      out.region_column.push_back(regions.try_emplace(b.region, regions.size()).first->second);
      if (!options.time_effect.empty())
        out.time_column.push_back(
            times.try_emplace(options.time_effect[i], times.size()).first->second);
    }
  }
  for (std::size_t& c : out.time_column) c += regions.size();
  out.columns = regions.size() + times.size();
  return out;
}

/// Takes the fixed effects out of a column by least squares.
std::vector<double> without_effects(const Design& d, const std::vector<std::size_t>& kept,
                                    const numerics::SymmetricMatrix& gram,
                                    const std::vector<double>& column) {
  std::vector<double> sums(d.columns, 0.0);
  for (std::size_t i = 0; i < column.size(); ++i) {
    sums[d.region_column[i]] += column[i];
    if (!d.time_column.empty()) sums[d.time_column[i]] += column[i];
  }
  std::vector<double> right;
  for (const std::size_t c : kept) right.push_back(sums[c]);
  const auto solved = numerics::solve(gram, right);
  std::vector<double> effect(d.columns, 0.0);
  for (std::size_t k = 0; k < kept.size(); ++k) effect[kept[k]] = solved[k];
  std::vector<double> out = column;
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] -= effect[d.region_column[i]];
    if (!d.time_column.empty()) out[i] -= effect[d.time_column[i]];
  }
  return out;
}

/// Bartlett-weighted sum of the score's autocovariances within regions.
double long_run_sum(const Design& d, const std::vector<double>& score, int lags) {
  double total = 0.0;
  for (std::size_t i = 0; i < score.size(); ++i) {
    total += score[i] * score[i];
    for (std::size_t j = i; j > 0 && d.region[j - 1] == d.region[i]; --j) {
      const auto lag = static_cast<double>(d.place[i] - d.place[j - 1]);
      if (lag > lags) break;
      total += 2.0 * (1.0 - lag / (lags + 1.0)) * score[i] * score[j - 1];
    }
  }
  return total;
}

Result<void> check(const SwitchbackData& data, const SwitchbackRegressionOptions& options) {
  ASSAY_CHECK(stats::check_confidence_level(options.confidence_level));
  if (options.burn_in < 0 || options.lags.value_or(0) < 0 ||
      (!options.time_effect.empty() && options.time_effect.size() != data.value.size()))
    return fail(ErrorCode::invalid_spec,
                "burn-in and lags are counts of periods, and every period needs its time effect");
  return {};
}

}  // namespace

Result<SwitchbackRegression> switchback_regression(const SwitchbackData& data,
                                                   const SwitchbackRegressionOptions& options) {
  ASSAY_CHECK(check(data, options));
  ASSAY_TRY(const auto blocks, detail::blocks_of(data));
  const Design d = design_of(data, options, blocks);
  if (d.columns > kMostEffects)
    return fail(ErrorCode::undefined_statistic,
                fmt::format("{} fixed effects are too many; {} at most", d.columns, kMostEffects));
  numerics::SymmetricMatrix gram(d.columns);
  for (std::size_t i = 0; i < d.outcome.size(); ++i) {
    const std::size_t r = d.region_column[i];
    gram.set(r, r, gram.at(r, r) + 1.0);
    if (d.time_column.empty()) continue;
    const std::size_t t = d.time_column[i];
    gram.set(t, t, gram.at(t, t) + 1.0);
    gram.set(r, t, gram.at(r, t) + 1.0);
  }
  const auto kept = numerics::independent_rows(gram, 1e-9);
  const auto small = numerics::submatrix(gram, kept);
  const auto arm = without_effects(d, kept, small, d.arm);
  const auto outcome = without_effects(d, kept, small, d.outcome);
  const double spread = numerics::dot(arm, arm);
  const auto n = static_cast<double>(d.outcome.size());
  const auto k = static_cast<double>(kept.size()) + 1.0;
  if (!(spread > 1e-9 * n) || !(n > k + 1.0))
    return fail(
        ErrorCode::undefined_statistic,
        "the fixed effects leave no variation of the arm: every time effect had one arm only", "",
        "use coarser time effects");
  const double effect = numerics::dot(arm, outcome) / spread;
  std::vector<double> score(arm.size());
  double squares = 0.0;
  for (std::size_t i = 0; i < arm.size(); ++i) {
    const double residual = outcome[i] - effect * arm[i];
    score[i] = arm[i] * residual;
    squares += residual * residual;
  }
  SwitchbackRegression out;
  std::size_t longest = 0;
  for (const Block& b : blocks) longest = std::max(longest, b.size);
  const int rule = static_cast<int>(4.0 * std::pow(n / 100.0, 2.0 / 9.0));
  out.lags = options.lags.value_or(std::max(rule, static_cast<int>(longest)));
  out.n_periods = static_cast<std::int64_t>(d.outcome.size());
  out.n_effects = static_cast<std::int64_t>(kept.size());
  out.classical_std_error = std::sqrt(squares / (n - k) / spread);
  const double variance = long_run_sum(d, score, out.lags) / (spread * spread) * n / (n - k);
  double share = 0.0;
  double mean = 0.0;
  for (std::size_t i = 0; i < d.arm.size(); ++i) {
    share += d.arm[i] / n;
    mean += d.outcome[i] / n;
  }
  stats::EstimatedPair pair;
  pair.control_value = mean - effect * share;
  pair.treatment_value = pair.control_value + effect;
  pair.values = {0.0, variance, 0.0};
  std::set<std::int32_t> regions(d.region.begin(), d.region.end());
  pair.degrees_of_freedom =
      std::max(1.0, static_cast<double>(blocks.size()) - static_cast<double>(regions.size()) - 1.0);
  pair.n_treatment = std::count(d.arm.begin(), d.arm.end(), 1.0);
  pair.n_control = out.n_periods - pair.n_treatment;
  ASSAY_TRY(out.contrast, stats::contrast_of_values(pair, options.confidence_level));
  out.contrast.lift.reset();
  out.contrast.lift_undefined =
      "the control level of a regression with fixed effects is not tested";
  if (blocks.size() < 40)
    out.contrast.notes.push_back(
        {"few_blocks", fmt::format("{} blocks: this variance tends to be too small below 40; read "
                                   "the randomisation test",
                                   blocks.size())});
  return out;
}

}  // namespace assay::interference
