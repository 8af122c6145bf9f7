#include "assay/sequential/conditional_power.hpp"

#include <fmt/core.h>

#include <cmath>
#include <numbers>

#include "assay/sequential/detail/design_paths.hpp"
#include "assay/sequential/detail/quadrature.hpp"

namespace assay::sequential {
namespace {

Result<void> check(const GroupSequentialDesign& design, std::size_t index, double statistic,
                   double drift) {
  if (index + 1 >= design.information.size()) {
    return fail(ErrorCode::invalid_spec,
                fmt::format("conditional power looks ahead: after look {} of {} nothing follows",
                            index + 1, design.information.size()));
  }
  if (std::isfinite(statistic) && std::isfinite(drift)) return {};
  return fail(ErrorCode::invalid_data, fmt::format("statistic and drift must be finite; got {} "
                                                   "and {}",
                                                   statistic, drift));
}

ConditionalPower ahead(const GroupSequentialDesign& design, std::size_t index, double statistic,
                       double drift, bool ignore_futility) {
  const auto& t = design.information;
  const Sides sides = design.spec.sides;
  ConditionalPower out;
  out.cumulative.assign(index + 1, 0.0);
  detail::PathDensity path(drift, statistic, t[index]);
  for (std::size_t k = index + 1; k < t.size(); ++k) {
    const double c = design.critical_values[k];
    const double upper = path.above(c, t[k]);
    out.power += upper;
    out.rejection += upper + (sides == Sides::two ? path.below(-c, t[k]) : 0.0);
    out.cumulative.push_back(out.power);
    if (k + 1 == t.size()) break;
    const bool futile = !ignore_futility && !design.futility_bounds.empty();
    const double f = futile ? design.futility_bounds[k] : detail::no_futility(sides);
    path.advance(t[k], detail::continuation(sides, c, f), t[k + 1]);
  }
  return out;
}

}  // namespace

Result<ConditionalPower> conditional_power(const GroupSequentialDesign& design, std::size_t index,
                                           double statistic, double drift, bool ignore_futility) {
  ASSAY_CHECK(check(design, index, statistic, drift));
  return ahead(design, index, statistic, drift, ignore_futility);
}

Result<InterimProspects> interim_prospects(const GroupSequentialDesign& design, std::size_t index,
                                           double statistic, double planned_drift,
                                           const std::optional<DriftPrior>& prior) {
  ASSAY_CHECK(check(design, index, statistic, planned_drift));
  if (prior && !(prior->sd > 0.0 && std::isfinite(prior->sd) && std::isfinite(prior->mean))) {
    return fail(ErrorCode::invalid_spec,
                fmt::format("the prior needs a mean and a standard deviation above 0; got {} and "
                            "{}",
                            prior->mean, prior->sd));
  }
  const double t = design.information[index];
  const auto power = [&](double drift) {
    return ahead(design, index, statistic, drift, false).power;
  };
  InterimProspects out;
  out.drift_of_trend = statistic / std::sqrt(t);
  out.under_trend = power(out.drift_of_trend);
  out.under_plan = power(planned_drift);
  out.under_null = power(0.0);
  double precision = t;
  double mean = out.drift_of_trend;
  if (prior) {
    precision += 1.0 / (prior->sd * prior->sd);
    mean = (statistic * std::sqrt(t) + prior->mean / (prior->sd * prior->sd)) / precision;
  }
  const double sd = 1.0 / std::sqrt(precision);
  const auto weighted = [&](double u) {
    return power(mean + sd * u) * std::exp(-0.5 * u * u) / std::sqrt(2.0 * std::numbers::pi);
  };
  out.predictive = detail::integrate_panels(weighted, detail::equal_panels(-8.0, 8.0, 8));
  return out;
}

}  // namespace assay::sequential
