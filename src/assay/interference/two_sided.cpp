#include "assay/interference/two_sided.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <vector>

#include "assay/numerics/moments.hpp"
#include "assay/stats/interval.hpp"

namespace assay::interference {
namespace {

using Weights = std::array<std::array<double, 2>, 2>;  ///< Of the cells, [user arm][creator arm].

/// Pairs' values summed on each side, by the arm of the other.
struct Sums {
  std::array<double, 2> users{};  ///< Number of each arm.
  std::array<double, 2> creators{};
  std::vector<std::array<double, 2>> by_user;     ///< [user][creator arm].
  std::vector<std::array<double, 2>> by_creator;  ///< [creator][user arm].
  std::map<std::pair<std::uint32_t, std::uint32_t>, double> by_pair;
};

Result<Sums> sums_of(const TwoSidedData& data) {
  const auto valid = [](std::uint8_t arm) { return arm <= 1; };
  if (data.user.size() != data.value.size() || data.creator.size() != data.value.size())
    return fail(ErrorCode::invalid_spec, "every row needs a user, a creator and a value");
  if (!std::all_of(data.user_arm.begin(), data.user_arm.end(), valid) ||
      !std::all_of(data.creator_arm.begin(), data.creator_arm.end(), valid))
    return fail(ErrorCode::invalid_data, "arms are 0 or 1");
  Sums out;
  out.by_user.resize(data.user_arm.size());
  out.by_creator.resize(data.creator_arm.size());
  for (const auto arm : data.user_arm) out.users[arm] += 1.0;
  for (const auto arm : data.creator_arm) out.creators[arm] += 1.0;
  if (std::min({out.users[0], out.users[1], out.creators[0], out.creators[1]}) < 2.0)
    return fail(
        ErrorCode::undefined_statistic,
        fmt::format("each arm needs two users and two creators; got {} and {} users, {} and "
                    "{} creators",
                    out.users[0], out.users[1], out.creators[0], out.creators[1]));
  for (std::size_t i = 0; i < data.value.size(); ++i) {
    const std::uint32_t u = data.user[i];
    const std::uint32_t c = data.creator[i];
    if (u >= data.user_arm.size() || c >= data.creator_arm.size() || !std::isfinite(data.value[i]))
      return fail(ErrorCode::invalid_data,
                  fmt::format("a row names users and creators of the lists and a finite value; got "
                              "user {}, creator {}, value {}",
                              u, c, data.value[i]),
                  fmt::format("row {}", i + 1));
    out.by_user[u][data.creator_arm[c]] += data.value[i];
    out.by_creator[c][data.user_arm[u]] += data.value[i];
    out.by_pair[{u, c}] += data.value[i];
  }
  return out;
}

double squared_std_error(const numerics::Moments& m) {
  const auto n = static_cast<double>(m.n);
  return m.m2 / (n - 1.0) / n;
}

/// A weighted sum of cells and what its variance is made of.
class Combination {
 public:
  Combination(const TwoSidedData& data, const Sums& sums) : data_(data), sums_(sums) {
    scale_ = sums.creators[0] + sums.creators[1];
  }

  [[nodiscard]] double value(const Weights& w) const {
    double out = 0.0;
    for (std::size_t u = 0; u < data_.user_arm.size(); ++u) {
      const std::size_t a = data_.user_arm[u];
      for (const std::size_t b : {0U, 1U})
        out += w[a][b] * scale_ * sums_.by_user[u][b] / (sums_.users[a] * sums_.creators[b]);
    }
    return out;
  }

  /// Two-way clustered; the larger one-way variance where the difference comes out smaller.
  [[nodiscard]] double variance(const Weights& w) const {
    const double users = side(data_.user_arm, sums_.by_user, sums_.creators, w, false);
    const double creators = side(data_.creator_arm, sums_.by_creator, sums_.users, w, true);
    return std::max({users + creators - pairs(w), users, creators});
  }

