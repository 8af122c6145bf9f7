#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "assay/assignment/design.hpp"
#include "assay/base/time.hpp"

namespace assay::assignment {

/// How the blocks of a region get their arms.
enum class SwitchMethod : std::uint8_t {
  independent,  ///< Each block by itself.
  balanced,     ///< Permuted inside runs of `balance_over` blocks, so that arms come equally often.
  alternating,  ///< Arms in turn, beginning with a drawn one. Equal weights.
  markov,       ///< A block keeps the arm of the one before with chance `stay`, else draws anew:
                ///< the chance of each arm is its weight at every block.
  minimum_run   ///< For carry-over over m = `minimum_run` blocks: arms are drawn anew at blocks 0,
                ///< 2m, 3m, ..., (k - 2)m of k m, held between; minimax optimal for two equal arms.
                ///< Source: Bojinov, Simchi-Levi & Zhao, Management Science 69 (2023), theorem 2.
};

/// Regions (cities, zones) whose arm changes in time. One randomised unit a region and block.
struct SwitchbackPlan {
  std::uint32_t n_regions = 1;
  TimeUs start = 0;
  TimeUs end = 0;               ///< Not part of it; a last block that is cut short is left out.
  std::int64_t block_us = 0;    ///< Length of a block.
  std::int64_t washout_us = 0;  ///< Not analysed after the beginning of a block.
  bool washout_after_switch_only = false;  ///< Else after every block's beginning.
  SwitchMethod method = SwitchMethod::balanced;
  std::uint32_t balance_over = 0;  ///< balanced: blocks in a run; 0: all of a region.
  double stay = 0.5;               ///< markov: from 0 to below 1.
  std::uint32_t minimum_run = 1;   ///< minimum_run: m.
  std::vector<double> weights{0.5, 0.5};
};

/// Unit region * n_blocks + block of the design.
struct Switchback {
  SwitchbackPlan plan;
  std::uint32_t n_blocks = 0;  ///< Of each region.
  Design design;

  [[nodiscard]] std::size_t unit_of(std::uint32_t region, std::uint32_t block) const {
    return std::size_t{region} * n_blocks + block;
  }
};

/// Regions draw independently of each other.
/// Fails with invalid_spec: no region, an end before two blocks are over, a block that is not
/// positive, a washout as long as its block, stay outside [0, 1), minimum_run 0 or too long for
/// four runs, alternating with unequal weights, more than 10 million blocks, and as every design.
Result<Switchback> switchback(const SwitchbackPlan& plan);

struct Slot {
  std::uint32_t region = 0;
  std::uint32_t block = 0;
  std::uint8_t arm = 0;
  TimeRange time;
  TimeUs analysed_from = 0;  ///< time.begin, or later by the washout.
};

/// The schedule of one draw, by region, then time. Assumes arms of `switchback.design`.
std::vector<Slot> schedule(const Switchback& switchback, std::span<const std::uint8_t> arms);

/// The block of an instant; none outside the plan, and none of a cut-short end.
std::optional<std::uint32_t> block_at(const Switchback& switchback, TimeUs time);

}  // namespace assay::assignment
