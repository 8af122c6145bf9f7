#include "assay/assignment/traffic.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "assay/base/text.hpp"
#include "assay/numerics/parallel.hpp"

namespace assay::assignment {
namespace {

constexpr double kWeightTolerance = 1e-6;
constexpr std::size_t kMostArms = 250;
constexpr std::size_t kUnitsPerChunk = 16'384;

bool is_planout(HashMethod method) {
  return method == HashMethod::planout || method == HashMethod::planout_uniform;
}

bool holds(const Range& range, double position) {
  return position >= range.low && position < range.high;
}

std::vector<std::string> names_of(const std::vector<ArmWeight>& arms) {
  std::vector<std::string> names;
  for (const ArmWeight& arm : arms) names.push_back(arm.name);
  return names;
}

Result<void> check_arms(const TrafficRequest& request) {
  const auto& arms = request.arms;
  if (arms.size() < 2 || arms.size() > kMostArms)
    return fail(ErrorCode::invalid_spec,
                fmt::format("an experiment has 2 to {} arms, this one {}", kMostArms, arms.size()),
                "arms", "write for example {control: 0.5, treatment: 0.5}");
  double total = 0;
  for (std::size_t i = 0; i < arms.size(); ++i) {
    if (!(arms[i].weight > 0) || !std::isfinite(arms[i].weight))
      return fail(
          ErrorCode::invalid_spec,
          fmt::format("the weight of arm `{}` is not positive: {}", arms[i].name, arms[i].weight),
          "arms", "leave out an arm that gets no units");
    for (std::size_t j = 0; j < i; ++j)
      if (arms[i].name == arms[j].name)
        return fail(ErrorCode::invalid_spec, fmt::format("two arms are named `{}`", arms[i].name),
                    "arms", "rename one");
    total += arms[i].weight;
  }
  if (std::abs(total - 1) > kWeightTolerance)
    return fail(ErrorCode::invalid_spec,
                fmt::format("the arms' weights sum to {:.6g}, not to 1", total), "arms",
                "planned shares of the experiment's units must sum to 1");
  const bool equal = std::all_of(arms.begin(), arms.end(), [&](const ArmWeight& arm) {
    return std::abs(arm.weight - arms.front().weight) <= kWeightTolerance;
  });
  if (request.hash.method == HashMethod::planout_uniform && !equal)
    return fail(ErrorCode::invalid_spec, "planout_uniform with unequal weights", "arms",
                "use `planout`, which is WeightedChoice");
  return {};
}

Result<void> check_range(const Range& range, const std::string& what) {
  if (range.low >= 0 && range.low < range.high && range.high <= 1) return {};
  return fail(ErrorCode::invalid_spec,
              fmt::format("{} is no part of [0, 1]: [{:.6g}, {:.6g}]", what, range.low, range.high),
              what, "write two numbers from 0 to 1, the smaller first");
}

Result<void> check_ranges(const TrafficRequest& request) {
  const auto names = names_of(request.arms);
  for (std::size_t i = 0; i < request.ranges.size(); ++i) {
    const ArmRange& each = request.ranges[i];
    if (std::find(names.begin(), names.end(), each.arm) == names.end()) {
      const std::string near = nearest(each.arm, names);
      return fail(ErrorCode::invalid_spec, fmt::format("there is no arm `{}`", each.arm), "ranges",
                  near.empty() ? "name one of these" : fmt::format("did you mean `{}`?", near),
                  list_text(names));
    }
    ASSAY_CHECK(check_range(each.range, fmt::format("the range of `{}`", each.arm)));
    for (std::size_t j = 0; j < i; ++j) {
      const ArmRange& other = request.ranges[j];
      if (each.range.low < other.range.high && other.range.low < each.range.high)
        return fail(ErrorCode::invalid_spec,
                    fmt::format("the ranges of `{}` and `{}` overlap: {} and {}", other.arm,
                                each.arm, to_text(other.range), to_text(each.range)),
                    "ranges", "a position belongs to one arm");
    }
  }
  if (!request.ranges.empty() && is_planout(request.hash.method))
    return fail(ErrorCode::invalid_spec, "PlanOut chooses by weights, not by ranges", "ranges",
                "leave `ranges` out");
  return {};
}

Result<void> check_slice(const Slice& slice) {
  ASSAY_CHECK(check_range(slice.range, "the slice"));
  const double holdout = slice.layer.holdout;
  if (!(holdout >= 0 && holdout < 1))
    return fail(
        ErrorCode::invalid_spec,
        fmt::format("the holdout of layer `{}` is no share below 1: {}", slice.layer.name, holdout),
        "holdout", "write for example 0.05");
  if (slice.range.high > 1 - holdout + 1e-12)
    return fail(ErrorCode::invalid_spec,
                fmt::format("the slice {} reaches into the holdout of layer `{}`, which begins at "
                            "{:.6g}",
                            to_text(slice.range), slice.layer.name, 1 - holdout),
                "range", fmt::format("end it at {:.6g} at most", 1 - holdout));
  return {};
}

/// The same hash of the same salt in two steps: the first would decide the second.
Result<void> check_salts(const TrafficPlan& plan) {
  std::vector<std::pair<std::string, const HashRule*>> rules{{"arms", &plan.request.hash}};
  if (plan.request.slice) rules.emplace_back("layer", &plan.request.slice->layer.hash);
  if (plan.request.holdout) rules.emplace_back("holdout", &plan.request.holdout->hash);
  if (plan.request.share < 1 && plan.request.hash.method == HashMethod::assay)
    rules.emplace_back("share", &plan.share_hash);
  for (const auto& [name, rule] : rules) ASSAY_CHECK(check_rule(*rule));
  for (std::size_t i = 0; i < rules.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const HashRule& a = *rules[i].second;
      const HashRule& b = *rules[j].second;
      if (a.method != b.method || a.salt != b.salt) continue;
      return fail(ErrorCode::invalid_spec,
                  fmt::format("{} and {} hash with one salt, so the one decides the other: `{}`",
                              rules[j].first, rules[i].first, a.salt),
                  "salt", "give each a salt of its own");
    }
  }
  return {};
}

void lay_out_pieces(TrafficPlan& plan) {
  const TrafficRequest& request = plan.request;
  const bool own = request.hash.method == HashMethod::assay;
  const double coverage = own ? 1.0 : request.share;
  const auto names = names_of(request.arms);
  for (const ArmRange& each : request.ranges) {
    const auto arm = std::find(names.begin(), names.end(), each.arm) - names.begin();
    const Range& range = each.range;
    plan.pieces.push_back({{range.low, range.low + coverage * (range.high - range.low)},
                           static_cast<std::uint8_t>(arm)});
  }
  if (!request.ranges.empty()) return;
  double start = 0;
  for (std::size_t i = 0; i < request.arms.size(); ++i) {
    const double weight = request.arms[i].weight;
    plan.pieces.push_back({{start, start + coverage * weight}, static_cast<std::uint8_t>(i)});
    start += weight;
    if (is_planout(request.hash.method)) plan.pieces.back().range.high = start;
  }
  if (own) plan.pieces.back().range.high = 1;
}

/// The piece that holds the unit, or null.
const TrafficPlan::Piece* piece_of(const TrafficPlan& plan, const HashValue& value) {
  if (plan.request.hash.method == HashMethod::planout_uniform)
    return &plan.pieces[value.hash % plan.pieces.size()];
  if (plan.request.hash.method == HashMethod::planout) {
    const double stop = value.position * plan.pieces.back().range.high;
    for (const auto& piece : plan.pieces)
      if (stop <= piece.range.high) return &piece;
    return &plan.pieces.back();
  }
  for (const auto& piece : plan.pieces)
    if (holds(piece.range, value.position)) return &piece;
  return nullptr;
}

/// Walks the steps; `seen` is told each one.
template <class Seen>
Assigned walk(const TrafficPlan& plan, std::string_view unit, Seen seen) {
  const TrafficRequest& request = plan.request;
  if (request.holdout) {
    const HashValue value = hash_unit(request.holdout->hash, unit);
    const Range needs{request.holdout->share, 1};
    const bool passed = value.position >= needs.low;
    seen("holdout", request.holdout->hash, value, needs, passed);
    if (!passed) return {Outcome::held_out, kNoArm};
  }
  if (request.slice) {
    const Slice& slice = *request.slice;
    const HashValue value = hash_unit(slice.layer.hash, unit);
    const bool passed = holds(slice.range, value.position);
    seen("layer", slice.layer.hash, value, slice.range, passed);
    if (!passed) {
      const bool held = value.position >= 1 - slice.layer.holdout;
      return {held ? Outcome::layer_held_out : Outcome::outside_slice, kNoArm};
    }
  }
  if (request.share < 1 && request.hash.method == HashMethod::assay) {
    const HashValue value = hash_unit(plan.share_hash, unit);
    const bool passed = value.position < request.share;
    seen("share", plan.share_hash, value, Range{0, request.share}, passed);
    if (!passed) return {Outcome::outside_share, kNoArm};
  }
  const HashValue value = hash_unit(request.hash, unit);
  const TrafficPlan::Piece* piece = piece_of(plan, value);
  seen("arm", request.hash, value, piece != nullptr ? piece->range : Range{0, 0}, piece != nullptr);
  if (piece == nullptr) return {Outcome::outside_share, kNoArm};
  return {Outcome::assigned, piece->arm};
}

bool same_days(const SliceUse& a, Day first, Day last) {
  return a.first <= last && first <= a.last;
}

}  // namespace

