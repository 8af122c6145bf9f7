#include <fmt/core.h>

#include <algorithm>

#include "assay/spec/detail/check.hpp"

namespace assay::spec::detail {
namespace {

/// Two numbers of [0, 1], the smaller first. `where` is the nearest thing that has a place.
bool check_pair(const std::vector<double>& range, const Location& where, std::string_view key,
                Diagnostics& diagnostics) {
  if (range.size() == 2 && range[0] < range[1]) return true;
  diagnostics.add(where,
                  fmt::format("`{}` is no range: it needs two numbers, the smaller first", key),
                  fmt::format("write `{}: [0, 0.5]`", key));
  return false;
}

void check_ranges(const Randomisation& r, const std::vector<Arm>& arms, Diagnostics& diagnostics) {
  std::vector<std::string> names;
  for (const Arm& arm : arms) names.push_back(arm.name.value);
  for (std::size_t i = 0; i < r.ranges.size(); ++i) {
    const ArmRange& each = r.ranges[i];
    check_reference(each.arm, "arm", names, diagnostics);
    if (!check_pair(each.range, each.arm.where, "range", diagnostics)) continue;
    for (std::size_t j = 0; j < i; ++j) {
      const ArmRange& other = r.ranges[j];
      if (other.range.size() != 2 || each.range[0] >= other.range[1] ||
          other.range[0] >= each.range[1])
        continue;
      diagnostics.add(
          each.arm.where,
          fmt::format("the ranges of `{}` and `{}` overlap: [{:g}, {:g}] and [{:g}, {:g}]",
                      other.arm.value, each.arm.value, other.range[0], other.range[1],
                      each.range[0], each.range[1]),
          "a position belongs to one arm");
    }
  }
}

void check_slice(const Randomisation& r, const Project& project, Diagnostics& diagnostics) {
  if (r.layer.value.empty()) {
    if (!r.range.empty())
      diagnostics.add(r.where, "`range` is a slice of a layer, and no layer is named",
                      "add `layer`, or leave `range` out; `share` takes part of the traffic");
    return;
  }
  check_reference(r.layer, "layer", names_of(project.layers), diagnostics);
  if (!check_pair(r.range, r.layer.where, "range", diagnostics)) return;
  const Layer* layer = find_layer(project, r.layer.value);
  if (layer == nullptr || r.range[1] <= 1 - layer->holdout + 1e-12) return;
  diagnostics.add(
      r.layer.where,
      fmt::format("the range [{:g}, {:g}] reaches into the holdout of layer `{}`, which "
                  "begins at {:g}",
                  r.range[0], r.range[1], layer->name.value, 1 - layer->holdout),
      fmt::format("end it at {:g}", 1 - layer->holdout));
}

void check_hash(const Randomisation& r, const std::vector<Arm>& arms, Diagnostics& diagnostics) {
  const bool planout = r.hash == UnitHash::planout || r.hash == UnitHash::planout_uniform;
  if (planout && (r.share < 1 || !r.ranges.empty()))
    diagnostics.add(r.where, "PlanOut has neither `share` nor `ranges`",
                    "leave them out, and give only the units that PlanOut let in");
  if (r.hash != UnitHash::murmur3 && r.murmur3)
    diagnostics.add(r.where, fmt::format("`murmur3` says nothing of the hash {}", to_text(r.hash)),
                    "write `hash: murmur3`, or leave it out");
  const bool equal = std::all_of(arms.begin(), arms.end(), [&](const Arm& arm) {
    return arm.weight > arms.front().weight - 1e-6 && arm.weight < arms.front().weight + 1e-6;
  });
  if (r.hash == UnitHash::planout_uniform && !equal)
    diagnostics.add(r.where, "planout_uniform with unequal weights",
                    "write `hash: planout`, which is WeightedChoice");
}

}  // namespace

void check_layers(const Project& project, Diagnostics& diagnostics) {
  check_unique(project.layers, "layers", diagnostics);
  for (const Layer& layer : project.layers) {
    if (layer.murmur3 && layer.hash != UnitHash::murmur3)
      diagnostics.add(layer.name.where,
                      fmt::format("`murmur3` says nothing of the hash {}", to_text(layer.hash)),
                      "write `hash: murmur3`, or leave it out");
    for (const Layer& other : project.layers) {
      if (&other == &layer) break;
      if (layer.salt.value.empty() || layer.salt.value != other.salt.value) continue;
      diagnostics.add(layer.salt.where,
                      fmt::format("layers `{}` and `{}` hash with one salt, so the one decides the "
                                  "other",
                                  other.name.value, layer.name.value),
                      "give each a salt of its own");
    }
  }
}

void check_randomisation(const Experiment& experiment, const Project& project,
                         Diagnostics& diagnostics) {
  if (!experiment.randomisation || diagnostics.is_broken(experiment.randomisation->where)) return;
  const Randomisation& r = *experiment.randomisation;
  if (r.method == RandomisationMethod::hash) {
    check_hash(r, experiment.arms, diagnostics);
    check_slice(r, project, diagnostics);
    check_ranges(r, experiment.arms, diagnostics);
    const Layer* layer = find_layer(project, r.layer.value);
    const std::string& salt = r.salt.value.empty() ? experiment.name.value : r.salt.value;
    if (layer != nullptr && layer->salt.value == salt && layer->hash == r.hash)
      diagnostics.add(r.salt.where.line > 0 ? r.salt.where : r.layer.where,
                      fmt::format("the arms hash with the salt of layer `{}`, so the slice would "
                                  "decide the arm",
                                  layer->name.value),
                      "give the experiment a salt of its own");
  }
  if (r.method == RandomisationMethod::pairs && experiment.arms.size() != 2)
    diagnostics.add(r.where, "pairs have two arms", "use `rerandomised` for more");
  if (r.switchback && r.switchback->washout_us >= r.switchback->block_us &&
      r.switchback->block_us > 0)
    diagnostics.add(r.where, "the washout is as long as its block",
                    "lengthen the block, or shorten the washout");
}

}  // namespace assay::spec::detail
