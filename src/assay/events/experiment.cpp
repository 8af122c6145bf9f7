#include "assay/events/experiment.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <tuple>
#include <utility>

#include "assay/events/detail/experiment_frame.hpp"
#include "assay/events/detail/experiment_units.hpp"

namespace assay::events {
namespace {

using detail::CellPool;
using detail::CellWord;
using detail::ExperimentFrame;
using detail::ExperimentPartial;
using detail::ExperimentUnits;
using numerics::CoMoments;

/// The moments of some variables of a cell; a last one that is constant in the cell on request.
CoMoments extract(const detail::RowLayout& layout, const detail::Variables& variables,
                  const CellPool& pool, std::size_t cell, std::optional<double> constant) {
  const std::size_t kept = variables.size();
  CoMoments moments(kept + (constant ? 1 : 0));
  moments.n = pool.rows(cell);
  for (std::size_t i = 0; i < kept; ++i) {
    moments.mean[i] = pool.means(cell)[variables[i]];
    for (std::size_t j = i; j < kept; ++j)
      moments.comoment[CoMoments::index(i, j, moments.size())] =
          pool.products(cell)[layout.product(variables[i], variables[j])];
  }
  if (constant) moments.mean[kept] = *constant;
  return moments;
}

/// Merges a cell into the moments of a metric, unless it is immature there: then false.
bool add_cell(const ExperimentFrame& frame, const CellPool& pool, std::size_t cell,
              std::uint64_t word, std::size_t metric, CoMoments& moments) {
  if (CellWord::immature(word, frame.program.maturity[metric])) return false;
  std::optional<double> no_history;
  if (frame.plan.metrics[metric].with_covariate())
    no_history = (word & CellWord::kNoHistory) != 0 ? 1.0 : 0.0;
  moments.merge(
      extract(frame.program.layout, frame.program.variables[metric], pool, cell, no_history));
  return true;
}

/// The moments of a day or age: active units have rows, the others did nothing.
std::vector<CoMoments> with_idle(const ExperimentFrame& frame, const CellPool& pool,
                                 std::size_t cell, std::int64_t units) {
  std::vector<CoMoments> metrics;
  for (const detail::Variables& variables : frame.days->variables) {
    metrics.push_back(extract(frame.days->layout, variables, pool, cell, std::nullopt));
    if (variables.empty())
      metrics.back().n = 0;
    else
      metrics.back().add_zeros(units - pool.rows(cell));
  }
  return metrics;
}

MomentsByArm no_moments(const ExperimentPlan& plan) {
  std::vector<CoMoments> metrics;
  for (const Outcome& metric : plan.metrics) metrics.emplace_back(metric.variables());
  return MomentsByArm(plan.arm_codes.size(), metrics);
}

/// Adds a margin to the moments of its arm; immature metrics are counted instead.
void add_margin(const ExperimentFrame& frame, const ExperimentPartial& sums, std::size_t margin,
                MomentsByArm& moments, std::vector<std::vector<std::int64_t>>* immature) {
  const std::uint64_t word = sums.margins.key(margin)[2];
  const std::size_t arm = CellWord::arm(word);
  for (std::size_t m = 0; m < frame.plan.metrics.size(); ++m)
    if (!add_cell(frame, sums.moments, margin, word, m, moments[arm][m]) && immature != nullptr)
      (*immature)[arm][m] += sums.moments.rows(margin);
}

Result<void> write_margins(const ExperimentFrame& frame, const ExperimentPartial& sums,
                           std::size_t max_values, ExperimentTotals& totals) {
  const std::size_t arms = frame.plan.arm_codes.size();
  std::vector<std::size_t> order(sums.margins.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    const auto x = sums.margins.key(a);
    const auto y = sums.margins.key(b);
    return std::lexicographical_compare(x.begin(), x.end(), y.begin(), y.end());
  });
  totals.overall = no_moments(frame.plan);
  totals.immature.assign(arms, std::vector<std::int64_t>(frame.plan.metrics.size(), 0));
  totals.segments.resize(frame.plan.segments.size());
  for (const std::size_t margin : order) {
    const auto key = sums.margins.key(margin);
    if (key[0] == 0) {
      add_margin(frame, sums, margin, totals.overall, &totals.immature);
      continue;
    }
    auto& values = totals.segments[key[0] - 1];
    if (values.empty() || values.back().key != key[1]) {
      if (values.size() == max_values)
        return fail(ErrorCode::invalid_spec,
                    "a segment dimension has more than " + std::to_string(max_values) + " values",
                    "segment " + std::to_string(key[0]), "choose a property with fewer values");
      values.push_back({key[1], std::vector<std::int64_t>(arms, 0), no_moments(frame.plan)});
    }
    values.back().assigned[CellWord::arm(key[2])] += sums.assigned[margin];
    add_margin(frame, sums, margin, values.back().moments, nullptr);
  }
  return {};
}

void write_days(const ExperimentFrame& frame, const ExperimentPartial& sums,
                ExperimentTotals& totals) {
  const std::size_t arms = frame.plan.arm_codes.size();
  const std::size_t days = frame.period_days();
  totals.first_day = frame.grid.first_day() + static_cast<Day>(frame.first_position);
  for (std::size_t day = 0; day < days; ++day) {
    const auto row = sums.assigned_by_day.begin() + static_cast<std::ptrdiff_t>(day * arms);
    totals.assigned_by_day.emplace_back(row, row + static_cast<std::ptrdiff_t>(arms));
  }
  if (!sums.daily) return;
  std::vector<std::int64_t> anchored(arms, 0);  // Analysed units with an anchor up to the day.
  for (std::size_t day = 0; day < days; ++day) {
    MomentsByArm& daily = totals.daily.emplace_back();
    MomentsByArm& cumulative = totals.cumulative.emplace_back();
    for (std::size_t arm = 0; arm < arms; ++arm) {
      const std::size_t cell = day * arms + arm;
      anchored[arm] += sums.anchored_by_day[cell];
      daily.push_back(with_idle(frame, *sums.daily, cell, anchored[arm]));
      cumulative.push_back(with_idle(frame, *sums.cumulative, cell, anchored[arm]));
    }
  }
}

void write_ages(const ExperimentFrame& frame, const ExperimentPartial& sums,
                ExperimentTotals& totals) {
  if (!sums.age_daily) return;
  const std::size_t arms = frame.plan.arm_codes.size();
  totals.age_daily.resize(frame.plan.ages, MomentsByArm(arms));
  totals.age_cumulative = totals.age_daily;
  for (std::size_t arm = 0; arm < arms; ++arm) {
    std::int64_t complete = 0;  // Units whose day of the age has ended: fewer with every age.
    for (std::size_t age = frame.plan.ages; age-- > 0;) {
      const std::size_t cell = age * arms + arm;
      complete += sums.complete_ages[cell + arms];
      totals.age_daily[age][arm] = with_idle(frame, *sums.age_daily, cell, complete);
      totals.age_cumulative[age][arm] = with_idle(frame, *sums.age_cumulative, cell, complete);
    }
  }
}

Result<void> write_clusters(const ExperimentFrame& frame, const ExperimentPartial& partial,
                            ExperimentTotals& totals) {
  if (!partial.clusters) return {};
  const detail::ClusterSums& sums = *partial.clusters;
  if (sums.too_many())
    return fail(ErrorCode::invalid_spec,
                "there are more than " + std::to_string(frame.plan.max_clusters) + " clusters",
                "cluster", "choose a property with fewer values, or raise the limit");
  std::vector<std::size_t> order(sums.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  const auto cell_of = [&](std::size_t i) {
    return std::pair(sums.cluster(i), CellWord::arm(sums.word(i)));
  };
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return std::tuple(cell_of(a), sums.word(a)) < std::tuple(cell_of(b), sums.word(b));
  });
  ClusterTotals& out = totals.clusters.emplace();
  out.without = sums.without;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const auto [cluster, arm] = cell_of(order[i]);
    if (i == 0 || cell_of(order[i - 1]) != cell_of(order[i])) {
      out.keys.push_back(cluster);
      out.arms.push_back(static_cast<std::uint8_t>(arm));
      out.assigned.push_back(0);
      out.analysed.push_back(0);
    }
    out.assigned.back() += sums.assigned(order[i]);
    if ((sums.word(order[i]) & CellWord::kAnalysed) != 0)
      out.analysed.back() += sums.assigned(order[i]);
  }
  for (std::size_t m = 0; m < frame.plan.metrics.size(); ++m) {
    const std::size_t variables = frame.plan.metrics[m].variables();
    numerics::CoMomentColumns& columns = out.metrics.emplace_back(variables, out.keys.size());
    CoMoments moments(variables);
    std::size_t cell = 0;
    for (std::size_t i = 0; i < order.size(); ++i) {
      if (i > 0 && cell_of(order[i - 1]) != cell_of(order[i])) {
        columns.set(cell++, moments);
        moments = CoMoments(variables);
      }
      add_cell(frame, sums.moments(), order[i], sums.word(order[i]), m, moments);
    }
    if (!order.empty()) columns.set(cell, moments);
  }
  return {};
}

