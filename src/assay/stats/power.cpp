#include "assay/stats/power.hpp"

#include <fmt/core.h>

#include <cmath>
#include <functional>

#include "assay/numerics/distributions.hpp"

namespace assay::stats {
namespace {

/// Above this many degrees of freedom the non-central t is the shifted normal to 1e-7.
constexpr double kNormalDof = 1e5;

/// No search looks beyond this many units.
constexpr double kMostUnits = 1e15;

Result<void> check(const TestPlan& plan, bool power_is_given) {
  const auto inside = [](double x) { return x > 0.0 && x < 1.0; };
  if (!inside(plan.alpha) || !inside(plan.treatment_share)) {
    return fail(ErrorCode::invalid_spec,
                fmt::format("alpha and treatment share lie between 0 and 1; got {} and {}",
                            plan.alpha, plan.treatment_share));
  }
  if (power_is_given && !(inside(plan.power) && plan.power > plan.alpha)) {
    return fail(ErrorCode::invalid_spec,
                fmt::format("power lies between alpha and 1; got {}", plan.power), "",
                "write 0.8 for 80 %");
  }
  return {};
}

Result<void> check_spread(const UnitSpread& spread) {
  if (spread.control_sd > 0.0 && spread.treatment_sd > 0.0 && std::isfinite(spread.control_sd) &&
      std::isfinite(spread.treatment_sd))
    return {};
  return fail(ErrorCode::invalid_spec,
              fmt::format("standard deviations must be positive; got {} and {}", spread.control_sd,
                          spread.treatment_sd));
}

Result<void> check_units(double n_total, const TestPlan& plan) {
  const double smaller = n_total * std::min(plan.treatment_share, 1.0 - plan.treatment_share);
  if (smaller >= 2.0 && std::isfinite(n_total)) return {};
  return fail(ErrorCode::invalid_spec,
              fmt::format("power needs two units in each arm; got a total of {}", n_total));
}

Result<void> check_proportion(double p, std::string_view name) {
  if (p > 0.0 && p < 1.0) return {};
  return fail(ErrorCode::invalid_spec,
              fmt::format("the {} proportion lies between 0 and 1; got {}", name, p));
}

double tail_of(const TestPlan& plan) { return plan.one_sided ? plan.alpha : plan.alpha / 2.0; }

double means_power(const UnitSpread& s, double effect, double n_total, const TestPlan& plan) {
  const double nt = n_total * plan.treatment_share;
  const double nc = n_total - nt;
  const double vc = s.control_sd * s.control_sd / nc;
  const double vt = s.treatment_sd * s.treatment_sd / nt;
  const double share = vc / (vc + vt);
  const double dof =
      1.0 / (share * share / (nc - 1.0) + (1.0 - share) * (1.0 - share) / (nt - 1.0));
  const double shift = std::abs(effect) / std::sqrt(vc + vt);
  return rejection_probability(shift, critical_value(tail_of(plan), dof), dof, plan.one_sided);
}

double proportions_power(double p1, double p2, double n_total, const TestPlan& plan) {
  const double nt = n_total * plan.treatment_share;
  const double nc = n_total - nt;
  const double pooled = (nc * p1 + nt * p2) / n_total;
  const double null_sd = std::sqrt(pooled * (1.0 - pooled) * (1.0 / nc + 1.0 / nt));
  const double sd = std::sqrt(p1 * (1.0 - p1) / nc + p2 * (1.0 - p2) / nt);
  const double critical = numerics::normal_upper_quantile(tail_of(plan)) * null_sd;
  const double effect = std::abs(p2 - p1);
  const double upper = numerics::normal_sf((critical - effect) / sd);
  return plan.one_sided ? upper : upper + numerics::normal_cdf((-critical - effect) / sd);
}

/// The smallest whole total whose power reaches the plan's; power rises with the total.
Result<std::int64_t> smallest_total(const std::function<double(double)>& power,
                                    const TestPlan& plan) {
  const double smaller_share = std::min(plan.treatment_share, 1.0 - plan.treatment_share);
  return smallest_n(power, plan.power, std::ceil(2.0 / smaller_share));
}

}  // namespace

double critical_value(double tail, double degrees_of_freedom) {
  return degrees_of_freedom > kNormalDof
             ? numerics::normal_upper_quantile(tail)
             : numerics::student_t_upper_quantile(tail, degrees_of_freedom);
}

double rejection_probability(double shift, double critical, double degrees_of_freedom,
                             bool one_sided) {
  const bool normal = degrees_of_freedom > kNormalDof || std::abs(shift) > 30.0;
  const double upper = normal ? numerics::normal_sf(critical - shift)
                              : numerics::noncentral_t_sf(critical, degrees_of_freedom, shift);
  if (one_sided) return upper;
  return upper + (normal ? numerics::normal_cdf(-critical - shift)
                         : numerics::noncentral_t_cdf(-critical, degrees_of_freedom, shift));
}

Result<std::int64_t> smallest_n(const std::function<double(double)>& power, double wanted,
                                double from) {
  double low = from;
  if (power(low) >= wanted) return static_cast<std::int64_t>(low);
  double high = low;
  while (power(high) < wanted) {
    low = high;
    high *= 2.0;
    if (high > kMostUnits) {
      return fail(ErrorCode::undefined_statistic,
                  "the effect is too small for any number of units to detect", "",
                  "plan for a larger effect");
    }
  }
  while (high - low > 1.0) {
    const double middle = std::floor((low + high) / 2.0);
    (power(middle) >= wanted ? high : low) = middle;
  }
  return static_cast<std::int64_t>(high);
}

double smallest_effect(const std::function<double(double)>& power, double wanted, double high) {
  double low = 0.0;
  for (int i = 0; i < 200 && high - low > 1e-13 * high; ++i) {
    const double middle = 0.5 * (low + high);
    (power(middle) >= wanted ? high : low) = middle;
  }
  return high;
}

Result<double> power_of_means(const UnitSpread& spread, double effect, double n_total,
                              const TestPlan& plan) {
  ASSAY_CHECK(check(plan, false));
  ASSAY_CHECK(check_spread(spread));
  ASSAY_CHECK(check_units(n_total, plan));
  return means_power(spread, effect, n_total, plan);
}

Result<std::int64_t> n_total_for_means(const UnitSpread& spread, double effect,
                                       const TestPlan& plan) {
  ASSAY_CHECK(check(plan, true));
  ASSAY_CHECK(check_spread(spread));
  if (!(std::abs(effect) > 0.0) || !std::isfinite(effect))
    return fail(ErrorCode::invalid_spec, fmt::format("the effect must not be 0; got {}", effect));
  return smallest_total([&](double n) { return means_power(spread, effect, n, plan); }, plan);
}

Result<double> mde_of_means(const UnitSpread& spread, double n_total, const TestPlan& plan) {
  ASSAY_CHECK(check(plan, true));
  ASSAY_CHECK(check_spread(spread));
  ASSAY_CHECK(check_units(n_total, plan));
  const auto power = [&](double effect) { return means_power(spread, effect, n_total, plan); };
  double high = std::max(spread.control_sd, spread.treatment_sd) / std::sqrt(n_total);
  while (power(high) < plan.power) high *= 2.0;
  return smallest_effect(power, plan.power, high);
}

Result<double> power_of_proportions(double control, double treatment, double n_total,
                                    const TestPlan& plan) {
  ASSAY_CHECK(check(plan, false));
  ASSAY_CHECK(check_proportion(control, "control"));
  ASSAY_CHECK(check_proportion(treatment, "treatment"));
  ASSAY_CHECK(check_units(n_total, plan));
  return proportions_power(control, treatment, n_total, plan);
}

Result<std::int64_t> n_total_for_proportions(double control, double treatment,
                                             const TestPlan& plan) {
  ASSAY_CHECK(check(plan, true));
  ASSAY_CHECK(check_proportion(control, "control"));
  ASSAY_CHECK(check_proportion(treatment, "treatment"));
  if (control == treatment) return fail(ErrorCode::invalid_spec, "the two proportions must differ");
  return smallest_total([&](double n) { return proportions_power(control, treatment, n, plan); },
                        plan);
}

Result<double> mde_of_proportions(double control, double n_total, const TestPlan& plan) {
  ASSAY_CHECK(check(plan, true));
  ASSAY_CHECK(check_proportion(control, "control"));
  ASSAY_CHECK(check_units(n_total, plan));
  const auto power = [&](double rise) {
    return proportions_power(control, control + rise, n_total, plan);
  };
  const double most = (1.0 - control) * (1.0 - 1e-9);
  if (power(most) < plan.power) {
    return fail(ErrorCode::undefined_statistic,
                fmt::format("even a rise to 1 is not detected with {} units", n_total), "",
                "plan for more units");
  }
  return smallest_effect(power, plan.power, most);
}

}  // namespace assay::stats
