#include "assay/stats/cluster_robust.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "assay/stats/detail/cluster_cells.hpp"
#include "assay/stats/detail/cluster_columns.hpp"
#include "assay/stats/interval.hpp"

namespace assay::stats {
namespace {

using detail::ArmTotals;
using detail::CellDesign;
using detail::CellFit;
using detail::ClusterIndex;
using numerics::CoMoments;
using numerics::SymmetricMatrix;

/// Under this many clusters the literature speaks of few (Cameron & Miller, J. Human Resources 50
/// (2015) 317-372).
constexpr std::int64_t kFewClusters = 50;

/// Under this many in an arm even CR2 with Satterthwaite is fragile.
constexpr std::int64_t kFewTreated = 5;

/// Under this many degrees of freedom Satterthwaite's approximation is rough (Bell & McCaffrey).
constexpr double kFewFreedom = 4.0;

constexpr double kSafeDenominator = 10.0;

ClusterIndex group(std::span<const ClusterArm> cells, bool second) {
  std::vector<std::int64_t> codes;
  for (const ClusterArm& cell : cells) codes.push_back(second ? cell.second_cluster : cell.cluster);
  return detail::index_clusters(codes);
}

ClusterIndex group_both(std::span<const ClusterArm> cells) {
  const ClusterIndex first = group(cells, false);
  const ClusterIndex second = group(cells, true);
  std::vector<std::int64_t> codes;
  for (std::size_t i = 0; i < cells.size(); ++i)
    codes.push_back(
        static_cast<std::int64_t>(first.of_row[i] * second.codes.size() + second.of_row[i]));
  return detail::index_clusters(codes);
}

/// One way, or two ways by inclusion and exclusion.
Result<CellFit> fit_ways(std::span<const ClusterArm> cells, const ArmTotals& totals,
                         const CellDesign& design, const ClusterOptions& options,
                         ClusterFacts& facts, std::vector<Note>& notes) {
  ASSAY_TRY(CellFit fit, detail::fit_cells(cells, group(cells, false), totals, design, options));
  if (!options.two_way) return fit;
  const ClusterIndex second = group(cells, true);
  facts.second_clusters = static_cast<std::int64_t>(second.codes.size());
  if (facts.second_clusters < 2)
    return fail(ErrorCode::undefined_statistic, "the second way of clustering has one cluster");
  ASSAY_TRY(const CellFit other, detail::fit_cells(cells, second, totals, design, options));
  ASSAY_TRY(const CellFit both,
            detail::fit_cells(cells, group_both(cells), totals, design, options));
  for (std::size_t k = 0; k < fit.covariance.packed.size(); ++k)
    fit.covariance.packed[k] += other.covariance.packed[k] - both.covariance.packed[k];
  fit.degrees_of_freedom = std::min(fit.degrees_of_freedom, other.degrees_of_freedom);
  if (detail::repair(fit.covariance)) {
    notes.push_back({"two_way_repaired",
                     "the two-way covariance was not positive; its negative part is set to 0"});
  }
  return fit;
}

Method method_of(const CellDesign& design) {
  const bool ratio = design.outcomes == 2;
  if (design.used.empty()) return ratio ? Method::cluster_ratio : Method::cluster_mean;
  return ratio ? Method::cluster_lin_ratio : Method::cluster_lin_mean;
}

void note_clusters(Contrast& out, const ClusterFacts& facts, bool ratio) {
  const std::int64_t fewest = std::min(facts.control_clusters, facts.treatment_clusters);
  if (facts.clusters < kFewClusters) {
    out.notes.push_back(
        {"few_clusters",
         fmt::format("{} clusters are few: the interval leans on small-sample corrections; {}",
                     facts.clusters,
                     ratio ? "a randomisation test over the clusters needs none of them"
                           : "compare with the wild cluster bootstrap")});
  }
  if (fewest < kFewTreated) {
    out.notes.push_back({"few_treated_clusters",
                         fmt::format("an arm has only {} clusters: no variance estimate is safe, "
                                     "use randomisation inference over the assignments",
                                     fewest)});
  }
  if (out.degrees_of_freedom < kFewFreedom) {
    out.notes.push_back({"few_degrees_of_freedom",
                         fmt::format("{:.1f} degrees of freedom: a few clusters carry the "
                                     "comparison, and its t approximation is rough",
                                     out.degrees_of_freedom)});
  }
}

/// Denominators near 0 relative to their own spread between clusters.
void note_denominator(Contrast& out, std::span<const ClusterArm> cells, const ArmTotals& totals,
                      const ClusterOptions& options) {
  for (const Arm arm : {Arm::control, Arm::treatment}) {
    double squares = 0.0;
    double total = 0.0;
    for (const ClusterArm& cell : cells) {
      if (cell.arm != arm) continue;
      const auto n = static_cast<double>(cell.moments.n);
      const double d = n * (cell.moments.mean[1] - totals.of(arm).mean[1]);
      squares += d * d;
      total += n * cell.moments.mean[1];
    }
    if (options.kind != MetricKind::ratio ||
        std::abs(total) >= kSafeDenominator * std::sqrt(squares))
      continue;
    out.notes.push_back({"weak_denominator",
                         fmt::format("the denominator of {} is within 10 standard errors of 0: the "
                                     "delta method is rough",
                                     arm == Arm::control ? "control" : "treatment")});
  }
}

std::string name_of(const ClusterOptions& options, std::size_t covariate) {
  if (covariate < options.covariates.size()) return options.covariates[covariate];
  return fmt::format("x{}", covariate + 1);
}

/// Share of the within-arm spread of y - R d that the slopes explain.
double explained(const ArmTotals& totals, const CellDesign& design, const CellFit& fit) {
  double all = 0.0;
  double left = 0.0;
  for (const Arm arm : {Arm::control, Arm::treatment}) {
    const CoMoments& m = totals.of(arm);
    const auto a = static_cast<std::size_t>(arm);
    const double r = design.outcomes == 2 ? fit.value[a] : 0.0;
    const auto score = [&](std::size_t column) {  // Co-moment of y - R d with a column.
      return m.at(0, column) - (design.outcomes == 2 ? r * m.at(1, column) : 0.0);
    };
    const double total = score(0) - (design.outcomes == 2 ? r * score(1) : 0.0);
    double gone = 0.0;
    for (std::size_t k = 0; k < design.used.size(); ++k) {
      gone += 2.0 * fit.slopes[a][k] * score(design.outcomes + design.used[k]);
      for (std::size_t j = 0; j < design.used.size(); ++j)
        gone -= fit.slopes[a][k] * fit.slopes[a][j] *
                m.at(design.outcomes + design.used[k], design.outcomes + design.used[j]);
    }
    all += total;
    left += total - gone;
  }
  return all > 0.0 ? std::clamp(1.0 - left / all, 0.0, 1.0) : 0.0;
}

/// What the covariates did, against the same comparison without them.
Result<void> add_adjustment(Contrast& out, std::span<const ClusterArm> cells,
                            const ArmTotals& totals, const CellDesign& design, const CellFit& fit,
                            ClusterOptions options) {
  AdjustmentFacts facts;
  const std::size_t covariates = totals.control.size() - design.outcomes;
  for (std::size_t k = 0; k < covariates; ++k) {
    const bool kept = std::find(design.used.begin(), design.used.end(), k) != design.used.end();
    (kept ? facts.covariates : facts.dropped).push_back(name_of(options, k));
  }
  for (const std::string& name : facts.dropped)
    out.notes.push_back({"covariate_dropped",
                         fmt::format("covariate {} could not be used and was left out", name)});
  if (design.used.empty()) {
    out.notes.push_back({"unadjusted", "no covariate could be used; the contrast is not adjusted"});
    return {};
  }
  if (design.pooled_slope) {
    out.notes.push_back(
        {"pooled_slope", "arms under 20 clusters per coefficient share one within-arm slope"});
  }
  options.adjustment = Adjustment::none;
  ASSAY_TRY(const Contrast u, compare_clusters(cells, options));
  facts.unadjusted = {u.control_value, u.treatment_value, u.difference, u.std_error,
                      u.ci_low,        u.ci_high,         u.p_value,    u.lift};
  facts.theta_control = fit.slopes[0];
  facts.theta_treatment = fit.slopes[1];
  facts.pooled_slope = design.pooled_slope;
  facts.correlation = std::sqrt(explained(totals, design, fit));
  const double ratio = out.std_error / u.std_error;
  facts.variance_reduction = 1.0 - ratio * ratio;
  out.adjustment = std::move(facts);
  return {};
}

/// The variance of the difference were the units independent, with the same adjustment.
double independent_variance(const ArmTotals& totals, const ClusterOptions& options) {
  CompareOptions plain;
  plain.kind = options.kind == MetricKind::ratio ? MetricKind::ratio : MetricKind::mean;
  plain.adjustment = options.adjustment;
  plain.confidence_level = options.confidence_level;
  const auto c = compare({totals.control, std::nullopt}, {totals.treatment, std::nullopt}, plain);
  return c ? c->std_error * c->std_error : 0.0;
}

}  // namespace

Result<Contrast> compare_clusters(std::span<const ClusterArm> cells,
                                  const ClusterOptions& options) {
  ASSAY_CHECK(check_confidence_level(options.confidence_level));
  ASSAY_TRY(const ArmTotals totals, detail::check_cells(cells, options));
  ClusterFacts facts = detail::cluster_facts(cells, totals, options);
  const CellDesign design = detail::design_cells(cells, totals, facts, options);
  std::vector<Note> notes;
  ASSAY_TRY(const CellFit fit, fit_ways(cells, totals, design, options, facts, notes));
  EstimatedPair pair;
  pair.method = method_of(design);
  pair.control_value = fit.value[0];
  pair.treatment_value = fit.value[1];
  pair.values = {fit.covariance.at(0, 0), fit.covariance.at(1, 1), fit.covariance.at(0, 1)};
  pair.degrees_of_freedom = fit.degrees_of_freedom;
  pair.n_control = totals.control.n;
  pair.n_treatment = totals.treatment.n;
  ASSAY_TRY(auto out, contrast_of_values(pair, options.confidence_level));
  out.notes = std::move(notes);
  note_clusters(out, facts, design.outcomes == 2);
  if (design.outcomes == 2) note_denominator(out, cells, totals, options);
  if (options.adjustment == Adjustment::lin)
    ASSAY_CHECK(add_adjustment(out, cells, totals, design, fit, options));
  facts.variance = options.variance;
  const double independent = independent_variance(totals, options);
  if (independent > 0.0) facts.design_effect = out.std_error * out.std_error / independent;
  facts.effective_n = static_cast<double>(out.n_control + out.n_treatment) / facts.design_effect;
  out.cluster = facts;
  return out;
}

Result<std::vector<ClusterArm>> cluster_cells(const ClusteredUnits& units,
                                              const ClusterOptions& options) {
  const std::size_t n = units.y.size();
  const bool ratio = options.kind == MetricKind::ratio;
  bool shaped = units.arm.size() == n && units.cluster.size() == n &&
                (ratio ? units.d.size() == n : units.d.empty()) &&
                (options.two_way ? units.second_cluster.size() == n : true);
  for (const auto& x : units.covariates) shaped = shaped && x.size() == n;
  if (!shaped) {
    return fail(ErrorCode::invalid_spec,
                "outcome, arm, cluster and covariates need one entry a unit, a ratio its "
                "denominators too");
  }
  const std::size_t size = 1 + (ratio ? 1 : 0) + units.covariates.size();
  std::map<std::pair<std::pair<std::int64_t, std::int64_t>, Arm>, std::size_t> places;
  std::vector<ClusterArm> cells;
  std::vector<double> row(size);
  for (std::size_t i = 0; i < n; ++i) {
    const std::int64_t second = options.two_way ? units.second_cluster[i] : 0;
    const auto [at, fresh] =
        places.try_emplace({{units.cluster[i], second}, units.arm[i]}, cells.size());
    if (fresh) cells.push_back({units.cluster[i], units.arm[i], CoMoments(size), second});
    std::size_t column = 0;
    row[column++] = units.y[i];
    if (ratio) row[column++] = units.d[i];
    for (const auto& x : units.covariates) row[column++] = x[i];
    cells[at->second].moments.add(row);
  }
  return cells;
}

Result<Contrast> compare_clustered_units(const ClusteredUnits& units,
                                         const ClusterOptions& options) {
  ASSAY_TRY(const auto cells, cluster_cells(units, options));
  return compare_clusters(cells, options);
}

}  // namespace assay::stats
