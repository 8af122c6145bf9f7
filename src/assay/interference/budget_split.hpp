#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "assay/base/result.hpp"
#include "assay/stats/contrast.hpp"

namespace assay::interference {

/// One advertiser in both arms at once: its budget was split in proportion to the users of each
/// arm, so that the arms are two markets that do not eat each other's budget.
struct AdvertiserSplit {
  double control = 0.0;  ///< Outcome in the control market, or the numerator of a ratio.
  double treatment = 0.0;
  double control_denominator = 1.0;  ///< Of a ratio metric (spend, impressions).
  double treatment_denominator = 1.0;
  std::optional<double> control_spend = {};  ///< For the check of the split.
  std::optional<double> treatment_spend = {};
};

struct BudgetSplitOptions {
  double treatment_share = 0.5;  ///< Of users and of every budget.
  bool ratio = false;            ///< Sum of outcomes over sum of denominators.
  double confidence_level = 0.95;
};

struct BudgetSplitEffect {
  /// Per advertiser, each arm scaled to the whole market (outcome / share); a ratio is not scaled.
  stats::Contrast contrast;
  /// The same, advertisers of the two arms taken for different ones: forgets that each stands in
  /// both.
  stats::Contrast naive;
  double correlation = 0.0;  ///< Of an advertiser's two outcomes.
  /// Spend of the treatment market over all spend, where all advertisers give it.
  std::optional<double> treatment_spend_share;
};

/// Advertisers as units, paired with themselves: means with the covariance of the two arms (or
/// sums' ratio by the delta method on four sums), t with n - 1 degrees of freedom. Assumes budgets
/// and users were split alike and kept apart; a user-level test with one shared budget shows gains
/// that come out of the other arm's budget and vanish at launch. Fails with invalid_spec (share
/// outside (0, 1)), invalid_data (a value not finite, a denominator negative) and
/// undefined_statistic (fewer than 2 advertisers, denominators that sum to 0, no spread).
/// Reference: Liu, Mao & Kang, KDD 2021 (Trustworthy and Powerful Online Marketplace
/// Experimentation with Budget-split Design).
Result<BudgetSplitEffect> budget_split_effect(std::span<const AdvertiserSplit> advertisers,
                                              const BudgetSplitOptions& options = {});

}  // namespace assay::interference
