#include "assay/resampling/bootstrap.hpp"

#include <fmt/core.h>

#include <cmath>
#include <unordered_map>

namespace assay::resampling {
namespace {

/// Under this many units Poisson weights leave the size of a replicate too random.
constexpr std::size_t kFewForPoisson = 100;

/// A statistic of one arm: its value and, for bootstrap-t, its standard error, from totals.
struct ArmStatistic {
  ArmValue value;
  ArmValue std_error;  ///< Empty: bootstrap-t is refused.
};

/// Values of all replicates of one arm.
struct ArmDraws {
  double value = 0.0;
  double std_error = 0.0;
  std::vector<double> values;
  std::vector<double> std_errors;
};

Result<ArmDraws> draw(const Columns& columns, const ArmStatistic& statistic,
                      const BootstrapOptions& options, std::uint32_t sample,
                      const Progress& progress) {
  const ReplicateOptions how{options.replicates, options.seed, sample, options.threads};
  ASSAY_TRY(const auto totals, options.weights == WeightScheme::poisson
                                   ? poisson_totals(columns, how, progress)
                                   : multinomial_totals(columns, how, progress));
  ArmDraws out;
  const bool studentise = options.interval == IntervalKind::bootstrap_t;
  out.value = statistic.value(totals.observed);
  if (studentise) out.std_error = statistic.std_error(totals.observed);
  for (std::size_t r = 0; r < static_cast<std::size_t>(totals.replicates); ++r) {
    out.values.push_back(statistic.value(totals.of(r)));
    if (studentise) out.std_errors.push_back(statistic.std_error(totals.of(r)));
  }
  return out;
}

Result<Bootstrap> run(const Columns& control, const ArmStatistic& of_control,
                      const Columns& treatment, const ArmStatistic& of_treatment,
                      const BootstrapOptions& options, const Progress& progress) {
  ASSAY_TRY(auto c, draw(control, of_control, options, 0, progress));
  ASSAY_TRY(auto t, draw(treatment, of_treatment, options, 1, progress));
  if (!std::isfinite(c.value) || !std::isfinite(t.value)) {
    return fail(ErrorCode::undefined_statistic, "an arm has no value: its denominator sums to 0",
                std::isfinite(c.value) ? "arm treatment" : "arm control",
                "check the denominator's event and filter");
  }
  Bootstrap out;
  if (options.interval == IntervalKind::bca) {
    auto jack_c = leave_one_out(control, of_control.value);
    for (double& x : jack_c) x = -x;  // The difference falls when the control value rises.
    const auto jack_t = leave_one_out(treatment, of_treatment.value);
    const std::vector<std::span<const double>> both{jack_c, jack_t};
    out.acceleration = acceleration(both);
  }
  std::vector<double> std_errors(c.std_errors.size());
  for (std::size_t r = 0; r < std_errors.size(); ++r)
    std_errors[r] = std::hypot(c.std_errors[r], t.std_errors[r]);
  ArmReplicates replicates{.control_value = c.value,
                           .treatment_value = t.value,
                           .n_control = static_cast<std::int64_t>(control[0].size()),
                           .n_treatment = static_cast<std::int64_t>(treatment[0].size()),
                           .control = c.values,
                           .treatment = t.values,
                           .acceleration = out.acceleration,
                           .std_error = std::hypot(c.std_error, t.std_error),
                           .std_errors = std_errors};
  ASSAY_TRY(out.contrast,
            contrast_of_replicates(replicates, options.interval, options.confidence_level));
  const std::size_t fewest = std::min(control[0].size(), treatment[0].size());
  if (options.weights == WeightScheme::poisson && fewest < kFewForPoisson) {
    out.contrast.notes.push_back(
        {"few_units", fmt::format("{} units in the smaller arm: Poisson weights leave the size of "
                                  "a replicate too random, take multinomial weights",
                                  fewest)});
  }
  out.std_error_noise =
      out.contrast.std_error / std::sqrt(2.0 * static_cast<double>(options.replicates));
  out.control = std::move(c.values);
  out.treatment = std::move(t.values);
  return out;
}

double mean_of(std::span<const double> totals) { return totals[1] / totals[0]; }
double ratio_of(std::span<const double> totals) { return totals[1] / totals[2]; }

double total_of(std::span<const double> values) {
  double sum = 0.0;
  for (const double x : values) sum += x;
  return sum;
}

/// Centred columns and their products: what standard errors of replicates are made of.
struct Products {
  std::vector<double> centre;
  std::vector<std::vector<double>> columns;  ///< yy for a mean; yy, yd, dd for a ratio.
};

Products products_of(const Columns& columns) {
  Products out;
  const std::size_t n = columns[0].size();
  for (const auto& column : columns)
    out.centre.push_back(total_of(column) / static_cast<double>(n));
  for (std::size_t a = 0; a < columns.size(); ++a) {
    for (std::size_t b = a; b < columns.size(); ++b) {
      std::vector<double> product(n);
      for (std::size_t i = 0; i < n; ++i)
        product[i] = (columns[a][i] - out.centre[a]) * (columns[b][i] - out.centre[b]);
      out.columns.push_back(std::move(product));
    }
  }
  return out;
}

/// Standard error of a mean [y, yy] or of a ratio [y, d, yy, yd, dd] from weighted totals, with
/// n - 1 (W - 1) below; 0 where it does not exist.
ArmValue std_error_from(std::vector<double> centre) {
  return [centre = std::move(centre)](std::span<const double> t) {
    const double w = t[0];
    const std::size_t k = centre.size();
    const auto offset = [&](std::size_t v) { return t[1 + v] / w - centre[v]; };
    const auto covariance = [&](std::size_t at, std::size_t a, std::size_t b) {
      return (t[1 + k + at] / w - offset(a) * offset(b)) * w / (w - 1.0);
    };
    if (!(w > 1.0)) return 0.0;
    if (k == 1) return std::sqrt(std::max(0.0, covariance(0, 0, 0) / w));
    const double ratio = t[1] / t[2];
    const double mean_d = t[2] / w;
    const double variance = covariance(0, 0, 0) - 2.0 * ratio * covariance(1, 0, 1) +
                            ratio * ratio * covariance(2, 1, 1);
    return std::sqrt(std::max(0.0, variance / w)) / std::abs(mean_d);
  };
}

/// Mean (one column) or ratio (two) of each arm, with the columns that the interval needs.
Result<Bootstrap> run_with_products(const Columns& control, const Columns& treatment,
                                    ArmValue (*value)(), const BootstrapOptions& options,
                                    const Progress& progress) {
  const bool empty = control[0].empty() || treatment[0].empty();
  bool shapes = true;
  for (std::size_t v = 0; v < control.size(); ++v)
    shapes = shapes && control[v].size() == control[0].size() &&
             treatment[v].size() == treatment[0].size();
  if (options.interval != IntervalKind::bootstrap_t || empty || !shapes)
    return run(control, {value(), {}}, treatment, {value(), {}}, options, progress);
  const Products pc = products_of(control);
  const Products pt = products_of(treatment);
  Columns wide_c = control;
  Columns wide_t = treatment;
  for (const auto& column : pc.columns) wide_c.emplace_back(column);
  for (const auto& column : pt.columns) wide_t.emplace_back(column);
  return run(wide_c, {value(), std_error_from(pc.centre)}, wide_t,
             {value(), std_error_from(pt.centre)}, options, progress);
}

}  // namespace

std::vector<double> leave_one_out(const Columns& columns, const ArmValue& value) {
  const std::size_t n = columns[0].size();
  std::vector<double> all{static_cast<double>(n)};
  for (const auto& column : columns) all.push_back(total_of(column));
  std::vector<double> without(all.size());
  std::vector<double> out(n);
  for (std::size_t i = 0; i < n; ++i) {
    without[0] = all[0] - 1.0;
    for (std::size_t v = 0; v < columns.size(); ++v) without[v + 1] = all[v + 1] - columns[v][i];
    out[i] = value(without);
  }
  return out;
}

Result<Bootstrap> bootstrap_mean(std::span<const double> control, std::span<const double> treatment,
                                 const BootstrapOptions& options, const Progress& progress) {
  return run_with_products(
      {control}, {treatment}, [] { return ArmValue(mean_of); }, options, progress);
}

Result<Bootstrap> bootstrap_ratio(const RatioSample& control, const RatioSample& treatment,
                                  const BootstrapOptions& options, const Progress& progress) {
  return run_with_products(
      {control.numerator, control.denominator}, {treatment.numerator, treatment.denominator},
      [] { return ArmValue(ratio_of); }, options, progress);
}

Result<Bootstrap> bootstrap_value(const Columns& control, const Columns& treatment,
                                  const ArmValue& value, const BootstrapOptions& options,
                                  const Progress& progress) {
  if (control.empty() || treatment.empty())
    return fail(ErrorCode::invalid_spec, "the bootstrap needs a column in each arm");
  if (options.interval == IntervalKind::bootstrap_t) {
    return fail(ErrorCode::invalid_spec, "bootstrap-t needs a standard error of the statistic", "",
                "take bca, or the mean or ratio");
  }
  return run(control, {value, {}}, treatment, {value, {}}, options, progress);
}

Result<ClusterSums> cluster_sums(std::span<const double> values,
                                 std::span<const std::int64_t> cluster) {
  if (values.size() != cluster.size()) {
    return fail(ErrorCode::invalid_spec,
                fmt::format("every value needs a cluster; got {} values and {} clusters",
                            values.size(), cluster.size()));
  }
  ClusterSums out;
  std::unordered_map<std::int64_t, std::size_t> place;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto [at, is_new] = place.emplace(cluster[i], out.sum.size());
    if (is_new) {
      out.sum.push_back(0.0);
      out.size.push_back(0.0);
    }
    out.sum[at->second] += values[i];
    out.size[at->second] += 1.0;
  }
  return out;
}

}  // namespace assay::resampling
