#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <string>
#include <vector>

#include "assay/assignment/checks.hpp"
#include "assay/assignment/design.hpp"
#include "assay/assignment/pairs.hpp"
#include "assay/assignment/replay.hpp"
#include "assay/assignment/switchback.hpp"
#include "assay/numerics/distributions.hpp"
#include "assay/numerics/sampling.hpp"
#include "assay/stats/sample_ratio.hpp"
#include "calibration.hpp"

namespace assay::calibration {
namespace {

using namespace assignment;
using numerics::Philox;

constexpr double kLevel = 0.05;

/// Counts the runs for which `rejects(run)` holds.
template <class Rejects>
std::function<Count(std::int64_t, std::uint64_t)> counting(Rejects rejects) {
  return [rejects](std::int64_t runs, std::uint64_t seed) {
    Count count{0, runs};
    for (std::int64_t run = 0; run < runs; ++run)
      count.events += rejects(seed, static_cast<std::uint64_t>(run)) ? 1 : 0;
    return count;
  };
}

HashRule rule_of(HashMethod method, std::uint64_t seed, std::uint64_t run, const char* name) {
  HashRule rule;
  rule.method = method;
  rule.salt = fmt::format("{}-{}-{}", name, seed, run);
  return rule;
}

std::vector<double> positions_of(const HashRule& rule, int n) {
  std::vector<double> out;
  for (int i = 0; i < n; ++i) out.push_back(hash_unit(rule, fmt::format("user_{}", i)).position);
  return out;
}

std::vector<std::uint8_t> arms_of(const HashRule& rule, int n, double first) {
  std::vector<std::uint8_t> arms;
  for (const double position : positions_of(rule, n)) arms.push_back(position < first ? 0 : 1);
  return arms;
}

Case even_case(int n, const char* world) {
  return {"assignment",
          "evenness of the hash",
          world,
          "false alarms",
          kLevel,
          0.045,
          0.055,
          "",
          counting([n](std::uint64_t seed, std::uint64_t run) {
            const auto rule = rule_of(HashMethod::assay, seed, run, "even");
            return uniformity(positions_of(rule, n), 100)->test.p_value < kLevel;
          }),
          n / 1000.0};
}

Case independent_case(HashMethod method, int n, double first, const char* world) {
  return {"assignment",
          "independence of two hashes",
          world,
          "false alarms",
          kLevel,
          0.04,
          0.06,
          "",
          counting([=](std::uint64_t seed, std::uint64_t run) {
            const auto a = arms_of(rule_of(method, seed, run, "a"), n, first);
            const auto b = arms_of(rule_of(method, seed, run, "b"), n, first);
            return independence(a, 2, b, 2)->test.p_value < kLevel;
          }),
          n / 500.0};
}

Case weak_hash_case() {
  return {"assignment",
          "independence of two hashes",
          "GrowthBook's first hash, salts that differ in their last letter, 5,000 units",
          "two experiments found dependent",
          kLevel,
          0.5,
          1.0,
          "growthbook_v1 is there to replay logs: salts that are alike give arms that go together",
          counting([](std::uint64_t seed, std::uint64_t run) {
            auto first = rule_of(HashMethod::growthbook_v1, seed, run, "exp");
            auto second = first;
            first.salt += "-1";
            second.salt += "-2";
            const auto a = arms_of(first, 5'000, 0.5);
            const auto b = arms_of(second, 5'000, 0.5);
            return independence(a, 2, b, 2)->test.p_value < kLevel;
          }),
          10.0};
}

Case weights_case(double first, int n, const char* world) {
  return {"assignment",
          "realised weights of the hash",
          world,
          "false alarms",
          kLevel,
          0.04,
          0.06,
          "",
          counting([=](std::uint64_t seed, std::uint64_t run) {
            const auto arms = arms_of(rule_of(HashMethod::assay, seed, run, "w"), n, first);
            const std::int64_t treated = std::count(arms.begin(), arms.end(), 1);
            const std::int64_t counts[] = {n - treated, treated};
            const double weights[] = {first, 1 - first};
            return stats::sample_ratio(counts, weights)->p_value < kLevel;
          }),
          n / 1000.0};
}

Case lost_case(int n, double loss, double low, double high, const char* world, const char* advice) {
  return {"assignment",
          "lost logging by arm",
          world,
          "false alarms",
          kLevel,
          low,
          high,
          advice,
          counting([=](std::uint64_t seed, std::uint64_t run) {
            TrafficRequest request;
            request.experiment = fmt::format("lost-{}-{}", seed, run);
            request.arms = {{"control", 0.5}, {"treatment", 0.5}};
            const auto plan = plan_traffic(request);
            const Philox random(seed, run);
            std::vector<std::string> ids;
            std::vector<std::uint8_t> logged;
            for (int i = 0; i < n; ++i) {
              ids.push_back(fmt::format("{}", i));
              logged.push_back(random.uniform(static_cast<std::uint64_t>(i)) < loss ? 0 : 1);
            }
            const std::vector<std::string_view> views(ids.begin(), ids.end());
            return lost_logging(*plan, views, logged, 1)->test.p_value < kLevel;
          }),
          n / 500.0};
}

/// A seed of its own for the design of a run.
std::uint64_t hash_seed(std::uint64_t seed, std::uint64_t run) { return seed * 1'000'003 + run; }

/// Outcomes that a covariate explains to `r2`, without any effect.
struct World {
  std::vector<double> x, y;
};

World world_of(std::size_t n, double r2, std::uint64_t seed, std::uint64_t run) {
  const Philox random(seed ^ 0x5EED, run);
  World world;
  for (std::size_t i = 0; i < n; ++i) {
    const auto [u, v] = random.uniform_pair(i);
    world.x.push_back(numerics::normal_quantile(u));
    world.y.push_back(std::sqrt(r2) * world.x.back() +
                      std::sqrt(1 - r2) * numerics::normal_quantile(v));
  }
  return world;
}

double difference_of(std::span<const double> y, std::span<const std::uint8_t> arms) {
  double sums[2] = {0, 0};
  double counts[2] = {0, 0};
  for (std::size_t i = 0; i < y.size(); ++i) {
    if (arms[i] > 1) continue;
    sums[arms[i]] += y[i];
    counts[arms[i]] += 1;
  }
  if (counts[0] == 0 || counts[1] == 0) return 0;
  return sums[1] / counts[1] - sums[0] / counts[0];
}

/// Randomisation test with 39 draws of the design: rejects with 5 % exactly, were there no ties.
bool replay_rejects(const Design& design, std::span<const double> y, std::uint64_t seed) {
  const double seen = std::abs(difference_of(y, draw_arms(design, seed, 0)));
  int as_large = 1;
  for (std::uint64_t draw = 1; draw < 40; ++draw)
    as_large += std::abs(difference_of(y, draw_arms(design, seed, draw))) >= seen - 1e-12 ? 1 : 0;
  return as_large <= 2;
}

bool t_rejects(const Design& design, std::span<const double> y, std::uint64_t seed) {
  const auto arms = draw_arms(design, seed, 0);
  const double difference = difference_of(y, arms);
  const auto n = static_cast<double>(y.size());
  double means[2] = {0, 0};
  for (std::size_t i = 0; i < y.size(); ++i) means[arms[i]] += 2 * y[i] / n;
  double squares = 0;
  for (std::size_t i = 0; i < y.size(); ++i)
    squares += (y[i] - means[arms[i]]) * (y[i] - means[arms[i]]);
  const double error = std::sqrt(squares / (n - 2) * 4 / n);
  return std::abs(difference / error) > numerics::student_t_upper_quantile(kLevel / 2, n - 2);
}

template <class Rejects>
Case rerandomised_case(const char* method, double low, double high, const char* advice,
                       Rejects rejects) {
  return {"assignment",
          method,
          "re-randomised on a covariate of R^2 0.8, acceptance 0.1, 40 units, no effect",
          "false positives",
          kLevel,
          low,
          high,
          advice,
          counting([rejects](std::uint64_t seed, std::uint64_t run) {
            const World world = world_of(40, 0.8, seed, run);
            const auto design = rerandomised(*complete(40, {0.5, 0.5}), {world.x}, 0.1);
            return rejects(design->design, world.y, hash_seed(seed, run));
          }),
          20.0};
}

}  // namespace

std::vector<Case> assignment_cases() {
  const auto pairs_replayed = [](std::uint64_t seed, std::uint64_t run) {
    const World world = world_of(15, 0.8, seed, run);
    const auto pairs = match_pairs({world.x}, Distance::raw, Matching::exchange);
    return replay_rejects(*paired(*pairs, 15), world.y, hash_seed(seed, run));
  };
  const auto switchback_replayed = [](std::uint64_t seed, std::uint64_t run) {
    SwitchbackPlan plan;
    plan.end = 48;
    plan.block_us = 1;
    plan.method = SwitchMethod::markov;
    plan.stay = 0.5;
    // Outcomes that follow each other in time, so that blocks are far from independent.
    std::vector<double> y = world_of(48, 0, seed, run).y;
    for (std::size_t i = 1; i < y.size(); ++i) y[i] += 0.8 * y[i - 1];
    return replay_rejects(switchback(plan)->design, y, hash_seed(seed, run));
  };
  return {
      even_case(10'000, "10,000 units, 100 buckets"),
      even_case(600, "600 units, 100 buckets"),
      independent_case(HashMethod::assay, 2'000, 0.5, "two salts, 2,000 units, equal arms"),
      independent_case(HashMethod::assay, 2'000, 0.9, "two salts, 2,000 units, arms 90/10"),
      independent_case(HashMethod::growthbook_v2, 2'000, 0.5,
                       "GrowthBook's second hash, 2,000 units, equal arms"),
      weak_hash_case(),
      weights_case(0.5, 2'000, "2,000 units, equal arms"),
      weights_case(0.9, 2'000, "2,000 units, arms 90/10"),
      lost_case(2'000, 0.05, 0.04, 0.06, "5 % of 2,000 units lost, alike in both arms", ""),
      lost_case(1'000, 0.003, 0.0, 0.08, "3 of 1,000 units lost, alike in both arms",
                "with fewer than ten lost units read their counts, not the p-value"),
      rerandomised_case("randomisation test by replay", kLevel, kLevel, "", replay_rejects),
      rerandomised_case("Student's t after re-randomisation", 0.0, 0.02,
                        "far too wide after re-randomisation: replay the design, or adjust for the "
                        "balanced columns",
                        t_rejects),
      {"assignment", "randomisation test by replay",
       "pairs of 15 units by a covariate of R^2 0.8, one left out, no effect", "false positives",
       kLevel, 0.04, 0.051, "", counting(pairs_replayed), 5.0},
      {"assignment", "randomisation test by replay",
       "Markov switchback, one region, 48 blocks of autocorrelation 0.8, no effect",
       "false positives", kLevel, 0.045, 0.051, "", counting(switchback_replayed), 3.0},
  };
}

}  // namespace assay::calibration
