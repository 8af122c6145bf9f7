#include "assay/portfolio/interaction_screen.hpp"

#include <cmath>

#include "assay/numerics/distributions.hpp"
#include "assay/stats/multiplicity.hpp"

namespace assay::portfolio {
namespace {

constexpr double kDependent = 0.001;

Result<void> check(const ExperimentPair& pair) {
  for (const auto& row : pair.cells) {
    for (const auto& cell : row) {
      if (cell.n < 0 || !std::isfinite(cell.mean) || !(cell.m2 >= 0.0))
        return fail(ErrorCode::invalid_data,
                    "the moments of " + pair.first + " and " + pair.second + " are not finite");
    }
  }
  return {};
}

void test_split(PairReading& out, const ExperimentPair& pair) {
  const auto n = [&](std::size_t i, std::size_t j) {
    return static_cast<double>(pair.cells[i][j].n);
  };
  const double total = n(0, 0) + n(0, 1) + n(1, 0) + n(1, 1);
  double chi = 0.0;
  for (std::size_t i = 0; i < 2; ++i) {
    for (std::size_t j = 0; j < 2; ++j) {
      const double expected = (n(i, 0) + n(i, 1)) * (n(0, j) + n(1, j)) / total;
      if (!(expected > 0.0)) return;
      chi += (n(i, j) - expected) * (n(i, j) - expected) / expected;
    }
  }
  out.split_p_value = numerics::chi_squared_sf(chi, 1.0);
  out.assignments_depend = out.split_p_value < kDependent;
}

void test_effect(PairReading& out, const ExperimentPair& pair) {
  double variance = 0.0;
  double shares = 0.0;
  for (const auto& row : pair.cells) {
    for (const auto& cell : row) {
      if (cell.n < 2) return;
      const double n = static_cast<double>(cell.n);
      const double part = cell.m2 / (n - 1.0) / n;
      variance += part;
      shares += part * part / (n - 1.0);
    }
  }
  if (!(variance > 0.0)) return;
  const auto& c = pair.cells;
  out.tested = true;
  out.interaction = (c[1][1].mean - c[0][1].mean) - (c[1][0].mean - c[0][0].mean);
  out.std_error = std::sqrt(variance);
  out.degrees_of_freedom = variance * variance / shares;
  out.p_value = 2.0 * numerics::student_t_sf(std::abs(out.interaction) / out.std_error,
                                             out.degrees_of_freedom);
}

}  // namespace

Result<std::vector<PairReading>> screen_interactions(std::span<const ExperimentPair> pairs) {
  std::vector<PairReading> out;
  std::vector<double> p_values;
  for (const auto& pair : pairs) {
    ASSAY_CHECK(check(pair));
    PairReading reading{pair.first, pair.second};
    test_split(reading, pair);
    test_effect(reading, pair);
    if (reading.tested) p_values.push_back(reading.p_value);
    out.push_back(std::move(reading));
  }
  ASSAY_TRY(const auto adjusted,
            stats::adjust_p_values(p_values, stats::Multiplicity::benjamini_hochberg));
  std::size_t next = 0;
  for (auto& reading : out)
    if (reading.tested) reading.p_adjusted = adjusted[next++];
  return out;
}

}  // namespace assay::portfolio
