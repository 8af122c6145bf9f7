#include "assay/resampling/permutation.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <vector>

#include "assay/numerics/moments.hpp"
#include "assay/numerics/parallel.hpp"
#include "assay/resampling/detail/implied_lift.hpp"
#include "assay/resampling/detail/lanes.hpp"
#include "assay/stats/interval.hpp"

namespace assay::resampling {
namespace {

/// Statistics that differ by less than this share are ties: rounding must not break them.
constexpr double kTie = 1e-9;

/// Assignments in one piece of work.
constexpr std::size_t kTogether = 64;

/// Standard errors from the estimate after which an interval has no end.
constexpr double kLongestSearch = 1e9;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Which assignments are looked at.
struct Plan {
  bool exact = false;
  std::size_t count = 0;
};

Plan plan_of(const Mechanism& mechanism, const PermutationOptions& options) {
  if (mechanism.enumerate && mechanism.n_assignments <= static_cast<double>(options.exact_up_to))
    return {true, static_cast<std::size_t>(mechanism.n_assignments)};
  return {false, static_cast<std::size_t>(options.draws)};
}

Result<void> check(std::span<const double> values, std::span<const std::uint8_t> arms,
                   const Mechanism& mechanism, const PermutationOptions& options) {
  ASSAY_CHECK(stats::check_confidence_level(options.confidence_level));
  if (values.size() != arms.size() || values.size() != mechanism.n_units) {
    return fail(ErrorCode::invalid_spec,
                fmt::format("values, arms and mechanism must speak of the same units; got {}, {} "
                            "and {}",
                            values.size(), arms.size(), mechanism.n_units));
  }
  if (options.draws < 1) {
    return fail(ErrorCode::invalid_spec,
                fmt::format("a permutation test needs a draw; got {}", options.draws));
  }
  std::size_t treated = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) {
      return fail(ErrorCode::invalid_data, "the values hold one that is not finite",
                  fmt::format("unit {}", i + 1), "drop or cap infinite and missing values");
    }
    if (arms[i] > 1) {
      return fail(ErrorCode::invalid_data,
                  fmt::format("an arm is 0 (control) or 1 (treatment); got {}", arms[i]),
                  fmt::format("unit {}", i + 1));
    }
    treated += arms[i];
  }
  if (treated == 0 || treated == values.size()) {
    return fail(ErrorCode::undefined_statistic,
                fmt::format("both arms need a unit; got {} treated of {}", treated, values.size()));
  }
  return {};
}

/// Calls work(i, arms) for every assignment of the plan, on all threads.
Result<void> for_each_assignment(
    const Mechanism& mechanism, const Plan& plan, const PermutationOptions& options,
    const Progress& progress,
    const std::function<void(std::size_t, std::span<const std::uint8_t>)>& work) {
  const std::size_t chunks = (plan.count + kTogether - 1) / kTogether;
  std::atomic<std::size_t> done{0};
  std::atomic<bool> stopped{false};
  numerics::for_each_chunk(chunks, options.threads, [&](std::size_t chunk) {
    if (stopped || !progress.check()) {
      stopped = true;
      return;
    }
    std::vector<std::uint8_t> arms(mechanism.n_units);
    const std::size_t end = std::min(plan.count, (chunk + 1) * kTogether);
    for (std::size_t i = chunk * kTogether; i < end; ++i) {
      if (plan.exact) {
        mechanism.enumerate(i, arms);
      } else {
        mechanism.draw(options.seed, i, arms);
      }
      work(i, arms);
    }
    progress.at("permutation", static_cast<double>(++done) / static_cast<double>(chunks));
  });
  return progress.check();
}

/// What one assignment gives a test of any constant effect: sums over its treated units of 1, y,
/// y^2, z and y z, z the arm in the data. All units give the same five sums.
struct ArmSums {
  double n = 0.0;
  double y = 0.0;
  double yy = 0.0;
  double z = 0.0;
  double yz = 0.0;
};

/// Mean and centred sum of squares of y - effect z from sums.
struct Part {
  double n = 0.0;
  double mean = 0.0;
  double variance = 0.0;  ///< With n - 1; 0 for one unit.
};

Part part_of(const ArmSums& s, double effect) {
  const double sum = s.y - effect * s.z;
  const double squares = s.yy - 2.0 * effect * s.yz + effect * effect * s.z;
  Part out{s.n, sum / s.n, 0.0};
  if (s.n > 1.0) out.variance = std::max(0.0, (squares - sum * out.mean) / (s.n - 1.0));
  return out;
}

/// The test on a fixed list of assignments, for any constant effect.
class ListedTest {
 public:
  ListedTest(ArmSums all, ArmSums observed, std::vector<ArmSums> listed, bool exact,
             PermutationStatistic statistic)
      : all_(all),
        observed_(observed),
        listed_(std::move(listed)),
        exact_(exact),
        statistic_(statistic) {}

