#include "assay/sequential/monitoring.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "assay/numerics/distributions.hpp"
#include "assay/sequential/detail/design_paths.hpp"
#include "assay/sequential/detail/quadrature.hpp"

namespace assay::sequential {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kSameFraction = 1e-9;
constexpr double kSmallestGrowth = 1e-4;  ///< As in design_group_sequential.
constexpr std::size_t kMostRepeated = 20;

Spending at_level(Spending spending, double share) {
  for (auto& point : spending.table) point.cumulative *= share;
  return spending;
}

/// What the plan's boundary spends, as a spending function.
Spending spending_of(const GroupSequentialDesign& planned) {
  if (planned.spec.boundary == Boundary::spending) return planned.spec.alpha_spending;
  Spending out{SpendingFamily::user, 0.0, {}};
  for (std::size_t k = 0; k < planned.information.size(); ++k)
    out.table.push_back({planned.information[k], planned.alpha_spent[k]});
  out.table.back().cumulative = planned.spec.alpha;
  return out;
}

/// The trial as far as it has come, in fractions of the maximum.
struct Course {
  const GroupSequentialDesign& planned;
  Spending spending;
  std::vector<double> fraction;
  bool ends = false;  ///< The last of them is final.
};

std::vector<double> alpha_by_look(const Course& course, double level) {
  const auto& spec = course.planned.spec;
  const Spending spending = at_level(course.spending, level / spec.alpha);
  std::vector<double> out;
  for (const double t : course.fraction) out.push_back(spent(spending, level, t, spec.sides));
  if (course.ends) out.back() = level;
  return out;
}

/// Given futility bounds at a fraction: straight between planned looks, none before the first.
double given_futility(const GroupSequentialDesign& planned, double fraction) {
  const auto& t = planned.information;
  const auto& f = planned.futility_bounds;
  const double none = detail::no_futility(planned.spec.sides);
  if (fraction < t[0] - kSameFraction) return none;
  for (std::size_t k = 0; k < t.size(); ++k) {
    if (std::abs(fraction - t[k]) <= kSameFraction) return f[k];
    if (fraction > t[k]) continue;
    if (k == 0 || !std::isfinite(f[k - 1])) return none;
    if (k + 1 == t.size() || !std::isfinite(f[k])) return f[k - 1];
    return f[k - 1] + (f[k] - f[k - 1]) * (fraction - t[k - 1]) / (t[k] - t[k - 1]);
  }
  return f.back();
}

struct CourseBounds {
  std::vector<double> critical;
  std::vector<double> futility;  ///< Empty: none planned.
};

CourseBounds bounds_of(const Course& course, double level) {
  const auto& spec = course.planned.spec;
  const std::vector<double> alpha = alpha_by_look(course, level);
  CourseBounds out;
  if (spec.futility && spec.futility->beta_spending) {
    std::vector<double> beta;
    for (const double t : course.fraction) beta.push_back(detail::beta_spent_at(course.planned, t));
    auto both =
        detail::bounds_at_drift(course.fraction, alpha, beta, spec.sides, spec.futility->binding,
                                course.ends, *course.planned.planned_drift);
    return {std::move(both.critical), std::move(both.futility)};
  }
  if (spec.futility) {
    for (const double t : course.fraction)
      out.futility.push_back(given_futility(course.planned, t));
    if (course.ends) out.futility.back() = detail::no_futility(spec.sides);
  }
  const bool binds = spec.futility && spec.futility->binding;
  out.critical = detail::bounds_from_spending(course.fraction, alpha, spec.sides,
                                              binds ? out.futility : std::vector<double>{});
  return out;
}

/// The level at which look `index` of a course has this critical value; 1 when there is none.
double level_of(const Course& course, std::size_t index, double z) {
  Course part{course.planned, course.spending, course.fraction, course.ends};
  part.ends = course.ends && index + 1 == course.fraction.size();
  part.fraction.resize(index + 1);
  // Beta spending would have to be planned anew at every level: without it the bound is the one
  // of a futility rule that does not bind.
  GroupSequentialDesign plain = course.planned;
  if (plain.spec.futility && plain.spec.futility->beta_spending) plain.spec.futility.reset();
  const Course simple{plain, part.spending, part.fraction, part.ends};
  const double most = course.planned.spec.sides == Sides::two ? 0.999 : 0.4995;
  const auto miss = [&](double log_level) {
    const double c = bounds_of(simple, std::exp(log_level)).critical.back();
    return std::min(c, 100.0) - z;
  };
  if (!(miss(std::log(most)) < 0.0)) return 1.0;
  const double low = std::log(1e-280);
  if (!(miss(low) > 0.0)) return std::exp(low);
  return std::exp(detail::find_root(miss, low, std::log(most), 1e-10));
}

Result<void> check_looks(const MonitoringPlan& plan, std::span<const ObservedLook> looks) {
  if (!(plan.maximum_information > 0.0) || !std::isfinite(plan.maximum_information)) {
    return fail(
        ErrorCode::invalid_spec,
        fmt::format("the maximum information must be above 0; got {}", plan.maximum_information));
  }
  if (!std::isfinite(plan.null_effect))
    return fail(ErrorCode::invalid_spec, "the null effect must be a finite number");
  if (looks.empty()) return fail(ErrorCode::invalid_data, "there is no look to read");
  double before = 0.0;
  for (std::size_t k = 0; k < looks.size(); ++k) {
    const ObservedLook& look = looks[k];
    const std::string where = fmt::format("look {}", k + 1);
    if (!std::isfinite(look.information) || !std::isfinite(look.estimate) ||
        !std::isfinite(look.std_error) || !(look.std_error > 0.0)) {
      return fail(ErrorCode::invalid_data,
                  fmt::format("a look needs information, an estimate and a standard error above 0; "
                              "got {}, {} and {}",
                              look.information, look.estimate, look.std_error),
                  where);
    }
    if (!(look.information > before)) {
      return fail(
          ErrorCode::invalid_data,
          fmt::format("information went {} from {} to {}",
                      look.information < before ? "down" : "nowhere", before, look.information),
          where, "give looks in the order they were made, with cumulative information");
    }
    if (look.information - before < kSmallestGrowth * look.information) {
      return fail(ErrorCode::invalid_data,
                  fmt::format("information grew by less than a ten-thousandth, from {} to {}",
                              before, look.information),
                  where, "leave out one of the two looks");
    }
    before = look.information;
    const bool more = look.information > plan.maximum_information * (1.0 + kSameFraction);
    if (more && !look.final) {
      return fail(ErrorCode::invalid_data,
                  fmt::format("information {} is more than the planned maximum {}",
                              look.information, plan.maximum_information),
                  where, "mark the look final: it then gets all the alpha that is left");
    }
    const bool ends =
        look.final || look.information >= plan.maximum_information * (1.0 - kSameFraction);
    if (ends && k + 1 < looks.size()) {
      return fail(
          ErrorCode::invalid_data,
          fmt::format("look {} ended the trial, yet {} more follow", k + 1, looks.size() - k - 1),
          where, "a trial that goes on past its maximum needs a new plan");
    }
  }
  return {};
}

LookDecision decide(const LookReading& look, Sides sides) {
  if (look.statistic >= look.critical_value) return LookDecision::reject_upper;
  if (sides == Sides::two && look.statistic <= -look.critical_value)
    return LookDecision::reject_lower;
  if (look.final) return LookDecision::no_rejection;
  const double z = sides == Sides::two ? std::abs(look.statistic) : look.statistic;
  if (look.futility_bound && z <= *look.futility_bound) return LookDecision::stop_futility;
  return LookDecision::go_on;
}

LookReading read_look(const MonitoringPlan& plan, const ObservedLook& look) {
  LookReading out;
  out.information = look.information;
  out.fraction = look.information / plan.maximum_information;
  out.estimate = look.estimate;
  out.std_error = look.std_error;
  out.statistic = (look.estimate - plan.null_effect) / look.std_error;
  out.final = look.final || out.fraction >= 1.0 - kSameFraction;
  out.naive_p_value = plan.design.sides == Sides::two
                          ? 2.0 * numerics::normal_sf(std::abs(out.statistic))
                          : numerics::normal_sf(out.statistic);
  return out;
}

Result<void> infer(const MonitoringPlan& plan, const CourseBounds& bounds, Monitoring& out) {
  StoppedTrial trial;
  const std::size_t last = *out.stopped_at;
  for (std::size_t k = 0; k <= last; ++k) {
    trial.information.push_back(out.looks[k].information);
    trial.critical_values.push_back(bounds.critical[k]);
    if (plan.design.futility && plan.design.futility->binding)
      trial.futility_bounds.push_back(bounds.futility[k]);
  }
  trial.sides = plan.design.sides;
  trial.estimate = out.looks[last].estimate;
  trial.std_error = out.looks[last].std_error;
  trial.null_effect = plan.null_effect;
  trial.alpha = plan.design.alpha;
  ASSAY_TRY(out.inference, stagewise_inference(trial));
  return {};
}

void look_ahead(const GroupSequentialDesign& planned, const Course& course, Monitoring& out) {
  Course whole{planned, course.spending, course.fraction, true};
  for (const double t : planned.information)
    if (t - course.fraction.back() >= kSmallestGrowth * t) whole.fraction.push_back(t);
  if (whole.fraction.back() < 1.0 - kSameFraction) return;  // All but there: nothing to plan.
  const auto bounds = bounds_of(whole, planned.spec.alpha);
  for (std::size_t k = course.fraction.size(); k < whole.fraction.size(); ++k) {
    out.next_information.push_back(whole.fraction[k]);
    out.next_critical_values.push_back(bounds.critical[k]);
  }
  GroupSequentialDesign design = planned;
  design.information = whole.fraction;
  design.critical_values = bounds.critical;
  design.futility_bounds = bounds.futility;
  if (!design.futility_bounds.empty()) design.futility_bounds.back() = bounds.critical.back();
  design.alpha_spent = alpha_by_look(whole, planned.spec.alpha);
  design.stage_levels.clear();
  for (const double c : bounds.critical) design.stage_levels.push_back(numerics::normal_sf(c));
  out.course = std::move(design);
}

void add_repeated_p(const Course& course, Monitoring& out) {
  double smallest = 1.0;
  const std::size_t looks = out.looks.size();
  for (std::size_t k = 0; k < looks; ++k) {
    LookReading& look = out.looks[k];
    if (looks <= kMostRepeated || k + 1 == looks || out.stopped_at == k) {
      const bool two = course.planned.spec.sides == Sides::two;
      look.repeated_p_value = level_of(course, k, two ? std::abs(look.statistic) : look.statistic);
      smallest = std::min(smallest, *look.repeated_p_value);
    }
    look.adjusted_p_value = smallest;
  }
}

}  // namespace