Result<TrafficPlan> plan_traffic(TrafficRequest request) {
  TrafficPlan plan;
  if (request.hash.salt.empty()) request.hash.salt = request.experiment;
  if (request.slice && request.slice->layer.hash.salt.empty()) {
    Layer& layer = request.slice->layer;
    const bool is_namespace = layer.hash.method == HashMethod::growthbook_v1;
    layer.hash.salt = (is_namespace ? "__" : "layer:") + layer.name;
  }
  if (request.holdout && request.holdout->hash.salt.empty()) request.holdout->hash.salt = "holdout";
  plan.request = std::move(request);
  plan.share_hash = plan.request.hash;
  plan.share_hash.salt += ":share";
  ASSAY_CHECK(check_arms(plan.request));
  ASSAY_CHECK(check_ranges(plan.request));
  const double share = plan.request.share;
  if (!(share > 0 && share <= 1))
    return fail(ErrorCode::invalid_spec, fmt::format("a share is above 0 and at most 1: {}", share),
                "share", "write 0.1 for ten per cent");
  if (share < 1 && is_planout(plan.request.hash.method))
    return fail(ErrorCode::invalid_spec, "PlanOut has no share of traffic", "share",
                "leave `share` out, and give only the units that PlanOut let in");
  if (plan.request.slice) ASSAY_CHECK(check_slice(*plan.request.slice));
  if (plan.request.holdout &&
      !(plan.request.holdout->share >= 0 && plan.request.holdout->share < 1))
    return fail(ErrorCode::invalid_spec,
                fmt::format("the holdout is no share below 1: {}", plan.request.holdout->share),
                "holdout", "write for example 0.02");
  ASSAY_CHECK(check_salts(plan));
  lay_out_pieces(plan);
  return plan;
}

