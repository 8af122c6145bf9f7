#include "assay/metrics/words.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "assay/frame/predicate.hpp"

namespace assay::metrics {
namespace {

void append(Words& to, const Words& more) { to.insert(to.end(), more.begin(), more.end()); }

void append(Words& to, const spec::Text& word) {
  if (!word.value.empty()) to.push_back(word);
}

void append(Words& to, const std::optional<spec::Measure>& measure) {
  if (!measure) return;
  append(to, measure->events);
  append(to, measure->column);
  append(to, measure->filter);
}

/// The words that an error sets in backticks.
std::vector<std::string> named_in(const std::string& problem) {
  std::vector<std::string> names;
  for (std::size_t open = problem.find('`'); open != std::string::npos;) {
    const std::size_t close = problem.find('`', open + 1);
    if (close == std::string::npos) break;
    names.push_back(problem.substr(open + 1, close - open - 1));
    open = problem.find('`', close + 1);
  }
  return names;
}

bool filters_by(const spec::Text& word, const std::string& column) {
  const auto filter = frame::parse_predicate(word.value);
  if (!filter) return false;
  const std::vector<std::string> columns = frame::columns_of(*filter);
  return std::find(columns.begin(), columns.end(), column) != columns.end();
}

}  // namespace

Words words_of(const spec::Funnel& funnel) {
  Words words;
  append(words, funnel.name);
  for (const spec::FunnelStep& step : funnel.steps) {
    append(words, step.events);
    append(words, step.filter);
  }
  return words;
}

Words words_of(const spec::Project& project, const spec::Metric& metric) {
  Words words;
  append(words, metric.name);
  append(words, metric.numerator);
  append(words, metric.denominator);
  if (metric.retention) append(words, std::optional(metric.retention->returning));
  const spec::Funnel* funnel = spec::find_funnel(project, metric.funnel.value);
  if (funnel != nullptr) append(words, words_of(*funnel));
  return words;
}

Words words_of(const spec::Project& project, const spec::Experiment& experiment) {
  Words words;
  append(words, experiment.assignment.event);
  append(words, experiment.assignment.key_column);
  append(words, experiment.assignment.variant);
  if (experiment.exposure) {
    append(words, experiment.exposure->events);
    append(words, experiment.exposure->filter);
  }
  append(words, experiment.eligible);
  const auto segments = [&](const std::vector<spec::Text>& names) {
    for (const spec::Text& name : names) {
      append(words, name);
      const spec::Dimension* dimension = spec::find_dimension(project, name.value);
      if (dimension != nullptr) append(words, dimension->expr);
    }
  };
  segments(experiment.segments.pre_registered);
  segments(experiment.segments.exploratory);
  if (experiment.checks.sample_ratio) segments(experiment.checks.sample_ratio->by);
  if (experiment.checks.balance) segments(experiment.checks.balance->covariates);
  return words;
}

Error at_word(Error error, const Words& words) {
  if (error.code != ErrorCode::invalid_spec || !error.where.empty()) return error;
  for (const std::string& name : named_in(error.problem)) {
    auto word = std::find_if(words.begin(), words.end(),
                             [&](const spec::Text& known) { return known.value == name; });
    if (word == words.end()) {
      word = std::find_if(words.begin(), words.end(),
                          [&](const spec::Text& known) { return filters_by(known, name); });
    }
    if (word == words.end() || spec::position_text(word->where).empty()) continue;
    error.where = spec::where_text(word->where);
    return error;
  }
  return error;
}

}  // namespace assay::metrics
