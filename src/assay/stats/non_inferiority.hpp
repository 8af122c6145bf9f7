#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "assay/base/result.hpp"
#include "assay/stats/contrast.hpp"

namespace assay::stats {

/// Which way of the metric is good.
enum class Direction : std::uint8_t { increase, decrease };

enum class MarginScale : std::uint8_t { absolute, relative };

/// The largest worsening that is still acceptable.
struct Margin {
  double size = 0.0;  ///< Positive; 0.02 with relative = two percent of |control|.
  MarginScale scale = MarginScale::absolute;
};

enum class GuardrailStatus : std::uint8_t {
  non_inferior,  ///< A worsening by the margin is excluded.
  harmed,        ///< The whole interval is worse than the margin.
  undecided,
};

std::string_view to_text(GuardrailStatus status);

struct NonInferiority {
  GuardrailStatus status = GuardrailStatus::undecided;
  double margin =
      0.0;  ///< Signed limit of the change: -0.02 where up is good, +0.02 where down is.
  MarginScale scale = MarginScale::absolute;
  Direction direction = Direction::increase;
  double alpha = 0.025;                ///< One-sided.
  double statistic = 0.0;              ///< Of the contrast with the margin; positive = better.
  std::optional<double> p_value;       ///< One-sided, against "worse by the margin or more".
  std::optional<double> harm_p_value;  ///< One-sided, against "worse by the margin or less".
  std::string reason;                  ///< Why there is no p; empty otherwise.
};

/// Tests a guardrail against its margin, with the statistic that made the contrast: the linear
/// contrast treatment - (1 -+ margin) control for a relative margin, variance of the control
/// included; the score test at the margin for proportions (Farrington & Manning 1990), exact
/// where the contrast is. With alpha = (1 - confidence_level) / 2 the status is what the
/// contrast's own interval says: non_inferior <=> p_value < alpha <=> interval inside the margin.
/// Resampling contrasts (bootstrap, permutation) are read by their interval alone: no p, and alpha
/// must be (1 - confidence_level) / 2.
/// A relative margin of a baseline whose sign is uncertain is undecided, with the reason.
/// Fails with invalid_spec (margin not positive and finite, relative margin >= 1 where up is good,
/// alpha outside (0, 0.5)).
Result<NonInferiority> non_inferiority(const Contrast& contrast, Margin margin, Direction direction,
                                       double alpha = 0.025);

}  // namespace assay::stats
