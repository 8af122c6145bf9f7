#include "assay/design/switchback.hpp"

#include <fmt/core.h>

#include <cmath>

#include "assay/stats/power.hpp"

namespace assay::design {
namespace {

constexpr int kMostPeriods = 10'000'000;
constexpr int kFewestBlocks = 4;
constexpr int kWantedBlocks = 8;

tl::unexpected<Error> wrong(std::string problem, std::string fix = {}) {
  return fail(ErrorCode::invalid_spec, std::move(problem), "", std::move(fix));
}

Result<void> check_test(const SwitchbackTest& test) {
  const auto inside = [](double x) { return x > 0.0 && x < 1.0; };
  if (inside(test.alpha) && inside(test.power) && test.power > test.alpha) return {};
  return wrong(
      fmt::format("alpha lies between 0 and 1 and power between alpha and 1; got {} and "
                  "{}",
                  test.alpha, test.power));
}

/// Variance of the mean of `length` neighbours of an AR(1) series of variance 1.
double mean_variance(int length, double r) {
  double sum = length;
  double power = 1.0;
  for (int k = 1; k < length; ++k) {
    power *= r;
    if (std::abs(power) < 1e-18) break;
    sum += 2.0 * (length - k) * power;
  }
  return sum / (static_cast<double>(length) * length);
}

double power_at(const SwitchbackPlan& plan, double effect, double alpha) {
  return stats::rejection_probability(std::abs(effect) / plan.std_error,
                                      stats::critical_value(alpha / 2.0, plan.degrees_of_freedom),
                                      plan.degrees_of_freedom, false);
}

}  // namespace

Result<SwitchbackPlan> switchback_plan(const Switchback& d) {
  if (d.block_periods < 1 || d.carryover_periods < 0 || d.carryover_periods >= d.block_periods) {
    return wrong(fmt::format("a block of {} periods keeps none after {} of carry-over",
                             d.block_periods, d.carryover_periods),
                 "make blocks longer than the carry-over");
  }
  if (!(d.period_sd > 0.0) || !std::isfinite(d.period_sd))
    return wrong(fmt::format("the standard deviation must be positive; got {}", d.period_sd));
  if (!(std::abs(d.autocorrelation) < 1.0)) {
    return wrong(
        fmt::format("the autocorrelation lies between -1 and 1; got {}", d.autocorrelation));
  }
  SwitchbackPlan plan;
  plan.blocks = d.periods / d.block_periods;
  const double treated = plan.blocks * d.treatment_share;
  const double control = plan.blocks - treated;
  if (plan.blocks < kFewestBlocks || !(treated >= 2.0) || !(control >= 2.0)) {
    return wrong(
        fmt::format("a switchback needs two whole blocks of each arm; {} periods in blocks "
                    "of {} give {}",
                    d.periods, d.block_periods, plan.blocks),
        "plan more periods or shorter blocks");
  }
  const int kept = d.block_periods - d.carryover_periods;
  plan.block_sd = d.period_sd * std::sqrt(mean_variance(kept, d.autocorrelation));
  plan.std_error = plan.block_sd * std::sqrt(1.0 / treated + 1.0 / control);
  plan.degrees_of_freedom = plan.blocks - 2;
  return plan;
}

Result<double> switchback_power(const Switchback& design, double effect, double alpha) {
  ASSAY_CHECK(check_test({alpha, 0.5 * (1.0 + alpha)}));
  if (!std::isfinite(effect))
    return wrong(fmt::format("the effect must be finite; got {}", effect));
  SwitchbackPlan plan;
  ASSAY_TRY(plan, switchback_plan(design));
  return power_at(plan, effect, alpha);
}

Result<double> switchback_detectable_effect(const Switchback& design, const SwitchbackTest& test) {
  ASSAY_CHECK(check_test(test));
  SwitchbackPlan plan;
  ASSAY_TRY(plan, switchback_plan(design));
  const auto power = [&](double effect) { return power_at(plan, effect, test.alpha); };
  double high = plan.std_error;
  while (power(high) < test.power) high *= 2.0;
  return stats::smallest_effect(power, test.power, high);
}

Result<int> switchback_periods_needed(Switchback design, double effect,
                                      const SwitchbackTest& test) {
  ASSAY_CHECK(check_test(test));
  if (effect == 0.0 || !std::isfinite(effect))
    return wrong(fmt::format("the effect to detect must not be 0; got {}", effect));
  if (!(design.treatment_share > 0.0 && design.treatment_share < 1.0)) {
    return wrong(fmt::format("the share of treated blocks lies between 0 and 1; got {}",
                             design.treatment_share));
  }
  const double smaller = std::min(design.treatment_share, 1.0 - design.treatment_share);
  const auto power = [&](double blocks) {
    design.periods = static_cast<int>(blocks) * design.block_periods;
    const auto plan = switchback_plan(design);
    return plan ? power_at(*plan, effect, test.alpha) : 0.0;
  };
  const double from = std::ceil(std::max<double>(kFewestBlocks, 2.0 / smaller));
  const double most = std::floor(static_cast<double>(kMostPeriods) / design.block_periods);
  design.periods = static_cast<int>(from) * design.block_periods;
  ASSAY_CHECK(switchback_plan(design));
  if (power(most) < test.power) {
    return fail(ErrorCode::undefined_statistic,
                fmt::format("{} periods do not detect an effect of {}", kMostPeriods, effect), "",
                "plan for a larger effect or longer blocks");
  }
  double low = from - 1.0;
  double high = most;
  while (high - low > 1.0) {
    const double middle = std::floor((low + high) / 2.0);
    (power(middle) >= test.power ? high : low) = middle;
  }
  return static_cast<int>(high) * design.block_periods;
}

Result<std::vector<BlockLength>> block_lengths(Switchback design, const SwitchbackTest& test) {
  std::vector<BlockLength> out;
  for (int length = design.carryover_periods + 1; design.periods / length >= kWantedBlocks;
       ++length) {
    design.block_periods = length;
    double effect = 0.0;
    ASSAY_TRY(effect, switchback_detectable_effect(design, test));
    out.push_back({length, design.periods / length, effect});
  }
  if (!out.empty()) return out;
  return wrong(fmt::format("{} periods do not hold {} blocks longer than the carry-over of {}",
                           design.periods, kWantedBlocks, design.carryover_periods),
               "plan more periods");
}

}  // namespace assay::design