Result<void> write_pairs(const ExperimentFrame& frame, const ExperimentPartial& partial,
                         ExperimentTotals& totals) {
  const std::size_t dimensions = frame.plan.segments.size();
  if (!partial.pairs) return {};
  const auto too_many = [&] {
    return fail(ErrorCode::invalid_spec,
                "two segment dimensions have more than " +
                    std::to_string(frame.plan.max_pair_cells) + " combinations of values",
                "segments", "choose properties with fewer values");
  };
  const detail::PairCounts& counts = *partial.pairs;
  if (counts.too_many()) return too_many();
  for (std::size_t i = 0; i < dimensions; ++i)
    for (std::size_t j = i + 1; j < dimensions; ++j) totals.pairs.push_back({i, j, {}, {}, {}});
  std::vector<std::size_t> order(counts.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    const auto x = counts.key(a);
    const auto y = counts.key(b);
    return std::lexicographical_compare(x.begin(), x.end(), y.begin(), y.end());
  });
  for (const std::size_t at : order) {
    const auto key = counts.key(at);
    PairTotals& pair = totals.pairs[key[0]];
    if (pair.first_keys.empty() || pair.first_keys.back() != key[1] ||
        pair.second_keys.back() != key[2]) {
      if (pair.first_keys.size() == frame.plan.max_pair_cells) return too_many();
      pair.first_keys.push_back(key[1]);
      pair.second_keys.push_back(key[2]);
      pair.assigned.emplace_back(frame.plan.arm_codes.size(), 0);
    }
    pair.assigned.back()[key[3]] += counts.units(at);
  }
  return {};
}

}  // namespace

