#include "assay/resampling/mechanism.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <unordered_map>

#include "assay/resampling/detail/lanes.hpp"

namespace assay::resampling {
namespace {

using detail::RandomWords;

/// Blocks of units that move together, in strata with a fixed number of treated blocks each.
struct BlockDesign {
  struct Stratum {
    std::vector<std::uint32_t> blocks;
    std::size_t treated = 0;
  };
  std::vector<std::vector<std::uint32_t>> units;  ///< Per block.
  std::vector<Stratum> strata;
};

void treat(const BlockDesign& design, std::uint32_t block, std::span<std::uint8_t> arms) {
  for (const std::uint32_t unit : design.units[block]) arms[unit] = 1;
}

void draw_blocks(const BlockDesign& design, RandomWords& random, std::span<std::uint8_t> arms) {
  std::fill(arms.begin(), arms.end(), std::uint8_t{0});
  std::vector<std::uint32_t> blocks;
  for (const auto& stratum : design.strata) {
    blocks = stratum.blocks;
    for (std::size_t i = 0; i < stratum.treated; ++i) {  // The start of a Fisher-Yates shuffle.
      const auto j = i + static_cast<std::size_t>(random.below(blocks.size() - i));
      std::swap(blocks[i], blocks[j]);
      treat(design, blocks[i], arms);
    }
  }
}

/// n over k; infinite when it leaves the integers that a double holds.
double choose(std::size_t n, std::size_t k) {
  if (k > n) return 0.0;
  double out = 1.0;
  for (std::size_t i = 1; i <= std::min(k, n - k); ++i) {
    out =
        std::round(out * static_cast<double>(n - std::min(k, n - k) + i) / static_cast<double>(i));
    if (out > 0x1p53) return std::numeric_limits<double>::infinity();
  }
  return out;
}

/// The subset of rank `index` among the k-subsets of a stratum, in lexicographic order.
void treat_subset(const BlockDesign& design, const BlockDesign::Stratum& stratum,
                  std::uint64_t index, std::span<std::uint8_t> arms) {
  std::size_t left = stratum.treated;
  const std::size_t n = stratum.blocks.size();
  for (std::size_t i = 0; i < n && left > 0; ++i) {
    const auto with = static_cast<std::uint64_t>(choose(n - i - 1, left - 1));
    if (index < with) {
      treat(design, stratum.blocks[i], arms);
      --left;
    } else {
      index -= with;
    }
  }
}

Mechanism mechanism_of(std::string name, std::size_t n_units, BlockDesign blocks) {
  const auto design = std::make_shared<const BlockDesign>(std::move(blocks));
  Mechanism out;
  out.name = std::move(name);
  out.n_units = n_units;
  out.draw = [design](std::uint64_t seed, std::uint64_t index, std::span<std::uint8_t> arms) {
    RandomWords random({seed, detail::Purpose::assignment, 0, index});
    draw_blocks(*design, random, arms);
  };
  out.n_assignments = 1.0;
  for (const auto& stratum : design->strata)
    out.n_assignments *= choose(stratum.blocks.size(), stratum.treated);
  if (out.n_assignments > 0x1p53) out.n_assignments = std::numeric_limits<double>::infinity();
  if (std::isinf(out.n_assignments)) return out;
  out.enumerate = [design](std::uint64_t index, std::span<std::uint8_t> arms) {
    std::fill(arms.begin(), arms.end(), std::uint8_t{0});
    for (const auto& stratum : design->strata) {
      const auto here = static_cast<std::uint64_t>(choose(stratum.blocks.size(), stratum.treated));
      treat_subset(*design, stratum, index % here, arms);
      index /= here;
    }
  };
  return out;
}

Result<void> check_probability(double p, std::size_t n_units) {
  if (n_units == 0) return fail(ErrorCode::invalid_spec, "a randomisation needs units");
  if (p > 0.0 && p < 1.0) return {};
  return fail(ErrorCode::invalid_spec,
              fmt::format("the probability of treatment must lie between 0 and 1; got {}", p));
}

Result<void> check_arms(std::size_t labels, std::span<const std::uint8_t> arms) {
  if (labels != arms.size() || arms.empty()) {
    return fail(ErrorCode::invalid_spec,
                fmt::format("every unit needs a label and an arm; got {} labels and {} arms",
                            labels, arms.size()));
  }
  const auto bad = std::find_if(arms.begin(), arms.end(), [](std::uint8_t a) { return a > 1; });
  if (bad == arms.end()) return {};
  return fail(ErrorCode::invalid_spec,
              fmt::format("an arm is 0 (control) or 1 (treatment); got {}", *bad));
}

/// Numbers labels 0, 1, ... in order of first appearance.
std::vector<std::uint32_t> numbered(std::span<const std::int64_t> labels) {
  std::unordered_map<std::int64_t, std::uint32_t> place;
  std::vector<std::uint32_t> out;
  out.reserve(labels.size());
  for (const std::int64_t label : labels)
    out.push_back(place.emplace(label, static_cast<std::uint32_t>(place.size())).first->second);
  return out;
}

/// Blocks and strata from labels, treated counts from the arms.
Result<BlockDesign> design_like(std::span<const std::uint32_t> block,
                                std::span<const std::uint32_t> stratum,
                                std::span<const std::uint8_t> arms) {
  BlockDesign design;
  std::vector<std::uint32_t> stratum_of;
  std::vector<std::uint8_t> arm_of;
  for (std::size_t i = 0; i < block.size(); ++i) {
    const std::uint32_t here = stratum.empty() ? 0 : stratum[i];
    if (block[i] == design.units.size()) {
      design.units.emplace_back();
      stratum_of.push_back(here);
      arm_of.push_back(arms[i]);
      if (here >= design.strata.size()) design.strata.resize(here + 1);
      design.strata[here].blocks.push_back(block[i]);
      design.strata[here].treated += arms[i];
    }
    const std::uint32_t b = block[i];
    if (stratum_of[b] != here || arm_of[b] != arms[i]) {
      return fail(ErrorCode::invalid_data,
                  fmt::format("a cluster has units in more than one {}",
                              stratum_of[b] != here ? "stratum" : "arm"),
                  fmt::format("unit {}", i + 1), "clusters are randomised whole");
    }
    design.units[b].push_back(static_cast<std::uint32_t>(i));
  }
  const bool any = std::any_of(design.strata.begin(), design.strata.end(), [](const auto& s) {
    return s.treated > 0 && s.treated < s.blocks.size();
  });
  if (any) return design;
  return fail(ErrorCode::undefined_statistic,
              "no stratum has both arms: there is no other assignment to compare with");
}

std::vector<std::uint32_t> each_alone(std::size_t n) {
  std::vector<std::uint32_t> out(n);
  for (std::size_t i = 0; i < n; ++i) out[i] = static_cast<std::uint32_t>(i);
  return out;
}

}  // namespace

Result<Mechanism> complete_randomisation(std::size_t n_units, std::size_t n_treated) {
  if (n_treated == 0 || n_treated >= n_units) {
    return fail(ErrorCode::invalid_spec,
                fmt::format("both arms need a unit; got {} treated of {}", n_treated, n_units));
  }
  BlockDesign design;
  design.strata.resize(1);
  design.strata[0].blocks = each_alone(n_units);
  design.strata[0].treated = n_treated;
  for (std::size_t i = 0; i < n_units; ++i) design.units.push_back({static_cast<std::uint32_t>(i)});
  return mechanism_of("complete randomisation", n_units, std::move(design));
}

Result<Mechanism> switchback_randomisation(std::span<const std::int64_t> block, double p_treated) {
  ASSAY_CHECK(check_probability(p_treated, block.size()));
  const auto numbers = std::make_shared<const std::vector<std::uint32_t>>(numbered(block));
  const std::size_t n_blocks = *std::max_element(numbers->begin(), numbers->end()) + std::size_t{1};
  Mechanism out;
  out.name = "switchback of independent blocks";
  out.n_units = block.size();
  out.draw = [numbers, n_blocks, p_treated](std::uint64_t seed, std::uint64_t index,
                                            std::span<std::uint8_t> arms) {
    RandomWords random({seed, detail::Purpose::assignment, 0, index});
    std::vector<std::uint8_t> coin(n_blocks);
    for (auto& c : coin) c = random.uniform() < p_treated ? 1 : 0;
    for (std::size_t i = 0; i < arms.size(); ++i) arms[i] = coin[(*numbers)[i]];
  };
  out.n_assignments = std::numeric_limits<double>::infinity();
  if (p_treated != 0.5 || n_blocks > 52) return out;
  out.n_assignments = std::ldexp(1.0, static_cast<int>(n_blocks));
  out.enumerate = [numbers](std::uint64_t index, std::span<std::uint8_t> arms) {
    for (std::size_t i = 0; i < arms.size(); ++i)
      arms[i] = static_cast<std::uint8_t>((index >> (*numbers)[i]) & 1U);
  };
  return out;
}

Result<Mechanism> coin_randomisation(std::size_t n_units, double p_treated) {
  ASSAY_CHECK(check_probability(p_treated, n_units));
  std::vector<std::int64_t> own(n_units);
  for (std::size_t i = 0; i < n_units; ++i) own[i] = static_cast<std::int64_t>(i);
  ASSAY_TRY(auto out, switchback_randomisation(own, p_treated));
  out.name = "a coin a unit";
  return out;
}

Result<Mechanism> stratified_randomisation(std::span<const std::int64_t> stratum,
                                           std::span<const std::uint8_t> arms) {
  ASSAY_CHECK(check_arms(stratum.size(), arms));
  ASSAY_TRY(auto design, design_like(each_alone(arms.size()), numbered(stratum), arms));
  return mechanism_of("stratified randomisation", arms.size(), std::move(design));
}

Result<Mechanism> cluster_randomisation(std::span<const std::int64_t> cluster,
                                        std::span<const std::uint8_t> arms,
                                        std::span<const std::int64_t> stratum) {
  ASSAY_CHECK(check_arms(cluster.size(), arms));
  if (!stratum.empty()) ASSAY_CHECK(check_arms(stratum.size(), arms));
  ASSAY_TRY(auto design, design_like(numbered(cluster), numbered(stratum), arms));
  return mechanism_of("cluster randomisation", arms.size(), std::move(design));
}

Result<Mechanism> paired_randomisation(std::span<const std::int64_t> pair,
                                       std::span<const std::uint8_t> arms) {
  ASSAY_CHECK(check_arms(pair.size(), arms));
  const auto numbers = numbered(pair);
  ASSAY_TRY(auto design, design_like(each_alone(arms.size()), numbers, arms));
  for (const auto& stratum : design.strata) {
    if (stratum.blocks.size() == 2 && stratum.treated == 1) continue;
    return fail(ErrorCode::invalid_data,
                fmt::format("a pair is one unit of each arm; got {} units, {} treated",
                            stratum.blocks.size(), stratum.treated),
                fmt::format("the pair of unit {}", stratum.blocks.front() + 1));
  }
  return mechanism_of("paired randomisation", arms.size(), std::move(design));
}

}  // namespace assay::resampling
