#include "assay/interference/switchback.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "assay/interference/detail/naive.hpp"
#include "assay/interference/detail/switchback_blocks.hpp"
#include "assay/stats/interval.hpp"

namespace assay::interference {
namespace {

using detail::Block;
using detail::Window;

Result<void> check_options(const SwitchbackOptions& options) {
  ASSAY_CHECK(stats::check_confidence_level(options.confidence_level));
  if (options.carry_over < 0 || !(options.p_treated > 0.0 && options.p_treated < 1.0))
    return fail(
        ErrorCode::invalid_spec,
        fmt::format("carry-over is a count of periods and p_treated lies inside (0, 1); got "
                    "{} and {}",
                    options.carry_over, options.p_treated));
  return {};
}

/// The arm that a window was in from end to end; 2 when mixed.
int arm_of(const Window& window, const std::vector<Block>& blocks) {
  for (std::size_t b = window.first_block; b < window.last_block; ++b)
    if (blocks[b].arm != blocks[window.last_block].arm) return 2;
  return blocks[window.last_block].arm;
}

/// The periods whose windows touch the same blocks: seen or not seen together.
struct Group {
  std::size_t first_block = 0;
  std::size_t last_block = 0;
  int arm = 2;
  double count = 0.0;
  double sum = 0.0;
};

std::vector<Group> groups_of(const SwitchbackData& data, const std::vector<Window>& windows,
                             const std::vector<Block>& blocks) {
  std::vector<Group> out;
  for (const Window& w : windows) {
    if (out.empty() || out.back().first_block != w.first_block ||
        out.back().last_block != w.last_block)
      out.push_back({w.first_block, w.last_block, arm_of(w, blocks), 0.0, 0.0});
    out.back().count += 1.0;
    out.back().sum += data.value[w.row];
  }
  return out;
}

/// The estimator on groups: values, and variances on sums less `centre` times the count.
class Weighting {
 public:
  Weighting(const std::vector<Group>& groups, double p_treated) : groups_(groups), p_(p_treated) {}

  [[nodiscard]] double chance(std::size_t blocks, int arm) const {
    return std::pow(arm == 1 ? p_ : 1.0 - p_, static_cast<double>(blocks));
  }
  [[nodiscard]] double chance(const Group& g, int arm) const {
    return chance(g.last_block - g.first_block + 1, arm);
  }
  /// Weighted total and weighted number of periods of an arm.
  [[nodiscard]] std::array<double, 2> totals(int arm) const {
    std::array<double, 2> out{};
    for (const Group& g : groups_) {
      if (g.arm != arm) continue;
      out[0] += g.sum / chance(g, arm);
      out[1] += g.count / chance(g, arm);
    }
    return out;
  }
  /// Unbiased for the variance of an arm's weighted total.
  [[nodiscard]] double variance(int arm, double centre) const {
    double total = 0.0;
    for (std::size_t k = 0; k < groups_.size(); ++k) {
      const Group& g = groups_[k];
      if (g.arm != arm) continue;
      const double pi = chance(g, arm);
      const double z = g.sum - centre * g.count;
      total += z * z * (1.0 / pi - 1.0) / pi;
      for (std::size_t l = k + 1; l < groups_.size() && overlap(g, groups_[l]); ++l) {
        const Group& h = groups_[l];
        if (h.arm != arm) continue;
        const double both = chance(h.last_block - g.first_block + 1, arm);
        const double product = z * (h.sum - centre * h.count);
        total += 2.0 * product * (both / (pi * chance(h, arm)) - 1.0) / both;
      }
    }
    return total;
  }
  /// Covariance of the arms' totals, bounded from below: groups that share a block are never seen
  /// in both arms.
  [[nodiscard]] double covariance(const std::array<double, 2>& centre) const {
    double total = 0.0;
    for (std::size_t k = 0; k < groups_.size(); ++k) {
      const Group& g = groups_[k];
      if (g.arm == 2) continue;
      double sharing = 1.0;  // Itself.
      for (std::size_t l = k + 1; l < groups_.size() && overlap(g, groups_[l]); ++l) sharing += 1.0;
      for (std::size_t l = k; l > 0 && overlap(groups_[l - 1], g); --l) sharing += 1.0;
      const double z = g.sum - centre[static_cast<std::size_t>(g.arm)] * g.count;
      total -= 0.5 * z * z * sharing / chance(g, g.arm);
    }
    return total;
  }

