#include <fmt/core.h>

#include <algorithm>

#include "assay/app/assign_parts.hpp"
#include "assay/assignment/checks.hpp"
#include "assay/base/text.hpp"
#include "assay/stats/sample_ratio.hpp"

namespace assay::app {
namespace {

using Why = assignment::Outcome;
using report::CheckStatus;

constexpr std::size_t kBuckets = 100;
constexpr double kAlpha = 0.001;

std::string_view words_of(Why outcome) {
  switch (outcome) {
    case Why::assigned:
      return "assigned";
    case Why::held_out:
      return "in the project's holdout";
    case Why::layer_held_out:
      return "in the layer's holdout";
    case Why::outside_slice:
      return "outside the slice of the layer";
    case Why::outside_share:
      return "outside the share, or in no arm's range";
  }
  return "";
}

std::string p_text(const assignment::CountTest& test) {
  if (test.p_value > 0) return fmt::format("p = {:.3g}", test.p_value);
  return fmt::format("p = 1e{:.0f}", test.log10_p);
}

/// Share of each arm: from its ranges where they are written, else its weight.
std::vector<double> planned_of(const assignment::TrafficPlan& plan) {
  std::vector<double> planned(plan.request.arms.size(), 0);
  if (plan.request.ranges.empty()) {
    for (std::size_t i = 0; i < planned.size(); ++i) planned[i] = plan.request.arms[i].weight;
    return planned;
  }
  double total = 0;
  for (const auto& piece : plan.pieces) {
    planned[piece.arm] += piece.range.high - piece.range.low;
    total += piece.range.high - piece.range.low;
  }
  for (double& share : planned) share /= total;
  return planned;
}

}  // namespace

AssignmentTally::AssignmentTally(const assignment::TrafficPlan& plan,
                                 const std::vector<Neighbour>& neighbours)
    : plan_(plan),
      neighbours_(neighbours),
      arms_(plan.request.arms.size(), 0),
      outcomes_(assignment::kOutcomes, 0),
      buckets_(kBuckets, 0) {
  for (const Neighbour& other : neighbours)
    tables_.emplace_back(arms_.size() * other.plan.request.arms.size(), 0);
}

assignment::Assigned AssignmentTally::add(std::string_view unit) {
  const assignment::Assigned assigned = assignment::assign(plan_, unit);
  ++units_;
  ++outcomes_[static_cast<std::size_t>(assigned.outcome)];
  const double position = assignment::hash_unit(plan_.request.hash, unit).position;
  const double scaled = position * static_cast<double>(kBuckets) + 1e-9;
  ++buckets_[std::min(static_cast<std::size_t>(scaled), kBuckets - 1)];
  if (assigned.outcome != Why::assigned) return assigned;
  ++arms_[assigned.arm];
  for (std::size_t i = 0; i < neighbours_.size(); ++i) {
    const assignment::Assigned other = assignment::assign(neighbours_[i].plan, unit);
    if (other.outcome != Why::assigned) continue;
    ++tables_[i][assigned.arm * neighbours_[i].plan.request.arms.size() + other.arm];
  }
  return assigned;
}

void AssignmentTally::report_counts(report::Document& document) const {
  const auto planned = planned_of(plan_);
  const auto total = static_cast<double>(assigned());
  report::Table table;
  table.title = "Arms";
  table.columns = {{"arm", {}, {}}, {"units", {}, {}}, {"share", {}, {}}, {"planned", {}, {}}};
  for (std::size_t i = 0; i < arms_.size(); ++i) {
    table.rows.push_back({report::text_cell(plan_.request.arms[i].name),
                          report::count_cell(arms_[i]),
                          total > 0 ? report::percent_cell(static_cast<double>(arms_[i]) / total)
                                    : report::undefined_cell("no unit is assigned"),
                          report::percent_cell(planned[i])});
  }
  document.add(std::move(table));
  if (assigned() == units_) return;
  report::Table rest;
  rest.title = "Without an arm";
  rest.columns = {{"why", {}, {}}, {"units", {}, {}}, {"share of all", {}, {}}};
  for (std::size_t i = 1; i < outcomes_.size(); ++i) {
    if (outcomes_[i] == 0) continue;
    rest.rows.push_back(
        {report::text_cell(std::string(words_of(static_cast<Why>(i)))),
         report::count_cell(outcomes_[i]),
         report::percent_cell(static_cast<double>(outcomes_[i]) / static_cast<double>(units_))});
  }
  document.add(std::move(rest));
}

void AssignmentTally::report_neighbours(report::Document& document, bool& bad) const {
  const double alpha = kAlpha / static_cast<double>(std::max<std::size_t>(tables_.size(), 1));
  for (std::size_t i = 0; i < tables_.size(); ++i) {
    std::int64_t common = 0;
    for (const std::int64_t count : tables_[i]) common += count;
    report::Check check;
    check.name = "independent of " + neighbours_[i].name;
    check.rule = fmt::format("p >= {:.2g}", alpha);
    if (common == 0) {
      check.observed = "no unit in common";
    } else {
      const std::size_t columns = neighbours_[i].plan.request.arms.size();
      const auto test = assignment::table_test(tables_[i], arms_.size(), columns);
      const bool few = static_cast<double>(common) < 20.0 * static_cast<double>(tables_[i].size());
      const bool fails = !few && test.p_value < alpha;
      bad = bad || fails;
      check.status = few ? CheckStatus::not_run : fails ? CheckStatus::failed : CheckStatus::passed;
      check.observed =
          few ? fmt::format("too few units in common: {}", count_text(common))
              : fmt::format("{} units in common, {}", count_text(common), p_text(test));
      if (fails) check.detail = "the hash of one experiment decides about the other: change a salt";
    }
    document.add(std::move(check));
  }
}

void AssignmentTally::report(report::Document& document, bool& bad) const {
  const auto planned = planned_of(plan_);
  report::Check weights{.name = "weights", .status = CheckStatus::not_run, .rule = "p >= 0.001"};
  const auto ratio = stats::sample_ratio(arms_, planned, kAlpha);
  if (ratio && !ratio->approximate) {
    weights.status = ratio->mismatch ? CheckStatus::failed : CheckStatus::passed;
    weights.observed = fmt::format("p = {:.3g}", ratio->p_value);
    bad = bad || ratio->mismatch;
  } else {
    weights.observed = ratio ? "too few units" : ratio.error().problem;
  }
  report::Check even{.name = "evenness", .status = CheckStatus::not_run, .rule = "p >= 0.001"};
  const double expected = static_cast<double>(units_) / static_cast<double>(kBuckets);
  if (expected >= 5) {
    const auto test = assignment::count_test(buckets_, std::vector<double>(kBuckets, expected));
    even.status = test.p_value < kAlpha ? CheckStatus::failed : CheckStatus::passed;
    even.observed =
        fmt::format("{} positions over {} buckets, {}", count_text(units_), kBuckets, p_text(test));
    bad = bad || test.p_value < kAlpha;
  } else {
    even.observed = "fewer than 500 units";
  }
  report::Document checks;
  checks.add(std::move(weights));
  checks.add(std::move(even));
  report_neighbours(checks, bad);
  document.add(report::Verdict{.word = bad ? "UNEVEN" : "ASSIGNED",
                               .tone = bad ? report::Tone::bad : report::Tone::good,
                               .headline = fmt::format("{} of {} units have an arm.",
                                                       count_text(assigned()), count_text(units_)),
                               .reason = bad ? "a check of the hash failed: see below" : ""});
  report_counts(document);
  for (report::Block& block : checks.blocks) document.add(std::move(block));
}

}  // namespace assay::app
