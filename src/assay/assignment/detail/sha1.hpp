#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace assay::assignment::detail {

/// SHA-1 (FIPS 180-4) as five words. To replay PlanOut's logs; no protection of anything.
std::array<std::uint32_t, 5> sha1(std::string_view bytes);

}  // namespace assay::assignment::detail
