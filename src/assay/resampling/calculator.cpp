#include "assay/resampling/calculator.hpp"

#include <cmath>
#include <string>
#include <utility>

#include "assay/resampling/bootstrap.hpp"
#include "assay/resampling/permutation.hpp"
#include "assay/resampling/quantile_bootstrap.hpp"
#include "assay/resampling/rerandomize.hpp"
#include "assay/resampling/uniformity.hpp"
#include "assay/stats/calculator_input.hpp"

namespace assay::resampling {
namespace {

using namespace stats::calculator;
using stats::CalculatorMethod;
using stats::Contrast;
using stats::Inputs;
using stats::InputSpec;
using stats::Output;
using stats::OutputSpec;
using stats::OutputValue;
using stats::Undefined;

using Outputs = Result<std::vector<Output>>;

const std::vector<OutputSpec> kContrastOutputs{
    {"control_value", "value of arm 1"},
    {"treatment_value", "value of arm 2"},
    {"difference", "arm 2 minus arm 1"},
    {"std_error", "standard error of the difference"},
    {"ci_low", "lower limit of the difference"},
    {"ci_high", "upper limit of the difference"},
    {"p_value", "two-sided: the inversion of this interval"},
    {"lift", "difference over |arm 1|"},
    {"lift_ci_low", "lower limit of the lift"},
    {"lift_ci_high", "upper limit of the lift"},
    {"method", "what was computed"},
    {"notes", "warnings"}};

std::string notes_text(const Contrast& c) {
  std::string text;
  for (const auto& note : c.notes) text += (text.empty() ? "" : "; ") + note.text;
  return text.empty() ? "none" : text;
}

std::vector<Output> outputs_of(const Contrast& c) {
  const auto lift = [&](double stats::Lift::*part) -> OutputValue {
    if (!c.lift) return Undefined{c.lift_undefined};
    return (*c.lift).*part;
  };
  const auto end = [&](double value) -> OutputValue {
    if (std::isinf(value)) return Undefined{"too few assignments for an end"};
    return value;
  };
  return {{"control_value", c.control_value},
          {"treatment_value", c.treatment_value},
          {"difference", c.difference},
          {"std_error", c.std_error},
          {"ci_low", end(c.ci_low)},
          {"ci_high", end(c.ci_high)},
          {"p_value", c.p_value},
          {"lift", lift(&stats::Lift::estimate)},
          {"lift_ci_low", lift(&stats::Lift::ci_low)},
          {"lift_ci_high", lift(&stats::Lift::ci_high)},
          {"method", std::string(stats::to_text(c.method))},
          {"notes", notes_text(c)}};
}

std::vector<OutputSpec> with(std::vector<OutputSpec> specs, std::vector<OutputSpec> more) {
  for (auto& spec : more) specs.push_back(std::move(spec));
  return specs;
}

std::vector<InputSpec> with(std::vector<InputSpec> specs, std::vector<InputSpec> more) {
  for (auto& spec : more) specs.push_back(std::move(spec));
  return specs;
}

InputSpec most(InputSpec spec, double maximum, double otherwise) {
  const double minimum = spec.minimum.value_or(1.0);
  return or_else(between(std::move(spec), minimum, maximum), otherwise);
}

InputSpec seed() { return most(integer("seed", "of the random draws", 0), 9007199254740992.0, 1); }

/// What every bootstrap asks beside its data.
std::vector<InputSpec> bootstrap_inputs() {
  return {or_else(choice("interval", "how replicates become an interval",
                         {"percentile", "basic", "bca", "bootstrap_t"}),
                  "bca"),
          or_else(choice("weights", "n of n with replacement, or Poisson(1) weights",
                         {"multinomial", "poisson"}),
                  "multinomial"),
          most(integer("replicates", "resamples", 39), 1e6, 1999), seed(), confidence_level()};
}

BootstrapOptions bootstrap_options(const Inputs& in) {
  BootstrapOptions out;
  const std::string& interval = get_choice(in, "interval");
  for (const IntervalKind kind : {IntervalKind::percentile, IntervalKind::basic, IntervalKind::bca,
                                  IntervalKind::bootstrap_t})
    if (interval == to_text(kind)) out.interval = kind;
  out.weights =
      get_choice(in, "weights") == "poisson" ? WeightScheme::poisson : WeightScheme::multinomial;
  out.replicates = get_count(in, "replicates");
  out.seed = static_cast<std::uint64_t>(get_count(in, "seed"));
  out.confidence_level = get(in, "confidence_level");
  return out;
}

Outputs outputs_of(const Result<Bootstrap>& b) {
  if (!b) return tl::unexpected(b.error());
  auto out = outputs_of(b->contrast);
  out.push_back({"std_error_noise", b->std_error_noise});
  out.push_back({"acceleration", b->acceleration});
  return out;
}

const std::vector<OutputSpec> kBootstrapMore{
    {"std_error_noise", "Monte-Carlo standard error of std_error"},
    {"acceleration", "of bca; 0 otherwise"}};

constexpr const char* kBootstrapSource =
    "Efron, JASA 82 (1987) 171-185; Davison & Hinkley (1997) ch. 5; Hanley & MacGibbon (2006)";

Result<std::vector<std::int64_t>> labels_of(const Inputs& in, const char* name) {
  std::vector<std::int64_t> out;
  for (const double label : get_array(in, name)) {
    if (label != std::floor(label) || std::abs(label) > 9007199254740992.0) {
      return fail(ErrorCode::invalid_spec, "labels are whole numbers",
                  std::string("input ") + name);
    }
    out.push_back(static_cast<std::int64_t>(label));
  }
  return out;
}

Outputs bootstrap_of_clusters(const Inputs& in) {
  ASSAY_TRY(const auto cluster1, labels_of(in, "cluster1"));
  ASSAY_TRY(const auto cluster2, labels_of(in, "cluster2"));
  ASSAY_TRY(const auto c, cluster_sums(get_array(in, "y1"), cluster1));
  ASSAY_TRY(const auto t, cluster_sums(get_array(in, "y2"), cluster2));
  return outputs_of(bootstrap_ratio({c.sum, c.size}, {t.sum, t.size}, bootstrap_options(in)));
}

std::vector<CalculatorMethod> bootstrap_methods() {
  const auto outputs = with(kContrastOutputs, kBootstrapMore);
  const std::vector<InputSpec> means{array("y1", "values of arm 1 (control), one a unit"),
                                     array("y2", "values of arm 2 (treatment)")};
  return {
      {"bootstrap-mean", "difference of means by the bootstrap", with(means, bootstrap_inputs()),
       outputs,
       "percentile: quantiles of mean2* - mean1* at (B+1)p; basic: 2 d - those; bca: quantiles at "
       "Phi(z0 + (z0+z)/(1 - a(z0+z))); bootstrap_t: d - se q*",
       kBootstrapSource,
       [](const Inputs& in) {
         return outputs_of(
             bootstrap_mean(get_array(in, "y1"), get_array(in, "y2"), bootstrap_options(in)));
       }},
      {"bootstrap-ratio", "difference of ratios of sums by the bootstrap",
       with({array("y1", "numerators of arm 1 (control), one a unit"),
             array("d1", "denominators of arm 1"), array("y2", "numerators of arm 2 (treatment)"),
             array("d2", "denominators of arm 2")},
            bootstrap_inputs()),
       outputs, "units resampled whole: sum y*/sum d* in each arm; intervals as bootstrap-mean",
       kBootstrapSource,
       [](const Inputs& in) {
         return outputs_of(bootstrap_ratio({get_array(in, "y1"), get_array(in, "d1")},
                                           {get_array(in, "y2"), get_array(in, "d2")},
                                           bootstrap_options(in)));
       }},
      {"bootstrap-clusters", "difference of means when units come in clusters",
       with({array("y1", "values of arm 1 (control), one a unit"),
             array("cluster1", "cluster of each of them, a whole number"),
             array("y2", "values of arm 2 (treatment)"), array("cluster2", "their clusters")},
            bootstrap_inputs()),
       outputs, "clusters resampled whole: sum of their sums over sum of their sizes",
       kBootstrapSource, bootstrap_of_clusters},
      {"bootstrap-quantile", "difference of quantiles, exact bootstrap distribution",
       with(means, {or_else(inside(number("quantile", "0.5 is the median"), 0, 1), 0.5),
                    confidence_level()}),
       kContrastOutputs,
       "P(quantile* <= x_(j)) = P(Binomial(n, j/n) >= ceil(n q)) in each arm; all pairs",
       "Efron, Ann. Stat. 7 (1979); Hutson & Ernst, JRSS B 62 (2000) 89-94",
       [](const Inputs& in) -> Outputs {
         ASSAY_TRY(const auto c,
                   quantile_bootstrap(get_array(in, "y1"), get_array(in, "y2"),
                                      {get(in, "quantile"), get(in, "confidence_level")}));
         return outputs_of(c);
       }}};
}

std::vector<InputSpec> permutation_inputs() {
  return {or_else(choice("statistic", "Welch's t, or the difference of means",
                         {"studentised", "difference"}),
                  "studentised"),
          most(integer("draws", "assignments drawn when they are not listed", 1), 1e6, 9999),
          most(integer("exact_up_to", "list all assignments when there are at most so many", 0),
               1e6, 20000),
          seed(), confidence_level()};
}

PermutationOptions permutation_options(const Inputs& in) {
  PermutationOptions out;
  out.statistic = get_choice(in, "statistic") == "difference" ? PermutationStatistic::difference
                                                              : PermutationStatistic::studentised;
  out.draws = get_count(in, "draws");
  out.exact_up_to = get_count(in, "exact_up_to");
  out.seed = static_cast<std::uint64_t>(get_count(in, "seed"));
  out.confidence_level = get(in, "confidence_level");
  return out;
}

Outputs outputs_of(const Result<RandomisationTest>& test) {
  if (!test) return tl::unexpected(test.error());
  auto out = outputs_of(test->contrast);
  out.push_back({"exact", std::string(test->exact ? "yes" : "no")});
  out.push_back({"n_assignments", static_cast<double>(test->n_assignments)});
  out.push_back({"n_as_extreme", static_cast<double>(test->n_as_extreme)});
  return out;
}

Result<Mechanism> mechanism_of(const Inputs& in, const std::vector<std::uint8_t>& arms) {
  ASSAY_TRY(const auto labels, labels_of(in, "labels"));
  const std::string& word = get_choice(in, "mechanism");
  if (word == "stratified") return stratified_randomisation(labels, arms);
  if (word == "cluster") return cluster_randomisation(labels, arms);
  if (word == "paired") return paired_randomisation(labels, arms);
  return switchback_randomisation(labels);
}

Outputs randomisation(const Inputs& in) {
  std::vector<std::uint8_t> arms;
  for (const double arm : get_array(in, "arms"))
    arms.push_back(arm == 0.0 ? 0 : arm == 1.0 ? 1 : 2);
  ASSAY_TRY(const auto mechanism, mechanism_of(in, arms));
  return outputs_of(
      randomisation_test(get_array(in, "y"), arms, mechanism, permutation_options(in)));
}

std::vector<CalculatorMethod> permutation_methods() {
  const auto outputs =
      with(kContrastOutputs, {{"exact", "whether all assignments were listed"},
                              {"n_assignments", "looked at, the data's own among them"},
                              {"n_as_extreme", "with |statistic| at least the data's"}});
  constexpr const char* kSource =
      "Phipson & Smyth, SAGMB 9 (2010) 39; Chung & Romano, Ann. Stat. 41 (2013) 484-507";
  return {{"permutation", "two samples by the permutation test",
           with({array("y1", "values of arm 1 (control), one a unit"),
                 array("y2", "values of arm 2 (treatment)")},
                permutation_inputs()),
           outputs,
           "p = share of splits with |t| at least the data's, (b+1)/(B+1) under draws; interval: "
           "constant effects not rejected",
           kSource,
           [](const Inputs& in) {
             return outputs_of(permutation_test(get_array(in, "y1"), get_array(in, "y2"),
                                                permutation_options(in)));
           }},
          {"randomisation", "randomisation test of a design: strata, clusters, pairs, switchback",
           with({array("y", "value of each unit or period"),
                 between(array("arms", "0 control, 1 treatment, one a unit"), 0, 1),
                 array("labels", "stratum, cluster, pair or block of each, a whole number"),
                 choice("mechanism", "what was randomised",
                        {"stratified", "cluster", "paired", "switchback"})},
                permutation_inputs()),
           outputs, "as permutation, over the assignments that the design could have made",
           "Fisher (1935); Imbens & Rubin, Causal Inference (2015) ch. 5; Bojinov, Simchi-Levi & "
           "Zhao, Management Science 69 (2023)",
           randomisation}};
}

Outputs rerandomisation(const Inputs& in) {
  AaOptions options;
  const double share = get(in, "treatment_share");
  options.weights = {1.0 - share, share};
  options.draws = get_count(in, "draws");
  options.seed = static_cast<std::uint64_t>(get_count(in, "seed"));
  options.confidence_level = get(in, "confidence_level");
  AaMetric metric{.name = "y", .y = get_array(in, "y")};
  metric.cap_quantile = get(in, "cap_quantile");
  ASSAY_TRY(const auto run, rerandomize({metric}, options));
  const MetricCertificate& m = run.metrics.front();
  if (!m.p_values) return fail(ErrorCode::undefined_statistic, m.undefined_reason);
  return std::vector<Output>{{"rejected", m.rejected.rate},
                             {"rejected_ci_low", m.rejected.ci_low},
                             {"rejected_ci_high", m.rejected.ci_high},
                             {"rejected_above", m.rejected_above.rate},
                             {"rejected_below", m.rejected_below.rate},
                             {"ks_p_value", m.p_values->kolmogorov_smirnov_p_value},
                             {"ad_p_value", m.p_values->anderson_darling_p_value},
                             {"n_undefined", static_cast<double>(m.n_undefined)}};
}

Outputs uniformity_outputs(const Inputs& in) {
  ASSAY_TRY(const auto u, uniformity(get_array(in, "p_values")));
  return std::vector<Output>{{"kolmogorov_smirnov", u.kolmogorov_smirnov},
                             {"ks_p_value", u.kolmogorov_smirnov_p_value},
                             {"anderson_darling", u.anderson_darling},
                             {"ad_p_value", u.anderson_darling_p_value}};
}

std::vector<CalculatorMethod> calibration_methods() {
  return {{"rerandomise",
           "false-positive rate of Welch's t on these very units",
           {array("y", "value of each unit, whatever its arm"),
            or_else(inside(number("treatment_share", "of the units"), 0, 1), 0.5),
            or_else(between(number("cap_quantile", "values above are lowered to it; 1: no cap"),
                            0.0001, 1),
                    1.0),
            most(integer("draws", "re-randomisations", 1), 1e6, 10000), seed(), confidence_level()},
           {{"rejected", "share of draws whose interval excludes 0"},
            {"rejected_ci_low", "95 % binomial interval of it"},
            {"rejected_ci_high", "95 % binomial interval of it"},
            {"rejected_above", "of those, above 0"},
            {"rejected_below", "of those, below 0"},
            {"ks_p_value", "Kolmogorov-Smirnov test that p is uniform"},
            {"ad_p_value", "Anderson-Darling test that p is uniform"},
            {"n_undefined", "draws without a contrast"}},
           "every draw assigns each unit by a coin and tests the two arms",
           "Kohavi, Tang & Xu, Trustworthy Online Controlled Experiments (2020) ch. 19",
           rerandomisation},
          {"uniformity",
           "are these p-values uniform, as without an effect",
           {between(array("p_values", "of independent tests"), 0, 1)},
           {{"kolmogorov_smirnov", "largest distance from the diagonal"},
            {"ks_p_value", "its p-value"},
            {"anderson_darling", "A^2"},
            {"ad_p_value", "its p-value"}},
           "D = sup |F_n(p) - p|; A^2 = -n - mean((2i-1)(log p_(i) + log(1-p_(n+1-i))))",
           "Stephens, JRSS B 32 (1970); Marsaglia & Marsaglia, J. Stat. Software 9 (2004) 2",
           uniformity_outputs}};
}

}  // namespace

const std::vector<CalculatorMethod>& calculator_methods() {
  static const std::vector<CalculatorMethod> methods = [] {
    std::vector<CalculatorMethod> all = bootstrap_methods();
    for (auto& method : permutation_methods()) all.push_back(std::move(method));
    for (auto& method : calibration_methods()) all.push_back(std::move(method));
    return all;
  }();
  return methods;
}

}  // namespace assay::resampling
