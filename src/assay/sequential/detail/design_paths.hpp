#pragma once

#include <span>
#include <vector>

#include "assay/sequential/detail/path_density.hpp"
#include "assay/sequential/group_sequential.hpp"

namespace assay::sequential::detail {

/// The part of the z line where look k goes on. `critical` beyond the normal range is no bound.
std::vector<Continuation> continuation(Sides sides, double critical, double futility);

/// The futility bound that says "none" on this kind of test.
double no_futility(Sides sides);

/// Efficacy bounds from the cumulative spending at each look (both sides together).
/// `futility` binds: one bound a look, or empty.
std::vector<double> bounds_from_spending(std::span<const double> information,
                                         std::span<const double> alpha_spent, Sides sides,
                                         std::span<const double> futility);

/// Chance to cross the efficacy bounds at each look at a drift.
struct Crossing {
  std::vector<double> upper;
  std::vector<double> lower;
  std::vector<double> inner;  ///< Futility.
};
Crossing crossing(std::span<const double> information, std::span<const double> critical,
                  std::span<const double> futility, Sides sides, double drift);

/// The design's bounds with futility by beta spending filled in.
Result<void> add_beta_spending(GroupSequentialDesign& design);

/// Beta spent up to a fraction by a design with beta spending, after what it skips.
double beta_spent_at(const GroupSequentialDesign& design, double fraction);

/// Efficacy bounds from cumulative alpha and futility bounds from cumulative beta at a drift.
struct SpentBounds {
  std::vector<double> critical;
  std::vector<double> futility;
  double residual = 0.0;  ///< P(not rejected at the last look) - beta left to spend there.
};
/// The bounds of looks at which alpha and beta are spent so far. `final`: the last look ends the
/// trial, so that its futility bound is its critical value.
SpentBounds bounds_at_drift(std::span<const double> information,
                            std::span<const double> alpha_spent, std::span<const double> beta_spent,
                            Sides sides, bool binding, bool final, double drift);

/// Bounds by the families that are not spending functions, at this alpha.
std::vector<double> family_bounds(const GroupSequentialSpec& spec,
                                  std::span<const double> futility);

}  // namespace assay::sequential::detail
