#pragma once

#include "assay/spec/detail/visitor.hpp"
#include "assay/spec/experiment.hpp"
#include "assay/spec/project.hpp"

// Each describe() names the keys of a struct once: reader, schema and canonical text follow it.
namespace assay::spec::detail {

void describe(Visitor& v, Partition& partition);
void describe(Visitor& v, Entity& entity);
void describe(Visitor& v, TimeColumn& column);
void describe(Visitor& v, Dedup& dedup);
void describe(Visitor& v, Late& late);
void describe(Visitor& v, Property& property);
void describe(Visitor& v, Identity& identity);
void describe(Visitor& v, AuditEvent& event);
void describe(Visitor& v, AuditCheck& check);
void describe(Visitor& v, Source& source);

void describe(Visitor& v, Measure& measure);
void describe(Visitor& v, Window& window);
void describe(Visitor& v, Cap& cap);
void describe(Visitor& v, Quantile& quantile);
void describe(Visitor& v, NonInferiority& margin);
void describe(Visitor& v, Anchor& anchor);
void describe(Visitor& v, Retention& retention);
void describe(Visitor& v, Metric& metric);

void describe(Visitor& v, Murmur3& form);
void describe(Visitor& v, Layer& layer);
void describe(Visitor& v, Holdout& holdout);
void describe(Visitor& v, ArmRange& range);
void describe(Visitor& v, SwitchbackBlocks& blocks);
void describe(Visitor& v, Randomisation& randomisation);

void describe(Visitor& v, Defaults& defaults);
void describe(Visitor& v, Dimension& dimension);
void describe(Visitor& v, Having& having);
void describe(Visitor& v, Cohort& cohort);
void describe(Visitor& v, FunnelStep& step);
void describe(Visitor& v, FunnelExclude& exclude);
void describe(Visitor& v, Funnel& funnel);
void describe(Visitor& v, MixRate& mix_rate);
void describe(Visitor& v, Tree& tree);
void describe(Visitor& v, RootCause& root_cause);
void describe(Visitor& v, Monitor& monitor);
/// The sections that a file of metrics/ may hold; assay.yaml may hold them too.
void describe_catalogue(Visitor& v, Project& project);
/// A file of metrics/: its version and the catalogue.
void describe_metrics_file(Visitor& v, Project& project);
void describe(Visitor& v, Project& project);

void describe(Visitor& v, Assignment& assignment);
void describe(Visitor& v, Exposure& exposure);
void describe(Visitor& v, Arm& arm);
void describe(Visitor& v, Period& period);
void describe(Visitor& v, Guardrail& guardrail);
void describe(Visitor& v, ExperimentMetrics& metrics);
void describe(Visitor& v, Segments& segments);
void describe(Visitor& v, MinimumEffect& effect);
void describe(Visitor& v, Design& design);
void describe(Visitor& v, Adjustment& adjustment);
void describe(Visitor& v, MultiplicityPlan& plan);
void describe(Visitor& v, Looks& looks);
void describe(Visitor& v, Analysis& analysis);
void describe(Visitor& v, SampleRatioCheck& check);
void describe(Visitor& v, BalanceCheck& check);
void describe(Visitor& v, Checks& checks);
void describe(Visitor& v, AllPrimary& clause);
void describe(Visitor& v, When& when);
void describe(Visitor& v, Rule& rule);
void describe(Visitor& v, KillSwitch& kill);
void describe(Visitor& v, Rollout& rollout);
void describe(Visitor& v, Value& value);
void describe(Visitor& v, Stakeholder& stakeholder);
void describe(Visitor& v, Experiment& experiment);

}  // namespace assay::spec::detail
