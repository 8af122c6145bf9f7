#include <array>
#include <cmath>
#include <optional>
#include <vector>

#include "assay/interference/budget_split.hpp"
#include "assay/interference/exposure_mapping.hpp"
#include "assay/interference/geo.hpp"
#include "assay/interference/saturation.hpp"
#include "assay/interference/switchback.hpp"
#include "assay/interference/switchback_regression.hpp"
#include "assay/interference/two_sided.hpp"
#include "assay/numerics/philox.hpp"
#include "assay/numerics/sampling.hpp"
#include "calibration.hpp"

namespace assay::calibration {
namespace {

using namespace interference;

/// The draws of one world, in order.
class World {
 public:
  World(std::uint64_t seed, std::int64_t run) : random_(seed, static_cast<std::uint64_t>(run)) {}
  double uniform() { return random_.uniform(next_++); }
  double normal() { return numerics::normal_quantile(uniform()); }
  std::uint8_t coin() { return uniform() < 0.5 ? 1 : 0; }

 private:
  numerics::Philox random_;
  std::uint64_t next_ = 0;
};

/// Counts a yes-or-no over worlds; worlds in which the method refuses are not counted.
template <class Happens>
std::function<Count(std::int64_t, std::uint64_t)> over_worlds(Happens happens) {
  return [happens](std::int64_t runs, std::uint64_t seed) {
    Count out;
    for (std::int64_t run = 0; run < runs; ++run) {
      World world(seed, run);
      const std::optional<bool> yes = happens(world);
      if (!yes) continue;
      ++out.runs;
      out.events += *yes ? 1 : 0;
    }
    return out;
  };
}

bool misses(const stats::Contrast& c, double truth) {
  return truth < c.ci_low || truth > c.ci_high;
}

/// A switched market: an effect of `now` in the period and of `later` in each of the next two, a
/// slow wave and autocorrelated noise.
struct Market {
  std::vector<double> value;
  std::vector<std::uint8_t> arm;
  std::vector<std::int64_t> block;

