#include "assay/survival/age_effects.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "assay/stats/simultaneous.hpp"

namespace assay::survival {
namespace {

using numerics::Moments;
using numerics::SymmetricMatrix;

Result<void> check_ages(std::span<const double> ages) {
  if (ages.empty()) return fail(ErrorCode::invalid_spec, "no age was given");
  for (std::size_t i = 0; i < ages.size(); ++i)
    if (!std::isfinite(ages[i]) || (i > 0 && !(ages[i] > ages[i - 1])))
      return fail(ErrorCode::invalid_spec,
                  fmt::format("ages must ascend; got {} in place {}", ages[i], i + 1));
  return {};
}

Result<void> check_units(const AgeUnits& units) {
  ASSAY_CHECK(check_ages(units.ages));
  const std::size_t n = units.treated.size();
  const std::size_t k = units.ages.size();
  if (n == 0 || units.matured.size() != n || units.values.size() != n * k)
    return fail(ErrorCode::invalid_spec,
                fmt::format("{} units at {} ages need {} values and {} maturities; got {} and {}",
                            n, k, n * k, n, units.values.size(), units.matured.size()));
  for (std::size_t i = 0; i < n; ++i) {
    if (units.treated[i] > 1 || units.matured[i] < 0 ||
        units.matured[i] > static_cast<std::int32_t>(k))
      return fail(ErrorCode::invalid_data,
                  fmt::format("an arm is 0 or 1 and matured ages are 0 to {}; got {} and {}", k,
                              static_cast<int>(units.treated[i]), units.matured[i]),
                  fmt::format("row {}", i + 1));
    for (std::size_t a = 0; a < static_cast<std::size_t>(units.matured[i]); ++a)
      if (!std::isfinite(units.values[i * k + a]))
        return fail(ErrorCode::invalid_data, "a value of a matured age is not finite",
                    fmt::format("row {}, age {}", i + 1, units.ages[a]));
  }
  return {};
}

/// Covariance of an arm's means at two ages, first <= second: units matured at both are those
/// matured at the second, n of its own.
double mean_covariance(const AgeUnits& units, const std::vector<std::size_t>& places,
                       std::size_t first, std::size_t second, std::int64_t n_first) {
  const std::size_t k = units.ages.size();
  numerics::CoMoments both(2);
  for (const std::size_t i : places) {
    if (units.matured[i] <= static_cast<std::int32_t>(second)) continue;
    const std::array<double, 2> pair{units.values[i * k + first], units.values[i * k + second]};
    both.add(pair);
  }
  return both.covariance(0, 1) / static_cast<double>(n_first);
}

/// Reads all ages together.
Result<void> add_band(double degrees_of_freedom, double level, AgeEffects& out) {
  const std::size_t k = out.ages.size();
  stats::JointStatistics joint;
  joint.degrees_of_freedom = degrees_of_freedom;
  joint.correlation = SymmetricMatrix(k);
  const SymmetricMatrix& v = out.covariance;
  std::vector<double> statistics;
  for (std::size_t i = 0; i < k; ++i) {
    for (std::size_t j = i + 1; j < k; ++j)
      joint.correlation.set(i, j, v.at(i, j) / std::sqrt(v.at(i, i) * v.at(j, j)));
    joint.correlation.set(i, i, 1.0);
    statistics.push_back(out.ages[i].contrast.statistic);
  }
  ASSAY_TRY(out.band_critical, stats::joint_critical_value(joint, level));
  ASSAY_TRY(const auto p_values, stats::max_t_p_values(joint, statistics));
  for (std::size_t i = 0; i < k; ++i) {
    AgeEffect& effect = out.ages[i];
    const double half = out.band_critical * effect.contrast.std_error;
    effect.band_low = effect.contrast.difference - half;
    effect.band_high = effect.contrast.difference + half;
    effect.adjusted_p_value = p_values[i];
  }
  return {};
}

}  // namespace

Result<AgeEffects> age_effects(std::span<const AgeArms> ages, const AgeOptions& options) {
  std::vector<double> named;
  for (const AgeArms& arms : ages) named.push_back(arms.age);
  ASSAY_CHECK(check_ages(named));
  if (options.covariance && options.covariance->size != ages.size())
    return fail(ErrorCode::invalid_spec,
                fmt::format("{} ages need a covariance of that size; got {}", ages.size(),
                            options.covariance->size));
  AgeEffects out;
  out.ages_share_units = options.covariance.has_value();
  out.covariance = options.covariance.value_or(SymmetricMatrix(ages.size()));
  double dof = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < ages.size(); ++i) {
    auto contrast = stats::welch(ages[i].control, ages[i].treatment, options.confidence_level);
    if (!contrast) {
      contrast.error().where = fmt::format("age {}", ages[i].age);
      return tl::unexpected(std::move(contrast.error()));
    }
    out.covariance.set(i, i, contrast->std_error * contrast->std_error);
    dof = std::min(dof, contrast->degrees_of_freedom);
    out.ages.push_back({ages[i].age, std::move(*contrast), 0.0, 0.0, 1.0});
  }
  if (options.band) ASSAY_CHECK(add_band(dof, options.confidence_level, out));
  return out;
}

Result<AgeEffects> age_effects_of_units(const AgeUnits& units, AgeOptions options) {
  ASSAY_CHECK(check_units(units));
  const std::size_t k = units.ages.size();
  std::array<std::vector<std::size_t>, 2> arms;
  for (std::size_t i = 0; i < units.treated.size(); ++i)
    if (!units.fixed_cohort || units.matured[i] == static_cast<std::int32_t>(k))
      arms[units.treated[i]].push_back(i);
  std::vector<AgeArms> ages;
  for (std::size_t a = 0; a < k; ++a) {
    AgeArms at{units.ages[a], {}, {}};
    for (const std::size_t arm : {0U, 1U})
      for (const std::size_t i : arms[arm])
        if (units.matured[i] > static_cast<std::int32_t>(a))
          (arm == 0 ? at.control : at.treatment).add(units.values[i * k + a]);
    if (std::min(at.control.n, at.treatment.n) < 2) break;
    ages.push_back(at);
  }
  if (ages.empty())
    return fail(ErrorCode::undefined_statistic, "no age has two matured units in each arm", "",
                "wait, or use shorter ages");
  SymmetricMatrix covariance(ages.size());
  for (std::size_t i = 0; i < ages.size(); ++i)
    for (std::size_t j = i; j < ages.size(); ++j)
      covariance.set(i, j,
                     mean_covariance(units, arms[0], i, j, ages[i].control.n) +
                         mean_covariance(units, arms[1], i, j, ages[i].treatment.n));
  options.covariance = std::move(covariance);
  return age_effects(ages, options);
}

}  // namespace assay::survival
