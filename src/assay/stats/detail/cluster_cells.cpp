#include "assay/stats/detail/cluster_cells.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <unordered_map>

namespace assay::stats::detail {
namespace {

using numerics::CoMoments;
using numerics::SymmetricMatrix;

/// Under this many clusters per coefficient the arms share one slope.
constexpr std::int64_t kClustersPerCoefficient = 20;

constexpr double kCollinear = 1e-9;

std::size_t outcomes_of(const ClusterOptions& options) {
  return options.kind == MetricKind::ratio ? 2 : 1;
}

/// Which arms a cluster has units in: bit 1 control, bit 2 treatment.
std::unordered_map<std::int64_t, int> arms_by_cluster(std::span<const ClusterArm> cells) {
  std::unordered_map<std::int64_t, int> arms;
  for (const ClusterArm& cell : cells) arms[cell.cluster] |= cell.arm == Arm::control ? 1 : 2;
  return arms;
}

Result<void> check_cell(const ClusterArm& cell, std::size_t size) {
  const CoMoments& m = cell.moments;
  if (m.size() != size) {
    return fail(
        ErrorCode::invalid_spec,
        fmt::format("all clusters must carry the same variables; got {} and {}", size, m.size()));
  }
  const auto finite = [](double x) { return std::isfinite(x); };
  if (m.n >= 1 && std::all_of(m.mean.begin(), m.mean.end(), finite) &&
      std::all_of(m.comoment.begin(), m.comoment.end(), finite))
    return {};
  return fail(ErrorCode::invalid_data, "a cluster has no unit or holds a value that is not finite",
              fmt::format("cluster {}", cell.cluster),
              "drop or cap infinite and missing values of the metric");
}

/// One cell's part of X'X, X'y and X'd. Outcomes are centred at their arm's mean and covariates at
/// the pooled one, so that no digit is lost to a large mean.
class CellProducts {
 public:
  CellProducts(const ClusterArm& cell, const ArmTotals& totals, const CellDesign& design)
      : cell_(cell), design_(design), n_(static_cast<double>(cell.moments.n)) {
    for (std::size_t k = 0; k < design.used.size(); ++k)
      dx_.push_back(cell.moments.mean[design.outcomes + design.used[k]] - design.centre[k]);
    for (std::size_t o = 0; o < design.outcomes; ++o)
      dy_.push_back(cell.moments.mean[o] - totals.of(cell.arm).mean[o]);
  }

  [[nodiscard]] std::size_t intercept() const { return cell_.arm == Arm::control ? 0 : 1; }

  void add_to(ClusterProducts& products, std::size_t group) const {
    const double weight = design_.denominator_leverage ? n_ * cell_.moments.mean[1] : n_;
    products.add(group, intercept(), intercept(), weight);
    for (std::size_t k = 0; k < dx_.size(); ++k) {
      const std::size_t at = design_.slope_column(cell_.arm, k);
      products.add(group, intercept(), at, n_ * dx_[k]);
      for (std::size_t m = k; m < dx_.size(); ++m)
        products.add(group, at, design_.slope_column(cell_.arm, m),
                     n_ * dx_[k] * dx_[m] + covariate(k, m));
    }
  }

  /// Adds X'(outcome - X b) to a cluster's p scores.
  void add_scores(std::size_t outcome, std::span<const double> b, double* scores) const {
    const auto slope = [&](std::size_t k) { return b[design_.slope_column(cell_.arm, k)]; };
    double at_mean = dy_[outcome] - b[intercept()];  // Mean residual of the cell.
    for (std::size_t k = 0; k < dx_.size(); ++k) at_mean -= slope(k) * dx_[k];
    scores[intercept()] += n_ * at_mean;
    for (std::size_t k = 0; k < dx_.size(); ++k) {
      double inner =
          cell_.moments.at(outcome, design_.outcomes + design_.used[k]) + n_ * dx_[k] * at_mean;
      for (std::size_t m = 0; m < dx_.size(); ++m) inner -= slope(m) * covariate(m, k);
      scores[design_.slope_column(cell_.arm, k)] += inner;
    }
  }

  [[nodiscard]] double covariate_sum(std::size_t k) const { return n_ * dx_[k]; }

 private:
  [[nodiscard]] double covariate(std::size_t k, std::size_t m) const {
    return cell_.moments.at(design_.outcomes + design_.used[k], design_.outcomes + design_.used[m]);
  }