 private:
  /// Of an earlier group with a later one. Groups of different regions share no block.
  static bool overlap(const Group& earlier, const Group& later) {
    return later.first_block <= earlier.last_block;
  }
  const std::vector<Group>& groups_;
  double p_;
};

Result<stats::Contrast> contrast_of(const Weighting& weighting, double n_periods, bool hajek,
                                    const SwitchbackEffect& facts, double level) {
  std::array<double, 2> value{};
  std::array<double, 2> size{n_periods, n_periods};
  for (const int arm : {0, 1}) {
    const auto s = static_cast<std::size_t>(arm);
    const auto totals = weighting.totals(arm);
    if (hajek) size[s] = totals[1];
    value[s] = totals[0] / size[s];
  }
  const std::array<double, 2> centre = hajek ? value : std::array<double, 2>{0.0, 0.0};
  stats::EstimatedPair pair;
  pair.control_value = value[0];
  pair.treatment_value = value[1];
  pair.values = {std::max(0.0, weighting.variance(0, centre[0])) / (size[0] * size[0]),
                 std::max(0.0, weighting.variance(1, centre[1])) / (size[1] * size[1]),
                 weighting.covariance(centre) / (size[0] * size[1])};
  pair.degrees_of_freedom = std::numeric_limits<double>::infinity();
  pair.n_control = facts.n_control;
  pair.n_treatment = facts.n_treated;
  ASSAY_TRY(auto out, stats::contrast_of_values(pair, level));
  if (facts.n_blocks < 40)
    out.notes.push_back(
        {"few_blocks", fmt::format("{} blocks: the normal interval wants 40; read the "
                                   "randomisation test",
                                   facts.n_blocks)});
  return out;
}

/// Hajek difference of windows all treated and all control, for any arms; not finite without both.
double hajek_difference(std::span<const double> values, std::span<const std::uint8_t> arms,
                        const std::vector<Block>& blocks, const std::vector<Window>& windows,
                        double p_treated) {
  std::array<double, 2> sum{};
  std::array<double, 2> weight{};
  for (const Window& w : windows) {
    const std::uint8_t arm = arms[w.row];
    bool pure = true;
    for (std::size_t b = w.first_block; b < w.last_block; ++b)
      pure = pure && arms[blocks[b].first] == arm;
    if (!pure) continue;
    const double pi = std::pow(arm == 1 ? p_treated : 1.0 - p_treated,
                               static_cast<double>(w.last_block - w.first_block + 1));
    sum[arm] += values[w.row] / pi;
    weight[arm] += 1.0 / pi;
  }
  return sum[1] / weight[1] - sum[0] / weight[0];
}

}  // namespace

Result<SwitchbackEffect> switchback_effect(const SwitchbackData& data,
                                           const SwitchbackOptions& options) {
  ASSAY_CHECK(check_options(options));
  ASSAY_TRY(const auto blocks, detail::blocks_of(data));
  const auto windows = detail::windows_of(blocks, options.carry_over);
  const auto groups = groups_of(data, windows, blocks);
  SwitchbackEffect out;
  out.carry_over = options.carry_over;
  out.n_blocks = static_cast<std::int64_t>(blocks.size());
  out.n_periods = static_cast<std::int64_t>(windows.size());
  for (const Group& g : groups) {
    if (g.arm == 1) out.n_treated += static_cast<std::int64_t>(g.count);
    if (g.arm == 0) out.n_control += static_cast<std::int64_t>(g.count);
  }
  if (out.n_treated == 0 || out.n_control == 0)
    return fail(ErrorCode::undefined_statistic,
                fmt::format("no period was {} for {} periods running, so carry-over of {} periods "
                            "cannot be told from the effect",
                            out.n_treated == 0 ? "treated" : "control", options.carry_over + 1,
                            options.carry_over),
                "", "a shorter carry-over, longer blocks or more of them");
  const Weighting weighting(groups, options.p_treated);
  const auto n = static_cast<double>(out.n_periods);
  ASSAY_TRY(out.contrast, contrast_of(weighting, n, true, out, options.confidence_level));
  ASSAY_TRY(out.horvitz_thompson, contrast_of(weighting, n, false, out, options.confidence_level));
  ASSAY_TRY(out.naive, detail::naive_contrast(data.value, data.arm, options.confidence_level));
  return out;
}

Result<SwitchbackRandomisation> switchback_randomisation(
    const SwitchbackData& data, const SwitchbackOptions& options,
    const resampling::PermutationOptions& draws, const resampling::Mechanism* mechanism) {
  ASSAY_CHECK(check_options(options));
  ASSAY_TRY(const auto blocks, detail::blocks_of(data));
  const auto windows = detail::windows_of(blocks, options.carry_over);
  ASSAY_TRY(const auto coins, resampling::switchback_randomisation(data.block, options.p_treated));
  const resampling::Mechanism& design = mechanism == nullptr ? coins : *mechanism;
  const resampling::Statistic statistic = [&](std::span<const double> values,
                                              std::span<const std::uint8_t> arms) {
    return hajek_difference(values, arms, blocks, windows, options.p_treated);
  };
  const double estimate = statistic(data.value, data.arm);
  if (!std::isfinite(estimate))
    return fail(ErrorCode::undefined_statistic,
                fmt::format("no period was in one arm for {} periods running on both sides",
                            options.carry_over + 1));
  SwitchbackRandomisation out;
  ASSAY_TRY(out.test, resampling::randomisation_p(data.value, data.arm, design, statistic, draws));
  if (options.carry_over > 0) return out;
  const auto p_of_effect = [&](double effect) {
    const auto p =
        resampling::randomisation_p(data.value, data.arm, design, statistic, draws, effect);
    return p ? p->p_value : 1.0;
  };
  numerics::Moments spread;
  for (const double v : data.value) spread.add(v);
  const double scale = std::sqrt(4.0 * spread.m2 / static_cast<double>(spread.n)) /
                       std::sqrt(static_cast<double>(blocks.size()));
  out.interval =
      resampling::invert_test(p_of_effect, estimate, scale, 1.0 - draws.confidence_level);
  return out;
}

}  // namespace assay::interference
