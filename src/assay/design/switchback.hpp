#pragma once

#include <vector>

#include "assay/base/result.hpp"

namespace assay::design {

/// A market that is switched as a whole: time is cut into blocks of whole periods (hours, say),
/// each block is given to an arm by itself, and the first `carryover_periods` of a block are left
/// out because they still feel the block before.
struct Switchback {
  int periods = 0;               ///< In all.
  int block_periods = 1;         ///< Of one block.
  int carryover_periods = 0;     ///< Left out of each block.
  double period_sd = 1.0;        ///< Of the outcome of one period, time effects taken out.
  double autocorrelation = 0.0;  ///< Between neighbouring periods, AR(1), in (-1, 1).
  double treatment_share = 0.5;  ///< Of the blocks.
};

struct SwitchbackTest {
  double alpha = 0.05;
  double power = 0.8;
};

/// What a plan of blocks amounts to.
struct SwitchbackPlan {
  int blocks = 0;
  double block_sd = 0.0;            ///< Of the mean of the periods that a block keeps.
  double std_error = 0.0;           ///< Of the difference between arms.
  double degrees_of_freedom = 0.0;  ///< Blocks - 2.
};

/// Block means are compared by t: var(mean of L periods) = sd^2 / L^2 (L + 2 sum (L - k) r^k), and
/// the difference has variance block_sd^2 (1 / blocks_T + 1 / blocks_C). Neighbouring blocks may be
/// correlated: independent assignment makes their covariance cancel on average.
/// Fails with invalid_spec: fewer than 4 whole blocks, a carry-over that eats the block, sd not
/// positive, autocorrelation outside (-1, 1), a share that leaves an arm below two blocks.
/// References: Bojinov, Simchi-Levi & Zhao, Management Science 69 (2023) 3759-3777 (carry-over and
/// block length); Hu & Wager, arXiv:2209.00197 (burn-in).
Result<SwitchbackPlan> switchback_plan(const Switchback& design);

Result<double> switchback_power(const Switchback& design, double effect, double alpha);
Result<double> switchback_detectable_effect(const Switchback& design, const SwitchbackTest& test);
/// The fewest periods, a whole number of blocks. Fails with undefined_statistic beyond 10 million.
Result<int> switchback_periods_needed(Switchback design, double effect, const SwitchbackTest& test);

/// The detectable effect for each length of a block from carry-over + 1 on that leaves at least
/// eight blocks; the smallest is the length to take.
struct BlockLength {
  int block_periods = 0;
  int blocks = 0;
  double detectable_effect = 0.0;
};
Result<std::vector<BlockLength>> block_lengths(Switchback design, const SwitchbackTest& test);

}  // namespace assay::design
