#include "assay/events/unit_rows.hpp"

#include <atomic>
#include <memory>
#include <utility>

#include "assay/events/detail/experiment_frame.hpp"

namespace assay::events {
namespace {

using detail::ExperimentFrame;
using detail::ExperimentUnits;

template <class T>
void append(std::vector<T>& all, const std::vector<T>& part) {
  all.insert(all.end(), part.begin(), part.end());
}

void append(UnitRows& all, const UnitRows& part) {
  append(all.units, part.units);
  append(all.arms, part.arms);
  append(all.no_history, part.no_history);
  append(all.anchor_us, part.anchor_us);
  append(all.clusters, part.clusters);
  for (std::size_t e = 0; e < all.first_us.size(); ++e) append(all.first_us[e], part.first_us[e]);
  for (std::size_t s = 0; s < all.segments.size(); ++s) append(all.segments[s], part.segments[s]);
  for (std::size_t m = 0; m < all.metrics.size(); ++m) {
    append(all.metrics[m].mature, part.metrics[m].mature);
    append(all.metrics[m].y, part.metrics[m].y);
    append(all.metrics[m].d, part.metrics[m].d);
    append(all.metrics[m].x, part.metrics[m].x);
    append(all.metrics[m].z, part.metrics[m].z);
  }
}

UnitRows no_rows(const ExperimentPlan& plan) {
  UnitRows rows;
  rows.segments.resize(plan.segments.size());
  rows.metrics.resize(plan.metrics.size());
  rows.first_us.resize(plan.first_events.size());
  return rows;
}

}  // namespace

Result<UnitRows> unit_rows(const ScanContext& context, const ExperimentPlan& plan,
                           std::int64_t max_units) {
  UnitRows rows = no_rows(plan);
  ASSAY_TRY(rows.caps, detail::find_caps(context, plan));
  const std::vector<std::optional<double>> uncapped(plan.metrics.size());
  ASSAY_TRY(const detail::ExperimentProgram program, detail::compile_program(plan, uncapped));
  ASSAY_TRY(const ExperimentFrame frame, detail::frame_of(plan, program, nullptr));
  std::uint32_t partition = 0;
  std::atomic<std::int64_t> seen = 0;
  ASSAY_CHECK(scan(
      context, plan.inputs.properties, "unit table",
      [&] { return std::make_unique<ExperimentUnits>(frame); },
      [&](const PartitionView& view, ExperimentUnits& units) {
        UnitRows part = units.rows(view);
        seen += part.found;
        if (seen > max_units) {  // No use in keeping what is not handed out.
          const std::int64_t found = part.found;
          part = no_rows(plan);
          part.found = found;
        }
        return part;
      },
      [&](UnitRows part) {
        for (UnitPlace& place : part.units) place.partition = partition;
        ++partition;
        rows.found += part.found;
        append(rows, part);
      }));
  if (rows.found <= max_units) return rows;
  UnitRows none = no_rows(plan);
  none.found = rows.found;
  return none;
}

}  // namespace assay::events
