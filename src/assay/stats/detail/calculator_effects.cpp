#include <fmt/core.h>

#include <cmath>
#include <limits>

#include "assay/stats/calculator_input.hpp"
#include "assay/stats/detail/calculator_lists.hpp"
#include "assay/stats/heterogeneity.hpp"
#include "assay/stats/population.hpp"
#include "assay/stats/simultaneous.hpp"

namespace assay::stats::detail {

using namespace calculator;
namespace {

double dof_of(const Inputs& in) {
  const double dof = get(in, "degrees_of_freedom");
  return dof > 0.0 ? dof : std::numeric_limits<double>::infinity();
}

InputSpec dof_input() {
  return or_else(at_least(number("degrees_of_freedom", "of t; 0: normal"), 0.0), 0.0);
}

/// The upper triangle by rows, without the diagonal.
Result<numerics::SymmetricMatrix> correlation_of(const Inputs& in, std::size_t k) {
  const auto& entries = get_array(in, "correlations");
  const std::size_t wanted = k * (k - 1) / 2;
  if (entries.size() != wanted && entries.size() != 1)
    return fail(
        ErrorCode::invalid_spec,
        fmt::format("{} statistics have {} correlations; got {}", k, wanted, entries.size()),
        "input correlations", "give the upper triangle by rows, or one number for all");
  numerics::SymmetricMatrix out(k);
  std::size_t next = 0;
  for (std::size_t i = 0; i < k; ++i) {
    out.set(i, i, 1.0);
    for (std::size_t j = i + 1; j < k; ++j) {
      out.set(i, j, entries.size() == 1 ? entries[0] : entries[next]);
      ++next;
    }
  }
  return out;
}

CalculatorMethod max_t_method() {
  return {"max-t",
          "p-values of correlated statistics read together",
          {array("statistics", "t or z of each comparison"),
           between(array("correlations", "upper triangle by rows, or one for all"), -1.0, 1.0),
           dof_input(), alpha(0.05)},
          {{"critical_value", "at which the largest |t| is significant"},
           {"p_single_step", "P(the largest |t| exceeds this one)"},
           {"p_step_down", "the strongest against all, the next against those left"}},
          "multivariate t; one common factor by quadrature, else a lattice rule (5e-5)",
          "Dunnett, JASA 50 (1955) 1096-1121; Genz & Bretz (2009); Westfall & Young (1993)",
          [](const Inputs& in) -> Result<std::vector<Output>> {
            const auto& t = get_array(in, "statistics");
            ASSAY_TRY(auto correlation, correlation_of(in, t.size()));
            const JointStatistics joint{std::move(correlation), dof_of(in), Sides::two};
            ASSAY_TRY(const double critical, joint_critical_value(joint, 1.0 - get(in, "alpha")));
            ASSAY_TRY(auto single, max_t_p_values(joint, t));
            ASSAY_TRY(auto down, step_down_max_t_p_values(joint, t));
            return std::vector<Output>{{"critical_value", critical},
                                       {"p_single_step", std::move(single)},
                                       {"p_step_down", std::move(down)}};
          }};
}

CalculatorMethod heterogeneity_method() {
  return {"heterogeneity",
          "whether effects of segments or experiments differ, and each shrunk to the rest",
          {array("estimates", "independent effects"),
           above(array("std_errors", "their standard errors, in the same order"), 0.0)},
          {{"pooled", "inverse-variance mean"},
           {"q", "Cochran's Q"},
           {"p_value", "chi-squared of k - 1 degrees of freedom"},
           {"between_sd", "tau of Paule & Mandel"},
           {"share_between", "I^2"},
           {"shrunk", "best linear unbiased predictions"},
           {"shrunk_std_errors", "of those; the uncertainty of tau is not in them"}},
          "Q = sum (e - pooled)^2 / se^2; shrunk = mean + tau^2 / (tau^2 + se^2) (e - mean)",
          "Cochran, Biometrics 10 (1954) 101-129; Paule & Mandel (1982)",
          [](const Inputs& in) -> Result<std::vector<Output>> {
            const auto& estimates = get_array(in, "estimates");
            const auto& errors = get_array(in, "std_errors");
            if (estimates.size() != errors.size())
              return fail(ErrorCode::invalid_spec,
                          fmt::format("{} estimates but {} standard errors", estimates.size(),
                                      errors.size()));
            std::vector<EffectEstimate> effects;
            for (std::size_t i = 0; i < estimates.size(); ++i)
              effects.push_back({estimates[i], errors[i]});
            ASSAY_TRY(const auto h, heterogeneity(effects));
            ASSAY_TRY(const auto shrunk, shrink(effects));
            std::vector<double> values;
            std::vector<double> spread;
            for (const auto& one : shrunk) {
              values.push_back(one.estimate);
              spread.push_back(one.std_error);
            }
            return std::vector<Output>{{"pooled", h.pooled},
                                       {"q", h.q},
                                       {"p_value", h.p_value},
                                       {"between_sd", h.between_sd},
                                       {"share_between", h.share_between},
                                       {"shrunk", std::move(values)},
                                       {"shrunk_std_errors", std::move(spread)}};
          }};
}

/// Moments of [y, d] from summary numbers.
numerics::CoMoments arm(const Inputs& in, const std::string& which) {
  numerics::CoMoments m(2);
  m.n = get_count(in, "n" + which);
  const double rest = static_cast<double>(m.n) - 1.0;
  m.mean = {get(in, "mean_y" + which), get(in, "mean_d" + which)};
  m.comoment = {rest * get(in, "variance_y" + which), rest * get(in, "covariance" + which),
                rest * get(in, "variance_d" + which)};
  return m;
}

CalculatorMethod complier_method() {
  CalculatorMethod m{"complier-effect", "effect on those who take the treatment when offered"};
  for (const char* which : {"1", "2"}) {
    const std::string suffix(which);
    const std::string name = suffix == "1" ? "control" : "treatment";
    m.inputs.push_back(integer("n" + suffix, "units of " + name, 2));
    m.inputs.push_back(number("mean_y" + suffix, "mean outcome of " + name));
    m.inputs.push_back(number("mean_d" + suffix, "mean take-up of " + name));
    m.inputs.push_back(at_least(number("variance_y" + suffix, "of the outcome, n - 1"), 0.0));
    m.inputs.push_back(at_least(number("variance_d" + suffix, "of the take-up, n - 1"), 0.0));
    m.inputs.push_back(number("covariance" + suffix, "of outcome and take-up, n - 1"));
  }
  m.inputs.push_back(confidence_level());
  m.outputs = {{"estimate", "difference in outcome over difference in take-up"},
               {"std_error", "delta method, as two-stage least squares with HC2"},
               {"ci_low", "Fieller and Anderson-Rubin"},
               {"ci_high", "Fieller and Anderson-Rubin"},
               {"p_value", "of no effect: that of the intention to treat"},
               {"share_compliers", "difference in take-up"},
               {"first_stage_f", "below 10 is weak"}};
  m.definition = "(ybar_2 - ybar_1) / (dbar_2 - dbar_1); the set of b at which y - b d is alike";
  m.source = "Angrist, Imbens & Rubin, JASA 91 (1996) 444-455; Anderson & Rubin (1949)";
  m.compute = [](const Inputs& in) -> Result<std::vector<Output>> {
    ASSAY_TRY(const auto e,
              complier_effect(arm(in, "1"), arm(in, "2"), get(in, "confidence_level")));
    const auto end = [&](double value) {
      return e.interval_undefined.empty() ? OutputValue(value)
                                          : OutputValue(Undefined{e.interval_undefined});
    };
    return std::vector<Output>{{"estimate", e.estimate},
                               {"std_error", e.std_error},
                               {"ci_low", end(e.ci_low)},
                               {"ci_high", end(e.ci_high)},
                               {"p_value", e.p_value},
                               {"share_compliers", e.share_compliers},
                               {"first_stage_f", e.first_stage_f}};
  };
  return m;
}

CalculatorMethod dilution_method() {
  return {"dilution",
          "effect on everybody of an effect on those triggered",
          {number("difference", "among the triggered"),
           above(number("std_error", "of that difference"), 0.0),
           number("control_value_triggered", "of control, among the triggered"),
           integer("triggered", "units of both arms", 2), integer("all", "units of both arms", 2),
           number("control_value_all", "of control, over all units"),
           at_least(number("control_variance_all", "of that value"), 0.0), confidence_level()},
          {{"difference", "a unit of everybody"},
           {"std_error", "with that of the share"},
           {"ci_low", "normal"},
           {"ci_high", "normal"},
           {"lift", "over the control value of all"}},
          "share x difference; both arms of the triggered taken as equally precise",
          "Deng & Hu, WSDM 2015",
          [](const Inputs& in) -> Result<std::vector<Output>> {
            const double value = get(in, "control_value_triggered");
            const double half = 0.5 * get(in, "std_error") * get(in, "std_error");
            const double level = get(in, "confidence_level");
            EstimatedPair pair{.control_value = value,
                               .treatment_value = value + get(in, "difference"),
                               .values = {half, half, 0.0}};
            pair.degrees_of_freedom = std::numeric_limits<double>::infinity();
            ASSAY_TRY(const auto triggered, contrast_of_values(pair, level));
            ASSAY_TRY(
                const auto all,
                dilute(triggered, {get_count(in, "triggered"), get_count(in, "all"),
                                   get(in, "control_value_all"), get(in, "control_variance_all")}));
            return std::vector<Output>{
                {"difference", all.difference},
                {"std_error", all.std_error},
                {"ci_low", all.ci_low},
                {"ci_high", all.ci_high},
                {"lift", all.lift ? OutputValue(all.lift->estimate)
                                  : OutputValue(Undefined{all.lift_undefined})}};
          }};
}

}  // namespace

std::vector<CalculatorMethod> several_effects_methods() {
  return {max_t_method(), heterogeneity_method(), complier_method(), dilution_method()};
}

}  // namespace assay::stats::detail
