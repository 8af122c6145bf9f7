#include "assay/interference/exposure_mapping.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <memory>
#include <string>

#include "assay/base/text.hpp"
#include "assay/interference/detail/naive.hpp"
#include "assay/stats/interval.hpp"

namespace assay::interference {
namespace {

constexpr std::size_t kMostUnits = 6'000;  ///< Every pair is looked at.

/// Which replays put a unit into a class: one bit a replay.
class Replays {
 public:
  Replays(std::size_t units, std::size_t draws)
      : words_((draws + 63) / 64), draws_(draws), bits_(units * words_, 0) {}

  void mark(std::size_t unit, std::size_t draw) {
    bits_[unit * words_ + draw / 64] |= std::uint64_t{1} << (draw % 64);
  }
  [[nodiscard]] double probability(std::size_t unit) const {
    std::int64_t hits = 0;
    for (std::size_t w = 0; w < words_; ++w) hits += std::popcount(bits_[unit * words_ + w]);
    return share(hits);
  }
  /// Of unit i here and unit j in `other` at once.
  [[nodiscard]] double joint(std::size_t i, const Replays& other, std::size_t j) const {
    std::int64_t hits = 0;
    const std::uint64_t* a = &bits_[i * words_];
    const std::uint64_t* b = &other.bits_[j * words_];
    for (std::size_t w = 0; w < words_; ++w) hits += std::popcount(a[w] & b[w]);
    return share(hits);
  }

 private:
  [[nodiscard]] double share(std::int64_t hits) const {
    return static_cast<double>(hits) / static_cast<double>(draws_);
  }
  std::size_t words_;
  std::size_t draws_;
  std::vector<std::uint64_t> bits_;
};

/// The units of the estimand in one class: probability of it, and whether it happened.
struct Exposed {
  Replays replays;
  std::vector<double> probability;
  std::vector<std::uint8_t> here;

