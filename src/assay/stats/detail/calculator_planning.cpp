#include "assay/stats/calculator_input.hpp"
#include "assay/stats/detail/calculator_lists.hpp"
#include "assay/stats/power.hpp"

namespace assay::stats::detail {

using namespace calculator;
namespace {

enum class Answer : std::uint8_t { power, sample_size, effect };

std::vector<InputSpec> plan_inputs(Answer answer) {
  std::vector<InputSpec> inputs;
  if (answer != Answer::sample_size)
    inputs.push_back(integer("n_total", "units of both arms together", 4));
  inputs.push_back(alpha(0.05));
  if (answer != Answer::power)
    inputs.push_back(or_else(inside(number("power", "chance to detect the effect"), 0, 1), 0.8));
  inputs.push_back(
      or_else(inside(number("treatment_share", "share of units in arm 2"), 0, 1), 0.5));
  inputs.push_back(or_else(choice("sides", "of the test", {"two", "one"}), "two"));
  return inputs;
}

TestPlan plan_of(const Inputs& in) {
  TestPlan plan;
  plan.alpha = get(in, "alpha");
  if (in.contains("power")) plan.power = get(in, "power");
  plan.treatment_share = get(in, "treatment_share");
  plan.one_sided = get_choice(in, "sides") == "one";
  return plan;
}

std::vector<OutputSpec> answer_specs(Answer answer, bool proportions) {
  if (answer == Answer::power) return {{"power", "chance that the test detects the effect"}};
  if (answer == Answer::sample_size) {
    return {{"n_total", "smallest total whose power reaches the plan"},
            {"n_control", "units of arm 1"},
            {"n_treatment", "units of arm 2"}};
  }
  if (!proportions) return {{"effect", "smallest difference in means that reaches the power"}};
  return {{"effect", "smallest rise that reaches the power"},
          {"relative_effect", "the same over p1"},
          {"p2", "p1 plus the rise"}};
}

std::vector<Output> sizes(std::int64_t n_total, const TestPlan& plan) {
  const auto total = static_cast<double>(n_total);
  const auto treatment =
      static_cast<double>(static_cast<std::int64_t>(total * plan.treatment_share + 0.5));
  return {{"n_total", total}, {"n_control", total - treatment}, {"n_treatment", treatment}};
}

std::string name_of(Answer answer, const std::string& kind) {
  if (answer == Answer::power) return "power-" + kind;
  return (answer == Answer::sample_size ? "sample-size-" : "mde-") + kind;
}

std::string summary_of(Answer answer, const std::string& kind) {
  if (answer == Answer::power) return "power of a test of two " + kind;
  if (answer == Answer::sample_size) return "units needed to compare two " + kind;
  return "smallest detectable difference of two " + kind;
}

CalculatorMethod means_method(Answer answer) {
  std::vector<InputSpec> inputs{above(number("sd1", "standard deviation of a unit, arm 1"), 0),
                                above(number("sd2", "standard deviation of a unit, arm 2"), 0)};
  if (answer != Answer::effect) inputs.push_back(number("effect", "difference in means, not 0"));
  for (auto& spec : plan_inputs(answer)) inputs.push_back(std::move(spec));
  return {name_of(answer, "means"),
          summary_of(answer, "means"),
          inputs,
          answer_specs(answer, false),
          "P(T > c) + P(T < -c) for non-central t with shift effect / se, se^2 = sd1^2/n1 + "
          "sd2^2/n2 and Welch's degrees of freedom",
          "Cohen, Statistical Power Analysis (1988) ch. 2",
          [answer](const Inputs& in) -> Result<std::vector<Output>> {
            const TestPlan plan = plan_of(in);
            const UnitSpread spread{get(in, "sd1"), get(in, "sd2")};
            if (answer == Answer::power) {
              ASSAY_TRY(const double power,
                        power_of_means(spread, get(in, "effect"), get(in, "n_total"), plan));
              return std::vector<Output>{{"power", power}};
            }
            if (answer == Answer::sample_size) {
              ASSAY_TRY(const auto n, n_total_for_means(spread, get(in, "effect"), plan));
              return sizes(n, plan);
            }
            ASSAY_TRY(const double effect, mde_of_means(spread, get(in, "n_total"), plan));
            return std::vector<Output>{{"effect", effect}};
          }};
}

CalculatorMethod proportions_method(Answer answer) {
  std::vector<InputSpec> inputs{inside(number("p1", "proportion of arm 1"), 0, 1)};
  if (answer != Answer::effect) inputs.push_back(inside(number("p2", "proportion of arm 2"), 0, 1));
  for (auto& spec : plan_inputs(answer)) inputs.push_back(std::move(spec));
  return {name_of(answer, "proportions"),
          summary_of(answer, "proportions"),
          inputs,
          answer_specs(answer, true),
          "Phi((|p2 - p1| - z s0) / s1), s0 the pooled and s1 the unpooled standard error; plus "
          "the far tail when two-sided",
          "Fleiss, Levin & Paik, Statistical Methods for Rates and Proportions (2003) ch. 4",
          [answer](const Inputs& in) -> Result<std::vector<Output>> {
            const TestPlan plan = plan_of(in);
            const double p1 = get(in, "p1");
            if (answer == Answer::power) {
              ASSAY_TRY(const double power,
                        power_of_proportions(p1, get(in, "p2"), get(in, "n_total"), plan));
              return std::vector<Output>{{"power", power}};
            }
            if (answer == Answer::sample_size) {
              ASSAY_TRY(const auto n, n_total_for_proportions(p1, get(in, "p2"), plan));
              return sizes(n, plan);
            }
            ASSAY_TRY(const double rise, mde_of_proportions(p1, get(in, "n_total"), plan));
            return std::vector<Output>{
                {"effect", rise}, {"relative_effect", rise / p1}, {"p2", p1 + rise}};
          }};
}

}  // namespace

std::vector<CalculatorMethod> planning_methods() {
  std::vector<CalculatorMethod> all;
  for (const auto answer : {Answer::power, Answer::sample_size, Answer::effect})
    all.push_back(means_method(answer));
  for (const auto answer : {Answer::power, Answer::sample_size, Answer::effect})
    all.push_back(proportions_method(answer));
  return all;
}

}  // namespace assay::stats::detail
