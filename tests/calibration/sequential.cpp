#include <algorithm>
#include <cmath>
#include <memory>
#include <span>

#include "assay/numerics/distributions.hpp"
#include "assay/numerics/moments.hpp"
#include "assay/numerics/philox.hpp"
#include "assay/numerics/sampling.hpp"
#include "assay/sequential/bayes_effect.hpp"
#include "assay/sequential/bayes_proportions.hpp"
#include "assay/sequential/betting.hpp"
#include "assay/sequential/confidence_sequence.hpp"
#include "assay/sequential/group_sequential.hpp"
#include "assay/sequential/monitoring.hpp"
#include "assay/sequential/reestimation.hpp"
#include "assay/sequential/sample_ratio_sequence.hpp"
#include "assay/sequential/stagewise.hpp"
#include "assay/stats/sample_ratio.hpp"
#include "calibration.hpp"

namespace assay::calibration {
namespace {

using namespace assay::sequential;
using numerics::Philox;

using World = std::function<bool(const Philox&)>;  // One run: did the counted thing happen?

std::function<Count(std::int64_t, std::uint64_t)> counted(World world) {
  return [world](std::int64_t runs, std::uint64_t seed) {
    Count count{0, runs};
    for (std::int64_t r = 0; r < runs; ++r)
      count.events += world(Philox(seed, static_cast<std::uint64_t>(r))) ? 1 : 0;
    return count;
  };
}

double normal(const Philox& random, std::uint64_t index) {
  return numerics::normal_quantile(random.uniform(index));
}

/// z at each look of a trial with a drift.
std::vector<double> trial(const Philox& random, const std::vector<double>& information,
                          double drift) {
  std::vector<double> z;
  double score = 0.0;
  double before = 0.0;
  for (std::size_t k = 0; k < information.size(); ++k) {
    const double step = information[k] - before;
    score += drift * step + std::sqrt(step) * normal(random, k);
    before = information[k];
    z.push_back(score / std::sqrt(before));
  }
  return z;
}

GroupSequentialSpec spec_of(int looks, Sides sides, double alpha, Boundary boundary,
                            SpendingFamily family = SpendingFamily::obrien_fleming,
                            double parameter = 0.0) {
  GroupSequentialSpec spec;
  spec.information = equal_information(looks);
  spec.sides = sides;
  spec.alpha = alpha;
  spec.boundary = boundary;
  spec.alpha_spending = {family, parameter, {}};
  return spec;
}

enum class End : std::uint8_t { upper, lower, futility, none };

/// How a trial ends; futility is obeyed or overruled.
End end_of(const GroupSequentialDesign& design, const std::vector<double>& z, bool obey) {
  for (std::size_t k = 0; k < z.size(); ++k) {
    if (z[k] >= design.critical_values[k]) return End::upper;
    if (design.spec.sides == Sides::two && z[k] <= -design.critical_values[k]) return End::lower;
    const bool last = k + 1 == z.size();
    if (obey && !last && !design.futility_bounds.empty() && z[k] <= design.futility_bounds[k])
      return End::futility;
  }
  return End::none;
}

const std::string kPeeking = "Reading the ordinary p-value at every look: never decide by it.";

Case family_case(const std::string& name, const GroupSequentialSpec& spec) {
  const auto design = std::make_shared<GroupSequentialDesign>(*design_group_sequential(spec));
  return {"sequential",
          name,
          "5 equal looks, normal, no effect",
          "false positives at any look",
          0.05,
          0.05,
          0.05,
          "",
          counted([design](const Philox& random) {
            const End end = end_of(*design, trial(random, design->information, 0.0), true);
            return end == End::upper || end == End::lower;
          }),
          0.1};
}

void add_families(std::vector<Case>& all) {
  using enum Boundary;
  const auto two = Sides::two;
  all.push_back(family_case("O'Brien-Fleming", spec_of(5, two, 0.05, obrien_fleming)));
  all.push_back(family_case("Pocock", spec_of(5, two, 0.05, pocock)));
  all.push_back(family_case("Wang-Tsiatis 0.25", spec_of(5, two, 0.05, wang_tsiatis)));
  all.push_back(family_case("Haybittle-Peto", spec_of(5, two, 0.05, haybittle_peto)));
  all.push_back(family_case("Lan-DeMets O'Brien-Fleming", spec_of(5, two, 0.05, spending)));
  all.push_back(
      family_case("Lan-DeMets Pocock", spec_of(5, two, 0.05, spending, SpendingFamily::pocock)));
  all.push_back(
      family_case("Kim-DeMets 2", spec_of(5, two, 0.05, spending, SpendingFamily::power, 2.0)));
  all.push_back(
      family_case("Hwang-Shih-DeCani -4",
                  spec_of(5, two, 0.05, spending, SpendingFamily::hwang_shih_decani, -4.0)));
  // Source of 0.1417: Armitage, McPherson & Rowe (1969), table 2: 5 looks at 1.96.
  all.push_back({"sequential", "ordinary p < 0.05 at each of 5 looks",
                 "5 equal looks, normal, no effect", "false positives at any look", 0.05, 0.139,
                 0.144, kPeeking, counted([](const Philox& random) {
                   for (const double z : trial(random, equal_information(5), 0.0))
                     if (std::abs(z) > 1.959964) return true;
                   return false;
                 }),
                 0.1});
}

void add_futility(std::vector<Case>& all) {
  auto spec = spec_of(4, Sides::one, 0.025, Boundary::spending);
  spec.futility = Futility{Spending{}, {}, 0.2, true};
  const auto binding = std::make_shared<GroupSequentialDesign>(*design_group_sequential(spec));
  spec.futility->binding = false;
  const auto loose = std::make_shared<GroupSequentialDesign>(*design_group_sequential(spec));
  const std::string name = "Lan-DeMets O'Brien-Fleming, beta spending";
  const auto rejects = [](const auto& design, double drift, bool obey) {
    return counted([design, drift, obey](const Philox& random) {
      return end_of(*design, trial(random, design->information, drift), obey) == End::upper;
    });
  };
  all.push_back({"sequential", name + ", binding", "4 looks, one-sided 0.025, futility obeyed",
                 "false positives at any look", 0.025, 0.025, 0.025, "",
                 rejects(binding, 0.0, true)});
  all.push_back({"sequential", name + ", binding", "the same, futility overruled",
                 "false positives at any look", 0.025, 0.025, 0.032,
                 "A binding futility rule must be obeyed.", rejects(binding, 0.0, false)});
  all.push_back({"sequential", name + ", not binding", "4 looks, one-sided 0.025, overruled",
                 "false positives at any look", 0.025, 0.025, 0.025, "",
                 rejects(loose, 0.0, false)});
  all.push_back({"sequential", name + ", not binding", "the planned effect, futility obeyed",
                 "rejections (power)", 0.8, 0.8, 0.8, "",
                 rejects(loose, *loose->planned_drift, true)});
}

/// The stage-wise reading of a simulated trial on the scale of the drift.
StagewiseInference read_trial(const GroupSequentialDesign& design, const std::vector<double>& z) {
  StoppedTrial stopped;
  stopped.critical_values = design.critical_values;
  stopped.sides = design.spec.sides;
  stopped.alpha = design.spec.alpha;
  for (std::size_t k = 0; k < z.size(); ++k) {
    stopped.information.push_back(design.information[k]);
    stopped.std_error = 1.0 / std::sqrt(design.information[k]);
    stopped.estimate = z[k] * stopped.std_error;
    if (std::abs(z[k]) >= design.critical_values[k]) break;
  }
  return *stagewise_inference(stopped);
}

void add_stagewise(std::vector<Case>& all) {
  const auto design = std::make_shared<GroupSequentialDesign>(*design_group_sequential(
      spec_of(3, Sides::two, 0.05, Boundary::spending, SpendingFamily::pocock)));
  const double drift = 2.5;
  const std::string world = "3 looks, Lan-DeMets Pocock, drift 2.5 (power about 0.6)";
  const auto add = [&](const std::string& method, const std::string& what, double nominal,
                       double low, double high, const std::string& advice, auto happened) {
    all.push_back({"sequential", method, world, what, nominal, low, high, advice,
                   counted([design, drift, happened](const Philox& random) {
                     return happened(
                         read_trial(*design, trial(random, design->information, drift)));
                   }),
                   5.0});
  };
  add("stage-wise interval", "interval misses the truth", 0.05, 0.05, 0.05, "",
      [drift](const StagewiseInference& r) { return r.ci_low > drift || r.ci_high < drift; });
  add("median-unbiased estimate", "estimate above the truth", 0.5, 0.5, 0.5, "",
      [drift](const StagewiseInference& r) { return r.median_unbiased > drift; });
  add("naive estimate after early stopping", "estimate above the truth", 0.5, 0.5, 0.75,
      "Too high after an early stop: report the median-unbiased estimate.",
      [drift](const StagewiseInference& r) { return r.naive_estimate > drift; });
  add("naive interval after early stopping", "interval misses the truth", 0.05, 0.05, 0.12,
      "Covers too rarely after an early stop: report the stage-wise interval.",
      [drift](const StagewiseInference& r) {
        return r.naive_ci_low > drift || r.naive_ci_high < drift;
      });
}

void add_monitoring(std::vector<Case>& all) {
  MonitoringPlan plan;
  plan.design = spec_of(4, Sides::two, 0.05, Boundary::spending);
  all.push_back({"sequential", "monitor, looks at unplanned information",
                 "3 looks at random times, over- or under-running", "false positives at any look",
                 0.05, 0.05, 0.05, "", counted([plan](const Philox& random) {
                   const std::vector<double> information{0.15 + 0.3 * random.uniform(50),
                                                         0.5 + 0.3 * random.uniform(51),
                                                         0.85 + 0.4 * random.uniform(52)};
                   const auto z = trial(random, information, 0.0);
                   std::vector<ObservedLook> looks;
                   for (std::size_t k = 0; k < z.size(); ++k) {
                     const double se = 1.0 / std::sqrt(information[k]);
                     looks.push_back({information[k], z[k] * se, se, k == 2});
                   }
                   const auto verdict = monitor(plan, looks)->verdict;
                   return verdict == LookDecision::reject_upper ||
                          verdict == LookDecision::reject_lower;
                 }),
                 10.0});
  const auto adaptive = [](bool ordinary) {
    return counted([ordinary](const Philox& random) {
      // Size raised as the promising zone says (up to triple), from 0.2 of conditional power on.
      PromisingZonePlan zone;
      zone.most_information = 3.0;
      zone.least_conditional_power = 0.05;
      const double z1 = normal(random, 0);
      const double z2 = normal(random, 1);
      const auto sized = *reestimate(zone, z1);
      const double second = sized.new_information - 0.5;
      const double fixed = std::sqrt(0.5) * (z1 + z2);
      const double pooled =
          (z1 * std::sqrt(0.5) + z2 * std::sqrt(second)) / std::sqrt(sized.new_information);
      return (ordinary ? pooled : fixed) > 1.959963984540054;
    });
  };
  all.push_back({"sequential", "inverse normal combination", "size tripled at will after a look",
                 "false positives above", 0.025, 0.025, 0.025, "", adaptive(false)});
  all.push_back({"sequential", "ordinary test", "size tripled at will after a look",
                 "false positives above", 0.025, 0.025, 0.04,
                 "Not after raising the size below the promising zone.", adaptive(true)});
}

/// Running means and variances of two arms, read at given totals.
struct Stream {
  std::vector<double> totals;                                     ///< Units of both arms, by look.
  double share = 0.5;                                             ///< Of treatment.
  std::function<double(const Philox&, std::uint64_t)> draw = {};  ///< An outcome; same law both.
};

std::vector<SequenceLook> watch(const Stream& stream, const Philox& random) {
  std::vector<SequenceLook> looks;
  numerics::Moments arms[2];
  std::uint64_t unit = 0;
  for (const double total : stream.totals) {
    for (; static_cast<double>(unit) < total; ++unit) {
      const bool treated = random.uniform(2'000'000 + unit) < stream.share;
      arms[treated ? 1 : 0].add(stream.draw(random, unit));
    }
    const double v0 = arms[0].m2 / (static_cast<double>(arms[0].n) - 1.0);
    const double v1 = arms[1].m2 / (static_cast<double>(arms[1].n) - 1.0);
    const double se =
        std::sqrt(v0 / static_cast<double>(arms[0].n) + v1 / static_cast<double>(arms[1].n));
    looks.push_back({total, arms[1].mean - arms[0].mean, se});
  }
  return looks;
}

std::vector<double> log_spaced(double from, double to, int count) {
  std::vector<double> out;
  for (int i = 0; i < count; ++i)
    out.push_back(std::round(from * std::pow(to / from, static_cast<double>(i) / (count - 1))));
  return out;
}

bool ever(const Stream& stream, const SequencePlan& plan, const Philox& random) {
  return confidence_sequence(plan, watch(stream, random))->back().running_p_value < plan.alpha;
}

void add_sequences(std::vector<Case>& all) {
  const auto gaussian = [](const Philox& random, std::uint64_t i) { return normal(random, i); };
  const auto payers = [](const Philox& random, std::uint64_t i) {
    const auto u = random.uniform_pair(i);
    return u[0] < 0.03 ? numerics::lognormal_quantile(u[1], std::exp(3.0), 1.3) : 0.0;
  };
  SequencePlan tuned;
  tuned.planned_n = 2000.0;
  SequencePlan one = tuned;
  one.sides = Sides::one;
  SequencePlan mixed;
  mixed.tau = 0.1;
  const Stream easy{log_spaced(50, 4000, 40), 0.5, gaussian};
  const Stream tails{log_spaced(1000, 4000, 20), 0.5, payers};
  const Stream hard{log_spaced(1000, 4000, 20), 0.1, payers};
  const Stream late{log_spaced(15'000, 40'000, 10), 0.1, payers};
  const auto add = [&](const std::string& method, const std::string& world, const Stream& stream,
                       const SequencePlan& plan, double high, const std::string& advice) {
    all.push_back(
        {"sequential", method, world, "false positives at any look", 0.05, 0.0, high, advice,
         counted([stream, plan](const Philox& r) { return ever(stream, plan, r); }), 20.0});
  };
  const std::string normal_world = "normal, 40 looks from 50 to 4,000 units, planned n 2,000";
  add("confidence sequence", normal_world, easy, tuned, 0.05, "");
  add("confidence sequence, one-sided", normal_world, easy, one, 0.05, "");
  add("mSPRT, tau 0.1", normal_world, easy, mixed, 0.05, "");
  add("confidence sequence", "3 % payers, lognormal, 20 looks from 1,000 to 4,000 units", tails,
      tuned, 0.05, "");
  add("confidence sequence", "the same, 90/10 split: 3 payers in the small arm at first", hard,
      tuned, 0.3, "Asymptotic: not before some hundred payers (events) in the smaller arm.");
  SequencePlan later = tuned;
  later.planned_n = 30'000.0;
  add("confidence sequence", "3 % payers, 90/10 split, 10 looks from 15,000 to 40,000 units", late,
      later, 0.1, "");
  all.push_back({"sequential", "ordinary p < 0.05 at each look", normal_world,
                 "false positives at any look", 0.05, 0.3, 0.5, kPeeking,
                 counted([easy](const Philox& random) {
                   for (const auto& look : watch(easy, random))
                     if (std::abs(look.estimate) > 1.959964 * look.std_error) return true;
                   return false;
                 }),
                 20.0});
}

void add_betting(std::vector<Case>& all) {
  const auto add = [&](const std::string& world, double mean, auto draw) {
    all.push_back({"sequential", "betting sequence", world, "interval misses the truth at any look",
                   0.05, 0.0, 0.05, "", counted([mean, draw](const Philox& random) {
                     std::vector<double> x;
                     for (std::uint64_t i = 0; i < 1000; ++i) x.push_back(draw(random, i));
                     for (const std::size_t n : {20U, 50U, 100U, 200U, 400U, 700U, 1000U}) {
                       const std::span<const double> part(x.data(), n);
                       if (*betting_log_e_value(part, mean, {}) > std::log(20.0)) return true;
                     }
                     return false;
                   }),
                   5.0});
  };
  add("2 % conversion, 7 looks from 20 to 1,000 units", 0.02,
      [](const Philox& random, std::uint64_t i) { return random.uniform(i) < 0.02 ? 1.0 : 0.0; });
  add("very skewed in [0, 1], 7 looks from 20 to 1,000 units", 1.0 / 9.0,
      [](const Philox& random, std::uint64_t i) { return std::pow(random.uniform(i), 8.0); });
}

void add_sample_ratio(std::vector<Case>& all) {
  const auto looks = [](const Philox& random, double share) {
    std::vector<std::vector<std::int64_t>> rows;
    std::int64_t first = 0;
    for (std::uint64_t k = 0; k < 50; ++k) {
      first += numerics::binomial_quantile(random.uniform(k), 500, share);
      rows.push_back({first, static_cast<std::int64_t>(500 * (k + 1)) - first});
    }
    return rows;
  };
  const auto add = [&](const std::string& world, double share) {
    all.push_back({"sequential", "sample ratio at any time, alarm at 0.05", world,
                   "false alarms at any of 50 looks", 0.05, 0.0, 0.05, "",
                   counted([looks, share](const Philox& random) {
                     const SampleRatioPlan plan{{share, 1.0 - share}, 0.05, 10'000.0};
                     return sample_ratio_sequence(looks(random, share), plan)->back().mismatch;
                   }),
                   2.0});
  };
  add("50/50, 500 units a look", 0.5);
  add("90/10, 500 units a look", 0.9);
  all.push_back({"sequential", "chi-squared p < 0.05 at each look", "50/50, 500 units a look",
                 "false alarms at any of 50 looks", 0.05, 0.25, 0.45,
                 "A fixed sample ratio test is for one look.",
                 counted([looks](const Philox& random) {
                   const std::vector<double> weights{0.5, 0.5};
                   for (const auto& row : looks(random, 0.5))
                     if (stats::sample_ratio(row, weights, 0.05)->mismatch) return true;
                   return false;
                 }),
                 2.0});
}

void add_bayes(std::vector<Case>& all) {
  const auto drawn = [](EffectPrior prior) {
    return counted([prior](const Philox& random) {
      double effect = prior.mean + prior.sd * normal(random, 0);
      if (random.uniform(1) < prior.t_weight)
        effect = prior.mean +
                 prior.t_scale * numerics::student_t_quantile(random.uniform(2), prior.t_dof);
      const auto got = *effect_posterior(effect + 0.5 * normal(random, 3), 0.5, prior);
      return effect < got.ci_low || effect > got.ci_high;
    });
  };
  all.push_back({"sequential", "posterior, normal prior", "effects drawn from the prior",
                 "credible interval misses the truth", 0.05, 0.05, 0.05, "",
                 drawn({.mean = 0.1, .sd = 0.7})});
  all.push_back({"sequential", "posterior, normal-t prior", "effects drawn from the prior",
                 "credible interval misses the truth", 0.05, 0.05, 0.05, "",
                 drawn({.mean = 0.1, .sd = 0.3, .t_weight = 0.3, .t_scale = 0.8}), 5.0});
  all.push_back({"sequential", "stop when P(effect > 0) passes 0.975 or 0.025",
                 "prior ten times as wide as the last standard error, 20 looks, no effect",
                 "wrong stops at any look", 0.05, 0.15, 0.35,
                 "A posterior does not bound false positives under peeking; its losses do not "
                 "either.",
                 counted([](const Philox& random) {
                   const auto t = equal_information(20);
                   const auto z = trial(random, t, 0.0);
                   for (std::size_t k = 0; k < z.size(); ++k) {
                     const double se = 1.0 / std::sqrt(t[k]);
                     const auto got = *effect_posterior(z[k] * se, se, {.mean = 0, .sd = 10});
                     if (got.p_above > 0.975 || got.p_above < 0.025) return true;
                   }
                   return false;
                 })});
  all.push_back({"sequential", "beta-binomial posterior", "proportions drawn from the prior",
                 "credible interval misses the truth", 0.05, 0.05, 0.05, "",
                 counted([](const Philox& random) {
                   const double p = random.uniform(0);
                   const auto x = numerics::binomial_quantile(random.uniform(1), 40, p);
                   const auto got = *compare_proportions(std::vector<ArmOutcome>{{x, 40}, {0, 0}});
                   return p < got[0].ci_low || p > got[0].ci_high;
                 }),
                 2.0});
}

}  // namespace

std::vector<Case> sequential_cases() {
  std::vector<Case> all;
  add_families(all);
  add_futility(all);
  add_stagewise(all);
  add_monitoring(all);
  add_sequences(all);
  add_betting(all);
  add_sample_ratio(all);
  add_bayes(all);
  return all;
}

}  // namespace assay::calibration
