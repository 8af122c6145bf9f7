#include "assay/experiment/looks.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "assay/numerics/distributions.hpp"
#include "assay/sequential/confidence_sequence.hpp"

namespace assay::experiment {
namespace {

using sequential::GroupSequentialSpec;
using sequential::Sides;
using sequential::SpendingFamily;

constexpr double kInfinite = std::numeric_limits<double>::infinity();

/// The design of the spec at its planned fractions.
GroupSequentialSpec design_of(const spec::Experiment& experiment) {
  const spec::Looks& looks = experiment.analysis.looks;
  GroupSequentialSpec design;
  design.information = looks.information;
  design.alpha = experiment.analysis.alpha;
  design.alpha_spending = spending_of(looks, design.alpha);
  if (looks.futility != spec::Futility::none) {
    const double power = experiment.design ? experiment.design->power : 0.8;
    design.futility = sequential::Futility{
        .beta_spending = spending_of(looks, 1.0 - power),
        .beta = 1.0 - power,
        .binding = looks.futility == spec::Futility::binding,
    };
  }
  return design;
}

/// z of a contrast, from its own p-value, so that t and z readings cannot disagree.
double z_of(const stats::Contrast& contrast) {
  if (!(contrast.p_value > 0.0))
    return std::copysign(std::abs(contrast.statistic), contrast.difference);
  const double z = numerics::normal_upper_quantile(0.5 * contrast.p_value);
  return std::copysign(z, contrast.difference);
}

/// The level whose critical value under the normal is this one.
double level_of(double critical_value) {
  constexpr double kHighest = 1.0 - 1e-12;
  if (!std::isfinite(critical_value)) return kHighest;
  return std::min(kHighest, 1.0 - 2.0 * numerics::normal_sf(critical_value));
}

/// Looks as the sequential room reads them; the estimate of the last one is z, its error 1.
std::vector<sequential::ObservedLook> observed(const LookReading& look,
                                               const LookProgress& progress, double z) {
  std::vector<sequential::ObservedLook> out;
  for (const PastLook& past : progress.past) out.push_back({past.information, 0.0, 1.0, false});
  out.push_back({look.information, z, 1.0, look.final});
  return out;
}

std::string_view words_of(spec::Spending spending) {
  switch (spending) {
    case spec::Spending::obrien_fleming:
      return "O'Brien-Fleming";
    case spec::Spending::pocock:
      return "Pocock";
    case spec::Spending::linear:
      return "linear";
    case spec::Spending::kim_demets:
      return "Kim-DeMets";
    case spec::Spending::hwang_shih_decani:
      return "Hwang-Shih-DeCani";
    case spec::Spending::user:
      return "stated";
  }
  return "";
}

Result<LookReading> read_group_sequential(const spec::Experiment& experiment,
                                          const LookProgress& progress, LookReading out) {
  out.mode = ReadingMode::group_sequential;
  const sequential::MonitoringPlan plan{design_of(experiment), 1.0, 0.0};
  ASSAY_TRY(const auto read, sequential::monitor(plan, observed(out, progress, 0.0)));
  out.critical_value = read.looks.back().critical_value;
  out.final = read.looks.back().final;
  out.level = level_of(out.critical_value);
  out.next_information = read.next_information;
  out.next_critical_values = read.next_critical_values;
  out.words = fmt::format(
      "Look {} of a group sequential plan ({} spending) at {:.0f} % of the information: {}.",
      out.number, words_of(experiment.analysis.looks.spending), 100.0 * out.information,
      std::isfinite(out.critical_value)
          ? fmt::format("an effect counts from |z| = {:.3f} on", out.critical_value)
          : "too early for any effect to count");
  return out;
}

double planned_n(const spec::Experiment& experiment, const LookProgress& progress) {
  const auto& planned = experiment.analysis.looks.planned_n;
  return static_cast<double>(planned.value_or(std::max<std::int64_t>(progress.analysed, 2)));
}

Result<LookReading> read_sequence(const spec::Experiment& experiment, const LookProgress& progress,
                                  LookReading out) {
  out.mode = ReadingMode::confidence_sequence;
  const double alpha = experiment.analysis.alpha;
  const double x = sequential::tuned_mixture(alpha, Sides::two) *
                   static_cast<double>(std::max<std::int64_t>(progress.analysed, 1)) /
                   planned_n(experiment, progress);
  out.critical_value = sequential::mixture_multiplier(x, alpha, Sides::two);
  out.level = level_of(out.critical_value);
  out.words = fmt::format(
      "Look {}: intervals are a confidence sequence tuned to {:.0f} units and hold at all looks "
      "together ({:.2f} standard errors each way).",
      out.number, planned_n(experiment, progress), out.critical_value);
  return out;
}

}  // namespace

sequential::Spending spending_of(const spec::Looks& looks, double alpha) {
  switch (looks.spending) {
    case spec::Spending::obrien_fleming:
      return {SpendingFamily::obrien_fleming, 0.0, {}};
    case spec::Spending::pocock:
      return {SpendingFamily::pocock, 0.0, {}};
    case spec::Spending::linear:
      return {SpendingFamily::power, 1.0, {}};
    case spec::Spending::kim_demets:
      return {SpendingFamily::power, looks.spending_parameter.value_or(1.0), {}};
    case spec::Spending::hwang_shih_decani:
      return {SpendingFamily::hwang_shih_decani, looks.spending_parameter.value_or(-4.0), {}};
    case spec::Spending::user:
      break;
  }
  sequential::Spending out{SpendingFamily::user, 0.0, {}};
  for (std::size_t i = 0; i < looks.information.size(); ++i)
    out.table.push_back({looks.information[i], alpha * looks.spending_table[i]});
  return out;
}

Result<LookReading> read_look(const spec::Experiment& experiment, const LookProgress& progress) {
  LookReading out;
  out.number = progress.past.size() + 1;
  out.information = progress.information;
  out.final = progress.final;
  const auto method = experiment.analysis.looks.method;
  if (method == spec::LooksMethod::group_sequential)
    return read_group_sequential(experiment, progress, std::move(out));
  if (method == spec::LooksMethod::confidence_sequence)
    return read_sequence(experiment, progress, std::move(out));
  if (!progress.past.empty()) {
    out.unplanned = true;
    ASSAY_TRY(out, read_sequence(experiment, progress, std::move(out)));
    out.words = fmt::format(
        "The data were looked at {} before and no plan of looks was registered: a fixed-horizon "
        "reading is refused. {}",
        progress.past.size() == 1 ? "once" : fmt::format("{} times", progress.past.size()),
        out.words);
    return out;
  }
  const double alpha = experiment.analysis.alpha;
  out.mode = progress.final ? ReadingMode::fixed_horizon : ReadingMode::early;
  out.level = 1.0 - alpha;
  out.critical_value = numerics::normal_upper_quantile(0.5 * alpha);
  out.words = progress.final ? "One look, at the end."
                             : "Read before its end without a plan of looks: exploratory.";
  return out;
}

double information_of(const spec::Experiment& experiment, const Plan& plan, std::int64_t analysed) {
  if (experiment.analysis.looks.planned_n)
    return static_cast<double>(analysed) /
           static_cast<double>(*experiment.analysis.looks.planned_n);
  const double whole = static_cast<double>(plan.query.period.end - plan.query.period.begin);
  const double seen = static_cast<double>(
      std::clamp(plan.query.complete_until, plan.query.period.begin, plan.query.period.end) -
      plan.query.period.begin);
  return seen / whole;
}

Result<double> valid_p_value(const spec::Experiment& experiment, const LookReading& look,
                             const LookProgress& progress, const stats::Contrast& contrast) {
  switch (look.mode) {
    case ReadingMode::fixed_horizon:
    case ReadingMode::early:
      return contrast.p_value;
    case ReadingMode::confidence_sequence: {
      const double x = sequential::tuned_mixture(experiment.analysis.alpha, Sides::two) *
                       static_cast<double>(std::max<std::int64_t>(progress.analysed, 1)) /
                       planned_n(experiment, progress);
      return std::min(1.0, std::exp(-sequential::log_mixture(z_of(contrast), x, Sides::two)));
    }
    case ReadingMode::group_sequential:
      break;
  }
  if (!std::isfinite(look.critical_value)) return 1.0;
  GroupSequentialSpec design = design_of(experiment);
  design.futility.reset();
  design.information.clear();
  for (const PastLook& past : progress.past) design.information.push_back(past.information);
  if (look.final || look.information >= 1.0) {
    // The last look has all alpha that is left, wherever it came to lie.
    for (double& fraction : design.information) fraction = std::min(fraction, 1.0 - 1e-6);
    design.information.push_back(1.0);
  } else {
    design.information.push_back(look.information);
    design.information.push_back(1.0);
  }
  return sequential::repeated_p_value(design, progress.past.size(), z_of(contrast));
}

Result<MetricMonitoring> monitor_metric(const spec::Experiment& experiment, const LookReading& look,
                                        const LookProgress& progress, std::string_view metric,
                                        std::string_view arm, const stats::Contrast& contrast,
                                        stats::Direction direction) {
  std::vector<sequential::ObservedLook> looks;
  for (const PastLook& past : progress.past) {
    const auto known = std::find_if(
        past.estimates.begin(), past.estimates.end(),
        [&](const PastEstimate& one) { return one.metric == metric && one.arm == arm; });
    if (known == past.estimates.end() || !(known->std_error > 0.0)) continue;
    looks.push_back({past.information, known->difference, known->std_error, false});
  }
  // The error that gives this z, so that t and z readings cannot disagree.
  const double z = z_of(contrast);
  const double error = z != 0.0 ? contrast.difference / z : contrast.std_error;
  looks.push_back({look.information, contrast.difference, error, look.final});
  MetricMonitoring out;
  ASSAY_TRY(out.looks, sequential::monitor({design_of(experiment), 1.0, 0.0}, looks));
  if (look.final || out.looks.next_information.empty()) return out;
  GroupSequentialSpec spec = design_of(experiment);
  spec.futility.reset();
  spec.information.clear();
  for (const auto& seen : looks) spec.information.push_back(seen.information);
  for (const double next : out.looks.next_information) spec.information.push_back(next);
  ASSAY_TRY(const auto design, sequential::design_group_sequential(spec));
  const double power = experiment.design ? experiment.design->power : 0.8;
  ASSAY_TRY(const auto size, sequential::characteristics(design, power));
  const double good = direction == stats::Direction::increase ? 1.0 : -1.0;
  ASSAY_TRY(auto prospects,
            sequential::interim_prospects(design, looks.size() - 1, good * z, size.drift));
  out.prospects = prospects;
  return out;
}

}  // namespace assay::experiment
