#include "assay/resampling/detail/aa_units.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <unordered_map>

#include "assay/stats/interval.hpp"
#include "assay/stats/two_proportion.hpp"

namespace assay::resampling::detail {
namespace {

using numerics::CoMoments;

std::vector<std::span<const double>> variables_of(const AaMetric& metric) {
  std::vector<std::span<const double>> out{metric.y};
  if (metric.kind == stats::MetricKind::ratio) out.push_back(metric.d);
  if (metric.adjustment == stats::Adjustment::lin)
    out.insert(out.end(), metric.covariates.begin(), metric.covariates.end());
  return out;
}

Result<void> check_metric(const AaMetric& metric, std::size_t n) {
  const std::string where = "metric " + metric.name;
  for (const auto& variable : variables_of(metric)) {
    if (variable.size() != n) {
      return fail(
          ErrorCode::invalid_spec,
          fmt::format("every variable needs one value a unit; got {} and {}", variable.size(), n),
          where);
    }
    const auto bad =
        std::find_if(variable.begin(), variable.end(), [](double x) { return !std::isfinite(x); });
    if (bad == variable.end()) continue;
    return fail(ErrorCode::invalid_data, "a value is not finite",
                fmt::format("{}, unit {}", where, bad - variable.begin() + 1),
                "drop or cap infinite and missing values");
  }
  if (!(metric.cap_quantile > 0.0 && metric.cap_quantile <= 1.0)) {
    return fail(ErrorCode::invalid_spec,
                fmt::format("a cap quantile lies in (0, 1]; got {}", metric.cap_quantile), where);
  }
  if (!std::isfinite(metric.planted_lift))
    return fail(ErrorCode::invalid_spec, "a planted lift must be finite", where);
  if (metric.kind != stats::MetricKind::proportion) return {};
  if (metric.planted_lift != 0.0) {
    return fail(ErrorCode::invalid_spec, "a lift cannot be planted in a proportion", where,
                "treat it as a mean");
  }
  if (std::all_of(metric.y.begin(), metric.y.end(), [](double y) { return y == 0.0 || y == 1.0; }))
    return {};
  return fail(ErrorCode::invalid_data, "a proportion counts units that are 0 or 1", where,
              "use kind mean for a metric with other values");
}

Result<void> check(const std::vector<AaMetric>& metrics, const AaOptions& options) {
  ASSAY_CHECK(stats::check_confidence_level(options.confidence_level));
  if (metrics.empty() || metrics[0].y.size() < 2)
    return fail(ErrorCode::invalid_spec, "re-randomisation needs a metric and two units");
  if (options.draws < 1) {
    return fail(ErrorCode::invalid_spec,
                fmt::format("re-randomisation needs a draw; got {}", options.draws));
  }
  const std::size_t n = metrics[0].y.size();
  for (const AaMetric& metric : metrics) ASSAY_CHECK(check_metric(metric, n));
  const bool weights = options.weights.size() >= 2 &&
                       std::all_of(options.weights.begin(), options.weights.end(),
                                   [](double w) { return std::isfinite(w) && w > 0.0; });
  if (!weights) {
    return fail(ErrorCode::invalid_spec,
                "re-randomisation needs a positive weight for each of two or more arms");
  }
  if ((!options.strata.empty() && options.strata.size() != n) ||
      (!options.clusters.empty() && options.clusters.size() != n)) {
    return fail(ErrorCode::invalid_spec, "strata and clusters need one label a unit");
  }
  if (!options.strata.empty() &&
      (!options.clusters.empty() || options.assignment != AaAssignment::complete)) {
    return fail(ErrorCode::invalid_spec,
                "strata go with complete assignment of units, not with coins or clusters", "",
                "give a mechanism for anything else");
  }
  if (options.mechanism != nullptr &&
      (options.weights.size() != 2 || !options.strata.empty() || !options.clusters.empty() ||
       options.mechanism->n_units != n)) {
    return fail(ErrorCode::invalid_spec,
                "a mechanism assigns the same units to two arms, without strata or clusters beside "
                "it");
  }
  if (options.verdicts.empty() != !options.decision)
    return fail(ErrorCode::invalid_spec, "a decision and the words of its verdicts go together");
  return {};
}

/// Rows of the assignment: units in stratum order, or clusters.
void place_rows(const AaOptions& options, AaUnits& out) {
  out.row_of.resize(out.n_units);
  out.data.n_rows = out.n_units;
  std::iota(out.row_of.begin(), out.row_of.end(), std::size_t{0});
  if (!options.clusters.empty()) {
    std::unordered_map<std::int64_t, std::size_t> place;
    for (std::size_t u = 0; u < out.n_units; ++u)
      out.row_of[u] = place.emplace(options.clusters[u], place.size()).first->second;
    out.data.n_rows = place.size();
  }
  out.rule.stratum_ends = {out.data.n_rows};
  if (options.strata.empty()) return;
  std::vector<std::size_t> order(out.n_units);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return options.strata[a] < options.strata[b];
  });
  out.rule.stratum_ends.clear();
  for (std::size_t row = 0; row < order.size(); ++row) {
    out.row_of[order[row]] = row;
    if (row > 0 && options.strata[order[row]] != options.strata[order[row - 1]])
      out.rule.stratum_ends.push_back(row);
  }
  out.rule.stratum_ends.push_back(order.size());
}

