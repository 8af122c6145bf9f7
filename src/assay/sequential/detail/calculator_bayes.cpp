#include <fmt/core.h>

#include <cmath>

#include "assay/sequential/bayes_effect.hpp"
#include "assay/sequential/bayes_proportions.hpp"
#include "assay/sequential/detail/calculator_lists.hpp"
#include "assay/stats/calculator_input.hpp"

namespace assay::sequential::detail {
namespace {

using stats::CalculatorMethod;
using stats::Inputs;
using stats::Output;
using stats::Undefined;
namespace in = stats::calculator;

CalculatorMethod effect_method() {
  return {
      "effect-posterior",
      "posterior of an effect under a stated prior",
      {in::number("estimate", "of the effect"),
       in::above(in::number("std_error", "of the estimate"), 0),
       in::or_else(in::number("prior_mean", "of effects like this one"), 0.0),
       in::above(in::number("prior_sd", "of effects like this one"), 0),
       in::or_else(in::between(in::number("t_weight", "share of a heavier t part"), 0, 1), 0.0),
       in::or_else(in::above(in::number("t_scale", "of the t part"), 0), 1.0),
       in::or_else(in::above(in::number("t_dof", "of the t part"), 2), 3.0),
       in::or_else(in::number("threshold", "of P(effect > threshold)"), 0.0),
       in::or_else(in::number("rope_low", "region of practical equivalence"), 0.0),
       in::or_else(in::number("rope_high", "region of practical equivalence"), 0.0),
       in::confidence_level()},
      {{"mean", "of the posterior"},
       {"sd", "of the posterior"},
       {"ci_low", "equal-tailed credible interval"},
       {"ci_high", "equal-tailed credible interval"},
       {"p_above", "P(effect > threshold)"},
       {"p_rope", "P(effect within the region)"},
       {"loss_of_shipping", "E[max(threshold - effect, 0)]"},
       {"loss_of_holding", "E[max(effect - threshold, 0)]"},
       {"shrinkage", "how far the estimate moved to the prior mean, 0 to 1"},
       {"log_bayes_factor", "of the prior against the threshold itself"}},
      "prior times normal likelihood; in closed form for a normal prior, else by integration",
      "Gelman et al., Bayesian Data Analysis (2013) ch. 2.5; Azevedo et al., Journal of Political "
      "Economy 128 (2020) 4614-4672",
      [](const Inputs& inputs) -> Result<std::vector<Output>> {
        const EffectPrior prior{in::get(inputs, "prior_mean"), in::get(inputs, "prior_sd"),
                                in::get(inputs, "t_weight"), in::get(inputs, "t_scale"),
                                in::get(inputs, "t_dof")};
        const EffectQuestion question{in::get(inputs, "confidence_level"),
                                      in::get(inputs, "rope_low"), in::get(inputs, "rope_high"),
                                      in::get(inputs, "threshold")};
        ASSAY_TRY(const auto got, effect_posterior(in::get(inputs, "estimate"),
                                                   in::get(inputs, "std_error"), prior, question));
        std::vector<Output> out{{"mean", got.mean},
                                {"sd", got.sd},
                                {"ci_low", got.ci_low},
                                {"ci_high", got.ci_high},
                                {"p_above", got.p_above}};
        if (got.p_rope) out.push_back({"p_rope", *got.p_rope});
        if (!got.p_rope) out.push_back({"p_rope", Undefined{"no region asked for"}});
        out.push_back({"loss_of_shipping", got.loss_of_shipping});
        out.push_back({"loss_of_holding", got.loss_of_holding});
        out.push_back({"shrinkage", got.shrinkage});
        out.push_back({"log_bayes_factor", got.log_bayes_factor});
        return out;
      }};
}

Result<std::vector<ArmOutcome>> arms_of(const Inputs& inputs) {
  const auto& successes = in::get_array(inputs, "successes");
  const auto& n = in::get_array(inputs, "n");
  if (successes.size() != n.size()) {
    return fail(ErrorCode::invalid_spec,
                fmt::format("{} numbers of successes for {} arms", successes.size(), n.size()),
                "input successes");
  }
  std::vector<ArmOutcome> arms;
  for (std::size_t i = 0; i < n.size(); ++i) {
    if (successes[i] != std::floor(successes[i]) || n[i] != std::floor(n[i]) || n[i] > 9e15 ||
        successes[i] > 9e15) {
      return fail(ErrorCode::invalid_spec,
                  fmt::format("counts are whole numbers; got {} of {}", successes[i], n[i]),
                  fmt::format("arm {}", i + 1));
    }
    arms.push_back({static_cast<std::int64_t>(successes[i]), static_cast<std::int64_t>(n[i])});
  }
  return arms;
}

void add_lift(std::vector<Output>& out, const std::vector<ArmOutcome>& arms, const BetaPrior& prior,
              double level) {
  const auto lift =
      arms.size() == 2
          ? lift_posterior(arms[0], arms[1], 0.0, prior, level)
          : Result<LiftPosterior>(fail(ErrorCode::undefined_statistic, "more than two arms"));
  const auto add = [&](const char* name, double LiftPosterior::*field) {
    if (lift) out.push_back({name, (*lift).*field});
    if (!lift) out.push_back({name, Undefined{lift.error().problem}});
  };
  add("lift_median", &LiftPosterior::median);
  add("lift_ci_low", &LiftPosterior::ci_low);
  add("lift_ci_high", &LiftPosterior::ci_high);
}

CalculatorMethod proportions_method() {
  return {"best-proportion",
          "which proportion is best, and what choosing it risks",
          {in::at_least(in::array("successes", "of each arm"), 0),
           in::at_least(in::array("n", "units of each arm"), 0),
           in::or_else(in::above(in::number("prior_a", "successes believed in before"), 0), 1.0),
           in::or_else(in::above(in::number("prior_b", "failures believed in before"), 0), 1.0),
           in::confidence_level()},
          {{"mean", "of each posterior"},
           {"ci_low", "equal-tailed credible interval of each arm"},
           {"ci_high", "the same"},
           {"p_best", "P(this arm has the highest proportion)"},
           {"expected_loss", "E[highest proportion - this one]"},
           {"lift_median", "of arm 2 over arm 1 - 1; two arms"},
           {"lift_ci_low", "credible interval of the lift"},
           {"lift_ci_high", "the same"}},
          "beta(prior_a + successes, prior_b + failures) a piece; P(best) is the integral of one "
          "density times the other distribution functions",
          "Gelman et al., Bayesian Data Analysis (2013) ch. 2.4",
          [](const Inputs& inputs) -> Result<std::vector<Output>> {
            ASSAY_TRY(const auto arms, arms_of(inputs));
            const BetaPrior prior{in::get(inputs, "prior_a"), in::get(inputs, "prior_b")};
            const double level = in::get(inputs, "confidence_level");
            ASSAY_TRY(const auto got, compare_proportions(arms, prior, level));
            const auto column = [&](double ArmPosterior::*field) {
              std::vector<double> values;
              for (const ArmPosterior& arm : got) values.push_back(arm.*field);
              return values;
            };
            std::vector<Output> out{{"mean", column(&ArmPosterior::mean)},
                                    {"ci_low", column(&ArmPosterior::ci_low)},
                                    {"ci_high", column(&ArmPosterior::ci_high)},
                                    {"p_best", column(&ArmPosterior::p_best)},
                                    {"expected_loss", column(&ArmPosterior::expected_loss)}};
            add_lift(out, arms, prior, level);
            return out;
          }};
}

}  // namespace

std::vector<CalculatorMethod> bayes_methods() { return {effect_method(), proportions_method()}; }

}  // namespace assay::sequential::detail
