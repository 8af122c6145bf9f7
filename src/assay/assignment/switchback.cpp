#include "assay/assignment/switchback.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "assay/assignment/detail/random_stream.hpp"

namespace assay::assignment {
namespace {

constexpr std::int64_t kMostUnits = 10'000'000;

tl::unexpected<Error> wrong(std::string problem, std::string where, std::string fix = {}) {
  return fail(ErrorCode::invalid_spec, std::move(problem), std::move(where), std::move(fix));
}

Result<void> check_times(const SwitchbackPlan& plan) {
  if (plan.n_regions == 0) return wrong("a switchback needs a region", "regions");
  if (plan.block_us <= 0) return wrong("a block has a positive length", "block", "write 2h");
  if (plan.washout_us < 0 || plan.washout_us >= plan.block_us)
    return wrong("a washout is shorter than its block", "washout",
                 "lengthen the block, or shorten the washout");
  if (plan.end <= plan.start || (plan.end - plan.start) / plan.block_us < 2)
    return wrong("the time holds fewer than two blocks", "block", "shorten the block");
  if ((plan.end - plan.start) / plan.block_us > kMostUnits / plan.n_regions)
    return wrong(fmt::format("more than {} blocks over all regions", kMostUnits), "block",
                 "lengthen the block");
  return {};
}

Result<void> check_method(const SwitchbackPlan& plan, std::uint32_t n_blocks) {
  if (plan.method == SwitchMethod::markov && !(plan.stay >= 0 && plan.stay < 1))
    return wrong(fmt::format("the chance to stay is from 0 to below 1: {}", plan.stay), "stay");
  if (plan.method == SwitchMethod::minimum_run &&
      (plan.minimum_run == 0 || n_blocks / plan.minimum_run < 4))
    return wrong(fmt::format("{} blocks hold no four runs of {}", n_blocks, plan.minimum_run),
                 "minimum_run", "shorten the runs, or lengthen the experiment");
  if (plan.method == SwitchMethod::balanced && plan.balance_over == 1)
    return wrong("one block balances nothing", "balance_over", "write a multiple of the arms");
  const double first = plan.weights.front();
  const bool equal = std::all_of(plan.weights.begin(), plan.weights.end(),
                                 [&](double w) { return std::abs(w - first) < 1e-6; });
  if (plan.method == SwitchMethod::alternating && !equal)
    return wrong("arms in turn have equal weights", "weights", "write equal weights");
  return {};
}

/// What one region's blocks need to know.
struct Region {
  const SwitchbackPlan& plan;
  const numerics::Philox& random;
  std::uint64_t index;  ///< Of its first random number; 2 n_blocks + 2 are its own.
};

void fill_balanced(const Region& region, std::span<std::uint8_t> arms) {
  const std::size_t run = region.plan.balance_over == 0 ? arms.size() : region.plan.balance_over;
  std::uint64_t index = region.index;
  for (std::size_t at = 0; at < arms.size(); at += run) {
    const std::size_t length = std::min(run, arms.size() - at);
    detail::fill_permuted(region.random, index, region.plan.weights, arms.subspan(at, length));
    index += length + 1;
  }
}

/// Whether the arm of a block is drawn anew.
bool draws_at(const SwitchbackPlan& plan, std::size_t block, std::size_t n_blocks) {
  if (plan.method != SwitchMethod::minimum_run || block == 0) return true;
  const std::size_t m = plan.minimum_run;
  const std::size_t runs = n_blocks / m;
  return block % m == 0 && block / m >= 2 && block / m + 2 <= runs;
}

void fill_region(const Region& region, std::span<std::uint8_t> arms) {
  const SwitchbackPlan& plan = region.plan;
  if (plan.method == SwitchMethod::balanced) return fill_balanced(region, arms);
  const auto n_arms = plan.weights.size();
  for (std::size_t block = 0; block < arms.size(); ++block) {
    const auto [u, keep] = region.random.uniform_pair(region.index + block);
    const bool in_turn = plan.method == SwitchMethod::alternating && block > 0;
    const bool stays = plan.method == SwitchMethod::markov && block > 0 && keep < plan.stay;
    if (in_turn) {
      arms[block] = static_cast<std::uint8_t>((arms[block - 1] + 1U) % n_arms);
    } else if (stays || !draws_at(plan, block, arms.size())) {
      arms[block] = arms[block - 1];
    } else {
      arms[block] = detail::arm_of(u, plan.weights);
    }
  }
}

std::string_view name_of(SwitchMethod method) {
  switch (method) {
    case SwitchMethod::independent:
      return "independent switchback";
    case SwitchMethod::balanced:
      return "balanced switchback";
    case SwitchMethod::alternating:
      return "alternating switchback";
    case SwitchMethod::markov:
      return "markov switchback";
    case SwitchMethod::minimum_run:
      return "minimum-run switchback";
  }
  return "switchback";
}

}  // namespace

Result<Switchback> switchback(const SwitchbackPlan& plan) {
  ASSAY_CHECK(check_times(plan));
  Switchback out;
  out.plan = plan;
  out.n_blocks = static_cast<std::uint32_t>((plan.end - plan.start) / plan.block_us);
  const std::size_t n_units = std::size_t{plan.n_regions} * out.n_blocks;
  ASSAY_CHECK(detail::check_design(n_units, plan.weights));
  ASSAY_CHECK(check_method(plan, out.n_blocks));
  out.design = {std::string(name_of(plan.method)), n_units, plan.weights, {}};
  out.design.fill = [plan, n_blocks = out.n_blocks](std::uint64_t seed, std::uint64_t draw,
                                                    std::span<std::uint8_t> arms) {
    const auto random = detail::stream_of(detail::Purpose::switchback, seed, draw);
    for (std::uint32_t region = 0; region < plan.n_regions; ++region) {
      const std::uint64_t index = std::uint64_t{region} * (2ULL * n_blocks + 2);
      fill_region({plan, random, index}, arms.subspan(std::size_t{region} * n_blocks, n_blocks));
    }
  };
  return out;
}

std::vector<Slot> schedule(const Switchback& switchback, std::span<const std::uint8_t> arms) {
  const SwitchbackPlan& plan = switchback.plan;
  std::vector<Slot> slots;
  slots.reserve(arms.size());
  for (std::uint32_t region = 0; region < plan.n_regions; ++region) {
    for (std::uint32_t block = 0; block < switchback.n_blocks; ++block) {
      const std::size_t unit = switchback.unit_of(region, block);
      const TimeUs begin = plan.start + std::int64_t{block} * plan.block_us;
      const bool switched = block == 0 || arms[unit] != arms[unit - 1];
      const bool waits = switched || !plan.washout_after_switch_only;
      slots.push_back({region,
                       block,
                       arms[unit],
                       {begin, begin + plan.block_us},
                       begin + (waits ? plan.washout_us : 0)});
    }
  }
  return slots;
}

std::optional<std::uint32_t> block_at(const Switchback& switchback, TimeUs time) {
  if (time < switchback.plan.start) return std::nullopt;
  const std::int64_t block = (time - switchback.plan.start) / switchback.plan.block_us;
  if (block >= switchback.n_blocks) return std::nullopt;
  return static_cast<std::uint32_t>(block);
}

}  // namespace assay::assignment
