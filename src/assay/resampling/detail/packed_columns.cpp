#include "assay/resampling/detail/packed_columns.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <memory>

#include "assay/resampling/detail/subset_kernel.hpp"

namespace assay::resampling::detail {
namespace {

/// Words between two questions whether to stop.
constexpr std::size_t kWordsBetweenChecks = 1024;

/// Values of 64 rows in 16 columns from `first` on; 0 past the ends.
void fill(const PackedColumns& data, std::size_t word, std::size_t first, Tile& tile) {
  tile.value.fill(0.0);
  const std::size_t begin = word * kWordUnits;
  const std::size_t rows = std::min(kWordUnits, data.n_rows - begin);
  for (std::size_t c = 0; c < std::min(kPanel, data.columns.size() - first); ++c) {
    const auto& column = data.columns[first + c];
    const double* a = data.variables[column.a].data() + begin;
    double* to = tile.value.data() + c;
    if (!column.product) {
      for (std::size_t u = 0; u < rows; ++u) to[u * kPanel] = a[u];
      continue;
    }
    const double* b = data.variables[column.b].data() + begin;
    for (std::size_t u = 0; u < rows; ++u) to[u * kPanel] = a[u] * b[u];
  }
}

void count_rows(const ArmMasks& masks, ArmTotals& out) {
  for (std::size_t k = 0; k < masks.words.size(); ++k) {
    std::vector<double> count(masks.n_draws, 0.0);
    for (std::size_t w = 0; w < masks.n_words; ++w) {
      const std::uint64_t* words = masks.words[k].data() + w * masks.n_draws;
      for (std::size_t d = 0; d < masks.n_draws; ++d)
        count[d] += static_cast<double>(std::popcount(words[d]));
    }
    out.rows.push_back(std::move(count));
  }
}

}  // namespace

Result<ArmTotals> arm_totals(const PackedColumns& data, const ArmMasks& masks,
                             const Progress& progress) {
  const auto kernel = subset_kernel(best_simd_path());
  const std::size_t panels = (data.columns.size() + kPanel - 1) / kPanel;
  ArmTotals out;
  out.n_draws = masks.n_draws;
  out.n_columns = data.columns.size();
  out.sums.assign(masks.words.size(), std::vector<double>(panels * masks.n_draws * kPanel, 0.0));
  const auto tile = std::make_unique<Tile>();
  const auto table = std::make_unique<SubsetTable>();
  for (std::size_t panel = 0; panel < panels; ++panel) {
    for (std::size_t w = 0; w < masks.n_words; ++w) {
      if (w % kWordsBetweenChecks == 0) ASSAY_CHECK(progress.check());
      fill(data, w, panel * kPanel, *tile);
      kernel.build(*tile, *table);
      for (std::size_t k = 0; k < masks.words.size(); ++k)
        kernel.add(*table, masks.words[k].data() + w * masks.n_draws, masks.n_draws,
                   out.sums[k].data() + panel * masks.n_draws * kPanel);
    }
  }
  count_rows(masks, out);
  return out;
}

std::vector<double> column_totals(const PackedColumns& data) {
  std::vector<double> out;
  for (const auto& column : data.columns) {
    const double* a = data.variables[column.a].data();
    const double* b = data.variables[column.b].data();
    std::array<double, kPanel> part{};  // Side by side: an addition need not wait for the last.
    for (std::size_t u = 0; u < data.n_rows; ++u)
      part[u % kPanel] += column.product ? a[u] * b[u] : a[u];
    double sum = 0.0;
    for (const double p : part) sum += p;
    out.push_back(sum);
  }
  return out;
}

}  // namespace assay::resampling::detail
