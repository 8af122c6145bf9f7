#include "assay/sequential/group_sequential.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "assay/numerics/distributions.hpp"
#include "assay/sequential/detail/design_paths.hpp"
#include "assay/sequential/detail/quadrature.hpp"

namespace assay::sequential {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
/// Looks closer than this share of their information are one look to any practical end, and
/// would need quadrature nodes by the ten thousand.
constexpr double kSmallestGrowth = 1e-4;

double side_count(Sides sides) { return sides == Sides::two ? 2.0 : 1.0; }

tl::unexpected<Error> wrong(std::string problem, std::string fix = {}) {
  return fail(ErrorCode::invalid_spec, std::move(problem), "", std::move(fix));
}

Result<void> check_boundary(const GroupSequentialSpec& spec) {
  if (!(spec.alpha > 0.0 && spec.alpha < 1.0))
    return wrong(fmt::format("alpha lies between 0 and 1; got {}", spec.alpha));
  if (spec.alpha / side_count(spec.sides) > 0.5)
    return wrong(fmt::format("alpha of one side is at most 0.5; got {}", spec.alpha));
  switch (spec.boundary) {
    case Boundary::spending:
      return check_spending(spec.alpha_spending, spec.alpha, "alpha");
    case Boundary::wang_tsiatis:
      if (spec.shape >= -1.0 && spec.shape <= 1.0) return {};
      return wrong(fmt::format("the Wang-Tsiatis shape lies within -1 and 1; got {}", spec.shape),
                   "0 is O'Brien-Fleming, 0.5 is Pocock");
    case Boundary::haybittle_peto:
      if (spec.early_critical_value > 0.0 && std::isfinite(spec.early_critical_value)) return {};
      return wrong(fmt::format("the early critical value must be above 0; got {}",
                               spec.early_critical_value));
    case Boundary::obrien_fleming:
    case Boundary::pocock:
      break;
  }
  return {};
}

Result<void> check_futility(const GroupSequentialSpec& spec) {
  const Futility& futility = *spec.futility;
  if (futility.beta_spending) {
    if (!futility.bounds.empty())
      return wrong("futility comes from beta spending or from given bounds, not from both");
    ASSAY_CHECK(check_spending(*futility.beta_spending, futility.beta, "beta"));
    if (!(futility.beta < 1.0 - spec.alpha / side_count(spec.sides)))
      return wrong(fmt::format("beta must leave a power above alpha; got beta {} with alpha {}",
                               futility.beta, spec.alpha));
    if (futility.binding && spec.boundary != Boundary::spending)
      return wrong("binding beta spending needs alpha spending",
                   "take boundary spending, or futility that does not bind");
    return {};
  }
  const std::size_t needed = spec.information.size() - 1;
  if (futility.bounds.size() != needed) {
    return wrong(fmt::format("{} looks need {} futility bounds, none at the last; got {}",
                             spec.information.size(), needed, futility.bounds.size()));
  }
  for (const double bound : futility.bounds) {
    if (std::isnan(bound) || bound == kInfinity) return wrong("a futility bound must be a number");
    if (spec.sides == Sides::two && bound < 0.0)
      return wrong(
          fmt::format("futility bounds of a two-sided test are |z|, 0 for none; got {}", bound));
  }
  return {};
}

/// The futility bounds that enter the efficacy bounds: given and binding ones.
std::vector<double> binding_bounds(const GroupSequentialSpec& spec) {
  if (!spec.futility || !spec.futility->binding || spec.futility->beta_spending) return {};
  std::vector<double> bounds = spec.futility->bounds;
  bounds.push_back(detail::no_futility(spec.sides));
  return bounds;
}

/// Cumulative two-sided probability of crossing, under no effect.
std::vector<double> alpha_of(const GroupSequentialDesign& design) {
  const auto all = detail::crossing(design.information, design.critical_values,
                                    binding_bounds(design.spec), design.spec.sides, 0.0);
  std::vector<double> cumulative;
  double total = 0.0;
  for (const double p : all.upper) {
    total += side_count(design.spec.sides) * p;
    cumulative.push_back(total);
  }
  return cumulative;
}

Result<void> add_futility(GroupSequentialDesign& design) {
  if (design.spec.futility->beta_spending) {
    ASSAY_CHECK(detail::add_beta_spending(design));
  } else {
    design.futility_bounds = design.spec.futility->bounds;
    design.futility_bounds.push_back(design.critical_values.back());
  }
  for (std::size_t k = 0; k + 1 < design.information.size(); ++k) {
    if (design.futility_bounds[k] < design.critical_values[k]) continue;
    return fail(ErrorCode::undefined_statistic,
                fmt::format("at look {} the futility bound {:.4g} meets the critical value {:.4g}: "
                            "the trial would always end there",
                            k + 1, design.futility_bounds[k], design.critical_values[k]),
                "", "lower the futility bound, or spend beta later");
  }
  return {};
}

}  // namespace

std::string_view to_text(Boundary boundary) {
  switch (boundary) {
    case Boundary::spending:
      return "alpha spending";
    case Boundary::obrien_fleming:
      return "O'Brien-Fleming";
    case Boundary::pocock:
      return "Pocock";
    case Boundary::wang_tsiatis:
      return "Wang-Tsiatis";
    case Boundary::haybittle_peto:
      break;
  }
  return "Haybittle-Peto";
}

