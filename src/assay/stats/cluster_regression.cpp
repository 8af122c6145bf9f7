#include "assay/stats/cluster_regression.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "assay/numerics/distributions.hpp"
#include "assay/stats/detail/cluster_columns.hpp"
#include "assay/stats/interval.hpp"

namespace assay::stats {
namespace {

using detail::ClusterFit;
using detail::ClusterIndex;
using numerics::SymmetricMatrix;

/// Pairs of codes as codes of their own.
std::vector<std::int64_t> intersection(const ClusterIndex& first, const ClusterIndex& second) {
  const auto width = static_cast<std::int64_t>(second.codes.size());
  std::vector<std::int64_t> out;
  for (std::size_t i = 0; i < first.of_row.size(); ++i)
    out.push_back(static_cast<std::int64_t>(first.of_row[i]) * width +
                  static_cast<std::int64_t>(second.of_row[i]));
  return out;
}

std::size_t reported(const RegressionColumns& columns) {
  const std::size_t p = columns.x.size();
  return columns.reported == 0 ? p : std::min(columns.reported, p);
}

/// One way of clustering: covariance, degrees of freedom per coefficient, clusters.
struct Way {
  std::vector<double> coefficients;
  SymmetricMatrix covariance;
  std::vector<double> freedom;
  std::size_t clusters = 0;
};

Result<Way> one_way(const RegressionColumns& columns, std::span<const std::int64_t> codes,
                    ClusterVariance variance, ClusterFreedom freedom) {
  const ClusterIndex groups = detail::index_clusters(codes);
  const std::size_t p = columns.x.size();
  if (groups.codes.size() < 2) {
    return fail(
        ErrorCode::undefined_statistic,
        fmt::format("a clustered regression needs two clusters; got {}", groups.codes.size()));
  }
  ASSAY_TRY(const ClusterFit fit, detail::fit_clusters(columns, groups));
  const auto rows = detail::influences(fit.bread, fit.products, fit.scores, variance);
  const double factor = detail::variance_factor(
      variance, groups.codes.size(), static_cast<double>(columns.y.size()), static_cast<double>(p));
  Way way{fit.coefficients, detail::outer_sum(rows, p, factor), {}, groups.codes.size()};
  if (freedom == ClusterFreedom::clusters_minus_one) {
    way.freedom.assign(p, static_cast<double>(way.clusters) - 1.0);
    return way;
  }
  std::vector<std::vector<double>> unit(reported(columns), std::vector<double>(p, 0.0));
  for (std::size_t k = 0; k < unit.size(); ++k) unit[k][k] = 1.0;
  way.freedom = detail::satterthwaite(fit.bread, fit.products, unit, variance);
  return way;
}

Result<void> add_second_way(Way& way, const RegressionColumns& columns, ClusterVariance variance,
                            ClusterFreedom freedom, ClusterRegression& out) {
  ASSAY_TRY(const Way second, one_way(columns, columns.second_cluster, variance, freedom));
  const auto both = intersection(detail::index_clusters(columns.cluster),
                                 detail::index_clusters(columns.second_cluster));
  ASSAY_TRY(const Way cells, one_way(columns, both, variance, ClusterFreedom::clusters_minus_one));
  for (std::size_t k = 0; k < way.covariance.packed.size(); ++k)
    way.covariance.packed[k] += second.covariance.packed[k] - cells.covariance.packed[k];
  for (std::size_t k = 0; k < way.freedom.size(); ++k)
    way.freedom[k] = std::min(way.freedom[k], second.freedom[k]);
  out.second_clusters = static_cast<std::int64_t>(second.clusters);
  if (detail::repair(way.covariance)) {
    out.notes.push_back({"two_way_repaired",
                         "the two-way covariance was not positive; its negative part is set to 0"});
  }
  return {};
}

}  // namespace

namespace detail {

Result<void> check_columns(const RegressionColumns& columns) {
  const std::size_t n = columns.y.size();
  const auto matches = [n](std::size_t size) { return size == n; };
  bool shaped = !columns.x.empty() && matches(columns.cluster.size()) &&
                (columns.weights.empty() || matches(columns.weights.size())) &&
                (columns.second_cluster.empty() || matches(columns.second_cluster.size()));
  for (const auto& x : columns.x) shaped = shaped && matches(x.size());
  if (!shaped) {
    return fail(ErrorCode::invalid_spec,
                "a regression needs at least one column, and all columns as long as the outcome");
  }
  const auto finite = [](std::span<const double> values) {
    return std::all_of(values.begin(), values.end(), [](double v) { return std::isfinite(v); });
  };
  bool all_finite = finite(columns.y) && finite(columns.weights);
  for (const auto& x : columns.x) all_finite = all_finite && finite(x);
  if (!all_finite)
    return fail(ErrorCode::invalid_data, "a column holds a value that is not finite", "",
                "drop or cap infinite and missing values");
  if (!columns.weights.empty() &&
      *std::min_element(columns.weights.begin(), columns.weights.end()) <= 0.0)
    return fail(ErrorCode::invalid_data, "weights are inverse variances and must be positive");
  if (n > columns.x.size()) return {};
  return fail(ErrorCode::undefined_statistic,
              fmt::format("a regression needs more units than columns; got {} units, {} columns", n,
                          columns.x.size()));
}

Result<ClusterFit> fit_clusters(const RegressionColumns& columns, const ClusterIndex& groups) {
  const std::size_t p = columns.x.size();
  const std::size_t clusters = groups.codes.size();
  ClusterProducts products(p, clusters);
  const auto weight = [&](std::size_t i) {
    return columns.weights.empty() ? 1.0 : columns.weights[i];
  };
  for (std::size_t i = 0; i < columns.y.size(); ++i)
    for (std::size_t j = 0; j < p; ++j)
      for (std::size_t k = j; k < p; ++k)
        products.add(groups.of_row[i], j, k, weight(i) * columns.x[j][i] * columns.x[k][i]);
  ASSAY_TRY(Bread bread, bread_of(products.total(), columns.names));
  // Two passes: the second corrects the rounding of the first and leaves residuals about it.
  std::vector<double> coefficients(p, 0.0);
  std::vector<double> scores;
  for (int pass = 0; pass < 3; ++pass) {
    scores.assign(clusters * p, 0.0);
    std::vector<double> total(p, 0.0);
    for (std::size_t i = 0; i < columns.y.size(); ++i) {
      double residual = columns.y[i];
      for (std::size_t j = 0; j < p; ++j) residual -= coefficients[j] * columns.x[j][i];
      for (std::size_t j = 0; j < p; ++j) {
        const double score = weight(i) * residual * columns.x[j][i];
        scores[groups.of_row[i] * p + j] += score;
        total[j] += score;
      }
    }
    if (pass == 2) break;
    const auto step = bread.times(total);
    for (std::size_t j = 0; j < p; ++j) coefficients[j] += step[j];
  }
  return ClusterFit{std::move(bread), std::move(coefficients), std::move(products),
                    std::move(scores)};
}

bool repair(SymmetricMatrix& covariance) {
  const auto e = numerics::symmetric_eigen(covariance);
  if (e.values.front() >= 0.0) return false;
  SymmetricMatrix out(covariance.size);
  for (std::size_t k = 0; k < e.size; ++k)
    for (std::size_t i = 0; i < e.size; ++i)
      for (std::size_t j = i; j < e.size; ++j)
        out.set(i, j,
                out.at(i, j) + std::max(0.0, e.values[k]) * e.vectors[k * e.size + i] *
                                   e.vectors[k * e.size + j]);
  covariance = std::move(out);
  return true;
}

}  // namespace detail

Result<ClusterRegression> cluster_regression(const RegressionColumns& columns,
                                             double confidence_level, ClusterVariance variance,
                                             ClusterFreedom freedom) {
  ASSAY_CHECK(check_confidence_level(confidence_level));
  ASSAY_CHECK(detail::check_columns(columns));
  ClusterRegression out;
  ASSAY_TRY(Way way, one_way(columns, columns.cluster, variance, freedom));
  if (!columns.second_cluster.empty())
    ASSAY_CHECK(add_second_way(way, columns, variance, freedom, out));
  out.covariance = way.covariance;
  out.variance = variance;
  out.n = static_cast<std::int64_t>(columns.y.size());
  out.clusters = static_cast<std::int64_t>(way.clusters);
  for (std::size_t k = 0; k < reported(columns); ++k) {
    ClusterCoefficient c;
    c.name = k < columns.names.size() ? columns.names[k] : fmt::format("x{}", k + 1);
    c.estimate = way.coefficients[k];
    c.std_error = std::sqrt(way.covariance.at(k, k));
    c.degrees_of_freedom = way.freedom[k];
    if (!(c.std_error > 0.0) || !(c.degrees_of_freedom > 0.0)) {
      return fail(ErrorCode::undefined_statistic,
                  fmt::format("no spread between clusters to judge coefficient {} by", c.name), "",
                  "check that the outcome varies between clusters");
    }
    c.statistic = c.estimate / c.std_error;
    const double critical =
        numerics::student_t_upper_quantile((1.0 - confidence_level) / 2.0, c.degrees_of_freedom);
    c.ci_low = c.estimate - critical * c.std_error;
    c.ci_high = c.estimate + critical * c.std_error;
    c.p_value = 2.0 * numerics::student_t_sf(std::abs(c.statistic), c.degrees_of_freedom);
    out.coefficients.push_back(std::move(c));
  }
  return out;
}

}  // namespace assay::stats
