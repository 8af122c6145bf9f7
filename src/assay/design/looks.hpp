#pragma once

#include <vector>

#include "assay/base/result.hpp"
#include "assay/sequential/spending.hpp"

namespace assay::design {

/// Looks of a group sequential experiment, without futility.
struct Looks {
  std::vector<double> information;  ///< Ascending fractions, the last 1.
  sequential::Spending spending;
  double alpha = 0.05;
  double power = 0.8;
  bool one_sided = false;
};

/// What looking early costs: the most units over those of one look at the same alpha and power,
/// for Design::inflation. Fails as sequential::design_group_sequential and characteristics do.
/// Reference: Jennison & Turnbull, Group Sequential Methods (2000) ch. 7.
Result<double> inflation_of(const Looks& looks);

}  // namespace assay::design
