#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include "assay/numerics/linear_algebra.hpp"
#include "assay/survival/cox.hpp"

/// The sums that the partial likelihood, its residuals and its tests are made of.
namespace assay::survival::detail {

/// Sum of risk scores r = exp(x'b), of r x and of r x x' over some units.
struct RiskSums {
  double s0 = 0.0;
  std::vector<double> s1;
  numerics::SymmetricMatrix s2;

  explicit RiskSums(std::size_t p) : s1(p, 0.0), s2(p) {}
  void add(double risk, std::span<const double> x);  ///< A negative risk takes a unit out again.
  void clear();
};

/// What stands at one time of one stratum at which someone has the event.
struct EventTime {
  double time = 0.0;
  std::size_t stratum = 0;
  std::size_t events = 0;
  double log_risk = 0.0;           ///< Sum of x'b over the units with the event.
  std::vector<double> covariates;  ///< Sum of x over them.
  RiskSums at_risk;
  RiskSums dying;

  explicit EventTime(std::size_t p) : covariates(p, 0.0), at_risk(p), dying(p) {}
};

/// One of the `events` parts that a tied time falls into.
struct TiePart {
  double weight = 1.0;       ///< Of a dying unit within the risk set of this part.
  double denominator = 0.0;  ///< Sum of risk scores left in it.
  std::vector<double> mean;
};

/// The parts of an event time: under Efron each lets one event's share of the dying leave, under
/// Breslow all are the same.
std::vector<TiePart> tie_parts(const EventTime& at, Ties ties);

/// Covariance of x over the risk set of a part.
numerics::SymmetricMatrix part_covariance(const EventTime& at, const TiePart& part);

/// Covariates centred and scaled, units grouped by stratum, ready to be walked.
struct CoxData {
  std::size_t p = 0;
  std::vector<double> x;  ///< Row by row.
  std::vector<double> scale;
  std::vector<double> time;
  std::vector<double> entry;  ///< Minus infinity where everyone is watched from the start.
  std::vector<std::uint8_t> event;
  std::vector<std::vector<std::size_t>> by_time;   ///< Per stratum, latest first.
  std::vector<std::vector<std::size_t>> by_entry;  ///< Per stratum, latest entry first.

  [[nodiscard]] std::span<const double> row(std::size_t i) const { return {&x[i * p], p}; }
};

CoxData prepare(const CoxInput& input);

/// Visits every event time, stratum by stratum, latest time first.
void for_each_event_time(const CoxData& data, std::span<const double> beta,
                         const std::function<void(const EventTime&)>& visit);

struct Likelihood {
  double log = 0.0;
  std::vector<double> score;
  numerics::SymmetricMatrix information;
};

Likelihood partial_likelihood(const CoxData& data, std::span<const double> beta, Ties ties);

/// Score residuals, row by row: they sum to the score.
std::vector<double> score_residuals(const CoxData& data, std::span<const double> beta, Ties ties);

}  // namespace assay::survival::detail
