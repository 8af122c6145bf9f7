#include "assay/sequential/sample_ratio_sequence.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace assay::sequential {
namespace {

/// log Gamma(a + n) - log Gamma(a), by Stirling's series where the plain difference would cancel.
/// Source: Abramowitz & Stegun 6.1.40.
double log_rising(double a, double n) {
  if (n == 0.0) return 0.0;
  if (a < 10.0) {
    const double whole = std::ceil(10.0 - a);
    if (n <= whole) {
      double log_product = 0.0;
      for (double i = 0.0; i < n; i += 1.0) log_product += std::log(a + i);
      return log_product;
    }
    return log_rising(a, whole) + log_rising(a + whole, n - whole);
  }
  const auto correction = [](double y) {
    const double i = 1.0 / y;
    const double s = i * i;
    return i * (1.0 / 12 - s * (1.0 / 360 - s * (1.0 / 1260 - s * (1.0 / 1680 - s / 1188))));
  };
  const double b = a + n;
  return (a - 0.5) * std::log1p(n / a) + n * std::log(b) - n + correction(b) - correction(a);
}

Result<void> check_plan(const SampleRatioPlan& plan) {
  const auto& w = plan.weights;
  const auto positive = std::count_if(w.begin(), w.end(), [](double x) { return x > 0.0; });
  const bool valid =
      std::all_of(w.begin(), w.end(), [](double x) { return x >= 0.0 && std::isfinite(x); });
  if (positive < 2 || !valid) {
    return fail(ErrorCode::invalid_spec,
                fmt::format("a sample ratio needs a weight of 0 or more per arm, two of them "
                            "positive; got {} weights, {} positive",
                            w.size(), positive));
  }
  if (!(plan.alpha > 0.0 && plan.alpha < 1.0)) {
    return fail(ErrorCode::invalid_spec,
                fmt::format("alpha lies between 0 and 1; got {}", plan.alpha));
  }
  if (plan.concentration > 0.0 && std::isfinite(plan.concentration)) return {};
  return fail(ErrorCode::invalid_spec,
              fmt::format("the concentration must be above 0; got {}", plan.concentration));
}

Result<void> check_looks(std::span<const std::vector<std::int64_t>> looks, std::size_t arms) {
  if (looks.empty()) return fail(ErrorCode::invalid_data, "there is no look to read");
  for (std::size_t k = 0; k < looks.size(); ++k) {
    const std::string where = fmt::format("look {}", k + 1);
    if (looks[k].size() != arms) {
      return fail(ErrorCode::invalid_spec,
                  fmt::format("{} counts for {} weights", looks[k].size(), arms), where);
    }
    for (std::size_t a = 0; a < arms; ++a) {
      const std::int64_t before = k == 0 ? 0 : looks[k - 1][a];
      if (looks[k][a] >= before && looks[k][a] >= 0) continue;
      return fail(ErrorCode::invalid_data,
                  fmt::format("units of arm {} fell from {} to {}", a + 1, before, looks[k][a]),
                  where, "give cumulative counts in the order of the looks");
    }
  }
  return {};
}

double log_e_value(const std::vector<std::int64_t>& counts, const SampleRatioPlan& plan,
                   double total_weight, double n) {
  double log_e = -log_rising(plan.concentration, n);
  for (std::size_t a = 0; a < counts.size(); ++a) {
    if (!(plan.weights[a] > 0.0)) continue;
    const double share = plan.weights[a] / total_weight;
    const auto units = static_cast<double>(counts[a]);
    log_e += log_rising(plan.concentration * share, units) - units * std::log(share);
  }
  return log_e;
}

}  // namespace

Result<std::vector<SampleRatioReading>> sample_ratio_sequence(
    std::span<const std::vector<std::int64_t>> looks, const SampleRatioPlan& plan) {
  ASSAY_CHECK(check_plan(plan));
  ASSAY_CHECK(check_looks(looks, plan.weights.size()));
  const double total_weight = std::accumulate(plan.weights.begin(), plan.weights.end(), 0.0);
  std::vector<SampleRatioReading> out;
  double smallest = 1.0;
  for (const auto& counts : looks) {
    SampleRatioReading reading;
    for (std::size_t a = 0; a < counts.size(); ++a)
      (plan.weights[a] > 0.0 ? reading.n : reading.leaked) += counts[a];
    const auto n = static_cast<double>(reading.n);
    for (const double w : plan.weights) reading.expected.push_back(n * (w / total_weight));
    reading.log_e_value = log_e_value(counts, plan, total_weight, n);
    reading.p_value = std::min(1.0, std::exp(-reading.log_e_value));
    reading.running_p_value = smallest = std::min(smallest, reading.p_value);
    reading.leak = reading.leaked > 0;
    reading.mismatch = reading.leak || smallest <= plan.alpha;
    out.push_back(std::move(reading));
  }
  if (out.back().n > 0 || out.back().leak) return out;
  return fail(ErrorCode::undefined_statistic, "no units in any arm that should have some", "",
              "check the assignment event and its key");
}

}  // namespace assay::sequential
