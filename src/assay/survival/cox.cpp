#include "assay/survival/cox.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "assay/numerics/distributions.hpp"
#include "assay/stats/interval.hpp"
#include "assay/survival/detail/partial_likelihood.hpp"
#include "assay/survival/kaplan_meier.hpp"

namespace assay::survival {
namespace {

using detail::CoxData;
using detail::Likelihood;
using numerics::SymmetricMatrix;

constexpr int kMostSteps = 60;
constexpr double kCollinear = 1e-9;
/// A log hazard ratio of this size per standard deviation of a covariate is on its way to infinity.
constexpr double kUnbounded = 12.0;
constexpr double kEventsPerTerm = 10.0;  ///< Peduzzi et al., J. Clin. Epidemiol. 48 (1995).
constexpr std::int64_t kManyClusters = 40;

Result<void> check_input(const CoxInput& in, const CoxOptions& options) {
  ASSAY_CHECK(stats::check_confidence_level(options.confidence_level));
  ASSAY_CHECK(check_observations(in.data));
  const std::size_t n = in.data.size();
  const auto fits = [&](std::size_t size) { return size == 0 || size == n; };
  if (in.names.empty() || in.covariates.size() != n * in.names.size() || !fits(in.stratum.size()) ||
      !fits(in.cluster.size()))
    return fail(ErrorCode::invalid_spec,
                fmt::format("{} units with {} named covariates need {} values, and one stratum and "
                            "cluster each if any; got {}, {} and {}",
                            n, in.names.size(), n * in.names.size(), in.covariates.size(),
                            in.stratum.size(), in.cluster.size()));
  for (std::size_t i = 0; i < in.covariates.size(); ++i)
    if (!std::isfinite(in.covariates[i]))
      return fail(
          ErrorCode::invalid_data, "a covariate is not finite",
          fmt::format("{}, row {}", in.names[i % in.names.size()], i / in.names.size() + 1));
  if (std::none_of(in.data.event.begin(), in.data.event.end(), [](auto e) { return e == 1; }))
    return fail(ErrorCode::undefined_statistic, "no unit had the event: there is nothing to model",
                "", "wait for events");
  return {};
}

Result<void> require_rank(const SymmetricMatrix& information, const CoxInput& in) {
  const auto kept = numerics::independent_rows(information, kCollinear);
  if (kept.size() == information.size) return {};
  std::size_t lost = 0;
  while (lost < kept.size() && kept[lost] == lost) ++lost;
  return fail(ErrorCode::undefined_statistic,
              fmt::format("covariate {} is constant among the units at risk, or a combination of "
                          "the others",
                          in.names[lost]),
              "", "leave it out, or check that both arms have units at risk when events happen");
}

struct Maximum {
  std::vector<double> beta;  ///< Of the scaled covariates.
  Likelihood at_null;
  Likelihood at_beta;
  int iterations = 0;
};

Result<Maximum> maximise(const CoxData& data, const CoxInput& in, Ties ties) {
  Maximum out;
  out.beta.assign(data.p, 0.0);
  out.at_null = detail::partial_likelihood(data, out.beta, ties);
  ASSAY_CHECK(require_rank(out.at_null.information, in));
  out.at_beta = out.at_null;
  for (out.iterations = 1; out.iterations <= kMostSteps; ++out.iterations) {
    auto step = numerics::solve(out.at_beta.information, out.at_beta.score);
    for (int half = 0;; ++half) {
      auto beta = out.beta;
      for (std::size_t j = 0; j < data.p; ++j) beta[j] += step[j];
      auto next = detail::partial_likelihood(data, beta, ties);
      const bool better = std::isfinite(next.log) &&
                          next.log >= out.at_beta.log - 1e-12 * std::abs(out.at_beta.log);
      if (better || half == 40) {
        out.beta = std::move(beta);
        out.at_beta = std::move(next);
        break;
      }
      for (double& s : step) s /= 2.0;
    }
    for (std::size_t j = 0; j < data.p; ++j) {
      if (std::abs(out.beta[j]) < kUnbounded) continue;
      return fail(ErrorCode::undefined_statistic,
                  fmt::format("the hazard ratio of {} has no bound: the units on one side of it "
                              "have no event while others are at risk",
                              in.names[j]),
                  "", "wait for events on both sides, or compare restricted means");
    }
    const double gain = numerics::dot(step, out.at_beta.score);
    const double size = std::sqrt(numerics::dot(step, step));
    if (size < 1e-9 && std::abs(gain) < 1e-9) return out;
  }
  return fail(ErrorCode::undefined_statistic, "the partial likelihood has no maximum to be found",
              "", "check for covariates that all but determine who has the event");
}

/// Covariance of the scaled coefficients from each cluster's summed influence.
SymmetricMatrix robust_covariance(const CoxData& data, const CoxInput& in, const Maximum& top,
                                  const SymmetricMatrix& model, Ties ties, std::int64_t& clusters) {
  const auto residuals = detail::score_residuals(data, top.beta, ties);
  std::map<std::int64_t, std::vector<double>> sums;
  for (std::size_t i = 0; i < in.cluster.size(); ++i) {
    auto& sum = sums.try_emplace(in.cluster[i], data.p, 0.0).first->second;
    for (std::size_t j = 0; j < data.p; ++j) sum[j] += residuals[i * data.p + j];
  }
  clusters = static_cast<std::int64_t>(sums.size());
  SymmetricMatrix out(data.p);
  for (const auto& [number, sum] : sums) {
    std::vector<double> influence(data.p, 0.0);
    for (std::size_t i = 0; i < data.p; ++i)
      for (std::size_t j = 0; j < data.p; ++j) influence[i] += model.at(i, j) * sum[j];
    for (std::size_t i = 0; i < data.p; ++i)
      for (std::size_t j = i; j < data.p; ++j)
        out.set(i, j, out.at(i, j) + influence[i] * influence[j]);
  }
  return out;
}

/// The clock's reading at a time, just before what happens then.
class Clock {
 public:
  Clock(const Observations& data, HazardClock kind) : kind_(kind) {
    if (kind_ == HazardClock::identity) return;
    double survival = 1.0;
    for (const RiskRow& row : risk_table(data)) {
      before_[row.time] = 1.0 - survival;
      if (row.events > 0)
        survival *=
            static_cast<double>(row.at_risk - row.events) / static_cast<double>(row.at_risk);
    }
  }
  [[nodiscard]] double at(double time) const {
    return kind_ == HazardClock::identity ? time : before_.at(time);
  }

