#include <fmt/core.h>

#include <cmath>

#include "assay/stats/calculator_input.hpp"
#include "assay/stats/cluster_robust.hpp"
#include "assay/stats/detail/calculator_lists.hpp"
#include "assay/stats/detail/contrast_outputs.hpp"
#include "assay/stats/quantile.hpp"
#include "assay/stats/wild_cluster_bootstrap.hpp"

namespace assay::stats::detail {

using namespace calculator;
namespace {

InputSpec optional_array(std::string name, std::string description) {
  return or_else(array(std::move(name), std::move(description)), std::vector<double>{});
}

/// Codes given as whole numbers.
Result<std::vector<std::int64_t>> codes_of(const Inputs& in, std::string_view name) {
  std::vector<std::int64_t> out;
  for (const double code : get_array(in, name)) {
    if (code != std::floor(code) || std::abs(code) > 9e15) {
      return fail(ErrorCode::invalid_spec,
                  fmt::format("{} holds codes: whole numbers; got {}", name, code),
                  fmt::format("input {}", name));
    }
    out.push_back(static_cast<std::int64_t>(code));
  }
  return out;
}

Result<std::vector<Arm>> arms_of(const Inputs& in) {
  std::vector<Arm> out;
  for (const double arm : get_array(in, "arm")) {
    if (arm != 0.0 && arm != 1.0) {
      return fail(ErrorCode::invalid_spec,
                  fmt::format("arm holds 0 (control) and 1 (treatment); got {}", arm), "input arm");
    }
    out.push_back(arm == 0.0 ? Arm::control : Arm::treatment);
  }
  return out;
}

ClusterVariance variance_of(const Inputs& in) {
  const std::string& word = get_choice(in, "variance");
  if (word == "cr0") return ClusterVariance::cr0;
  if (word == "cr1") return ClusterVariance::cr1;
  if (word == "cr1s") return ClusterVariance::cr1s;
  return word == "cr3" ? ClusterVariance::cr3 : ClusterVariance::cr2;
}

InputSpec variance_input() {
  return or_else(
      choice("variance", "small-sample correction", {"cr0", "cr1", "cr1s", "cr2", "cr3"}), "cr2");
}

std::vector<OutputSpec> cluster_outputs() {
  auto out = contrast_outputs();
  out.insert(out.end(), {{"clusters", "of both arms"},
                         {"icc", "intra-cluster correlation within arms, ANOVA"},
                         {"design_effect", "variance over that of independent units"},
                         {"effective_n", "units / design_effect"}});
  return out;
}

Result<std::vector<Output>> cluster_outputs_of(const Contrast& c) {
  auto out = outputs_of(c);
  const ClusterFacts& f = *c.cluster;
  out.push_back({"clusters", static_cast<double>(f.clusters)});
  out.push_back(
      {"icc", f.icc ? OutputValue(*f.icc) : OutputValue(Undefined{"no cluster has two units"})});
  out.push_back({"design_effect", f.design_effect});
  out.push_back({"effective_n", f.effective_n});
  return out;
}

std::vector<InputSpec> unit_inputs() {
  return {array("y", "one value a unit"), array("arm", "0 control, 1 treatment, one a unit"),
          array("cluster", "code of the unit's cluster"),
          or_else(choice("assignment", "what was randomised", {"clusters", "within_clusters"}),
                  "clusters"),
          optional_array("covariate", "measured before exposure, one a unit")};
}

/// Columns of the unit inputs; the spans of `units` point into this.
struct UnitColumns {
  std::vector<Arm> arm;
  std::vector<std::int64_t> cluster;
  std::vector<std::int64_t> second;
};

const char* const kClusterSource =
    "Bell & McCaffrey, Survey Methodology 28 (2002) 169-181; Pustejovsky & Tipton, JBES 36 (2018) "
    "672-683; Cameron, Gelbach & Miller, JBES 29 (2011) 238-249";

ClusterOptions options_of(const Inputs& in) {
  ClusterOptions options;
  options.confidence_level = get(in, "confidence_level");
  options.within_cluster_assignment = get_choice(in, "assignment") == "within_clusters";
  if (!get_array(in, "covariate").empty()) options.adjustment = Adjustment::lin;
  return options;
}

CalculatorMethod cluster_robust_method() {
  auto inputs = unit_inputs();
  inputs.push_back(optional_array("d", "denominators of a ratio of sums, one a unit"));
  inputs.push_back(optional_array("second_cluster", "codes of a second way of clustering"));
  inputs.push_back(variance_input());
  inputs.push_back(confidence_level());
  return {"cluster-robust",
          "difference of means or ratios, units in clusters",
          inputs,
          cluster_outputs(),
          "V = M (sum over clusters of X'A e e'A X) M, M = (X'X)^-1, A = (I - H)^-1/2 (CR2), "
          "(I - H)^-1 (CR3), I (CR0, times G/(G-1) CR1, times (N-1)/(N-p) too CR1S); t on "
          "Satterthwaite degrees of freedom; two ways: V1 + V2 - V12",
          kClusterSource,
          [](const Inputs& in) -> Result<std::vector<Output>> {
            UnitColumns columns;
            ASSAY_TRY(columns.arm, arms_of(in));
            ASSAY_TRY(columns.cluster, codes_of(in, "cluster"));
            ASSAY_TRY(columns.second, codes_of(in, "second_cluster"));
            ClusterOptions options = options_of(in);
            options.variance = variance_of(in);
            options.two_way = !columns.second.empty();
            ClusteredUnits units;
            units.y = get_array(in, "y");
            units.d = get_array(in, "d");
            if (!units.d.empty()) options.kind = MetricKind::ratio;
            if (options.adjustment == Adjustment::lin)
              units.covariates.emplace_back(get_array(in, "covariate"));
            units.arm = columns.arm;
            units.cluster = columns.cluster;
            units.second_cluster = columns.second;
            ASSAY_TRY(const auto c, compare_clustered_units(units, options));
            return cluster_outputs_of(c);
          }};
}

/// One cluster's cell from its sums; squares are about 0.
Result<ClusterArm> cell_of(const Inputs& in, std::size_t i, Arm arm) {
  const auto entry = [&](std::string_view name) { return get_array(in, name)[i]; };
  const bool ratio = !get_array(in, "sum_d").empty();
  const double n = entry("n");
  if (n < 1.0 || n != std::floor(n) || n > 9e15)
    return fail(ErrorCode::invalid_spec, fmt::format("n holds counts of units; got {}", n),
                "input n");
  ClusterArm cell{static_cast<std::int64_t>(i), arm, numerics::CoMoments(ratio ? 2 : 1), 0};
  cell.moments.n = static_cast<std::int64_t>(n);
  const double y = entry("sum_y");
  cell.moments.mean[0] = y / n;
  cell.moments.comoment[0] = std::max(0.0, entry("sum_yy") - y * y / n);
  if (ratio) {
    const double d = entry("sum_d");
    cell.moments.mean[1] = d / n;
    cell.moments.comoment[1] = entry("sum_yd") - y * d / n;
    cell.moments.comoment[2] = std::max(0.0, entry("sum_dd") - d * d / n);
  }
  return cell;
}

CalculatorMethod cluster_sums_method() {
  return {
      "cluster-sums",
      "the same from one row of sums a cluster",
      {array("arm", "0 control, 1 treatment, one a cluster"), array("n", "units of the cluster"),
       array("sum_y", "sum of y"), array("sum_yy", "sum of y squared"),
       optional_array("sum_d", "ratio: sum of the denominator"),
       optional_array("sum_yd", "ratio: sum of y d"),
       optional_array("sum_dd", "ratio: sum of d squared"), variance_input(), confidence_level()},
      cluster_outputs(),
      "as cluster-robust: X'X and X'e of a cluster are its sums; for a ratio R the scores are "
      "sum y - R sum d and the leverage is the share of the denominator",
      kClusterSource,
      [](const Inputs& in) -> Result<std::vector<Output>> {
        ASSAY_TRY(const auto arm, arms_of(in));
        const bool ratio = !get_array(in, "sum_d").empty();
        for (const char* name : {"n", "sum_y", "sum_yy", "sum_d", "sum_yd", "sum_dd"}) {
          const bool of_ratio = std::string_view(name).ends_with('d');
          if (get_array(in, name).size() == (of_ratio && !ratio ? 0 : arm.size())) continue;
          return fail(ErrorCode::invalid_spec,
                      fmt::format("{} needs one entry a cluster, as arm has", name),
                      fmt::format("input {}", name));
        }
        std::vector<ClusterArm> cells;
        for (std::size_t i = 0; i < arm.size(); ++i) {
          ASSAY_TRY(auto cell, cell_of(in, i, arm[i]));
          cells.push_back(std::move(cell));
        }
        ClusterOptions options;
        options.kind = ratio ? MetricKind::ratio : MetricKind::mean;
        options.variance = variance_of(in);
        options.confidence_level = get(in, "confidence_level");
        ASSAY_TRY(const auto c, compare_clusters(cells, options));
        return cluster_outputs_of(c);
      }};
}

CalculatorMethod wild_method() {
  auto inputs = unit_inputs();
  inputs.push_back(or_else(
      choice("weights", "of the clusters", {"automatic", "rademacher", "webb"}), "automatic"));
  inputs.push_back(or_else(between(integer("draws", "resamples", 99), 99, 1e6), 9999.0));
  inputs.push_back(or_else(integer("seed", "of the draws", 0), 1.0));
  inputs.push_back(confidence_level());
  return {"wild-cluster-bootstrap",
          "difference of means with few clusters",
          inputs,
          cluster_outputs(),
          "residuals under the null times one weight a cluster; p = share of |t*| >= |t|, all sign "
          "patterns when they are few; interval and lift by inverting the test",
          "Cameron, Gelbach & Miller, REStat 90 (2008) 414-427; MacKinnon, Nielsen & Webb, "
          "J. Econometrics 232 (2023) 272-299",
          [](const Inputs& in) -> Result<std::vector<Output>> {
            ASSAY_TRY(const auto arm, arms_of(in));
            ASSAY_TRY(const auto cluster, codes_of(in, "cluster"));
            const ClusterOptions options = options_of(in);
            ClusteredUnits units;
            units.y = get_array(in, "y");
            if (options.adjustment == Adjustment::lin)
              units.covariates.emplace_back(get_array(in, "covariate"));
            units.arm = arm;
            units.cluster = cluster;
            ASSAY_TRY(const auto cells, cluster_cells(units, options));
            WildOptions wild;
            wild.confidence_level = options.confidence_level;
            wild.draws = get_count(in, "draws");
            wild.seed = static_cast<std::uint64_t>(get_count(in, "seed"));
            const std::string& weights = get_choice(in, "weights");
            if (weights == "webb") wild.weights = WildWeights::webb;
            if (weights == "rademacher") wild.weights = WildWeights::rademacher;
            ASSAY_TRY(const auto c, compare_clusters_wild(cells, options, wild));
            return cluster_outputs_of(c);
          }};
}

InputSpec quantile_input() {
  return or_else(inside(number("p", "which quantile; 0.95 = the 95th percentile"), 0, 1), 0.5);
}

const char* const kQuantileSource = "Deng, Knoblich & Lu, KDD 2018, section 4; Yao, Li & Lu (2024)";

CalculatorMethod quantile_value_method() {
  return {"quantile-value",
          "a quantile with its interval by order statistics",
          {array("values", "one a unit or event"),
           optional_array("cluster", "code of the randomised unit of each value"), quantile_input(),
           confidence_level()},
          {{"value", "the ceil(n p)-th smallest"},
           {"ci_low", "an order statistic"},
           {"ci_high", "an order statistic"},
           {"std_error", "width / (2 critical value)"},
           {"design_effect", "of the share below the quantile"},
           {"clusters", "units randomised"}},
          "ranks n (p -+ c s), s the standard error of the share at or below the quantile, over "
          "clusters by the delta method; exact binomial ranks under 1,000 independent values",
          kQuantileSource,
          [](const Inputs& in) -> Result<std::vector<Output>> {
            ASSAY_TRY(const auto cluster, codes_of(in, "cluster"));
            ASSAY_TRY(const auto q, quantile_value({get_array(in, "values"), cluster}, get(in, "p"),
                                                   get(in, "confidence_level")));
            return std::vector<Output>{{"value", q.value},
                                       {"ci_low", q.ci_low},
                                       {"ci_high", q.ci_high},
                                       {"std_error", q.std_error},
                                       {"design_effect", q.design_effect},
                                       {"clusters", static_cast<double>(q.clusters)}};
          }};
}

CalculatorMethod quantile_difference_method() {
  return {"quantile-difference",
          "difference and lift of two quantiles",
          {array("values1", "of arm 1 (control)"), array("values2", "of arm 2 (treatment)"),
           optional_array("cluster1", "codes of arm 1's randomised units"),
           optional_array("cluster2", "codes of arm 2's randomised units"), quantile_input(),
           confidence_level()},
          contrast_outputs(),
          "each arm's standard error from its outer interval (quantile-value); t of the "
          "difference, lift by Fieller",
          kQuantileSource,
          [](const Inputs& in) -> Result<std::vector<Output>> {
            ASSAY_TRY(const auto first, codes_of(in, "cluster1"));
            ASSAY_TRY(const auto second, codes_of(in, "cluster2"));
            return outputs_of(compare_quantiles({get_array(in, "values1"), first},
                                                {get_array(in, "values2"), second}, get(in, "p"),
                                                get(in, "confidence_level")));
          }};
}

}  // namespace

std::vector<CalculatorMethod> cluster_methods() {
  return {cluster_robust_method(), cluster_sums_method(), wild_method(), quantile_value_method(),
          quantile_difference_method()};
}

}  // namespace assay::stats::detail
