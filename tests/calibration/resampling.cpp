#include <array>
#include <cmath>
#include <functional>
#include <string>
#include <utility>

#include "assay/numerics/philox.hpp"
#include "assay/numerics/sampling.hpp"
#include "assay/resampling/bootstrap.hpp"
#include "assay/resampling/permutation.hpp"
#include "assay/resampling/quantile_bootstrap.hpp"
#include "assay/resampling/rerandomize.hpp"
#include "calibration.hpp"

namespace assay::calibration {
namespace {

using namespace assay::resampling;
using numerics::Philox;

/// Draws one value of one unit; the truth of an arm is known beside it.
using Draw = std::function<double(const Philox& random, std::uint64_t index)>;

double normal(const Philox& random, std::uint64_t i) {
  return 10.0 + numerics::normal_quantile(random.uniform(i));
}

double exponential(const Philox& random, std::uint64_t i) {
  return numerics::exponential_quantile(random.uniform(i), 1.0);
}

/// 3 of 100 pay, log-normal amounts: the mean leans on a few units.
double payers(const Philox& random, std::uint64_t i) {
  const auto u = random.uniform_pair(i);
  return u[0] < 0.03 ? numerics::lognormal_quantile(u[1], 20.0, 1.3) : 0.0;
}

double rare(const Philox& random, std::uint64_t i) { return random.uniform(i) < 0.02 ? 1.0 : 0.0; }

std::vector<double> sample(const Draw& draw, std::size_t n, const Philox& random,
                           std::uint64_t from, double factor = 1.0) {
  std::vector<double> out;
  for (std::size_t i = 0; i < n; ++i) out.push_back(factor * draw(random, from + i));
  return out;
}

/// Counts runs in which `misses` holds; a run without an answer counts as a miss.
Count count_runs(std::int64_t runs, std::uint64_t seed,
                 const std::function<bool(const Philox&, std::uint64_t)>& misses) {
  Count out{0, runs};
  for (std::int64_t run = 0; run < runs; ++run) {
    const Philox random(seed, static_cast<std::uint64_t>(run));
    out.events += misses(random, seed + static_cast<std::uint64_t>(run)) ? 1 : 0;
  }
  return out;
}

bool misses(const Result<stats::Contrast>& c, double truth) {
  return !c || c->ci_low > truth || c->ci_high < truth;
}

/// Two arms whose means differ by (factor - 1) times `mean`.
struct World {
  std::string name;
  Draw draw;
  double mean = 0.0;
  std::size_t n_control = 100;
  std::size_t n_treatment = 100;
  double factor = 1.0;
};

Case bootstrap_case(const World& world, IntervalKind kind, WeightScheme weights, double low,
                    double high, std::string advice) {
  Case out;
  out.room = "resampling";
  out.method = std::string("bootstrap of means, ") + std::string(to_text(kind)) +
               (weights == WeightScheme::poisson ? ", Poisson weights" : "");
  out.world = world.name;
  out.counted = "interval misses the truth";
  out.low = low;
  out.high = high;
  out.advice = std::move(advice);
  out.cost = static_cast<double>(world.n_control + world.n_treatment) / 20.0;
  out.count = [world, kind, weights](std::int64_t runs, std::uint64_t seed) {
    return count_runs(runs, seed, [&](const Philox& random, std::uint64_t run_seed) {
      const auto c = sample(world.draw, world.n_control, random, 0);
      const auto t = sample(world.draw, world.n_treatment, random, 1U << 20, world.factor);
      BootstrapOptions options;
      options.interval = kind;
      options.weights = weights;
      options.replicates = 499;
      options.seed = run_seed;
      const auto b = bootstrap_mean(c, t, options);
      return !b || misses(b->contrast, (world.factor - 1.0) * world.mean);
    });
  };
  return out;
}

/// 40 units of 12 clusters an arm, all of a cluster sharing half of the variance.
Case cluster_case(bool by_cluster, double low, double high, std::string advice) {
  Case out;
  out.room = "resampling";
  out.method = by_cluster ? "cluster bootstrap, bootstrap_t" : "bootstrap of units, percentile";
  out.world = "12 clusters of 10 units an arm, intraclass correlation 0.5, no effect";
  out.counted = "interval misses the truth";
  out.low = low;
  out.high = high;
  out.advice = std::move(advice);
  out.cost = 10.0;
  out.count = [by_cluster](std::int64_t runs, std::uint64_t seed) {
    return count_runs(runs, seed, [&](const Philox& random, std::uint64_t run_seed) {
      std::array<std::vector<double>, 2> y;
      std::vector<std::int64_t> cluster;
      for (std::size_t arm = 0; arm < 2; ++arm) {
        for (std::uint64_t i = 0; i < 120; ++i) {
          const std::uint64_t at = (arm << 20) + 200 + i;
          const double shared = numerics::normal_quantile(random.uniform((arm << 20) + i / 10));
          y[arm].push_back(shared + numerics::normal_quantile(random.uniform(at)));
          if (arm == 0) cluster.push_back(static_cast<std::int64_t>(i / 10));
        }
      }
      BootstrapOptions options;
      options.weights = WeightScheme::multinomial;
      options.replicates = 499;
      options.seed = run_seed;
      if (!by_cluster) {
        const auto b = bootstrap_mean(y[0], y[1], options);
        return !b || misses(b->contrast, 0.0);
      }
      options.interval = IntervalKind::bootstrap_t;
      const auto c = *cluster_sums(y[0], cluster);
      const auto t = *cluster_sums(y[1], cluster);
      const auto b = bootstrap_ratio({c.sum, c.size}, {t.sum, t.size}, options);
      return !b || misses(b->contrast, 0.0);
    });
  };
  return out;
}

Case quantile_case(std::string world, const Draw& draw, double quantile, double value,
                   std::size_t n, double factor, double low, double high, std::string advice) {
  Case out;
  out.room = "resampling";
  out.method = "quantile bootstrap without resampling";
  out.world = std::move(world);
  out.counted = "interval misses the truth";
  out.low = low;
  out.high = high;
  out.advice = std::move(advice);
  out.cost = 1.0;
  out.count = [=](std::int64_t runs, std::uint64_t seed) {
    return count_runs(runs, seed, [&](const Philox& random, std::uint64_t) {
      return misses(
          quantile_bootstrap(sample(draw, n, random, 0), sample(draw, n, random, 1U << 20, factor),
                             {.quantile = quantile}),
          (factor - 1.0) * value);
    });
  };
  return out;
}

Case permutation_case(const World& world, PermutationStatistic statistic, std::string counted,
                      double low, double high, std::string advice) {
  Case out;
  out.room = "resampling";
  out.method = statistic == PermutationStatistic::studentised
                   ? "permutation test, studentised"
                   : "permutation test, difference of means";
  out.world = world.name;
  out.counted = std::move(counted);
  out.low = low;
  out.high = high;
  out.advice = std::move(advice);
  out.cost = static_cast<double>(world.n_control + world.n_treatment) / 8.0;
  out.count = [world, statistic](std::int64_t runs, std::uint64_t seed) {
    return count_runs(runs, seed, [&](const Philox& random, std::uint64_t run_seed) {
      const auto c = sample(world.draw, world.n_control, random, 0);
      auto t = sample(world.draw, world.n_treatment, random, 1U << 20);
      // Same mean, `factor` times the spread.
      for (double& y : t) y = world.mean + world.factor * (y - world.mean);
      PermutationOptions options;
      options.statistic = statistic;
      options.draws = 399;
      options.exact_up_to = 0;
      options.seed = run_seed;
      const auto test = permutation_test(c, t, options);
      return !test || test->contrast.p_value <= 0.05;
    });
  };
  return out;
}

/// Pairs or clusters with a strong effect of their own, no treatment effect.
Case mechanism_case(bool clusters, bool replayed, double low, double high, std::string advice) {
  Case out;
  out.room = "resampling";
  out.method = replayed ? (clusters ? "randomisation test, clusters replayed"
                                    : "randomisation test, pairs replayed")
                        : "permutation of units, difference of means";
  out.world = clusters ? "6 + 6 clusters of 5 units, intraclass correlation 0.5, no effect"
                       : "10 pairs with strong pair effects, no effect";
  out.counted = "false positives";
  out.low = low;
  out.high = high;
  out.advice = std::move(advice);
  out.cost = 10.0;
  out.count = [clusters, replayed](std::int64_t runs, std::uint64_t seed) {
    return count_runs(runs, seed, [&](const Philox& random, std::uint64_t run_seed) {
      const std::size_t groups = clusters ? 12 : 10;
      const std::size_t size = clusters ? 5 : 2;
      const Philox coins(seed ^ 0x5EEDU, run_seed);
      std::vector<double> y;
      std::vector<std::uint8_t> arms;
      std::vector<std::int64_t> label;
      for (std::size_t g = 0; g < groups; ++g) {
        const double shared = numerics::normal_quantile(random.uniform(1000 + g));
        const bool coin = coins.uniform(g) < 0.5;
        for (std::size_t i = 0; i < size; ++i) {
          y.push_back((clusters ? 1.0 : 3.0) * shared +
                      numerics::normal_quantile(random.uniform(g * size + i)));
          label.push_back(static_cast<std::int64_t>(g));
          arms.push_back(clusters ? (g < 6 ? 1 : 0) : ((i == 0) == coin ? 1 : 0));
        }
      }
      PermutationOptions options;
      options.statistic = PermutationStatistic::difference;
      options.draws = 399;
      options.exact_up_to = 1100;
      options.seed = run_seed;
      const auto mechanism = !replayed  ? complete_randomisation(y.size(), y.size() / 2)
                             : clusters ? cluster_randomisation(label, arms)
                                        : paired_randomisation(label, arms);
      const auto test = randomisation_test(y, arms, *mechanism, options);
      return !test || test->contrast.p_value <= 0.05;
    });
  };
  return out;
}

/// One sample of units re-randomised `runs` times: what `assay aa` counts.
Case aa_case(std::string world, const Draw& draw, std::size_t n, std::vector<double> weights,
             double low, double high, std::string advice) {
  Case out;
  out.room = "resampling";
  out.method = "Welch's t on re-randomised units (A/A)";
  out.world = std::move(world);
  out.counted = "false positives";
  out.low = low;
  out.high = high;
  out.advice = std::move(advice);
  out.cost = 1.0;
  out.count = [=](std::int64_t runs, std::uint64_t seed) {
    const auto y = sample(draw, n, Philox(seed, 1), 0);
    AaOptions options;
    options.draws = runs;
    options.seed = seed;
    options.weights = weights;
    const auto run = rerandomize({{.name = "y", .y = y}}, options);
    if (!run) return Count{runs, runs};
    const auto& m = run->metrics.front();
    return Count{m.rejected.events + m.n_undefined, runs};
  };
  return out;
}

std::vector<Case> bootstrap_cases() {
  const double payer_mean = 0.03 * 20.0 * std::exp(0.5 * 1.3 * 1.3);
  const World easy{"normal values, 200 units an arm, true effect", normal, 10.0, 200, 200, 1.02};
  const World small{
      "exponential values, 10 units an arm, true effect", exponential, 1.0, 10, 10, 1.5};
  const World uneven{"exponential values, 180 + 20 units, no effect", exponential, 1.0, 180, 20};
  const World heavy{"3 % payers, log-normal amounts, 300 units an arm, true effect",
                    payers,
                    payer_mean,
                    300,
                    300,
                    1.5};
  const World sparse{"2 % events, 400 units an arm, no effect", rare, 0.02, 400, 400};
  const auto multinomial = WeightScheme::multinomial;
  const auto poisson = WeightScheme::poisson;
  const char* small_advice =
      "under about 50 units an arm percentile and basic intervals are too short: take bootstrap_t";
  const char* heavy_advice =
      "no bootstrap repairs a sample without the tail: cap the metric, or want 355 skewness^2 "
      "units";
  return {bootstrap_case(easy, IntervalKind::percentile, poisson, 0.045, 0.065, ""),
          bootstrap_case(easy, IntervalKind::basic, poisson, 0.045, 0.065, ""),
          bootstrap_case(easy, IntervalKind::bca, multinomial, 0.045, 0.065, ""),
          bootstrap_case(easy, IntervalKind::bootstrap_t, multinomial, 0.045, 0.065, ""),
          bootstrap_case(small, IntervalKind::percentile, multinomial, 0.07, 0.15, small_advice),
          bootstrap_case(small, IntervalKind::basic, multinomial, 0.06, 0.15, small_advice),
          bootstrap_case(small, IntervalKind::bca, multinomial, 0.06, 0.2, small_advice),
          bootstrap_case(small, IntervalKind::bootstrap_t, multinomial, 0.04, 0.09, ""),
          bootstrap_case(uneven, IntervalKind::percentile, multinomial, 0.06, 0.15, small_advice),
          bootstrap_case(uneven, IntervalKind::bootstrap_t, multinomial, 0.035, 0.09, ""),
          bootstrap_case(heavy, IntervalKind::percentile, poisson, 0.03, 0.2, heavy_advice),
          bootstrap_case(heavy, IntervalKind::bca, multinomial, 0.08, 0.3, heavy_advice),
          bootstrap_case(heavy, IntervalKind::bootstrap_t, multinomial, 0.08, 0.3, heavy_advice),
          bootstrap_case(sparse, IntervalKind::percentile, poisson, 0.04, 0.08, ""),
          cluster_case(true, 0.03, 0.08, ""),
          cluster_case(false, 0.25, 0.6,
                       "units of clusters are not independent: resample clusters, never units")};
}

std::vector<Case> randomisation_cases() {
  const World exact{"exponential values, 6 + 14 units, no effect", exponential, 1.0, 6, 14};
  const World spread{"normal values, 15 + 60 units, same mean, the larger arm 5 times the spread",
                     [](const Philox& r, std::uint64_t i) { return normal(r, i) - 10.0; },
                     0.0,
                     15,
                     60,
                     5.0};
  const World narrow{"normal values, 60 + 15 units, same mean, the smaller arm 5 times the spread",
                     [](const Philox& r, std::uint64_t i) { return normal(r, i) - 10.0; },
                     0.0,
                     60,
                     15,
                     5.0};
  const World heavy{"3 % payers, log-normal amounts, 100 units an arm, no effect", payers, 0.0, 100,
                    100};
  const auto studentised = PermutationStatistic::studentised;
  const auto difference = PermutationStatistic::difference;
  const char* spread_advice =
      "the plain difference tests that whole distributions are equal: with unequal arms and "
      "spreads take the studentised statistic";
  const char* false_positives = "false positives";
  return {
      permutation_case(exact, studentised, false_positives, 0.05, 0.05, ""),
      permutation_case(exact, difference, false_positives, 0.05, 0.05, ""),
      // Many samples without a payer: ties make the test conservative, never liberal.
      permutation_case(heavy, studentised, false_positives, 0.015, 0.05, ""),
      permutation_case(spread, studentised, false_positives, 0.025, 0.065, ""),
      permutation_case(spread, difference, false_positives, 0.0, 0.03, spread_advice),
      permutation_case(narrow, studentised, false_positives, 0.04, 0.09, ""),
      permutation_case(narrow, difference, false_positives, 0.15, 0.5, spread_advice),
      mechanism_case(false, true, 0.045, 0.05, ""),
      mechanism_case(false, false, 0.0, 0.02, "pairs ignored: valid but blind; replay the pairs"),
      mechanism_case(true, true, 0.045, 0.05, ""),
      mechanism_case(true, false, 0.15, 0.5,
                     "clusters ignored: never permute units that were assigned in clusters")};
}

}  // namespace

std::vector<Case> resampling_cases() {
  std::vector<Case> all = bootstrap_cases();
  const auto lognormal = [](const Philox& random, std::uint64_t i) {
    return numerics::lognormal_quantile(random.uniform(i), 1.0, 1.0);
  };
  const double p90 = std::exp(1.2815515655446004);
  all.push_back(quantile_case("log-normal values, median, 300 units an arm, true effect", lognormal,
                              0.5, 1.0, 300, 1.3, 0.035, 0.055, ""));
  all.push_back(quantile_case("log-normal values, 90th percentile, 300 units an arm, true effect",
                              lognormal, 0.9, p90, 300, 1.3, 0.03, 0.055, ""));
  all.push_back(quantile_case("log-normal values, 99th percentile, 300 units an arm, no effect",
                              lognormal, 0.99, 1.0, 300, 1.0, 0.005, 0.12,
                              "fewer than 10 units beyond the quantile: the interval is not "
                              "reliable (note few_tail_units)"));
  for (auto& one : randomisation_cases()) all.push_back(std::move(one));
  all.push_back(
      aa_case("normal values, 400 units, halves", normal, 400, {0.5, 0.5}, 0.045, 0.055, ""));
  all.push_back(aa_case("3 % payers, log-normal amounts, 2,000 units, 90/10", payers, 2000,
                        {0.9, 0.1}, 0.02, 0.35,
                        "skewed and unequal: the two tails err differently; read each, cap the "
                        "metric"));
  return all;
}

}  // namespace assay::calibration
