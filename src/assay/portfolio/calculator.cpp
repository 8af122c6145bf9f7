#include "assay/portfolio/calculator.hpp"

#include <fmt/core.h>

#include <cmath>

#include "assay/portfolio/effect_prior.hpp"
#include "assay/portfolio/winners_curse.hpp"
#include "assay/stats/calculator_input.hpp"

namespace assay::portfolio {
namespace {

using namespace stats::calculator;
using stats::CalculatorMethod;
using stats::Inputs;
using stats::Output;

Result<std::vector<stats::EffectEstimate>> effects_of(const Inputs& in) {
  const auto& estimates = get_array(in, "estimates");
  const auto& errors = get_array(in, "std_errors");
  if (estimates.size() != errors.size())
    return fail(ErrorCode::invalid_spec, fmt::format("{} estimates but {} standard errors",
                                                     estimates.size(), errors.size()));
  std::vector<stats::EffectEstimate> out;
  for (std::size_t i = 0; i < estimates.size(); ++i) out.push_back({estimates[i], errors[i]});
  return out;
}

PriorMean mean_of(const Inputs& in) {
  return get_choice(in, "prior_mean") == "fitted" ? PriorMean::fitted : PriorMean::zero;
}

Result<std::vector<Output>> effect_prior(const Inputs& in) {
  ASSAY_TRY(const auto effects, effects_of(in));
  ASSAY_TRY(const auto fit, fit_prior(effects, mean_of(in)));
  return std::vector<Output>{
      {"mean", fit.prior.mean},
      {"spread", fit.prior.spread},
      {"degrees_of_freedom", fit.prior.degrees_of_freedom < 1e6
                                 ? stats::OutputValue(fit.prior.degrees_of_freedom)
                                 : stats::OutputValue(std::string("infinite (normal)"))},
      {"log_likelihood", fit.log_likelihood},
      {"aic", fit.aic}};
}

Result<std::vector<Output>> shrunk_effect(const Inputs& in) {
  const double dof = get(in, "degrees_of_freedom");
  const EffectPrior prior{get(in, "prior_mean"), get(in, "prior_spread"),
                          dof > 0.0 ? dof : HUGE_VAL};
  ASSAY_TRY(const auto p, posterior(prior, {get(in, "estimate"), get(in, "std_error")},
                                    get(in, "confidence_level")));
  return std::vector<Output>{{"mean", p.mean},
                             {"sd", p.sd},
                             {"ci_low", p.ci_low},
                             {"ci_high", p.ci_high},
                             {"probability_positive", p.probability_positive}};
}

Result<std::vector<Output>> winner(const Inputs& in) {
  ASSAY_TRY(const auto w, corrected_winner({get(in, "estimate"), get(in, "std_error")},
                                           get(in, "threshold"), get(in, "confidence_level")));
  return std::vector<Output>{
      {"estimate", w.estimate}, {"ci_low", w.ci_low}, {"ci_high", w.ci_high}};
}

Result<std::vector<Output>> launches(const Inputs& in) {
  ASSAY_TRY(const auto effects, effects_of(in));
  const double z = get(in, "z_threshold");
  std::vector<Candidate> candidates;
  for (const auto& effect : effects) candidates.push_back({effect, z * effect.std_error});
  ASSAY_TRY(const auto total, launched_total(candidates));
  return std::vector<Output>{{"launched", static_cast<double>(total.launched)},
                             {"naive_total", total.naive},
                             {"naive_std_error", total.naive_std_error},
                             {"bias", total.bias},
                             {"corrected_total", total.corrected}};
}

std::vector<stats::InputSpec> effect_lists() {
  return {array("estimates", "effects of past experiments on one metric"),
          above(array("std_errors", "their standard errors, in the same order"), 0.0)};
}

CalculatorMethod effect_prior_method() {
  CalculatorMethod m{"effect-prior", "what past experiments say about the next effect",
                     effect_lists()};
  m.inputs.push_back(or_else(choice("prior_mean", "fixed at zero, or fitted", {"zero", "fitted"}),
                             std::string("zero")));
  m.outputs = {{"mean", "of the true effects"},
               {"spread", "standard deviation of a normal, scale of a t"},
               {"degrees_of_freedom", "of the t; infinite: normal"},
               {"log_likelihood", "of the estimates"},
               {"aic", "smaller is better"}};
  m.definition =
      "estimate_i ~ N(effect_i, se_i^2), effect_i ~ mean + spread x N(0, 1) or t(dof); marginal "
      "maximum likelihood, the shape with the smaller AIC";
  m.source = "Azevedo et al., Journal of Political Economy 128 (2020) 4614-4672";
  m.compute = effect_prior;
  return m;
}

CalculatorMethod shrunk_effect_method() {
  CalculatorMethod m{"shrunk-effect", "an estimate read with a prior"};
  m.inputs = {number("estimate", "of the experiment"),
              above(number("std_error", "of the estimate"), 0.0),
              or_else(number("prior_mean", "of true effects"), 0.0),
              at_least(number("prior_spread", "standard deviation, or scale of a t"), 0.0),
              or_else(at_least(number("degrees_of_freedom", "of a t; 0: normal"), 0.0), 0.0),
              confidence_level()};
  m.outputs = {{"mean", "posterior mean"},
               {"sd", "posterior standard deviation"},
               {"ci_low", "equal-tailed interval"},
               {"ci_high", "equal-tailed interval"},
               {"probability_positive", "P(effect > 0)"}};
  m.definition = "posterior of effect given estimate ~ N(effect, std_error^2) and the prior";
  m.source = "Gelman et al., Bayesian Data Analysis (2013) ch. 2; t prior by quadrature";
  m.compute = shrunk_effect;
  return m;
}

CalculatorMethod winner_method() {
  CalculatorMethod m{"winners-curse", "an estimate that was picked because it passed"};
  m.inputs = {number("estimate", "above the threshold"),
              above(number("std_error", "of the estimate"), 0.0),
              number("threshold", "that the estimate had to pass, in the metric's units"),
              confidence_level()};
  m.outputs = {{"estimate", "median-unbiased given the pick"},
               {"ci_low", "conditional interval"},
               {"ci_high", "conditional interval"}};
  m.definition = "effects at which P(X > estimate | X > threshold) is 1/2, and the two tails";
  m.source = "Zhong & Prentice, Biostatistics 9 (2008) 621-634";
  m.compute = winner;
  return m;
}

CalculatorMethod launches_method() {
  CalculatorMethod m{"launched-total", "the sum of launched effects, freed of the winner's curse",
                     effect_lists()};
  m.inputs.push_back(
      or_else(number("z_threshold", "launched when estimate / std_error is above it"), 1.96));
  m.outputs = {{"launched", "experiments"},
               {"naive_total", "sum of their estimates"},
               {"naive_std_error", "of that sum"},
               {"bias", "expected excess"},
               {"corrected_total", "naive_total - bias"}};
  m.definition = "bias = sum over all of se x phi((threshold - estimate) / se)";
  m.source = "Lee & Shen, KDD 2018, 491-499";
  m.compute = launches;
  return m;
}

}  // namespace

const std::vector<CalculatorMethod>& calculator_methods() {
  static const std::vector<CalculatorMethod> methods{effect_prior_method(), shrunk_effect_method(),
                                                     winner_method(), launches_method()};
  return methods;
}

}  // namespace assay::portfolio
