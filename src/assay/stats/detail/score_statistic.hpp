#pragma once

#include "assay/stats/two_proportion.hpp"

namespace assay::stats::detail {

/// Two binomial arms as doubles: 1 = control, 2 = treatment.
struct Arms {
  double x1 = 0.0;
  double n1 = 0.0;
  double x2 = 0.0;
  double n2 = 0.0;

  [[nodiscard]] double p1() const { return x1 / n1; }
  [[nodiscard]] double p2() const { return x2 / n2; }
};

Arms arms_of(const TwoCounts& counts);

/// The score statistic of a null value: (p2 - p1 - d) or (p2 - r p1) over its standard error at
/// the proportions most likely under the null. At d = 0 and at r = 1 it is the pooled z.
/// 0 when both agree exactly with a null without variance, infinite when they contradict one.
/// Reference: Miettinen & Nurminen, Stat. Med. 4 (1985) 213-226, without the N / (N - 1) factor.
double score_z(const Arms& arms, ProportionNull null);

/// The control proportion most likely when treatment - control = difference.
double constrained_control(const Arms& arms, double difference);

}  // namespace assay::stats::detail
