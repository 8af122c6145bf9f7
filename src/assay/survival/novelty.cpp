#include "assay/survival/novelty.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "assay/numerics/distributions.hpp"
#include "assay/stats/interval.hpp"

namespace assay::survival {
namespace {

using numerics::SymmetricMatrix;
using Column = std::vector<double>;

constexpr std::size_t kFewestAges =
    5;  ///< Three parameters, and something left to see the misfit by.
constexpr int kTauGrid = 60;
constexpr int kTauSteps = 60;

/// Effects at ages with their covariance.
struct Points {
  Column age;
  Column effect;
  SymmetricMatrix covariance;
};

/// A fit that is linear in its columns.
struct LinearFit {
  Column coefficient;
  SymmetricMatrix covariance;
  double chi_squared = 0.0;
};

SymmetricMatrix information(const Points& at, const std::vector<Column>& columns) {
  SymmetricMatrix out(columns.size());
  for (std::size_t j = 0; j < columns.size(); ++j) {
    const auto weighted = numerics::solve(at.covariance, columns[j]);
    for (std::size_t i = 0; i <= j; ++i) out.set(i, j, numerics::dot(columns[i], weighted));
  }
  return out;
}

LinearFit fit(const Points& at, const std::vector<Column>& columns) {
  const auto weighted = numerics::solve(at.covariance, at.effect);
  Column right;
  for (const Column& column : columns) right.push_back(numerics::dot(column, weighted));
  const auto info = information(at, columns);
  LinearFit out;
  out.coefficient = numerics::solve(info, right);
  out.covariance = numerics::inverse(info);
  Column residual = at.effect;
  for (std::size_t j = 0; j < columns.size(); ++j)
    for (std::size_t i = 0; i < residual.size(); ++i)
      residual[i] -= out.coefficient[j] * columns[j][i];
  out.chi_squared = numerics::dot(residual, numerics::solve(at.covariance, residual));
  return out;
}

double value_error(const SymmetricMatrix& covariance, const Column& gradient) {
  return std::sqrt(std::max(0.0, numerics::quadratic(gradient, covariance, gradient)));
}

Column decay(const Column& age, double tau) {
  Column out;
  for (const double a : age) out.push_back(std::exp(-a / tau));
  return out;
}

Column ones(std::size_t n) { return Column(n, 1.0); }

/// The tau of the smallest chi-squared: a grid on the log scale, then golden section.
double best_tau(const Points& at, double low, double high) {
  const auto misfit = [&](double log_tau) {
    return fit(at, {ones(at.age.size()), decay(at.age, std::exp(log_tau))}).chi_squared;
  };
  const double step = (std::log(high) - std::log(low)) / kTauGrid;
  double best = std::log(low);
  double least = misfit(best);
  for (int i = 1; i <= kTauGrid; ++i) {
    const double here = std::log(low) + step * i;
    if (const double value = misfit(here); value < least) {
      least = value;
      best = here;
    }
  }
  double a = std::max(std::log(low), best - step);
  double b = std::min(std::log(high), best + step);
  const double ratio = (std::sqrt(5.0) - 1.0) / 2.0;
  for (int i = 0; i < kTauSteps; ++i) {
    const double x = b - ratio * (b - a);
    const double y = a + ratio * (b - a);
    (misfit(x) < misfit(y) ? b : a) = misfit(x) < misfit(y) ? y : x;
  }
  return std::exp(0.5 * (a + b));
}

AgeModel exponential_model(const Points& at, double horizon, ExponentialFit& facts) {
  double gap = std::numeric_limits<double>::infinity();
  for (std::size_t i = 1; i < at.age.size(); ++i) gap = std::min(gap, at.age[i] - at.age[i - 1]);
  const double low = 0.25 * gap;
  const double high = 2.0 * (at.age.back() - at.age.front());
  facts.tau = best_tau(at, low, high);
  const auto curve = decay(at.age, facts.tau);
  const auto linear = fit(at, {ones(at.age.size()), curve});
  facts.long_run = linear.coefficient[0];
  facts.initial = linear.coefficient[1];
  const double faded = std::exp(-horizon / facts.tau);
  AgeModel out{AgeShape::exponential, 3, linear.chi_squared, 0.0, 0.0, 0.0, 0.0};
  out.at_horizon = facts.long_run + facts.initial * faded;
  Column slope;  // Derivative of the effect with respect to tau.
  for (std::size_t i = 0; i < at.age.size(); ++i)
    slope.push_back(facts.initial * curve[i] * at.age[i] / (facts.tau * facts.tau));
  const auto full = information(at, {ones(at.age.size()), curve, slope});
  facts.tau_at_limit = facts.tau < 1.01 * low || facts.tau > 0.99 * high ||
                       numerics::independent_rows(full, 1e-9).size() < 3;
  out.std_error =
      facts.tau_at_limit
          ? value_error(linear.covariance, {1.0, faded})
          : value_error(numerics::inverse(full),
                        {1.0, faded, facts.initial * faded * horizon / (facts.tau * facts.tau)});
  return out;
}

void weigh(std::vector<AgeModel>& models) {
  double least = std::numeric_limits<double>::infinity();
  for (AgeModel& m : models) {
    m.aic = m.chi_squared + 2.0 * m.parameters;
    least = std::min(least, m.aic);
  }
  double total = 0.0;
  for (AgeModel& m : models) total += m.weight = std::exp(-0.5 * (m.aic - least));
  for (AgeModel& m : models) m.weight /= total;
}

Result<Points> points_of(const AgeEffects& effects) {
  Points out{{}, {}, effects.covariance};
  for (const AgeEffect& e : effects.ages) {
    out.age.push_back(e.age);
    out.effect.push_back(e.contrast.difference);
  }
  if (out.age.size() < kFewestAges)
    return fail(
        ErrorCode::undefined_statistic,
        fmt::format("an effect by age needs {} ages at least; got {}", kFewestAges, out.age.size()),
        "", "wait for older units, or use finer ages");
  const auto kept = numerics::independent_rows(out.covariance, 1e-8);
  if (kept.size() < out.age.size())
    return fail(ErrorCode::undefined_statistic,
                fmt::format("the effects at {} ages carry only {} independent pieces of news",
                            out.age.size(), kept.size()),
                "", "use fewer, wider ages or more units");
  return out;
}

Result<stats::Contrast> averaged(const std::vector<AgeModel>& models, double level) {
  double mean = 0.0;
  for (const AgeModel& m : models) mean += m.weight * m.at_horizon;
  double variance = 0.0;
  for (const AgeModel& m : models)
    variance +=
        m.weight * (m.std_error * m.std_error + (m.at_horizon - mean) * (m.at_horizon - mean));
  stats::EstimatedPair pair;
  pair.treatment_value = mean;
  pair.values.treatment_variance = variance;
  pair.degrees_of_freedom = std::numeric_limits<double>::infinity();
  ASSAY_TRY(auto out, stats::contrast_of_values(pair, level));
  out.lift.reset();
  out.lift_undefined = "the control value at the horizon is not modelled";
  return out;
}

}  // namespace

std::string_view to_text(AgeShape shape) {
  switch (shape) {
    case AgeShape::flat:
      return "flat";
    case AgeShape::linear:
      return "linear";
    case AgeShape::exponential:
      return "exponential";
  }
  return "flat";
}

std::string_view to_text(AgePattern pattern) {
  switch (pattern) {
    case AgePattern::steady:
      return "steady";
    case AgePattern::novelty:
      return "novelty";
    case AgePattern::primacy:
      return "primacy";
  }
  return "steady";
}

Result<Novelty> fit_novelty(const AgeEffects& effects, const NoveltyOptions& options) {
  ASSAY_CHECK(stats::check_confidence_level(options.confidence_level));
  ASSAY_TRY(const auto at, points_of(effects));
  Novelty out;
  out.horizon_age = options.horizon_age.value_or(2.0 * at.age.back());
  if (!std::isfinite(out.horizon_age) || out.horizon_age < at.age.front() ||
      !(options.alpha > 0.0 && options.alpha < 1.0))
    return fail(ErrorCode::invalid_spec,
                fmt::format("the horizon must not lie before the first age {}, and alpha must be "
                            "inside (0, 1); got {} and {}",
                            at.age.front(), out.horizon_age, options.alpha));
  const auto flat = fit(at, {ones(at.age.size())});
  const auto line = fit(at, {ones(at.age.size()), at.age});
  out.models.push_back({AgeShape::flat, 1, flat.chi_squared, 0.0, 0.0, flat.coefficient[0],
                        value_error(flat.covariance, {1.0})});
  out.models.push_back({AgeShape::linear, 2, line.chi_squared, 0.0, 0.0,
                        line.coefficient[0] + line.coefficient[1] * out.horizon_age,
                        value_error(line.covariance, {1.0, out.horizon_age})});
  out.models.push_back(exponential_model(at, out.horizon_age, out.exponential));
  const auto ages = static_cast<double>(at.age.size());
  weigh(out.models);
  out.trend = line.coefficient[1];
  out.trend_std_error = std::sqrt(line.covariance.at(1, 1));
  out.trend_p_value = 2.0 * numerics::normal_sf(std::abs(out.trend / out.trend_std_error));
  if (out.trend_p_value < options.alpha) {
    const double first = line.coefficient[0] + line.coefficient[1] * at.age.front();
    out.pattern = first * out.trend < 0.0 ? AgePattern::novelty : AgePattern::primacy;
  }
  const auto best = std::min_element(out.models.begin(), out.models.end(),
                                     [](const auto& a, const auto& b) { return a.aic < b.aic; });
  out.fit_p_value = numerics::chi_squared_sf(best->chi_squared, ages - best->parameters);
  ASSAY_TRY(out.long_run, averaged(out.models, options.confidence_level));
  if (out.horizon_age > at.age.back())
    out.long_run.notes.push_back(
        {"extrapolated", fmt::format("the effect at age {} is extrapolated from ages up to {}",
                                     out.horizon_age, at.age.back())});
  if (!effects.ages_share_units)
    out.long_run.notes.push_back(
        {"ages_independent",
         "ages are taken as independent; when units stand in several ages the "
         "interval is wrong: give their covariance"});
  return out;
}

}  // namespace assay::survival
