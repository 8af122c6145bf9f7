#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "assay/numerics/philox.hpp"
#include "assay/numerics/sampling.hpp"
#include "assay/stats/balance.hpp"
#include "assay/stats/cluster_robust.hpp"
#include "assay/stats/lin.hpp"
#include "assay/stats/multiplicity.hpp"
#include "assay/stats/non_inferiority.hpp"
#include "assay/stats/one_sample.hpp"
#include "assay/stats/post_stratification.hpp"
#include "assay/stats/quantile.hpp"
#include "assay/stats/rank_test.hpp"
#include "assay/stats/sample_ratio.hpp"
#include "assay/stats/sparse_counts.hpp"
#include "assay/stats/wild_cluster_bootstrap.hpp"
#include "calibration.hpp"

namespace assay::calibration {
namespace {

using numerics::CoMoments;
using numerics::Moments;
using stats::Contrast;

/// The draws of one run, in order.
class Draws {
 public:
  Draws(std::uint64_t seed, std::int64_t run) : random_(seed, static_cast<std::uint64_t>(run)) {}
  double uniform() { return random_.uniform(next_++); }
  double normal() { return numerics::normal_quantile(uniform()); }
  double lognormal(double median, double sd) {
    return numerics::lognormal_quantile(uniform(), median, sd);
  }
  bool happens(double p) { return uniform() < p; }
  std::int64_t successes(int n, double p) {
    std::int64_t x = 0;
    for (int i = 0; i < n; ++i) x += happens(p) ? 1 : 0;
    return x;
  }
  /// 3 % pay, amounts lognormal(3, 1.3): mean 1.4.
  double payer() { return happens(0.03) ? lognormal(std::exp(3.0), 1.3) : 0.0; }

