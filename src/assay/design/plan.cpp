#include "assay/design/plan.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "assay/numerics/distributions.hpp"

namespace assay::design {
namespace {

using stats::Direction;
using stats::MarginScale;

tl::unexpected<Error> wrong(std::string problem, std::string fix = {}) {
  return fail(ErrorCode::invalid_spec, std::move(problem), "", std::move(fix));
}

double good_sign(const Design& design) {
  return design.direction == Direction::increase ? 1.0 : -1.0;
}

Result<void> check(const Design& design, bool power_is_given) {
  const auto inside = [](double x) { return x > 0.0 && x < 1.0; };
  if (!inside(design.alpha))
    return wrong(fmt::format("alpha lies between 0 and 1; got {}", design.alpha));
  if (power_is_given && !(inside(design.power) && design.power > design.alpha)) {
    return wrong(fmt::format("power lies between alpha and 1; got {}", design.power),
                 "write 0.8 for 80 %");
  }
  const Outcome& o = design.outcome;
  const auto positive = [](double x) { return x > 0.0 && std::isfinite(x); };
  if (!positive(o.control_variance) || !positive(o.treatment_variance)) {
    return wrong(fmt::format("variances must be positive; got {} and {}", o.control_variance,
                             o.treatment_variance));
  }
  if (!(positive(o.variance_left) && o.variance_left <= 1.0)) {
    return wrong(fmt::format("covariates leave a share of the variance above 0 and up to 1; got {}",
                             o.variance_left));
  }
  if (!(design.inflation >= 1.0) || !std::isfinite(design.inflation)) {
    return wrong(
        fmt::format("repeated looks inflate by a factor of 1 or more; got {}", design.inflation));
  }
  if (design.comparisons.treatments < 1 || !positive(design.comparisons.control_ratio)) {
    return wrong(
        fmt::format("a design has a treatment and a positive share of control; got {} "
                    "and a ratio of {}",
                    design.comparisons.treatments, design.comparisons.control_ratio));
  }
  if (design.margin && !positive(design.margin->size)) {
    return wrong(fmt::format("the margin must be positive; got {}", design.margin->size),
                 "write how much worse is still acceptable, without a sign");
  }
  if (design.margin && design.margin->scale == MarginScale::relative && !(o.baseline > 0.0)) {
    return wrong(fmt::format("a relative margin needs a positive baseline; got {}", o.baseline),
                 "write the margin as an absolute amount");
  }
  if (design.clusters) {
    const auto effect = design_effect(*design.clusters);
    if (!effect) return tl::unexpected(effect.error());
  }
  return {};
}

/// Where the test stands: the estimate's distance to its null in the good direction, its standard
/// error where the null holds and where the effect does, and its degrees of freedom.
struct Test {
  double distance = 0.0;
  double null_error = 0.0;
  double error = 0.0;
  double degrees_of_freedom = std::numeric_limits<double>::infinity();
};

/// Root of the cubic of Farrington & Manning: the treatment share p1 with p1 - f * p2 = offset most
/// likely under observed shares (p1, p2) with n1 : n2 = 1 : theta. Difference (f = 1).
double restricted_difference(double p1, double p2, double delta, double theta) {
  const double a = 1.0 + theta;
  const double b = -(1.0 + theta + p1 + theta * p2 + delta * (theta + 2.0));
  const double c = delta * delta + delta * (2.0 * p1 + theta + 1.0) + p1 + theta * p2;
  const double d = -p1 * delta * (1.0 + delta);
  const double v = b * b * b / (27.0 * a * a * a) - b * c / (6.0 * a * a) + d / (2.0 * a);
  const double u =
      std::copysign(std::sqrt(std::max(0.0, b * b / (9.0 * a * a) - c / (3.0 * a))), v);
  const double ratio = u == 0.0 ? 0.0 : std::clamp(v / (u * u * u), -1.0, 1.0);
  const double w = (std::numbers::pi + std::acos(ratio)) / 3.0;
  return 2.0 * u * std::cos(w) - b / (3.0 * a);
}

/// The same for p1 = ratio * p2.
double restricted_ratio(double p1, double p2, double ratio, double theta) {
  const double a = 1.0 + theta;
  const double b = -(ratio * (1.0 + theta * p2) + theta + p1);
  const double c = ratio * (p1 + theta * p2);
  return (-b - std::sqrt(std::max(0.0, b * b - 4.0 * a * c))) / (2.0 * a);
}

Result<Test> proportion_test(const Design& design, double effect, const ArmSizes& n) {
  const double pc = design.outcome.baseline;
  const double pt = pc + effect;
  if (!(pc > 0.0 && pc < 1.0 && pt > 0.0 && pt < 1.0)) {
    return wrong(fmt::format("an effect of {} on a share of {} leaves 0 to 1", effect, pc),
                 "write the effect as an absolute change of the share");
  }
  const auto spread = [](double p) { return p * (1.0 - p); };
  Test test;
  if (!design.margin) {
    const double pooled = (n.control * pc + n.treatment * pt) / (n.control + n.treatment);
    test.distance = std::abs(effect);
    test.null_error = std::sqrt(spread(pooled) * (1.0 / n.control + 1.0 / n.treatment));
    test.error = std::sqrt(spread(pc) / n.control + spread(pt) / n.treatment);
    return test;
  }
  const double theta = n.control / n.treatment;
  const double sign = good_sign(design);
  if (design.margin->scale == MarginScale::absolute) {
    const double delta = -sign * design.margin->size;
    const double p1 = std::clamp(restricted_difference(pt, pc, delta, theta), 0.0, 1.0);
    const double p2 = std::clamp(p1 - delta, 0.0, 1.0);
    test.distance = sign * (effect - delta);
    test.null_error = std::sqrt(spread(p1) / n.treatment + spread(p2) / n.control);
    test.error = std::sqrt(spread(pt) / n.treatment + spread(pc) / n.control);
    return test;
  }
  const double ratio = 1.0 - sign * design.margin->size;
  if (!(ratio > 0.0))
    return wrong(fmt::format("a relative margin below 1; got {}", design.margin->size));
  const double p1 = std::clamp(restricted_ratio(pt, pc, ratio, theta), 0.0, 1.0);
  const double p2 = std::clamp(p1 / ratio, 0.0, 1.0);
  test.distance = sign * (pt - ratio * pc);
  test.null_error = std::sqrt(spread(p1) / n.treatment + ratio * ratio * spread(p2) / n.control);
  test.error = std::sqrt(spread(pt) / n.treatment + ratio * ratio * spread(pc) / n.control);
  return test;
}

Result<Test> value_test(const Design& design, double effect, const ArmSizes& n) {
  const Outcome& o = design.outcome;
  double factor = 1.0;  // Of control in the contrast.
  Test test;
  test.distance = std::abs(effect);
  if (design.margin) {
    const double sign = good_sign(design);
    const bool relative = design.margin->scale == MarginScale::relative;
    if (relative) factor = 1.0 - sign * design.margin->size;
    if (!(factor > 0.0))
      return wrong(fmt::format("a relative margin below 1; got {}", design.margin->size));
    const double margin = design.margin->size * (relative ? o.baseline : 1.0);
    test.distance = sign * effect + margin;
  }
  const double vc = factor * factor * o.control_variance / n.control;
  const double vt = o.treatment_variance / n.treatment;
  test.error = test.null_error = std::sqrt(vc + vt);
  const double size = design.clusters ? design.clusters->mean_size : 1.0;
  const double share = vc / (vc + vt);
  test.degrees_of_freedom = 1.0 / (share * share / (n.control / size - 1.0) +
                                   (1.0 - share) * (1.0 - share) / (n.treatment / size - 1.0));
  return test;
}

/// Critical values of one design for any degrees of freedom. Dunnett's cost an integration each:
/// from 500 degrees of freedom on they are read off c + a / dof + b / dof^2 through 500, 1000 and
/// infinity (error below 1e-8); one that was asked just before is not computed again.
class Criticals {
 public:
  explicit Criticals(const Design& design) : design_(design) {}

