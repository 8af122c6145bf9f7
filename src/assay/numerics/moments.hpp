#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace assay::numerics {

/// Count, mean and centred sum of squares of one sample.
///
/// Centred, never raw power sums: with mean 1e8 and standard deviation 1 the raw form loses
/// every digit of the variance.
struct Moments {
  std::int64_t n = 0;
  double mean = 0.0;
  double m2 = 0.0;  ///< Sum of (x - mean)^2.

  void add(double x);
  void merge(const Moments& other);  ///< Chan, Golub & LeVeque (1983).
};

/// Rows per chunk. The value is part of the result: chunks are merged in row order, so any
/// number of threads gives the same bits.
inline constexpr std::int64_t kChunkRows = 65'536;

Moments moments(std::span<const double> values, int threads);

/// Count, means and centred sums of squares and products of several variables of one sample.
/// Shapes: mean has `size` entries; comoment is the upper triangle by rows
/// (00, 01, ..., 0k, 11, 12, ...), size * (size + 1) / 2 entries.
struct CoMoments {
  std::int64_t n = 0;
  std::vector<double> mean;
  std::vector<double> comoment;

  CoMoments() = default;
  explicit CoMoments(std::size_t size);

  [[nodiscard]] std::size_t size() const { return mean.size(); }

  /// Where the pair (i, j) stands in a packed upper triangle of `size` variables.
  static std::size_t index(std::size_t i, std::size_t j, std::size_t size);

  /// Sum of (x_i - mean_i)(x_j - mean_j).
  [[nodiscard]] double at(std::size_t i, std::size_t j) const {
    return comoment[index(i, j, size())];
  }

  /// at(i, j) / (n - 1). Assumes n >= 2.
  [[nodiscard]] double covariance(std::size_t i, std::size_t j) const {
    return at(i, j) / static_cast<double>(n - 1);
  }

  void add(std::span<const double> x);  ///< One unit; x.size() == size().
  void merge(const CoMoments& other);   ///< Same size; an empty side changes nothing.

  /// Adds `count` units whose variables are all zero (units with no event of a day, say).
  void add_zeros(std::int64_t count);

  /// The moments of variable i alone.
  [[nodiscard]] Moments marginal(std::size_t i) const { return {n, mean[i], at(i, i)}; }
};

/// CoMoments of many samples (clusters, say) with the same variables, side by side: nothing is
/// allocated a sample.
struct CoMomentColumns {
  explicit CoMomentColumns(std::size_t of_variables = 0, std::size_t samples = 0);

  std::size_t variables = 0;
  std::vector<std::int64_t> n;   ///< [sample]
  std::vector<double> mean;      ///< [sample * variables + i]
  std::vector<double> comoment;  ///< [sample * pairs() + CoMoments::index(i, j, variables)]

  [[nodiscard]] std::size_t samples() const { return n.size(); }
  [[nodiscard]] std::size_t pairs() const { return variables * (variables + 1) / 2; }
  [[nodiscard]] CoMoments at(std::size_t sample) const;
  void set(std::size_t sample, const CoMoments& moments);  ///< Of as many variables.
};

}  // namespace assay::numerics