  Exposed(std::size_t units, std::size_t draws) : replays(units, draws) {}
};

/// Variance of sum over exposed units of z / probability, z known for them alone.
double variance_of_total(const Exposed& a, std::span<const double> z,
                         std::span<const std::size_t> units) {
  double total = 0.0;
  for (const std::size_t i : units) {
    if (a.here[i] == 0) continue;
    const double pi = a.probability[i];
    total += (1.0 - pi) * (z[i] / pi) * (z[i] / pi);
    for (const std::size_t j : units) {
      if (j == i) continue;
      const double both = a.replays.joint(i, a.replays, j);
      if (both == 0.0) {
        total += z[i] * z[i] / pi;  // Half of it for (i, j), half for (j, i).
      } else if (a.here[j] == 1) {
        const double pj = a.probability[j];
        total += (both - pi * pj) / both * (z[i] / pi) * (z[j] / pj);
      }
    }
  }
  return total;
}

/// Covariance of the two classes' totals, on the side that makes the difference's variance larger.
double covariance_of_totals(const Exposed& a, std::span<const double> za, const Exposed& b,
                            std::span<const double> zb, std::span<const std::size_t> units) {
  double total = 0.0;
  for (const std::size_t i : units) {
    const double pa = a.probability[i];
    for (const std::size_t j : units) {
      const bool here_a = a.here[i] == 1;
      const bool here_b = b.here[j] == 1;
      if (!here_a && !here_b) continue;
      const double both = i == j ? 0.0 : a.replays.joint(i, b.replays, j);
      if (both == 0.0) {
        if (here_a) total -= za[i] * za[i] / (2.0 * pa);
        if (here_b) total -= zb[j] * zb[j] / (2.0 * b.probability[j]);
      } else if (here_a && here_b) {
        const double pj = b.probability[j];
        total += (both - pa * pj) / both * (za[i] / pa) * (zb[j] / pj);
      }
    }
  }
  return total;
}

std::string names_of(const std::vector<std::size_t>& units) {
  std::vector<std::string> names;
  for (const std::size_t i : units) names.push_back(fmt::format("{}", i + 1));
  return list_text(names);
}

/// Replays the design and records who would be where.
void replay(const resampling::Mechanism& mechanism, const ExposureMap& map,
            const ExposureOptions& options, Exposed& control, Exposed& treatment) {
  std::vector<std::uint8_t> arms(mechanism.n_units);
  std::vector<std::uint8_t> classes(mechanism.n_units);
  for (std::int64_t d = 0; d < options.draws; ++d) {
    mechanism.draw(options.seed, static_cast<std::uint64_t>(d), arms);
    map(arms, classes);
    for (std::size_t i = 0; i < classes.size(); ++i) {
      if (classes[i] == options.control_class) control.replays.mark(i, static_cast<std::size_t>(d));
      if (classes[i] == options.treatment_class)
        treatment.replays.mark(i, static_cast<std::size_t>(d));
    }
  }
  for (Exposed* side : {&control, &treatment})
    for (std::size_t i = 0; i < classes.size(); ++i)
      side->probability.push_back(side->replays.probability(i));
}

Result<void> check_request(std::span<const double> values, std::span<const std::uint8_t> arms,
                           const resampling::Mechanism& mechanism, const ExposureOptions& options) {
  ASSAY_CHECK(stats::check_confidence_level(options.confidence_level));
  ASSAY_CHECK(detail::check_rows(values, arms));
  if (mechanism.n_units != values.size() || !mechanism.draw)
    return fail(ErrorCode::invalid_spec,
                fmt::format("the design must draw arms for the {} units; it draws {}",
                            values.size(), mechanism.n_units));
  if (options.draws < 100 || options.control_class == options.treatment_class)
    return fail(ErrorCode::invalid_spec,
                "compare two different classes with 100 replays of the design at least");
  if (values.size() > kMostUnits)
    return fail(ErrorCode::undefined_statistic,
                fmt::format("joint probabilities of {} units are too many pairs", values.size()),
                "", fmt::format("aggregate to clusters; at most {} units", kMostUnits));
  return {};
}

/// Weighted mean and variance parts of both classes on values less `level` of each.
Result<stats::Contrast> contrast_of(const std::array<const Exposed*, 2>& sides,
                                    std::span<const double> values,
                                    std::span<const std::size_t> units, bool hajek,
                                    double confidence_level) {
  std::array<double, 2> value{};
  std::array<double, 2> size{};
  std::array<std::int64_t, 2> count{};
  std::array<std::vector<double>, 2> z;
  for (const std::size_t s : {0U, 1U}) {
    double weight = 0.0;
    double sum = 0.0;
    for (const std::size_t i : units) {
      if (sides[s]->here[i] == 0) continue;
      weight += 1.0 / sides[s]->probability[i];
      sum += values[i] / sides[s]->probability[i];
      ++count[s];
    }
    size[s] = hajek ? weight : static_cast<double>(units.size());
    value[s] = sum / size[s];
    for (const double v : values) z[s].push_back(hajek ? v - value[s] : v);
  }
  stats::EstimatedPair pair;
  pair.control_value = value[0];
  pair.treatment_value = value[1];
  pair.n_control = count[0];
  pair.n_treatment = count[1];
  pair.degrees_of_freedom = std::numeric_limits<double>::infinity();
  const double v0 = variance_of_total(*sides[0], z[0], units) / (size[0] * size[0]);
  const double v1 = variance_of_total(*sides[1], z[1], units) / (size[1] * size[1]);
  pair.values = {
      std::max(0.0, v0), std::max(0.0, v1),
      covariance_of_totals(*sides[0], z[0], *sides[1], z[1], units) / (size[0] * size[1])};
  return stats::contrast_of_values(pair, confidence_level);
}

}  // namespace

Result<Network> network_of(std::size_t n_units,
                           std::span<const std::pair<std::uint32_t, std::uint32_t>> edges) {
  std::vector<std::vector<std::uint32_t>> lists(n_units);
  for (std::size_t e = 0; e < edges.size(); ++e) {
    const auto [a, b] = edges[e];
    if (a >= n_units || b >= n_units || a == b)
      return fail(
          ErrorCode::invalid_data,
          fmt::format("an edge joins two different units of {}; got {} and {}", n_units, a, b),
          fmt::format("edge {}", e + 1));
    lists[a].push_back(b);
    lists[b].push_back(a);
  }
  Network out;
  out.start.push_back(0);
  for (auto& own : lists) {
    std::sort(own.begin(), own.end());
    own.erase(std::unique(own.begin(), own.end()), own.end());
    out.neighbour.insert(out.neighbour.end(), own.begin(), own.end());
    out.start.push_back(out.neighbour.size());
  }
  return out;
}

Result<ExposureMap> treated_share_map(const Network& network, std::vector<double> cuts) {
  const auto inside = [](double c) { return c >= 0.0 && c < 1.0; };
  if (cuts.size() > 100 || !std::all_of(cuts.begin(), cuts.end(), inside) ||
      std::adjacent_find(cuts.begin(), cuts.end(), std::greater_equal<>()) != cuts.end())
    return fail(ErrorCode::invalid_spec, "cuts of the treated share must ascend inside [0, 1)");
  const auto graph = std::make_shared<const Network>(network);
  return ExposureMap(
      [graph, cuts](std::span<const std::uint8_t> arms, std::span<std::uint8_t> classes) {
        for (std::size_t i = 0; i < graph->size(); ++i) {
          std::size_t treated = 0;
          for (std::size_t k = graph->start[i]; k < graph->start[i + 1]; ++k)
            treated += arms[graph->neighbour[k]];
          const auto degree = static_cast<double>(graph->start[i + 1] - graph->start[i]);
          const double share = degree > 0.0 ? static_cast<double>(treated) / degree : 0.0;
          const auto above = static_cast<std::size_t>(
              std::lower_bound(cuts.begin(), cuts.end(), share) - cuts.begin());
          classes[i] = static_cast<std::uint8_t>(arms[i] * (cuts.size() + 1) + above);
        }
      });
}

Result<ExposureEffect> exposure_effect(std::span<const double> values,
                                       std::span<const std::uint8_t> arms,
                                       const resampling::Mechanism& mechanism,
                                       const ExposureMap& map, const ExposureOptions& options) {
  ASSAY_CHECK(check_request(values, arms, mechanism, options));
  const std::size_t n = values.size();
  Exposed control(n, static_cast<std::size_t>(options.draws));
  Exposed treatment(n, static_cast<std::size_t>(options.draws));
  replay(mechanism, map, options, control, treatment);
  std::vector<std::uint8_t> classes(n);
  map(arms, classes);
  ExposureEffect out;
  std::vector<std::size_t> units;
  out.smallest_probability = 1.0;
  std::array<std::int64_t, 2> seen{};
  for (std::size_t i = 0; i < n; ++i) {
    const double p = std::min(control.probability[i], treatment.probability[i]);
    control.here.push_back(classes[i] == options.control_class ? 1 : 0);
    treatment.here.push_back(classes[i] == options.treatment_class ? 1 : 0);
    if (p == 0.0) {
      out.impossible.push_back(i);
      continue;
    }
    units.push_back(i);
    out.smallest_probability = std::min(out.smallest_probability, p);
    seen[0] += control.here[i];
    seen[1] += treatment.here[i];
  }
  if (!out.impossible.empty() && !options.drop_impossible)
    return fail(
        ErrorCode::undefined_statistic,
        fmt::format("not estimable: in {} replays of the design {} units were never in both "
                    "classes",
                    options.draws, out.impossible.size()),
        "", "leave them out on purpose, choose wider classes, or make more replays",
        "units " + names_of(out.impossible));
  if (seen[0] < 2 || seen[1] < 2)
    return fail(
        ErrorCode::undefined_statistic,
        fmt::format("a comparison needs two units in each class; got {} and {}", seen[0], seen[1]),
        "", "choose wider classes");
  out.n_units = static_cast<std::int64_t>(units.size());
  const std::array<const Exposed*, 2> sides{&control, &treatment};
  ASSAY_TRY(out.contrast, contrast_of(sides, values, units, true, options.confidence_level));
  ASSAY_TRY(out.horvitz_thompson,
            contrast_of(sides, values, units, false, options.confidence_level));
  ASSAY_TRY(out.naive, detail::naive_contrast(values, arms, options.confidence_level));
  if (out.smallest_probability < 0.01)
    out.contrast.notes.push_back(
        {"rare_exposure", fmt::format("the least likely exposure has probability {:.3g}: a few "
                                      "units carry the estimate",
                                      out.smallest_probability)});
  return out;
}

}  // namespace assay::interference
