#include <cmath>
#include <limits>

#include "assay/numerics/philox.hpp"
#include "assay/numerics/sampling.hpp"
#include "assay/portfolio/effect_prior.hpp"
#include "assay/portfolio/interaction_screen.hpp"
#include "assay/portfolio/winners_curse.hpp"
#include "calibration.hpp"

namespace assay::calibration {
namespace {

using numerics::normal_quantile;
using numerics::Philox;

/// Effects of spread 0.5 with errors of 1; those above 1.645 are looked at.
template <class Misses>
Count winners(std::int64_t runs, std::uint64_t seed, Misses misses) {
  Count count;
  const Philox random(seed, 0);
  for (std::uint64_t i = 0; count.runs < runs; ++i) {
    const auto [u, v] = random.uniform_pair(i);
    const double effect = 0.5 * normal_quantile(u);
    const double estimate = effect + normal_quantile(v);
    if (!(estimate > 1.645)) continue;
    ++count.runs;
    count.events += misses(effect, stats::EffectEstimate{estimate, 1.0}) ? 1 : 0;
  }
  return count;
}

bool conditional_misses(double effect, const stats::EffectEstimate& estimate) {
  const auto winner = *portfolio::corrected_winner(estimate, 1.645, 0.95);
  return effect < winner.ci_low || effect > winner.ci_high;
}

bool naive_misses(double effect, const stats::EffectEstimate& estimate) {
  return std::abs(estimate.estimate - effect) > 1.959964;
}

bool posterior_misses(double effect, const stats::EffectEstimate& estimate) {
  const auto read =
      *portfolio::posterior({0.0, 0.5, std::numeric_limits<double>::infinity()}, estimate, 0.95);
  return effect < read.ci_low || effect > read.ci_high;
}

/// Two experiments on 400 units with exponential outcomes and no interaction.
Count interactions(std::int64_t runs, std::uint64_t seed) {
  Count count{0, runs};
  for (std::int64_t run = 0; run < runs; ++run) {
    const Philox random(seed, static_cast<std::uint64_t>(run));
    portfolio::ExperimentPair pair;
    for (std::uint64_t unit = 0; unit < 400; ++unit) {
      const auto words = random.words(unit);
      const double y = -std::log(numerics::uniform_from(words[0]));
      pair.cells[words[1] & 1U][words[2] & 1U].add(y + (words[1] & 1U ? 0.2 : 0.0));
    }
    const auto reading = (*portfolio::screen_interactions({&pair, 1}))[0];
    count.events += reading.tested && reading.p_value < 0.05 ? 1 : 0;
  }
  return count;
}

}  // namespace

std::vector<Case> portfolio_cases() {
  const std::string world = "effects of spread 0.5, error 1, picked above 1.645";
  return {
      {"portfolio", "interval given the pick", world, "interval misses the effect", 0.05, 0.05,
       0.05, "", [](auto n, auto seed) { return winners(n, seed, conditional_misses); }},
      {"portfolio", "posterior with the true prior", world, "interval misses the effect", 0.05,
       0.05, 0.05, "as good as its prior",
       [](auto n, auto seed) { return winners(n, seed, posterior_misses); }},
      {"portfolio", "naive interval of a winner", world, "interval misses the effect", 0.05, 0.05,
       1.0, "do not read a picked winner so",
       [](auto n, auto seed) { return winners(n, seed, naive_misses); }},
      {"portfolio", "interaction of two experiments", "400 units, exponential, no interaction",
       "false positives", 0.05, 0.04, 0.055, "", interactions, 10.0},
  };
}

}  // namespace assay::calibration
