#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "assay/interference/detail/switchback_blocks.hpp"
#include "assay/interference/switchback.hpp"
#include "assay/stats/interval.hpp"
#include "assay/stats/multiplicity.hpp"

namespace assay::interference {
namespace {

using detail::Block;
using numerics::Moments;

/// Values at one offset of blocks, by [arm][arm of the block before].
using Table = std::array<std::array<Moments, 2>, 2>;

Table values_at(const SwitchbackData& data, const std::vector<Block>& blocks, std::size_t offset) {
  Table out;
  for (std::size_t b = 1; b < blocks.size(); ++b)
    if (blocks[b].follows && blocks[b].size > offset)
      out[blocks[b].arm][blocks[b - 1].arm].add(data.value[blocks[b].first + offset]);
  return out;
}

bool has_two_each(const Table& t) {
  return std::min({t[0][0].n, t[0][1].n, t[1][0].n, t[1][1].n}) >= 2;
}

/// Half of (kept - switched) within treated plus (switched - kept) within control: what the
/// previous block's arm still does, as a contrast of "before treated" with "before control".
Result<stats::Contrast> remainder(const Table& t, double level) {
  stats::EstimatedPair pair;
  double total = 0.0;
  double spread = 0.0;
  for (const std::size_t before : {0U, 1U}) {
    double value = 0.0;
    double variance = 0.0;
    for (const std::size_t own : {0U, 1U}) {
      const Moments& m = t[own][before];
      const auto n = static_cast<double>(m.n);
      const double part = 0.25 * m.m2 / (n - 1.0) / n;
      value += 0.5 * m.mean;
      variance += part;
      spread += part * part / (n - 1.0);
    }
    (before == 0 ? pair.control_value : pair.treatment_value) = value;
    (before == 0 ? pair.values.control_variance : pair.values.treatment_variance) = variance;
    (before == 0 ? pair.n_control : pair.n_treatment) = t[0][before].n + t[1][before].n;
    total += variance;
  }
  pair.degrees_of_freedom = total > 0.0 ? total * total / spread : 0.0;
  return stats::contrast_of_values(pair, level);
}

/// Autocovariances of a series up to a lag, centred, divided by its length (so no block's variance
/// comes out negative).
std::vector<double> autocovariances(std::span<const double> series, int lags) {
  Moments all;
  for (const double x : series) all.add(x);
  std::vector<double> out;
  for (std::size_t lag = 0; lag <= static_cast<std::size_t>(lags); ++lag) {
    double sum = 0.0;
    for (std::size_t i = lag; i < series.size(); ++i)
      sum += (series[i] - all.mean) * (series[i - lag] - all.mean);
    out.push_back(sum / static_cast<double>(series.size()));
  }
  return out;
}

}  // namespace

Result<CarryOver> carry_over_order(const SwitchbackData& data, double confidence_level,
                                   double alpha) {
  ASSAY_CHECK(stats::check_confidence_level(confidence_level));
  ASSAY_TRY(const auto blocks, detail::blocks_of(data));
  std::size_t longest = 0;
  for (const Block& b : blocks) longest = std::max(longest, b.size);
  CarryOver out;
  std::vector<double> p_values;
  for (std::size_t offset = 0; offset < longest; ++offset) {
    const Table table = values_at(data, blocks, offset);
    if (!has_two_each(table)) break;
    ASSAY_TRY(auto contrast, remainder(table, confidence_level));
    p_values.push_back(contrast.p_value);
    out.steps.push_back({static_cast<int>(offset), std::move(contrast), 1.0});
  }
  if (out.steps.empty())
    return fail(ErrorCode::undefined_statistic,
                "carry-over shows in blocks that kept and blocks that switched their arm; each arm "
                "needs two of either",
                "", "more blocks");
  ASSAY_TRY(const auto adjusted, stats::adjust_p_values(p_values, stats::Multiplicity::holm));
  for (std::size_t i = 0; i < adjusted.size(); ++i) {
    out.steps[i].adjusted_p_value = adjusted[i];
    if (adjusted[i] < alpha) out.order = out.steps[i].offset + 1;
  }
  out.detectable = static_cast<int>(out.steps.size());
  out.beyond = out.order == out.detectable;
  return out;
}

Result<std::vector<BurnIn>> burn_in_scan(const SwitchbackData& data, int most,
                                         double confidence_level) {
  if (most < 0) return fail(ErrorCode::invalid_spec, "a burn-in is a count of periods");
  ASSAY_TRY(const auto blocks, detail::blocks_of(data));
  std::vector<BurnIn> out;
  for (int periods = 0; periods <= most; ++periods) {
    const auto skip = static_cast<std::size_t>(periods);
    std::array<Moments, 2> arms;
    for (const Block& b : blocks) {
      if (b.size <= skip) continue;
      double sum = 0.0;
      for (std::size_t i = skip; i < b.size; ++i) sum += data.value[b.first + i];
      arms[b.arm].add(sum / static_cast<double>(b.size - skip));
    }
    if (periods > 0 && std::min(arms[0].n, arms[1].n) < 2) break;
    ASSAY_TRY(auto contrast, stats::welch(arms[0], arms[1], confidence_level));
    out.push_back({periods, std::move(contrast)});
  }
  return out;
}

Result<BlockLengthChoice> choose_block_length(std::span<const double> series, int carry_over,
                                              int longest) {
  if (carry_over < 0 || longest <= carry_over)
    return fail(ErrorCode::invalid_spec,
                fmt::format("blocks must be longer than the carry-over; got {} and {}", longest,
                            carry_over));
  const auto n = static_cast<double>(series.size());
  if (n < 8.0 * longest ||
      !std::all_of(series.begin(), series.end(), [](double x) { return std::isfinite(x); }))
    return fail(
        ErrorCode::undefined_statistic,
        fmt::format("{} finite periods are too few for blocks of {}", series.size(), longest), "",
        "give 8 blocks of the longest length at least");
  const auto gamma = autocovariances(series, longest);
  if (!(gamma[0] > 0.0)) return fail(ErrorCode::undefined_statistic, "the series does not vary");
  BlockLengthChoice out;
  double least = 0.0;
  for (int length = carry_over + 1; length <= longest; ++length) {
    const int used = length - carry_over;
    double variance = gamma[0] / used;
    for (int lag = 1; lag < used; ++lag)
      variance += 2.0 * gamma[static_cast<std::size_t>(lag)] * (used - lag) / (used * used);
    const double error = std::sqrt(4.0 * std::max(0.0, variance) / (n / length));
    out.lengths.push_back({length, error});
    if (out.best == 0 || error < least) {
      least = error;
      out.best = length;
    }
  }
  return out;
}

}  // namespace assay::interference
