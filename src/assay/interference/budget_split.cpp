#include "assay/interference/budget_split.hpp"

#include <fmt/core.h>

#include <array>
#include <cmath>

#include "assay/stats/interval.hpp"

namespace assay::interference {
namespace {

using numerics::CoMoments;

Result<void> check_advertisers(std::span<const AdvertiserSplit> advertisers,
                               const BudgetSplitOptions& options) {
  ASSAY_CHECK(stats::check_confidence_level(options.confidence_level));
  if (!(options.treatment_share > 0.0 && options.treatment_share < 1.0))
    return fail(
        ErrorCode::invalid_spec,
        fmt::format("the treatment share lies inside (0, 1); got {}", options.treatment_share));
  for (std::size_t i = 0; i < advertisers.size(); ++i) {
    const auto& a = advertisers[i];
    if (!std::isfinite(a.control) || !std::isfinite(a.treatment) ||
        !(a.control_denominator >= 0.0) || !(a.treatment_denominator >= 0.0) ||
        !std::isfinite(a.control_denominator + a.treatment_denominator))
      return fail(ErrorCode::invalid_data,
                  "outcomes must be finite and denominators finite and not negative",
                  fmt::format("advertiser {}", i + 1));
  }
  if (advertisers.size() < 2)
    return fail(ErrorCode::undefined_statistic,
                fmt::format("a comparison needs two advertisers; got {}", advertisers.size()));
  return {};
}

/// Moments of each advertiser's linearised outcomes in both arms, and the arms' values.
struct Linear {
  CoMoments both{2};
  std::array<double, 2> value{};
};

Result<Linear> ratios(std::span<const AdvertiserSplit> advertisers) {
  CoMoments all(4);
  for (const auto& a : advertisers)
    all.add(std::array<double, 4>{a.control, a.treatment, a.control_denominator,
                                  a.treatment_denominator});
  if (!(all.mean[2] > 0.0) || !(all.mean[3] > 0.0))
    return fail(ErrorCode::undefined_statistic, "the denominator of an arm sums to 0");
  Linear out;
  out.value = {all.mean[0] / all.mean[2], all.mean[1] / all.mean[3]};
  for (const auto& a : advertisers)
    out.both.add(std::array<double, 2>{
        (a.control - out.value[0] * a.control_denominator) / all.mean[2],
        (a.treatment - out.value[1] * a.treatment_denominator) / all.mean[3]});
  return out;
}

Linear scaled(std::span<const AdvertiserSplit> advertisers, double share) {
  Linear out;
  for (const auto& a : advertisers)
    out.both.add(std::array<double, 2>{a.control / (1.0 - share), a.treatment / share});
  out.value = {out.both.mean[0], out.both.mean[1]};
  return out;
}

std::optional<double> spend_share(std::span<const AdvertiserSplit> advertisers) {
  double control = 0.0;
  double treatment = 0.0;
  for (const auto& a : advertisers) {
    if (!a.control_spend || !a.treatment_spend) return std::nullopt;
    control += *a.control_spend;
    treatment += *a.treatment_spend;
  }
  if (!(control + treatment > 0.0)) return std::nullopt;
  return treatment / (control + treatment);
}

}  // namespace

Result<BudgetSplitEffect> budget_split_effect(std::span<const AdvertiserSplit> advertisers,
                                              const BudgetSplitOptions& options) {
  ASSAY_CHECK(check_advertisers(advertisers, options));
  Linear linear;
  if (options.ratio) {
    ASSAY_TRY(linear, ratios(advertisers));
  } else {
    linear = scaled(advertisers, options.treatment_share);
  }
  const CoMoments& m = linear.both;
  const auto n = static_cast<double>(m.n);
  stats::EstimatedPair pair;
  pair.control_value = linear.value[0];
  pair.treatment_value = linear.value[1];
  pair.values = {m.covariance(0, 0) / n, m.covariance(1, 1) / n, m.covariance(0, 1) / n};
  pair.degrees_of_freedom = n - 1.0;
  pair.n_control = pair.n_treatment = m.n;
  BudgetSplitEffect out;
  ASSAY_TRY(out.contrast, stats::contrast_of_values(pair, options.confidence_level));
  const double spread = std::sqrt(m.at(0, 0) * m.at(1, 1));
  out.correlation = spread > 0.0 ? m.at(0, 1) / spread : 0.0;
  pair.values.covariance = 0.0;
  pair.degrees_of_freedom = 2.0 * (n - 1.0);
  ASSAY_TRY(out.naive, stats::contrast_of_values(pair, options.confidence_level));
  out.treatment_spend_share = spend_share(advertisers);
  if (out.treatment_spend_share &&
      std::abs(*out.treatment_spend_share - options.treatment_share) > 0.05)
    out.contrast.notes.push_back(
        {"spend_share",
         fmt::format("the treatment market spent {:.1f} % of all, {:.1f} % were "
                     "planned: budgets may have leaked, or the effect is on spend",
                     100.0 * *out.treatment_spend_share, 100.0 * options.treatment_share)});
  return out;
}

}  // namespace assay::interference
