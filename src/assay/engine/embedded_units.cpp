#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>
#include <utility>

#include "assay/engine/check.hpp"
#include "assay/engine/embedded_plan.hpp"
#include "assay/engine/metric_variables.hpp"

namespace assay::engine {
namespace {

using Order = std::vector<std::uint32_t>;

template <class T>
Order order_of(const std::vector<T>& ids) {
  Order order(ids.size());
  std::iota(order.begin(), order.end(), 0U);
  std::sort(order.begin(), order.end(),
            [&](std::uint32_t a, std::uint32_t b) { return ids[a] < ids[b]; });
  return order;
}

/// The values in another order; their own memory is freed.
template <class T>
std::vector<T> sorted(std::vector<T>& values, const Order& order) {
  const std::vector<T> old = std::move(values);
  std::vector<T> out;
  if (old.empty()) return out;  // A variable that the metric does not have.
  out.reserve(old.size());
  for (const std::uint32_t from : order) out.push_back(old[from]);
  return out;
}

/// Writes the ids of the units in ascending order, and says which unit stands where.
Order write_ids(const events::Index& index, const std::vector<events::UnitPlace>& units,
                UnitTable& table) {
  if (index.schema().unit.type == frame::Type::text) {
    std::vector<std::string> texts;
    texts.reserve(units.size());
    for (const events::UnitPlace& unit : units)
      texts.push_back(index.unit_key(unit.partition, unit.unit));
    Order order = order_of(texts);
    table.texts = sorted(texts, order);
    return order;
  }
  std::vector<std::int64_t> numbers;
  numbers.reserve(units.size());
  for (const events::UnitPlace& unit : units) {
    const std::string text = index.unit_key(unit.partition, unit.unit);
    std::int64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    numbers.push_back(number);
  }
  Order order = order_of(numbers);
  table.numbers = sorted(numbers, order);
  return order;
}

/// Codes in the order of the texts; two keys of one text (missing and empty) share a code.
UnitSegment coded(const SegmentBy& segment, const events::Index& index,
                  const std::vector<events::SegmentKey>& keys, const Order& order) {
  std::vector<events::SegmentKey> distinct = keys;
  std::sort(distinct.begin(), distinct.end());
  distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
  UnitSegment made;
  made.name = segment.name;
  std::vector<std::string> texts;
  for (const events::SegmentKey key : distinct) texts.push_back(value_text(segment, index, key));
  made.values = texts;
  std::sort(made.values.begin(), made.values.end());
  made.values.erase(std::unique(made.values.begin(), made.values.end()), made.values.end());
  std::vector<std::uint32_t> code_by_key;
  for (const std::string& text : texts)
    code_by_key.push_back(static_cast<std::uint32_t>(
        std::lower_bound(made.values.begin(), made.values.end(), text) - made.values.begin()));
  made.codes.reserve(order.size());
  for (const std::uint32_t unit : order) {
    const auto at = std::lower_bound(distinct.begin(), distinct.end(), keys[unit]);
    made.codes.push_back(code_by_key[static_cast<std::size_t>(at - distinct.begin())]);
  }
  return made;
}

/// Infinite values of a mature unit would make moments of nothing.
Result<void> check_finite(const std::string& metric, const UnitVariables& variables) {
  for (const std::vector<double>* values : {&variables.y, &variables.d, &variables.x, &variables.z})
    for (std::size_t i = 0; i < values->size(); ++i)
      if (variables.mature[i] != 0 && !std::isfinite((*values)[i]))
        return fail(ErrorCode::invalid_data, fmt::format("metric `{}` is not finite", metric), {},
                    "look for infinite or enormous values in the columns it adds up");
  return {};
}

}  // namespace

Result<UnitTable> named_units(const UnitTableQuery& query, const events::Index& index,
                              events::UnitRows rows) {
  if (rows.found > query.max_units)
    return tl::unexpected(too_many_units(rows.found, query.max_units));
  const ExperimentQuery& experiment = query.experiment;
  UnitTable table;
  const Order order = write_ids(index, rows.units, table);
  table.arms = sorted(rows.arms, order);
  for (std::size_t s = 0; s < experiment.segments.size(); ++s) {
    UnitSegment segment = coded(experiment.segments[s], index, rows.segments[s], order);
    if (segment.values.size() > kMaxSegmentValues)
      return tl::unexpected(too_many_values(segment.name, segment.values.size()));
    table.segments.push_back(std::move(segment));
  }
  if (experiment.cluster) {
    table.cluster = coded(cluster_segment(experiment), index, rows.clusters, order);
    ASSAY_CHECK(check_clusters(experiment, *table.cluster));
  }
  table.anchor_us = sorted(rows.anchor_us, order);
  for (std::vector<std::int64_t>& times : rows.first_us)
    table.first_us.push_back(sorted(times, order));
  table.seen_until = std::min(experiment.complete_until, experiment.period.end);
  for (std::size_t m = 0; m < experiment.metrics.size(); ++m) {
    events::MetricRows& metric = rows.metrics[m];
    UnitVariables variables;
    variables.mature = sorted(metric.mature, order);
    variables.y = sorted(metric.y, order);
    variables.d = sorted(metric.d, order);
    variables.x = sorted(metric.x, order);
    variables.z = sorted(metric.z, order);
    ASSAY_CHECK(check_finite(experiment.metrics[m].name, variables));
    if (!variables.x.empty()) {
      variables.m.reserve(order.size());
      for (const std::uint32_t unit : order) variables.m.push_back(rows.no_history[unit]);
    }
    table.metrics.push_back(std::move(variables));
  }
  table.caps = std::move(rows.caps);
  return table;
}

}  // namespace assay::engine
