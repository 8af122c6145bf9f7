#include "assay/events/detail/experiment_program.hpp"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

namespace assay::events::detail {
namespace {

template <class T>
std::size_t position_of(std::vector<T>& list, const T& item) {
  const auto found = std::find(list.begin(), list.end(), item);
  const auto position = static_cast<std::size_t>(found - list.begin());
  if (found == list.end()) list.push_back(item);
  return position;
}

/// Gives every metric its places in the row. Blocks of variables of the same role stand side by
/// side, ratios first, so that all products are products of blocks.
std::vector<Variables> lay_out(const ExperimentPlan& plan, bool covariates, bool days_only,
                               RowLayout& layout) {
  std::vector<Variables> variables(plan.metrics.size());
  for (const bool with : {true, false}) {
    std::vector<std::size_t> ratios;
    std::vector<std::size_t> all;
    for (const bool ratio : {true, false})
      for (std::size_t m = 0; m < plan.metrics.size(); ++m) {
        const Outcome& metric = plan.metrics[m];
        if ((covariates && metric.with_covariate()) != with) continue;
        if ((metric.kind == OutcomeKind::ratio) != ratio) continue;
        if (days_only && !metric.additive()) continue;
        if (ratio) ratios.push_back(m);
        all.push_back(m);
      }
    const auto place = [&](const std::vector<std::size_t>& metrics) {
      const std::size_t first = layout.add_variables(metrics.size());
      for (std::size_t i = 0; i < metrics.size(); ++i) variables[metrics[i]].push_back(first + i);
      return first;
    };
    const std::size_t y = place(all);
    const std::size_t d = place(ratios);
    layout.add_products(y, d, ratios.size());
    if (!with) continue;
    const std::size_t x = place(all);
    const std::size_t z = place(ratios);
    layout.add_products(y, x, all.size());
    for (const auto& [a, b] : {std::pair{y, z}, {d, x}, {d, z}, {x, z}})
      layout.add_products(a, b, ratios.size());
  }
  layout.add_products(0, 0, layout.width);
  return variables;
}

/// Collects windows and their terms; slots are numbered when all are known.
class Builder {
 public:
  Builder(const ExperimentPlan& plan, ExperimentProgram& program)
      : plan_(plan), program_(program) {}

  Window window(const Edge& from, const Edge& to) {
    return {position_of(program_.edges, from), position_of(program_.edges, to)};
  }
  void term(const Window& window, const FoldTerm& term, std::size_t variable) {
    const auto found =
        std::find_if(program_.windows.begin(), program_.windows.end(),
                     [&](const Window& w) { return w.from == window.from && w.to == window.to; });
    const auto position = static_cast<std::size_t>(found - program_.windows.begin());
    if (found == program_.windows.end()) {
      program_.windows.push_back(window);
      terms_.emplace_back();
    }
    terms_[position].push_back({term, variable});
  }
  void finish() {
    for (const auto& terms : terms_) {
      FoldProgram fold;
      std::vector<std::size_t> numbers;
      for (const Wanted& wanted : terms) numbers.push_back(fold.add(wanted.term, plan_.slot_types));
      fold.compile(program_.slots);
      for (std::size_t i = 0; i < terms.size(); ++i)
        program_.outputs.add(terms[i].term, terms[i].variable, fold.slots(numbers[i]));
      program_.slots = fold.end_slot();
      program_.folds.push_back(std::move(fold));
    }
  }

