#include "assay/resampling/rerandomize.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <memory>
#include <mutex>

#include "assay/numerics/parallel.hpp"
#include "assay/resampling/detail/aa_units.hpp"
#include "assay/stats/interval.hpp"

namespace assay::resampling {
namespace {

using detail::AaUnits;
using stats::Contrast;

/// Draws in one pass over the units: many, so that tables pay; masks stay below this memory.
constexpr std::size_t kMostDraws = 512;
constexpr std::size_t kFewestDraws = 32;
constexpr std::size_t kMaskBytes = std::size_t{64} << 20;

constexpr double kRateConfidence = 0.95;

/// What is kept of every draw: per arm and metric, per arm and family, per arm.
struct Tally {
  std::size_t draws = 0;
  std::size_t metrics = 0;
  std::size_t arms = 0;         ///< Treatment arms.
  std::vector<double> p_value;  ///< (arm, metric) major, draw minor; NaN: undefined.
  std::vector<double> difference;
  std::vector<double> std_error;
  std::vector<std::int8_t> side;                   ///< 1: interval above 0, -1: below.
  std::vector<std::vector<std::size_t>> families;  ///< Metrics of each.
  std::vector<std::string> family_names;
  std::vector<std::uint8_t> family_rejected;  ///< (arm, family) major.
  std::vector<std::size_t> verdict;           ///< Arm major.
  detail::ExactContrasts exact;
  std::mutex reason_mutex;
  /// First draw without a contrast and why, per arm and metric: the earliest, whatever the thread.
  std::vector<std::pair<std::size_t, std::string>> reason;

