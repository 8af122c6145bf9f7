#include "assay/resampling/detail/implied_lift.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace assay::resampling::detail {

using stats::Contrast;
using stats::Lift;

namespace {

/// One end of Fieller's set: the root on `side` (-1 low, 1 high) at critical value k.
double fieller_end(const Contrast& c, double k, double side) {
  const double base = std::abs(c.control_value);
  const double sign = c.control_value < 0.0 ? -1.0 : 1.0;
  const double vc = c.values.control_variance;
  const double k2 = k * k;
  const double a = base * base - k2 * vc;
  const double half_b = -(c.difference * base + sign * k2 * vc);
  const double constant = c.difference * c.difference - k2 * (vc + c.values.treatment_variance);
  const double root = std::sqrt(std::max(0.0, half_b * half_b - a * constant));
  return (-half_b + side * root) / a;
}

}  // namespace

void add_implied_lift(Contrast& c) {
  const double low = (c.difference - c.ci_low) / c.std_error;
  const double high = (c.ci_high - c.difference) / c.std_error;
  const double reach = std::max(low, high) * std::sqrt(c.values.control_variance);
  if (low < 0.0 || high < 0.0) {
    c.lift_undefined = "the interval does not hold the estimate; read the difference";
  } else if (!(std::abs(c.control_value) > reach)) {
    c.lift_undefined = "the sign of the control value is uncertain; read the difference";
  } else {
    c.lift = Lift{c.difference / std::abs(c.control_value), fieller_end(c, low, -1.0),
                  fieller_end(c, high, 1.0)};
  }
}

void match_lift(Contrast& c) {
  if (!c.lift) return;
  const double least = std::numeric_limits<double>::min();
  const auto match = [&](double& end, double of) {
    if ((end > 0.0) == (of > 0.0) && (end < 0.0) == (of < 0.0)) return;
    end = of > 0.0 ? least : of < 0.0 ? -least : 0.0;
  };
  match(c.lift->ci_low, c.ci_low);
  match(c.lift->ci_high, c.ci_high);
}

}  // namespace assay::resampling::detail
