#pragma once

#include <span>
#include <vector>

namespace assay::sequential::detail {

/// Part of the z line where the trial goes on; ends may be infinite.
struct Continuation {
  double low;
  double high;
};

/// The sub-density of a Brownian motion with drift over paths that went on at every look so far,
/// as quadrature nodes. Information t is a fraction of the planned maximum (it may pass 1), the
/// statistic at t is Z = B(t) / sqrt(t), with mean drift * sqrt(t).
///
/// The sub-density after a look is analytic inside the region of continuation, so a Gauss rule
/// over the whole region converges geometrically: absolute error below 1e-12 (tested against
/// rules of twice the size).
/// Source: Armitage, McPherson & Rowe, JRSS A 132 (1969) 235-244; Jennison & Turnbull, Group
/// Sequential Methods (2000) ch. 19, with a Gauss rule in place of Simpson's.
class PathDensity {
 public:
  /// Before the first look.
  explicit PathDensity(double drift) : PathDensity(drift, 0.0, 0.0) {}
  /// Going on from a known statistic z at information t.
  PathDensity(double drift, double z, double t);

  /// P(went on so far, Z(t) > z), P(.., Z(t) < z) and the density of Z(t) at z, t past the last
  /// look.
  [[nodiscard]] double above(double z, double t) const;
  [[nodiscard]] double below(double z, double t) const;
  [[nodiscard]] double density(double z, double t) const;

  /// Looks at t and keeps the paths inside `regions`; `next` is the information of the look that
  /// follows (it decides how fine the nodes lie).
  void advance(double t, std::span<const Continuation> regions, double next);

  /// P(went on so far).
  [[nodiscard]] double mass() const;

  /// Multiplies the size of every rule: 1 in use, 2 to test precision.
  void refine(double factor) { refine_ = factor; }

 private:
  double drift_;
  double start_t_;
  double start_score_;
  double t_;
  double refine_ = 1.0;
  std::vector<double> score_;  ///< B(t) at the nodes.
  std::vector<double> mass_;   ///< Weight times sub-density.
};

/// The z with above(z, t) = target; +infinity for target <= 0, -infinity when all the remaining
/// mass is not enough.
double upper_bound_for(const PathDensity& path, double t, double target);
/// The z with below(z, t) = target; -infinity for target <= 0, +infinity when out of mass.
double lower_bound_for(const PathDensity& path, double t, double target);

}  // namespace assay::sequential::detail
