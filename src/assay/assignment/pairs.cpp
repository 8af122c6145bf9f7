#include "assay/assignment/pairs.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <numeric>
#include <utility>

#include "assay/assignment/detail/columns.hpp"
#include "assay/assignment/detail/random_stream.hpp"
#include "assay/assignment/traffic.hpp"

namespace assay::assignment {
namespace {

constexpr std::size_t kMostUnits = 5'000;

/// Distances of all units; of an odd number there is one more that is 0 from everybody.
struct Distances {
  std::size_t n = 0;  ///< Even.
  std::vector<double> values;

  [[nodiscard]] double at(std::size_t i, std::size_t j) const { return values[i * n + j]; }
};

Distances distances_of(const Covariates& columns, std::size_t n_units) {
  Distances out;
  out.n = n_units + n_units % 2;
  out.values.assign(out.n * out.n, 0.0);
  for (std::size_t i = 0; i < n_units; ++i) {
    for (std::size_t j = i + 1; j < n_units; ++j) {
      double square = 0;
      for (const auto& column : columns)
        square += (column[i] - column[j]) * (column[i] - column[j]);
      out.values[i * out.n + j] = out.values[j * out.n + i] = std::sqrt(square);
    }
  }
  return out;
}

/// partner[i] of each unit.
using Partners = std::vector<std::uint32_t>;

/// best[set] = least total of pairing the set; the lowest unit of a set is paired first.
Partners exact_partners(const Distances& distances) {
  const std::size_t n = distances.n;
  const std::size_t sets = std::size_t{1} << n;
  std::vector<double> best(sets, std::numeric_limits<double>::infinity());
  std::vector<std::uint8_t> choice(sets, 0);
  best[0] = 0;
  for (std::size_t set = 1; set < sets; ++set) {
    const auto low = static_cast<std::size_t>(__builtin_ctzll(set));
    for (std::size_t j = low + 1; j < n; ++j) {
      if (((set >> j) & 1U) == 0) continue;
      const std::size_t rest = set & ~(std::size_t{1} << low) & ~(std::size_t{1} << j);
      const double total = best[rest] + distances.at(low, j);
      if (!(total < best[set])) continue;
      best[set] = total;
      choice[set] = static_cast<std::uint8_t>(j);
    }
  }
  Partners partner(n);
  for (std::size_t set = sets - 1; set != 0;) {
    const auto low = static_cast<std::size_t>(__builtin_ctzll(set));
    const std::size_t j = choice[set];
    partner[low] = static_cast<std::uint32_t>(j);
    partner[j] = static_cast<std::uint32_t>(low);
    set &= ~(std::size_t{1} << low) & ~(std::size_t{1} << j);
  }
  return partner;
}

/// Nearest pairs first.
Partners greedy_partners(const Distances& distances) {
  const std::size_t n = distances.n;
  std::vector<std::array<std::uint32_t, 2>> edges;
  edges.reserve(n * (n - 1) / 2);
  for (std::uint32_t i = 0; i < n; ++i)
    for (std::uint32_t j = i + 1; j < n; ++j) edges.push_back({i, j});
  std::stable_sort(edges.begin(), edges.end(), [&](const auto& a, const auto& b) {
    return distances.at(a[0], a[1]) < distances.at(b[0], b[1]);
  });
  constexpr auto kFree = std::numeric_limits<std::uint32_t>::max();
  Partners partner(n, kFree);
  for (const auto& [i, j] : edges) {
    if (partner[i] != kFree || partner[j] != kFree) continue;
    partner[i] = j;
    partner[j] = i;
  }
  return partner;
}

/// Re-pairs two pairs while that shortens the total; ends at a pairing that no exchange betters.
void exchange(const Distances& distances, Partners& partner) {
  const auto join = [&](std::uint32_t i, std::uint32_t j) {
    partner[i] = j;
    partner[j] = i;
  };
  for (bool improved = true; improved;) {
    improved = false;
    for (std::uint32_t a = 0; a < partner.size(); ++a) {
      for (std::uint32_t c = a + 1; c < partner.size(); ++c) {
        const std::uint32_t b = partner[a];
        const std::uint32_t d = partner[c];
        if (b == c) continue;
        const double now = distances.at(a, b) + distances.at(c, d);
        // The other re-pairing, (a, d) and (b, c), comes up with c and d exchanged.
        if (!(distances.at(a, c) + distances.at(b, d) < now * (1 - 1e-12))) continue;
        join(a, c);
        join(b, d);
        improved = true;
      }
    }
  }
}

Covariates scaled(const Covariates& columns, Distance distance) {
  switch (distance) {
    case Distance::mahalanobis:
      return detail::orthonormal(columns);
    case Distance::standardised:
      return detail::standardised(columns);
    case Distance::raw:
      break;
  }
  return columns;
}

}  // namespace

Result<Pairs> match_pairs(const Covariates& columns, Distance distance, Matching matching) {
  ASSAY_CHECK(detail::check_columns(columns));
  const std::size_t n_units = columns.front().size();
  const std::size_t even = n_units + n_units % 2;
  if (n_units > kMostUnits)
    return fail(ErrorCode::invalid_spec,
                fmt::format("pairs of more than {} units: {}", kMostUnits, n_units), "pairs",
                "use strata");
  if (matching == Matching::exact && even > kMostExactUnits)
    return fail(ErrorCode::invalid_spec,
                fmt::format("exact pairs of more than {} units: {}", kMostExactUnits, n_units),
                "pairs", "leave the method to us");
  const Distances distances = distances_of(scaled(columns, distance), n_units);
  const bool exact =
      matching == Matching::exact || (matching == Matching::automatic && even <= kMostExactUnits);
  Partners partner = exact ? exact_partners(distances) : greedy_partners(distances);
  if (!exact) exchange(distances, partner);
  Pairs out;
  out.method = exact ? "exact" : "exchange";
  for (std::uint32_t i = 0; i < n_units; ++i) {
    if (partner[i] >= n_units) {
      out.left_out = i;
    } else if (i < partner[i]) {
      out.pairs.push_back({i, partner[i]});
      out.total_distance += distances.at(i, partner[i]);
    }
  }
  return out;
}

Result<Design> paired(const Pairs& pairs, std::size_t n_units) {
  ASSAY_CHECK(detail::check_design(n_units, std::vector<double>{0.5, 0.5}));
  for (const auto& [a, b] : pairs.pairs) {
    if (a >= n_units || b >= n_units || a == b)
      return fail(ErrorCode::invalid_spec,
                  fmt::format("({}, {}) is no pair of {} units", a, b, n_units), "pairs");
  }
  Design design{"pairs", n_units, {0.5, 0.5}, {}};
  design.fill = [list = pairs.pairs](std::uint64_t seed, std::uint64_t draw,
                                     std::span<std::uint8_t> arms) {
    const auto random = detail::stream_of(detail::Purpose::pairs, seed, draw);
    std::fill(arms.begin(), arms.end(), kNoArm);
    for (std::size_t i = 0; i < list.size(); ++i) {
      const std::uint8_t first = random.uniform(i) < 0.5 ? 0 : 1;
      arms[list[i][0]] = first;
      arms[list[i][1]] = static_cast<std::uint8_t>(1 - first);
    }
  };
  return design;
}

}  // namespace assay::assignment
