#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "assay/assignment/design.hpp"
#include "assay/assignment/detail/columns.hpp"
#include "assay/numerics/distributions.hpp"

namespace assay::assignment {
namespace {

constexpr int kAttemptBits = 24;         ///< Of a draw number of the inner design.
constexpr double kMostTrialUnits = 2e8;  ///< Units times trial draws, once one is accepted.

/// Imbalance and inner design together, shared by copies of the draw.
struct Search {
  Design inner;
  Imbalance imbalance;
  std::uint64_t most = 0;  ///< Attempts in a draw.
};

/// Draws until the imbalance is at most `threshold`; after `most` attempts the best one stands.
/// Gives the number of attempts used.
std::uint64_t search(const Search& parts, double threshold, std::uint64_t seed, std::uint64_t draw,
                     std::span<std::uint8_t> arms) {
  std::vector<std::uint8_t> best;
  double best_value = 0;
  for (std::uint64_t attempt = 0; attempt < parts.most; ++attempt) {
    parts.inner.fill(seed, (draw << kAttemptBits) + attempt, arms);
    const double value = parts.imbalance(arms, parts.inner.weights.size());
    if (value <= threshold) return attempt + 1;
    if (best.empty() || value < best_value) {
      best.assign(arms.begin(), arms.end());
      best_value = value;
    }
  }
  std::copy(best.begin(), best.end(), arms.begin());
  return parts.most;
}

Result<std::shared_ptr<Search>> search_of(Design inner, const Covariates& columns) {
  auto imbalance = Imbalance::of(columns);
  if (!imbalance) return tl::unexpected(std::move(imbalance.error()));
  if (imbalance->n_units() != inner.n_units)
    return fail(ErrorCode::invalid_data,
                fmt::format("the covariates have {} units, the design {}", imbalance->n_units(),
                            inner.n_units),
                "covariates");
  return std::make_shared<Search>(Search{std::move(inner), std::move(*imbalance), 0});
}

/// Share of trial draws that pass: `trials` of them, or as many as give 100 that do. These draws
/// are nobody else's.
double trial_share(const Search& parts, double threshold, std::uint64_t trials) {
  std::vector<std::uint8_t> arms(parts.inner.n_units);
  double accepted = 0;
  double tried = 0;
  while (tried < static_cast<double>(trials) && accepted < 100) {
    const auto draw = (std::uint64_t{1} << 55) + static_cast<std::uint64_t>(tried);
    parts.inner.fill(0, draw, arms);
    accepted += parts.imbalance(arms, parts.inner.weights.size()) <= threshold ? 1 : 0;
    tried += 1;
    if (accepted > 0 && tried * static_cast<double>(arms.size()) > kMostTrialUnits) break;
  }
  return accepted / tried;
}

}  // namespace

Result<Imbalance> Imbalance::of(const Covariates& columns) {
  ASSAY_CHECK(detail::check_columns(columns));
  const auto kept = detail::orthonormal(columns);
  if (kept.empty())
    return fail(ErrorCode::undefined_statistic, "no covariate varies between units", "covariates",
                "name one that does");
  Imbalance out;
  out.rank_ = kept.size();
  const std::size_t n = columns.front().size();
  out.whitened_.resize(n * kept.size());
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t c = 0; c < kept.size(); ++c) out.whitened_[i * kept.size() + c] = kept[c][i];
  return out;
}

double Imbalance::operator()(std::span<const std::uint8_t> arms, std::size_t n_arms) const {
  std::vector<double> sums(n_arms * rank_, 0.0);
  std::vector<double> counts(n_arms, 0.0);
  for (std::size_t i = 0; i < arms.size(); ++i) {
    if (arms[i] >= n_arms) continue;
    counts[arms[i]] += 1;
    double* sum = &sums[arms[i] * rank_];
    const double* x = &whitened_[i * rank_];
    for (std::size_t c = 0; c < rank_; ++c) sum[c] += x[c];
  }
  double out = 0;
  for (std::size_t arm = 0; arm < n_arms; ++arm) {
    if (!(counts[arm] > 0)) continue;
    double square = 0;
    for (std::size_t c = 0; c < rank_; ++c) square += sums[arm * rank_ + c] * sums[arm * rank_ + c];
    out += square / counts[arm];
  }
  return out;
}

Result<Rerandomised> rerandomised(Design inner, const Covariates& columns, double acceptance) {
  if (!(acceptance > 0 && acceptance <= 1))
    return fail(ErrorCode::invalid_spec,
                fmt::format("an acceptance probability is above 0 and at most 1: {}", acceptance),
                "acceptance", "write 0.01 to keep one draw in a hundred");
  std::shared_ptr<Search> parts;
  ASSAY_TRY(parts, search_of(std::move(inner), columns));
  Rerandomised out;
  out.acceptance = acceptance;
  const auto arms = static_cast<double>(parts->inner.weights.size());
  out.degrees_of_freedom = static_cast<double>(parts->imbalance.rank()) * (arms - 1);
  const bool all = acceptance == 1;
  out.threshold =
      all ? INFINITY : numerics::chi_squared_quantile(acceptance, out.degrees_of_freedom);
  out.variance_share =
      all ? 1 : numerics::chi_squared_cdf(out.threshold, out.degrees_of_freedom + 2) / acceptance;
  const auto trials = static_cast<std::uint64_t>(std::clamp(20 / acceptance, 1'000.0, 1e6));
  out.accepted_share = trial_share(*parts, out.threshold, trials);
  if (!(out.accepted_share > 0))
    return fail(
        ErrorCode::undefined_statistic,
        fmt::format("none of {} draws is balanced enough: M at most {:.4g}", trials, out.threshold),
        "acceptance", "raise `acceptance`; with so few units there may be no such assignment");
  const double attempts = std::clamp(50 / out.accepted_share, 1'000.0, 16e6);
  parts->most = static_cast<std::uint64_t>(attempts);
  out.design = {
      "rerandomised " + parts->inner.method, parts->inner.n_units, parts->inner.weights, {}};
  out.design.fill = [parts, threshold = out.threshold](std::uint64_t seed, std::uint64_t draw,
                                                       std::span<std::uint8_t> into) {
    search(*parts, threshold, seed, draw, into);
  };
  return out;
}

Result<Design> best_of(Design inner, const Covariates& columns, int log2_tries) {
  if (log2_tries < 0 || log2_tries > 16)
    return fail(ErrorCode::invalid_spec,
                fmt::format("tries are 2 to the power of 0 to 16, not of {}", log2_tries), "tries");
  std::shared_ptr<Search> parts;
  ASSAY_TRY(parts, search_of(std::move(inner), columns));
  parts->most = std::uint64_t{1} << log2_tries;
  Design design{fmt::format("best of {} {}", parts->most, parts->inner.method),
                parts->inner.n_units,
                parts->inner.weights,
                {}};
  design.fill = [parts](std::uint64_t seed, std::uint64_t draw, std::span<std::uint8_t> into) {
    search(*parts, -1.0, seed, draw, into);
  };
  return design;
}

}  // namespace assay::assignment
