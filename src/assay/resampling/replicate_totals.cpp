#include "assay/resampling/replicate_totals.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <functional>

#include "assay/numerics/moments.hpp"
#include "assay/numerics/parallel.hpp"
#include "assay/resampling/detail/poisson_kernel.hpp"

namespace assay::resampling {
namespace {

using detail::kBlockUnits;
using detail::LimbBlock;

/// Replicates that go over a block of units while it is in the first-level cache.
constexpr std::size_t kReplicatesTogether = 16;

/// Blocks of units before the stream of a replicate starts anew: 65,536 units.
constexpr std::size_t kBlocksPerStream = 16;

/// Values are held as whole numbers below 2^43.
constexpr int kValueBits = 43;

/// Squares and sums of larger values would leave the range of a double.
constexpr double kLargestValue = 1e150;

Result<void> check(const Columns& columns, const ReplicateOptions& options) {
  if (columns.empty()) return fail(ErrorCode::invalid_spec, "the bootstrap needs a column");
  if (options.replicates < 1) {
    return fail(ErrorCode::invalid_spec,
                fmt::format("the bootstrap needs a replicate; got {}", options.replicates));
  }
  for (std::size_t v = 0; v < columns.size(); ++v) {
    if (columns[v].size() != columns[0].size()) {
      return fail(ErrorCode::invalid_spec,
                  fmt::format("columns must be of one length; got {} and {}", columns[0].size(),
                              columns[v].size()));
    }
    for (std::size_t i = 0; i < columns[v].size(); ++i) {
      if (std::abs(columns[v][i]) < kLargestValue) continue;
      return fail(ErrorCode::invalid_data, "the sample holds a value that is not finite",
                  fmt::format("variable {}, unit {}", v + 1, i + 1),
                  "drop or cap infinite and missing values");
    }
  }
  if (columns[0].size() < 2) {
    return fail(ErrorCode::undefined_statistic,
                fmt::format("a bootstrap needs two units; got {}", columns[0].size()));
  }
  return {};
}

ReplicateTotals prepared(const Columns& columns, const ReplicateOptions& options) {
  ReplicateTotals out;
  out.n = static_cast<std::int64_t>(columns[0].size());
  out.replicates = options.replicates;
  out.variables = columns.size();
  out.observed.push_back(static_cast<double>(out.n));
  for (const auto& column : columns)
    out.observed.push_back(numerics::moments(column, options.threads).mean *
                           static_cast<double>(out.n));
  out.totals.assign(static_cast<std::size_t>(out.replicates) * (out.variables + 1), 0.0);
  return out;
}

/// The sample as whole numbers: value = centre + unit * integer.
struct FixedPoint {
  std::vector<double> centre;
  std::vector<double> unit;
  std::size_t blocks = 0;
  std::vector<LimbBlock> limbs;  ///< blocks x variables; units past the end are 0.
};

FixedPoint fixed_point(const Columns& columns, const ReplicateTotals& totals, int threads) {
  FixedPoint out;
  const std::size_t n = columns[0].size();
  out.blocks = (n + kBlockUnits - 1) / kBlockUnits;
  out.limbs.resize(out.blocks * columns.size());
  for (std::size_t v = 0; v < columns.size(); ++v) {
    const double centre = totals.observed[v + 1] / totals.observed[0];
    double largest = 0.0;
    for (const double x : columns[v]) largest = std::max(largest, std::abs(x - centre));
    int exponent = 0;
    std::frexp(largest, &exponent);
    out.centre.push_back(centre);
    out.unit.push_back(std::ldexp(1.0, std::max(exponent, -900) - kValueBits));
    numerics::for_each_chunk(out.blocks, threads, [&, v](std::size_t b) {
      LimbBlock& block = out.limbs[b * columns.size() + v];
      const std::size_t begin = b * kBlockUnits;
      for (std::size_t i = 0; i < kBlockUnits; ++i) {
        const double scaled = begin + i < n ? (columns[v][begin + i] - centre) / out.unit[v] : 0.0;
        detail::set_limbs(block, i, std::llround(scaled));
      }
    });
  }
  return out;
}

/// Adds the weighted totals of replicates [begin, end) to their places.
void add_replicates(const FixedPoint& data, const ReplicateOptions& options, std::size_t begin,
                    std::size_t end, ReplicateTotals& out) {
  const auto kernel = detail::poisson_kernel(detail::best_simd_path());
  const std::size_t variables = data.centre.size();
  const std::size_t n = static_cast<std::size_t>(out.n);
  std::vector<detail::Lanes> lanes(end - begin);
  detail::WeightBlock weights;
  for (std::size_t b = 0; b < data.blocks; ++b) {
    for (std::size_t r = begin; r < end; ++r) {
      if (b % kBlocksPerStream == 0) {
        lanes[r - begin] =
            detail::lanes_at({options.seed, detail::Purpose::poisson_weights, options.sample, r},
                             b / kBlocksPerStream);
      }
      kernel.weights(lanes[r - begin], weights);
      if (b + 1 == data.blocks) {
        for (std::size_t i = n - b * kBlockUnits; i < kBlockUnits; ++i) weights.weight[i] = 0;
      }
      double* totals = out.totals.data() + r * (variables + 1);
      totals[0] += static_cast<double>(kernel.total(weights));
      for (std::size_t v = 0; v < variables; ++v)
        totals[v + 1] +=
            static_cast<double>(kernel.weighted_sum(weights, data.limbs[b * variables + v]));
    }
  }
  for (std::size_t r = begin; r < end; ++r) {
    double* totals = out.totals.data() + r * (variables + 1);
    for (std::size_t v = 0; v < variables; ++v)
      totals[v + 1] = totals[v + 1] * data.unit[v] + data.centre[v] * totals[0];
  }
}

/// Runs work on groups of replicates on all threads until done or told to stop.
Result<void> in_groups(std::int64_t replicates, std::size_t together, int threads,
                       const Progress& progress,
                       const std::function<void(std::size_t, std::size_t)>& work) {
  const auto total = static_cast<std::size_t>(replicates);
  const std::size_t groups = (total + together - 1) / together;
  std::atomic<std::size_t> done{0};
  std::atomic<bool> stopped{false};
  numerics::for_each_chunk(groups, threads, [&](std::size_t g) {
    if (stopped || !progress.check()) {
      stopped = true;
      return;
    }
    work(g * together, std::min(total, (g + 1) * together));
    progress.at("bootstrap", static_cast<double>(++done) / static_cast<double>(groups));
  });
  return progress.check();
}

}  // namespace

Result<ReplicateTotals> poisson_totals(const Columns& columns, const ReplicateOptions& options,
                                       const Progress& progress) {
  ASSAY_CHECK(check(columns, options));
  auto out = prepared(columns, options);
  const FixedPoint data = fixed_point(columns, out, options.threads);
  ASSAY_CHECK(in_groups(
      options.replicates, kReplicatesTogether, options.threads, progress,
      [&](std::size_t begin, std::size_t end) { add_replicates(data, options, begin, end, out); }));
  return out;
}

Result<ReplicateTotals> multinomial_totals(const Columns& columns, const ReplicateOptions& options,
                                           const Progress& progress) {
  ASSAY_CHECK(check(columns, options));
  auto out = prepared(columns, options);
  const std::size_t n = columns[0].size();
  const auto one = [&](std::size_t r) {
    detail::RandomWords random(
        {options.seed, detail::Purpose::classic_bootstrap, options.sample, r});
    std::vector<double> sum(out.variables, 0.0);
    for (std::size_t i = 0; i < n; ++i) {
      const std::size_t unit = random.below(n);
      for (std::size_t v = 0; v < out.variables; ++v) sum[v] += columns[v][unit];
    }
    double* totals = out.totals.data() + r * (out.variables + 1);
    totals[0] = static_cast<double>(n);
    std::copy(sum.begin(), sum.end(), totals + 1);
  };
  ASSAY_CHECK(in_groups(options.replicates, 1, options.threads, progress,
                        [&](std::size_t begin, std::size_t end) {
                          for (std::size_t r = begin; r < end; ++r) one(r);
                        }));
  return out;
}

}  // namespace assay::resampling
