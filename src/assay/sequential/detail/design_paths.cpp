#include "assay/sequential/detail/design_paths.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "assay/numerics/distributions.hpp"
#include "assay/sequential/detail/quadrature.hpp"

namespace assay::sequential::detail {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

double side_count(Sides sides) { return sides == Sides::two ? 2.0 : 1.0; }

/// P(continued, -z < Z(t) < z).
double inner_mass(const PathDensity& path, double t, double z) {
  return path.below(z, t) - path.below(-z, t);
}

double inner_bound_for(const PathDensity& path, double t, double target, double limit) {
  if (!(target > 0.0)) return 0.0;
  if (inner_mass(path, t, limit) <= target) return limit;
  return find_root([&](double z) { return inner_mass(path, t, z) - target; }, 0.0, limit);
}

}  // namespace

double no_futility(Sides sides) { return sides == Sides::two ? 0.0 : -kInfinity; }

std::vector<Continuation> continuation(Sides sides, double critical, double futility) {
  if (sides == Sides::one) return {{futility, critical}};
  if (!(futility > 0.0)) return {{-critical, critical}};
  return {{-critical, -futility}, {futility, critical}};
}

std::vector<double> bounds_from_spending(std::span<const double> information,
                                         std::span<const double> alpha_spent, Sides sides,
                                         std::span<const double> futility) {
  const std::size_t looks = information.size();
  std::vector<double> critical(looks);
  PathDensity path(0.0);
  double before = 0.0;
  for (std::size_t k = 0; k < looks; ++k) {
    const double now = (alpha_spent[k] - before) / side_count(sides);
    before = alpha_spent[k];
    critical[k] = upper_bound_for(path, information[k], now);
    if (k + 1 == looks) break;
    const double inner = futility.empty() ? no_futility(sides) : futility[k];
    path.advance(information[k], continuation(sides, critical[k], inner), information[k + 1]);
  }
  return critical;
}

Crossing crossing(std::span<const double> information, std::span<const double> critical,
                  std::span<const double> futility, Sides sides, double drift) {
  Crossing out;
  PathDensity path(drift);
  const std::size_t looks = information.size();
  for (std::size_t k = 0; k < looks; ++k) {
    const double t = information[k];
    const double inner = futility.empty() ? no_futility(sides) : futility[k];
    out.upper.push_back(path.above(critical[k], t));
    out.lower.push_back(sides == Sides::two ? path.below(-critical[k], t) : 0.0);
    const bool stops = sides == Sides::one ? inner > -kInfinity : inner > 0.0;
    out.inner.push_back(!stops                ? 0.0
                        : sides == Sides::one ? path.below(inner, t)
                                              : inner_mass(path, t, inner));
    if (k + 1 < looks) path.advance(t, continuation(sides, critical[k], inner), information[k + 1]);
  }
  return out;
}

std::vector<double> family_bounds(const GroupSequentialSpec& spec,
                                  std::span<const double> futility) {
  const auto& information = spec.information;
  const double per_side = spec.alpha / side_count(spec.sides);
  const auto bounds_at = [&](double constant) {
    std::vector<double> critical;
    double shape = spec.shape - 0.5;
    if (spec.boundary == Boundary::obrien_fleming) shape = -0.5;
    if (spec.boundary == Boundary::pocock) shape = 0.0;
    for (const double t : information) critical.push_back(constant * std::pow(t, shape));
    return critical;
  };
  if (spec.boundary == Boundary::haybittle_peto) {
    std::vector<double> critical(information.size(), spec.early_critical_value);
    PathDensity path(0.0);
    double left = per_side;
    for (std::size_t k = 0; k + 1 < information.size(); ++k) {
      left -= path.above(critical[k], information[k]);
      const double inner = futility.empty() ? no_futility(spec.sides) : futility[k];
      path.advance(information[k], continuation(spec.sides, critical[k], inner),
                   information[k + 1]);
    }
    critical.back() = upper_bound_for(path, information.back(), left);
    return critical;
  }
  const double single = numerics::normal_upper_quantile(per_side);
  const auto miss = [&](double constant) {
    const Crossing all = crossing(information, bounds_at(constant), futility, spec.sides, 0.0);
    double total = 0.0;
    for (const double p : all.upper) total += p;
    return std::log(total / per_side);
  };
  // The constant of one look is too low, Bonferroni's mostly too high.
  const double most =
      numerics::normal_upper_quantile(per_side / static_cast<double>(information.size()));
  return bounds_at(find_falling_root(miss, single, std::max(single, most), 0.25, -1e3, 1e-13));
}

