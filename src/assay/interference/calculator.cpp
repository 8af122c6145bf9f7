#include "assay/interference/calculator.hpp"

#include <fmt/core.h>

#include <cmath>
#include <string>

#include "assay/interference/budget_split.hpp"
#include "assay/interference/exposure_mapping.hpp"
#include "assay/interference/geo.hpp"
#include "assay/interference/saturation.hpp"
#include "assay/interference/switchback.hpp"
#include "assay/interference/switchback_regression.hpp"
#include "assay/interference/two_sided.hpp"
#include "assay/stats/calculator_input.hpp"

namespace assay::interference {
namespace {

using namespace stats::calculator;
using stats::CalculatorMethod;
using stats::Inputs;
using stats::InputSpec;
using stats::Output;
using stats::OutputSpec;
using stats::Undefined;

using Outputs = Result<std::vector<Output>>;

const std::vector<OutputSpec> kContrastOutputs{
    {"control_value", "value under control"},
    {"treatment_value", "value under treatment"},
    {"difference", "treatment minus control"},
    {"std_error", "standard error of the difference"},
    {"ci_low", "lower limit of the difference"},
    {"ci_high", "upper limit of the difference"},
    {"p_value", "two-sided"},
    {"naive_difference", "what ignoring the design says"},
    {"naive_std_error", "its standard error"},
    {"naive_p_value", "its p-value"},
    {"notes", "warnings"}};

std::vector<OutputSpec> contrast_and(std::vector<OutputSpec> more) {
  auto out = kContrastOutputs;
  out.insert(out.end(), more.begin(), more.end());
  return out;
}

std::vector<Output> outputs_of(const stats::Contrast& c, const stats::Contrast* naive) {
  std::string notes;
  for (const auto& note : c.notes) notes += (notes.empty() ? "" : "; ") + note.text;
  std::vector<Output> out{{"control_value", c.control_value},
                          {"treatment_value", c.treatment_value},
                          {"difference", c.difference},
                          {"std_error", c.std_error},
                          {"ci_low", c.ci_low},
                          {"ci_high", c.ci_high},
                          {"p_value", c.p_value}};
  for (const char* name : {"naive_difference", "naive_std_error", "naive_p_value"})
    out.push_back({name, Undefined{"needs values of users"}});
  if (naive != nullptr) {
    out[7].value = naive->difference;
    out[8].value = naive->std_error;
    out[9].value = naive->p_value;
  }
  out.push_back({"notes", notes.empty() ? "none" : notes});
  return out;
}

/// Whole numbers of an array, each in its own type.
template <class Number>
Result<std::vector<Number>> whole(const Inputs& in, const char* name) {
  std::vector<Number> out;
  for (const double x : get_array(in, name)) {
    if (x != std::floor(x) || std::abs(x) > 1e9 || (x < 0.0 && std::is_unsigned_v<Number>))
      return fail(ErrorCode::invalid_spec, fmt::format("{} holds whole numbers; got {}", name, x),
                  fmt::format("input {}", name));
    out.push_back(static_cast<Number>(x));
  }
  return out;
}

InputSpec arms_input(std::string name, std::string description) {
  return between(array(std::move(name), std::move(description)), 0, 1);
}

Outputs bad_lengths() { return fail(ErrorCode::invalid_spec, "the lists must be equally long"); }

std::vector<InputSpec> switchback_inputs() {
  return {array("values", "outcome of each period, in time order"),
          arms_input("arms", "0 or 1 a period"), array("blocks", "number of each period's block")};
}

CalculatorMethod switchback_method() {
  auto inputs = switchback_inputs();
  inputs.push_back(or_else(integer("carry_over", "periods that an arm keeps mattering", 0), 0.0));
  inputs.push_back(or_else(inside(number("p_treated", "of each block's coin"), 0, 1), 0.5));
  inputs.push_back(confidence_level());
  return {
      "switchback",
      "one market switched over time: weights by the design, randomisation test",
      inputs,
      contrast_and({{"horvitz_thompson", "the unbiased estimate"},
                    {"horvitz_thompson_std_error", "its standard error"},
                    {"randomisation_p_value", "exact, by replaying the blocks' coins"},
                    {"n_periods", "with their whole window seen"}}),
      "mean of Y / pi over windows all treated less that over windows all control, pi = p^blocks "
      "touched; variance bounded from above",
      "Bojinov, Simchi-Levi & Zhao, Management Science 69 (2023) 3759-3777",
      [](const Inputs& in) -> Outputs {
        ASSAY_TRY(const auto arm, whole<std::uint8_t>(in, "arms"));
        ASSAY_TRY(const auto block, whole<std::int64_t>(in, "blocks"));
        const SwitchbackData data{get_array(in, "values"), arm, block};
        SwitchbackOptions options;
        options.carry_over = static_cast<int>(get_count(in, "carry_over"));
        options.p_treated = get(in, "p_treated");
        options.confidence_level = get(in, "confidence_level");
        ASSAY_TRY(const auto r, switchback_effect(data, options));
        resampling::PermutationOptions draws;
        draws.confidence_level = options.confidence_level;
        ASSAY_TRY(const auto test, switchback_randomisation(data, options, draws));
        auto out = outputs_of(r.contrast, &r.naive);
        out.push_back({"horvitz_thompson", r.horvitz_thompson.difference});
        out.push_back({"horvitz_thompson_std_error", r.horvitz_thompson.std_error});
        out.push_back({"randomisation_p_value", test.test.p_value});
        out.push_back({"n_periods", static_cast<double>(r.n_periods)});
        return out;
      }};
}

CalculatorMethod carry_over_method() {
  auto inputs = switchback_inputs();
  inputs.push_back(alpha(0.05));
  return {
      "carry-over",
      "how long the previous block of a switchback still matters",
      inputs,
      {{"order", "periods to burn in"},
       {"remainder", "of the previous arm, by periods since the block began"},
       {"std_error", "of each"},
       {"adjusted_p_value", "of each, Holm"}},
      "at each offset, blocks that kept the arm against blocks that switched, averaged over arms",
      "after Bojinov, Simchi-Levi & Zhao, Management Science 69 (2023), section 5",
      [](const Inputs& in) -> Outputs {
        ASSAY_TRY(const auto arm, whole<std::uint8_t>(in, "arms"));
        ASSAY_TRY(const auto block, whole<std::int64_t>(in, "blocks"));
        ASSAY_TRY(const auto r,
                  carry_over_order({get_array(in, "values"), arm, block}, 0.95, get(in, "alpha")));
        std::vector<double> value;
        std::vector<double> error;
        std::vector<double> p;
        for (const auto& step : r.steps) {
          value.push_back(step.contrast.difference);
          error.push_back(step.contrast.std_error);
          p.push_back(step.adjusted_p_value);
        }
        return std::vector<Output>{{"order", static_cast<double>(r.order)},
                                   {"remainder", value},
                                   {"std_error", error},
                                   {"adjusted_p_value", p}};
      }};
}

CalculatorMethod regression_method() {
  auto inputs = switchback_inputs();
  inputs.push_back(array("time_effects", "fixed effect of each period (hour of the week, ...)"));
  inputs.push_back(or_else(integer("burn_in", "periods left out of every block", 0), 0.0));
  inputs.push_back(confidence_level());
  return {
      "switchback-regression",
      "switchback with time fixed effects and autocorrelation-consistent errors",
      inputs,
      {{"difference", "effect of the arm"},
       {"std_error", "Newey-West"},
       {"ci_low", "lower limit"},
       {"ci_high", "upper limit"},
       {"p_value", "two-sided"},
       {"lags", "of the Bartlett kernel"},
       {"classical_std_error", "as if periods were independent"}},
      "least squares on arm and fixed effects; Bartlett weights, n / (n - k), t with blocks - 2",
      "Newey & West, Econometrica 55 (1987) 703-708",
      [](const Inputs& in) -> Outputs {
        ASSAY_TRY(const auto arm, whole<std::uint8_t>(in, "arms"));
        ASSAY_TRY(const auto block, whole<std::int64_t>(in, "blocks"));
        ASSAY_TRY(const auto time, whole<std::int32_t>(in, "time_effects"));
        SwitchbackRegressionOptions options;
        options.time_effect = time;
        options.burn_in = static_cast<int>(get_count(in, "burn_in"));
        options.confidence_level = get(in, "confidence_level");
        ASSAY_TRY(const auto r,
                  switchback_regression({get_array(in, "values"), arm, block}, options));
        return std::vector<Output>{{"difference", r.contrast.difference},
                                   {"std_error", r.contrast.std_error},
                                   {"ci_low", r.contrast.ci_low},
                                   {"ci_high", r.contrast.ci_high},
                                   {"p_value", r.contrast.p_value},
                                   {"lags", static_cast<double>(r.lags)},
                                   {"classical_std_error", r.classical_std_error}};
      }};
}

CalculatorMethod block_length_method() {
  return {"block-length",
          "the switchback block length with the smallest standard error",
          {array("series", "the metric a period, without experiment"),
           or_else(integer("carry_over", "periods lost after each block's beginning", 0), 1.0),
           integer("longest", "longest block looked at, periods", 1)},
          {{"best", "periods a block"},
           {"length", "lengths looked at"},
           {"std_error", "of the difference for the length of the series"}},
          "SE^2 = 4 var(mean of length - carry_over periods) / blocks, from autocovariances",
          "after Bojinov, Simchi-Levi & Zhao, Management Science 69 (2023)",
          [](const Inputs& in) -> Outputs {
            ASSAY_TRY(const auto r,
                      choose_block_length(get_array(in, "series"),
                                          static_cast<int>(get_count(in, "carry_over")),
                                          static_cast<int>(get_count(in, "longest"))));
            std::vector<double> length;
            std::vector<double> error;
            for (const auto& l : r.lengths) {
              length.push_back(l.length);
              error.push_back(l.std_error);
            }
            return std::vector<Output>{
                {"best", static_cast<double>(r.best)}, {"length", length}, {"std_error", error}};
          }};
}

CalculatorMethod geo_method() {
  return {"geo-pairs",
          "matched pairs of regions",
          {array("control", "value of each pair's control region"),
           array("treatment", "value of each pair's treated region"), confidence_level()},
          contrast_and({{"randomisation_p_value", "exact, by flipping pairs"},
                        {"smallest_p_value", "that so many pairs can give"}}),
          "mean of differences within pairs, t with n - 1; all 2^n flips for the exact p",
          "Imai, King & Nall, Statistical Science 24 (2009) 29-53",
          [](const Inputs& in) -> Outputs {
            const auto& control = get_array(in, "control");
            const auto& treatment = get_array(in, "treatment");
            if (control.size() != treatment.size()) return bad_lengths();
            std::vector<Geo> geos;
            for (std::size_t i = 0; i < control.size(); ++i) {
              const auto pair = static_cast<std::int64_t>(i);
              geos.push_back({{1, control[i], 0.0}, 0, {}, pair});
              geos.push_back({{1, treatment[i], 0.0}, 1, {}, pair});
            }
            GeoOptions options;
            options.confidence_level = get(in, "confidence_level");
            ASSAY_TRY(const auto r, geo_effect(geos, options));
            auto out = outputs_of(r.contrast, nullptr);
            out.push_back({"randomisation_p_value", r.randomisation.contrast.p_value});
            out.push_back({"smallest_p_value", r.smallest_p_value});
            return out;
          }};
}

CalculatorMethod saturation_method() {
  return {"saturation",
          "direct, spillover, total and overall effect of one saturation",
          {array("pure_control", "means of the clusters without treatment"),
           array("untreated", "means of untreated units of the saturated clusters"),
           array("treated", "means of their treated units, same order"), confidence_level()},
          {{"direct", "treated less untreated of the same clusters"},
           {"direct_p_value", "paired t"},
           {"spillover", "untreated less pure control"},
           {"spillover_ci_low", "lower limit"},
           {"spillover_ci_high", "upper limit"},
           {"spillover_p_value", "Welch over clusters"},
           {"total", "treated less pure control"},
           {"total_ci_low", "lower limit"},
           {"total_ci_high", "upper limit"},
           {"total_p_value", "Welch over clusters"}},
          "cluster means compared between clusters by Welch's test; within clusters paired",
          "Hudgens & Halloran, JASA 103 (2008) 832-842; Baird et al. (2018)",
          [](const Inputs& in) -> Outputs {
            const auto& untreated = get_array(in, "untreated");
            const auto& treated = get_array(in, "treated");
            if (untreated.size() != treated.size()) return bad_lengths();
            std::vector<SaturationCluster> clusters;
            for (const double c : get_array(in, "pure_control"))
              clusters.push_back({0.0, {2, c, 1.0}, {}});
            for (std::size_t i = 0; i < treated.size(); ++i)
              clusters.push_back({0.5, {2, untreated[i], 1.0}, {2, treated[i], 1.0}});
            ASSAY_TRY(const auto r, saturation_effects(clusters, get(in, "confidence_level")));
            const auto& at = r.levels[0];
            if (!at.direct || !at.spillover || !at.total)
              return fail(ErrorCode::undefined_statistic, at.reason);
            return std::vector<Output>{{"direct", at.direct->difference},
                                       {"direct_p_value", at.direct->p_value},
                                       {"spillover", at.spillover->difference},
                                       {"spillover_ci_low", at.spillover->ci_low},
                                       {"spillover_ci_high", at.spillover->ci_high},
                                       {"spillover_p_value", at.spillover->p_value},
                                       {"total", at.total->difference},
                                       {"total_ci_low", at.total->ci_low},
                                       {"total_ci_high", at.total->ci_high},
                                       {"total_p_value", at.total->p_value}};
          }};
}

CalculatorMethod exposure_method() {
  return {
      "exposure-mapping",
      "units beside treated neighbours: both against neither, fair coins",
      {array("values", "outcome of each unit"), arms_input("arms", "0 or 1 a unit"),
       at_least(array("edge_from", "one end of each edge, units numbered from 1"), 1),
       at_least(array("edge_to", "the other end"), 1),
       or_else(
           between(number("cut", "a neighbourhood counts as treated above this share"), 0, 0.999),
           0.0),
       or_else(inside(number("p_treated", "of each unit's coin"), 0, 1), 0.5), confidence_level()},
      contrast_and({{"horvitz_thompson", "the unbiased estimate"},
                    {"smallest_probability", "of an exposure"}}),
      "sum of Y / pi over units of a class, pi from 2,000 replays; Aronow-Samii variance, Hajek",
      "Aronow & Samii, Annals of Applied Statistics 11 (2017) 1912-1947",
      [](const Inputs& in) -> Outputs {
        ASSAY_TRY(const auto arms, whole<std::uint8_t>(in, "arms"));
        ASSAY_TRY(const auto from, whole<std::uint32_t>(in, "edge_from"));
        ASSAY_TRY(const auto to, whole<std::uint32_t>(in, "edge_to"));
        if (from.size() != to.size()) return bad_lengths();
        std::vector<std::pair<std::uint32_t, std::uint32_t>> edges;
        for (std::size_t i = 0; i < from.size(); ++i) edges.emplace_back(from[i] - 1, to[i] - 1);
        ASSAY_TRY(const auto network, network_of(arms.size(), edges));
        ASSAY_TRY(const auto map, treated_share_map(network, {get(in, "cut")}));
        ASSAY_TRY(const auto mechanism,
                  resampling::coin_randomisation(arms.size(), get(in, "p_treated")));
        ExposureOptions options;
        options.confidence_level = get(in, "confidence_level");
        ASSAY_TRY(const auto r,
                  exposure_effect(get_array(in, "values"), arms, mechanism, map, options));
        auto out = outputs_of(r.contrast, &r.naive);
        out.push_back({"horvitz_thompson", r.horvitz_thompson.difference});
        out.push_back({"smallest_probability", r.smallest_probability});
        return out;
      }};
}

CalculatorMethod budget_split_method() {
  return {"budget-split",
          "advertisers with one budget in each arm",
          {array("control", "outcome of each advertiser in the control market"),
           array("treatment", "of the same advertiser in the treatment market"),
           or_else(inside(number("treatment_share", "of users and budgets"), 0, 1), 0.5),
           confidence_level()},
          contrast_and({{"correlation", "of an advertiser's two outcomes"}}),
          "outcome / share of each arm, paired by advertiser, t with n - 1",
          "Liu, Mao & Kang, KDD 2021",
          [](const Inputs& in) -> Outputs {
            const auto& control = get_array(in, "control");
            const auto& treatment = get_array(in, "treatment");
            if (control.size() != treatment.size()) return bad_lengths();
            std::vector<AdvertiserSplit> advertisers(control.size());
            for (std::size_t i = 0; i < control.size(); ++i) {
              advertisers[i].control = control[i];
              advertisers[i].treatment = treatment[i];
            }
            BudgetSplitOptions options;
            options.treatment_share = get(in, "treatment_share");
            options.confidence_level = get(in, "confidence_level");
            ASSAY_TRY(const auto r, budget_split_effect(advertisers, options));
            auto out = outputs_of(r.contrast, &r.naive);
            out.push_back({"correlation", r.correlation});
            return out;
          }};
}

CalculatorMethod two_sided_method() {
  return {
      "two-sided",
      "users and creators both randomised",
      {arms_input("user_arms", "0 or 1 a user"), arms_input("creator_arms", "0 or 1 a creator"),
       at_least(array("users", "user of each row, numbered from 1"), 1),
       at_least(array("creators", "creator of each row, numbered from 1"), 1),
       array("values", "value of each row; pairs without a row have 0"),
       or_else(between(number("user_weight", "of the users' side"), 0, 1), 0.5),
       or_else(between(number("competition", "taken off, 0 none, 1 in full"), 0, 1), 1.0),
       confidence_level()},
      contrast_and({{"corner", "both treated less neither"},
                    {"interaction", "0 without interference"},
                    {"interaction_p_value", "two-sided"}}),
      "b [(q11 - q01) - k (q00 - q10)] + (1 - b) [(q11 - q10) - k (q00 - q01)], two-way clustered",
      "Johari, Li, Liskovich & Weintraub, Management Science 68 (2022) 7069-7089",
      [](const Inputs& in) -> Outputs {
        ASSAY_TRY(const auto user_arm, whole<std::uint8_t>(in, "user_arms"));
        ASSAY_TRY(const auto creator_arm, whole<std::uint8_t>(in, "creator_arms"));
        ASSAY_TRY(auto user, whole<std::uint32_t>(in, "users"));
        ASSAY_TRY(auto creator, whole<std::uint32_t>(in, "creators"));
        for (auto& u : user) --u;
        for (auto& c : creator) --c;
        TwoSidedOptions options;
        options.user_weight = get(in, "user_weight");
        options.competition = get(in, "competition");
        options.confidence_level = get(in, "confidence_level");
        ASSAY_TRY(const auto r,
                  two_sided_effects({user_arm, creator_arm, user, creator, get_array(in, "values")},
                                    options));
        auto out = outputs_of(r.contrast, &r.naive);
        out.push_back({"corner", r.corner.difference});
        out.push_back({"interaction", r.interaction.difference});
        out.push_back({"interaction_p_value", r.interaction.p_value});
        return out;
      }};
}

}  // namespace

const std::vector<CalculatorMethod>& calculator_methods() {
  static const std::vector<CalculatorMethod> methods{
      switchback_method(),   carry_over_method(),   regression_method(),
      block_length_method(), geo_method(),          saturation_method(),
      exposure_method(),     budget_split_method(), two_sided_method()};
  return methods;
}

}  // namespace assay::interference