std::string_view to_text(LookDecision decision) {
  switch (decision) {
    case LookDecision::go_on:
      return "go on";
    case LookDecision::reject_upper:
      return "stop: effect above";
    case LookDecision::reject_lower:
      return "stop: effect below";
    case LookDecision::stop_futility:
      return "stop: futility";
    case LookDecision::no_rejection:
      break;
  }
  return "ended without rejection";
}

Result<Monitoring> monitor(const MonitoringPlan& plan, std::span<const ObservedLook> looks) {
  ASSAY_TRY(const auto planned, design_group_sequential(plan.design));
  ASSAY_CHECK(check_looks(plan, looks));
  Monitoring out;
  Course course{planned, spending_of(planned), {}, false};
  for (const ObservedLook& look : looks) {
    out.looks.push_back(read_look(plan, look));
    course.fraction.push_back(out.looks.back().fraction);
  }
  course.ends = out.looks.back().final;
  const CourseBounds bounds = bounds_of(course, plan.design.alpha);
  const std::vector<double> alpha = alpha_by_look(course, plan.design.alpha);
  for (std::size_t k = 0; k < out.looks.size(); ++k) {
    LookReading& look = out.looks[k];
    look.critical_value = bounds.critical[k];
    look.alpha_spent = alpha[k];
    if (!bounds.futility.empty() && !look.final) {
      const double f = bounds.futility[k];
      if (plan.design.sides == Sides::two ? f > 0.0 : std::isfinite(f)) look.futility_bound = f;
    }
    look.repeated_ci_low = look.estimate - look.critical_value * look.std_error;
    look.repeated_ci_high = look.estimate + look.critical_value * look.std_error;
    look.decision = decide(look, plan.design.sides);
    if (look.decision != LookDecision::go_on && !out.stopped_at) {
      out.stopped_at = k;
      out.verdict = look.decision;
    }
  }
  out.alpha_left = plan.design.alpha - alpha.back();
  const LookReading& last = out.looks.back();
  out.over_run = last.fraction > 1.0 + kSameFraction;
  out.under_run = last.final && last.fraction < 1.0 - kSameFraction;
  if (out.stopped_at) {
    out.looks_after_stop = static_cast<std::int64_t>(out.looks.size() - 1 - *out.stopped_at);
    ASSAY_CHECK(infer(plan, bounds, out));
  }
  if (!last.final) look_ahead(planned, course, out);
  add_repeated_p(course, out);
  return out;
}

