#include "assay/survival/detail/partial_likelihood.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

namespace assay::survival::detail {

using numerics::SymmetricMatrix;

void RiskSums::add(double risk, std::span<const double> x) {
  s0 += risk;
  for (std::size_t i = 0; i < s1.size(); ++i) {
    s1[i] += risk * x[i];
    for (std::size_t j = i; j < s1.size(); ++j) s2.set(i, j, s2.at(i, j) + risk * x[i] * x[j]);
  }
}

void RiskSums::clear() {
  s0 = 0.0;
  std::fill(s1.begin(), s1.end(), 0.0);
  std::fill(s2.packed.begin(), s2.packed.end(), 0.0);
}

std::vector<TiePart> tie_parts(const EventTime& at, Ties ties) {
  std::vector<TiePart> out;
  for (std::size_t k = 0; k < at.events; ++k) {
    const double gone =
        ties == Ties::efron ? static_cast<double>(k) / static_cast<double>(at.events) : 0.0;
    TiePart part{1.0 - gone, at.at_risk.s0 - gone * at.dying.s0, {}};
    for (std::size_t i = 0; i < at.covariates.size(); ++i)
      part.mean.push_back((at.at_risk.s1[i] - gone * at.dying.s1[i]) / part.denominator);
    out.push_back(std::move(part));
  }
  return out;
}

SymmetricMatrix part_covariance(const EventTime& at, const TiePart& part) {
  const std::size_t p = part.mean.size();
  const double gone = 1.0 - part.weight;
  SymmetricMatrix out(p);
  for (std::size_t i = 0; i < p; ++i)
    for (std::size_t j = i; j < p; ++j)
      out.set(i, j,
              (at.at_risk.s2.at(i, j) - gone * at.dying.s2.at(i, j)) / part.denominator -
                  part.mean[i] * part.mean[j]);
  return out;
}

CoxData prepare(const CoxInput& input) {
  const Observations& seen = input.data;
  const std::size_t n = seen.size();
  const std::size_t p = input.names.size();
  CoxData out;
  out.p = p;
  out.x.assign(input.covariates.begin(), input.covariates.end());
  for (std::size_t j = 0; j < p; ++j) {
    numerics::Moments m;
    for (std::size_t i = 0; i < n; ++i) m.add(out.x[i * p + j]);
    const double sd = std::sqrt(m.m2 / static_cast<double>(n));
    out.scale.push_back(sd > 0.0 ? sd : 1.0);
    for (std::size_t i = 0; i < n; ++i)
      out.x[i * p + j] = (out.x[i * p + j] - m.mean) / out.scale[j];
  }
  out.time.assign(seen.time.begin(), seen.time.end());
  out.event.assign(seen.event.begin(), seen.event.end());
  out.entry.assign(seen.entry.begin(), seen.entry.end());
  if (out.entry.empty()) out.entry.assign(n, -std::numeric_limits<double>::infinity());
  std::map<std::int32_t, std::vector<std::size_t>> strata;
  for (std::size_t i = 0; i < n; ++i)
    strata[input.stratum.empty() ? 0 : input.stratum[i]].push_back(i);
  const auto latest_first = [](const std::vector<double>& key) {
    return [&key](std::size_t a, std::size_t b) { return key[a] > key[b]; };
  };
  for (auto& [number, units] : strata) {
    std::stable_sort(units.begin(), units.end(), latest_first(out.time));
    out.by_time.push_back(units);
    std::stable_sort(units.begin(), units.end(), latest_first(out.entry));
    out.by_entry.push_back(std::move(units));
  }
  return out;
}

void for_each_event_time(const CoxData& data, std::span<const double> beta,
                         const std::function<void(const EventTime&)>& visit) {
  EventTime at(data.p);
  for (std::size_t s = 0; s < data.by_time.size(); ++s) {
    const auto& order = data.by_time[s];
    const auto& entries = data.by_entry[s];
    at.stratum = s;
    at.at_risk.clear();
    std::size_t gone = 0;
    for (std::size_t i = 0; i < order.size();) {
      at.time = data.time[order[i]];
      at.events = 0;
      at.log_risk = 0.0;
      at.dying.clear();
      std::fill(at.covariates.begin(), at.covariates.end(), 0.0);
      for (; i < order.size() && data.time[order[i]] == at.time; ++i) {
        const auto x = data.row(order[i]);
        const double eta = numerics::dot(x, beta);
        at.at_risk.add(std::exp(eta), x);
        if (data.event[order[i]] == 0) continue;
        ++at.events;
        at.log_risk += eta;
        at.dying.add(std::exp(eta), x);
        for (std::size_t j = 0; j < data.p; ++j) at.covariates[j] += x[j];
      }
      for (; gone < entries.size() && data.entry[entries[gone]] >= at.time; ++gone) {
        const auto x = data.row(entries[gone]);
        at.at_risk.add(-std::exp(numerics::dot(x, beta)), x);
      }
      if (at.events > 0) visit(at);
    }
  }
}

Likelihood partial_likelihood(const CoxData& data, std::span<const double> beta, Ties ties) {
  Likelihood out{0.0, std::vector<double>(data.p, 0.0), SymmetricMatrix(data.p)};
  for_each_event_time(data, beta, [&](const EventTime& at) {
    out.log += at.log_risk;
    for (std::size_t j = 0; j < data.p; ++j) out.score[j] += at.covariates[j];
    for (const TiePart& part : tie_parts(at, ties)) {
      out.log -= std::log(part.denominator);
      for (std::size_t j = 0; j < data.p; ++j) out.score[j] -= part.mean[j];
      out.information = numerics::sum(out.information, part_covariance(at, part));
    }
  });
  return out;
}

namespace {

/// What a unit at risk throughout one event time loses: hazard, and hazard times mean covariates.
struct HazardStep {
  double time = 0.0;
  double hazard = 0.0;
  std::vector<double> moment;
};

/// Steps of one stratum, cumulated from the earliest time on; `before` gives the sums of the steps
/// at times up to and including t.
class CumulativeHazard {
 public:
  CumulativeHazard(std::vector<HazardStep> latest_first, std::size_t p)
      : steps_(std::move(latest_first)), none_{0.0, 0.0, std::vector<double>(p, 0.0)} {
    std::reverse(steps_.begin(), steps_.end());
    for (std::size_t i = 1; i < steps_.size(); ++i) {
      steps_[i].hazard += steps_[i - 1].hazard;
      for (std::size_t j = 0; j < p; ++j) steps_[i].moment[j] += steps_[i - 1].moment[j];
    }
  }
  [[nodiscard]] const HazardStep& up_to(double time) const {
    const auto past = std::upper_bound(steps_.begin(), steps_.end(), time,
                                       [](double t, const HazardStep& s) { return t < s.time; });
    return past == steps_.begin() ? none_ : *(past - 1);
  }