  [[nodiscard]] double statistic(const ArmSums& treated, double effect) const {
    const ArmSums rest{all_.n - treated.n, all_.y - treated.y, all_.yy - treated.yy,
                       all_.z - treated.z, all_.yz - treated.yz};
    if (!(treated.n > 0.0) || !(rest.n > 0.0)) return kInfinity;
    const Part t = part_of(treated, effect);
    const Part c = part_of(rest, effect);
    const double difference = t.mean - c.mean;
    if (statistic_ == PermutationStatistic::difference) return difference;
    if (t.n < 2.0 || c.n < 2.0) return kInfinity;
    const double variance = t.variance / t.n + c.variance / c.n;
    const double level = std::abs(t.mean) + std::abs(c.mean);
    if (variance <= 1e-24 * level * level)
      return std::abs(difference) <= 1e-12 * level ? 0.0 : kInfinity;
    return difference / std::sqrt(variance);
  }

  [[nodiscard]] std::int64_t as_extreme(double effect) const {
    const double limit = std::abs(statistic(observed_, effect)) * (1.0 - kTie);
    std::int64_t count = 0;
    for (const ArmSums& one : listed_) count += std::abs(statistic(one, effect)) >= limit ? 1 : 0;
    return count;
  }

  [[nodiscard]] double p(double effect) const {
    const auto b = static_cast<double>(as_extreme(effect));
    const auto n = static_cast<double>(listed_.size());
    return exact_ ? std::max(b, 1.0) / n : (b + 1.0) / (n + 1.0);
  }

  [[nodiscard]] std::int64_t n_assignments() const {
    return static_cast<std::int64_t>(listed_.size()) + (exact_ ? 0 : 1);
  }
  [[nodiscard]] double smallest_p() const { return 1.0 / static_cast<double>(n_assignments()); }

 private:
  ArmSums all_;
  ArmSums observed_;
  std::vector<ArmSums> listed_;
  bool exact_;
  PermutationStatistic statistic_;
};

numerics::Moments arm_moments(std::span<const double> values, std::span<const std::uint8_t> arms,
                              std::uint8_t arm) {
  numerics::Moments m;
  for (std::size_t i = 0; i < values.size(); ++i)
    if (arms[i] == arm) m.add(values[i]);
  return m;
}

/// Values and variances of the arms, before p and interval.
Result<stats::Contrast> without_inference(std::span<const double> values,
                                          std::span<const std::uint8_t> arms,
                                          const PermutationOptions& options) {
  const auto c = arm_moments(values, arms, 0);
  const auto t = arm_moments(values, arms, 1);
  if (options.statistic == PermutationStatistic::studentised && std::min(c.n, t.n) < 2) {
    return fail(ErrorCode::undefined_statistic,
                "a studentised permutation test needs two units in each arm", "",
                "take the difference as the statistic");
  }
  const auto squared_error = [](const numerics::Moments& m) {
    return m.n < 2 ? 0.0 : m.m2 / static_cast<double>(m.n - 1) / static_cast<double>(m.n);
  };
  stats::Contrast out;
  out.method = stats::Method::permutation;
  out.n_control = c.n;
  out.n_treatment = t.n;
  out.control_value = c.mean;
  out.treatment_value = t.mean;
  out.difference = t.mean - c.mean;
  out.values = {squared_error(c), squared_error(t), 0.0};
  out.std_error = std::sqrt(out.values.control_variance + out.values.treatment_variance);
  out.confidence_level = options.confidence_level;
  out.degrees_of_freedom = kInfinity;
  if (!(out.std_error > 0.0)) {
    return fail(ErrorCode::undefined_statistic,
                "no spread to judge a difference by: the values of both arms do not vary", "",
                "check that the metric varies between units");
  }
  out.statistic = out.difference / out.std_error;
  return out;
}

ArmSums sums_of(std::span<const double> centred, std::span<const std::uint8_t> observed,
                std::span<const std::uint8_t> arms) {
  ArmSums s;
  for (std::size_t i = 0; i < centred.size(); ++i) {
    const double in = arms[i];
    const double y = in * centred[i];
    s.n += in;
    s.y += y;
    s.yy += y * centred[i];
    s.z += in * observed[i];
    s.yz += y * observed[i];
  }
  return s;
}

}  // namespace

EffectInterval invert_test(const std::function<double(double effect)>& p_of_effect, double estimate,
                           double scale, double alpha) {
  const bool zero_inside = p_of_effect(0.0) >= alpha;
  const auto end = [&](double side) {
    const bool zero_on_this_side = -estimate * side > 0.0;
    double inside = zero_on_this_side && zero_inside ? 0.0 : estimate;
    double outside = 0.0;
    if (!zero_on_this_side || zero_inside) {
      double step = scale;
      outside = inside + side * step;
      while (p_of_effect(outside) >= alpha) {
        inside = outside;
        step *= 2.0;
        outside += side * step;
        if (step > kLongestSearch * scale) return side * kInfinity;
      }
    }
    for (int i = 0; i < 60; ++i) {
      const double middle = 0.5 * (inside + outside);
      (p_of_effect(middle) >= alpha ? inside : outside) = middle;
    }
    return inside;
  };
  return {end(-1.0), end(1.0)};
}