 private:
  [[nodiscard]] double side(std::span<const std::uint8_t> arms,
                            const std::vector<std::array<double, 2>>& totals,
                            const std::array<double, 2>& others, const Weights& w,
                            bool transposed) const {
    std::array<numerics::Moments, 2> moments;
    for (std::size_t i = 0; i < arms.size(); ++i) {
      const std::size_t a = arms[i];
      double score = 0.0;
      for (const std::size_t b : {0U, 1U})
        score += (transposed ? w[b][a] : w[a][b]) * scale_ * totals[i][b] / others[b];
      moments[a].add(score);
    }
    return squared_std_error(moments[0]) + squared_std_error(moments[1]);
  }
  [[nodiscard]] double pairs(const Weights& w) const {
    std::array<std::array<double, 2>, 2> squares{};
    std::array<std::array<double, 2>, 2> totals{};
    for (const auto& [pair, v] : sums_.by_pair) {
      const std::size_t a = data_.user_arm[pair.first];
      const std::size_t b = data_.creator_arm[pair.second];
      squares[a][b] += v * v;
      totals[a][b] += v;
    }
    double out = 0.0;
    for (const std::size_t a : {0U, 1U}) {
      for (const std::size_t b : {0U, 1U}) {
        const double n = sums_.users[a] * sums_.creators[b];
        const double spread = (squares[a][b] - totals[a][b] * totals[a][b] / n) / (n - 1.0);
        out += w[a][b] * w[a][b] * scale_ * scale_ * spread / n;
      }
    }
    return out;
  }

  const TwoSidedData& data_;
  const Sums& sums_;
  double scale_ = 1.0;
};

Weights plus(const Weights& x, const Weights& y) {
  Weights out{};
  for (const std::size_t a : {0U, 1U})
    for (const std::size_t b : {0U, 1U}) out[a][b] = x[a][b] + y[a][b];
  return out;
}

/// The contrast of base + change with base.
Result<stats::Contrast> contrast_of(const Combination& cells, const Weights& base,
                                    const Weights& change, const Sums& sums, double level) {
  const Weights treated = plus(base, change);
  stats::EstimatedPair pair;
  pair.control_value = cells.value(base);
  pair.treatment_value = cells.value(treated);
  const double v0 = cells.variance(base);
  const double v1 = cells.variance(treated);
  pair.values = {v0, v1, 0.5 * (v0 + v1 - cells.variance(change))};
  pair.degrees_of_freedom =
      std::min(sums.users[0] + sums.users[1], sums.creators[0] + sums.creators[1]) - 2.0;
  pair.n_control = static_cast<std::int64_t>(sums.users[0]);
  pair.n_treatment = static_cast<std::int64_t>(sums.users[1]);
  return stats::contrast_of_values(pair, level);
}

}  // namespace

Result<TwoSidedEffects> two_sided_effects(const TwoSidedData& data,
                                          const TwoSidedOptions& options) {
  ASSAY_CHECK(stats::check_confidence_level(options.confidence_level));
  const double b = options.user_weight;
  const double k = options.competition;
  if (!(b >= 0.0 && b <= 1.0) || !(k >= 0.0 && k <= 1.0))
    return fail(ErrorCode::invalid_spec,
                fmt::format("user weight and competition lie in [0, 1]; got {} and {}", b, k));
  ASSAY_TRY(const auto sums, sums_of(data));
  const Combination cells(data, sums);
  TwoSidedEffects out;
  const auto one = [](std::size_t u, std::size_t c) {
    Weights w{};
    w[u][c] = 1.0;
    return w;
  };
  out.cells = {cells.value(one(0, 0)), cells.value(one(1, 0)), cells.value(one(0, 1)),
               cells.value(one(1, 1))};
  const double share = sums.creators[1] / (sums.creators[0] + sums.creators[1]);
  const double user_share = sums.users[1] / (sums.users[0] + sums.users[1]);
  const double level = options.confidence_level;
  const Weights neither = one(0, 0);
  const Weights interpolated{{{-k, -b + (1.0 - b) * k}, {b * k - (1.0 - b), 1.0}}};
  ASSAY_TRY(out.contrast, contrast_of(cells, neither, interpolated, sums, level));
  ASSAY_TRY(out.corner, contrast_of(cells, neither, {{{-1.0, 0.0}, {0.0, 1.0}}}, sums, level));
  ASSAY_TRY(out.naive, contrast_of(cells, {{{1.0 - share, share}, {0.0, 0.0}}},
                                   {{{share - 1.0, -share}, {1.0 - share, share}}}, sums, level));
  ASSAY_TRY(out.naive_creators,
            contrast_of(cells, {{{1.0 - user_share, 0.0}, {user_share, 0.0}}},
                        {{{user_share - 1.0, 1.0 - user_share}, {-user_share, user_share}}}, sums,
                        level));
  ASSAY_TRY(out.interaction,
            contrast_of(cells, neither, {{{1.0, -1.0}, {-1.0, 1.0}}}, sums, level));
  return out;
}

}  // namespace assay::interference
