#include "assay/interference/geo.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "assay/stats/interval.hpp"

namespace assay::interference {
namespace {

using numerics::Moments;

Result<void> check_geos(std::span<const Geo> geos, const GeoOptions& options) {
  ASSAY_CHECK(stats::check_confidence_level(options.confidence_level));
  std::array<int, 2> arms{};
  for (std::size_t i = 0; i < geos.size(); ++i) {
    const Geo& g = geos[i];
    const auto where = [&] { return fmt::format("region {}", i + 1); };
    if (g.users.n < 1 || !std::isfinite(g.users.mean) || !std::isfinite(g.users.m2) ||
        !std::isfinite(g.before.value_or(0.0)) || g.treated > 1)
      return fail(ErrorCode::invalid_data, "a region needs a user, finite values and an arm 0 or 1",
                  where());
    if (g.pair.has_value() != geos[0].pair.has_value())
      return fail(ErrorCode::invalid_data, "either all regions are paired or none", where());
    if (options.difference_in_differences && !g.before)
      return fail(ErrorCode::invalid_spec, "the value before the start is missing", where(),
                  "give it for all regions, or compare without it");
    ++arms[g.treated];
  }
  if (std::min(arms[0], arms[1]) < 2)
    return fail(ErrorCode::undefined_statistic,
                fmt::format("a comparison needs two regions in each arm; got control {}, treatment "
                            "{}",
                            arms[0], arms[1]),
                "", "one region an arm cannot tell the treatment from the region");
  return {};
}

/// Places of [control, treated] region of each pair, in the order of first sight.
Result<std::vector<std::array<std::size_t, 2>>> pairs_of(std::span<const Geo> geos) {
  std::map<std::int64_t, std::array<std::vector<std::size_t>, 2>> found;
  for (std::size_t i = 0; i < geos.size(); ++i) found[*geos[i].pair][geos[i].treated].push_back(i);
  std::vector<std::array<std::size_t, 2>> out;
  for (const auto& [number, arms] : found) {
    if (arms[0].size() != 1 || arms[1].size() != 1)
      return fail(ErrorCode::invalid_data,
                  fmt::format("a pair is one control and one treated region; got {} and {}",
                              arms[0].size(), arms[1].size()),
                  fmt::format("pair {}", number));
    out.push_back({arms[0][0], arms[1][0]});
  }
  return out;
}

std::vector<double> values_of(std::span<const Geo> geos, bool less_before) {
  std::vector<double> out;
  for (const Geo& g : geos) out.push_back(g.users.mean - (less_before ? *g.before : 0.0));
  return out;
}

double sd(const Moments& m) { return std::sqrt(m.m2 / static_cast<double>(m.n - 1)); }

/// Pairs: both arms' means with the covariance that the pairs show.
Result<stats::Contrast> paired_contrast(const std::vector<double>& values,
                                        const std::vector<std::array<std::size_t, 2>>& pairs,
                                        double level) {
  numerics::CoMoments both(2);
  for (const auto& [c, t] : pairs) both.add(std::array<double, 2>{values[c], values[t]});
  const auto n = static_cast<double>(both.n);
  stats::EstimatedPair pair;
  pair.control_value = both.mean[0];
  pair.treatment_value = both.mean[1];
  pair.values = {both.covariance(0, 0) / n, both.covariance(1, 1) / n, both.covariance(0, 1) / n};
  pair.degrees_of_freedom = n - 1.0;
  pair.n_control = pair.n_treatment = both.n;
  return stats::contrast_of_values(pair, level);
}

Result<stats::Contrast> unpaired_contrast(const std::vector<double>& values,
                                          std::span<const Geo> geos, double level) {
  std::array<Moments, 2> arms;
  for (std::size_t i = 0; i < geos.size(); ++i) arms[geos[i].treated].add(values[i]);
  return stats::welch(arms[0], arms[1], level);
}

/// How far the pre-period changes the spread between regions of one arm (or within pairs).
std::optional<double> spread_change(std::span<const Geo> geos,
                                    const std::vector<std::array<std::size_t, 2>>& pairs) {
  if (!std::all_of(geos.begin(), geos.end(), [](const Geo& g) { return g.before.has_value(); }))
    return std::nullopt;
  const auto spread = [&](bool less_before) {
    const auto values = values_of(geos, less_before);
    std::array<Moments, 2> arms;
    Moments differences;
    for (std::size_t i = 0; i < geos.size(); ++i) arms[geos[i].treated].add(values[i]);
    for (const auto& [c, t] : pairs) differences.add(values[t] - values[c]);
    return pairs.empty() ? std::hypot(sd(arms[0]), sd(arms[1])) : sd(differences);
  };
  const double without = spread(false);
  if (!(without > 0.0)) return std::nullopt;
  return spread(true) / without - 1.0;
}

}  // namespace

Result<GeoEffect> geo_effect(std::span<const Geo> geos, const GeoOptions& options) {
  ASSAY_CHECK(check_geos(geos, options));
  const bool paired = geos[0].pair.has_value();
  std::vector<std::array<std::size_t, 2>> pairs;
  if (paired) {
    ASSAY_TRY(pairs, pairs_of(geos));
  }
  const auto values = values_of(geos, options.difference_in_differences);
  std::vector<std::uint8_t> arms;
  std::vector<std::int64_t> numbers;
  Moments users[2];
  for (const Geo& g : geos) {
    arms.push_back(g.treated);
    numbers.push_back(g.pair.value_or(0));
    users[g.treated].merge(g.users);
  }
  GeoEffect out;
  out.n_geos = static_cast<std::int64_t>(geos.size());
  out.spread_change_from_before = spread_change(geos, pairs);
  if (paired) {
    ASSAY_TRY(out.contrast, paired_contrast(values, pairs, options.confidence_level));
  } else {
    ASSAY_TRY(out.contrast, unpaired_contrast(values, geos, options.confidence_level));
  }
  const auto n_treated = static_cast<std::size_t>(std::count(arms.begin(), arms.end(), 1));
  ASSAY_TRY(const auto mechanism, paired
                                      ? resampling::paired_randomisation(numbers, arms)
                                      : resampling::complete_randomisation(arms.size(), n_treated));
  auto draws = options.draws;
  draws.confidence_level = options.confidence_level;
  draws.statistic = resampling::PermutationStatistic::difference;
  ASSAY_TRY(out.randomisation, resampling::randomisation_test(values, arms, mechanism, draws));
  // Mirrored assignments tie when arms are equal in number.
  const double ties = 2 * n_treated == arms.size() ? 2.0 : 1.0;
  out.smallest_p_value = std::min(1.0, ties / static_cast<double>(out.randomisation.n_assignments));
  if (out.smallest_p_value >= 1.0 - options.confidence_level)
    out.contrast.notes.push_back(
        {"few_regions",
         fmt::format("{} regions have {} assignments: no test of the design alone can "
                     "give p below {:.3g}; the t interval leans on normal regions",
                     geos.size(), out.randomisation.n_assignments, out.smallest_p_value)});
  if (auto naive = stats::welch(users[0], users[1], options.confidence_level);
      naive && std::all_of(geos.begin(), geos.end(), [](const Geo& g) { return g.users.n > 1; }))
    out.naive = std::move(*naive);
  return out;
}

}  // namespace assay::interference
