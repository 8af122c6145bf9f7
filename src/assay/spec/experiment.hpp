#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "assay/base/time.hpp"
#include "assay/spec/metric.hpp"
#include "assay/spec/randomisation.hpp"

namespace assay::spec {

enum class Verdict : std::uint8_t { ship, do_not_ship, iterate, extend, invalid };
enum class AdjustmentMethod : std::uint8_t { lin, cuped_pooled, none };
enum class Multiplicity : std::uint8_t {
  none,
  bonferroni,
  holm,
  hochberg,
  benjamini_hochberg,
  benjamini_yekutieli,
  dunnett
};
enum class LooksMethod : std::uint8_t { none, group_sequential, confidence_sequence };
enum class Spending : std::uint8_t {
  obrien_fleming,
  pocock,
  linear,
  kim_demets,
  hwang_shih_decani,
  user
};
enum class Futility : std::uint8_t { none, binding, non_binding };
enum class GuardrailState : std::uint8_t { harmed, undecided, non_inferior };
enum class PrimaryState : std::uint8_t { undecided, significant, negative };
enum class RolloutGate : std::uint8_t { all_guardrails_non_inferior, no_guardrail_harmed, none };

std::string_view to_text(Verdict verdict);
std::string_view to_text(AdjustmentMethod method);
std::string_view to_text(Multiplicity method);
std::string_view to_text(LooksMethod method);
std::string_view to_text(Spending spending);
std::string_view to_text(Futility futility);
std::string_view to_text(GuardrailState state);
std::string_view to_text(PrimaryState state);
std::string_view to_text(RolloutGate gate);

/// The event that says which arm a unit was given.
struct Assignment {
  Text source;  ///< Filled in by the loader when the project has one source.
  Text event;
  Text key;         ///< The experiment's name in the log; the experiment's own unless written.
  Text key_column;  ///< Column that holds it; empty: the event belongs to this experiment alone.
  Text variant;     ///< Column that holds the arm's name.
};

/// The event from which on a unit could feel the difference.
struct Exposure {
  Text source;
  std::vector<Text> events;  ///< YAML: event.
  Text filter;               ///< YAML: where.
};

struct Arm {
  Text name;
  double weight = 0;  ///< Planned share, positive; all arms sum to 1 (to 1e-6).
};

/// Both days are part of the experiment.
struct Period {
  Day first = 0;  ///< YAML: start.
  Day last = 0;   ///< YAML: end.
  int n_days = 0;
  Text timezone;    ///< The project's unless written.
  TimeRange range;  ///< First instant of the first day to the end of the last.
  Location where;
};

struct Guardrail {
  Text metric;
  double margin = 0;  ///< Positive; from the metric's non_inferiority when not written here.
  Scale scale = Scale::absolute;
  Location where;
};

struct ExperimentMetrics {
  std::vector<Text> primary;  ///< One or more.
  std::vector<Text> secondary;
  std::vector<Guardrail> guardrails;
  std::vector<Text> diagnostics;
};

struct Segments {
  std::vector<Text> pre_registered;
  std::vector<Text> exploratory;
};

struct MinimumEffect {
  Text metric;
  double size = 0;
  Scale scale = Scale::relative;  ///< YAML: relative: 0.004 or absolute: 0.3.
};

struct Design {
  int baseline_days = 28;                       ///< YAML: baseline_from: {days: 28}.
  std::optional<MinimumEffect> minimum_effect;  ///< YAML: minimum_detectable_effect.
  double power = 0.8;
};

struct Adjustment {
  AdjustmentMethod method = AdjustmentMethod::lin;
  int covariate_days = 28;
  std::vector<Text> covariates;  ///< Besides the metric's own past.
};

struct MultiplicityPlan {
  Multiplicity primary = Multiplicity::none;
  Multiplicity secondary = Multiplicity::holm;
  Multiplicity exploratory = Multiplicity::benjamini_hochberg;
};

struct Looks {
  LooksMethod method = LooksMethod::none;
  Spending spending = Spending::obrien_fleming;
  std::optional<double> spending_parameter;  ///< kim_demets, hwang_shih_decani.
  std::vector<double> spending_table;        ///< user: shares of alpha spent at `information`.
  std::vector<double> information;           ///< Increasing fractions, the last 1.
  Futility futility = Futility::none;
  std::optional<std::int64_t> planned_n;  ///< Units of all arms at the end.
};

struct Analysis {
  double alpha = 0.05;
  Adjustment adjustment;
  Text clusters;  ///< Column; empty: none (YAML `none`).
  MultiplicityPlan multiplicity;
  Looks looks;
  Maturity maturity = Maturity::complete_only;
};

struct SampleRatioCheck {
  double alpha = 0.001;
  std::vector<Text> by;
};
struct BalanceCheck {
  double alpha = 0.001;
  std::vector<Text> covariates;
};

/// A check that is not there is not run; when `checks` is missing altogether, sample_ratio and
/// both_arms run with their defaults.
struct Checks {
  std::optional<SampleRatioCheck> sample_ratio;
  std::optional<BalanceCheck> balance;
  std::optional<double> both_arms_max_share;
  std::optional<double> exposure_before_assignment_max_share;
  std::optional<double> missing_exposure_max_difference;
};

struct AllPrimary {
  std::optional<bool> significant;
  std::optional<double> lift_at_least;  ///< Relative, in the good direction.
};

/// Clauses of a rule; all that are written must hold.
struct When {
  std::optional<bool> any_check_failed;
  std::optional<GuardrailState> any_guardrail;   ///< harmed or undecided.
  std::optional<GuardrailState> all_guardrails;  ///< non_inferior.
  std::optional<AllPrimary> all_primary;
  std::optional<PrimaryState> any_primary;
  std::vector<Text> segments_not_harmed;
  std::optional<bool> period_left;
  Location where;
};

/// The first rule whose clauses hold decides. Without `when` it always holds (the last one only).
struct Rule {
  Located<Verdict> verdict;
  std::optional<When> when;
  Location where;
};

struct KillSwitch {
  Text metric;
  double worse_than = 0;  ///< Positive: so much in the bad direction.
  Scale scale = Scale::relative;
  double confidence = 0.99;
};

struct Rollout {
  std::vector<double> steps;  ///< Increasing shares of traffic, the last at most 1.
  int days_per_step = 1;
  RolloutGate gate = RolloutGate::all_guardrails_non_inferior;
  std::vector<KillSwitch> kill;
  double holdout = 0;
};

struct Value {
  Text metric;
  int horizon_days = 365;
  std::string currency;  ///< Three letters; empty when the metric is not money.
};

struct Stakeholder {
  std::string who, concern, criterion;
};

/// An experiment as planned, with its decision rules.
struct Experiment {
  Text name;  ///< YAML: experiment.
  int version = 1;
  std::string description, hypothesis, owner;
  Text unit;  ///< Entity that is randomised; the analysis clusters on it.
  Assignment assignment;
  std::optional<Exposure> exposure;            ///< None: intent to treat only.
  std::vector<Arm> arms;                       ///< In the order written; the first is the baseline.
  std::optional<Randomisation> randomisation;  ///< None: somebody else's, and not said how.
  Text eligible;
  Period period;
  ExperimentMetrics metrics;
  Segments segments;
  std::optional<Design> design;
  Analysis analysis;
  Checks checks;
  std::vector<Rule> decision;
  std::optional<Rollout> rollout;
  std::optional<Value> value;
  std::vector<Stakeholder> stakeholders;
  std::vector<Note> notes;  ///< What is odd but not wrong (a period of broken weeks).
};

}  // namespace assay::spec
