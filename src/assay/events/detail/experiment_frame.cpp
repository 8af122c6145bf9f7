#include "assay/events/detail/experiment_frame.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>

namespace assay::events::detail {
namespace {

constexpr std::int64_t kMaxDays = 100'000;

/// The days from the first pre-period to the end of the period.
Result<DayGrid> grid_of(const ExperimentPlan& plan) {
  std::int64_t before = 0;
  for (const Outcome& metric : plan.metrics)
    if (metric.with_covariate()) before = std::max(before, metric.covariate_us);
  if (plan.period.end <= plan.period.begin)
    return fail(ErrorCode::invalid_spec, "the period ends before it begins", "period");
  TimeUs begin = 0;
  std::int64_t length = 0;
  if (__builtin_sub_overflow(plan.period.begin, before, &begin) ||
      __builtin_sub_overflow(plan.period.end, begin, &length) || length / kDayUs > kMaxDays)
    return fail(ErrorCode::invalid_spec, "the period with its pre-period is too long", "period",
                "use at most " + std::to_string(kMaxDays) + " days");
  return DayGrid(plan.timezone, {begin, plan.period.end});
}

/// The ceil(n p)-th smallest of the values and zeros put together.
std::optional<double> quantile(ExperimentUnits::Values& values, double p, bool ignore_zeros) {
  auto& x = values.nonzero;
  if (ignore_zeros) {
    std::erase_if(x, [](double v) { return v < 0.0; });
    values.zeros = 0;
  }
  const auto n = static_cast<std::int64_t>(x.size()) + values.zeros;
  if (n == 0) return std::nullopt;
  const auto negative = std::count_if(x.begin(), x.end(), [](double v) { return v < 0.0; });
  const auto wanted = static_cast<std::int64_t>(std::ceil(static_cast<double>(n) * p));
  std::int64_t rank = std::clamp<std::int64_t>(wanted, 1, n) - 1;  // From 0.
  if (rank >= negative && rank < negative + values.zeros) return 0.0;
  if (rank >= negative) rank -= values.zeros;
  std::nth_element(x.begin(), x.begin() + rank, x.end());
  return x[static_cast<std::size_t>(rank)];
}

}  // namespace

Result<ExperimentFrame> frame_of(const ExperimentPlan& plan, const ExperimentProgram& program,
                                 const DayProgram* days) {
  ASSAY_TRY(DayGrid grid, grid_of(plan));
  std::vector<EventSet> roles = {plan.assignment};
  if (plan.exposure) roles.push_back(*plan.exposure);
  const std::size_t first = grid.at(plan.period.begin);
  return ExperimentFrame{plan,
                         program,
                         days,
                         std::move(grid),
                         first,
                         {roles, plan.inputs.filters},
                         {plan.first_events, plan.inputs.filters}};
}

Result<std::vector<std::optional<double>>> find_caps(const ScanContext& context,
                                                     const ExperimentPlan& plan) {
  std::vector<std::optional<double>> caps(plan.metrics.size());
  ExperimentPlan only = plan;
  only.metrics.clear();
  only.segments.clear();
  only.daily = false;
  only.ages = 0;
  only.cluster.reset();
  only.segment_pairs = false;
  only.first_events.clear();
  std::vector<std::size_t> metrics;
  for (std::size_t m = 0; m < plan.metrics.size(); ++m) {
    caps[m] = plan.metrics[m].cap_value;
    if (!plan.metrics[m].cap_quantile) continue;
    metrics.push_back(m);
    only.metrics.push_back(plan.metrics[m]);
    only.metrics.back().covariate_us = 0;
  }
  if (metrics.empty()) return caps;
  const std::vector<std::optional<double>> none(metrics.size());
  ASSAY_TRY(const ExperimentProgram program, compile_program(only, none));
  ASSAY_TRY(const ExperimentFrame frame, frame_of(only, program, nullptr));
  std::vector<ExperimentUnits::Values> all(metrics.size());
  ASSAY_CHECK(scan(
      context, plan.inputs.properties, "experiment: caps",
      [&] { return std::make_unique<ExperimentUnits>(frame); },
      [](const PartitionView& view, ExperimentUnits& units) { return units.gather(view); },
      [&](const std::vector<ExperimentUnits::Values>& part) {
        for (std::size_t i = 0; i < all.size(); ++i) {
          all[i].nonzero.insert(all[i].nonzero.end(), part[i].nonzero.begin(),
                                part[i].nonzero.end());
          all[i].zeros += part[i].zeros;
        }
      }));
  for (std::size_t i = 0; i < metrics.size(); ++i) {
    const Outcome& metric = plan.metrics[metrics[i]];
    caps[metrics[i]] = quantile(all[i], *metric.cap_quantile, metric.cap_ignores_zeros);
  }
  return caps;
}

}  // namespace assay::events::detail
