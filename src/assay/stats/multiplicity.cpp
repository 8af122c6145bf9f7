#include "assay/stats/multiplicity.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace assay::stats {
namespace {

std::vector<std::size_t> ascending(std::span<const double> p_values) {
  std::vector<std::size_t> order(p_values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return p_values[a] < p_values[b]; });
  return order;
}

/// What the p-value of rank `rank` (1 = smallest) of `size` is multiplied by.
double factor(Multiplicity method, double rank, double size) {
  switch (method) {
    case Multiplicity::holm:
    case Multiplicity::hochberg:
      return size - rank + 1.0;
    case Multiplicity::benjamini_hochberg:
      return size / rank;
    case Multiplicity::benjamini_yekutieli: {
      double harmonic = 0.0;
      for (double i = 1.0; i <= size; i += 1.0) harmonic += 1.0 / i;
      return size / rank * harmonic;
    }
    case Multiplicity::bonferroni:
      return size;
    case Multiplicity::none:
      return 1.0;
  }
  return size;
}

}  // namespace

std::string_view to_text(Multiplicity method) {
  switch (method) {
    case Multiplicity::none:
      return "none";
    case Multiplicity::bonferroni:
      return "bonferroni";
    case Multiplicity::holm:
      return "holm";
    case Multiplicity::hochberg:
      return "hochberg";
    case Multiplicity::benjamini_hochberg:
      return "benjamini_hochberg";
    case Multiplicity::benjamini_yekutieli:
      return "benjamini_yekutieli";
  }
  return "none";
}

Result<std::vector<double>> adjust_p_values(std::span<const double> p_values, Multiplicity method) {
  for (std::size_t i = 0; i < p_values.size(); ++i) {
    if (!(p_values[i] >= 0.0 && p_values[i] <= 1.0)) {
      return fail(ErrorCode::invalid_data,
                  fmt::format("a p-value lies between 0 and 1; got {}", p_values[i]),
                  fmt::format("entry {} of the family", i + 1),
                  "leave out tests whose statistic is undefined");
    }
  }
  const auto order = ascending(p_values);
  const auto size = static_cast<double>(order.size());
  std::vector<double> adjusted(p_values.size());
  const auto raw = [&](std::size_t rank0) {
    const double rank = static_cast<double>(rank0) + 1.0;
    return std::min(1.0, p_values[order[rank0]] * factor(method, rank, size));
  };
  const bool step_down = method == Multiplicity::holm;
  double running = step_down ? 0.0 : 1.0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const std::size_t rank0 = step_down ? i : order.size() - 1 - i;
    running = step_down ? std::max(running, raw(rank0)) : std::min(running, raw(rank0));
    adjusted[order[rank0]] = running;
  }
  return adjusted;
}

}  // namespace assay::stats