SpentBounds bounds_at_drift(std::span<const double> information,
                            std::span<const double> alpha_spent, std::span<const double> beta_spent,
                            Sides sides, bool binding, bool final, double drift) {
  SpentBounds out;
  PathDensity null_path(0.0);  // On which alpha counts: with futility only when it binds.
  PathDensity path(drift);
  double alpha_before = 0.0;
  double beta_before = 0.0;
  for (std::size_t k = 0; k < information.size(); ++k) {
    const double t = information[k];
    const double alpha = (alpha_spent[k] - alpha_before) / side_count(sides);
    const double beta = beta_spent[k] - beta_before;
    alpha_before = alpha_spent[k];
    beta_before = beta_spent[k];
    const double c = upper_bound_for(null_path, t, alpha);
    out.critical.push_back(c);
    const bool last = k + 1 == information.size();
    if (last && final) {
      out.residual = (sides == Sides::one ? path.below(c, t) : inner_mass(path, t, c)) - beta;
      out.futility.push_back(c);
      break;
    }
    const double f = sides == Sides::one ? std::min(lower_bound_for(path, t, beta), c)
                                         : inner_bound_for(path, t, beta, c);
    out.futility.push_back(f);
    if (last) break;
    path.advance(t, continuation(sides, c, f), information[k + 1]);
    null_path.advance(t, continuation(sides, c, binding ? f : no_futility(sides)),
                      information[k + 1]);
  }
  return out;
}

double beta_spent_at(const GroupSequentialDesign& design, double fraction) {
  const Futility& futility = *design.spec.futility;
  const auto plain = [&](double t) {
    return spent(*futility.beta_spending, futility.beta, t, Sides::one);
  };
  if (design.futility_after <= 0.0) return plain(fraction);
  if (fraction <= design.futility_after) return 0.0;
  const double skipped = plain(design.futility_after);
  return (plain(fraction) - skipped) / (futility.beta - skipped) * futility.beta;
}

namespace {

Result<double> solve_drift(const GroupSequentialDesign& design) {
  const auto& spec = design.spec;
  const double single = numerics::normal_upper_quantile(spec.alpha / side_count(spec.sides)) +
                        numerics::normal_upper_quantile(spec.futility->beta);
  const auto residual = [&](double drift) {
    return bounds_at_drift(design.information, design.alpha_spent, design.beta_spent, spec.sides,
                           spec.futility->binding, true, drift)
        .residual;
  };
  // No sequential test beats the single look, so the drift is at least its.
  const double drift =
      find_falling_root(residual, single, single * 1.1, 0.1 * single, 0.5 * single, 1e-13);
  if (std::isfinite(drift)) return drift;
  return fail(ErrorCode::undefined_statistic, "no effect reaches the power with this beta spending",
              "", "spend beta later, or give futility bounds of your own");
}

/// Two-sided: up to the last look at which the one-sided test of alpha / 2 would stop only below
/// 0 there is no futility region, and the beta of those looks is handed to the later ones
/// (rpact's rule).
Result<double> fraction_without_futility(const GroupSequentialDesign& design) {
  GroupSequentialSpec half = design.spec;
  half.sides = Sides::one;
  half.alpha /= 2.0;
  half.boundary = Boundary::spending;
  half.alpha_spending = {SpendingFamily::user, 0.0, {}};
  for (std::size_t k = 0; k < design.information.size(); ++k)
    half.alpha_spending.table.push_back({design.information[k], design.alpha_spent[k] / 2.0});
  ASSAY_TRY(const auto one_sided, design_group_sequential(half));
  double fraction = 0.0;
  for (std::size_t k = 0; k + 1 < design.information.size(); ++k)
    if (!(one_sided.futility_bounds[k] > 0.0)) fraction = design.information[k];
  return fraction;
}

}  // namespace

Result<void> add_beta_spending(GroupSequentialDesign& design) {
  if (design.spec.sides == Sides::two && design.information.size() > 1) {
    ASSAY_TRY(design.futility_after, fraction_without_futility(design));
  }
  for (const double t : design.information) design.beta_spent.push_back(beta_spent_at(design, t));
  ASSAY_TRY(const double drift, solve_drift(design));
  design.planned_drift = drift;
  auto solved = bounds_at_drift(design.information, design.alpha_spent, design.beta_spent,
                                design.spec.sides, design.spec.futility->binding, true, drift);
  design.critical_values = std::move(solved.critical);
  design.futility_bounds = std::move(solved.futility);
  return {};
}

}  // namespace assay::sequential::detail
