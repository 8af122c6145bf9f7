#include "assay/experiment/randomisation.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "assay/spec/location.hpp"

namespace assay::experiment {
namespace {

using assignment::HashMethod;
using spec::RandomisationMethod;

HashMethod method_of(spec::UnitHash hash) {
  switch (hash) {
    case spec::UnitHash::growthbook_v1:
      return HashMethod::growthbook_v1;
    case spec::UnitHash::growthbook_v2:
      return HashMethod::growthbook_v2;
    case spec::UnitHash::murmur3:
      return HashMethod::murmur3;
    case spec::UnitHash::planout:
      return HashMethod::planout;
    case spec::UnitHash::planout_uniform:
      return HashMethod::planout_uniform;
    case spec::UnitHash::assay:
      break;
  }
  return HashMethod::assay;
}

assignment::HashRule rule_of(spec::UnitHash hash, const std::string& salt,
                             const std::optional<spec::Murmur3>& form) {
  assignment::HashRule rule{method_of(hash), salt, {}};
  if (!form) return rule;
  using Form = assignment::Murmur3Form;
  rule.murmur3.order = form->order == spec::Murmur3Order::unit_first ? Form::Order::unit_first
                                                                     : Form::Order::salt_first;
  rule.murmur3.reduce =
      form->reduce == spec::Murmur3Reduce::modulo ? Form::Reduce::modulo : Form::Reduce::multiply;
  if (form->separator) rule.murmur3.separator = *form->separator;
  rule.murmur3.seed = static_cast<std::uint32_t>(form->seed);
  rule.murmur3.buckets = static_cast<std::uint32_t>(form->buckets);
  return rule;
}

/// An error of the mechanism, at the place in the spec that asked for it.
Error at_place(Error error, const spec::Location& where) {
  const std::string part = error.where;
  error.where = spec::where_text(where);
  if (!part.empty() && error.problem.find(part) == std::string::npos)
    error.problem = part + ": " + error.problem;
  return error;
}

tl::unexpected<Error> no_randomisation(const spec::Experiment& experiment) {
  return fail(ErrorCode::invalid_spec,
              fmt::format("experiment `{}` does not say how arms are given", experiment.name.value),
              spec::where_text(experiment.name.where),
              "add for example `randomisation: {method: hash, salt: NAME}`, or of another product "
              "`{method: hash, hash: growthbook_v2, salt: KEY}`");
}

Result<const spec::Randomisation*> randomisation_of(const spec::Experiment& experiment) {
  if (!experiment.randomisation) return no_randomisation(experiment);
  return &*experiment.randomisation;
}

std::vector<double> weights_of(const spec::Experiment& experiment) {
  std::vector<double> weights;
  for (const spec::Arm& arm : experiment.arms) weights.push_back(arm.weight);
  return weights;
}

/// Clusters in place of their units.
Result<DesignUnits> by_cluster(const DesignUnits& units) {
  DesignUnits out;
  for (const std::uint32_t cluster : units.clusters)
    out.n_units = std::max(out.n_units, std::size_t{cluster} + 1);
  std::vector<double> sizes(out.n_units, 0);
  out.covariates.assign(units.covariates.size(), std::vector<double>(out.n_units, 0));
  constexpr auto kUnset = static_cast<std::uint32_t>(-1);
  if (!units.strata.empty()) out.strata.assign(out.n_units, kUnset);
  for (std::size_t i = 0; i < units.n_units; ++i) {
    const std::uint32_t cluster = units.clusters[i];
    sizes[cluster] += 1;
    for (std::size_t c = 0; c < out.covariates.size(); ++c)
      out.covariates[c][cluster] += units.covariates[c][i];
    if (units.strata.empty()) continue;
    std::uint32_t& stratum = out.strata[cluster];
    if (stratum != kUnset && stratum != units.strata[i])
      return fail(ErrorCode::invalid_data,
                  fmt::format("a cluster lies in two strata: that of unit {}", i + 1), "clusters",
                  "strata of clusters are properties of clusters");
    stratum = units.strata[i];
  }
  for (auto& column : out.covariates)
    for (std::size_t cluster = 0; cluster < out.n_units; ++cluster)
      column[cluster] /= sizes[cluster];
  return out;
}

using Facts = std::vector<std::pair<std::string, std::string>>;

Result<assignment::Design> plain_design(const spec::Randomisation& r, const DesignUnits& units,
                                        std::vector<double> weights) {
  if (units.strata.empty()) return assignment::complete(units.n_units, std::move(weights));
  return assignment::stratified(units.strata, std::move(weights),
                                static_cast<std::size_t>(r.block.value_or(0)));
}

Result<UnitDesign> drawn(const spec::Randomisation& r, const DesignUnits& units,
                         std::vector<double> weights) {
  UnitDesign out;
  if (r.method == RandomisationMethod::pairs) {
    using assignment::Distance;
    const Distance distance = r.distance == spec::PairDistance::raw ? Distance::raw
                              : r.distance == spec::PairDistance::mahalanobis
                                  ? Distance::mahalanobis
                                  : Distance::standardised;
    ASSAY_TRY(out.pairs, assignment::match_pairs(units.covariates, distance));
    ASSAY_TRY(out.design, assignment::paired(*out.pairs, units.n_units));
    out.facts.emplace_back("matching", out.pairs->method);
    out.facts.emplace_back("pairs", fmt::format("{}", out.pairs->pairs.size()));
    out.facts.emplace_back("total distance", fmt::format("{:.6g}", out.pairs->total_distance));
    return out;
  }
  ASSAY_TRY(out.design, plain_design(r, units, std::move(weights)));
  if (r.method == RandomisationMethod::rerandomised) {
    ASSAY_TRY(out.criterion,
              assignment::rerandomised(std::move(out.design), units.covariates, r.acceptance));
    out.design = out.criterion->design;
    out.facts.emplace_back(
        "balance", fmt::format("Mahalanobis M at most {:.6g}, {:.0f} degrees of "
                               "freedom",
                               out.criterion->threshold, out.criterion->degrees_of_freedom));
    out.facts.emplace_back(
        "draws accepted",
        fmt::format("{:.4g} ({} asked for)", out.criterion->accepted_share, r.acceptance));
    out.facts.emplace_back("variance of balanced columns",
                           fmt::format("{:.4g} of that without", out.criterion->variance_share));
  } else if (r.method == RandomisationMethod::best_of) {
    ASSAY_TRY(out.design,
              assignment::best_of(std::move(out.design), units.covariates, r.log2_tries));
  }
  return out;
}

}  // namespace

Result<assignment::TrafficPlan> traffic_plan(const spec::Project& project,
                                             const spec::Experiment& experiment) {
  const spec::Randomisation* r = nullptr;
  ASSAY_TRY(r, randomisation_of(experiment));
  if (r->method != RandomisationMethod::hash)
    return fail(
        ErrorCode::invalid_spec,
        fmt::format("the arms are drawn from a seed ({}), not by a hash", spec::to_text(r->method)),
        spec::where_text(r->where), "give the file of units that was drawn");
  assignment::TrafficRequest request;
  request.experiment = experiment.name.value;
  request.hash = rule_of(r->hash, r->salt.value, r->murmur3);
  for (const spec::Arm& arm : experiment.arms) request.arms.push_back({arm.name.value, arm.weight});
  for (const spec::ArmRange& each : r->ranges)
    request.ranges.push_back({each.arm.value, {each.range.at(0), each.range.at(1)}});
  request.share = r->share;
  if (const spec::Layer* layer = spec::find_layer(project, r->layer.value)) {
    request.slice =
        assignment::Slice{{layer->name.value,
                           rule_of(layer->hash, layer->salt.value, layer->murmur3), layer->holdout},
                          {r->range.at(0), r->range.at(1)}};
  }
  if (project.holdout && project.holdout->share > 0) {
    request.holdout = assignment::Holdout{
        rule_of(project.holdout->hash, project.holdout->salt.value, {}), project.holdout->share};
  }
  auto plan = assignment::plan_traffic(std::move(request));
  if (!plan) return tl::unexpected(at_place(std::move(plan.error()), r->where));
  return plan;
}

std::optional<assignment::SliceUse> slice_use(const spec::Experiment& experiment) {
  if (!experiment.randomisation || experiment.randomisation->layer.value.empty()) return {};
  const spec::Randomisation& r = *experiment.randomisation;
  if (r.range.size() != 2) return {};
  return assignment::SliceUse{experiment.name.value,    r.layer.value,
                              {r.range[0], r.range[1]}, experiment.period.first,
                              experiment.period.last,   spec::position_text(r.layer.where)};
}

Result<UnitDesign> unit_design(const spec::Experiment& experiment, const DesignUnits& units) {
  const spec::Randomisation* r = nullptr;
  ASSAY_TRY(r, randomisation_of(experiment));
  if (r->method == RandomisationMethod::hash || r->method == RandomisationMethod::switchback)
    return fail(
        ErrorCode::invalid_spec,
        fmt::format("the arms are not drawn over a list of units: {}", spec::to_text(r->method)),
        spec::where_text(r->where));
  const auto made = [&]() -> Result<UnitDesign> {
    if (units.clusters.empty()) return drawn(*r, units, weights_of(experiment));
    DesignUnits clusters;
    ASSAY_TRY(clusters, by_cluster(units));
    UnitDesign out;
    ASSAY_TRY(out, drawn(*r, clusters, weights_of(experiment)));
    out.facts.emplace_back("clusters", fmt::format("{}", clusters.n_units));
    ASSAY_TRY(out.design, assignment::clustered(std::move(out.design), units.clusters));
    return out;
  };
  auto out = made();
  if (!out) return tl::unexpected(at_place(std::move(out.error()), r->where));
  out->seed = static_cast<std::uint64_t>(r->seed.value_or(0));
  out->facts.insert(out->facts.begin(), {{"design", out->design.method},
                                         {"seed", fmt::format("{}, draw 0", out->seed)}});
  return out;
}

Result<assignment::Switchback> switchback_of(const spec::Experiment& experiment,
                                             std::uint32_t n_regions) {
  const spec::Randomisation* r = nullptr;
  ASSAY_TRY(r, randomisation_of(experiment));
  if (!r->switchback)
    return fail(ErrorCode::invalid_spec, "the experiment is no switchback",
                spec::where_text(r->where));
  const spec::SwitchbackBlocks& blocks = *r->switchback;
  assignment::SwitchbackPlan plan;
  plan.n_regions = n_regions;
  plan.start = experiment.period.range.begin;
  plan.end = experiment.period.range.end;
  plan.block_us = blocks.block_us;
  plan.washout_us = blocks.washout_us;
  plan.washout_after_switch_only = blocks.washout_after == spec::WashoutAfter::every_switch;
  using From = spec::SwitchSchedule;
  using To = assignment::SwitchMethod;
  plan.method = blocks.schedule == From::independent   ? To::independent
                : blocks.schedule == From::alternating ? To::alternating
                : blocks.schedule == From::markov      ? To::markov
                : blocks.schedule == From::minimum_run ? To::minimum_run
                                                       : To::balanced;
  plan.balance_over = static_cast<std::uint32_t>(blocks.balance_over.value_or(0));
  plan.stay = blocks.stay.value_or(0.5);
  plan.minimum_run = static_cast<std::uint32_t>(blocks.minimum_run.value_or(1));
  plan.weights = weights_of(experiment);
  auto out = assignment::switchback(plan);
  if (!out) return tl::unexpected(at_place(std::move(out.error()), r->where));
  return out;
}

}  // namespace assay::experiment
