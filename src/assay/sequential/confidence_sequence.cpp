#include "assay/sequential/confidence_sequence.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "assay/numerics/distributions.hpp"
#include "assay/sequential/detail/quadrature.hpp"

namespace assay::sequential {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

Result<void> check_plan(const SequencePlan& plan) {
  if (!(plan.alpha > 0.0 && plan.alpha < (plan.sides == Sides::two ? 1.0 : 0.5))) {
    return fail(ErrorCode::invalid_spec,
                fmt::format("alpha lies between 0 and 1 (one-sided 0.5); got {}", plan.alpha));
  }
  if (plan.planned_n.has_value() == plan.tau.has_value()) {
    return fail(ErrorCode::invalid_spec,
                "a confidence sequence needs the planned n or the mixing deviation tau", "",
                "give the n at which you expect to decide: the interval is narrowest there");
  }
  const double scale = plan.planned_n ? *plan.planned_n : *plan.tau;
  if (!(scale > 0.0) || !std::isfinite(scale) || !std::isfinite(plan.null_effect)) {
    return fail(
        ErrorCode::invalid_spec,
        fmt::format("{} must be above 0; got {}", plan.planned_n ? "the planned n" : "tau", scale));
  }
  return {};
}

Result<void> check_looks(std::span<const SequenceLook> looks) {
  if (looks.empty()) return fail(ErrorCode::invalid_data, "there is no look to read");
  double before = 0.0;
  for (std::size_t k = 0; k < looks.size(); ++k) {
    const SequenceLook& look = looks[k];
    const std::string where = fmt::format("look {}", k + 1);
    if (!std::isfinite(look.n) || !std::isfinite(look.estimate) || !std::isfinite(look.std_error) ||
        !(look.std_error > 0.0)) {
      return fail(
          ErrorCode::invalid_data,
          fmt::format("a look needs n, an estimate and a standard error above 0; got {}, {} "
                      "and {}",
                      look.n, look.estimate, look.std_error),
          where);
    }
    if (!(look.n > before)) {
      return fail(ErrorCode::invalid_data,
                  fmt::format("n must grow from look to look; got {} after {}", look.n, before),
                  where, "give looks in the order they were made");
    }
    before = look.n;
  }
  return {};
}

}  // namespace

double tuned_mixture(double alpha, Sides sides) {
  const double goal = -2.0 * std::log(sides == Sides::two ? alpha : std::min(2.0 * alpha, 0.999));
  double m = goal + std::log1p(goal);
  for (int i = 0; i < 100; ++i) {
    const double move = (m - std::log1p(m) - goal) * (1.0 + m) / m;
    m -= move;
    if (std::abs(move) < 1e-15 * m) break;
  }
  return m;
}

double log_mixture(double z, double x, Sides sides) {
  const double two = -0.5 * std::log1p(x) + 0.5 * z * z * x / (1.0 + x);
  if (sides == Sides::two) return two;
  return two + std::numbers::ln2 + numerics::normal_log_sf(-z * std::sqrt(x / (1.0 + x)));
}

double mixture_multiplier(double x, double alpha, Sides sides) {
  const double two = std::sqrt((1.0 + x) / x * (std::log1p(x) - 2.0 * std::log(alpha)));
  if (sides == Sides::two) return two;
  const auto miss = [&](double z) { return log_mixture(z, x, sides) + std::log(alpha); };
  return detail::find_root(miss, 0.0, two, 1e-14);
}

Result<std::vector<SequenceReading>> confidence_sequence(const SequencePlan& plan,
                                                         std::span<const SequenceLook> looks) {
  ASSAY_CHECK(check_plan(plan));
  ASSAY_CHECK(check_looks(looks));
  const double tuned = tuned_mixture(plan.alpha, plan.sides);
  std::vector<SequenceReading> out;
  double smallest = 1.0;
  double low = -kInfinity;
  double high = kInfinity;
  for (const SequenceLook& look : looks) {
    SequenceReading reading;
    reading.look = look;
    const double variance = look.std_error * look.std_error;
    const double x = plan.tau ? *plan.tau * *plan.tau / variance : tuned * look.n / *plan.planned_n;
    reading.multiplier = mixture_multiplier(x, plan.alpha, plan.sides);
    reading.ci_low = look.estimate - reading.multiplier * look.std_error;
    reading.ci_high =
        plan.sides == Sides::two ? look.estimate + reading.multiplier * look.std_error : kInfinity;
    const double z = (look.estimate - plan.null_effect) / look.std_error;
    reading.log_e_value = log_mixture(z, x, plan.sides);
    reading.p_value = std::min(1.0, std::exp(-reading.log_e_value));
    reading.running_p_value = smallest = std::min(smallest, reading.p_value);
    reading.running_ci_low = low = std::max(low, reading.ci_low);
    reading.running_ci_high = high = std::min(high, reading.ci_high);
    out.push_back(reading);
  }
  return out;
}

}  // namespace assay::sequential
