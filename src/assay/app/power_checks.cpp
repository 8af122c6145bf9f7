#include "assay/app/power_checks.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "assay/decision/error_rates.hpp"
#include "assay/design/unit_power.hpp"
#include "assay/numerics/parallel.hpp"

namespace assay::app {

using design::Design;
using readout::PowerMetric;
using report::Number;

namespace {

/// Columns of the mature units of a metric.
struct Columns {
  std::vector<double> y, d;
  std::vector<std::vector<double>> past;

  explicit Columns(const engine::UnitVariables& v) {
    const auto take = [&](const std::vector<double>& from) {
      std::vector<double> out;
      for (std::size_t i = 0; i < from.size(); ++i)
        if (v.mature[i] != 0) out.push_back(from[i]);
      return out;
    };
    y = take(v.y);
    d = take(v.d);
    for (const auto* column : {&v.x, &v.z, &v.m})
      if (!column->empty()) past.push_back(take(*column));
  }
};

}  // namespace

Result<readout::SimulatedRate> simulated_rate(const Context& context, const PowerOptions& options,
                                              const PowerJob& job, std::size_t m,
                                              const engine::UnitTable& table,
                                              const PowerMetric& metric) {
  const Columns columns(table.metrics[m]);
  const engine::ExperimentMetric& asked = job.history.query.metrics[m];
  design::UnitColumns units{.kind = job.plan.metrics[m].kind,
                            .y = columns.y,
                            .d = columns.d,
                            .cap_quantile = asked.cap_quantile,
                            .cap_ignores_zeros = asked.cap_ignores_zeros,
                            .cap_value = asked.cap_value};
  for (const auto& column : columns.past) units.covariates.emplace_back(column);
  const auto& outcome = *job.history.windows.back().metrics[m];
  Design design = design_of(job, m, outcome);
  const auto n = static_cast<double>(columns.y.size());
  const double sign = design.direction == stats::Direction::increase ? 1.0 : -1.0;
  double relative = sign * metric.effect.value_or(metric.detectable.value.value_or(0.0));
  if (!metric.relative || relative == 0.0)
    return fail(ErrorCode::undefined_statistic, "no relative effect to plant");
  design.comparisons = {1, design.comparisons.control_ratio, design::Correction::none};
  const bool lin = job.plan.metrics[m].has_covariates && job.history.covariate_days > 0;
  design::UnitPower rate;
  ASSAY_TRY(rate,
            design::simulate_power(
                units,
                {.treatment_share = 1.0 / (1.0 + design.comparisons.control_ratio),
                 .alpha = design.alpha,
                 .effect = {design::PlantedEffect::Kind::multiplicative, relative},
                 .adjustment = lin ? stats::Adjustment::lin : stats::Adjustment::none,
                 .replications = options.simulations,
                 .seed = options.seed,
                 .threads = context.threads == 0 ? numerics::default_threads() : context.threads},
                context.progress));
  double formula = 0.0;
  ASSAY_TRY(formula, design::power_of(design, relative * std::abs(design.outcome.baseline), n));
  return readout::SimulatedRate{
      n,      options.simulations, relative, rate.power.estimate, rate.power.low, rate.power.high,
      formula};
}

Result<void> add_rule(const Context& context, const PowerOptions& options, const PowerJob& job,
                      const numerics::SymmetricMatrix& correlation, readout::PowerPage& page) {
  decision::RuleQuestion question;
  for (std::size_t m = 0; m < job.plan.metrics.size(); ++m) {
    const auto reach = reach_of(job, m, job.weeks);
    if (!reach) {
      page.notes.push_back(fmt::format("The rule was not simulated: the past of {} says nothing.",
                                       job.plan.metrics[m].name));
      return {};
    }
    const design::Outcome& outcome = reach->outcome->outcome;
    question.metrics.push_back(
        {outcome.baseline, outcome.control_variance * outcome.variance_left});
    question.n_total = std::max(question.n_total, reach->n);
  }
  // A metric that fewer units have the whole window of varies as its own units let it.
  for (std::size_t m = 0; m < job.plan.metrics.size(); ++m)
    question.metrics[m].unit_variance *= question.n_total / reach_of(job, m, job.weeks)->n;
  double effect = job.effect.value_or(0.0);
  for (const PowerMetric& metric : page.metrics) {
    if (effect == 0.0 && metric.role == "primary" && metric.relative)
      effect = metric.detectable.value.value_or(0.0);
  }
  question.worlds = decision::usual_worlds(job.plan, question.metrics, std::abs(effect));
  question.correlation = correlation;
  for (const auto& [name, shares] : job.history.segments) {
    if (!shares.empty()) question.segments.push_back({name, shares});
  }
  question.replications = options.rule_simulations;
  question.seed = options.seed;
  question.threads = context.threads == 0 ? numerics::default_threads() : context.threads;
  decision::RuleRates rates;
  ASSAY_TRY(rates, decision::rule_error_rates(job.spec, job.plan, question, context.progress));
  page.rule = std::move(rates);
  question.replications = std::min(question.replications, 500);
  const auto units =
      decision::units_for_rule(job.spec, job.plan, question, 1, job.power, context.progress);
  if (!units && units.error().code == ErrorCode::interrupted) return tl::unexpected(units.error());
  page.units_for_rule =
      units ? Number(static_cast<double>(*units)) : Number::undefined(units.error().problem);
  return {};
}

std::optional<engine::UnitTable> unit_table(const OpenEngine& engine, const PowerOptions& options,
                                            const PowerJob& job, readout::PowerPage& page) {
  if (options.max_units == 0 || (options.simulations == 0 && options.rule_simulations == 0))
    return std::nullopt;
  if (engine.warehouse != nullptr) {
    page.notes.push_back(
        "No units are fetched from a warehouse: formulas were not checked by "
        "simulation, and metrics are taken to move independently.");
    return std::nullopt;
  }
  auto table = engine.engine->unit_table({job.history.query, options.max_units});
  if (table) return std::move(*table);
  page.notes.push_back("Formulas were not checked on units of the history: " +
                       table.error().problem + ". Metrics are taken to move independently.");
  return std::nullopt;
}

}  // namespace assay::app