  Market(World& w, int blocks, int length, double now, double later) {
    double noise = w.normal();
    for (int b = 0; b < blocks; ++b) {
      const std::uint8_t a = w.coin();
      for (int i = 0; i < length; ++i) {
        const auto t = static_cast<double>(value.size());
        arm.push_back(a);
        block.push_back(b);
        const auto ago = [&](std::size_t k) {
          return arm.size() > k ? static_cast<double>(arm[arm.size() - 1 - k]) : 0.0;
        };
        noise = 0.5 * noise + w.normal();
        value.push_back(10.0 + std::sin(t / 5.0) + noise + now * ago(0) +
                        later * (ago(1) + ago(2)));
      }
    }
  }
  [[nodiscard]] SwitchbackData view() const { return {value, arm, block}; }
};

enum class Reading { hajek, horvitz_thompson, naive };

Case switchback_case(const char* method, const char* world, Reading reading, int blocks, double now,
                     double later, int order, double low, double high, const char* advice) {
  return {"interference",
          method,
          world,
          "interval misses the truth",
          0.05,
          low,
          high,
          advice,
          over_worlds([=](World& w) -> std::optional<bool> {
            const Market market(w, blocks, 4, now, later);
            SwitchbackOptions options;
            options.carry_over = order;
            const auto r = switchback_effect(market.view(), options);
            if (!r) return std::nullopt;
            const auto& c = reading == Reading::hajek              ? r->contrast
                            : reading == Reading::horvitz_thompson ? r->horvitz_thompson
                                                                   : r->naive;
            return misses(c, now + 2.0 * later);
          })};
}

Case switchback_test_case() {
  return {"interference",
          "switchback, randomisation test",
          "10 blocks of 4, no effect",
          "false positives",
          0.05,
          0.02,
          0.05,
          "",
          over_worlds([](World& w) -> std::optional<bool> {
            const Market market(w, 10, 4, 0.0, 0.0);
            SwitchbackOptions options;
            options.carry_over = 1;  // p alone, no interval.
            const auto r = switchback_randomisation(market.view(), options, {});
            if (!r) return std::nullopt;
            return r->test.p_value < 0.05;
          }),
          2.0};
}

Case regression_case(const char* world, int blocks, double low, double high, const char* advice) {
  return {"interference",
          "switchback regression, Newey-West",
          world,
          "false positives",
          0.05,
          low,
          high,
          advice,
          over_worlds([=](World& w) -> std::optional<bool> {
            const Market market(w, blocks, 4, 0.0, 0.0);
            std::vector<std::int32_t> hour;
            for (std::size_t t = 0; t < market.value.size(); ++t)
              hour.push_back(static_cast<std::int32_t>(t % 6));
            SwitchbackRegressionOptions options;
            options.time_effect = hour;
            const auto r = switchback_regression(market.view(), options);
            if (!r) return std::nullopt;
            return r->contrast.p_value < 0.05;
          })};
}

Case carry_over_case() {
  return {"interference",
          "carry-over order",
          "100 blocks of 4, none planted",
          "carry-over found",
          0.05,
          0.01,
          0.055,
          "",
          over_worlds([](World& w) -> std::optional<bool> {
            const Market market(w, 100, 4, 1.0, 0.0);
            const auto r = carry_over_order(market.view(), 0.95);
            if (!r) return std::nullopt;
            return r->order > 0;
          })};
}

/// Regions with levels of their own (lognormal), users within; treated ones by pairs.
std::vector<Geo> regions(World& w, int pairs, double spread) {
  std::vector<Geo> out;
  for (int p = 0; p < pairs; ++p) {
    const double level = std::exp(1.0 + w.normal());
    const std::uint8_t first = w.coin();
    for (const int side : {0, 1}) {
      const double mean = level * std::exp(spread * w.normal());
      out.push_back({{1'000, mean, 999.0 * mean * mean},
                     static_cast<std::uint8_t>(side == 0 ? first : 1 - first),
                     {},
                     p});
    }
  }
  return out;
}

enum class GeoReading { t, randomisation, naive };

Case geo_case(const char* method, const char* world, GeoReading reading, int pairs, double low,
              double high, const char* advice) {
  return {"interference",
          method,
          world,
          "false positives",
          0.05,
          low,
          high,
          advice,
          over_worlds([=](World& w) -> std::optional<bool> {
            const auto r = geo_effect(regions(w, pairs, 0.3));
            if (!r) return std::nullopt;
            if (reading == GeoReading::t) return r->contrast.p_value < 0.05;
            if (reading == GeoReading::naive) return r->naive->p_value < 0.05;
            return r->randomisation.contrast.p_value < 0.05;
          }),
          4.0};
}

Case saturation_case(const char* method, const char* world, bool naive, double low, double high,
                     const char* advice) {
  return {"interference",
          method,
          world,
          "interval misses the truth",
          0.05,
          low,
          high,
          advice,
          over_worlds([=](World& w) -> std::optional<bool> {
            // Treated gain 1, untreated beside them lose 0.5: total effect 1.
            std::vector<SaturationCluster> clusters;
            for (int c = 0; c < 16; ++c) {
              const double level = 0.3 * w.normal();
              SaturationCluster one;
              one.saturation = c % 2 == 0 ? 0.0 : 0.5;
              for (int i = 0; i < 40; ++i) {
                const bool mixed = one.saturation > 0.0;
                const bool treated = mixed && i % 2 == 0;
                const double effect = treated ? 1.0 : (mixed ? -0.5 : 0.0);
                (treated ? one.treatment : one.control).add(level + effect + w.normal());
              }
              clusters.push_back(one);
            }
            const auto r = saturation_effects(clusters, 0.95);
            if (!r) return std::nullopt;
            return misses(naive ? r->naive : *r->levels[0].total, 1.0);
          }),
          2.0};
}

Case exposure_case(const char* method, bool naive, double low, double high, const char* advice) {
  return {"interference",
          method,
          "ring of 80, own effect 1, effect of any treated neighbour 1",
          "interval misses the truth",
          0.05,
          low,
          high,
          advice,
          over_worlds([=](World& w) -> std::optional<bool> {
            std::vector<std::pair<std::uint32_t, std::uint32_t>> edges;
            for (std::uint32_t i = 0; i < 80; ++i) edges.emplace_back(i, (i + 1) % 80);
            const auto network = network_of(80, edges);
            const auto map = treated_share_map(*network, {0.0});
            const auto mechanism = resampling::coin_randomisation(80, 0.5);
            std::vector<std::uint8_t> arms;
            for (int i = 0; i < 80; ++i) arms.push_back(w.coin());
            std::vector<double> values;
            for (std::size_t i = 0; i < 80; ++i) {
              const bool beside = arms[(i + 1) % 80] == 1 || arms[(i + 79) % 80] == 1;
              values.push_back(5.0 + arms[i] + (beside ? 1.0 : 0.0) + w.normal());
            }
            ExposureOptions options;
            options.draws = 1'000;
            const auto r = exposure_effect(values, arms, *mechanism, *map, options);
            if (!r) return std::nullopt;
            return misses(naive ? r->naive : r->contrast, 2.0);
          }),
          4.0};
}

Case budget_case() {
  return {"interference",
          "budget split",
          "40 advertisers, lognormal sizes, effect 5 %",
          "interval misses the truth",
          0.05,
          0.045,
          0.13,
          "heavy-tailed advertisers: compare ratios, or logarithms",
          over_worlds([](World& w) -> std::optional<bool> {
            std::vector<AdvertiserSplit> all(40);
            for (auto& a : all) {
              const double size = std::exp(w.normal());
              a.control = 0.5 * size * (1.0 + 0.3 * w.normal());
              a.treatment = 0.5 * size * (1.05 + 0.3 * w.normal());
            }
            const auto r = budget_split_effect(all);
            if (!r) return std::nullopt;
            return misses(r->contrast, 0.05 * std::exp(0.5));
          })};
}

Case two_sided_case(const char* method, bool naive, double low, double high, const char* advice) {
  return {
      "interference",
      method,
      "60 users, 60 creators; a treated pair takes 0.8 of its gain from the creator's others",
      "interval misses the truth",
      0.05,
      low,
      high,
      advice,
      over_worlds([=](World& w) -> std::optional<bool> {
        // Value of a pair = 1 + user + creator + noise; treated pairs gain 1, and all pairs of a
        // treated creator lose 0.8 x its share of treated users: launching for all gives 0.2.
        std::vector<std::uint8_t> user_arm;
        std::vector<std::uint8_t> creator_arm;
        for (int i = 0; i < 60; ++i) {
          user_arm.push_back(w.coin());
          creator_arm.push_back(w.coin());
        }
        double share = 0.0;
        for (const auto a : user_arm) share += a / 60.0;
        std::vector<double> of_creator;
        for (int c = 0; c < 60; ++c) of_creator.push_back(0.3 * w.normal());
        std::vector<std::uint32_t> user;
        std::vector<std::uint32_t> creator;
        std::vector<double> value;
        for (std::uint32_t u = 0; u < 60; ++u) {
          const double own = 0.3 * w.normal();
          for (std::uint32_t c = 0; c < 60; ++c) {
            const bool both = user_arm[u] == 1 && creator_arm[c] == 1;
            const double lost = creator_arm[c] == 1 ? 0.8 * share : 0.0;
            user.push_back(u);
            creator.push_back(c);
            value.push_back(
                (1.0 + own + of_creator[c] + (both ? 1.0 : 0.0) - lost + 0.5 * w.normal()) / 60.0);
          }
        }
        const auto r = two_sided_effects({user_arm, creator_arm, user, creator, value}, {});
        if (!r) return std::nullopt;
        if (naive) return misses(r->naive, 0.2);
        return misses(r->corner, 1.0 - 0.8 * share);
      }),
      8.0};
}

}  // namespace

std::vector<Case> interference_cases() {
  const char* plain = "60 blocks of 4, autocorrelated, no carry-over";
  const char* carried = "100 blocks of 4, an effect of 1 now and 1 in each of the next two periods";
  return {
      switchback_case("switchback, Hajek", plain, Reading::hajek, 60, 1.0, 0.0, 0, 0.045, 0.07, ""),
      switchback_case("switchback, Horvitz-Thompson", plain, Reading::horvitz_thompson, 60, 1.0,
                      0.0, 0, 0.035, 0.06, "wide: the level of the metric is in its variance"),
      switchback_case("switchback, Hajek, order 2", carried, Reading::hajek, 100, 1.0, 1.0, 2, 0.02,
                      0.05, ""),
      switchback_case("switchback, order 0", carried, Reading::hajek, 100, 1.0, 1.0, 0, 0.3, 1.0,
                      "not with an order shorter than the carry-over"),
      switchback_case("naive: periods as users", carried, Reading::naive, 100, 1.0, 1.0, 0, 0.5,
                      1.0, "never: neither carry-over nor blocks are in it"),
      switchback_case("switchback, Hajek", "10 blocks of 4", Reading::hajek, 10, 1.0, 0.0, 0, 0.1,
                      0.15, "below 40 blocks read the randomisation test"),
      switchback_test_case(),
      regression_case("100 blocks of 4, hour effects", 100, 0.05, 0.085,
                      "a little liberal even here"),
      regression_case("12 blocks of 4", 12, 0.08, 0.14, "not below 40 blocks"),
      carry_over_case(),
      geo_case("geo pairs, randomisation", "8 pairs, lognormal regions", GeoReading::randomisation,
               8, 0.02, 0.05, ""),
      geo_case("geo pairs, t", "8 pairs, lognormal regions", GeoReading::t, 8, 0.01, 0.05, ""),
      geo_case("geo pairs, randomisation", "4 pairs", GeoReading::randomisation, 4, 0.0, 0.001,
               "four pairs cannot give p below 0.125"),
      geo_case("naive: users as independent", "8 pairs, 1,000 users a region", GeoReading::naive, 8,
               0.3, 1.0, "never: regions were randomised, not users"),
      saturation_case("saturation, total effect", "8 and 8 clusters of 40, spillover -0.5", false,
                      0.035, 0.065, ""),
      saturation_case("naive: treated against untreated", "8 and 8 clusters of 40, spillover -0.5",
                      true, 0.3, 1.0, "never where untreated units feel treated ones"),
      exposure_case("exposure mapping, Hajek", false, 0.04, 0.075, ""),
      exposure_case("naive: neighbours ignored", true, 0.5, 1.0, "never where neighbours matter"),
      budget_case(),
      two_sided_case("two-sided, corner", false, 0.045, 0.085, ""),
      two_sided_case("naive: users' side alone", true, 0.2, 1.0,
                     "not where users compete for creators"),
  };
}

}  // namespace assay::calibration