std::vector<double> equal_information(int looks) {
  std::vector<double> out;
  for (int k = 1; k <= looks; ++k) out.push_back(static_cast<double>(k) / looks);
  return out;
}

Result<void> check_information(std::span<const double> information) {
  if (information.empty()) return wrong("a design needs one look at least");
  double before = 0.0;
  for (std::size_t k = 0; k < information.size(); ++k) {
    const double t = information[k];
    if (!(t > 0.0 && t - before >= kSmallestGrowth * t)) {
      return wrong(
          fmt::format("information must grow from look to look: look {} has {} after {}", k + 1, t,
                      before),
          "give fractions of the maximum in ascending order, a ten-thousandth apart or more");
    }
    before = t;
  }
  if (std::abs(before - 1.0) < 1e-9) return {};
  return wrong(fmt::format("the last look has the whole information, 1; got {}", before),
               "divide information by its planned maximum");
}

Result<GroupSequentialDesign> design_group_sequential(const GroupSequentialSpec& spec) {
  ASSAY_CHECK(check_information(spec.information));
  ASSAY_CHECK(check_boundary(spec));
  if (spec.futility) ASSAY_CHECK(check_futility(spec));
  GroupSequentialDesign design;
  design.spec = spec;
  design.information = spec.information;
  const std::vector<double> binding = binding_bounds(spec);
  if (spec.boundary == Boundary::spending) {
    for (const double t : spec.information)
      design.alpha_spent.push_back(spent(spec.alpha_spending, spec.alpha, t, spec.sides));
    design.critical_values =
        detail::bounds_from_spending(spec.information, design.alpha_spent, spec.sides, binding);
  } else {
    design.critical_values = detail::family_bounds(spec, binding);
  }
  for (const double c : design.critical_values) {
    if (!std::isnan(c) && c > -kInfinity) continue;
    return fail(ErrorCode::undefined_statistic,
                "the futility bounds leave no paths on which to spend alpha", "",
                "lower the futility bounds, or let them not bind");
  }
  if (spec.boundary != Boundary::spending) design.alpha_spent = alpha_of(design);
  if (spec.futility) ASSAY_CHECK(add_futility(design));
  for (const double c : design.critical_values)
    design.stage_levels.push_back(numerics::normal_sf(c));
  if (spec.boundary == Boundary::haybittle_peto && design.critical_values.back() == kInfinity) {
    return fail(ErrorCode::undefined_statistic,
                fmt::format("the early looks alone spend more than alpha {}", spec.alpha), "",
                "raise the early critical value");
  }
  return design;
}

Operation operate(const GroupSequentialDesign& design, double drift, bool ignore_futility) {
  std::vector<double> futility;
  if (!ignore_futility) futility = design.futility_bounds;
  const auto all = detail::crossing(design.information, design.critical_values, futility,
                                    design.spec.sides, drift);
  Operation out;
  out.drift = drift;
  out.reject_upper = all.upper;
  out.reject_lower = all.lower;
  out.stop_futility = all.inner;
  out.expected_information = design.information.back();
  for (std::size_t k = 0; k < all.upper.size(); ++k) {
    out.power += all.upper[k];
    out.rejection += all.upper[k] + all.lower[k];
    const double stop = all.upper[k] + all.lower[k] + all.inner[k];
    if (k + 1 < all.upper.size())
      out.expected_information -= stop * (design.information.back() - design.information[k]);
  }
  return out;
}

Result<Characteristics> characteristics(const GroupSequentialDesign& design, double power) {
  const double per_side = design.spec.alpha / side_count(design.spec.sides);
  if (!(power > per_side && power < 1.0)) {
    return wrong(
        fmt::format("power lies between alpha a side ({}) and 1; got {}", per_side, power));
  }
  const auto miss = [&](double drift) { return power - operate(design, drift).power; };
  const double single =
      numerics::normal_upper_quantile(per_side) + numerics::normal_upper_quantile(1.0 - power);
  const double drift = detail::find_falling_root(miss, std::max(single, 0.1),
                                                 1.1 * std::max(single, 0.5), 0.2, 0.0, 1e-13);
  if (!std::isfinite(drift)) {
    return fail(ErrorCode::undefined_statistic,
                fmt::format("no effect reaches power {} with these futility bounds", power), "",
                "lower the futility bounds");
  }
  Characteristics out;
  out.power = power;
  out.drift = drift;
  out.shift = drift * drift;
  out.fixed_shift = single * single;
  out.inflation_factor = out.shift / out.fixed_shift;
  out.expected_h1 = operate(design, drift).expected_information * out.inflation_factor;
  out.expected_h01 = operate(design, drift / 2).expected_information * out.inflation_factor;
  out.expected_h0 = operate(design, 0.0).expected_information * out.inflation_factor;
  return out;
}

Result<double> required_information(const GroupSequentialDesign& design, double power,
                                    double effect) {
  if (!(effect != 0.0) || !std::isfinite(effect))
    return wrong(fmt::format("the effect to detect must be a number other than 0; got {}", effect));
  ASSAY_TRY(const auto sized, characteristics(design, power));
  return sized.shift / (effect * effect);
}

}  // namespace assay::sequential
