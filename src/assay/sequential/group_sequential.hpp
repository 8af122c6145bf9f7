#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "assay/base/result.hpp"
#include "assay/sequential/spending.hpp"

/// Group sequential designs: the boundaries that a statistic must cross at each of K looks so that
/// the chance of a false crossing at any of them is alpha.
///
/// Units. Information is a fraction of the planned maximum: units counted over units planned, or
/// 1 / std_error^2 over its planned value. `drift` is the mean of Z at fraction 1, that is
/// effect * sqrt(maximum information). Z at fraction t is normal with mean drift * sqrt(t),
/// variance 1 and independent increments of Z sqrt(t): true of sums, means, differences, ratios
/// and regression estimates on accumulating independent units.
namespace assay::sequential {

enum class Boundary : std::uint8_t {
  spending,        ///< From an alpha spending function; any number and timing of looks.
  obrien_fleming,  ///< 1979: c / sqrt(t), the Wang-Tsiatis family at 0.
  pocock,          ///< 1977: one constant, the Wang-Tsiatis family at 0.5.
  wang_tsiatis,    ///< 1987: c t^(shape - 0.5).
  haybittle_peto,  ///< 1971, 1976: a high constant until the last look, which has the rest.
};
std::string_view to_text(Boundary boundary);

/// Stopping for lack of promise.
struct Futility {
  std::optional<Spending> beta_spending;  ///< Out of `beta`; or
  std::vector<double> bounds;             ///< a z for each look but the last (-infinity: none).
  double beta = 0.2;                      ///< 1 - power of the plan.
  bool binding = false;  ///< Binding: alpha counts on stopping there; else it may be overruled.
};

struct GroupSequentialSpec {
  std::vector<double> information;  ///< Ascending fractions, the last one 1.
  double alpha = 0.05;              ///< Of all sides together.
  Sides sides = Sides::two;
  Boundary boundary = Boundary::spending;
  double shape = 0.25;                ///< Of wang_tsiatis.
  double early_critical_value = 3.0;  ///< Of haybittle_peto.
  Spending alpha_spending = {};
  std::optional<Futility> futility = {};
};

/// Boundaries by look. A two-sided test rejects at |Z| >= critical_values[k], a one-sided at
/// Z >= critical_values[k]. Futility stops at Z <= futility_bounds[k] (one-sided) or
/// |Z| <= futility_bounds[k] (two-sided); the last equals the critical value.
struct GroupSequentialDesign {
  GroupSequentialSpec spec;
  std::vector<double> information;
  std::vector<double> critical_values;  ///< +infinity where nothing is spent.
  std::vector<double> futility_bounds;  ///< Empty without futility; none: -infinity, or 0.
  std::vector<double> alpha_spent;      ///< Cumulative, both sides together.
  std::vector<double> beta_spent;       ///< Cumulative, with beta spending only.
  std::vector<double> stage_levels;     ///< One-sided tail of each critical value.
  std::optional<double> planned_drift;  ///< With beta spending: where power is 1 - beta.
  double futility_after = 0.0;          ///< Two-sided beta spending: no futility up to here.
};

/// Computes the boundaries; 10 looks take a few milliseconds. Agrees with rpact 3.3.4 to 1e-8.
/// Fails with invalid_spec (no look, fractions not ascending within (0, 1], a step below 1e-4
/// of the information there, the last not 1, alpha outside (0, 1) or above 0.5 a side, bad
/// spending, as many futility bounds as it must have not given, beta >= 1 - alpha) and with
/// undefined_statistic (a futility bound above its critical value, no drift that reaches the
/// power). Reference: Jennison & Turnbull, Group Sequential Methods (2000); Lan & DeMets,
/// Biometrika 70 (1983) 659-663; beta spending: Pampallona, Tsiatis & Kim, Drug Information Journal
/// 35 (2001).
Result<GroupSequentialDesign> design_group_sequential(const GroupSequentialSpec& spec);

/// K fractions 1/K, 2/K, ..., 1.
std::vector<double> equal_information(int looks);

/// Fails as design_group_sequential does on its fractions.
Result<void> check_information(std::span<const double> information);

/// What a design does at one drift, by look (not cumulative).
struct Operation {
  double drift = 0.0;
  std::vector<double> reject_upper;
  std::vector<double> reject_lower;  ///< Two-sided designs; zeros otherwise.
  std::vector<double> stop_futility;
  double power = 0.0;                 ///< Sum of reject_upper: the right direction (rpact too).
  double rejection = 0.0;             ///< Both directions; at drift 0 the type I error.
  double expected_information = 0.0;  ///< Fraction of the maximum, where the trial stops.
};

/// Futility bounds are respected unless `ignore_futility`.
Operation operate(const GroupSequentialDesign& design, double drift, bool ignore_futility = false);

/// A design sized for a power, against the test that looks once.
struct Characteristics {
  double power = 0.0;
  double drift = 0.0;             ///< That reaches the power: effect sqrt(maximum information).
  double shift = 0.0;             ///< drift^2; maximum information = shift / effect^2.
  double fixed_shift = 0.0;       ///< (z(alpha / sides) + z(1 - power))^2 of a single look.
  double inflation_factor = 0.0;  ///< shift / fixed_shift: price of looking, in maximum size.
  double expected_h1 = 0.0;       ///< Expected size over that of a single look, at the drift,
  double expected_h01 = 0.0;      ///< at half the drift,
  double expected_h0 = 0.0;       ///< and without effect.
};

/// Fails with invalid_spec unless alpha / sides < power < 1, and with undefined_statistic when
/// futility bounds keep the power out of reach.
Result<Characteristics> characteristics(const GroupSequentialDesign& design, double power);

/// The maximum information (1 / std_error^2) at which the design detects `effect` (not 0).
Result<double> required_information(const GroupSequentialDesign& design, double power,
                                    double effect);

}  // namespace assay::sequential
