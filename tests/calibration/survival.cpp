#include <array>
#include <cmath>
#include <optional>
#include <vector>

#include "assay/numerics/philox.hpp"
#include "assay/numerics/sampling.hpp"
#include "assay/survival/age_effects.hpp"
#include "assay/survival/cox.hpp"
#include "assay/survival/kaplan_meier.hpp"
#include "assay/survival/log_rank.hpp"
#include "assay/survival/novelty.hpp"
#include "assay/survival/restricted_mean.hpp"
#include "assay/survival/surrogate.hpp"
#include "calibration.hpp"

namespace assay::calibration {
namespace {

using namespace survival;

/// The draws of one world, in order.
class World {
 public:
  World(std::uint64_t seed, std::int64_t run) : random_(seed, static_cast<std::uint64_t>(run)) {}
  double uniform() { return random_.uniform(next_++); }
  double normal() { return numerics::normal_quantile(uniform()); }
  double exponential(double mean) { return numerics::exponential_quantile(uniform(), mean); }

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

/// n units with this mean time to the event, watched for an exponential time and `horizon` at most.
void add_units(World& w, ObservationRows& rows, int n, double mean, double watched,
               double horizon) {
  for (int i = 0; i < n; ++i) {
    const double event = w.exponential(mean);
    const double end = std::min(horizon, w.exponential(watched));
    rows.time.push_back(std::min(event, end));
    rows.event.push_back(event <= end ? 1 : 0);
  }
}

Case log_rank_case(const char* world, int n1, int n2, double mean, double low, double high) {
  return {"survival",
          "log-rank test",
          world,
          "false positives",
          0.05,
          low,
          high,
          "",
          over_worlds([=](World& w) -> std::optional<bool> {
            ObservationRows rows;
            add_units(w, rows, n1, mean, 2.0, 2.0);
            add_units(w, rows, n2, mean, 2.0, 2.0);
            std::vector<std::int32_t> arm(static_cast<std::size_t>(n1), 0);
            arm.resize(static_cast<std::size_t>(n1 + n2), 1);
            const auto r = log_rank(rows.view(), arm);
            if (!r) return std::nullopt;
            return r->p_value < 0.05;
          })};
}

Case cox_case() {
  return {"survival",
          "Cox hazard ratio, Efron",
          "120 units an arm, ratio 0.7, times in whole days",
          "interval misses the truth",
          0.05,
          0.04,
          0.062,
          "",
          over_worlds([](World& w) -> std::optional<bool> {
            ObservationRows rows;
            add_units(w, rows, 120, 30.0, 90.0, 60.0);
            add_units(w, rows, 120, 30.0 / 0.7, 90.0, 60.0);
            for (double& t : rows.time) t = std::ceil(t);
            std::vector<double> arm(120, 0.0);
            arm.resize(240, 1.0);
            const auto r = cox({rows.view(), {"arm"}, arm});
            if (!r) return std::nullopt;
            return 0.7 < r->terms[0].ci_low || 0.7 > r->terms[0].ci_high;
          })};
}

Case clustered_cox_case(const char* world, int clusters, double low, double high,
                        const char* advice) {
  return {"survival",
          "Cox, clustered variance",
          world,
          "false positives",
          0.05,
          low,
          high,
          advice,
          over_worlds([=](World& w) -> std::optional<bool> {
            ObservationRows rows;
            std::vector<double> arm;
            std::vector<std::int64_t> cluster;
            for (int c = 0; c < clusters; ++c) {
              add_units(w, rows, 10, std::exp(0.5 * w.normal()), 2.0, 2.0);
              arm.resize(rows.time.size(), c % 2);
              cluster.resize(rows.time.size(), c);
            }
            const auto r = cox({rows.view(), {"arm"}, arm, {}, cluster});
            if (!r) return std::nullopt;
            return r->terms[0].p_value < 0.05;
          }),
          2.0};
}

Case curve_case(const char* world, int n, double low, double high) {
  return {"survival",
          "Kaplan-Meier, log-log interval",
          world,
          "interval misses the truth",
          0.05,
          low,
          high,
          "",
          over_worlds([=](World& w) -> std::optional<bool> {
            ObservationRows rows;
            add_units(w, rows, n, 1.0, 3.0, 2.0);
            const auto r = kaplan_meier(rows.view(), 0.95);
            if (!r) return std::nullopt;
            const CurvePoint* at = nullptr;
            for (const auto& p : r->points)
              if (p.time <= 0.7) at = &p;
            if (at == nullptr || !at->ci_low) return std::nullopt;
            const double truth = std::exp(-0.7);
            return truth < *at->ci_low || truth > *at->ci_high;
          })};
}

Case mean_case(const char* world, int n1, int n2, double low, double high, const char* advice) {
  // Treatment delays: rate 1 until 0.5, then 0.5; restricted means up to 1.5 in closed form.
  const double truth = (1.0 - std::exp(-0.5)) + std::exp(-0.5) * 2.0 * (1.0 - std::exp(-0.5)) -
                       (1.0 - std::exp(-1.5));
  return {"survival",
          "restricted mean difference",
          world,
          "interval misses the truth",
          0.05,
          low,
          high,
          advice,
          over_worlds([=](World& w) -> std::optional<bool> {
            ObservationRows control;
            add_units(w, control, n1, 1.0, 3.0, 2.0);
            ObservationRows treatment;
            for (int i = 0; i < n2; ++i) {
              double event = w.exponential(1.0);
              if (event > 0.5) event = 0.5 + 2.0 * (event - 0.5);
              const double end = std::min(2.0, w.exponential(3.0));
              treatment.time.push_back(std::min(event, end));
              treatment.event.push_back(event <= end ? 1 : 0);
            }
            const auto r = compare_restricted_means(control.view(), treatment.view(), 1.5, 0.95);
            if (!r) return std::nullopt;
            return misses(r->contrast, truth);
          })};
}

Case event_share_case() {
  return {"survival",
          "event share by a time",
          "2 % have the event, 2,000 and 500 units, censored",
          "interval misses the truth",
          0.05,
          0.035,
          0.085,
          "rare events in a small arm: the normal interval is a little short",
          over_worlds([](World& w) -> std::optional<bool> {
            ObservationRows control;
            ObservationRows treatment;
            add_units(w, control, 2'000, 50.0, 4.0, 2.0);
            add_units(w, treatment, 500, 50.0, 4.0, 2.0);
            const auto r = compare_event_share(control.view(), treatment.view(), 1.0, 0.95);
            if (!r) return std::nullopt;
            return misses(*r, 0.0);
          }),
          8.0};
}

/// Effects at ages 0 .. 13 with independent errors of 0.1 around a curve.
template <class Curve>
AgeEffects drawn_effects(World& w, Curve curve) {
  AgeEffects out;
  out.covariance = numerics::SymmetricMatrix(14);
  for (std::size_t a = 0; a < 14; ++a) {
    AgeEffect at;
    at.age = static_cast<double>(a);
    at.contrast.difference = curve(at.age) + 0.1 * w.normal();
    at.contrast.std_error = 0.1;
    out.covariance.set(a, a, 0.01);
    out.ages.push_back(at);
  }
  return out;
}

Case novelty_case(const char* world, double initial, double tau, double low, double high,
                  const char* advice) {
  return {"survival",
          "novelty fit, averaged effect at twice the last age",
          world,
          "interval misses the truth",
          0.05,
          low,
          high,
          advice,
          over_worlds([=](World& w) -> std::optional<bool> {
            const auto curve = [=](double a) { return 0.5 + initial * std::exp(-a / tau); };
            const auto r = fit_novelty(drawn_effects(w, curve));
            if (!r) return std::nullopt;
            return misses(r->long_run, curve(26.0));
          })};
}

Case trend_case() {
  return {"survival",
          "trend of the effect by age",
          "14 ages, a steady effect",
          "false positives",
          0.05,
          0.045,
          0.055,
          "",
          over_worlds([](World& w) -> std::optional<bool> {
            const auto r = fit_novelty(drawn_effects(w, [](double) { return 0.5; }));
            if (!r) return std::nullopt;
            return r->pattern != AgePattern::steady;
          })};
}

Case band_case() {
  return {"survival",
          "simultaneous band over ages",
          "2 correlated ages, 60 units, lognormal",
          "a false positive at any age",
          0.05,
          0.03,
          0.06,
          "",
          over_worlds([](World& w) -> std::optional<bool> {
            const std::vector<double> ages{0.0, 1.0};
            std::vector<std::uint8_t> treated;
            std::vector<std::int32_t> matured;
            std::vector<double> values;
            for (int i = 0; i < 60; ++i) {
              treated.push_back(i % 2 == 0 ? 1 : 0);
              matured.push_back(i % 6 == 0 ? 1 : 2);
              const double level = w.normal();
              for (int a = 0; a < 2; ++a) values.push_back(std::exp(0.5 * (level + w.normal())));
            }
            const auto r = age_effects_of_units({ages, treated, matured, values});
            if (!r) return std::nullopt;
            return r->ages[0].adjusted_p_value < 0.05 || r->ages[1].adjusted_p_value < 0.05;
          }),
          4.0};
}

Case surrogate_case(const char* world, double direct, double low, double high, const char* advice) {
  return {"survival",
          "surrogate index",
          world,
          "interval misses the truth",
          0.05,
          low,
          high,
          advice,
          over_worlds([=](World& w) -> std::optional<bool> {
            numerics::CoMoments history(2);
            numerics::CoMoments control(1);
            numerics::CoMoments treatment(1);
            for (int i = 0; i < 300; ++i) {
              const double s = w.normal();
              history.add(std::array<double, 2>{0.8 * s + w.normal(), s});
            }
            for (int i = 0; i < 600; ++i) {
              control.add(std::array<double, 1>{w.normal()});
              treatment.add(std::array<double, 1>{0.5 + w.normal()});
            }
            const auto fit = fit_surrogate(history, {"s"});
            if (!fit) return std::nullopt;
            const auto r = surrogate_effect(*fit, control, treatment, 0.95);
            if (!r) return std::nullopt;
            return misses(r->contrast, 0.4 + direct);
          })};
}

Case surrogacy_case() {
  return {"survival",
          "test of surrogacy",
          "200 and 60 units, surrogacy holds",
          "false positives",
          0.05,
          0.045,
          0.055,
          "",
          over_worlds([](World& w) -> std::optional<bool> {
            numerics::CoMoments control(2);
            numerics::CoMoments treatment(2);
            for (int i = 0; i < 260; ++i) {
              const double s = w.normal() + (i < 200 ? 0.0 : 0.5);
              (i < 200 ? control : treatment).add(std::array<double, 2>{0.8 * s + w.normal(), s});
            }
            const auto r = test_surrogacy(control, treatment, 0.95);
            if (!r) return std::nullopt;
            return r->p_value < 0.05;
          })};
}

}  // namespace

std::vector<Case> survival_cases() {
  return {
      log_rank_case("100 units an arm, a third censored", 100, 100, 1.0, 0.043, 0.057),
      log_rank_case("90/10 split of 500, 6 % have the event", 450, 50, 20.0, 0.03, 0.075),
      cox_case(),
      clustered_cox_case("60 clusters of 10", 60, 0.05, 0.085, "liberal: use few-cluster methods"),
      clustered_cox_case("8 clusters of 10", 8, 0.1, 0.19,
                         "not below 40 clusters: randomise by cluster instead"),
      curve_case("100 units, half have the event", 100, 0.04, 0.06),
      curve_case("20 units", 20, 0.035, 0.07),
      mean_case("200 units an arm, hazards not proportional", 200, 200, 0.043, 0.06, ""),
      mean_case("20 and 60 units", 20, 60, 0.05, 0.1, "liberal below about 50 units an arm"),
      event_share_case(),
      band_case(),
      trend_case(),
      novelty_case("14 ages, a steady effect", 0.0, 1.0, 0.0, 0.05, ""),
      novelty_case("14 ages, fades with tau 3", 1.0, 3.0, 0.02, 0.12, ""),
      novelty_case("14 ages, fades with tau 12", 1.0, 12.0, 0.0, 0.4,
                   "not when the effect still moves at the last age: wait for older units"),
      surrogate_case("300 historical, 600 units an arm", 0.0, 0.04, 0.06, ""),
      surrogate_case("surrogacy broken: a third of the effect goes past the surrogate", 0.2, 0.3,
                     1.0, "only with surrogacy tested; read the bias bound"),
      surrogacy_case(),
  };
}

}  // namespace assay::calibration