 private:
  HazardClock kind_;
  std::map<double, double> before_;
};

/// The score test of `extra` more terms, each covariate x clock of a chosen covariate.
double drift_statistic(const SymmetricMatrix& plain, const SymmetricMatrix& once,
                       const SymmetricMatrix& twice, std::span<const double> score,
                       std::span<const std::size_t> chosen) {
  const std::size_t p = plain.size;
  SymmetricMatrix all(p + chosen.size());
  std::vector<double> u(p + chosen.size(), 0.0);
  for (std::size_t i = 0; i < p; ++i)
    for (std::size_t j = i; j < p; ++j) all.set(i, j, plain.at(i, j));
  for (std::size_t k = 0; k < chosen.size(); ++k) {
    u[p + k] = score[chosen[k]];
    for (std::size_t i = 0; i < p; ++i) all.set(i, p + k, once.at(i, chosen[k]));
    for (std::size_t l = k; l < chosen.size(); ++l)
      all.set(p + k, p + l, twice.at(chosen[k], chosen[l]));
  }
  const auto kept = numerics::independent_rows(all, 1e-12);
  std::vector<double> right;
  for (const std::size_t i : kept) right.push_back(u[i]);
  return numerics::dot(right, numerics::solve(numerics::submatrix(all, kept), right));
}

void test_drift(const CoxData& data, const CoxInput& in, const Maximum& top,
                const CoxOptions& options, Cox& out) {
  const Clock clock(in.data, options.clock);
  double mean = 0.0;  // The clock is centred at the events: no more digits are lost than need be.
  double events = 0.0;
  detail::for_each_event_time(data, top.beta, [&](const detail::EventTime& at) {
    mean += clock.at(at.time) * static_cast<double>(at.events);
    events += static_cast<double>(at.events);
  });
  mean /= events;
  SymmetricMatrix once(data.p);
  SymmetricMatrix twice(data.p);
  std::vector<double> score(data.p, 0.0);
  detail::for_each_event_time(data, top.beta, [&](const detail::EventTime& at) {
    const double g = clock.at(at.time) - mean;
    for (std::size_t j = 0; j < data.p; ++j) score[j] += g * at.covariates[j];
    for (const auto& part : detail::tie_parts(at, options.ties)) {
      const auto spread = detail::part_covariance(at, part);
      once = numerics::sum(once, numerics::scaled(spread, g));
      twice = numerics::sum(twice, numerics::scaled(spread, g * g));
      for (std::size_t j = 0; j < data.p; ++j) score[j] -= g * part.mean[j];
    }
  });
  const auto& plain = top.at_beta.information;
  std::vector<std::size_t> every;
  for (std::size_t j = 0; j < data.p; ++j) {
    every.push_back(j);
    const std::size_t own[] = {j};
    CoxTerm& term = out.terms[j];
    term.drift_chi_squared = drift_statistic(plain, once, twice, score, own);
    term.drift_p_value = numerics::chi_squared_sf(term.drift_chi_squared, 1.0);
    if (term.drift_p_value < 0.01)
      out.notes.push_back(
          {"hazards_not_proportional",
           fmt::format("the hazard ratio of {} changes over time (p = {:.2g}): it is "
                       "an average that depends on how long units were watched; "
                       "compare restricted means",
                       term.name, term.drift_p_value)});
  }
  out.drift_chi_squared = drift_statistic(plain, once, twice, score, every);
  out.drift_p_value = numerics::chi_squared_sf(out.drift_chi_squared, static_cast<double>(data.p));
}

Result<void> set_terms(const CoxData& data, const CoxInput& in, const CoxOptions& options,
                       const Maximum& top, Cox& out) {
  const SymmetricMatrix model = numerics::inverse(top.at_beta.information);
  SymmetricMatrix used = model;
  if (!in.cluster.empty()) {
    std::int64_t clusters = 0;
    used = robust_covariance(data, in, top, model, options.ties, clusters);
    out.n_clusters = clusters;
    if (clusters <= static_cast<std::int64_t>(data.p))
      return fail(
          ErrorCode::undefined_statistic,
          fmt::format("{} clusters cannot tell the variance of {} coefficients", clusters, data.p),
          "", "more clusters, or compare cluster means by randomisation inference");
    if (clusters < kManyClusters)
      out.notes.push_back(
          {"few_clusters", fmt::format("{} clusters: the robust standard error is too small below "
                                       "about {}",
                                       clusters, kManyClusters)});
  }
  const double z = numerics::normal_upper_quantile((1.0 - options.confidence_level) / 2.0);
  out.covariance = SymmetricMatrix(data.p);
  for (std::size_t j = 0; j < data.p; ++j) {
    for (std::size_t i = 0; i <= j; ++i)
      out.covariance.set(i, j, used.at(i, j) / data.scale[i] / data.scale[j]);
    CoxTerm term;
    term.name = in.names[j];
    term.coefficient = top.beta[j] / data.scale[j];
    term.std_error = std::sqrt(model.at(j, j)) / data.scale[j];
    const double spread = std::sqrt(out.covariance.at(j, j));
    if (!in.cluster.empty()) term.robust_std_error = spread;
    term.hazard_ratio = std::exp(term.coefficient);
    term.ci_low = std::exp(term.coefficient - z * spread);
    term.ci_high = std::exp(term.coefficient + z * spread);
    term.z = term.coefficient / spread;
    term.p_value = 2.0 * numerics::normal_sf(std::abs(term.z));
    out.terms.push_back(std::move(term));
  }
  return {};
}

}  // namespace

Result<Cox> cox(const CoxInput& input, const CoxOptions& options) {
  ASSAY_CHECK(check_input(input, options));
  const CoxData data = detail::prepare(input);
  ASSAY_TRY(const auto top, maximise(data, input, options.ties));
  Cox out;
  out.n = static_cast<std::int64_t>(input.data.size());
  out.n_events = std::count(input.data.event.begin(), input.data.event.end(), std::uint8_t{1});
  out.confidence_level = options.confidence_level;
  out.iterations = top.iterations;
  out.log_likelihood_null = top.at_null.log;
  out.log_likelihood = top.at_beta.log;
  const auto p = static_cast<double>(data.p);
  out.likelihood_ratio = std::max(0.0, 2.0 * (top.at_beta.log - top.at_null.log));
  out.likelihood_ratio_p_value = numerics::chi_squared_sf(out.likelihood_ratio, p);
  out.score_chi_squared =
      numerics::dot(top.at_null.score, numerics::solve(top.at_null.information, top.at_null.score));
  out.score_p_value = numerics::chi_squared_sf(out.score_chi_squared, p);
  ASSAY_CHECK(set_terms(data, input, options, top, out));
  test_drift(data, input, top, options, out);
  if (static_cast<double>(out.n_events) < kEventsPerTerm * p)
    out.notes.push_back(
        {"few_events", fmt::format("{} events for {} covariates: the normal interval wants about "
                                   "{:.0f} events each",
                                   out.n_events, data.p, kEventsPerTerm)});
  return out;
}

Result<stats::Contrast> log_hazard_contrast(const Cox& fit, std::size_t term) {
  if (term >= fit.terms.size())
    return fail(
        ErrorCode::invalid_spec,
        fmt::format("the model has {} terms; there is no number {}", fit.terms.size(), term));
  const CoxTerm& own = fit.terms[term];
  stats::EstimatedPair pair;
  pair.treatment_value = own.coefficient;
  pair.values.treatment_variance = fit.covariance.at(term, term);
  pair.degrees_of_freedom = std::numeric_limits<double>::infinity();
  pair.n_treatment = fit.n;
  ASSAY_TRY(auto out, stats::contrast_of_values(pair, fit.confidence_level));
  out.lift.reset();
  out.lift_undefined = "a log hazard ratio is relative already";
  return out;
}

}  // namespace assay::survival
