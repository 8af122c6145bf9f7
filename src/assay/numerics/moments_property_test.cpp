#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "assay/numerics/moments.hpp"

namespace assay::numerics {
namespace {

// Reference by a different method: two passes in long double.
long double two_pass(const std::vector<double>& x, const std::vector<double>& y) {
  const auto mean = [](const std::vector<double>& values) {
    long double sum = 0;
    for (const double v : values) sum += v;
    return sum / static_cast<long double>(std::max<std::size_t>(values.size(), 1));
  };
  const long double mx = mean(x);
  const long double my = mean(y);
  long double total = 0;
  for (std::size_t i = 0; i < x.size(); ++i) total += (x[i] - mx) * (y[i] - my);
  return total;
}

RC_GTEST_PROP(MomentsProperty, MergingTwoPartsEqualsOnePassOverBoth,
              (const std::vector<std::int32_t>& ints)) {
  const std::vector<double> values(ints.begin(), ints.end());
  const auto split = *rc::gen::inRange<std::size_t>(0, values.size() + 1);
  Moments left = moments(std::span(values).first(split), 1);
  left.merge(moments(std::span(values).subspan(split), 1));
  const auto want = static_cast<double>(two_pass(values, values));
  RC_ASSERT(left.n == static_cast<std::int64_t>(values.size()));
  RC_ASSERT(std::abs(left.m2 - want) <= 1e-9 * std::max(1.0, want));
}

RC_GTEST_PROP(MomentsProperty, CoMomentsOfPartsEqualTwoPassesOverTheWhole,
              (const std::vector<std::pair<std::int16_t, std::int16_t>>& pairs)) {
  std::vector<double> x;
  std::vector<double> y;
  CoMoments left(2);
  CoMoments right(2);
  const auto split = *rc::gen::inRange<std::size_t>(0, pairs.size() + 1);
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    x.push_back(pairs[i].first);
    y.push_back(pairs[i].second);
    (i < split ? left : right).add(std::array{x.back(), y.back()});
  }
  left.merge(right);
  const auto xx = static_cast<double>(two_pass(x, x));
  const auto yy = static_cast<double>(two_pass(y, y));
  RC_ASSERT(std::abs(left.at(0, 0) - xx) <= 1e-9 * std::max(1.0, xx));
  RC_ASSERT(std::abs(left.at(1, 1) - yy) <= 1e-9 * std::max(1.0, yy));
  RC_ASSERT(std::abs(left.at(0, 1) - static_cast<double>(two_pass(x, y))) <=
            1e-9 * std::max(1.0, std::sqrt(xx * yy)));
}

}  // namespace
}  // namespace assay::numerics
