#include "assay/numerics/moments.hpp"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "assay/numerics/parallel.hpp"

namespace assay::numerics {

void Moments::add(double x) {
  n += 1;
  const double delta = x - mean;
  mean += delta / static_cast<double>(n);
  m2 += delta * (x - mean);
}

void Moments::merge(const Moments& other) {
  if (other.n == 0) return;
  if (n == 0) {
    *this = other;
    return;
  }
  const auto a = static_cast<double>(n);
  const auto b = static_cast<double>(other.n);
  const double delta = other.mean - mean;
  mean += delta * (b / (a + b));
  m2 += other.m2 + delta * delta * (a * b / (a + b));
  n += other.n;
}

Moments moments(std::span<const double> values, int threads) {
  constexpr auto rows = static_cast<std::size_t>(kChunkRows);
  const std::size_t chunks = (values.size() + rows - 1) / rows;
  std::vector<Moments> partial(chunks);
  for_each_chunk(chunks, threads, [&](std::size_t c) {
    const std::size_t begin = c * rows;
    for (const double x : values.subspan(begin, std::min(rows, values.size() - begin)))
      partial[c].add(x);
  });
  Moments total;
  for (const Moments& part : partial) total.merge(part);  // Row order: same bits.
  return total;
}

CoMoments::CoMoments(std::size_t size) : mean(size, 0.0), comoment(size * (size + 1) / 2, 0.0) {}

std::size_t CoMoments::index(std::size_t i, std::size_t j, std::size_t size) {
  if (i > j) std::swap(i, j);
  return i * size - i * (i + 1) / 2 + j;
}

void CoMoments::add(std::span<const double> x) {
  n += 1;
  const double weight = static_cast<double>(n - 1) / static_cast<double>(n);
  std::size_t at = 0;
  for (std::size_t i = 0; i < size(); ++i) {
    const double delta = (x[i] - mean[i]) * weight;
    for (std::size_t j = i; j < size(); ++j) comoment[at++] += delta * (x[j] - mean[j]);
  }
  for (std::size_t i = 0; i < size(); ++i) mean[i] += (x[i] - mean[i]) / static_cast<double>(n);
}

void CoMoments::merge(const CoMoments& other) {
  if (other.n == 0) return;
  if (n == 0) {
    *this = other;
    return;
  }
  const auto a = static_cast<double>(n);
  const auto b = static_cast<double>(other.n);
  const double weight = a * b / (a + b);
  std::size_t at = 0;
  for (std::size_t i = 0; i < size(); ++i) {
    const double delta = (other.mean[i] - mean[i]) * weight;
    for (std::size_t j = i; j < size(); ++j, ++at)
      comoment[at] += other.comoment[at] + delta * (other.mean[j] - mean[j]);
  }
  for (std::size_t i = 0; i < size(); ++i) mean[i] += (other.mean[i] - mean[i]) * (b / (a + b));
  n += other.n;
}

void CoMoments::add_zeros(std::int64_t count) {
  CoMoments zeros(size());
  zeros.n = count;
  merge(zeros);
}

CoMomentColumns::CoMomentColumns(std::size_t of_variables, std::size_t samples)
    : variables(of_variables), n(samples, 0), mean(samples * of_variables, 0.0) {
  comoment.assign(samples * pairs(), 0.0);
}

CoMoments CoMomentColumns::at(std::size_t sample) const {
  CoMoments moments(variables);
  moments.n = n[sample];
  std::copy_n(mean.data() + sample * variables, variables, moments.mean.data());
  std::copy_n(comoment.data() + sample * pairs(), pairs(), moments.comoment.data());
  return moments;
}

void CoMomentColumns::set(std::size_t sample, const CoMoments& moments) {
  n[sample] = moments.n;
  std::copy_n(moments.mean.data(), variables, mean.data() + sample * variables);
  std::copy_n(moments.comoment.data(), pairs(), comoment.data() + sample * pairs());
}

}  // namespace assay::numerics