Result<RandomisationTest> randomisation_test(std::span<const double> values,
                                             std::span<const std::uint8_t> arms,
                                             const Mechanism& mechanism,
                                             const PermutationOptions& options,
                                             const Progress& progress) {
  ASSAY_CHECK(check(values, arms, mechanism, options));
  RandomisationTest out;
  ASSAY_TRY(out.contrast, without_inference(values, arms, options));
  std::vector<double> centred(values.begin(), values.end());
  double mean = 0.0;
  for (const double y : values) mean += y / static_cast<double>(values.size());
  for (double& y : centred) y -= mean;
  const std::vector<std::uint8_t> everyone(values.size(), 1);
  const Plan plan = plan_of(mechanism, options);
  std::vector<ArmSums> listed(plan.count);
  ASSAY_CHECK(for_each_assignment(mechanism, plan, options, progress,
                                  [&](std::size_t i, std::span<const std::uint8_t> drawn) {
                                    listed[i] = sums_of(centred, arms, drawn);
                                  }));
  const ListedTest test(sums_of(centred, arms, everyone), sums_of(centred, arms, arms),
                        std::move(listed), plan.exact, options.statistic);
  stats::Contrast& c = out.contrast;
  const double alpha = 1.0 - options.confidence_level;
  c.p_value = test.p(0.0);
  out.exact = plan.exact;
  out.n_assignments = test.n_assignments();
  out.n_as_extreme = test.as_extreme(0.0) + (plan.exact ? 0 : 1);
  const auto interval =
      invert_test([&](double effect) { return test.p(effect); }, c.difference, c.std_error, alpha);
  c.ci_low = interval.low;
  c.ci_high = interval.high;
  if (std::isinf(c.ci_low) || std::isinf(c.ci_high)) {
    c.notes.push_back({"few_assignments",
                       fmt::format("{} assignments cannot give a p-value below {} (the smallest is "
                                   "{:.3g}): the interval has no end",
                                   out.n_assignments, alpha, test.smallest_p())});
    c.lift_undefined = "the interval has no end; read the p-value";
    return out;
  }
  detail::add_implied_lift(c);
  detail::match_lift(c);
  return out;
}

Result<RandomisationTest> permutation_test(std::span<const double> control,
                                           std::span<const double> treatment,
                                           const PermutationOptions& options,
                                           const Progress& progress) {
  std::vector<double> values(control.begin(), control.end());
  values.insert(values.end(), treatment.begin(), treatment.end());
  std::vector<std::uint8_t> arms(control.size(), 0);
  arms.resize(values.size(), 1);
  if (control.empty() || treatment.empty()) {
    return fail(ErrorCode::undefined_statistic,
                fmt::format("both arms need a unit; got control {}, treatment {}", control.size(),
                            treatment.size()));
  }
  ASSAY_TRY(const auto mechanism, complete_randomisation(values.size(), treatment.size()));
  return randomisation_test(values, arms, mechanism, options, progress);
}

Result<RandomisationP> randomisation_p(std::span<const double> values,
                                       std::span<const std::uint8_t> arms,
                                       const Mechanism& mechanism, const Statistic& statistic,
                                       const PermutationOptions& options, double effect,
                                       const Progress& progress) {
  ASSAY_CHECK(check(values, arms, mechanism, options));
  std::vector<double> y(values.begin(), values.end());
  for (std::size_t i = 0; i < y.size(); ++i) y[i] -= effect * arms[i];
  RandomisationP out;
  out.observed = statistic(y, arms);
  if (!std::isfinite(out.observed))
    return fail(ErrorCode::undefined_statistic, "the statistic of the data does not exist");
  const Plan plan = plan_of(mechanism, options);
  const double limit = std::abs(out.observed) * (1.0 - kTie);
  std::atomic<std::int64_t> count{0};
  ASSAY_CHECK(for_each_assignment(mechanism, plan, options, progress,
                                  [&](std::size_t, std::span<const std::uint8_t> drawn) {
                                    if (!(std::abs(statistic(y, drawn)) < limit)) ++count;
                                  }));
  const std::int64_t own = plan.exact ? 0 : 1;
  out.exact = plan.exact;
  out.n_assignments = static_cast<std::int64_t>(plan.count) + own;
  out.n_as_extreme = count + own;
  out.p_value = static_cast<double>(out.n_as_extreme) / static_cast<double>(out.n_assignments);
  return out;
}

}  // namespace assay::resampling
