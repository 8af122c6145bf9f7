#include "assay/assignment/calculator.hpp"

#include <fmt/core.h>

#include "assay/assignment/checks.hpp"
#include "assay/assignment/design.hpp"
#include "assay/assignment/traffic.hpp"
#include "assay/numerics/distributions.hpp"
#include "assay/stats/calculator_input.hpp"

namespace assay::assignment {
namespace {

using namespace stats::calculator;
using stats::CalculatorMethod;
using stats::Inputs;
using stats::InputSpec;
using stats::Output;
using stats::OutputValue;
using stats::Undefined;

constexpr HashMethod kMethods[] = {HashMethod::assay,         HashMethod::growthbook_v1,
                                   HashMethod::growthbook_v2, HashMethod::murmur3,
                                   HashMethod::planout,       HashMethod::planout_uniform};

InputSpec method_input() {
  std::vector<std::string> names;
  for (const HashMethod method : kMethods) names.emplace_back(to_text(method));
  return or_else(choice("method", "how the id becomes a position", std::move(names)), "assay");
}

HashRule rule_of(const Inputs& in) {
  HashRule rule;
  rule.salt = get_choice(in, "salt");
  for (const HashMethod method : kMethods)
    if (to_text(method) == get_choice(in, "method")) rule.method = method;
  return rule;
}

OutputValue p_output(double p) {
  if (p > 0) return p;
  return Undefined{std::string(stats::kBelowSmallest)};
}

Result<std::vector<Output>> compute_hash(const Inputs& in) {
  const HashRule rule = rule_of(in);
  ASSAY_CHECK(check_rule(rule));
  const HashValue value = hash_unit(rule, get_choice(in, "unit"));
  return std::vector<Output>{{"hash", fmt::format("0x{:X}", value.hash)},
                             {"position", value.position},
                             {"bucket", static_cast<double>(value.bucket)},
                             {"buckets", static_cast<double>(n_buckets(rule))}};
}

CalculatorMethod hash_of_unit() {
  return {"hash-unit",
          "the hash of a unit's id under a salt, by one of six methods",
          {text("unit", "the id, exactly as it is logged"), text("salt", "of the experiment"),
           method_input()},
          {{"hash", "the integer, in hexadecimal"},
           {"position", "in [0, 1)"},
           {"bucket", "counted from 0"},
           {"buckets", "how many there are"}},
          "assay: XXH64(salt, one zero byte, id; seed 0), position = (hash >> 11) / 2^53. "
          "growthbook_v1: FNV1a32(id, salt) mod 1000. growthbook_v2: FNV1a32(text of "
          "FNV1a32(salt, id)) mod 10000. murmur3: MurmurHash3_x86_32(id, zero byte, salt; seed 0) "
          "mod 10000. planout: first 60 bits of SHA-1(salt.id) / (2^60 - 1).",
          "XXH64 specification 0.1.1; GrowthBook SDK; Appleby 2011; PlanOut 0.6.0",
          compute_hash};
}

Result<std::vector<Output>> compute_arm(const Inputs& in) {
  TrafficRequest request;
  request.hash = rule_of(in);
  request.share = get(in, "share");
  for (const double weight : get_array(in, "weights"))
    request.arms.push_back({fmt::format("arm {}", request.arms.size() + 1), weight});
  auto plan = plan_traffic(std::move(request));
  if (!plan) return tl::unexpected(std::move(plan.error()));
  const Explanation told = explain(*plan, get_choice(in, "unit"));
  OutputValue arm = Undefined{"the unit is outside the share"};
  if (told.assigned.outcome == Outcome::assigned) arm = static_cast<double>(told.assigned.arm) + 1;
  OutputValue position = Undefined{"the share kept the unit out before its arm was asked for"};
  if (told.steps.back().name == "arm") position = told.steps.back().value.position;
  return std::vector<Output>{{"arm", arm}, {"position", position}};
}

CalculatorMethod arm_of_unit() {
  return {"arm-of-unit",
          "the arm of a unit by hash, weights and share of traffic",
          {text("unit", "the id, exactly as it is logged"), text("salt", "of the experiment"),
           method_input(),
           or_else(array("weights", "of the arms, in order; they sum to 1"),
                   std::vector<double>{0.5, 0.5}),
           or_else(between(number("share", "of the traffic that takes part"), 0, 1), 1.0)},
          {{"arm", "counted from 1"}, {"position", "of the arm's hash"}},
          "The first arm whose cumulative weight is above the position. assay: a second hash, of "
          "salt `SALT:share`, must be below the share. GrowthBook and murmur3: each arm keeps the "
          "lower part of its range (coverage). PlanOut: WeightedChoice and UniformChoice.",
          "GrowthBook SDK getBucketRanges; PlanOut 0.6.0 ops/random.py",
          compute_arm};
}

Result<std::vector<Output>> compute_rerandomisation(const Inputs& in) {
  const double acceptance = get(in, "acceptance");
  const double dof = get(in, "covariates") * (get(in, "arms") - 1);
  const double threshold = numerics::chi_squared_quantile(acceptance, dof);
  const double share = numerics::chi_squared_cdf(threshold, dof + 2) / acceptance;
  return std::vector<Output>{{"threshold", threshold},
                             {"degrees_of_freedom", dof},
                             {"draws_expected", 1 / acceptance},
                             {"variance_share", share}};
}

CalculatorMethod rerandomisation() {
  return {"rerandomisation",
          "the balance that a re-randomised design asks for, and what it gains",
          {integer("covariates", "columns that are balanced", 1),
           inside(number("acceptance", "share of draws that are kept"), 0, 1),
           or_else(integer("arms", "of the experiment", 2), 2.0)},
          {{"threshold", "largest Mahalanobis imbalance that is kept"},
           {"degrees_of_freedom", "covariates * (arms - 1)"},
           {"draws_expected", "draws a kept one takes"},
           {"variance_share", "variance of a covariate's difference, of that without balancing"}},
          "threshold a: P(chi2_d <= a) = acceptance; variance share P(chi2_(d+2) <= a) / "
          "P(chi2_d <= a). An outcome gains R^2 of it: 1 - (1 - variance share) R^2.",
          "Morgan & Rubin, Annals of Statistics 40 (2012) 1263-1282, theorem 3.1",
          compute_rerandomisation};
}

Result<std::vector<Output>> compute_table(const Inputs& in) {
  const auto& cells = get_array(in, "counts");
  const auto columns = static_cast<std::size_t>(get_count(in, "columns"));
  if (cells.size() % columns != 0 || cells.size() < 2 * columns)
    return fail(ErrorCode::invalid_spec,
                fmt::format("{} counts make no table of {} columns", cells.size(), columns),
                "counts", "write two rows or more, one behind the other");
  std::vector<std::int64_t> counts;
  for (const double cell : cells) {
    counts.push_back(static_cast<std::int64_t>(cell));
    if (cell != static_cast<double>(counts.back()))
      return fail(ErrorCode::invalid_spec, fmt::format("{} is no count", cell), "counts");
  }
  const CountTest test = table_test(counts, counts.size() / columns, columns);
  if (test.degrees_of_freedom < 1)
    return fail(ErrorCode::undefined_statistic, "fewer than two rows or columns have counts",
                "counts");
  return std::vector<Output>{{"chi_squared", test.chi_squared},
                             {"degrees_of_freedom", test.degrees_of_freedom},
                             {"p_value", p_output(test.p_value)},
                             {"log10_p", test.log10_p}};
}

CalculatorMethod table_independence() {
  return {"table-independence",
          "whether the arms of two experiments (rows and columns) are independent",
          {at_least(array("counts", "units by rows of the table"), 0),
           integer("columns", "of the table", 2)},
          {{"chi_squared", "Pearson's"},
           {"degrees_of_freedom", "(rows - 1) (columns - 1), without empty ones"},
           {"p_value", "upper tail"},
           {"log10_p", "its logarithm to base 10"}},
          "Sum of (count - expected)^2 / expected, expected = row total * column total / total.",
          "Pearson, Philosophical Magazine 50 (1900) 157-175",
          compute_table};
}

}  // namespace

const std::vector<CalculatorMethod>& calculator_methods() {
  static const std::vector<CalculatorMethod> methods{hash_of_unit(), arm_of_unit(),
                                                     rerandomisation(), table_independence()};
  return methods;
}

}  // namespace assay::assignment
