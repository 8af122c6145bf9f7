#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "assay/readout/detail/experiment_blocks.hpp"

namespace assay::readout::detail {

using report::Chart;
using report::Number;
using report::Section;

namespace {

report::SeriesPoint day_point(Day day, const std::optional<stats::Contrast>& contrast) {
  report::SeriesPoint point{.x = day_text(day)};
  if (!contrast || !contrast->lift) {
    point.estimate = point.low = point.high = Number::undefined("no effect is defined yet");
    return point;
  }
  point.estimate = contrast->lift->estimate;
  point.low = contrast->lift->ci_low;
  point.high = contrast->lift->ci_high;
  return point;
}

Chart over_time_chart(const ExperimentEvidence& evidence, const experiment::DailySeries& series) {
  const std::string& name = evidence.plan.metrics[series.metric].name;
  report::Series cumulative{.name = arm_name(evidence, series.arm)};
  report::Series daily = cumulative;
  for (const experiment::DayEffect& day : series.days) {
    cumulative.points.push_back(day_point(day.day, day.cumulative));
    daily.points.push_back(day_point(day.day, day.daily));
  }
  report::TimeSeriesBand spec;
  spec.views = {{"cumulative", {std::move(cumulative)}}, {"daily", {std::move(daily)}}};
  spec.reference = 0.0;
  return {.title = fmt::format("Effect on {} over time", name),
          .x_title = "day of the experiment",
          .y_title = "relative change",
          .y_format = report::NumberFormat::relative(),
          .how_to_read =
              "A band wholly above or below the line is an effect on that day; without "
              "covariates, so wider than the scorecard.",
          .spec = std::move(spec)};
}

}  // namespace

std::optional<Section> over_time_section(const ExperimentEvidence& evidence) {
  Section section{"Effect over time", report::Layer::evidence, {}};
  for (const experiment::DailySeries& series : evidence.analysis.daily)
    section.blocks.emplace_back(over_time_chart(evidence, series));
  if (section.blocks.empty()) return std::nullopt;
  return section;
}

std::optional<Section> retention_section(const ExperimentEvidence& evidence) {
  report::RetentionCurve curve;
  for (const std::string& arm : evidence.plan.query.arms) curve.arms.push_back({arm, {}});
  for (const experiment::ShareOfArm& share : evidence.analysis.retention_curve) {
    if (!share.interval) continue;
    curve.arms[share.arm].points.push_back(
        {share.k, share.interval->estimate, share.interval->low, share.interval->high});
  }
  if (curve.arms.front().points.empty()) return std::nullopt;
  return Section{"Retention",
                 report::Layer::evidence,
                 {Chart{.title = "Back on day N after the start",
                        .x_title = "local days after the start",
                        .y_title = "share of users whose day is complete",
                        .y_format = report::NumberFormat::percent(),
                        .how_to_read = "Each point is the share that came back on exactly that "
                                       "day; bands are Wilson intervals.",
                        .spec = std::move(curve)}}};
}

std::optional<Section> funnel_section(const ExperimentEvidence& evidence) {
  if (evidence.plan.funnel_steps.empty()) return std::nullopt;
  report::FunnelChart funnel;
  for (const std::string& arm : evidence.plan.query.arms) funnel.arms.push_back({arm, {}});
  for (const experiment::CurvePoint& step : evidence.plan.funnel_steps)
    funnel.steps.push_back(step.name);
  for (const experiment::ShareOfArm& share : evidence.analysis.funnel) {
    report::FunnelChart::Stage stage{.count = share.count};
    stage.rate = stage.low = stage.high = Number::undefined("no unit");
    if (share.interval) {
      stage.rate = share.interval->estimate;
      stage.low = share.interval->low;
      stage.high = share.interval->high;
    }
    funnel.arms[share.arm].stages.push_back(stage);
  }
  return Section{"Funnel",
                 report::Layer::evidence,
                 {Chart{.title = fmt::format("Funnel {}", evidence.plan.funnel),
                        .x_title = "step",
                        .y_title = "share of all analysed users",
                        .y_format = report::NumberFormat::percent(),
                        .how_to_read = "Every step is over all analysed users of the arm, so arms "
                                       "can be compared step by step.",
                        .spec = std::move(funnel)}}};
}

std::optional<Section> segments_section(const ExperimentEvidence& evidence) {
  Section section{"Segments", report::Layer::evidence, {}};
  for (std::size_t m = 0; m < evidence.plan.metrics.size(); ++m) {
    const experiment::PlannedMetric& metric = evidence.plan.metrics[m];
    if (metric.role != spec::MetricRole::primary) continue;
    report::EffectIntervals forest;
    for (const experiment::SegmentResult& row : evidence.analysis.segments) {
      if (row.metric != m) continue;
      const experiment::PlannedSegment& segment = evidence.plan.segments[row.segment];
      report::EffectIntervals::Row line{
          .name = row.value.empty() ? "(missing)" : row.value,
          .group = segment.name + (segment.pre_registered ? "" : " (exploratory)"),
          .words = std::string(experiment::to_text(row.reading))};
      if (evidence.plan.query.arms.size() > 2) line.name += " " + arm_name(evidence, row.arm);
      if (row.contrast && row.contrast->lift) {
        line.estimate = row.contrast->lift->estimate;
        line.low = row.contrast->lift->ci_low;
        line.high = row.contrast->lift->ci_high;
      } else {
        line.estimate = line.low = line.high = Number::undefined(
            row.contrast ? row.contrast->lift_undefined : row.contrast.error().problem);
      }
      if (row.reading == experiment::Reading::better) line.mark = report::Mark::good;
      if (row.reading == experiment::Reading::worse) line.mark = report::Mark::bad;
      forest.rows.push_back(std::move(line));
    }
    if (forest.rows.empty()) continue;
    section.blocks.emplace_back(
        Chart{.title = fmt::format("{} by segment", metric.name),
              .x_title = "relative change",
              .x_format = report::NumberFormat::relative(),
              .y_format = report::NumberFormat::relative(),
              .how_to_read = "A bar that does not touch the line is an effect before correction; "
                             "the word beside it is the reading after correction (Holm for "
                             "pre-registered segments, the exploratory rule for others).",
              .spec = std::move(forest)});
  }
  if (section.blocks.empty()) return std::nullopt;
  return section;
}

}  // namespace assay::readout::detail
