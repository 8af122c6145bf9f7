#include "assay/interference/detail/naive.hpp"

#include <fmt/core.h>

#include <array>
#include <cmath>

namespace assay::interference::detail {

Result<stats::Contrast> naive_contrast(std::span<const double> values,
                                       std::span<const std::uint8_t> arms,
                                       double confidence_level) {
  std::array<numerics::Moments, 2> moments;
  for (std::size_t i = 0; i < values.size(); ++i) moments[arms[i]].add(values[i]);
  return stats::welch(moments[0], moments[1], confidence_level);
}

Result<void> check_rows(std::span<const double> values, std::span<const std::uint8_t> arms) {
  if (values.size() != arms.size())
    return fail(ErrorCode::invalid_spec,
                fmt::format("every value needs an arm; got {} values and {} arms", values.size(),
                            arms.size()));
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (std::isfinite(values[i]) && arms[i] <= 1) continue;
    return fail(ErrorCode::invalid_data,
                fmt::format("a value must be finite and an arm 0 or 1; got {} and {}", values[i],
                            static_cast<int>(arms[i])),
                fmt::format("row {}", i + 1));
  }
  return {};
}

}  // namespace assay::interference::detail