 private:
  numerics::Philox random_;
  std::uint64_t next_ = 0;
};

template <class World>
std::function<Count(std::int64_t, std::uint64_t)> counted(World happens) {
  return [happens](std::int64_t runs, std::uint64_t seed) {
    Count count{0, runs};
    for (std::int64_t run = 0; run < runs; ++run) {
      Draws draws(seed, run);
      count.events += happens(draws) ? 1 : 0;
    }
    return count;
  };
}

/// A contrast that could not be made excludes nothing.
bool misses(const Result<Contrast>& c, double truth) {
  return c && (truth < c->ci_low || truth > c->ci_high);
}
bool lift_misses(const Result<Contrast>& c, double truth) {
  return c && c->lift && (truth < c->lift->ci_low || truth > c->lift->ci_high);
}

template <class Draw>
Moments sample(int n, Draw draw) {
  Moments m;
  for (int i = 0; i < n; ++i) m.add(draw());
  return m;
}

template <class Draw>
std::vector<double> values(int n, Draw draw) {
  std::vector<double> out;
  for (int i = 0; i < n; ++i) out.push_back(draw());
  return out;
}

const char* const kMisses = "interval misses the truth";
const char* const kFalse = "false positives";

Case one(std::string method, std::string world, std::string counted_thing, double nominal,
         std::pair<double, double> promised, std::string advice,
         std::function<Count(std::int64_t, std::uint64_t)> count, double cost = 1.0) {
  return {"stats",        std::move(method), std::move(world),  std::move(counted_thing), nominal,
          promised.first, promised.second,   std::move(advice), std::move(count),         cost};
}

bool welch_misses(Draws& d, int n1, int n2, bool payers) {
  const auto c = sample(n1, [&] { return payers ? d.payer() : d.normal(); });
  const auto t = sample(n2, [&] { return payers ? d.payer() : 3.0 * d.normal(); });
  return misses(stats::welch(c, t, 0.95), 0.0);
}

std::vector<Case> mean_cases() {
  return {
      one("Welch's t", "normal, standard deviations 1 and 3, 10 and 20 units", kFalse, 0.05,
          {0.045, 0.055}, "", counted([](Draws& d) { return welch_misses(d, 10, 20, false); })),
      one("Welch's t", "normal, standard deviations 1 and 3, 4 units an arm", kFalse, 0.05,
          {0.03, 0.065}, "", counted([](Draws& d) { return welch_misses(d, 4, 4, false); })),
      one("Welch's t", "3 % payers, lognormal amounts, 1,000 units an arm", kFalse, 0.05,
          {0.03, 0.05}, "conservative: cap the amounts",
          counted([](Draws& d) { return welch_misses(d, 1000, 1000, true); })),
      one("Welch's t", "3 % payers, lognormal amounts, 1,800 and 200 units", kFalse, 0.05,
          {0.15, 0.2}, "too few units in the small arm for such tails: cap, or wait",
          counted([](Draws& d) { return welch_misses(d, 1800, 200, true); })),
      one("Fieller lift", "conversion 2 %, 2,000 units an arm, lift 20 %", kMisses, 0.05,
          {0.035, 0.06}, "", counted([](Draws& d) {
            const auto c = sample(2000, [&] { return d.happens(0.02) ? 1.0 : 0.0; });
            const auto t = sample(2000, [&] { return d.happens(0.024) ? 1.0 : 0.0; });
            return lift_misses(stats::welch(c, t, 0.95), 0.2);
          })),
      one("Fieller lift", "mean 1, standard deviation 1, 12 units an arm, lift 0", kMisses, 0.05,
          {0.03, 0.055}, "", counted([](Draws& d) {
            const auto c = sample(12, [&] { return 1.0 + d.normal(); });
            const auto t = sample(12, [&] { return 1.0 + d.normal(); });
            return lift_misses(stats::welch(c, t, 0.95), 0.0);
          })),
      one("guardrail of a mean", "true worsening equal to the margin, 200 units an arm",
          "called non-inferior", 0.025, {0.02, 0.03}, "", counted([](Draws& d) {
            const auto c = sample(200, [&] { return 10.0 + d.normal(); });
            const auto t = sample(200, [&] { return 9.8 + d.normal(); });
            const auto n = stats::non_inferiority(*stats::welch(c, t, 0.95),
                                                  {0.02, stats::MarginScale::relative},
                                                  stats::Direction::increase);
            return n->status == stats::GuardrailStatus::non_inferior;
          })),
      one("geometric means", "lognormal, sd of logs 1.3, 30 units an arm, ratio 1.5", kMisses, 0.05,
          {0.045, 0.055}, "", counted([](Draws& d) {
            const auto c = stats::log_moments(values(30, [&] { return d.lognormal(1.0, 1.3); }));
            const auto t = stats::log_moments(values(30, [&] { return d.lognormal(1.5, 1.3); }));
            return lift_misses(stats::compare_log_means(*c, *t, 0.95), 0.5);
          })),
      one("one-sample t", "exponential, 50 units", kMisses, 0.05, {0.04, 0.075},
          "skewed metrics want more units", counted([](Draws& d) {
            const auto m = sample(50, [&] { return -std::log(d.uniform()); });
            return stats::mean_against(m, 1.0, 0.95)->p_value < 0.05;
          })),
  };
}

bool proportion_misses(Draws& d, int n1, int n2, double p) {
  const stats::TwoCounts counts{d.successes(n1, p), n1, d.successes(n2, p), n2};
  return misses(stats::two_proportion(counts, 0.95), 0.0);
}

std::vector<Case> count_cases() {
  return {
      one("score test of proportions", "10 %, 300 units an arm", kFalse, 0.05, {0.04, 0.06}, "",
          counted([](Draws& d) { return proportion_misses(d, 300, 300, 0.1); })),
      one("score test of proportions", "2 %, 4,500 and 500 units", kFalse, 0.05, {0.04, 0.065}, "",
          counted([](Draws& d) { return proportion_misses(d, 4500, 500, 0.02); })),
      one("Barnard's exact test", "4 %, 60 units an arm", kFalse, 0.05, {0.0, 0.05},
          "conservative by nature",
          counted([](Draws& d) { return proportion_misses(d, 60, 60, 0.04); }), 40),
      one("guardrail of a proportion", "true worsening equal to the margin, 400 units an arm",
          "called non-inferior", 0.025, {0.018, 0.032}, "", counted([](Draws& d) {
            const stats::TwoCounts counts{d.successes(400, 0.30), 400, d.successes(400, 0.25), 400};
            const auto n = stats::non_inferiority(*stats::two_proportion(counts, 0.95),
                                                  {0.05, stats::MarginScale::absolute},
                                                  stats::Direction::increase);
            return n->status == stats::GuardrailStatus::non_inferior;
          })),
      one("Newcombe's interval", "20 and 30 %, 40 units an arm", kMisses, 0.05, {0.03, 0.06}, "",
          counted([](Draws& d) {
            const auto i =
                *stats::newcombe({d.successes(40, 0.2), 40, d.successes(40, 0.3), 40}, 0.95);
            return i.low > 0.1 || i.high < 0.1;
          })),
      one("Miettinen-Nurminen interval", "2 and 4 %, 150 and 50 units", kMisses, 0.05,
          {0.02, 0.075}, "", counted([](Draws& d) {
            const auto i =
                *stats::miettinen_nurminen({d.successes(150, 0.02), 150, d.successes(50, 0.04), 50},
                                           stats::ProportionNull::Scale::difference, 0.95);
            return i.low > 0.02 || i.high < 0.02;
          })),
      one("Fisher's exact test", "10 %, 40 units an arm", kFalse, 0.05, {0.0, 0.05},
          "very conservative: Boschloo or Barnard say more", counted([](Draws& d) {
            return stats::fisher_exact({d.successes(40, 0.1), 40, d.successes(40, 0.1), 40})
                       ->p_value < 0.05;
          })),
      one("Fisher mid-p", "10 %, 40 units an arm", kFalse, 0.05, {0.01, 0.055}, "",
          counted([](Draws& d) {
            return stats::fisher_exact({d.successes(40, 0.1), 40, d.successes(40, 0.1), 40})
                       ->mid_p_value < 0.05;
          })),
      one("Boschloo's test", "10 %, 20 units an arm, one side", kFalse, 0.025, {0.0, 0.025}, "",
          counted([](Draws& d) {
            return stats::boschloo({d.successes(20, 0.1), 20, d.successes(20, 0.1), 20})->greater <
                   0.025;
          }),
          5),
      one("exact rate ratio", "6 and 9 events expected, ratio 1.5", kMisses, 0.05, {0.0, 0.05},
          "conservative; needs independent events", counted([](Draws& d) {
            const auto r = stats::rate_ratio({numerics::poisson_quantile(d.uniform(), 6.0), 1.0,
                                              numerics::poisson_quantile(d.uniform(), 9.0), 1.0},
                                             0.95);
            return r && (r->ci_low > 1.5 || (r->ci_high && *r->ci_high < 1.5));
          })),
      one("Wilson's interval", "3 %, 100 units", kMisses, 0.05, {0.02, 0.09}, "",
          counted([](Draws& d) {
            return stats::proportion_against(d.successes(100, 0.03), 100, 0.03,
                                             stats::ProportionTest::score, 0.95)
                       ->p_value < 0.05;
          })),
      one("Clopper-Pearson interval", "3 %, 100 units", kMisses, 0.05, {0.0, 0.05},
          "conservative by nature", counted([](Draws& d) {
            return stats::proportion_against(d.successes(100, 0.03), 100, 0.03,
                                             stats::ProportionTest::exact, 0.95)
                       ->p_value < 0.05;
          })),
  };
}

/// Sessions a user (geometric) and clicks that follow the user's own rate; same in both arms.
bool ratio_misses(Draws& d, int n, double spread) {
  CoMoments arms[2] = {CoMoments(2), CoMoments(2)};
  for (auto& arm : arms)
    for (int i = 0; i < n; ++i) {
      const double sessions = 1.0 + numerics::geometric_quantile(d.uniform(), 4.0);
      const double clicks = sessions * 0.2 * d.lognormal(1.0, spread);
      arm.add(std::vector<double>{clicks, sessions});
    }
  return misses(stats::ratio_delta(arms[0], arms[1], 0.95), 0.0);
}

/// Slopes 1 and 3 on one covariate.
bool lin_misses(Draws& d, int n1, int n2) {
  CoMoments arms[2] = {CoMoments(2), CoMoments(2)};
  for (int a = 0; a < 2; ++a)
    for (int i = 0; i < (a == 0 ? n1 : n2); ++i) {
      const double x = d.normal();
      arms[a].add(std::vector<double>{(a == 0 ? 1.0 : 3.0) * x + d.normal(), x});
    }
  return misses(stats::lin(arms[0], arms[1], {}), 0.0);
}

std::vector<Case> adjusted_cases() {
  return {
      one("ratio, delta method", "500 users an arm", kFalse, 0.05, {0.042, 0.058}, "",
          counted([](Draws& d) { return ratio_misses(d, 500, 0.5); })),
      one("ratio, delta method", "20 users an arm, heavy tails", kFalse, 0.05, {0.02, 0.06},
          "few users: prefer the randomisation test",
          counted([](Draws& d) { return ratio_misses(d, 20, 1.5); })),
      one("regression adjustment (Lin)", "slopes 1 and 3, 900 and 100 units", kMisses, 0.05,
          {0.042, 0.06}, "", counted([](Draws& d) { return lin_misses(d, 900, 100); })),
      one("regression adjustment (Lin)", "slopes 1 and 3, 12 units an arm", kMisses, 0.05,
          {0.04, 0.065}, "under 20 units a coefficient: read the unadjusted one too",
          counted([](Draws& d) { return lin_misses(d, 12, 12); })),
      one("post-stratification", "3 strata with effects 0, 1, 2, 300 and 100 units", kMisses, 0.05,
          {0.042, 0.062}, "", counted([](Draws& d) {
            std::vector<stats::Stratum> strata(3);
            for (int i = 0; i < 400; ++i) {
              const auto s = std::min<std::size_t>(2, static_cast<std::size_t>(3 * d.uniform()));
              const bool treated = d.happens(0.25);
              const double effect = treated ? static_cast<double>(s) : 0.0;
              (treated ? strata[s].treatment : strata[s].control)
                  .add(4.0 * static_cast<double>(s) + effect + d.normal());
            }
            return misses(stats::post_stratified(strata, 0.95), 1.0);
          })),
      one("Brunner-Munzel", "normal, standard deviations 1 and 4, 40 and 10 units", kFalse, 0.05,
          {0.04, 0.065}, "", counted([](Draws& d) {
            const auto c = values(40, [&] { return d.normal(); });
            const auto t = values(10, [&] { return 4.0 * d.normal(); });
            const auto b = stats::brunner_munzel(c, t, 0.95);
            return b && b->p_value < 0.05;
          })),
      one("Mann-Whitney", "lognormal, 25 units an arm, equal arms", kFalse, 0.05, {0.04, 0.055}, "",
          counted([](Draws& d) {
            const auto c = values(25, [&] { return d.lognormal(1.0, 1.5); });
            const auto t = values(25, [&] { return d.lognormal(1.0, 1.5); });
            return stats::mann_whitney(c, t)->p_value < 0.05;
          })),
      one("Mann-Whitney", "normal, standard deviations 1 and 4, 40 and 10 units", kFalse, 0.05,
          {0.13, 0.18}, "equal medians, unequal spreads: use Brunner-Munzel", counted([](Draws& d) {
            const auto c = values(40, [&] { return d.normal(); });
            const auto t = values(10, [&] { return 4.0 * d.normal(); });
            return stats::mann_whitney(c, t)->p_value < 0.05;
          })),
  };
}

std::vector<double> family(Draws& d, int nulls, int effects) {
  std::vector<double> p;
  for (int i = 0; i < nulls; ++i) p.push_back(d.uniform());
  for (int i = 0; i < effects; ++i)
    p.push_back(std::erfc(std::abs(d.normal() + 3.0) / std::sqrt(2.0)));
  return p;
}

std::vector<Case> check_cases() {
  const auto any_false = [](stats::Multiplicity method) {
    return counted([method](Draws& d) {
      const auto adjusted = *stats::adjust_p_values(family(d, 8, 4), method);
      return *std::min_element(adjusted.begin(), adjusted.begin() + 8) <= 0.05;
    });
  };
  return {
      one("Holm", "12 metrics, 4 of them move", "any false positive", 0.05, {0.035, 0.05}, "",
          any_false(stats::Multiplicity::holm)),
      one("Hochberg", "12 metrics, 4 of them move", "any false positive", 0.05, {0.035, 0.05}, "",
          any_false(stats::Multiplicity::hochberg)),
      one("Bonferroni", "12 metrics, 4 of them move", "any false positive", 0.05, {0.025, 0.04}, "",
          any_false(stats::Multiplicity::bonferroni)),
      one("Benjamini-Hochberg", "12 metrics, 4 of them move", "a rejection drawn is false", 0.05,
          {0.03, 0.0367}, "exploration only: a metric it names may be noise", counted([](Draws& d) {
            const auto adjusted =
                *stats::adjust_p_values(family(d, 8, 4), stats::Multiplicity::benjamini_hochberg);
            double all = 0.0;
            double wrong = 0.0;
            for (std::size_t i = 0; i < adjusted.size(); ++i) {
              if (adjusted[i] > 0.05) continue;
              ++all;
              wrong += i < 8 ? 1.0 : 0.0;
            }
            return all > 0.0 && d.uniform() < wrong / all;
          })),
      one("sample ratio", "60, 30 and 10 %, 500 units, alpha 0.05", "false alarms", 0.05,
          {0.04, 0.06}, "", counted([](Draws& d) {
            std::vector<std::int64_t> counts(3, 0);
            for (int i = 0; i < 500; ++i) {
              const double u = d.uniform();
              ++counts[u < 0.6 ? 0 : (u < 0.9 ? 1 : 2)];
            }
            return stats::sample_ratio(counts, std::vector<double>{6, 3, 1}, 0.05)->mismatch;
          })),
      one("sample ratio", "50 : 1, 100 units, alpha 0.05, exact", "false alarms", 0.05, {0.0, 0.05},
          "", counted([](Draws& d) {
            const std::int64_t x = d.successes(100, 1.0 / 51.0);
            const std::vector<std::int64_t> counts{100 - x, x};
            return stats::sample_ratio(counts, std::vector<double>{50, 1}, 0.05)->mismatch;
          })),
      one("balance of covariates", "two related covariates, 30 and 60 units", "false alarms", 0.05,
          {0.042, 0.058}, "", counted([](Draws& d) {
            CoMoments arms[2] = {CoMoments(2), CoMoments(2)};
            for (int i = 0; i < 90; ++i) {
              const double x = d.normal();
              arms[i % 3 == 0 ? 0 : 1].add(std::vector<double>{x, x + d.normal()});
            }
            return stats::balance(arms[0], arms[1], {})->p_value < 0.05;
          })),
  };
}

/// Clusters of lognormal sizes whose means differ: ICC 0.2.
struct ClusterWorld {
  int clusters = 40;
  int treated = 20;
  double size_spread = 0.0;
  bool ratio = false;

