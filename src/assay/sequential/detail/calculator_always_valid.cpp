#include <fmt/core.h>

#include <cmath>

#include "assay/sequential/betting.hpp"
#include "assay/sequential/confidence_sequence.hpp"
#include "assay/sequential/detail/calculator_lists.hpp"
#include "assay/sequential/sample_ratio_sequence.hpp"
#include "assay/stats/calculator_input.hpp"

namespace assay::sequential::detail {
namespace {

using stats::CalculatorMethod;
using stats::Inputs;
using stats::InputSpec;
using stats::Output;
using stats::OutputSpec;
using stats::Undefined;
namespace in = stats::calculator;

std::vector<OutputSpec> sequence_specs() {
  return {{"multiplier", "half-width in standard errors, by look"},
          {"ci_low", "by look; all looks cover together"},
          {"ci_high", "by look; undefined one-sided"},
          {"p_value", "smallest 1 / e so far, by look"},
          {"log_e_value", "evidence against the null, by look"},
          {"running_ci_low", "intersection of all looks"},
          {"running_ci_high", "intersection of all looks"}};
}

Result<std::vector<Output>> read_sequence(const Inputs& inputs, SequencePlan plan) {
  plan.alpha = in::get(inputs, "alpha");
  plan.sides = sides_of(inputs);
  plan.null_effect = in::get(inputs, "null_effect");
  const auto& n = in::get_array(inputs, "n");
  const auto& estimates = in::get_array(inputs, "estimates");
  const auto& errors = in::get_array(inputs, "std_errors");
  if (n.size() != estimates.size() || n.size() != errors.size()) {
    return fail(ErrorCode::invalid_spec,
                fmt::format("n has {} entries, estimates {}, std_errors {}", n.size(),
                            estimates.size(), errors.size()),
                "", "give one entry a look in each list");
  }
  std::vector<SequenceLook> looks;
  for (std::size_t k = 0; k < n.size(); ++k) looks.push_back({n[k], estimates[k], errors[k]});
  ASSAY_TRY(const auto got, confidence_sequence(plan, looks));
  std::vector<double> multiplier;
  std::vector<double> low;
  std::vector<double> high;
  std::vector<double> p;
  std::vector<double> evidence;
  for (const SequenceReading& look : got) {
    multiplier.push_back(look.multiplier);
    low.push_back(look.ci_low);
    high.push_back(look.ci_high);
    p.push_back(look.running_p_value);
    evidence.push_back(look.log_e_value);
  }
  const Undefined open{"one-sided: open above"};
  std::vector<Output> out{{"multiplier", multiplier}, {"ci_low", low}};
  if (plan.sides == Sides::two) out.push_back({"ci_high", high});
  if (plan.sides == Sides::one) out.push_back({"ci_high", open});
  out.push_back({"p_value", p});
  out.push_back({"log_e_value", evidence});
  out.push_back({"running_ci_low", got.back().running_ci_low});
  if (plan.sides == Sides::two) out.push_back({"running_ci_high", got.back().running_ci_high});
  if (plan.sides == Sides::one) out.push_back({"running_ci_high", open});
  return out;
}

std::vector<InputSpec> sequence_inputs(InputSpec tuning) {
  return {in::above(in::array("n", "units of both arms (or information) at each look"), 0),
          in::array("estimates", "effect at each look, all data so far"),
          in::above(in::array("std_errors", "of the estimates"), 0),
          std::move(tuning),
          in::alpha(0.05),
          sides_input(),
          in::or_else(in::number("null_effect", "to test against"), 0.0)};
}

CalculatorMethod sequence_method() {
  return {"confidence-sequence",
          "intervals and p-values that hold at every look",
          sequence_inputs(in::above(in::number("planned_n", "where the interval is narrowest"), 0)),
          sequence_specs(),
          "estimate -+ se sqrt((1 + x) / x (log(1 + x) - 2 log alpha)), x = m n / planned_n, m - "
          "log(1 + m) = -2 log alpha; one-sided by the half-normal mixture",
          "Howard et al., Annals of Statistics 49 (2021) 1055-1080; Waudby-Smith et al., Annals of "
          "Statistics 52 (2024) 2613-2640",
          [](const Inputs& inputs) {
            SequencePlan plan;
            plan.planned_n = in::get(inputs, "planned_n");
            return read_sequence(inputs, plan);
          }};
}

CalculatorMethod msprt_method() {
  return {"msprt",
          "mixture sequential probability ratio test with a stated mixing deviation",
          sequence_inputs(in::above(in::number("tau", "deviation of effects mixed over"), 0)),
          sequence_specs(),
          "e = sqrt(V / (V + tau^2)) exp(tau^2 d^2 / (2 V (V + tau^2))), V = std_error^2",
          "Johari, Koomen, Pekelis & Walsh, Operations Research 70 (2022) 1806-1821",
          [](const Inputs& inputs) {
            SequencePlan plan;
            plan.tau = in::get(inputs, "tau");
            return read_sequence(inputs, plan);
          }};
}

CalculatorMethod betting_method() {
  return {
      "betting",
      "interval of the mean of outcomes within limits, exact at every n",
      {in::array("outcomes", "in order of arrival"),
       in::or_else(in::number("low", "no outcome can be below"), 0.0),
       in::or_else(in::number("high", "no outcome can be above"), 1.0), in::alpha(0.05),
       in::or_else(in::at_least(in::number("planned_n", "0: none"), 0), 0.0)},
      {{"n", "outcomes"},
       {"mean", "of the outcomes"},
       {"ci_low", "holds at every n"},
       {"ci_high", "holds at every n"}},
      "means against which neither hedged gambler has multiplied the capital by 2 / alpha; "
      "bets sqrt(2 log(2 / alpha) / (variance t log(1 + t))), at most half of ruin",
      "Waudby-Smith & Ramdas, JRSS B 86 (2024) 1-27",
      [](const Inputs& inputs) -> Result<std::vector<Output>> {
        BettingPlan plan{in::get(inputs, "low"), in::get(inputs, "high"), in::get(inputs, "alpha")};
        if (in::get(inputs, "planned_n") > 0.0) plan.planned_n = in::get(inputs, "planned_n");
        const auto& x = in::get_array(inputs, "outcomes");
        const std::vector<std::int64_t> last{static_cast<std::int64_t>(x.size())};
        ASSAY_TRY(const auto got, betting_sequence(x, last, plan));
        const BettingReading& end = got.front();
        return std::vector<Output>{{"n", static_cast<double>(end.n)},
                                   {"mean", end.mean},
                                   {"ci_low", end.ci_low},
                                   {"ci_high", end.ci_high}};
      }};
}

CalculatorMethod ratio_method() {
  return {"sample-ratio-sequence",
          "sample ratio mismatch tested at any number of looks",
          {in::at_least(in::array("counts", "cumulative units per arm, look after look"), 0),
           in::at_least(in::array("weights", "planned, relative, one an arm"), 0), in::alpha(0.001),
           in::or_else(in::above(in::number("concentration", "larger finds smaller deviations"), 0),
                       10'000.0)},
          {{"p_value", "smallest 1 / e so far, by look"},
           {"log_e_value", "by look"},
           {"expected", "units per arm at the last look"},
           {"verdict", "mismatch, or none"}},
          "Dirichlet-multinomial likelihood over the multinomial one at the planned weights",
          "Lindon & Malek, NeurIPS 2022 (arXiv 2011.03567)",
          [](const Inputs& inputs) -> Result<std::vector<Output>> {
            const auto& counts = in::get_array(inputs, "counts");
            const auto& weights = in::get_array(inputs, "weights");
            if (counts.size() % weights.size() != 0) {
              return fail(
                  ErrorCode::invalid_spec,
                  fmt::format("{} counts are not rows of {} arms", counts.size(), weights.size()),
                  "input counts", "give one count an arm for each look");
            }
            std::vector<std::vector<std::int64_t>> looks(counts.size() / weights.size());
            for (std::size_t i = 0; i < counts.size(); ++i) {
              if (counts[i] != std::floor(counts[i]) || counts[i] > 9e15) {
                return fail(ErrorCode::invalid_spec,
                            fmt::format("a count is a whole number; got {}", counts[i]),
                            "input counts");
              }
              looks[i / weights.size()].push_back(static_cast<std::int64_t>(counts[i]));
            }
            ASSAY_TRY(const auto got,
                      sample_ratio_sequence(looks, {weights, in::get(inputs, "alpha"),
                                                    in::get(inputs, "concentration")}));
            std::vector<double> p;
            std::vector<double> evidence;
            for (const SampleRatioReading& look : got) {
              p.push_back(look.running_p_value);
              evidence.push_back(look.log_e_value);
            }
            const SampleRatioReading& last = got.back();
            std::string verdict = last.mismatch ? "mismatch" : "none";
            if (last.leak)
              verdict = fmt::format("leak: {} units in an arm of weight 0", last.leaked);
            return std::vector<Output>{{"p_value", p},
                                       {"log_e_value", evidence},
                                       {"expected", last.expected},
                                       {"verdict", verdict}};
          }};
}

}  // namespace

std::vector<CalculatorMethod> always_valid_methods() {
  return {sequence_method(), msprt_method(), betting_method(), ratio_method()};
}

}  // namespace assay::sequential::detail