  const ClusterArm& cell_;
  const CellDesign& design_;
  double n_;
  std::vector<double> dx_;
  std::vector<double> dy_;
};

std::vector<CellProducts> parts_of(std::span<const ClusterArm> cells, const ArmTotals& totals,
                                   const CellDesign& design) {
  std::vector<CellProducts> parts;
  parts.reserve(cells.size());
  for (const ClusterArm& cell : cells) parts.emplace_back(cell, totals, design);
  return parts;
}

/// Least squares of one outcome on arms and covariates: coefficients and scores per cluster.
struct OutcomeFit {
  std::vector<double> coefficients;  ///< Arms: about the arm's own mean.
  std::vector<double> scores;
};

OutcomeFit fit_outcome(std::span<const CellProducts> cells, const ClusterIndex& groups,
                       const Bread& bread, std::size_t outcome) {
  const std::size_t p = bread.size;
  OutcomeFit fit{std::vector<double>(p, 0.0), {}};
  for (int pass = 0; pass < 3; ++pass) {
    fit.scores.assign(groups.codes.size() * p, 0.0);
    for (std::size_t i = 0; i < cells.size(); ++i)
      cells[i].add_scores(outcome, fit.coefficients, fit.scores.data() + groups.of_row[i] * p);
    if (pass == 2 || p == 2) break;  // Arms alone are fitted by their means.
    std::vector<double> total(p, 0.0);
    for (std::size_t k = 0; k < fit.scores.size(); ++k) total[k % p] += fit.scores[k];
    const auto step = bread.times(total);
    for (std::size_t k = 0; k < p; ++k) fit.coefficients[k] += step[k];
  }
  return fit;
}

Result<void> set_values(CellFit& fit, std::span<const OutcomeFit> outcomes, const ArmTotals& totals,
                        const CellDesign& design) {
  for (const Arm arm : {Arm::control, Arm::treatment}) {
    const auto a = static_cast<std::size_t>(arm);
    fit.value[a] = totals.of(arm).mean[0] + outcomes[0].coefficients[a];
    if (design.outcomes == 2) {
      fit.denominator[a] = totals.of(arm).mean[1] + outcomes[1].coefficients[a];
      if (fit.denominator[a] == 0.0) {
        return fail(ErrorCode::undefined_statistic, "the denominator of the ratio sums to 0",
                    arm == Arm::control ? "arm control" : "arm treatment",
                    "check the denominator's event and filter");
      }
      fit.value[a] /= fit.denominator[a];
    }
    for (std::size_t k = 0; k < design.used.size(); ++k) {
      const std::size_t at = design.slope_column(arm, k);
      double slope = outcomes[0].coefficients[at];
      if (design.outcomes == 2) slope -= fit.value[a] * outcomes[1].coefficients[at];
      fit.slopes[a].push_back(slope);
    }
  }
  return {};
}

/// Per cluster what it adds to the errors of the two arms' values.
std::vector<double> value_influences(const CellFit& fit, std::span<const OutcomeFit> outcomes,
                                     const Bread& bread, const ClusterProducts& products,
                                     const CellDesign& design, ClusterVariance variance) {
  const std::size_t p = bread.size;
  const std::size_t clusters = products.clusters();
  std::vector<double> out(clusters * 2, 0.0);
  for (std::size_t a = 0; a < 2; ++a) {
    std::vector<double> scores = outcomes[0].scores;
    if (design.outcomes == 2)
      for (std::size_t k = 0; k < scores.size(); ++k)
        scores[k] -= fit.value[a] * outcomes[1].scores[k];
    const auto rows = influences(bread, products, scores, variance);
    const double scale = design.denominator_leverage ? 1.0 : fit.denominator[a];
    for (std::size_t g = 0; g < clusters; ++g) out[g * 2 + a] = rows[g * p + a] / scale;
    if (design.outcomes == 1 && a == 0) {  // One outcome: both arms stand in the same rows.
      for (std::size_t g = 0; g < clusters; ++g) out[g * 2 + 1] = rows[g * p + 1];
      break;
    }
  }
  return out;
}

/// The pooled covariate mean moves both arms' values by slope times its error.
void add_pooled_mean(std::vector<double>& rows, const CellFit& fit,
                     std::span<const CellProducts> cells, const ClusterIndex& groups,
                     const ArmTotals& totals) {
  const auto n = static_cast<double>(totals.control.n + totals.treatment.n);
  const auto g = static_cast<double>(groups.codes.size());
  const double factor = std::sqrt(g / (g - 1.0)) / n;
  for (std::size_t i = 0; i < cells.size(); ++i)
    for (std::size_t a = 0; a < 2; ++a)
      for (std::size_t k = 0; k < fit.slopes[a].size(); ++k)
        rows[groups.of_row[i] * 2 + a] +=
            factor * fit.slopes[a][k] / fit.denominator[a] * cells[i].covariate_sum(k);
}

SymmetricMatrix covariate_products(const CoMoments& m, std::size_t outcomes) {
  SymmetricMatrix xx(m.size() - outcomes);
  for (std::size_t i = 0; i < xx.size; ++i)
    for (std::size_t j = i; j < xx.size; ++j) xx.set(i, j, m.at(outcomes + i, outcomes + j));
  return xx;
}

/// Covariates whose slope both arms (pooled: both together) can tell.
std::vector<std::size_t> usable(const ArmTotals& totals, std::size_t outcomes, bool pooled) {
  const SymmetricMatrix c = covariate_products(totals.control, outcomes);
  const SymmetricMatrix t = covariate_products(totals.treatment, outcomes);
  if (pooled) return numerics::independent_rows(numerics::sum(c, t), kCollinear);
  auto in_control = numerics::independent_rows(c, kCollinear);
  std::vector<std::size_t> both;
  for (const auto i : numerics::independent_rows(numerics::submatrix(t, in_control), kCollinear))
    both.push_back(in_control[i]);
  return both;
}

}  // namespace

Result<ArmTotals> check_cells(std::span<const ClusterArm> cells, const ClusterOptions& options) {
  const std::size_t size = cells.empty() ? 0 : cells.front().moments.size();
  if (size < outcomes_of(options)) {
    return fail(cells.empty() ? ErrorCode::undefined_statistic : ErrorCode::invalid_spec,
                fmt::format("a clustered comparison needs clusters with {} variables; got {}",
                            outcomes_of(options), size));
  }
  ArmTotals totals{CoMoments(size), CoMoments(size)};
  for (const ClusterArm& cell : cells) {
    ASSAY_CHECK(check_cell(cell, size));
    (cell.arm == Arm::control ? totals.control : totals.treatment).merge(cell.moments);
  }
  std::int64_t in_arm[2] = {0, 0};
  for (const auto& [code, arms] : arms_by_cluster(cells)) {
    if (arms == 3 && !options.within_cluster_assignment) {
      return fail(ErrorCode::invalid_data, "a cluster has units in both arms",
                  fmt::format("cluster {}", code),
                  "assign whole clusters, or say that assignment is within clusters");
    }
    in_arm[0] += arms & 1;
    in_arm[1] += arms >> 1;
  }
  if (std::min(in_arm[0], in_arm[1]) >= 2) return totals;
  return fail(ErrorCode::undefined_statistic,
              fmt::format("a clustered comparison needs two clusters in each arm; got control {}, "
                          "treatment {}",
                          in_arm[0], in_arm[1]),
              "", "with one treated cluster only its history can tell: see synthetic control");
}

ClusterFacts cluster_facts(std::span<const ClusterArm> cells, const ArmTotals& totals,
                           const ClusterOptions& options) {
  ClusterFacts out;
  for (const auto& [code, arms] : arms_by_cluster(cells)) {
    ++out.clusters;
    out.control_clusters += arms & 1;
    out.treatment_clusters += arms >> 1;
    if (arms == 3) ++out.crossing_clusters;
  }
  // Cells of one cluster and arm first become one; groups of the ANOVA are cluster by arm.
  std::unordered_map<std::int64_t, CoMoments> groups[2];
  std::unordered_map<std::int64_t, double> sizes;
  for (const ClusterArm& cell : cells) {
    auto& arm = groups[static_cast<std::size_t>(cell.arm)];
    arm.try_emplace(cell.cluster, cell.moments.size()).first->second.merge(cell.moments);
    sizes[cell.cluster] += static_cast<double>(cell.moments.n);
  }
  numerics::Moments size;
  for (const ClusterArm& cell : cells) {  // In the order of the cells: the same bits every time.
    const auto at = sizes.find(cell.cluster);
    if (at == sizes.end()) continue;
    size.add(at->second);
    sizes.erase(at);
  }
  out.mean_size = size.mean;
  out.size_cv = std::sqrt(size.m2 / static_cast<double>(size.n - 1)) / size.mean;
  double within = 0.0;
  double between = 0.0;
  double n0 = 0.0;
  double n = 0.0;
  double count = 0.0;
  for (const Arm arm : {Arm::control, Arm::treatment}) {
    const CoMoments& total = totals.of(arm);
    const bool ratio = outcomes_of(options) == 2;
    const double r = ratio ? total.mean[0] / total.mean[1] : 0.0;
    const double scale = ratio ? total.mean[1] : 1.0;
    double squares = 0.0;
    auto& mine = groups[static_cast<std::size_t>(arm)];
    for (const ClusterArm& cell : cells) {
      const auto at = cell.arm == arm ? mine.find(cell.cluster) : mine.end();
      if (at == mine.end()) continue;
      const CoMoments& m = at->second;
      const auto units = static_cast<double>(m.n);
      const double mean = ratio ? (m.mean[0] - r * m.mean[1]) / scale : m.mean[0] - total.mean[0];
      between += units * mean * mean;
      within += (ratio ? m.at(0, 0) - 2.0 * r * m.at(0, 1) + r * r * m.at(1, 1) : m.at(0, 0)) /
                (scale * scale);
      squares += units * units;
      ++count;
      mine.erase(at);
    }
    n += static_cast<double>(total.n);
    n0 -= squares / static_cast<double>(total.n);
  }
  if (n > count && count > 2.0) {
    n0 = (n + n0) / (count - 2.0);
    const double msb = between / (count - 2.0);
    const double msw = within / (n - count);
    const double total = msb + (n0 - 1.0) * msw;
    if (total > 0.0) out.icc = (msb - msw) / total;
  }
  return out;
}

CellDesign design_cells(std::span<const ClusterArm> cells, const ArmTotals& totals,
                        const ClusterFacts& facts, const ClusterOptions& options) {
  CellDesign design;
  design.outcomes = options.kind == MetricKind::ratio ? 2 : 1;
  if (options.adjustment == Adjustment::lin) {
    design.used = usable(totals, design.outcomes, false);
    const auto coefficients = static_cast<std::int64_t>(design.used.size()) + 1;
    design.pooled_slope = std::min(facts.control_clusters, facts.treatment_clusters) <
                          kClustersPerCoefficient * coefficients;
    if (design.pooled_slope) design.used = usable(totals, design.outcomes, true);
    if (static_cast<std::int64_t>(design.columns()) >= facts.clusters) design.used.clear();
  }
  const auto nc = static_cast<double>(totals.control.n);
  const auto nt = static_cast<double>(totals.treatment.n);
  for (const std::size_t x : design.used) {
    const std::size_t at = design.outcomes + x;
    design.centre.push_back((nc * totals.control.mean[at] + nt * totals.treatment.mean[at]) /
                            (nc + nt));
  }
  design.denominator_leverage =
      design.outcomes == 2 && design.used.empty() &&
      std::all_of(cells.begin(), cells.end(),
                  [](const ClusterArm& cell) { return cell.moments.mean[1] >= 0.0; }) &&
      totals.control.mean[1] > 0.0 && totals.treatment.mean[1] > 0.0;
  return design;
}

Result<ClusterFit> regress_cells(std::span<const ClusterArm> cells, const ClusterIndex& groups,
                                 const ArmTotals& totals, const CellDesign& design) {
  const auto parts = parts_of(cells, totals, design);
  ClusterProducts products(design.columns(), groups.codes.size());
  for (std::size_t i = 0; i < cells.size(); ++i) parts[i].add_to(products, groups.of_row[i]);
  ASSAY_TRY(Bread bread, bread_of(products.total(), {}));
  OutcomeFit fit = fit_outcome(parts, groups, bread, 0);
  fit.coefficients[0] += totals.control.mean[0];
  fit.coefficients[1] += totals.treatment.mean[0];
  return ClusterFit{std::move(bread), std::move(fit.coefficients), std::move(products),
                    std::move(fit.scores)};
}

Result<CellFit> fit_cells(std::span<const ClusterArm> cells, const ClusterIndex& groups,
                          const ArmTotals& totals, const CellDesign& design,
                          const ClusterOptions& options) {
  const std::size_t p = design.columns();
  const auto parts = parts_of(cells, totals, design);
  ClusterProducts products(p, groups.codes.size());
  for (std::size_t i = 0; i < cells.size(); ++i) parts[i].add_to(products, groups.of_row[i]);
  ASSAY_TRY(const Bread bread, bread_of(products.total(), {}));
  std::vector<OutcomeFit> outcomes;
  for (std::size_t o = 0; o < design.outcomes; ++o)
    outcomes.push_back(fit_outcome(parts, groups, bread, o));
  CellFit fit;
  fit.clusters = groups.codes.size();
  ASSAY_CHECK(set_values(fit, outcomes, totals, design));
  auto rows = value_influences(fit, outcomes, bread, products, design, options.variance);
  if (!design.used.empty()) add_pooled_mean(rows, fit, parts, groups, totals);
  const auto n = static_cast<double>(totals.control.n + totals.treatment.n);
  fit.covariance = outer_sum(
      rows, 2, variance_factor(options.variance, fit.clusters, n, static_cast<double>(p)));
  if (options.freedom == ClusterFreedom::clusters_minus_one) {
    fit.degrees_of_freedom = static_cast<double>(fit.clusters) - 1.0;
    return fit;
  }
  std::vector<double> contrast(p, 0.0);
  const bool in_values = design.denominator_leverage;
  contrast[0] = in_values ? -1.0 : -1.0 / fit.denominator[0];
  contrast[1] = in_values ? 1.0 : 1.0 / fit.denominator[1];
  fit.degrees_of_freedom =
      satterthwaite(bread, products, std::span(&contrast, 1), options.variance)[0];
  return fit;
}

}  // namespace assay::stats::detail