  [[nodiscard]] std::vector<stats::ClusterArm> draw(Draws& d) const {
    std::vector<stats::ClusterArm> cells;
    for (int g = 0; g < clusters; ++g) {
      const int size = std::max(2, static_cast<int>(d.lognormal(8.0, size_spread)));
      const double shift = 0.5 * d.normal();
      CoMoments m(ratio ? 2 : 1);
      for (int i = 0; i < size; ++i) {
        const double y = 2.0 + shift + d.normal();
        if (!ratio) {
          m.add(std::vector<double>{y});
          continue;
        }
        const double weight = 1.0 + numerics::geometric_quantile(d.uniform(), 2.0);
        m.add(std::vector<double>{y * weight, weight});
      }
      cells.push_back({g, g < treated ? stats::Arm::treatment : stats::Arm::control, m, 0});
    }
    return cells;
  }
};

std::function<Count(std::int64_t, std::uint64_t)> clusters(ClusterWorld world,
                                                           stats::ClusterOptions options) {
  if (world.ratio) options.kind = stats::MetricKind::ratio;
  return counted([world, options](Draws& d) {
    return misses(stats::compare_clusters(world.draw(d), options), 0.0);
  });
}

std::function<Count(std::int64_t, std::uint64_t)> wild(ClusterWorld world) {
  return counted([world](Draws& d) {
    const auto cells = world.draw(d);
    stats::WildOptions options;
    options.draws = 399;
    options.seed = static_cast<std::uint64_t>(d.uniform() * 1e9);
    const auto c = stats::compare_clusters_wild(cells, {}, options);
    return c && c->p_value < 0.05;
  });
}

std::vector<Case> cluster_cases() {
  const stats::ClusterOptions cr2;
  stats::ClusterOptions cr1;
  cr1.variance = stats::ClusterVariance::cr1;
  cr1.freedom = stats::ClusterFreedom::clusters_minus_one;
  const char* const few =
      "under 5 treated clusters no variance is safe: use the randomisation test";
  return {
      one("clusters, CR2", "40 clusters of 8", kFalse, 0.05, {0.042, 0.058}, "",
          clusters({40, 20, 0.0, false}, cr2)),
      one("clusters, CR2", "10 clusters of unequal size", kFalse, 0.05, {0.045, 0.075}, "",
          clusters({10, 5, 0.8, false}, cr2)),
      one("clusters, CR2", "3 of 20 clusters treated, unequal sizes", kFalse, 0.05, {0.01, 0.05},
          few, clusters({20, 3, 0.8, false}, cr2)),
      one("clusters, CR1 with G - 1", "3 of 20 clusters treated, unequal sizes", kFalse, 0.05,
          {0.18, 0.25}, "for comparison: too small an error", clusters({20, 3, 0.8, false}, cr1)),
      one("ratio in clusters, CR2", "30 clusters of unequal size", kFalse, 0.05, {0.045, 0.075}, "",
          clusters({30, 15, 0.5, true}, cr2)),
      one("Welch's t", "units of 40 clusters of 8 taken as independent", kFalse, 0.05, {0.18, 0.24},
          "never where clusters are assigned", counted([](Draws& d) {
            Moments arms[2];
            for (const auto& cell : ClusterWorld{}.draw(d))
              arms[static_cast<int>(cell.arm)].merge(cell.moments.marginal(0));
            return misses(stats::welch(arms[0], arms[1], 0.95), 0.0);
          })),
      one("wild cluster bootstrap", "12 clusters of unequal size", kFalse, 0.05, {0.03, 0.075}, "",
          wild({12, 6, 0.8, false}), 40),
      one("wild cluster bootstrap", "6 clusters, Webb weights", kFalse, 0.05, {0.05, 0.12},
          "under 10 clusters: use the randomisation test", wild({6, 3, 0.3, false}), 40),
      one("wild cluster bootstrap", "3 of 20 clusters treated, unequal sizes", kFalse, 0.05,
          {0.0, 0.05}, few, wild({20, 3, 0.8, false}), 40),
  };
}

/// Latencies of users: lognormal, the user's own level in every one.
std::pair<std::vector<double>, std::vector<std::int64_t>> latencies(Draws& d, int users) {
  std::pair<std::vector<double>, std::vector<std::int64_t>> out;
  for (int u = 0; u < users; ++u) {
    const double level = d.lognormal(1.0, 0.5);
    const int events = 1 + numerics::geometric_quantile(d.uniform(), 4.0);
    for (int i = 0; i < events; ++i) {
      out.first.push_back(level * d.lognormal(1.0, 0.5));
      out.second.push_back(u);
    }
  }
  return out;
}

std::function<Count(std::int64_t, std::uint64_t)> quantiles(int users, double p, bool clustered) {
  return counted([=](Draws& d) {
    const auto c = latencies(d, users);
    const auto t = latencies(d, users);
    using Codes = std::span<const std::int64_t>;
    return misses(
        stats::compare_quantiles({c.first, clustered ? Codes(c.second) : Codes()},
                                 {t.first, clustered ? Codes(t.second) : Codes()}, p, 0.95),
        0.0);
  });
}

std::vector<Case> quantile_cases() {
  return {
      one("quantile, exact ranks", "median of 60 lognormal values", kMisses, 0.05, {0.02, 0.05},
          "conservative by nature", counted([](Draws& d) {
            const auto x = values(60, [&] { return d.lognormal(1.0, 1.0); });
            const auto q = *stats::quantile_value({x, {}}, 0.5, 0.95);
            return q.ci_low > 1.0 || q.ci_high < 1.0;
          })),
      one("difference of quantiles", "p50 of 200 users an arm, clustered events", kFalse, 0.05,
          {0.03, 0.055}, "", quantiles(200, 0.5, true), 2),
      one("difference of quantiles", "p95 of 200 users an arm, clustered events", kFalse, 0.05,
          {0.02, 0.05}, "", quantiles(200, 0.95, true), 2),
      one("difference of quantiles", "p90 of 15 users an arm, clustered events", kFalse, 0.05,
          {0.0, 0.05}, "conservative with few users", quantiles(15, 0.9, true)),
      one("difference of quantiles", "p50 of 200 users an arm, events taken as independent", kFalse,
          0.05, {0.24, 0.33}, "never where users are assigned", quantiles(200, 0.5, false), 2),
  };
}

}  // namespace

std::vector<Case> stats_cases() {
  std::vector<Case> all;
  for (auto cases : {mean_cases(), count_cases(), adjusted_cases(), check_cases(), cluster_cases(),
                     quantile_cases()})
    all.insert(all.end(), cases.begin(), cases.end());
  return all;
}

}  // namespace assay::calibration
