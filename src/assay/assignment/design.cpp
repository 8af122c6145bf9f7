#include "assay/assignment/design.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "assay/assignment/detail/random_stream.hpp"

namespace assay::assignment {
namespace detail {

std::uint8_t arm_of(double u, std::span<const double> weights) {
  double sum = 0;
  for (std::size_t arm = 0; arm + 1 < weights.size(); ++arm) {
    sum += weights[arm];
    if (u < sum) return static_cast<std::uint8_t>(arm);
  }
  return static_cast<std::uint8_t>(weights.size() - 1);
}

void fill_permuted(const numerics::Philox& random, std::uint64_t index,
                   std::span<const double> weights, std::span<std::uint8_t> arms) {
  const auto n = static_cast<double>(arms.size());
  const double offset = random.uniform(index);
  std::size_t filled = 0;
  double sum = 0;
  for (std::size_t arm = 0; arm < weights.size(); ++arm) {
    sum += weights[arm];
    double cumulative = sum * n;
    if (std::abs(cumulative - std::round(cumulative)) < 1e-6) cumulative = std::round(cumulative);
    const bool last = arm + 1 == weights.size();
    const auto end =
        last ? arms.size()
             : std::clamp(static_cast<std::size_t>(cumulative + offset), filled, arms.size());
    for (; filled < end; ++filled) arms[filled] = static_cast<std::uint8_t>(arm);
  }
  for (std::size_t i = arms.size(); i > 1; --i) {
    const double u = random.uniform(index + i);
    const auto j = static_cast<std::size_t>(u * static_cast<double>(i));
    std::swap(arms[i - 1], arms[std::min(j, i - 1)]);
  }
}

Result<void> check_design(std::size_t n_units, std::span<const double> weights) {
  if (weights.size() < 2 || weights.size() > 250)
    return fail(ErrorCode::invalid_spec,
                fmt::format("a design has 2 to 250 arms, this one {}", weights.size()), "weights");
  double total = 0;
  for (const double weight : weights) {
    if (!(weight > 0) || !std::isfinite(weight))
      return fail(ErrorCode::invalid_spec,
                  fmt::format("the weight of an arm is not positive: {}", weight), "weights",
                  "leave out an arm that gets no units");
    total += weight;
  }
  if (std::abs(total - 1) > 1e-6)
    return fail(ErrorCode::invalid_spec, fmt::format("the weights sum to {:.6g}, not to 1", total),
                "weights", "planned shares of all units must sum to 1");
  if (n_units < 2)
    return fail(ErrorCode::invalid_spec,
                fmt::format("a design needs two units or more, not {}", n_units), "units");
  return {};
}

}  // namespace detail

namespace {

using detail::Purpose;

/// Members of each group in the order of units.
std::vector<std::vector<std::uint32_t>> members_of(std::span<const std::uint32_t> groups) {
  std::uint32_t largest = 0;
  for (const std::uint32_t group : groups) largest = std::max(largest, group);
  std::vector<std::vector<std::uint32_t>> members(groups.empty() ? 0 : std::size_t{largest} + 1);
  for (std::size_t i = 0; i < groups.size(); ++i)
    members[groups[i]].push_back(static_cast<std::uint32_t>(i));
  return members;
}

/// Lists no longer than `block`; 0: as they are.
std::vector<std::vector<std::uint32_t>> cut(std::vector<std::vector<std::uint32_t>> lists,
                                            std::size_t block) {
  if (block == 0) return lists;
  std::vector<std::vector<std::uint32_t>> out;
  for (const auto& list : lists) {
    for (std::size_t at = 0; at < list.size(); at += block) {
      const std::size_t end = std::min(list.size(), at + block);
      out.emplace_back(list.begin() + static_cast<std::ptrdiff_t>(at),
                       list.begin() + static_cast<std::ptrdiff_t>(end));
    }
  }
  return out;
}

}  // namespace

std::vector<std::uint8_t> draw_arms(const Design& design, std::uint64_t seed, std::uint64_t draw) {
  std::vector<std::uint8_t> arms(design.n_units);
  design.fill(seed, draw, arms);
  return arms;
}

std::function<void(std::uint64_t draw, std::span<std::uint8_t> arms)> replayer(Design design,
                                                                               std::uint64_t seed) {
  return [design = std::move(design), seed](std::uint64_t draw, std::span<std::uint8_t> arms) {
    design.fill(seed, draw, arms);
  };
}

Result<Design> independent(std::size_t n_units, std::vector<double> weights) {
  ASSAY_CHECK(detail::check_design(n_units, weights));
  Design design{"independent", n_units, std::move(weights), {}};
  design.fill = [weights = design.weights](std::uint64_t seed, std::uint64_t draw,
                                           std::span<std::uint8_t> arms) {
    const auto random = detail::stream_of(Purpose::independent, seed, draw);
    for (std::size_t i = 0; i < arms.size(); ++i)
      arms[i] = detail::arm_of(random.uniform(i), weights);
  };
  return design;
}

Result<Design> complete(std::size_t n_units, std::vector<double> weights) {
  ASSAY_CHECK(detail::check_design(n_units, weights));
  Design design{"complete", n_units, std::move(weights), {}};
  design.fill = [weights = design.weights](std::uint64_t seed, std::uint64_t draw,
                                           std::span<std::uint8_t> arms) {
    detail::fill_permuted(detail::stream_of(Purpose::complete, seed, draw), 0, weights, arms);
  };
  return design;
}

Result<Design> stratified(std::span<const std::uint32_t> stratum_of_unit,
                          std::vector<double> weights, std::size_t block) {
  ASSAY_CHECK(detail::check_design(stratum_of_unit.size(), weights));
  if (block == 1)
    return fail(ErrorCode::invalid_spec, "a block of one unit balances nothing", "block",
                "write a multiple of the number of arms");
  const auto lists = std::make_shared<const std::vector<std::vector<std::uint32_t>>>(
      cut(members_of(stratum_of_unit), block));
  Design design{"stratified", stratum_of_unit.size(), std::move(weights), {}};
  design.fill = [lists, weights = design.weights](std::uint64_t seed, std::uint64_t draw,
                                                  std::span<std::uint8_t> arms) {
    const auto random = detail::stream_of(Purpose::stratified, seed, draw);
    std::vector<std::uint8_t> inside;
    std::uint64_t index = 0;
    for (const auto& list : *lists) {
      if (list.empty()) continue;
      inside.resize(list.size());
      detail::fill_permuted(random, index, weights, inside);
      for (std::size_t i = 0; i < list.size(); ++i) arms[list[i]] = inside[i];
      index += list.size() + 1;
    }
  };
  return design;
}

Result<Design> clustered(Design over_clusters, std::span<const std::uint32_t> cluster_of_unit) {
  std::vector<std::uint8_t> seen(over_clusters.n_units, 0);
  for (const std::uint32_t cluster : cluster_of_unit) {
    if (cluster >= seen.size())
      return fail(
          ErrorCode::invalid_spec,
          fmt::format("a unit is of cluster {}, and the design has {}", cluster, seen.size()),
          "clusters");
    seen[cluster] = 1;
  }
  if (const auto empty = std::find(seen.begin(), seen.end(), 0); empty != seen.end())
    return fail(ErrorCode::invalid_spec,
                fmt::format("no unit is of cluster {}", empty - seen.begin()), "clusters");
  const std::vector<std::uint32_t> clusters(cluster_of_unit.begin(), cluster_of_unit.end());
  Design design{over_clusters.method + " clusters", clusters.size(), over_clusters.weights, {}};
  design.fill = [inner = std::move(over_clusters), clusters](std::uint64_t seed, std::uint64_t draw,
                                                             std::span<std::uint8_t> arms) {
    const auto of_cluster = draw_arms(inner, seed, draw);
    for (std::size_t i = 0; i < arms.size(); ++i) arms[i] = of_cluster[clusters[i]];
  };
  return design;
}

}  // namespace assay::assignment
