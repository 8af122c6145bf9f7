#include <cmath>
#include <vector>

#include "assay/design/history.hpp"
#include "assay/design/plan.hpp"
#include "assay/design/unit_power.hpp"
#include "assay/numerics/philox.hpp"
#include "assay/numerics/sampling.hpp"
#include "calibration.hpp"

namespace assay::calibration {
namespace {

using design::PlantedEffect;

/// Units with a past that explains half of their variance; `pays` of them have lognormal amounts.
struct Units {
  std::vector<double> y, x;
};

Units units_of(std::size_t n, double pays, std::uint64_t seed) {
  Units out;
  const numerics::Philox random(seed, 77);
  for (std::size_t i = 0; i < n; ++i) {
    const auto a = random.uniform_pair(2 * i);
    const auto b = random.uniform_pair(2 * i + 1);
    if (pays < 1.0) {
      out.x.push_back(b[0] < pays ? 1.0 : 0.0);
      out.y.push_back(a[0] < pays ? numerics::lognormal_quantile(a[1], 20.0, 1.0) : 0.0);
    } else {
      const double x = numerics::normal_quantile(a[0]);
      out.x.push_back(x);
      out.y.push_back(10.0 + x + numerics::normal_quantile(b[0]));
    }
  }
  return out;
}

/// Rejections of re-randomised units whose planned effect is the one that the formula finds with a
/// power of 80 %.
Count at_planned_power(std::size_t n, double pays, bool lin, std::int64_t runs,
                       std::uint64_t seed) {
  constexpr std::int64_t kOfOneWorld = 50;
  Count out;
  for (std::int64_t done = 0; done < runs; done += kOfOneWorld) {
    const std::uint64_t world = seed + static_cast<std::uint64_t>(done);
    const Units units = units_of(n, pays, world);
    numerics::CoMoments moments(2);
    for (std::size_t i = 0; i < n; ++i) {
      const double row[2] = {units.y[i], units.x[i]};
      moments.add(row);
    }
    const auto past = design::outcome_of_moments(stats::MetricKind::mean, moments, lin);
    if (!past) continue;
    const auto effect =
        design::detectable_effect({.outcome = past->outcome}, static_cast<double>(n));
    const auto rate = design::simulate_power(
        {.y = units.y, .covariates = {units.x}},
        {.effect = {PlantedEffect::Kind::additive, effect.value_or(0.0)},
         .adjustment = lin ? stats::Adjustment::lin : stats::Adjustment::none,
         .replications = static_cast<int>(kOfOneWorld),
         .seed = world});
    if (!rate) continue;
    out.events += rate->found + rate->wrong_way;
    out.runs += rate->replications;
  }
  return out;
}

Case power_case(std::string world, std::size_t n, double pays, bool lin, double low, double high,
                std::string advice, double cost) {
  return {.room = "design",
          .method = lin ? "planned power with covariates" : "planned power",
          .world = std::move(world),
          .counted = "an effect planned to be found in 80 %",
          .nominal = 0.8,
          .low = low,
          .high = high,
          .advice = std::move(advice),
          .count = [=](std::int64_t runs,
                       std::uint64_t seed) { return at_planned_power(n, pays, lin, runs, seed); },
          .cost = cost};
}

}  // namespace

std::vector<Case> design_cases() {
  return {power_case("normal, 400 units", 400, 1.0, false, 0.79, 0.81, "", 4.0),
          power_case("normal, 400 units, correlation 0.7", 400, 1.0, true, 0.78, 0.81, "", 4.0),
          power_case("3 % payers, lognormal amounts, 1,000 units", 1'000, 0.03, false, 0.74, 0.84,
                     "Tails decide: check the plan on your own units (assay power).", 8.0)};
}

}  // namespace assay::calibration