 private:
  std::vector<HazardStep> steps_;
  HazardStep none_;
};

/// Adds to the units that die at `at` their own part of the score, and gives back what Efron's
/// parts do not charge them.
void add_event_parts(const CoxData& data, std::span<const double> beta, const EventTime& at,
                     const std::vector<TiePart>& parts, const std::vector<std::size_t>& dying,
                     std::vector<double>& out) {
  for (const std::size_t i : dying) {
    const auto x = data.row(i);
    const double risk = std::exp(numerics::dot(x, beta));
    for (std::size_t j = 0; j < data.p; ++j) {
      double own = 0.0;
      for (const TiePart& part : parts) {
        own += (x[j] - part.mean[j]) / static_cast<double>(at.events);
        own += (1.0 - part.weight) * risk / part.denominator * (x[j] - part.mean[j]);
      }
      out[i * data.p + j] += own;
    }
  }
}

}  // namespace

std::vector<double> score_residuals(const CoxData& data, std::span<const double> beta, Ties ties) {
  std::vector<double> out(data.x.size(), 0.0);
  std::vector<std::vector<HazardStep>> steps(data.by_time.size());
  for_each_event_time(data, beta, [&](const EventTime& at) {
    const auto parts = tie_parts(at, ties);
    HazardStep step{at.time, 0.0, std::vector<double>(data.p, 0.0)};
    for (const TiePart& part : parts) {
      step.hazard += 1.0 / part.denominator;
      for (std::size_t j = 0; j < data.p; ++j) step.moment[j] += part.mean[j] / part.denominator;
    }
    steps[at.stratum].push_back(std::move(step));
    const auto& order = data.by_time[at.stratum];
    auto first = std::lower_bound(order.begin(), order.end(), at.time,
                                  [&](std::size_t i, double t) { return data.time[i] > t; });
    std::vector<std::size_t> dying;
    for (; first != order.end() && data.time[*first] == at.time; ++first)
      if (data.event[*first] == 1) dying.push_back(*first);
    add_event_parts(data, beta, at, parts, dying, out);
  });
  for (std::size_t s = 0; s < steps.size(); ++s) {
    const CumulativeHazard cumulative(std::move(steps[s]), data.p);
    for (const std::size_t i : data.by_time[s]) {
      const auto x = data.row(i);
      const double risk = std::exp(numerics::dot(x, beta));
      const HazardStep& end = cumulative.up_to(data.time[i]);
      const HazardStep& start = cumulative.up_to(data.entry[i]);
      for (std::size_t j = 0; j < data.p; ++j)
        out[i * data.p + j] -=
            risk * (x[j] * (end.hazard - start.hazard) - (end.moment[j] - start.moment[j]));
    }
  }
  return out;
}

}  // namespace assay::survival::detail
