#include "assay/interference/saturation.hpp"

#include <fmt/core.h>

#include <array>
#include <cmath>
#include <map>

#include "assay/stats/interval.hpp"

namespace assay::interference {
namespace {

using numerics::Moments;

Result<void> check_cluster(const SaturationCluster& c, std::size_t number) {
  const auto where = fmt::format("cluster {}", number + 1);
  const auto finite = [](const Moments& m) { return std::isfinite(m.mean) && std::isfinite(m.m2); };
  if (!(c.saturation >= 0.0 && c.saturation <= 1.0) || !finite(c.control) || !finite(c.treatment))
    return fail(ErrorCode::invalid_data,
                fmt::format("a saturation lies in [0, 1] and values are finite; got saturation {}",
                            c.saturation),
                where);
  if ((c.saturation == 0.0 && c.treatment.n > 0) || (c.saturation == 1.0 && c.control.n > 0))
    return fail(ErrorCode::invalid_data,
                fmt::format("a cluster of saturation {} has {} treated and {} untreated units",
                            c.saturation, c.treatment.n, c.control.n),
                where, "check who was assigned");
  if ((c.saturation > 0.0 && c.treatment.n == 0) || (c.saturation < 1.0 && c.control.n == 0))
    return fail(ErrorCode::invalid_data,
                fmt::format("a cluster of saturation {} has {} treated and {} untreated units",
                            c.saturation, c.treatment.n, c.control.n),
                where, "leave clusters out before the draw when they are too small for both arms");
  return {};
}

Moments everyone(const SaturationCluster& c) {
  Moments out = c.control;
  out.merge(c.treatment);
  return out;
}

Result<stats::Contrast> within(const std::vector<const SaturationCluster*>& clusters,
                               double level) {
  numerics::CoMoments both(2);
  for (const auto* c : clusters)
    both.add(std::array<double, 2>{c->control.mean, c->treatment.mean});
  const auto n = static_cast<double>(both.n);
  stats::EstimatedPair pair;
  pair.control_value = both.mean[0];
  pair.treatment_value = both.mean[1];
  pair.values = {both.covariance(0, 0) / n, both.covariance(1, 1) / n, both.covariance(0, 1) / n};
  pair.degrees_of_freedom = n - 1.0;
  pair.n_control = pair.n_treatment = both.n;
  return stats::contrast_of_values(pair, level);
}

/// Cluster averages of one kind of units against those of pure control clusters.
template <class Pick>
Result<stats::Contrast> against(const Moments& pure,
                                const std::vector<const SaturationCluster*>& clusters, Pick pick,
                                double level) {
  Moments here;
  for (const auto* c : clusters) here.add(pick(*c));
  return stats::welch(pure, here, level);
}

void keep(std::optional<stats::Contrast>& place, Result<stats::Contrast> contrast,
          std::string& reason) {
  if (contrast) {
    place = std::move(*contrast);
  } else {
    reason = contrast.error().problem;
  }
}

}  // namespace

Result<SaturationEffects> saturation_effects(std::span<const SaturationCluster> clusters,
                                             double confidence_level) {
  ASSAY_CHECK(stats::check_confidence_level(confidence_level));
  std::map<double, std::vector<const SaturationCluster*>> levels;
  Moments pure;
  std::array<Moments, 2> users;
  for (std::size_t i = 0; i < clusters.size(); ++i) {
    const SaturationCluster& c = clusters[i];
    ASSAY_CHECK(check_cluster(c, i));
    users[0].merge(c.control);
    users[1].merge(c.treatment);
    if (c.saturation == 0.0) {
      pure.add(c.control.mean);
    } else {
      levels[c.saturation].push_back(&c);
    }
  }
  SaturationEffects out;
  out.n_pure_control = pure.n;
  bool any = false;
  for (const auto& [saturation, own] : levels) {
    SaturationLevel at;
    at.saturation = saturation;
    at.n_clusters = static_cast<std::int64_t>(own.size());
    if (own.size() < 2) {
      at.reason = "one cluster has no spread to judge by";
      out.levels.push_back(std::move(at));
      continue;
    }
    any = true;
    const bool mixed = saturation < 1.0;
    if (mixed) keep(at.direct, within(own, confidence_level), at.reason);
    if (pure.n < 2) {
      at.reason = "spillover, total and overall need two clusters of saturation 0";
    } else {
      const auto untreated = [](const SaturationCluster& c) { return c.control.mean; };
      const auto treated = [](const SaturationCluster& c) { return c.treatment.mean; };
      const auto all = [](const SaturationCluster& c) { return everyone(c).mean; };
      if (mixed) keep(at.spillover, against(pure, own, untreated, confidence_level), at.reason);
      keep(at.total, against(pure, own, treated, confidence_level), at.reason);
      keep(at.overall, against(pure, own, all, confidence_level), at.reason);
    }
    out.levels.push_back(std::move(at));
  }
  if (!any)
    return fail(ErrorCode::undefined_statistic,
                "no saturation above 0 has two clusters: the design cannot tell clusters apart", "",
                "draw each saturation for two clusters at least; better twenty");
  ASSAY_TRY(out.naive, stats::welch(users[0], users[1], confidence_level));
  return out;
}

}  // namespace assay::interference
