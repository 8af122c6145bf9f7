#include <fmt/core.h>

#include <cmath>
#include <limits>

#include "assay/stats/calculator_input.hpp"
#include "assay/stats/contrast.hpp"
#include "assay/stats/detail/calculator_lists.hpp"
#include "assay/stats/detail/contrast_outputs.hpp"
#include "assay/stats/lin.hpp"
#include "assay/stats/non_inferiority.hpp"
#include "assay/stats/two_proportion.hpp"

namespace assay::stats::detail {

using namespace calculator;
namespace {

using numerics::CoMoments;
using numerics::Moments;

std::vector<InputSpec> count_inputs() {
  return {integer("x1", "successes of arm 1 (control)", 0), integer("n1", "units of arm 1", 1),
          integer("x2", "successes of arm 2 (treatment)", 0), integer("n2", "units of arm 2", 1)};
}

TwoCounts counts_of(const Inputs& in) {
  return {get_count(in, "x1"), get_count(in, "n1"), get_count(in, "x2"), get_count(in, "n2")};
}

std::vector<InputSpec> mean_inputs() {
  return {integer("n1", "units of arm 1 (control)", 2),
          number("mean1", "mean of arm 1"),
          at_least(number("sd1", "standard deviation of arm 1, n - 1"), 0),
          integer("n2", "units of arm 2 (treatment)", 2),
          number("mean2", "mean of arm 2"),
          at_least(number("sd2", "standard deviation of arm 2, n - 1"), 0)};
}

Moments moments_of(const Inputs& in, const std::string& arm) {
  const double n = get(in, "n" + arm);
  const double sd = get(in, "sd" + arm);
  return {get_count(in, "n" + arm), get(in, "mean" + arm), sd * sd * (n - 1.0)};
}

std::vector<InputSpec> with(std::vector<InputSpec> inputs, std::vector<InputSpec> more) {
  for (auto& spec : more) inputs.push_back(std::move(spec));
  return inputs;
}

CalculatorMethod welch_method() {
  return {"welch",
          "difference of two means, unequal variances",
          with(mean_inputs(), {confidence_level()}),
          contrast_outputs(),
          "d = mean2 - mean1; se^2 = sd1^2/n1 + sd2^2/n2; t = d/se on "
          "se^4 / (sd1^4/(n1^2 (n1-1)) + sd2^4/(n2^2 (n2-1))) degrees of freedom; "
          "lift by Fieller with the same critical value",
          "Welch, Biometrika 34 (1947) 28-35; Fieller, JRSS B 16 (1954) 175-185",
          [](const Inputs& in) {
            return outputs_of(
                welch(moments_of(in, "1"), moments_of(in, "2"), get(in, "confidence_level")));
          }};
}

CalculatorMethod two_proportion_method() {
  return {"two-proportion",
          "difference and lift of two proportions",
          with(count_inputs(), {confidence_level()}),
          contrast_outputs(),
          "z = (p2 - p1) / sqrt(p (1-p) (1/n1 + 1/n2)), p pooled; intervals invert the score "
          "test of the difference and of the ratio, without the N/(N-1) factor; exact "
          "unconditional test when an expected count is below 5",
          "Mee, Biometrics 40 (1984); Koopman, Biometrics 40 (1984) 513-517; Chan & Zhang, "
          "Biometrics 55 (1999) 1202-1209",
          [](const Inputs& in) {
            return outputs_of(two_proportion(counts_of(in), get(in, "confidence_level")));
          }};
}

CalculatorMethod newcombe_method() {
  return {"newcombe",
          "hybrid score interval of a difference of proportions",
          with(count_inputs(), {confidence_level()}),
          {{"difference", "p2 - p1"}, {"ci_low", "lower limit"}, {"ci_high", "upper limit"}},
          "with Wilson limits l, u of each arm: d - sqrt((p2-l2)^2 + (u1-p1)^2), "
          "d + sqrt((u2-p2)^2 + (p1-l1)^2)",
          "Newcombe, Stat. Med. 17 (1998) 873-890, method 10",
          [](const Inputs& in) -> Result<std::vector<Output>> {
            ASSAY_TRY(const auto i, newcombe(counts_of(in), get(in, "confidence_level")));
            return std::vector<Output>{
                {"difference", i.estimate}, {"ci_low", i.low}, {"ci_high", i.high}};
          }};
}

CalculatorMethod exact_method() {
  return {"exact-proportion",
          "exact unconditional test of two proportions",
          count_inputs(),
          {{"p_greater", "one-sided: arm 2 is higher"},
           {"p_less", "one-sided: arm 2 is lower"},
           {"p_value", "two-sided: twice the smaller, at most 1"}},
          "the largest probability, over the common proportion, of a table whose pooled z is as "
          "extreme; region of the nuisance 1 - 1e-6, its price added",
          "Suissa & Shuster, JRSS A 148 (1985); Berger & Boos, JASA 89 (1994) 1012-1016",
          [](const Inputs& in) -> Result<std::vector<Output>> {
            const TwoCounts counts = counts_of(in);
            ASSAY_TRY(const auto checked, newcombe(counts, 0.95));  // Refuses x > n.
            static_cast<void>(checked);
            if (!exact_test_is_affordable(counts)) {
              return fail(ErrorCode::undefined_statistic,
                          "too many tables to enumerate for an exact test", "",
                          "use two-proportion: with counts this large its score test is right");
            }
            const auto p = exact_test(counts, {ProportionNull::Scale::difference, 0.0});
            return std::vector<Output>{
                {"p_greater", p.greater},
                {"p_less", p.less},
                {"p_value", std::min(1.0, 2.0 * std::min(p.greater, p.less))}};
          }};
}

CoMoments pair_moments(std::int64_t n, double mean_a, double mean_b, double var_a, double var_b,
                       double covariance) {
  CoMoments m(2);
  const auto freedom = static_cast<double>(n - 1);
  m.n = n;
  m.mean = {mean_a, mean_b};
  m.comoment = {var_a * freedom, covariance * freedom, var_b * freedom};
  return m;
}

Result<void> check_covariance(double var_a, double var_b, double covariance, std::string_view arm) {
  if (covariance * covariance <= var_a * var_b * (1.0 + 1e-9)) return {};
  return fail(ErrorCode::invalid_data,
              fmt::format("the covariance {} exceeds what the variances allow", covariance),
              fmt::format("arm {}", arm));
}

CalculatorMethod ratio_method() {
  std::vector<InputSpec> inputs;
  for (const std::string arm : {"1", "2"}) {
    const std::string of = arm == "1" ? "arm 1 (control)" : "arm 2 (treatment)";
    inputs.push_back(integer("n" + arm, "units of " + of, 2));
    inputs.push_back(number("mean_numerator" + arm, "per unit"));
    inputs.push_back(number("mean_denominator" + arm, "per unit, not 0"));
    inputs.push_back(at_least(number("var_numerator" + arm, "n - 1"), 0));
    inputs.push_back(at_least(number("var_denominator" + arm, "n - 1"), 0));
    inputs.push_back(number("covariance" + arm, "of numerator and denominator, n - 1"));
  }
  inputs.push_back(confidence_level());
  return {"ratio-delta",
          "difference and lift of two ratios of sums",
          inputs,
          contrast_outputs(),
          "R = mean_numerator / mean_denominator; var R = (var_num - 2 R cov + R^2 var_den) / "
          "(n mean_denominator^2); Welch-Satterthwaite t",
          "Deng, Knoblich & Lu, KDD 2018",
          [](const Inputs& in) -> Result<std::vector<Output>> {
            std::vector<CoMoments> arms;
            for (const std::string arm : {"1", "2"}) {
              const double va = get(in, "var_numerator" + arm);
              const double vb = get(in, "var_denominator" + arm);
              const double cov = get(in, "covariance" + arm);
              ASSAY_CHECK(check_covariance(va, vb, cov, arm));
              arms.push_back(pair_moments(get_count(in, "n" + arm), get(in, "mean_numerator" + arm),
                                          get(in, "mean_denominator" + arm), va, vb, cov));
            }
            return outputs_of(ratio_delta(arms[0], arms[1], get(in, "confidence_level")));
          }};
}

CalculatorMethod fieller_method() {
  return {
      "fieller",
      "difference and ratio of two estimates with known variances",
      {number("value1", "estimate of arm 1 (control)"),
       at_least(number("variance1", "squared standard error of value1"), 0),
       number("value2", "estimate of arm 2 (treatment)"),
       at_least(number("variance2", "squared standard error of value2"), 0),
       or_else(number("covariance", "of the two estimates"), 0.0),
       or_else(at_least(number("degrees_of_freedom", "of the t; 0 = normal"), 0), 0.0),
       confidence_level()},
      contrast_outputs(),
      "all r with (value2 - r value1)^2 <= c^2 (variance2 - 2 r covariance + r^2 variance1); "
      "bounded when value1^2 > c^2 variance1",
      "Fieller, JRSS B 16 (1954) 175-185",
      [](const Inputs& in) -> Result<std::vector<Output>> {
        EstimatedPair pair;
        pair.control_value = get(in, "value1");
        pair.treatment_value = get(in, "value2");
        pair.values = {get(in, "variance1"), get(in, "variance2"), get(in, "covariance")};
        ASSAY_CHECK(check_covariance(pair.values.control_variance, pair.values.treatment_variance,
                                     pair.values.covariance, "1 and 2"));
        const double dof = get(in, "degrees_of_freedom");
        pair.degrees_of_freedom = dof > 0.0 ? dof : std::numeric_limits<double>::infinity();
        return outputs_of(contrast_of_values(pair, get(in, "confidence_level")));
      }};
}

CalculatorMethod cuped_method() {
  std::vector<InputSpec> inputs;
  for (const std::string arm : {"1", "2"}) {
    const std::string of = arm == "1" ? "arm 1 (control)" : "arm 2 (treatment)";
    inputs.push_back(integer("n" + arm, "units of " + of, 2));
    inputs.push_back(number("mean_y" + arm, "mean of the metric"));
    inputs.push_back(above(number("sd_y" + arm, "its standard deviation"), 0));
    inputs.push_back(number("mean_x" + arm, "mean of the covariate"));
    inputs.push_back(above(number("sd_x" + arm, "its standard deviation"), 0));
    inputs.push_back(between(number("correlation" + arm, "of metric and covariate"), -1, 1));
  }
  inputs.push_back(confidence_level());
  auto outputs = contrast_outputs();
  outputs.push_back({"theta1", "slope in arm 1"});
  outputs.push_back({"theta2", "slope in arm 2"});
  outputs.push_back({"variance_reduction", "1 - (std_error / unadjusted std_error)^2"});
  outputs.push_back({"unadjusted_difference", "without the covariate"});
  outputs.push_back({"unadjusted_p_value", "without the covariate"});
  return {"cuped",
          "difference of means adjusted for one covariate",
          inputs,
          outputs,
          "theta = correlation sd_y / sd_x per arm; value = mean_y - theta (mean_x - pooled mean); "
          "residual variance on n - 2, plus (theta2 - theta1)^2 var(x) / (n1 + n2); one shared "
          "slope when an arm has fewer than 40 units",
          "Lin, Ann. Appl. Stat. 7 (2013) 295-318; Deng et al., WSDM 2013",
          [](const Inputs& in) -> Result<std::vector<Output>> {
            std::vector<CoMoments> arms;
            for (const std::string arm : {"1", "2"}) {
              const double sy = get(in, "sd_y" + arm);
              const double sx = get(in, "sd_x" + arm);
              arms.push_back(pair_moments(get_count(in, "n" + arm), get(in, "mean_y" + arm),
                                          get(in, "mean_x" + arm), sy * sy, sx * sx,
                                          get(in, "correlation" + arm) * sx * sy));
            }
            CompareOptions options;
            options.confidence_level = get(in, "confidence_level");
            ASSAY_TRY(const auto c, lin(arms[0], arms[1], options));
            auto out = outputs_of(c);
            if (!c.adjustment) {
              for (const char* name : {"theta1", "theta2", "variance_reduction",
                                       "unadjusted_difference", "unadjusted_p_value"})
                out.push_back({name, Undefined{"too few units to adjust"}});
              return out;
            }
            out.push_back({"theta1", c.adjustment->theta_control[0]});
            out.push_back({"theta2", c.adjustment->theta_treatment[0]});
            out.push_back({"variance_reduction", c.adjustment->variance_reduction});
            out.push_back({"unadjusted_difference", c.adjustment->unadjusted.difference});
            out.push_back({"unadjusted_p_value", c.adjustment->unadjusted.p_value});
            return out;
          }};
}

std::vector<InputSpec> margin_inputs() {
  return {above(number("margin", "largest acceptable worsening"), 0),
          or_else(choice("scale", "of the margin", {"absolute", "relative"}), "absolute"),
          or_else(choice("direction", "which way is good", {"increase", "decrease"}), "increase"),
          or_else(inside(number("alpha", "one-sided level"), 0, 0.5), 0.025)};
}

Result<std::vector<Output>> judge(const Inputs& in, const Result<Contrast>& c) {
  if (!c) return tl::unexpected(c.error());
  const Margin margin{get(in, "margin"), get_choice(in, "scale") == "relative"
                                             ? MarginScale::relative
                                             : MarginScale::absolute};
  const auto direction =
      get_choice(in, "direction") == "increase" ? Direction::increase : Direction::decrease;
  ASSAY_TRY(const auto n, non_inferiority(*c, margin, direction, get(in, "alpha")));
  const auto p = [&](const std::optional<double>& value) -> OutputValue {
    if (!value) return Undefined{n.reason};
    return *value;
  };
  const bool relative = margin.scale == MarginScale::relative;
  const Lift l = c->lift.value_or(Lift{});
  const auto change = [&](double absolute, double share) -> OutputValue {
    if (!relative) return absolute;
    if (!c->lift) return Undefined{c->lift_undefined};
    return share;
  };
  return std::vector<Output>{{"status", std::string(to_text(n.status))},
                             {"change", change(c->difference, l.estimate)},
                             {"ci_low", change(c->ci_low, l.ci_low)},
                             {"ci_high", change(c->ci_high, l.ci_high)},
                             {"margin", n.margin},
                             {"statistic", n.statistic},
                             {"p_value", p(n.p_value)},
                             {"harm_p_value", p(n.harm_p_value)}};
}

CalculatorMethod non_inferiority_method(bool proportions) {
  const std::vector<OutputSpec> outputs{
      {"status", "non_inferior, harmed or undecided"},
      {"change", "difference or lift, by the scale of the margin"},
      {"ci_low", "of the change, level 1 - 2 alpha"},
      {"ci_high", "of the change, level 1 - 2 alpha"},
      {"margin", "signed limit of the change"},
      {"statistic", "distance from the margin, positive = better"},
      {"p_value", "one-sided, against worse by the margin or more"},
      {"harm_p_value", "one-sided, against worse by the margin or less"}};
  return {proportions ? "non-inferiority-proportions" : "non-inferiority",
          proportions ? "guardrail of a proportion against its margin"
                      : "guardrail of a mean against its margin",
          with(proportions ? count_inputs() : mean_inputs(), margin_inputs()),
          outputs,
          proportions ? "score test at the margin: p2 - p1 or p2 / p1 fixed under the null"
                      : "t of mean2 - mean1 + margin, or of mean2 - (1 - margin) mean1 with the "
                        "variance of both; signs turned where down is good",
          "Farrington & Manning, Stat. Med. 9 (1990) 1447-1454; ICH E9 (1998)",
          [proportions](const Inputs& in) {
            const double level = 1.0 - 2.0 * get(in, "alpha");
            if (proportions) return judge(in, two_proportion(counts_of(in), level));
            return judge(in, welch(moments_of(in, "1"), moments_of(in, "2"), level));
          }};
}

}  // namespace

std::vector<CalculatorMethod> comparison_methods() {
  return {two_proportion_method(),
          newcombe_method(),
          exact_method(),
          welch_method(),
          ratio_method(),
          fieller_method(),
          cuped_method(),
          non_inferiority_method(false),
          non_inferiority_method(true)};
}

}  // namespace assay::stats::detail