Result<double> repeated_p_value(const GroupSequentialSpec& spec, std::size_t index,
                                double statistic) {
  ASSAY_TRY(const auto planned, design_group_sequential(spec));
  if (index >= planned.information.size() || !std::isfinite(statistic)) {
    return fail(ErrorCode::invalid_spec,
                fmt::format("look {} of {} with statistic {} cannot be read", index + 1,
                            planned.information.size(), statistic));
  }
  const double z = spec.sides == Sides::two ? std::abs(statistic) : statistic;
  if (spec.boundary == Boundary::spending) {
    const Course course{planned, spec.alpha_spending, planned.information, true};
    return level_of(course, index, z);
  }
  const auto miss = [&](double log_level) {
    GroupSequentialSpec other = spec;
    other.alpha = std::exp(log_level);
    const auto made = design_group_sequential(other);
    return made ? made->critical_values[index] - z : kInfinity;
  };
  const double most = std::log(spec.sides == Sides::two ? 0.999 : 0.4995);
  double low = std::log(1e-250);
  if (spec.boundary == Boundary::haybittle_peto) {
    // Before the last look the bound is fixed: alpha cannot move it.
    if (index + 1 < planned.information.size())
      return z >= spec.early_critical_value ? planned.alpha_spent[index] : 1.0;
    const double early =
        planned.information.size() > 1 ? planned.alpha_spent[planned.information.size() - 2] : 0.0;
    low = std::log(std::max(early * (1.0 + 1e-9), 1e-250));
  }
  if (!(miss(most) < 0.0)) return 1.0;
  if (!(miss(low) > 0.0)) return std::exp(low);
  return std::exp(detail::find_root(miss, low, most, 1e-10));
}

}  // namespace assay::sequential
