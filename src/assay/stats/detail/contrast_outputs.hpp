#pragma once

#include <vector>

#include "assay/stats/calculator.hpp"
#include "assay/stats/contrast.hpp"

/// A contrast as calculator outputs: the same names and order for every method that makes one.
namespace assay::stats::detail {

std::vector<OutputSpec> contrast_outputs();
std::vector<Output> outputs_of(const Contrast& contrast);
Result<std::vector<Output>> outputs_of(const Result<Contrast>& contrast);

}  // namespace assay::stats::detail
