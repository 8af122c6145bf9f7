#include <fmt/core.h>

#include "assay/sequential/detail/calculator_lists.hpp"
#include "assay/sequential/monitoring.hpp"
#include "assay/sequential/reestimation.hpp"
#include "assay/stats/calculator_input.hpp"

namespace assay::sequential::detail {
namespace {

using stats::CalculatorMethod;
using stats::Inputs;
using stats::Output;
using stats::OutputSpec;
using stats::Undefined;
namespace in = stats::calculator;

Result<void> same_length(const Inputs& inputs, std::initializer_list<const char*> names) {
  const std::size_t first = in::get_array(inputs, *names.begin()).size();
  for (const char* name : names) {
    const std::size_t size = in::get_array(inputs, name).size();
    if (size == first) continue;
    return fail(ErrorCode::invalid_spec,
                fmt::format("{} has {} entries, {} has {}", *names.begin(), first, name, size),
                fmt::format("input {}", name), "give one entry a look in each list");
  }
  return {};
}

std::vector<OutputSpec> inference_specs() {
  return {{"p_value", "stage-wise, valid after early stopping"},
          {"median_unbiased", "estimate that is too high half the time"},
          {"ci_low", "stage-wise interval"},
          {"ci_high", "stage-wise interval"},
          {"naive_estimate", "as if the trial had looked once"},
          {"naive_p_value", "as if the trial had looked once"},
          {"overstatement", "naive estimate less the median-unbiased one"}};
}

void add_inference(std::vector<Output>& out, const std::optional<StagewiseInference>& got) {
  const auto add = [&](const char* name, double StagewiseInference::*field) {
    if (got) out.push_back({name, (*got).*field});
    if (!got) out.push_back({name, Undefined{"the trial goes on"}});
  };
  add("p_value", &StagewiseInference::p_value);
  add("median_unbiased", &StagewiseInference::median_unbiased);
  add("ci_low", &StagewiseInference::ci_low);
  add("ci_high", &StagewiseInference::ci_high);
  add("naive_estimate", &StagewiseInference::naive_estimate);
  add("naive_p_value", &StagewiseInference::naive_p_value);
  add("overstatement", &StagewiseInference::overstatement);
}

std::vector<Output> monitor_outputs(const Monitoring& got) {
  const auto column = [&](auto of) {
    std::vector<double> values;
    for (const LookReading& look : got.looks) values.push_back(of(look));
    return values;
  };
  std::vector<Output> out{
      {"decision", std::string(to_text(got.verdict))},
      {"fraction", column([](const LookReading& l) { return l.fraction; })},
      {"statistic", column([](const LookReading& l) { return l.statistic; })},
      {"critical_value", column([](const LookReading& l) { return l.critical_value; })},
      {"alpha_spent", column([](const LookReading& l) { return l.alpha_spent; })},
      {"adjusted_p_value", column([](const LookReading& l) { return l.adjusted_p_value; })},
      {"repeated_ci_low", column([](const LookReading& l) { return l.repeated_ci_low; })},
      {"repeated_ci_high", column([](const LookReading& l) { return l.repeated_ci_high; })}};
  if (got.next_information.empty()) {
    out.push_back({"next_fraction", Undefined{"the last look was made"}});
    out.push_back({"next_critical_value", Undefined{"the last look was made"}});
  } else {
    out.push_back({"next_fraction", got.next_information});
    out.push_back({"next_critical_value", got.next_critical_values});
  }
  if (got.stopped_at) out.push_back({"stopped_at", static_cast<double>(*got.stopped_at + 1)});
  if (!got.stopped_at) out.push_back({"stopped_at", Undefined{"the trial goes on"}});
  add_inference(out, got.inference);
  return out;
}

CalculatorMethod monitor_method() {
  std::vector<OutputSpec> outputs{
      {"decision", "of the look that ended the trial, or go on"},
      {"fraction", "of the planned maximum, by look"},
      {"statistic", "z by look"},
      {"critical_value", "at the information reached, by look"},
      {"alpha_spent", "up to each look"},
      {"adjusted_p_value", "smallest repeated p so far: valid at any look"},
      {"repeated_ci_low", "intervals that cover at all looks together"},
      {"repeated_ci_high", "the same"},
      {"next_fraction", "planned looks to come"},
      {"next_critical_value", "their bounds if made as planned"},
      {"stopped_at", "the look that ended the trial, from 1"}};
  for (auto& spec : inference_specs()) outputs.push_back(std::move(spec));
  return {"monitor",
          "read the looks of a running trial against its plan",
          with_design(
              {in::above(in::array("reached",
                                   "information at each look made, in the unit "
                                   "of information"),
                         0),
               in::array("estimates", "effect at each look, all data so far"),
               in::above(in::array("std_errors", "of the estimates"), 0),
               in::or_else(in::number("null_effect", "to test against"), 0.0),
               in::or_else(in::choice("final", "the last look given ends the trial", {"no", "yes"}),
                           std::string("no"))}),
          outputs,
          "alpha spent at the information actually reached; the bound of each look from it by "
          "recursive integration; the final look gets what is left",
          "Lan & DeMets, Biometrika 70 (1983) 659-663; Jennison & Turnbull (2000) ch. 7-9",
          [](const Inputs& inputs) -> Result<std::vector<Output>> {
            ASSAY_CHECK(same_length(inputs, {"reached", "estimates", "std_errors"}));
            MonitoringPlan plan;
            ASSAY_TRY(plan.design, design_of(inputs));
            plan.maximum_information = in::get_array(inputs, "information").back();
            plan.null_effect = in::get(inputs, "null_effect");
            std::vector<ObservedLook> looks;
            for (std::size_t k = 0; k < in::get_array(inputs, "reached").size(); ++k)
              looks.push_back({in::get_array(inputs, "reached")[k],
                               in::get_array(inputs, "estimates")[k],
                               in::get_array(inputs, "std_errors")[k]});
            looks.back().final = in::get_choice(inputs, "final") == "yes";
            ASSAY_TRY(const auto got, monitor(plan, looks));
            return monitor_outputs(got);
          }};
}

CalculatorMethod stagewise_method() {
  const std::vector<double> nothing;
  return {"stagewise",
          "p-value, estimate and interval after a trial that could stop early",
          {in::above(in::array("information", "at each look up to the one that ended it"), 0),
           in::or_else(in::array("critical_values", "of the looks before the last"), nothing),
           in::number("estimate", "at the last look"),
           in::above(in::number("std_error", "of the estimate"), 0), sides_input(), in::alpha(0.05),
           in::or_else(in::number("null_effect", "to test against"), 0.0)},
          inference_specs(),
          "outcomes ordered by stage, then by statistic; the interval holds the effects under "
          "which neither tail is below alpha / sides",
          "Tsiatis, Rosner & Mehta, Biometrics 40 (1984) 797-803",
          [](const Inputs& inputs) -> Result<std::vector<Output>> {
            StoppedTrial trial;
            trial.information = in::get_array(inputs, "information");
            trial.critical_values = in::get_array(inputs, "critical_values");
            trial.sides = sides_of(inputs);
            trial.estimate = in::get(inputs, "estimate");
            trial.std_error = in::get(inputs, "std_error");
            trial.null_effect = in::get(inputs, "null_effect");
            trial.alpha = in::get(inputs, "alpha");
            ASSAY_TRY(const auto got, stagewise_inference(trial));
            std::vector<Output> out;
            add_inference(out, got);
            return out;
          }};
}

CalculatorMethod combine_method() {
  return {"combine-stages",
          "test of stages whose sizes were changed on the way",
          with_design({in::array("estimates", "effect of each stage's own data"),
                       in::above(in::array("std_errors", "of the estimates"), 0)}),
          {{"statistic", "weighted sum, by stage"},
           {"critical_value", "of the planned design"},
           {"rejects", "1 where the statistic reaches it"},
           {"ci_low", "repeated interval from the same statistic"},
           {"ci_high", "the same"}},
          "sum of w z / sqrt(sum of w^2), w^2 the planned share of information of each stage",
          "Lehmacher & Wassmer, Biometrics 55 (1999) 1286-1290",
          [](const Inputs& inputs) -> Result<std::vector<Output>> {
            ASSAY_CHECK(same_length(inputs, {"estimates", "std_errors"}));
            ASSAY_TRY(const auto spec, design_of(inputs));
            ASSAY_TRY(const auto design, design_group_sequential(spec));
            std::vector<StageData> stages;
            for (std::size_t k = 0; k < in::get_array(inputs, "estimates").size(); ++k)
              stages.push_back(
                  {in::get_array(inputs, "estimates")[k], in::get_array(inputs, "std_errors")[k]});
            ASSAY_TRY(const auto got, combine_stages(design, stages));
            std::vector<double> statistic;
            std::vector<double> critical;
            std::vector<double> rejects;
            std::vector<double> low;
            std::vector<double> high;
            for (const CombinationReading& stage : got) {
              statistic.push_back(stage.statistic);
              critical.push_back(stage.critical_value);
              rejects.push_back(stage.rejects ? 1.0 : 0.0);
              low.push_back(stage.ci_low);
              high.push_back(stage.ci_high);
            }
            return std::vector<Output>{{"statistic", statistic},
                                       {"critical_value", critical},
                                       {"rejects", rejects},
                                       {"ci_low", low},
                                       {"ci_high", high}};
          }};
}

CalculatorMethod repeated_p_method() {
  return {"repeated-p-value",
          "smallest alpha at which a look of a design would reject",
          with_design({in::integer("look", "from 1", 1), in::number("statistic", "z at the look")}),
          {{"p_value", "valid whatever look is read"}},
          "the alpha whose boundary at this look equals the statistic",
          "Jennison & Turnbull, Group Sequential Methods (2000) ch. 9",
          [](const Inputs& inputs) -> Result<std::vector<Output>> {
            ASSAY_TRY(const auto spec, design_of(inputs));
            const auto index = static_cast<std::size_t>(in::get_count(inputs, "look") - 1);
            ASSAY_TRY(const double p, repeated_p_value(spec, index, in::get(inputs, "statistic")));
            return std::vector<Output>{{"p_value", p}};
          }};
}

}  // namespace

std::vector<CalculatorMethod> look_methods() {
  return {monitor_method(), stagewise_method(), repeated_p_method(), combine_method()};
}

}  // namespace assay::sequential::detail