/// The value of rank ceil(n q) of all units.
double cap_of(std::span<const double> y, double q) {
  std::vector<double> copy(y.begin(), y.end());
  const auto n = static_cast<double>(copy.size());
  const auto rank = static_cast<std::ptrdiff_t>(std::clamp(std::ceil(n * q - 1e-9), 1.0, n)) - 1;
  std::nth_element(copy.begin(), copy.begin() + rank, copy.end());
  return copy[static_cast<std::size_t>(rank)];
}

/// The mean, its rounding corrected by the mean of what is left.
double mean_of(std::span<const double> values) {
  const auto n = static_cast<double>(values.size());
  const double first = std::accumulate(values.begin(), values.end(), 0.0) / n;
  double rest = 0.0;
  for (const double x : values) rest += x - first;
  return first + rest / n;
}

/// A metric's variables per unit, capped and centred.
std::vector<std::vector<double>> centred(const AaMetric& metric, AaColumns& columns) {
  std::vector<std::vector<double>> out;
  for (const auto& variable : variables_of(metric)) {
    std::vector<double> copy(variable.begin(), variable.end());
    if (out.empty() && metric.cap_quantile < 1.0) {
      columns.cap = cap_of(copy, metric.cap_quantile);
      for (double& y : copy) y = std::min(y, *columns.cap);
    }
    columns.centre.push_back(mean_of(copy));
    for (double& x : copy) x -= columns.centre.back();
    out.push_back(std::move(copy));
  }
  return out;
}

/// Adds the columns of a metric: as variables and products, or summed by row when rows are
/// clusters. `in_order`: rows are the units as they stand.
void add_columns(std::vector<std::vector<double>> variables, bool by_cluster, bool in_order,
                 AaUnits& out) {
  auto& data = out.data;
  const std::size_t first = data.variables.size();
  const std::size_t m = variables.size();
  const auto summed = [&](const std::vector<double>& a, const std::vector<double>* b) {
    std::vector<double> sums(data.n_rows, 0.0);
    for (std::size_t u = 0; u < out.n_units; ++u)
      sums[out.row_of[u]] += b == nullptr ? a[u] : a[u] * (*b)[u];
    return sums;
  };
  const auto add_summed = [&](std::vector<double> column) {
    data.columns.push_back({data.variables.size(), data.variables.size(), false});
    data.variables.push_back(std::move(column));
  };
  for (std::size_t i = 0; i < m; ++i) {
    if (by_cluster) {
      add_summed(summed(variables[i], nullptr));
    } else {
      data.columns.push_back({first + i, first + i, false});
      data.variables.push_back(in_order ? std::move(variables[i]) : summed(variables[i], nullptr));
    }
  }
  for (std::size_t i = 0; i < m; ++i) {
    for (std::size_t j = i; j < m; ++j) {
      if (by_cluster) {
        add_summed(summed(variables[i], &variables[j]));
      } else {
        data.columns.push_back({first + i, first + j, true});
      }
    }
  }
}

/// Moments of an arm from its n and sums of centred variables and products.
template <class SumAt>
CoMoments moments_from(double n, const AaColumns& columns, const SumAt& sum_at) {
  const std::size_t m = columns.centre.size();
  CoMoments out(m);
  out.n = static_cast<std::int64_t>(n);
  if (!(n > 0.0)) return out;
  for (std::size_t i = 0; i < m; ++i)
    out.mean[i] = columns.centre[i] + sum_at(columns.first + i) / n;
  std::size_t product = columns.first + m;
  for (std::size_t i = 0; i < m; ++i) {
    for (std::size_t j = i; j < m; ++j, ++product) {
      const double value =
          sum_at(product) - sum_at(columns.first + i) * sum_at(columns.first + j) / n;
      out.comoment[CoMoments::index(i, j, m)] = i == j ? std::max(0.0, value) : value;
    }
  }
  return out;
}

