#include "assay/events/detail/cells.hpp"

#include <algorithm>

namespace assay::events::detail {
namespace {

// Lanes are independent and products are never fused with sums, so every clone gives the same bits.
#if defined(__x86_64__) && !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__)
#define ASSAY_LANES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define ASSAY_LANES
#endif

constexpr std::size_t kLanes = 4;

std::size_t whole_lanes(std::size_t count) { return (count + kLanes - 1) / kLanes * kLanes; }

ASSAY_LANES void add_row(const RowLayout& layout, const double* __restrict row, double inverse,
                         double* __restrict mean, double* __restrict product,
                         double* __restrict delta) {
  for (std::size_t i = 0; i < layout.width; ++i) {
    delta[i] = row[i] - mean[i];
    mean[i] += delta[i] * inverse;
  }
  const double weight = 1.0 - inverse;
  for (const RowLayout::Products& p : layout.products) {
    const double* __restrict a = delta + p.a;
    const double* __restrict b = delta + p.b;
    double* __restrict out = product + p.out;
    for (std::size_t i = 0; i < p.count; ++i) out[i] += a[i] * weight * b[i];
  }
}

ASSAY_LANES void merge_cells(const RowLayout& layout, double share, double weight,
                             const double* __restrict other_mean,
                             const double* __restrict other_product, double* __restrict mean,
                             double* __restrict product, double* __restrict delta) {
  for (std::size_t i = 0; i < layout.width; ++i) {
    delta[i] = other_mean[i] - mean[i];
    mean[i] += delta[i] * share;
  }
  for (const RowLayout::Products& p : layout.products) {
    const double* __restrict a = delta + p.a;
    const double* __restrict b = delta + p.b;
    const double* __restrict in = other_product + p.out;
    double* __restrict out = product + p.out;
    for (std::size_t i = 0; i < p.count; ++i) out[i] += in[i] + a[i] * weight * b[i];
  }
}

}  // namespace

std::size_t RowLayout::add_variables(std::size_t count) {
  const std::size_t first = width;
  width += whole_lanes(count);
  return first;
}

void RowLayout::add_products(std::size_t a, std::size_t b, std::size_t count) {
  const std::size_t lanes = whole_lanes(count);
  if (lanes == 0) return;
  products.push_back({a, b, lanes, products_width});
  products_width += lanes;
}

std::size_t RowLayout::product(std::size_t a, std::size_t b) const {
  for (const Products& p : products) {
    if (a >= p.a && a - p.a < p.count && b == p.b + (a - p.a)) return p.out + (a - p.a);
    if (b >= p.a && b - p.a < p.count && a == p.b + (b - p.a)) return p.out + (b - p.a);
  }
  return products_width;
}

void CellPool::add(std::size_t cell, const double* row) {
  rows_[cell] += 1;
  double* mean = values_.data() + cell * layout_->stride();
  add_row(*layout_, row, 1.0 / static_cast<double>(rows_[cell]), mean, mean + layout_->width,
          delta_.data());
}

void CellPool::merge(std::size_t cell, const CellPool& other, std::size_t other_cell) {
  if (other.rows_[other_cell] == 0) return;
  const auto a = static_cast<double>(rows_[cell]);
  const auto b = static_cast<double>(other.rows_[other_cell]);
  double* mean = values_.data() + cell * layout_->stride();
  merge_cells(*layout_, b / (a + b), a * b / (a + b), other.means(other_cell),
              other.products(other_cell), mean, mean + layout_->width, delta_.data());
  rows_[cell] += other.rows_[other_cell];
}

std::size_t KeyMap::hash(const std::uint64_t* key) const {
  std::uint64_t h = 0;
  for (std::size_t w = 0; w < words_; ++w) {
    h = (h ^ key[w]) * 0x9E3779B97F4A7C15U;
    h ^= h >> 32;
  }
  return static_cast<std::size_t>(h);
}

void KeyMap::clear() {
  count_ = 0;
  keys_.clear();
  table_.assign(1024, 0);
}

std::size_t KeyMap::position(const std::uint64_t* key) {
  const std::size_t mask = table_.size() - 1;
  for (std::size_t at = hash(key) & mask;; at = (at + 1) & mask) {
    if (table_[at] == 0) {
      keys_.insert(keys_.end(), key, key + words_);
      table_[at] = static_cast<std::uint32_t>(++count_);
      if (2 * count_ > table_.size()) grow();
      return count_ - 1;
    }
    const std::size_t position = table_[at] - 1;
    const std::uint64_t* kept = keys_.data() + position * words_;
    std::uint64_t difference = 0;
    for (std::size_t w = 0; w < words_; ++w) difference |= key[w] ^ kept[w];
    if (difference == 0) return position;
  }
}

void KeyMap::grow() {
  table_.assign(table_.size() * 4, 0);
  const std::size_t mask = table_.size() - 1;
  for (std::size_t position = 0; position < count_; ++position) {
    std::size_t at = hash(keys_.data() + position * words_) & mask;
    while (table_[at] != 0) at = (at + 1) & mask;
    table_[at] = static_cast<std::uint32_t>(position + 1);
  }
}

}  // namespace assay::events::detail
