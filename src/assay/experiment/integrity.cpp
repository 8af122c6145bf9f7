#include "assay/experiment/integrity.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "assay/base/text.hpp"
#include "assay/numerics/distributions.hpp"

namespace assay::experiment {
namespace {

using engine::ExperimentMoments;

std::string percent(double share) { return fmt::format("{:.3g} %", 100.0 * share); }

/// 0.76, 0.0004, or 1e-240 from its logarithm: a p-value never reads 0.
std::string p_text(double log10_p) {
  if (log10_p > -4.0) return fmt::format("{:.2g}", std::pow(10.0, log10_p));
  const double exponent = std::floor(log10_p);
  return fmt::format("{:.1f}e{}", std::pow(10.0, log10_p - exponent),
                     static_cast<long long>(exponent));
}

double log10_of(double p) { return p > 0.0 ? std::log10(p) : -308.0; }

std::vector<std::int64_t> assigned_counts(const ExperimentMoments& moments) {
  std::vector<std::int64_t> counts;
  for (const engine::ArmCounts& arm : moments.arms) counts.push_back(arm.assigned);
  return counts;
}

std::int64_t sum(const std::vector<std::int64_t>& counts) {
  return std::accumulate(counts.begin(), counts.end(), std::int64_t{0});
}

std::vector<stats::SegmentCounts> split_segments(const spec::Experiment& experiment,
                                                 const ExperimentMoments& moments) {
  std::vector<stats::SegmentCounts> segments;
  for (const spec::Text& by : experiment.checks.sample_ratio->by) {
    for (const engine::SegmentMoments& segment : moments.segments) {
      if (segment.name != by.value) continue;
      for (std::size_t v = 0; v < segment.values.size(); ++v)
        segments.push_back({segment.name, segment.values[v], segment.assigned[v]});
    }
  }
  for (std::size_t d = 0; d < moments.assigned_by_day.size(); ++d) {
    segments.push_back(
        {"day", day_text(moments.first_day + static_cast<Day>(d)), moments.assigned_by_day[d]});
  }
  return segments;
}

std::string split_text(const Plan& plan, const std::vector<std::int64_t>& counts) {
  std::string text;
  const auto total = static_cast<double>(std::max<std::int64_t>(sum(counts), 1));
  for (std::size_t a = 0; a < counts.size(); ++a) {
    text += fmt::format("{}{} {} ({:.2f} %)", a == 0 ? "" : ", ", plan.query.arms[a],
                        count_text(counts[a]), 100.0 * static_cast<double>(counts[a]) / total);
  }
  return text;
}

/// Names the segment that breaks the split, if one does.
std::string culprit_text(const Plan& plan, const stats::SampleRatioSearch& search, double alpha) {
  if (search.segments.empty()) return "No segment was searched: name dimensions under `by`.";
  const stats::SegmentMismatch& worst = search.segments.front();
  if (worst.log10_holm_p >= std::log10(alpha))
    return "No single segment stands out: look at the assignment itself and at lost logging.";
  std::string text = fmt::format(
      "Look at {} = {}: {} there, {:.1f} points off plan (p = {} after Holm), which explains "
      "{:.0f} % of the mismatch.",
      worst.dimension, worst.value, split_text(plan, worst.counts),
      100.0 * std::abs(worst.largest_excess), p_text(worst.log10_holm_p),
      100.0 * worst.share_explained);
  if (worst.localises) {
    text +=
        fmt::format(" Without it the split is as planned (p = {}).", p_text(worst.log10_p_without));
  }
  return text;
}

Result<void> check_sample_ratio(const spec::Experiment& experiment, const Plan& plan,
                                const ExperimentMoments& moments, Integrity& out) {
  if (!experiment.checks.sample_ratio) {
    out.checks.push_back(
        {"sample ratio", CheckStatus::not_run, "", "", "Not declared under `checks`."});
    return {};
  }
  const double alpha = experiment.checks.sample_ratio->alpha;
  const auto counts = assigned_counts(moments);
  stats::SampleRatioSearch search;
  ASSAY_TRY(search, stats::search_sample_ratio(counts, split_segments(experiment, moments),
                                               plan.weights, alpha));
  IntegrityCheck check{
      "sample ratio", CheckStatus::passed,
      fmt::format("{}; p = {}", split_text(plan, counts), p_text(search.overall.log10_p)),
      fmt::format("fails when p < {}", alpha), ""};
  const bool hidden = !search.overall.mismatch && !search.segments.empty() &&
                      search.segments.front().log10_holm_p < std::log10(alpha);
  if (search.overall.mismatch || hidden) {
    check.status = CheckStatus::failed;
    check.detail = culprit_text(plan, search, alpha);
  }
  out.checks.push_back(std::move(check));
  out.sample_ratio = std::move(search);
  return {};
}

void check_both_arms(const spec::Experiment& experiment, const ExperimentMoments& moments,
                     Integrity& out) {
  if (!experiment.checks.both_arms_max_share) return;
  const double limit = *experiment.checks.both_arms_max_share;
  const std::int64_t total = sum(assigned_counts(moments)) + moments.both_arms;
  const double share = static_cast<double>(moments.both_arms) / static_cast<double>(total);
  out.checks.push_back({"both arms", share > limit ? CheckStatus::failed : CheckStatus::passed,
                        fmt::format("{} of {} units ({})", count_text(moments.both_arms),
                                    count_text(total), percent(share)),
                        fmt::format("fails above {}", percent(limit)),
                        share > limit ? "Units saw both arms: the assignment is not stable." : ""});
}

void check_exposed_before(const spec::Experiment& experiment, const ExperimentMoments& moments,
                          Integrity& out) {
  if (!experiment.checks.exposure_before_assignment_max_share || !experiment.exposure) return;
  const double limit = *experiment.checks.exposure_before_assignment_max_share;
  std::int64_t before = 0;
  for (const engine::ArmCounts& arm : moments.arms) before += arm.exposed_before;
  const std::int64_t total = sum(assigned_counts(moments));
  const double share = static_cast<double>(before) / static_cast<double>(total);
  out.checks.push_back(
      {"exposure before assignment", share > limit ? CheckStatus::failed : CheckStatus::passed,
       fmt::format("{} of {} units ({})", count_text(before), count_text(total), percent(share)),
       fmt::format("fails above {}", percent(limit)),
       share > limit ? "Units were exposed before they were assigned: event order or clocks are "
                       "off."
                     : ""});
}

void check_missing_exposure(const spec::Experiment& experiment, const Plan& plan,
                            const ExperimentMoments& moments, Integrity& out) {
  if (!experiment.checks.missing_exposure_max_difference || !experiment.exposure) return;
  const double limit = *experiment.checks.missing_exposure_max_difference;
  double low = 1.0;
  double high = 0.0;
  std::string observed;
  for (std::size_t a = 0; a < moments.arms.size(); ++a) {
    const engine::ArmCounts& arm = moments.arms[a];
    if (arm.assigned == 0) continue;
    const double missing =
        1.0 - static_cast<double>(arm.exposed) / static_cast<double>(arm.assigned);
    low = std::min(low, missing);
    high = std::max(high, missing);
    observed += fmt::format("{}{} {} without exposure", observed.empty() ? "" : ", ",
                            plan.query.arms[a], percent(missing));
  }
  const bool failed = high - low > limit;
  out.checks.push_back(
      {"missing exposure", failed ? CheckStatus::failed : CheckStatus::passed, observed,
       fmt::format("fails when arms differ by more than {}", percent(limit)),
       failed ? "Triggering depends on the arm: the exposed are not comparable." : ""});
}

const PlannedMetric* pre_period_metric(const Plan& plan, std::string_view name) {
  const PlannedMetric* prefix = nullptr;
  for (const PlannedMetric& metric : plan.metrics) {
    if (!metric.has_covariates) continue;
    if (metric.name == name) return &metric;
    if (metric.name.starts_with(name) && prefix == nullptr) prefix = &metric;
  }
  return prefix;
}

/// The pre-period numerator of a metric in one arm. Order: y, x for means; y, d, x for ratios.
numerics::CoMoments pre_period(const PlannedMetric& metric, const engine::MetricMoments& cell) {
  const std::size_t at = metric.kind == stats::MetricKind::ratio ? 2 : 1;
  numerics::CoMoments out(1);
  out.n = cell.n;
  out.mean[0] = cell.mean[at];
  out.comoment[0] = cell.at(at, at);
  return out;
}

Result<void> read_numeric_balance(const spec::Text& covariate, const Plan& plan,
                                  const ExperimentMoments& moments, Integrity& out) {
  const PlannedMetric* metric = pre_period_metric(plan, covariate.value.substr(4));
  if (metric == nullptr) {
    std::vector<std::string> have;
    for (const PlannedMetric& planned : plan.metrics) {
      if (planned.has_covariates) have.push_back("pre_" + planned.name);
    }
    return tl::unexpected(spec::spec_error(
        covariate.where,
        fmt::format("covariate `{}` belongs to no metric of the experiment", covariate.value),
        spec::did_you_mean(covariate.value, have, "name a metric that has a pre-period"),
        list_text(have)));
  }
  const auto baseline = pre_period(*metric, moments.overall[0][metric->index]);
  for (std::size_t a = 1; a < moments.arms.size(); ++a) {
    const auto reading = stats::balance(
        baseline, pre_period(*metric, moments.overall[a][metric->index]), {covariate.value});
    if (!reading) continue;  // No spread before the experiment: nothing to compare.
    out.balance.push_back({covariate.value, plan.query.arms[a],
                           reading->covariates.front().std_difference, reading->p_value});
  }
  return {};
}

/// Chi-square of homogeneity of a dimension's values over two arms.
double homogeneity_p(const engine::SegmentMoments& segment, std::size_t arm) {
  std::int64_t n_control = 0;
  std::int64_t n_treatment = 0;
  for (const auto& counts : segment.assigned) {
    n_control += counts[0];
    n_treatment += counts[arm];
  }
  const auto total = static_cast<double>(n_control + n_treatment);
  double chi_squared = 0.0;
  int used = 0;
  for (const auto& counts : segment.assigned) {
    const auto row = static_cast<double>(counts[0] + counts[arm]);
    if (row <= 0.0) continue;
    ++used;
    const double expected_control = row * static_cast<double>(n_control) / total;
    const double expected_treatment = row * static_cast<double>(n_treatment) / total;
    const double off = static_cast<double>(counts[0]) - expected_control;
    chi_squared += off * off / expected_control + off * off / expected_treatment;
  }
  return used < 2 ? 1.0 : numerics::chi_squared_sf(chi_squared, used - 1);
}

Result<void> check_balance(const spec::Experiment& experiment, const Plan& plan,
                           const ExperimentMoments& moments, Integrity& out) {
  if (!experiment.checks.balance) return {};
  for (const spec::Text& covariate : experiment.checks.balance->covariates) {
    if (covariate.value.starts_with("pre_")) {
      ASSAY_CHECK(read_numeric_balance(covariate, plan, moments, out));
      continue;
    }
    for (const engine::SegmentMoments& segment : moments.segments) {
      if (segment.name != covariate.value) continue;
      for (std::size_t a = 1; a < moments.arms.size(); ++a)
        out.balance.push_back(
            {segment.name, plan.query.arms[a], std::nullopt, homogeneity_p(segment, a)});
    }
  }
  IntegrityCheck check{"balance", CheckStatus::not_run, "", "", "Nothing before the experiment."};
  if (!out.balance.empty()) {
    const auto worst =
        std::min_element(out.balance.begin(), out.balance.end(),
                         [](const auto& a, const auto& b) { return a.p_value < b.p_value; });
    const double p = std::min(1.0, worst->p_value * static_cast<double>(out.balance.size()));
    const bool failed = p < experiment.checks.balance->alpha;
    check = {
        "balance", failed ? CheckStatus::failed : CheckStatus::passed,
        fmt::format("{} comparisons; most apart: {}{}, p = {} after Bonferroni", out.balance.size(),
                    worst->covariate,
                    worst->std_difference ? fmt::format(" ({:+.4f} sd)", *worst->std_difference)
                                          : std::string(),
                    p_text(log10_of(p))),
        fmt::format("fails when p < {}", experiment.checks.balance->alpha),
        failed ? "The arms differed before the experiment began." : ""};
  }
  out.checks.push_back(std::move(check));
  return {};
}

void check_variants(const ExperimentMoments& moments, Integrity& out) {
  if (moments.unknown_variant == 0) return;
  out.checks.push_back({"known variants", CheckStatus::failed,
                        fmt::format("{} units have a variant that is no arm of the spec",
                                    count_text(moments.unknown_variant)),
                        "fails when there is any",
                        "Add the arm to the spec, or find out who assigned it."});
}

}  // namespace

namespace {

/// Without `checks` in the spec the split and units in both arms are checked all the same.
spec::Experiment with_default_checks(spec::Experiment experiment) {
  spec::Checks& checks = experiment.checks;
  const bool declared = checks.sample_ratio || checks.balance || checks.both_arms_max_share ||
                        checks.exposure_before_assignment_max_share ||
                        checks.missing_exposure_max_difference;
  if (!declared) {
    checks.sample_ratio = spec::SampleRatioCheck{};
    checks.both_arms_max_share = 0.001;
  }
  return experiment;
}

/// An experiment that nobody was exposed to has no answer, whatever its rules say.
Result<void> check_exposed_at_all(const spec::Experiment& experiment, const Plan& plan,
                                  const ExperimentMoments& moments) {
  if (!experiment.exposure) return {};
  for (const engine::ArmCounts& arm : moments.arms) {
    if (arm.exposed > 0) return {};
  }
  const spec::Exposure& exposure = *experiment.exposure;
  return fail(ErrorCode::invalid_data, "no assigned unit was exposed in the period",
              exposure.events.empty() ? spec::where_text(exposure.filter.where)
                                      : spec::where_text(exposure.events.front().where),
              "check the exposure's event and filter, and that it follows the assignment",
              "assigned: " + split_text(plan, assigned_counts(moments)));
}

}  // namespace

bool Integrity::any_failed() const {
  return std::any_of(checks.begin(), checks.end(), [](const IntegrityCheck& check) {
    return check.status == CheckStatus::failed;
  });
}

Result<Integrity> check_integrity(const spec::Experiment& declared, const Plan& plan,
                                  const ExperimentMoments& moments) {
  const spec::Experiment experiment = with_default_checks(declared);
  for (std::size_t a = 0; a < moments.arms.size(); ++a) {
    if (moments.arms[a].assigned > 0) continue;
    return fail(ErrorCode::invalid_data,
                fmt::format("no unit was assigned to arm `{}` in the period", plan.query.arms[a]),
                spec::where_text(experiment.assignment.event.where),
                "check the period, the assignment event and the names of the arms",
                split_text(plan, assigned_counts(moments)));
  }
  ASSAY_CHECK(check_exposed_at_all(experiment, plan, moments));
  Integrity out;
  ASSAY_CHECK(check_sample_ratio(experiment, plan, moments, out));
  check_both_arms(experiment, moments, out);
  check_exposed_before(experiment, moments, out);
  check_missing_exposure(experiment, plan, moments, out);
  check_variants(moments, out);
  ASSAY_CHECK(check_balance(experiment, plan, moments, out));
  return out;
}

}  // namespace assay::experiment
