#include <algorithm>
#include <limits>

#include "assay/design/detail/calculator_plans.hpp"
#include "assay/design/duration.hpp"
#include "assay/design/exact_proportions.hpp"
#include "assay/design/plan.hpp"
#include "assay/design/switchback.hpp"
#include "assay/stats/calculator_input.hpp"

namespace assay::design::detail {
namespace {

using stats::CalculatorMethod;
using stats::Inputs;
using stats::InputSpec;
using stats::Output;
using Outputs = Result<std::vector<Output>>;
namespace words = stats::calculator;
using words::get;
using words::number;
using words::or_else;

int whole(const Inputs& in, std::string_view name) {
  return static_cast<int>(words::get_count(in, name));
}

CalculatorMethod design_effect_method() {
  return {"design-effect",
          "price of randomising clusters instead of units",
          {words::at_least(number("cluster_size", "mean units a cluster"), 1),
           or_else(words::at_least(number("cluster_cv", "sd over mean of the sizes"), 0), 0.0),
           words::between(number("icc", "intracluster correlation"), 0, 1)},
          {{"design_effect", "units needed over those of simple randomisation"}},
          "1 + ((1 + cv^2) m - 1) icc",
          "Eldridge, Ashby & Kerry, Int. J. Epidemiology 35 (2006) 1292-1300",
          [](const Inputs& in) -> Outputs {
            double effect = 0.0;
            ASSAY_TRY(effect, design_effect({get(in, "cluster_size"), get(in, "cluster_cv"),
                                             get(in, "icc")}));
            return std::vector<Output>{{"design_effect", effect}};
          }};
}

std::vector<InputSpec> comparison_inputs() {
  std::vector<InputSpec> in{
      words::between(words::integer("treatments", "arms besides control", 1), 1, 200),
      or_else(words::above(number("control_ratio", "control units a treatment unit"), 0), 1.0),
      or_else(
          words::choice("correction", "for several treatments", {"none", "bonferroni", "dunnett"}),
          "dunnett"),
      words::alpha(0.05), or_else(words::choice("sides", "of the test", {"two", "one"}), "two")};
  return in;
}

Comparisons comparisons_of(const Inputs& in) {
  const std::string& correction = words::get_choice(in, "correction");
  return {whole(in, "treatments"), get(in, "control_ratio"),
          correction == "none"         ? Correction::none
          : correction == "bonferroni" ? Correction::bonferroni
                                       : Correction::dunnett};
}

CalculatorMethod many_arms_method() {
  std::vector<InputSpec> inputs = comparison_inputs();
  inputs.push_back(or_else(words::at_least(number("degrees_of_freedom", "0: normal"), 0), 0.0));
  return {"many-arms-critical",
          "critical value of several treatments against one control",
          std::move(inputs),
          {{"critical", "reject beyond it"},
           {"best_control_ratio", "control units a treatment unit that narrow intervals most"}},
          "c with P(max |T_i| > c) = alpha; Bonferroni: t at alpha / k; best ratio sqrt(k)",
          "Dunnett, JASA 50 (1955) 1096-1121",
          [](const Inputs& in) -> Outputs {
            const double dof = get(in, "degrees_of_freedom");
            double critical = 0.0;
            ASSAY_TRY(critical,
                      critical_of(comparisons_of(in), get(in, "alpha"),
                                  dof > 0.0 ? dof : std::numeric_limits<double>::infinity(),
                                  words::get_choice(in, "sides") == "one"));
            double ratio = 0.0;
            ASSAY_TRY(ratio, best_control_ratio(whole(in, "treatments"), 1.0, 1.0));
            return std::vector<Output>{{"critical", critical}, {"best_control_ratio", ratio}};
          }};
}

CalculatorMethod any_rejection_method() {
  std::vector<InputSpec> inputs = comparison_inputs();
  inputs.erase(inputs.begin());
  inputs.insert(inputs.begin(), words::array("shifts",
                                             "true effect of each treatment, in standard "
                                             "errors of its difference"));
  return {"many-arms-power",
          "chance that any, and that each, of several treatments is detected",
          std::move(inputs),
          {{"any", "chance of one rejection or more"}, {"each", "chance for each treatment"}},
          "integral over the control's deviation of the product of the treatments' chances",
          "Dunnett, JASA 50 (1955) 1096-1121",
          [](const Inputs& in) -> Outputs {
            const auto& shifts = words::get_array(in, "shifts");
            const bool one_sided = words::get_choice(in, "sides") == "one";
            Inputs counted = in;
            counted["treatments"] = static_cast<double>(shifts.size());
            const Comparisons comparisons = comparisons_of(counted);
            const double normal = std::numeric_limits<double>::infinity();
            double critical = 0.0;
            ASSAY_TRY(critical, critical_of(comparisons, get(in, "alpha"), normal, one_sided));
            double any = 0.0;
            ASSAY_TRY(any, any_rejection(comparisons, critical, shifts, one_sided));
            std::vector<double> each;
            for (const double shift : shifts)
              each.push_back(stats::rejection_probability(shift, critical, normal, one_sided));
            return std::vector<Output>{{"any", any}, {"each", std::move(each)}};
          }};
}

CalculatorMethod power_for_each_method() {
  return {"power-for-each",
          "power to plan each test with so that a rule of several succeeds together",
          {or_else(words::inside(number("power", "of the rule"), 0, 1), 0.8),
           words::integer("guardrails", "that must be shown non-inferior", 0)},
          {{"power_each", "of the success metric and of each guardrail"}},
          "1 - (1 - power) / (guardrails + 1)",
          "Schultzberg, Ankargren & Franberg, arXiv:2402.11609",
          [](const Inputs& in) -> Outputs {
            double power = 0.0;
            ASSAY_TRY(power, power_for_each(get(in, "power"), whole(in, "guardrails") + 1));
            return std::vector<Output>{{"power_each", power}};
          }};
}

ProportionTest test_of(const Inputs& in) {
  const std::string& test = words::get_choice(in, "test");
  return test == "score"   ? ProportionTest::score
         : test == "exact" ? ProportionTest::exact
                           : ProportionTest::as_analysed;
}

CalculatorMethod exact_method(bool units) {
  std::vector<InputSpec> inputs{words::between(number("p1", "share of control"), 0, 1),
                                words::between(number("p2", "share of treatment"), 0, 1)};
  if (units) {
    inputs.push_back(or_else(words::inside(number("power", "to reach"), 0, 1), 0.8));
  } else {
    inputs.push_back(words::integer("n1", "units of control", 1));
    inputs.push_back(words::integer("n2", "units of treatment", 1));
  }
  inputs.push_back(words::alpha(0.05));
  inputs.push_back(or_else(
      words::choice("test", "whose rejections are added up", {"as_analysed", "score", "exact"}),
      "as_analysed"));
  return {
      units ? "exact-units-proportions" : "exact-power-proportions",
      units ? "units an arm for two small shares, by enumeration"
            : "power of two small shares, by enumeration (at equal shares: the size)",
      std::move(inputs),
      units ? std::vector<stats::OutputSpec>{{"n_each", "units of each arm"}}
            : std::vector<stats::OutputSpec>{{"power", "probability of the tables rejected"}},
      "sum of P(x1) P(x2) over the tables that the two-sided test rejects",
      "Lydersen, Fagerland & Laake, Stat. Med. 28 (2009) 1159-1175",
      [units](const Inputs& in) -> Outputs {
        const TwoShares shares{get(in, "p1"), get(in, "p2")};
        if (units) {
          std::int64_t n = 0;
          ASSAY_TRY(n, exact_units_needed(shares, get(in, "alpha"), get(in, "power"), test_of(in)));
          return std::vector<Output>{{"n_each", static_cast<double>(n)}};
        }
        double power = 0.0;
        ASSAY_TRY(power, exact_power(shares, words::get_count(in, "n1"), words::get_count(in, "n2"),
                                     get(in, "alpha"), test_of(in)));
        return std::vector<Output>{{"power", power}};
      }};
}

CalculatorMethod switchback_method() {
  return {"switchback-plan",
          "power, detectable effect and best block length of a switchback",
          {words::between(words::integer("periods", "in all", 4), 4, 1e7),
           words::between(words::integer("block_periods", "of one block", 1), 1, 1e7),
           or_else(words::between(words::integer("carryover_periods", "left out of a block", 0), 0,
                                  1e7),
                   0.0),
           words::above(number("period_sd", "of a period's outcome, time effects taken out"), 0),
           or_else(words::inside(number("autocorrelation", "of neighbouring periods"), -1, 1), 0.0),
           or_else(number("effect", "true effect"), 0.0), words::alpha(0.05),
           or_else(words::inside(number("power", "to reach"), 0, 1), 0.8)},
          {{"blocks", "whole blocks"},
           {"std_error", "of the difference"},
           {"power", "at the effect"},
           {"detectable_effect", "smallest that reaches the power"},
           {"best_block_periods", "length of a block with the smallest detectable effect"}},
          "block variance sd^2 / L^2 (L + 2 sum (L - k) r^k), L = block - carry-over; t with "
          "blocks - 2 degrees of freedom",
          "Bojinov, Simchi-Levi & Zhao, Management Science 69 (2023) 3759-3777",
          [](const Inputs& in) -> Outputs {
            const Switchback design{.periods = whole(in, "periods"),
                                    .block_periods = whole(in, "block_periods"),
                                    .carryover_periods = whole(in, "carryover_periods"),
                                    .period_sd = get(in, "period_sd"),
                                    .autocorrelation = get(in, "autocorrelation")};
            const SwitchbackTest test{get(in, "alpha"), get(in, "power")};
            SwitchbackPlan plan;
            ASSAY_TRY(plan, switchback_plan(design));
            double power = 0.0;
            ASSAY_TRY(power, switchback_power(design, get(in, "effect"), test.alpha));
            double mde = 0.0;
            ASSAY_TRY(mde, switchback_detectable_effect(design, test));
            stats::OutputValue best = stats::Undefined{"the periods do not hold eight blocks"};
            if (const auto all = block_lengths(design, test)) {
              best = static_cast<double>(
                  std::min_element(all->begin(), all->end(), [](const auto& a, const auto& b) {
                    return a.detectable_effect < b.detectable_effect;
                  })->block_periods);
            }
            return std::vector<Output>{{"blocks", static_cast<double>(plan.blocks)},
                                       {"std_error", plan.std_error},
                                       {"power", power},
                                       {"detectable_effect", mde},
                                       {"best_block_periods", best}};
          }};
}

CalculatorMethod weeks_method() {
  return {
      "weeks-needed",
      "whole weeks that bring enough distinct units",
      {words::at_least(words::array("new_units", "units first seen on each day of history"), 0),
       words::above(number("n_total", "units needed"), 0),
       or_else(words::between(number("traffic", "share of units in the experiment"), 0, 1), 1.0),
       or_else(words::between(words::integer("maturity_days", "outcome window of a unit", 0), 0,
                              10'000),
               0.0)},
      {{"weeks", "whole weeks"},
       {"n", "units reached by then"},
       {"extrapolated", "1 beyond the days of history, else 0"}},
      "smallest w with traffic x (sum of new_units up to day 7 w - maturity) >= n_total; after "
      "history the mean of its last week goes on",
      "arithmetic",
      [](const Inputs& in) -> Outputs {
        Arrivals arrivals{.traffic = get(in, "traffic"),
                          .maturity_days = whole(in, "maturity_days")};
        for (const double units : words::get_array(in, "new_units"))
          arrivals.new_units.push_back(static_cast<std::int64_t>(units));
        Duration duration;
        ASSAY_TRY(duration, weeks_needed(arrivals, get(in, "n_total")));
        return std::vector<Output>{{"weeks", static_cast<double>(duration.weeks)},
                                   {"n", duration.n},
                                   {"extrapolated", duration.extrapolated ? 1.0 : 0.0}};
      }};
}

CalculatorMethod density_method() {
  return {"quantile-density",
          "density at a quantile, for planning with quantiles",
          {words::array("values", "of units"), words::inside(number("q", "which quantile"), 0, 1)},
          {{"density", "of the values there"}},
          "2 h / (Q(q + h) - Q(q - h)) with h of Hall & Sheather",
          "Hall & Sheather, JRSS B 50 (1988) 381-391",
          [](const Inputs& in) -> Outputs {
            std::vector<double> values = words::get_array(in, "values");
            std::sort(values.begin(), values.end());
            double density = 0.0;
            ASSAY_TRY(density, quantile_density(values, get(in, "q")));
            return std::vector<Output>{{"density", density}};
          }};
}

}  // namespace

std::vector<CalculatorMethod> design_methods() {
  return {design_effect_method(),  many_arms_method(),  any_rejection_method(),
          power_for_each_method(), exact_method(false), exact_method(true),
          switchback_method(),     weeks_method(),      density_method()};
}

}  // namespace assay::design::detail