 private:
  struct Wanted {
    FoldTerm term;
    std::size_t variable;
  };
  const ExperimentPlan& plan_;
  ExperimentProgram& program_;
  std::vector<std::vector<Wanted>> terms_;
};

}  // namespace

Result<ExperimentProgram> compile_program(const ExperimentPlan& plan,
                                          std::span<const std::optional<double>> caps) {
  ExperimentProgram program;
  program.variables = lay_out(plan, true, false, program.layout);
  program.caps.assign(program.layout.width, std::numeric_limits<double>::infinity());
  program.outputs.scale.assign(program.layout.width, 1.0);
  Builder builder(plan, program);
  for (std::size_t m = 0; m < plan.metrics.size(); ++m) {
    const Outcome& metric = plan.metrics[m];
    const Variables& at = program.variables[m];
    Edge from{Edge::Kind::offset, metric.delay_us};
    Edge to{Edge::Kind::period_end, 0};
    if (metric.length_us) to = {Edge::Kind::offset, metric.delay_us + *metric.length_us};
    if (metric.kind == OutcomeKind::retention) {
      from = {Edge::Kind::day, metric.retention_day};
      to = {Edge::Kind::day, metric.retention_day + 1};
    }
    program.maturity.emplace_back();
    if (to.kind != Edge::Kind::period_end) program.maturity.back() = position_of(program.ends, to);
    const Window window = builder.window(from, to);
    if (metric.kind == OutcomeKind::funnel) {
      program.funnels.push_back({at[0],
                                 window,
                                 {metric.steps, plan.inputs.filters},
                                 metric.steps.size(),
                                 metric.funnel_window_us});
      continue;
    }
    if (metric.kind == OutcomeKind::retention) {
      builder.term(window, {metric.numerator.events, Fold::any, 0, 1.0}, at[0]);
      continue;
    }
    const bool ratio = metric.kind == OutcomeKind::ratio;
    builder.term(window, metric.numerator, at[0]);
    if (ratio) builder.term(window, metric.denominator, at[1]);
    if (metric.with_covariate()) {
      const Window before = builder.window({Edge::Kind::offset, -metric.covariate_us}, Edge{});
      builder.term(before, metric.numerator, at[ratio ? 2 : 1]);
      if (ratio) builder.term(before, metric.denominator, at[3]);
    }
    if (caps[m]) {
      program.capped = true;
      program.caps[at[0]] = *caps[m];
      if (metric.with_covariate()) program.caps[at[ratio ? 2 : 1]] = *caps[m];
    }
  }
  builder.finish();
  if (program.ends.size() > kMaxMaturityClasses)
    return fail(
        ErrorCode::invalid_spec,
        "the metrics have " + std::to_string(program.ends.size()) + " windows of different length",
        "metrics", "use at most " + std::to_string(kMaxMaturityClasses));
  return program;
}

DayProgram compile_days(const ExperimentPlan& plan) {
  DayProgram program;
  program.variables = lay_out(plan, false, true, program.layout);
  program.outputs.scale.assign(program.layout.width, 1.0);
  std::vector<std::pair<const FoldTerm*, std::size_t>> terms;  // With their variables.
  for (std::size_t m = 0; m < plan.metrics.size(); ++m) {
    const Outcome& metric = plan.metrics[m];
    if (!metric.additive()) continue;
    terms.emplace_back(&metric.numerator, program.variables[m][0]);
    if (metric.kind == OutcomeKind::ratio)
      terms.emplace_back(&metric.denominator, program.variables[m][1]);
  }
  std::vector<std::size_t> numbers;
  for (const auto& [term, variable] : terms)
    numbers.push_back(program.folds.add(*term, plan.slot_types));
  program.folds.compile(0);
  for (std::size_t i = 0; i < terms.size(); ++i)
    program.outputs.add(*terms[i].first, terms[i].second, program.folds.slots(numbers[i]));
  return program;
}

void Outputs::add(const FoldTerm& term, std::size_t variable,
                  const std::vector<std::size_t>& slots) {
  for (const std::size_t slot : slots)
    adds.push_back({static_cast<std::uint32_t>(variable), static_cast<std::uint32_t>(slot)});
  if (term.fold == Fold::any) any.push_back(variable);
  if (term.fold == Fold::max) largest.push_back(variable);
  scale[variable] = term.scale;
}

void Outputs::write(const FoldState& state, std::vector<double>& row) const {
  std::fill(row.begin(), row.end(), 0.0);
  for (const Add& add : adds) row[add.variable] += state.value[add.slot];
  for (const std::size_t variable : any) row[variable] = row[variable] > 0.0 ? 1.0 : 0.0;
  for (const std::size_t variable : largest)
    if (row[variable] == -std::numeric_limits<double>::infinity()) row[variable] = 0.0;
  for (std::size_t variable = 0; variable < row.size(); ++variable)
    row[variable] *= scale[variable];
}

}  // namespace assay::events::detail