std::string_view to_text(Outcome outcome) {
  switch (outcome) {
    case Outcome::assigned:
      return "assigned";
    case Outcome::held_out:
      return "held_out";
    case Outcome::layer_held_out:
      return "layer_held_out";
    case Outcome::outside_slice:
      return "outside_slice";
    case Outcome::outside_share:
      return "outside_share";
  }
  return "assigned";
}

Assigned assign(const TrafficPlan& plan, std::string_view unit) {
  return walk(plan, unit, [](auto&&...) {});
}

std::vector<Assigned> assign_all(const TrafficPlan& plan, std::span<const std::string_view> units,
                                 int threads) {
  std::vector<Assigned> out(units.size());
  const std::size_t chunks = (units.size() + kUnitsPerChunk - 1) / kUnitsPerChunk;
  numerics::for_each_chunk(chunks, threads, [&](std::size_t chunk) {
    const std::size_t end = std::min(units.size(), (chunk + 1) * kUnitsPerChunk);
    for (std::size_t i = chunk * kUnitsPerChunk; i < end; ++i) out[i] = assign(plan, units[i]);
  });
  return out;
}

Explanation explain(const TrafficPlan& plan, std::string_view unit) {
  Explanation out;
  out.assigned = walk(plan, unit,
                      [&](const char* name, const HashRule& rule, const HashValue& value,
                          const Range& needs, bool passed) {
                        out.steps.push_back({name, rule, value, needs, passed});
                      });
  return out;
}

std::vector<Error> overlaps(std::span<const SliceUse> uses) {
  std::vector<Error> errors;
  for (std::size_t i = 0; i < uses.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const SliceUse& a = uses[j];
      const SliceUse& b = uses[i];
      const double low = std::max(a.range.low, b.range.low);
      const double high = std::min(a.range.high, b.range.high);
      if (a.layer != b.layer || !same_days(a, b.first, b.last) || !(low < high)) continue;
      errors.push_back(
          {ErrorCode::invalid_spec,
           fmt::format("experiments `{}` and `{}` of layer `{}` overlap on {} between {} and {}",
                       a.experiment, b.experiment, b.layer, to_text(Range{low, high}),
                       day_text(std::max(a.first, b.first)), day_text(std::min(a.last, b.last))),
           b.where, "give them slices that do not overlap, or days that do not",
           fmt::format("{}: {} at {}", a.experiment, to_text(a.range), a.where)});
    }
  }
  return errors;
}

std::vector<Range> free_ranges(const Layer& layer, std::span<const SliceUse> uses, Day first,
                               Day last) {
  std::vector<Range> taken;
  for (const SliceUse& use : uses)
    if (use.layer == layer.name && same_days(use, first, last)) taken.push_back(use.range);
  std::sort(taken.begin(), taken.end(),
            [](const Range& a, const Range& b) { return a.low < b.low; });
  std::vector<Range> free;
  double at = 0;
  const double end = 1 - layer.holdout;
  for (const Range& range : taken) {
    if (range.low > at) free.push_back({at, std::min(range.low, end)});
    at = std::max(at, range.high);
  }
  if (at < end) free.push_back({at, end});
  return free;
}

std::string to_text(const Range& range) {
  return fmt::format("[{:.6g}, {:.6g})", range.low, range.high);
}

}  // namespace assay::assignment