Result<ExperimentTotals> experiment(const ScanContext& context, const ExperimentPlan& plan,
                                    std::size_t max_segment_values) {
  ExperimentTotals totals;
  ASSAY_TRY(totals.caps, detail::find_caps(context, plan));
  ASSAY_TRY(const detail::ExperimentProgram program, detail::compile_program(plan, totals.caps));
  std::optional<detail::DayProgram> days;
  if (plan.daily || plan.ages > 0) days = detail::compile_days(plan);
  ASSAY_TRY(const ExperimentFrame frame, detail::frame_of(plan, program, days ? &*days : nullptr));
  ExperimentPartial sums(frame);
  ASSAY_CHECK(scan(
      context, plan.inputs.properties, "experiment",
      [&] { return std::make_unique<ExperimentUnits>(frame); },
      [](const PartitionView& view, ExperimentUnits& units) { return units.take(view); },
      [&](const ExperimentPartial& partial) { sums.merge(partial); }));
  totals.arms = sums.arms;
  totals.both_arms = sums.both_arms;
  totals.unknown_variant = sums.unknown_variant;
  ASSAY_CHECK(write_margins(frame, sums, max_segment_values, totals));
  write_days(frame, sums, totals);
  write_ages(frame, sums, totals);
  ASSAY_CHECK(write_clusters(frame, sums, totals));
  ASSAY_CHECK(write_pairs(frame, sums, totals));
  return totals;
}

}  // namespace assay::events
