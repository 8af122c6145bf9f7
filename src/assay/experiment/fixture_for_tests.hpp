#pragma once

#include <string>
#include <utility>
#include <vector>

#include "assay/experiment/plan.hpp"
#include "assay/spec/load.hpp"

/// A small project and experiment that the tests of several rooms share.
namespace assay::experiment::testing {

inline const char* const kProject = R"(version: 1
name: tiny
sources:
  - name: events
    type: parquet
    path: "events.parquet"
    entities: [{name: user, type: primary, expr: user_id}]
    event_name: event
    event_time: {expr: ts, unit: us}
    properties: {minutes: double, country: dict, version: dict, variant: dict}
metrics:
  - name: watch
    type: mean
    numerator: {event: play, agg: sum, column: minutes}
  - {name: likes, type: mean, numerator: {event: like, agg: count}, direction: increase}
  - {name: shares, type: mean, numerator: {event: share, agg: count}, direction: increase}
  - {name: crashes, type: mean, numerator: {event: crash, agg: count}, direction: decrease}
)";

inline const char* const kExperiment = R"(version: 1
experiment: tiny_test
unit: user
assignment: {event: assigned, variant: variant}
arms: {control: 0.5, treatment: 0.5}
period: {start: 2026-05-04, end: 2026-05-17, timezone: UTC}
metrics:
  primary: [watch]
  secondary: [likes, shares]
  guardrails: [{metric: crashes, margin: 0.1, scale: absolute}]
segments: {pre_registered: [country]}
analysis: {alpha: 0.05, adjustment: {method: none}}
checks:
  sample_ratio: {alpha: 0.001, by: [version]}
  both_arms: {max_share: 0.001}
decision:
  - {verdict: invalid, when: {any_check_failed: true}}
  - {verdict: do_not_ship, when: {any_guardrail: harmed}}
  - verdict: ship
    when: {all_primary: {significant: true, lift_at_least: 0.01}, all_guardrails: non_inferior,
           segments_not_harmed: [country]}
  - {verdict: extend, when: {any_primary: undecided, period_left: true}}
  - {verdict: iterate}
)";

struct Fixture {
  spec::Project project;
  spec::Experiment spec;
  Plan plan;
};

/// Loads the texts above (or another experiment); throws nothing, tests look at the Result.
inline Result<Fixture> make_fixture(const std::string& experiment = kExperiment,
                                    const std::string& complete_until = "2026-05-18") {
  Fixture out;
  ASSAY_TRY(out.project, spec::load_project_text({{"assay.yaml", kProject}}));
  ASSAY_TRY(out.spec, spec::load_experiment_text({"tiny.yaml", experiment}, out.project));
  Day until = 0;
  ASSAY_TRY(until, parse_day(complete_until));
  ASSAY_TRY(out.plan, plan_experiment(out.project, out.spec, TimeZone::utc().day_start(until)));
  return out;
}

/// Moments of one variable: n units with this mean and standard deviation (n - 1).
inline numerics::CoMoments cell(std::int64_t n, double mean, double sd) {
  numerics::CoMoments out(1);
  out.n = n;
  out.mean[0] = mean;
  out.comoment[0] = sd * sd * static_cast<double>(n - 1);
  return out;
}

/// Moments of two arms: `values[arm][metric]` for the spec's metrics; segments hold one value with
/// everybody in it.
inline engine::ExperimentMoments moments_of(
    const Plan& plan, const std::vector<std::vector<numerics::CoMoments>>& values) {
  engine::ExperimentMoments out;
  out.overall = values;
  const std::size_t arms = values.size();
  for (std::size_t a = 0; a < arms; ++a) {
    const std::int64_t n = values[a].front().n;
    out.arms.push_back({.assigned = n, .exposed = n, .exposed_before = 0, .analysed = n});
    out.immature.emplace_back(plan.query.metrics.size(), 0);
  }
  out.caps.resize(plan.query.metrics.size());
  for (const engine::SegmentBy& segment : plan.query.segments) {
    engine::SegmentMoments all{.name = segment.name, .values = {"all"}, .assigned = {{}}};
    for (std::size_t a = 0; a < arms; ++a) all.assigned[0].push_back(out.arms[a].assigned);
    all.moments.push_back(values);
    out.segments.push_back(std::move(all));
  }
  out.first_day = 20'577;
  return out;
}

}  // namespace assay::experiment::testing
