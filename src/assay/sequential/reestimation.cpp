#include "assay/sequential/reestimation.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "assay/numerics/distributions.hpp"
#include "assay/sequential/detail/quadrature.hpp"

namespace assay::sequential {
namespace {

/// The plan in numbers; information is in multiples of the planned one.
struct Setting {
  double critical;  ///< z(alpha).
  double t;         ///< At the interim look.
  double target;    ///< Normal quantile of the target power.
  double most;
};

/// The z that the second stage by itself has to reach, with planned weights.
double hurdle(const Setting& s, double z) {
  return (s.critical - z * std::sqrt(s.t)) / std::sqrt(1.0 - s.t);
}

/// Conditional power when the second stage has `second` information and the trend is true.
double power_with(const Setting& s, double z, double second) {
  const double trend = z / std::sqrt(s.t);
  return numerics::normal_sf(hurdle(s, z) - trend * std::sqrt(second));
}

/// Second-stage information that restores the target under the trend (z > 0).
double second_wanted(const Setting& s, double z) {
  const double trend = z / std::sqrt(s.t);
  const double root = std::max(0.0, hurdle(s, z) + s.target) / trend;
  return root * root;
}

double second_chosen(const Setting& s, double z) {
  return std::clamp(second_wanted(s, z), 1.0 - s.t, s.most - s.t);
}

/// The critical value of the ordinary z at total information t + second that keeps the conditional
/// error of the plan.
double adjusted(const Setting& s, double z, double second) {
  return (hurdle(s, z) * std::sqrt(second) + z * std::sqrt(s.t)) / std::sqrt(s.t + second);
}

/// Smallest conditional power from which the adjusted critical value is at most z(alpha).
double least_safe_power(const Setting& s) {
  const auto planned_power = [&](double z) { return power_with(s, z, 1.0 - s.t); };
  // Where the planned size reaches the target there is no raise.
  const auto to_target = [&](double z) {
    return numerics::normal_cdf(s.target) - planned_power(z);
  };
  const double favourable = detail::find_root(to_target, 1e-6, 40.0, 1e-13);
  const auto excess = [&](double z) { return adjusted(s, z, second_chosen(s, z)) - s.critical; };
  // Just below the favourable zone the raise is small and safe; go down to the first unsafe z.
  const int steps = 4000;
  double above = favourable * (1.0 - 1e-9);
  for (int i = 1; i < steps; ++i) {
    const double z = favourable * (1.0 - static_cast<double>(i) / steps);
    if (excess(z) > 1e-12) return planned_power(detail::find_root(excess, z, above, 1e-13));
    above = z;
  }
  return planned_power(0.0);
}

Result<void> check(const PromisingZonePlan& plan, double z) {
  const auto inside = [](double x, double high) { return x > 0.0 && x < high; };
  const auto wrong = [](const char* what, double got) {
    return fail(ErrorCode::invalid_spec, fmt::format("{}; got {}", what, got));
  };
  if (!inside(plan.alpha, 0.5)) return wrong("one-sided alpha lies between 0 and 0.5", plan.alpha);
  if (!inside(plan.interim_fraction, 1.0))
    return wrong("the interim fraction lies between 0 and 1", plan.interim_fraction);
  if (!(plan.target_power > plan.alpha && plan.target_power < 1.0))
    return wrong("the target power lies between alpha and 1", plan.target_power);
  if (!(plan.most_information > 1.0) || !std::isfinite(plan.most_information))
    return wrong("the most information is a multiple of the plan above 1", plan.most_information);
  if (!(plan.least_conditional_power >= 0.0 && plan.least_conditional_power < plan.target_power)) {
    return wrong("the least conditional power lies between 0 and the target power",
                 plan.least_conditional_power);
  }
  if (std::isfinite(z)) return {};
  return fail(ErrorCode::invalid_data, "the interim statistic must be a finite number");
}

}  // namespace

std::string_view to_text(Zone zone) {
  switch (zone) {
    case Zone::unfavourable:
      return "unfavourable";
    case Zone::promising:
      return "promising";
    case Zone::favourable:
      break;
  }
  return "favourable";
}

Result<Reestimation> reestimate(const PromisingZonePlan& plan, double interim_statistic) {
  ASSAY_CHECK(check(plan, interim_statistic));
  const double z = interim_statistic;
  const Setting s{numerics::normal_upper_quantile(plan.alpha), plan.interim_fraction,
                  numerics::normal_upper_quantile(1.0 - plan.target_power), plan.most_information};
  const double planned = 1.0 - s.t;
  Reestimation out;
  out.conditional_power = power_with(s, z, planned);
  out.least_conditional_power =
      plan.least_conditional_power > 0.0 ? plan.least_conditional_power : least_safe_power(s);
  out.weight_before = std::sqrt(s.t);
  out.weight_after = std::sqrt(planned);
  double second = planned;
  if (out.conditional_power >= plan.target_power) {
    out.zone = Zone::favourable;
  } else if (z > 0.0 && out.conditional_power >= out.least_conditional_power) {
    out.zone = Zone::promising;
    second = second_chosen(s, z);
    out.capped = second_wanted(s, z) > s.most - s.t;
  }
  out.new_information = s.t + second;
  out.new_conditional_power = power_with(s, z, second);
  out.adjusted_critical_value = adjusted(s, z, second);
  out.ordinary_test_valid = out.adjusted_critical_value <= s.critical + 1e-9;
  return out;
}

Result<std::vector<CombinationReading>> combine_stages(const GroupSequentialDesign& design,
                                                       std::span<const StageData> stages) {
  if (stages.empty() || stages.size() > design.information.size()) {
    return fail(ErrorCode::invalid_data, fmt::format("the design has {} stages; got {}",
                                                     design.information.size(), stages.size()));
  }
  std::vector<CombinationReading> out;
  double before = 0.0;
  double sum = 0.0;     // Of weight * z.
  double slope = 0.0;   // Of weight / std_error: how the sum moves with the effect.
  double square = 0.0;  // Of weight^2.
  for (std::size_t k = 0; k < stages.size(); ++k) {
    const StageData& stage = stages[k];
    if (!std::isfinite(stage.estimate) || !std::isfinite(stage.std_error) ||
        !(stage.std_error > 0.0)) {
      return fail(
          ErrorCode::invalid_data,
          fmt::format("a stage needs an estimate and a standard error above 0; got {} and {}",
                      stage.estimate, stage.std_error),
          fmt::format("stage {}", k + 1));
    }
    const double weight = std::sqrt(design.information[k] - before);
    before = design.information[k];
    sum += weight * stage.estimate / stage.std_error;
    slope += weight / stage.std_error;
    square += weight * weight;
    CombinationReading reading;
    reading.statistic = sum / std::sqrt(square);
    reading.critical_value = design.critical_values[k];
    const double z =
        design.spec.sides == Sides::two ? std::abs(reading.statistic) : reading.statistic;
    reading.rejects = z >= reading.critical_value;
    const double half = reading.critical_value * std::sqrt(square);
    reading.ci_low = (sum - half) / slope;
    reading.ci_high = (sum + half) / slope;
    out.push_back(reading);
  }
  return out;
}

}  // namespace assay::sequential
