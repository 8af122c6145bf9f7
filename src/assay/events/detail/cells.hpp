#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace assay::events::detail {

/// Where the variables of a unit stand in its row, and which products of two are kept.
/// Variables that are multiplied stand side by side in blocks, so that an update is a few loops
/// over independent lanes.
struct RowLayout {
  /// Products of row[a + i] and row[b + i] for i < count stand at out + i.
  struct Products {
    std::size_t a = 0;
    std::size_t b = 0;
    std::size_t count = 0;
    std::size_t out = 0;
  };
  std::size_t width = 0;  ///< Variables, rounded up to whole lanes.
  std::size_t products_width = 0;
  std::vector<Products> products;

  /// Room for `count` variables; returns the place of the first.
  std::size_t add_variables(std::size_t count);
  void add_products(std::size_t a, std::size_t b, std::size_t count);

  /// Where the product of two variables stands. Assumes that it is kept.
  [[nodiscard]] std::size_t product(std::size_t a, std::size_t b) const;

  /// Doubles of a cell: means, then products.
  [[nodiscard]] std::size_t stride() const { return width + products_width; }
};

/// Number, means and centred products of the rows of many cells. Rows are taken one at a time
/// (Welford), cells merged pairwise (Chan, Golub & LeVeque 1983); never raw power sums.
class CellPool {
 public:
  explicit CellPool(const RowLayout& layout) : layout_(&layout), delta_(layout.width) {}

  [[nodiscard]] std::size_t size() const { return rows_.size(); }
  [[nodiscard]] std::int64_t rows(std::size_t cell) const { return rows_[cell]; }
  [[nodiscard]] const double* means(std::size_t cell) const {
    return values_.data() + cell * layout_->stride();
  }
  [[nodiscard]] const double* products(std::size_t cell) const {
    return means(cell) + layout_->width;
  }

  void resize(std::size_t cells) {
    rows_.resize(cells, 0);
    values_.resize(cells * layout_->stride(), 0.0);
  }
  void clear() {
    rows_.clear();
    values_.clear();
  }

  /// Takes a row of layout.width values.
  void add(std::size_t cell, const double* row);
  void merge(std::size_t cell, const CellPool& other, std::size_t other_cell);

 private:
  const RowLayout* layout_;
  std::vector<std::int64_t> rows_;
  std::vector<double> values_;
  std::vector<double> delta_;
};

/// Gives every distinct key (a fixed number of words) a position, in order of first appearance.
class KeyMap {
 public:
  explicit KeyMap(std::size_t words) : words_(words) { clear(); }

  [[nodiscard]] std::size_t size() const { return count_; }
  [[nodiscard]] std::span<const std::uint64_t> key(std::size_t position) const {
    return {keys_.data() + position * words_, words_};
  }
  std::size_t position(const std::uint64_t* key);
  void clear();

 private:
  [[nodiscard]] std::size_t hash(const std::uint64_t* key) const;
  void grow();

  std::size_t words_;
  std::size_t count_ = 0;
  std::vector<std::uint64_t> keys_;
  std::vector<std::uint32_t> table_;  ///< Position + 1; 0: free. A power of two long.
};

}  // namespace assay::events::detail
