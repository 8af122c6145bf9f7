#include <fmt/core.h>

#include <algorithm>

#include "assay/stats/calculator_input.hpp"
#include "assay/stats/detail/calculator_lists.hpp"
#include "assay/stats/detail/contrast_outputs.hpp"
#include "assay/stats/one_sample.hpp"
#include "assay/stats/post_stratification.hpp"
#include "assay/stats/rank_test.hpp"
#include "assay/stats/sparse_counts.hpp"

namespace assay::stats::detail {

using namespace calculator;
namespace {

OutputValue or_reason(const std::optional<double>& value, std::string reason) {
  if (!value) return Undefined{std::move(reason)};
  return *value;
}

const std::vector<OutputSpec>& one_sample_outputs() {
  static const std::vector<OutputSpec> outputs{{"estimate", "of the group"},
                                               {"difference", "estimate - benchmark"},
                                               {"ci_low", "of the estimate"},
                                               {"ci_high", "of the estimate"},
                                               {"p_value", "two-sided"},
                                               {"p_greater", "against: at most the benchmark"},
                                               {"p_less", "against: at least the benchmark"}};
  return outputs;
}

Result<std::vector<Output>> outputs_of(const Result<OneSample>& o) {
  if (!o) return tl::unexpected(o.error());
  return std::vector<Output>{{"estimate", o->estimate}, {"difference", o->difference},
                             {"ci_low", o->ci_low},     {"ci_high", o->ci_high},
                             {"p_value", o->p_value},   {"p_greater", o->p_greater},
                             {"p_less", o->p_less}};
}

CalculatorMethod one_sample_mean_method() {
  return {"one-sample-mean",
          "a mean against a benchmark",
          {integer("n", "units", 2), number("mean", "their mean"),
           at_least(number("sd", "standard deviation, n - 1"), 0),
           number("benchmark", "the stated value"), confidence_level()},
          one_sample_outputs(),
          "t = (mean - benchmark) / (sd / sqrt(n)) on n - 1 degrees of freedom",
          "Student, Biometrika 6 (1908) 1-25",
          [](const Inputs& in) {
            const double n = get(in, "n");
            const double sd = get(in, "sd");
            return outputs_of(mean_against({get_count(in, "n"), get(in, "mean"), sd * sd * (n - 1)},
                                           get(in, "benchmark"), get(in, "confidence_level")));
          }};
}

CalculatorMethod one_sample_proportion_method() {
  return {"one-sample-proportion",
          "a proportion against a benchmark",
          {integer("x", "successes", 0), integer("n", "units", 1),
           inside(number("benchmark", "the stated proportion"), 0, 1),
           or_else(choice("test", "which one", {"exact", "score"}), "exact"), confidence_level()},
          one_sample_outputs(),
          "exact: binomial tails, twice the smaller, Clopper-Pearson; score: z with the "
          "benchmark's variance, Wilson",
          "Clopper & Pearson, Biometrika 26 (1934) 404-413; Wilson, JASA 22 (1927) 209-212",
          [](const Inputs& in) {
            return outputs_of(proportion_against(
                get_count(in, "x"), get_count(in, "n"), get(in, "benchmark"),
                get_choice(in, "test") == "exact" ? ProportionTest::exact : ProportionTest::score,
                get(in, "confidence_level")));
          }};
}

std::vector<InputSpec> two_arrays() {
  return {array("values1", "of arm 1 (control)"), array("values2", "of arm 2 (treatment)")};
}

CalculatorMethod geometric_method() {
  auto inputs = two_arrays();
  inputs.push_back(confidence_level());
  return {"geometric-ratio",
          "ratio of geometric means of positive values",
          inputs,
          contrast_outputs(),
          "Welch's t on logarithms; lift = exp(difference) - 1, limits likewise",
          "Welch, Biometrika 34 (1947) 28-35",
          [](const Inputs& in) -> Result<std::vector<Output>> {
            ASSAY_TRY(const auto c, log_moments(get_array(in, "values1")));
            ASSAY_TRY(const auto t, log_moments(get_array(in, "values2")));
            return detail::outputs_of(compare_log_means(c, t, get(in, "confidence_level")));
          }};
}

CalculatorMethod mann_whitney_method() {
  return {"mann-whitney",
          "are two distributions equal, by ranks",
          two_arrays(),
          {{"u", "pairs that arm 2 wins, ties half"},
           {"z", "normal approximation, variance for ties"},
           {"p_value", "two-sided; exact without ties up to 50 units"},
           {"exact", "yes or no"}},
          "U = sum over pairs of [y2 > y1] + [y2 = y1] / 2",
          "Mann & Whitney, Ann. Math. Stat. 18 (1947) 50-60",
          [](const Inputs& in) -> Result<std::vector<Output>> {
            ASSAY_TRY(const auto m,
                      mann_whitney(get_array(in, "values1"), get_array(in, "values2")));
            return std::vector<Output>{{"u", m.u},
                                       {"z", m.z},
                                       {"p_value", m.p_value},
                                       {"exact", std::string(m.exact ? "yes" : "no")}};
          }};
}

CalculatorMethod brunner_munzel_method() {
  auto inputs = two_arrays();
  inputs.push_back(confidence_level());
  return {"brunner-munzel",
          "chance that a treated unit beats a control one",
          inputs,
          {{"probability", "P(y2 > y1) + P(y2 = y1) / 2"},
           {"ci_low", "lower limit"},
           {"ci_high", "upper limit"},
           {"statistic", "t against 1/2"},
           {"degrees_of_freedom", "Satterthwaite"},
           {"p_value", "two-sided"}},
          "mid-ranks; variances of overall rank minus own rank per arm; shapes may differ",
          "Brunner & Munzel, Biometrical Journal 42 (2000) 17-25",
          [](const Inputs& in) -> Result<std::vector<Output>> {
            ASSAY_TRY(const auto b,
                      brunner_munzel(get_array(in, "values1"), get_array(in, "values2"),
                                     get(in, "confidence_level")));
            return std::vector<Output>{{"probability", b.probability},
                                       {"ci_low", b.ci_low},
                                       {"ci_high", b.ci_high},
                                       {"statistic", b.statistic},
                                       {"degrees_of_freedom", b.degrees_of_freedom},
                                       {"p_value", b.p_value}};
          }};
}

CalculatorMethod rate_ratio_method() {
  return {"rate-ratio",
          "exact comparison of two Poisson rates",
          {integer("x1", "events of arm 1 (control)", 0),
           above(number("exposure1", "its exposure: days, impressions, spend"), 0),
           integer("x2", "events of arm 2 (treatment)", 0),
           above(number("exposure2", "its exposure"), 0), confidence_level()},
          {{"rate1", "events per exposure"},
           {"rate2", "events per exposure"},
           {"ratio", "rate2 / rate1"},
           {"ci_low", "lower limit of the ratio"},
           {"ci_high", "upper limit of the ratio"},
           {"p_value", "exact, twice the smaller tail"},
           {"mid_p_value", "half the observed point; not exact"}},
          "x2 given x1 + x2 is binomial with share r t2 / (t1 + r t2)",
          "Przyborowski & Wilenski, Biometrika 31 (1940) 313-323",
          [](const Inputs& in) -> Result<std::vector<Output>> {
            ASSAY_TRY(const auto r, rate_ratio({get_count(in, "x1"), get(in, "exposure1"),
                                                get_count(in, "x2"), get(in, "exposure2")},
                                               get(in, "confidence_level")));
            const std::string none = "arm 1 has no event";
            return std::vector<Output>{{"rate1", r.rate_control},
                                       {"rate2", r.rate_treatment},
                                       {"ratio", or_reason(r.ratio, none)},
                                       {"ci_low", r.ci_low},
                                       {"ci_high", or_reason(r.ci_high, none)},
                                       {"p_value", r.p_value},
                                       {"mid_p_value", r.mid_p_value}};
          }};
}

std::vector<InputSpec> count_inputs() {
  return {integer("x1", "successes of arm 1 (control)", 0), integer("n1", "units of arm 1", 1),
          integer("x2", "successes of arm 2 (treatment)", 0), integer("n2", "units of arm 2", 1)};
}

TwoCounts counts_of(const Inputs& in) {
  return {get_count(in, "x1"), get_count(in, "n1"), get_count(in, "x2"), get_count(in, "n2")};
}

CalculatorMethod fisher_method() {
  return {"fisher-exact",
          "exact conditional test of two proportions",
          count_inputs(),
          {{"odds_ratio", "sample's, arm 2 over arm 1"},
           {"p_greater", "one-sided: arm 2 is higher"},
           {"p_less", "one-sided: arm 2 is lower"},
           {"p_value", "tables no likelier than this one"},
           {"mid_p_value", "twice the smaller tail, this table half"}},
          "hypergeometric tails given both margins",
          "Fisher, JRSS 98 (1935) 39-82; Lancaster, JASA 56 (1961) 223-234",
          [](const Inputs& in) -> Result<std::vector<Output>> {
            ASSAY_TRY(const auto f, fisher_exact(counts_of(in)));
            return std::vector<Output>{{"odds_ratio", or_reason(f.odds_ratio, "a cell is empty")},
                                       {"p_greater", f.p_greater},
                                       {"p_less", f.p_less},
                                       {"p_value", f.p_value},
                                       {"mid_p_value", f.mid_p_value}};
          }};
}

CalculatorMethod boschloo_method() {
  return {"boschloo",
          "exact unconditional test ordered by Fisher's p",
          count_inputs(),
          {{"p_greater", "one-sided: arm 2 is higher"},
           {"p_less", "one-sided: arm 2 is lower"},
           {"p_value", "twice the smaller, at most 1"}},
          "largest probability, over the common proportion, of a Fisher p as small",
          "Boschloo, Statistica Neerlandica 24 (1970) 1-9",
          [](const Inputs& in) -> Result<std::vector<Output>> {
            ASSAY_TRY(const auto p, boschloo(counts_of(in)));
            return std::vector<Output>{
                {"p_greater", p.greater},
                {"p_less", p.less},
                {"p_value", std::min(1.0, 2.0 * std::min(p.greater, p.less))}};
          }};
}

CalculatorMethod miettinen_method() {
  auto inputs = count_inputs();
  inputs.push_back(
      or_else(choice("scale", "of the interval", {"difference", "ratio"}), "difference"));
  inputs.push_back(confidence_level());
  return {
      "miettinen-nurminen",
      "score interval of a difference or ratio of proportions",
      inputs,
      {{"estimate", "p2 - p1 or p2 / p1"}, {"ci_low", "lower limit"}, {"ci_high", "upper limit"}},
      "values whose score z, times sqrt((N - 1) / N), stays within the normal quantile",
      "Miettinen & Nurminen, Stat. Med. 4 (1985) 213-226",
      [](const Inputs& in) -> Result<std::vector<Output>> {
        ASSAY_TRY(const auto i, miettinen_nurminen(counts_of(in),
                                                   get_choice(in, "scale") == "ratio"
                                                       ? ProportionNull::Scale::ratio
                                                       : ProportionNull::Scale::difference,
                                                   get(in, "confidence_level")));
        return std::vector<Output>{
            {"estimate", i.estimate}, {"ci_low", i.low}, {"ci_high", i.high}};
      }};
}

CalculatorMethod post_stratified_method() {
  std::vector<InputSpec> inputs;
  for (const std::string arm : {"1", "2"}) {
    inputs.push_back(array("n" + arm, "units of arm " + arm + ", one a stratum"));
    inputs.push_back(array("mean" + arm, "their means"));
    inputs.push_back(array("sd" + arm, "their standard deviations, n - 1"));
  }
  inputs.push_back(confidence_level());
  return {"post-stratified",
          "difference of means weighted by pooled strata",
          inputs,
          contrast_outputs(),
          "sum of w_s (mean2_s - mean1_s), w_s the stratum's share of all units; variance sum of "
          "w_s^2 sd^2 / n plus that of the shares",
          "Miratrix, Sekhon & Yu, JRSS B 75 (2013) 369-396",
          [](const Inputs& in) -> Result<std::vector<Output>> {
            const std::size_t strata_count = get_array(in, "n1").size();
            for (const char* name : {"mean1", "sd1", "n2", "mean2", "sd2"}) {
              if (get_array(in, name).size() == strata_count) continue;
              return fail(ErrorCode::invalid_spec,
                          fmt::format("{} needs one entry a stratum, as n1 has", name),
                          fmt::format("input {}", name));
            }
            std::vector<Stratum> strata;
            for (std::size_t s = 0; s < strata_count; ++s) {
              const auto arm = [&](const std::string& a) {
                const double n = get_array(in, "n" + a)[s];
                const double sd = get_array(in, "sd" + a)[s];
                return numerics::Moments{static_cast<std::int64_t>(n), get_array(in, "mean" + a)[s],
                                         sd * sd * std::max(0.0, n - 1.0)};
              };
              strata.push_back({fmt::format("{}", s + 1), arm("1"), arm("2")});
            }
            return detail::outputs_of(post_stratified(strata, get(in, "confidence_level")));
          }};
}

}  // namespace

std::vector<CalculatorMethod> small_sample_methods() {
  return {one_sample_mean_method(), one_sample_proportion_method(),
          geometric_method(),       mann_whitney_method(),
          brunner_munzel_method(),  rate_ratio_method(),
          fisher_method(),          boschloo_method(),
          miettinen_method(),       post_stratified_method()};
}

}  // namespace assay::stats::detail