/// Multiplies the first variable of an arm.
void plant(CoMoments& arm, double factor) {
  arm.mean[0] *= factor;
  for (std::size_t j = 0; j < arm.size(); ++j)
    arm.comoment[CoMoments::index(0, j, arm.size())] *= j == 0 ? factor * factor : factor;
}

/// A proportion's mean is a count over n: rounding of centred sums must not show.
void make_count(CoMoments& arm) {
  if (arm.n == 0) return;
  const auto n = static_cast<double>(arm.n);
  const double successes = std::round(arm.mean[0] * n);
  arm.mean[0] = successes / n;
  if (arm.size() == 1) arm.comoment[0] = successes * (n - successes) / n;
}

stats::TwoCounts counts_of(const CoMoments& control, const CoMoments& treatment) {
  const auto successes = [](const CoMoments& arm) {
    return static_cast<std::int64_t>(std::llround(arm.mean[0] * static_cast<double>(arm.n)));
  };
  return {successes(control), control.n, successes(treatment), treatment.n};
}

}  // namespace

Result<stats::Contrast> ExactContrasts::of(const stats::TwoCounts& counts,
                                           double confidence_level) {
  const Table table{counts.x_control, counts.n_control, counts.x_treatment, counts.n_treatment};
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = known_.find(table); found != known_.end()) return found->second;
  }
  auto contrast = stats::two_proportion(counts, confidence_level);
  const std::lock_guard lock(mutex_);
  known_.emplace(table, contrast);
  return contrast;
}

Result<AaUnits> prepare_units(const std::vector<AaMetric>& metrics, const AaOptions& options) {
  ASSAY_CHECK(check(metrics, options));
  AaUnits out;
  out.n_units = metrics[0].y.size();
  place_rows(options, out);
  const bool by_cluster = !options.clusters.empty();
  for (const AaMetric& metric : metrics) {
    AaColumns columns;
    columns.first = out.data.columns.size();
    add_columns(centred(metric, columns), by_cluster, options.strata.empty(), out);
    out.metrics.push_back(std::move(columns));
  }
  if (by_cluster) {
    out.n_column = out.data.columns.size();
    std::vector<double> size(out.data.n_rows, 0.0);
    for (const std::size_t row : out.row_of) size[row] += 1.0;
    out.data.columns.push_back({out.data.variables.size(), out.data.variables.size(), false});
    out.data.variables.push_back(std::move(size));
  }
  out.totals = column_totals(out.data);
  out.rule.n_rows = out.data.n_rows;
  out.rule.complete = options.assignment == AaAssignment::complete;
  out.rule.mechanism = options.mechanism;
  out.rule.seed = options.seed;
  const double sum = std::accumulate(options.weights.begin(), options.weights.end(), 0.0);
  for (const double weight : options.weights) out.rule.shares.push_back(weight / sum);
  return out;
}

Result<stats::Contrast> contrast_of(const AaUnits& units, const AaMetric& metric,
                                    const AaColumns& columns, const ArmTotals& totals,
                                    std::size_t arm, std::size_t draw, double confidence_level,
                                    ExactContrasts& exact) {
  const auto n_of = [&](std::size_t k) {
    return units.n_column ? totals.at(k, draw, *units.n_column) : totals.rows[k - 1][draw];
  };
  double n_control = static_cast<double>(units.n_units);
  for (std::size_t k = 1; k <= totals.sums.size(); ++k) n_control -= n_of(k);
  stats::ArmSummary treatment;
  treatment.moments =
      moments_from(n_of(arm), columns, [&](std::size_t c) { return totals.at(arm, draw, c); });
  stats::ArmSummary control;
  control.moments = moments_from(n_control, columns, [&](std::size_t c) {
    double rest = units.totals[c];
    for (std::size_t k = 1; k <= totals.sums.size(); ++k) rest -= totals.at(k, draw, c);
    return rest;
  });
  if (metric.kind == stats::MetricKind::proportion) {
    make_count(control.moments);
    make_count(treatment.moments);
    const stats::TwoCounts counts = counts_of(control.moments, treatment.moments);
    const bool plain =
        control.moments.size() == 1 && std::min(counts.n_control, counts.n_treatment) >= 2;
    if (plain && stats::needs_exact_test(counts)) return exact.of(counts, confidence_level);
  }
  if (metric.planted_lift != 0.0) plant(treatment.moments, 1.0 + metric.planted_lift);
  stats::CompareOptions how;
  how.kind = metric.kind;
  how.adjustment = metric.adjustment;
  how.confidence_level = confidence_level;
  return stats::compare(control, treatment, how);
}

}  // namespace assay::resampling::detail
