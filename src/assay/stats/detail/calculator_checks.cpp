#include <fmt/core.h>

#include <cmath>
#include <numbers>

#include "assay/numerics/distributions.hpp"
#include "assay/stats/balance.hpp"
#include "assay/stats/calculator_input.hpp"
#include "assay/stats/detail/calculator_lists.hpp"
#include "assay/stats/interval.hpp"
#include "assay/stats/multiplicity.hpp"
#include "assay/stats/sample_ratio.hpp"

namespace assay::stats::detail {

using namespace calculator;
namespace {

CalculatorMethod interval_method(bool exact) {
  return {
      exact ? "clopper-pearson" : "wilson",
      exact ? "exact interval of a proportion" : "score interval of a proportion",
      {integer("x", "successes", 0), integer("n", "trials", 1), confidence_level()},
      {{"estimate", "x / n"}, {"ci_low", "lower limit"}, {"ci_high", "upper limit"}},
      exact ? "quantiles a/2 of Beta(x, n-x+1) and 1 - a/2 of Beta(x+1, n-x)"
            : "roots of n (p - x/n)^2 = z^2 p (1 - p)",
      exact ? "Clopper & Pearson, Biometrika 26 (1934) 404-413" : "Wilson, JASA 22 (1927) 209-212",
      [exact](const Inputs& in) -> Result<std::vector<Output>> {
        const auto x = get_count(in, "x");
        const auto n = get_count(in, "n");
        const double level = get(in, "confidence_level");
        ASSAY_TRY(const auto i, exact ? clopper_pearson(x, n, level) : wilson(x, n, level));
        return std::vector<Output>{
            {"estimate", i.estimate}, {"ci_low", i.low}, {"ci_high", i.high}};
      }};
}

CalculatorMethod sample_ratio_method() {
  return {"sample-ratio",
          "units per arm against the planned split",
          {at_least(array("counts", "units per arm"), 0),
           at_least(array("weights", "planned weight per arm, any scale"), 0), alpha(0.001)},
          {{"chi_squared", "Pearson's statistic over arms of positive weight"},
           {"degrees_of_freedom", "arms of positive weight - 1"},
           {"p_value", "chi-squared, or exact binomial when two arms expect fewer than 5"},
           {"log10_p", "its decimal logarithm, right below 1e-308"},
           {"expected", "units expected per arm"},
           {"leaked", "units in arms of zero weight"},
           {"verdict", "mismatch or no mismatch at alpha"}},
          "sum (count - expected)^2 / expected; arms of zero weight leave the test, their units "
          "are a leak",
          "Fabijan et al., KDD 2019",
          [](const Inputs& in) -> Result<std::vector<Output>> {
            std::vector<std::int64_t> counts;
            for (const double c : get_array(in, "counts")) {
              if (c != std::floor(c)) {
                return fail(ErrorCode::invalid_spec,
                            fmt::format("counts must be whole numbers; got {}", c), "input counts");
              }
              counts.push_back(static_cast<std::int64_t>(c));
            }
            ASSAY_TRY(const auto r,
                      sample_ratio(counts, get_array(in, "weights"), get(in, "alpha")));
            return std::vector<Output>{{"chi_squared", r.chi_squared},
                                       {"degrees_of_freedom", r.degrees_of_freedom},
                                       {"p_value", r.p_value},
                                       {"log10_p", r.log10_p},
                                       {"expected", r.expected},
                                       {"leaked", static_cast<double>(r.leaked)},
                                       {"verdict", r.mismatch ? "mismatch" : "no mismatch"}};
          }};
}

CalculatorMethod balance_method() {
  std::vector<InputSpec> inputs;
  for (const std::string arm : {"1", "2"}) {
    inputs.push_back(integer("n" + arm, "units of arm " + arm, 2));
    inputs.push_back(number("mean" + arm, "mean of the covariate"));
    inputs.push_back(at_least(number("sd" + arm, "its standard deviation, n - 1"), 0));
  }
  return {"balance",
          "standardised difference of one covariate",
          inputs,
          {{"std_difference", "mean2 - mean1 over the root of the mean variance"},
           {"variance_ratio", "sd2^2 / sd1^2"},
           {"hotelling_t2", "pooled t squared"},
           {"p_value", "two-sided"}},
          "(mean2 - mean1) / sqrt((sd1^2 + sd2^2) / 2); T2 = n1 n2 / (n1 + n2) d^2 / s_pooled^2",
          "Austin, Stat. Med. 28 (2009) 3083-3107; Hotelling (1931)",
          [](const Inputs& in) -> Result<std::vector<Output>> {
            const auto arm = [&](const std::string& name) {
              numerics::CoMoments m(1);
              m.n = get_count(in, "n" + name);
              m.mean[0] = get(in, "mean" + name);
              m.comoment[0] = std::pow(get(in, "sd" + name), 2) * static_cast<double>(m.n - 1);
              return m;
            };
            ASSAY_TRY(const auto b, balance(arm("1"), arm("2"), {}));
            return std::vector<Output>{{"std_difference", b.covariates[0].std_difference},
                                       {"variance_ratio", b.covariates[0].variance_ratio},
                                       {"hotelling_t2", b.hotelling_t2},
                                       {"p_value", b.p_value}};
          }};
}

CalculatorMethod family_method(Multiplicity multiplicity, std::string name, std::string summary,
                               std::string definition, std::string source) {
  return {std::move(name),
          std::move(summary),
          {between(array("p_values", "of the family, any order"), 0, 1), alpha(0.05)},
          {{"adjusted", "adjusted p-values in the order given"},
           {"rejected", "1 where adjusted <= alpha, else 0"},
           {"n_rejected", "how many"}},
          std::move(definition),
          std::move(source),
          [multiplicity](const Inputs& in) -> Result<std::vector<Output>> {
            ASSAY_TRY(auto adjusted, adjust_p_values(get_array(in, "p_values"), multiplicity));
            std::vector<double> rejected;
            double count = 0.0;
            for (const double p : adjusted) {
              rejected.push_back(p <= get(in, "alpha") ? 1.0 : 0.0);
              count += rejected.back();
            }
            return std::vector<Output>{{"adjusted", std::move(adjusted)},
                                       {"rejected", std::move(rejected)},
                                       {"n_rejected", count}};
          }};
}

std::vector<CalculatorMethod> family_methods() {
  return {family_method(Multiplicity::bonferroni, "bonferroni", "family-wise error, any dependence",
                        "min(1, m p)", "Bonferroni (1936)"),
          family_method(Multiplicity::holm, "holm", "family-wise error, any dependence, step-down",
                        "running maximum of (m - i + 1) p_(i) over ascending p",
                        "Holm, Scand. J. Stat. 6 (1979) 65-70"),
          family_method(Multiplicity::hochberg, "hochberg",
                        "family-wise error, positive dependence, step-up",
                        "running minimum of (m - i + 1) p_(i) from the largest p",
                        "Hochberg, Biometrika 75 (1988) 800-802"),
          family_method(Multiplicity::benjamini_hochberg, "benjamini-hochberg",
                        "false discovery rate, positive dependence",
                        "running minimum of m p_(i) / i from the largest p",
                        "Benjamini & Hochberg, JRSS B 57 (1995) 289-300"),
          family_method(Multiplicity::benjamini_yekutieli, "benjamini-yekutieli",
                        "false discovery rate, any dependence",
                        "Benjamini-Hochberg times 1 + 1/2 + ... + 1/m",
                        "Benjamini & Yekutieli, Ann. Stat. 29 (2001) 1165-1188")};
}

CalculatorMethod chi_squared_method() {
  return {"chi-squared-tail",
          "upper tail of chi-squared",
          {at_least(number("x", "statistic"), 0), above(number("degrees_of_freedom", "real"), 0)},
          {{"p_value", "P(X > x)"}, {"log10_p", "right below 1e-308"}},
          "Q(dof / 2, x / 2), the regularised upper incomplete gamma function",
          "Abramowitz & Stegun (1964) 26.4",
          [](const Inputs& in) -> Result<std::vector<Output>> {
            const double log_p =
                numerics::log_chi_squared_sf(get(in, "x"), get(in, "degrees_of_freedom"));
            return std::vector<Output>{{"p_value", std::exp(log_p)},
                                       {"log10_p", log_p / std::numbers::ln10}};
          }};
}

CalculatorMethod normal_method() {
  return {"normal-tail",
          "tails of the standard normal",
          {number("z", "statistic")},
          {{"p_greater", "P(Z > z)"},
           {"p_two_sided", "P(|Z| > |z|)"},
           {"log10_p_greater", "right below 1e-308"},
           {"log10_p_two_sided", "right below 1e-308"}},
          "erfc(z / sqrt 2) / 2",
          "Abramowitz & Stegun (1964) 26.2",
          [](const Inputs& in) -> Result<std::vector<Output>> {
            const double z = get(in, "z");
            return std::vector<Output>{
                {"p_greater", numerics::normal_sf(z)},
                {"p_two_sided", 2.0 * numerics::normal_sf(std::abs(z))},
                {"log10_p_greater", numerics::normal_log_sf(z) / std::numbers::ln10},
                {"log10_p_two_sided",
                 (numerics::normal_log_sf(std::abs(z)) + std::numbers::ln2) / std::numbers::ln10}};
          }};
}

CalculatorMethod student_t_method() {
  return {"student-t-tail",
          "tails and critical value of Student's t",
          {number("t", "statistic"), above(number("degrees_of_freedom", "real"), 0), alpha(0.05)},
          {{"p_greater", "P(T > t)"},
           {"p_two_sided", "P(|T| > |t|)"},
           {"critical", "two-sided critical value at alpha"}},
          "I_{v/(v+t^2)}(v/2, 1/2) / 2 with v degrees of freedom",
          "Abramowitz & Stegun (1964) 26.7",
          [](const Inputs& in) -> Result<std::vector<Output>> {
            const double t = get(in, "t");
            const double dof = get(in, "degrees_of_freedom");
            return std::vector<Output>{
                {"p_greater", numerics::student_t_sf(t, dof)},
                {"p_two_sided", 2.0 * numerics::student_t_sf(std::abs(t), dof)},
                {"critical", numerics::student_t_upper_quantile(get(in, "alpha") / 2.0, dof)}};
          }};
}

}  // namespace

std::vector<CalculatorMethod> check_methods() {
  std::vector<CalculatorMethod> all{interval_method(false), interval_method(true),
                                    sample_ratio_method(), balance_method()};
  for (auto& method : family_methods()) all.push_back(std::move(method));
  all.push_back(normal_method());
  all.push_back(student_t_method());
  all.push_back(chi_squared_method());
  return all;
}

}  // namespace assay::stats::detail