  Result<double> at(double dof) {
    if (dof == last_dof_) return last_;
    double value = 0.0;
    const bool many = design_.comparisons.treatments > 1;
    if (!many || design_.comparisons.correction != Correction::dunnett || dof < kSmooth) {
      ASSAY_TRY(value, exact(dof));
    } else {
      ASSAY_CHECK(prepare());
      const double u = kSmooth / dof;
      value = limit_ + u * (slope_ + u * bend_);
    }
    last_dof_ = dof;
    last_ = value;
    return value;
  }

 private:
  static constexpr double kSmooth = 500.0;

  [[nodiscard]] Result<double> exact(double dof) const {
    return critical_of(design_.comparisons, design_.alpha, dof,
                       design_.one_sided || design_.margin.has_value());
  }

  Result<void> prepare() {
    if (limit_ > 0.0) return {};
    double whole = 0.0;
    double half = 0.0;
    ASSAY_TRY(whole, exact(kSmooth));
    ASSAY_TRY(half, exact(2.0 * kSmooth));
    ASSAY_TRY(limit_, exact(std::numeric_limits<double>::infinity()));
    slope_ = 4.0 * (half - limit_) - (whole - limit_);
    bend_ = (whole - limit_) - slope_;
    return {};
  }

  const Design& design_;
  double last_dof_ = 0.0;
  double last_ = 0.0;
  double limit_ = 0.0;
  double slope_ = 0.0;
  double bend_ = 0.0;
};

Result<double> power_at(const Design& design, double effect, double n_total, Criticals& criticals) {
  const ArmSizes n = arm_sizes(design, n_total / design.inflation);
  Test test;
  if (design.outcome.kind == OutcomeKind::proportion) {
    ASSAY_TRY(test, proportion_test(design, effect, n));
    if (design.clusters) {
      const double size = design.clusters->mean_size;
      test.degrees_of_freedom = n.control / size + n.treatment / size - 2.0;
    }
  } else {
    ASSAY_TRY(test, value_test(design, effect, n));
  }
  double price = design.outcome.variance_left;
  if (design.clusters) price *= *design_effect(*design.clusters);
  test.null_error *= std::sqrt(price);
  test.error *= std::sqrt(price);
  const bool one_sided = design.one_sided || design.margin.has_value();
  double critical = 0.0;
  ASSAY_TRY(critical, criticals.at(test.degrees_of_freedom));
  if (test.null_error == test.error) {
    return stats::rejection_probability(test.distance / test.error, critical,
                                        test.degrees_of_freedom, one_sided);
  }
  const double bar = critical * test.null_error / test.error;
  return stats::rejection_probability(test.distance / test.error, bar, test.degrees_of_freedom,
                                      one_sided);
}

/// The fewest units at which every arm has what its variance needs.
double fewest(const Design& design) {
  const double each = design.clusters ? 2.0 * design.clusters->mean_size : 2.0;
  const ArmSizes one = arm_sizes(design, 1.0);
  return std::ceil(design.inflation * each / std::min(one.control, one.treatment));
}

Result<void> check_units(const Design& design, double n_total) {
  if (n_total >= fewest(design) * (1.0 - 1e-9) && std::isfinite(n_total)) return {};
  return wrong(fmt::format("power needs two {} in each arm: {:.0f} units in all; got {}",
                           design.clusters ? "clusters" : "units", fewest(design), n_total));
}

}  // namespace

Result<double> design_effect(const Clusters& clusters) {
  if (!(clusters.mean_size >= 1.0) || !std::isfinite(clusters.mean_size)) {
    return wrong(fmt::format("a cluster has one unit or more; got {}", clusters.mean_size));
  }
  if (!(clusters.size_cv >= 0.0) || !std::isfinite(clusters.size_cv)) {
    return wrong(fmt::format("the variation of cluster sizes must not be negative; got {}",
                             clusters.size_cv));
  }
  if (!(clusters.icc >= 0.0 && clusters.icc <= 1.0)) {
    return wrong(
        fmt::format("the intracluster correlation lies between 0 and 1; got {}", clusters.icc),
        "a negative estimate means no correlation: write 0");
  }
  const double cv2 = clusters.size_cv * clusters.size_cv;
  return 1.0 + ((1.0 + cv2) * clusters.mean_size - 1.0) * clusters.icc;
}

ArmSizes arm_sizes(const Design& design, double n_total) {
  const double r = design.comparisons.control_ratio;
  const double treatment = n_total / (design.comparisons.treatments + r);
  return {r * treatment, treatment};
}

Result<double> power_of(const Design& design, double effect, double n_total) {
  ASSAY_CHECK(check(design, false));
  ASSAY_CHECK(check_units(design, n_total));
  if (!std::isfinite(effect))
    return wrong(fmt::format("the effect must be finite; got {}", effect));
  Criticals criticals(design);
  return power_at(design, effect, n_total, criticals);
}

Result<std::int64_t> units_needed(const Design& design, double effect) {
  ASSAY_CHECK(check(design, true));
  if (!std::isfinite(effect) || (effect == 0.0 && !design.margin))
    return wrong(fmt::format("the effect to detect must not be 0; got {}", effect));
  if (design.margin) {
    const bool relative = design.margin->scale == MarginScale::relative;
    const double margin = design.margin->size * (relative ? design.outcome.baseline : 1.0);
    if (good_sign(design) * effect + margin <= 0.0) {
      return wrong(
          fmt::format("a true change of {} is already as bad as the margin of {}", effect, margin),
          "no number of units shows what is not so");
    }
  }
  const double from = fewest(design);
  Criticals criticals(design);
  ASSAY_CHECK(power_at(design, effect, from, criticals));
  const auto power = [&](double n) { return power_at(design, effect, n, criticals).value_or(0.0); };
  return stats::smallest_n(power, design.power, from);
}

Result<double> detectable_effect(const Design& design, double n_total) {
  ASSAY_CHECK(check(design, true));
  ASSAY_CHECK(check_units(design, n_total));
  const bool share = design.outcome.kind == OutcomeKind::proportion;
  const double base = design.outcome.baseline;
  const double sign = good_sign(design);
  Criticals criticals(design);
  const auto power = [&](double size) -> Result<double> {
    if (!design.margin) return power_at(design, sign * size, n_total, criticals);
    Design moved = design;
    moved.margin->size = size;
    return power_at(moved, 0.0, n_total, criticals);
  };
  const auto unreachable = [&] {
    return fail(ErrorCode::undefined_statistic,
                fmt::format("with {:.0f} units no {} reaches a power of {}", n_total,
                            design.margin ? "margin" : "change", design.power),
                "", "plan for more units");
  };
  const bool relative = design.margin && design.margin->scale == MarginScale::relative;
  double most = std::numeric_limits<double>::infinity();
  if (share && !relative) most = (sign > 0.0) != design.margin.has_value() ? 1.0 - base : base;
  if (relative && sign > 0.0) most = 1.0;
  if (relative && share && sign < 0.0) most = (1.0 - base) / base;
  double high = std::isfinite(most) ? most * (1.0 - 1e-9) : 0.0;
  if (high == 0.0) {
    const ArmSizes n = arm_sizes(design, n_total);
    high = std::sqrt(design.outcome.control_variance / n.control +
                     design.outcome.treatment_variance / n.treatment);
    if (relative) high /= base;
    for (int i = 0; i < 200 && power(high).value_or(0.0) < design.power; ++i) high *= 2.0;
  }
  double reached = 0.0;
  ASSAY_TRY(reached, power(high));
  if (reached < design.power) return unreachable();
  return stats::smallest_effect([&](double size) { return power(size).value_or(0.0); },
                                design.power, high);
}

}  // namespace assay::design