  [[nodiscard]] std::size_t at(std::size_t arm, std::size_t metric, std::size_t draw) const {
    return ((arm - 1) * metrics + metric) * draws + draw;
  }
};

void shape(const std::vector<AaMetric>& metrics, const AaOptions& options, Tally& tally) {
  tally.draws = static_cast<std::size_t>(options.draws);
  tally.metrics = metrics.size();
  tally.arms = options.weights.size() - 1;
  const std::size_t cells = tally.arms * tally.metrics * tally.draws;
  tally.p_value.assign(cells, std::numeric_limits<double>::quiet_NaN());
  tally.difference.assign(cells, 0.0);
  tally.std_error.assign(cells, 0.0);
  tally.side.assign(cells, 0);
  tally.verdict.assign(tally.arms * tally.draws, 0);
  tally.reason.assign(tally.arms * tally.metrics, {tally.draws, ""});
  for (std::size_t m = 0; m < metrics.size(); ++m) {
    const std::string& name = metrics[m].family;
    const auto found = std::find(tally.family_names.begin(), tally.family_names.end(), name);
    const auto at = static_cast<std::size_t>(found - tally.family_names.begin());
    if (name.empty()) continue;
    if (found == tally.family_names.end()) {
      tally.family_names.push_back(name);
      tally.families.emplace_back();
    }
    tally.families[at].push_back(m);
  }
  tally.family_rejected.assign(tally.arms * tally.families.size() * tally.draws, 0);
}

/// p-values corrected within families; metrics without one keep their own, undefined ones get 1.
Result<std::vector<double>> adjusted(const std::vector<std::optional<Contrast>>& contrasts,
                                     const Tally& tally, stats::Multiplicity method) {
  std::vector<double> out;
  for (const auto& c : contrasts) out.push_back(c ? c->p_value : 1.0);
  for (const auto& family : tally.families) {
    std::vector<double> p;
    for (const std::size_t m : family)
      if (contrasts[m]) p.push_back(contrasts[m]->p_value);
    ASSAY_TRY(const auto corrected, stats::adjust_p_values(p, method));
    std::size_t next = 0;
    for (const std::size_t m : family)
      if (contrasts[m]) out[m] = corrected[next++];
  }
  return out;
}

std::vector<std::optional<Contrast>> contrasts_of(const AaUnits& units,
                                                  const std::vector<AaMetric>& metrics,
                                                  const detail::ArmTotals& totals, std::size_t arm,
                                                  std::size_t draw, double confidence_level,
                                                  detail::ExactContrasts& exact,
                                                  std::vector<std::string>& reasons) {
  std::vector<std::optional<Contrast>> out;
  for (std::size_t m = 0; m < metrics.size(); ++m) {
    auto contrast = detail::contrast_of(units, metrics[m], units.metrics[m], totals, arm, draw,
                                        confidence_level, exact);
    reasons.push_back(contrast ? "" : contrast.error().problem);
    if (contrast) {
      out.emplace_back(std::move(*contrast));
    } else {
      out.emplace_back(std::nullopt);
    }
  }
  return out;
}

void note_reason(Tally& tally, std::size_t arm, std::size_t metric, std::size_t draw,
                 const std::string& reason) {
  const std::lock_guard lock(tally.reason_mutex);
  auto& first = tally.reason[(arm - 1) * tally.metrics + metric];
  if (draw < first.first) first = {draw, reason};
}

/// Reads one draw of one arm into the tally.
Result<void> read(const AaUnits& units, const std::vector<AaMetric>& metrics,
                  const AaOptions& options, const detail::ArmTotals& totals, std::size_t arm,
                  std::size_t in_batch, std::size_t draw, Tally& tally) {
  std::vector<std::string> reasons;
  const auto contrasts = contrasts_of(units, metrics, totals, arm, in_batch,
                                      options.confidence_level, tally.exact, reasons);
  for (std::size_t m = 0; m < metrics.size(); ++m) {
    if (!contrasts[m]) {
      note_reason(tally, arm, m, draw, reasons[m]);
      continue;
    }
    const std::size_t at = tally.at(arm, m, draw);
    tally.p_value[at] = contrasts[m]->p_value;
    tally.difference[at] = contrasts[m]->difference;
    tally.std_error[at] = contrasts[m]->std_error;
    tally.side[at] = contrasts[m]->ci_low > 0.0 ? 1 : contrasts[m]->ci_high < 0.0 ? -1 : 0;
  }
  ASSAY_TRY(const auto p, adjusted(contrasts, tally, options.multiplicity));
  for (std::size_t f = 0; f < tally.families.size(); ++f) {
    const bool any =
        std::any_of(tally.families[f].begin(), tally.families[f].end(),
                    [&](std::size_t m) { return p[m] < 1.0 - options.confidence_level; });
    tally.family_rejected[((arm - 1) * tally.families.size() + f) * tally.draws + draw] = any;
  }
  if (!options.decision) return {};
  const AaReading reading{static_cast<std::int64_t>(draw), arm, contrasts, p};
  const std::size_t verdict = options.decision(reading);
  if (verdict >= options.verdicts.size()) {
    return fail(ErrorCode::internal, fmt::format("the decision gave verdict number {} of {}",
                                                 verdict, options.verdicts.size()));
  }
  tally.verdict[(arm - 1) * tally.draws + draw] = verdict;
  return {};
}

Result<AchievedRate> rate_of(std::int64_t events, std::int64_t draws) {
  AchievedRate out{events, draws, 0.0, 0.0, 1.0};
  if (draws == 0) return out;
  ASSAY_TRY(const auto interval, stats::clopper_pearson(events, draws, kRateConfidence));
  out.rate = interval.estimate;
  out.ci_low = interval.low;
  out.ci_high = interval.high;
  return out;
}

Result<MetricCertificate> certify(const Tally& tally, const AaMetric& metric,
                                  const detail::AaColumns& columns, std::size_t arm,
                                  std::size_t m) {
  MetricCertificate out;
  out.name = metric.name;
  out.arm = arm;
  out.cap = columns.cap;
  std::vector<double> p;
  numerics::Moments differences;
  double squares = 0.0;
  std::int64_t above = 0;
  std::int64_t below = 0;
  for (std::size_t d = 0; d < tally.draws; ++d) {
    const std::size_t at = tally.at(arm, m, d);
    if (std::isnan(tally.p_value[at])) continue;
    p.push_back(tally.p_value[at]);
    differences.add(tally.difference[at]);
    squares += tally.std_error[at] * tally.std_error[at];
    above += tally.side[at] > 0 ? 1 : 0;
    below += tally.side[at] < 0 ? 1 : 0;
  }
  const auto n = static_cast<std::int64_t>(p.size());
  out.n_undefined = static_cast<std::int64_t>(tally.draws) - n;
  out.undefined_reason = tally.reason[(arm - 1) * tally.metrics + m].second;
  ASSAY_TRY(out.rejected, rate_of(above + below, n));
  ASSAY_TRY(out.rejected_above, rate_of(above, n));
  ASSAY_TRY(out.rejected_below, rate_of(below, n));
  if (n == 0) return out;
  ASSAY_TRY(out.p_values, uniformity(p));
  out.mean_difference = differences.mean;
  if (n > 1) out.sd_of_differences = std::sqrt(differences.m2 / static_cast<double>(n - 1));
  out.mean_std_error = std::sqrt(squares / static_cast<double>(n));
  return out;
}

Result<AaCertificate> summarise(const AaUnits& units, const std::vector<AaMetric>& metrics,
                                const AaOptions& options, const Tally& tally) {
  AaCertificate out;
  out.n_units = static_cast<std::int64_t>(units.n_units);
  out.draws = options.draws;
  out.seed = options.seed;
  for (std::size_t arm = 1; arm <= tally.arms; ++arm) {
    for (std::size_t m = 0; m < metrics.size(); ++m) {
      ASSAY_TRY(auto metric, certify(tally, metrics[m], units.metrics[m], arm, m));
      out.metrics.push_back(std::move(metric));
    }
    for (std::size_t f = 0; f < tally.families.size(); ++f) {
      const auto begin =
          tally.family_rejected.begin() +
          static_cast<std::ptrdiff_t>(((arm - 1) * tally.families.size() + f) * tally.draws);
      const auto count =
          std::count(begin, begin + static_cast<std::ptrdiff_t>(tally.draws), std::uint8_t{1});
      ASSAY_TRY(const auto rate, rate_of(count, options.draws));
      out.families.push_back({tally.family_names[f], arm, tally.families[f].size(), rate});
    }
    for (std::size_t v = 0; v < options.verdicts.size(); ++v) {
      const auto begin =
          tally.verdict.begin() + static_cast<std::ptrdiff_t>((arm - 1) * tally.draws);
      const auto count = std::count(begin, begin + static_cast<std::ptrdiff_t>(tally.draws), v);
      ASSAY_TRY(const auto rate, rate_of(count, options.draws));
      out.verdicts.push_back({options.verdicts[v], arm, rate});
    }
  }
  return out;
}

/// Masks that a batch is done with, for the next: their memory is large.
class SpareMasks {
 public:
  std::unique_ptr<detail::ArmMasks> take() {
    const std::lock_guard lock(mutex_);
    if (spare_.empty()) return std::make_unique<detail::ArmMasks>();
    auto out = std::move(spare_.back());
    spare_.pop_back();
    return out;
  }
  void give(std::unique_ptr<detail::ArmMasks> masks) {
    const std::lock_guard lock(mutex_);
    spare_.push_back(std::move(masks));
  }

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<detail::ArmMasks>> spare_;
};

std::size_t draws_together(const AaUnits& units) {
  const std::size_t bytes_a_draw = (units.data.n_rows / 8 + 8) * (units.rule.shares.size() - 1);
  return std::clamp(kMaskBytes / bytes_a_draw, kFewestDraws, kMostDraws);
}

}  // namespace

Result<AaCertificate> rerandomize(const std::vector<AaMetric>& metrics, const AaOptions& options,
                                  const Progress& progress) {
  ASSAY_TRY(const auto units, detail::prepare_units(metrics, options));
  Tally tally;
  shape(metrics, options, tally);
  const std::size_t together = draws_together(units);
  const std::size_t batches = (tally.draws + together - 1) / together;
  std::vector<Result<void>> outcome(batches);
  SpareMasks spare;
  std::atomic<std::size_t> done{0};
  const auto run = [&](std::size_t batch) -> Result<void> {
    ASSAY_CHECK(progress.check());
    const std::size_t first = batch * together;
    const std::size_t count = std::min(together, tally.draws - first);
    auto masks = spare.take();
    detail::draw_masks(units.rule, first, count, *masks);
    ASSAY_TRY(const auto totals, detail::arm_totals(units.data, *masks, progress));
    spare.give(std::move(masks));
    for (std::size_t d = 0; d < count; ++d)
      for (std::size_t arm = 1; arm <= tally.arms; ++arm)
        ASSAY_CHECK(read(units, metrics, options, totals, arm, d, first + d, tally));
    progress.at("re-randomisation", static_cast<double>(++done) / static_cast<double>(batches));
    return {};
  };
  numerics::for_each_chunk(batches, options.threads,
                           [&](std::size_t batch) { outcome[batch] = run(batch); });
  for (const auto& result : outcome) ASSAY_CHECK(result);
  return summarise(units, metrics, options, tally);
}

Result<AaDraw> replay_draw(const std::vector<AaMetric>& metrics, const AaOptions& options,
                           std::int64_t draw) {
  ASSAY_TRY(const auto units, detail::prepare_units(metrics, options));
  const auto masks = detail::draw_masks(units.rule, static_cast<std::uint64_t>(draw), 1);
  ASSAY_TRY(const auto totals, detail::arm_totals(units.data, masks, Progress{}));
  AaDraw out;
  for (const std::size_t row : units.row_of) {
    std::uint8_t arm = 0;
    for (std::size_t k = 1; k <= masks.words.size(); ++k)
      if (masks.has(k, 0, row)) arm = static_cast<std::uint8_t>(k);
    out.arms.push_back(arm);
  }
  detail::ExactContrasts exact;
  std::vector<std::string> reasons;
  for (std::size_t arm = 1; arm <= masks.words.size(); ++arm) {
    auto contrasts =
        contrasts_of(units, metrics, totals, arm, 0, options.confidence_level, exact, reasons);
    for (auto& contrast : contrasts) out.contrasts.push_back(std::move(contrast));
  }
  return out;
}

}  // namespace assay::resampling
