#include "assay/design/many_arms.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <numbers>

#include "assay/numerics/distributions.hpp"
#include "assay/stats/power.hpp"
#include "assay/stats/simultaneous.hpp"

namespace assay::design {
namespace {

constexpr double kReach = 9.0;  // Standard deviations of the control that matter.
constexpr int kMostTreatments = 200;

/// Gauss-Legendre with 10 nodes on [-1, 1]; Abramowitz & Stegun table 25.4.
constexpr std::array<double, 5> kNodes{0.148874338981631211, 0.433395394129247191,
                                       0.679409568299024406, 0.865063366688984511,
                                       0.973906528517171720};
constexpr std::array<double, 5> kWeights{0.295524224714752870, 0.269266719309996355,
                                         0.219086362515982044, 0.149451349150580593,
                                         0.066671344308688138};

template <class F>
double integrate(F f, double low, double high, int panels) {
  double sum = 0.0;
  const double half = 0.5 * (high - low) / panels;
  for (int p = 0; p < panels; ++p) {
    const double middle = low + half * (2.0 * p + 1.0);
    for (std::size_t i = 0; i < kNodes.size(); ++i) {
      sum += kWeights[i] * (f(middle - half * kNodes[i]) + f(middle + half * kNodes[i]));
    }
  }
  return sum * half;
}

double density(double z) { return std::exp(-0.5 * z * z) / std::sqrt(2.0 * std::numbers::pi); }

/// P(no rejection at `critical`), effects of `shifts` standard errors: given the control's
/// deviation z the treatments are independent.
double none_rejected(const Comparisons& comparisons, double critical, bool one_sided,
                     const std::vector<double>& shifts) {
  const double common = std::sqrt(1.0 / (1.0 + comparisons.control_ratio));
  const double own = std::sqrt(comparisons.control_ratio / (1.0 + comparisons.control_ratio));
  const auto inside = [&](double z, double shift) {
    const double high = numerics::normal_cdf((critical - shift + common * z) / own);
    if (one_sided) return high;
    return std::max(0.0, high - numerics::normal_cdf((-critical - shift + common * z) / own));
  };
  return integrate(
      [&](double z) {
        double product = density(z);
        for (const double shift : shifts) product *= inside(z, shift);
        return product;
      },
      -kReach, kReach, 24);
}

/// Dunnett's critical value: the largest of the comparisons, correlated through their control.
Result<double> dunnett(const Comparisons& comparisons, double alpha, double degrees_of_freedom,
                       bool one_sided) {
  const std::vector<double> treatments(static_cast<std::size_t>(comparisons.treatments), 1.0);
  return stats::joint_critical_value(
      {.correlation = stats::many_to_one_correlation(1.0 / comparisons.control_ratio, treatments),
       .degrees_of_freedom = degrees_of_freedom,
       .sides = one_sided ? stats::Sides::upper : stats::Sides::two},
      1.0 - alpha);
}

Result<void> check(const Comparisons& comparisons) {
  if (comparisons.treatments < 1 || comparisons.treatments > kMostTreatments) {
    return fail(ErrorCode::invalid_spec, fmt::format("an experiment has 1 to {} treatments; got {}",
                                                     kMostTreatments, comparisons.treatments));
  }
  if (!(comparisons.control_ratio > 0.0) || !std::isfinite(comparisons.control_ratio)) {
    return fail(ErrorCode::invalid_spec,
                fmt::format("control units per treatment unit must be positive; got {}",
                            comparisons.control_ratio));
  }
  return {};
}

}  // namespace

std::string_view to_text(Correction correction) {
  switch (correction) {
    case Correction::none:
      return "none";
    case Correction::bonferroni:
      return "bonferroni";
    case Correction::dunnett:
      return "dunnett";
  }
  return "";
}

Result<double> critical_of(const Comparisons& comparisons, double alpha, double degrees_of_freedom,
                           bool one_sided) {
  ASSAY_CHECK(check(comparisons));
  if (!(alpha > 0.0 && alpha < 1.0))
    return fail(ErrorCode::invalid_spec, fmt::format("alpha lies between 0 and 1; got {}", alpha));
  if (!(degrees_of_freedom >= 1.0)) {
    return fail(ErrorCode::invalid_spec,
                fmt::format("degrees of freedom must be 1 or more; got {}", degrees_of_freedom));
  }
  const double tail = one_sided ? alpha : alpha / 2.0;
  const double alone = stats::critical_value(tail, degrees_of_freedom);
  const bool one = comparisons.treatments == 1 || comparisons.correction == Correction::none;
  if (one) return alone;
  if (comparisons.correction == Correction::dunnett)
    return dunnett(comparisons, alpha, degrees_of_freedom, one_sided);
  return stats::critical_value(tail / comparisons.treatments, degrees_of_freedom);
}

Result<double> any_rejection(const Comparisons& comparisons, double critical,
                             const std::vector<double>& shifts, bool one_sided) {
  ASSAY_CHECK(check(comparisons));
  if (shifts.size() != static_cast<std::size_t>(comparisons.treatments)) {
    return fail(ErrorCode::invalid_spec,
                fmt::format("{} effects for {} treatments", shifts.size(), comparisons.treatments));
  }
  return std::clamp(1.0 - none_rejected(comparisons, critical, one_sided, shifts), 0.0, 1.0);
}

Result<double> best_control_ratio(int treatments, double control_sd, double treatment_sd) {
  ASSAY_CHECK(check({.treatments = treatments}));
  if (!(control_sd > 0.0 && treatment_sd > 0.0)) {
    return fail(ErrorCode::invalid_spec, fmt::format("standard deviations must be positive; got {} "
                                                     "and {}",
                                                     control_sd, treatment_sd));
  }
  return std::sqrt(static_cast<double>(treatments)) * control_sd / treatment_sd;
}

Result<double> power_for_each(double power, int n_tests) {
  if (!(power > 0.0 && power < 1.0))
    return fail(ErrorCode::invalid_spec, fmt::format("power lies between 0 and 1; got {}", power));
  if (n_tests < 1)
    return fail(ErrorCode::invalid_spec,
                fmt::format("a rule has one test or more; got {}", n_tests));
  return 1.0 - (1.0 - power) / n_tests;
}

}  // namespace assay::design
