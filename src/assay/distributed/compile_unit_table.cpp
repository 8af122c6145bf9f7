#include "assay/distributed/compile_unit_table.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <limits>
#include <map>
#include <numeric>
#include <utility>

#include "assay/base/text.hpp"
#include "assay/distributed/decode_experiment.hpp"
#include "assay/distributed/detail/experiment_units.hpp"
#include "assay/engine/check.hpp"
#include "assay/engine/metric_variables.hpp"
#include "assay/warehouse/connection.hpp"

namespace assay::distributed {
namespace {

using engine::UnitSegment;
using engine::UnitTable;
using engine::UnitTableQuery;
using engine::UnitVariables;
using frame::Column;
using frame::Type;

using Order = std::vector<std::size_t>;  ///< [unit]: its row.

Result<const Column*> column_at(const frame::Table& rows, const std::string& name, bool numbers) {
  const Column* column = rows.find(name);
  if (column != nullptr && (column->type == Type::text) != numbers) return column;
  return fail(ErrorCode::internal, fmt::format("the answer has no column `{}` of its type", name));
}

/// Rows in the order of units.
Order order_of(const Column& ids) {
  Order order(ids.rows());
  std::iota(order.begin(), order.end(), std::size_t{0});
  if (ids.type == Type::text) {
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return ids.dictionary[ids.codes[a]] < ids.dictionary[ids.codes[b]];
    });
  } else {
    std::sort(order.begin(), order.end(),
              [&](std::size_t a, std::size_t b) { return ids.ints[a] < ids.ints[b]; });
  }
  return order;
}

Result<std::vector<std::uint8_t>> small(const frame::Table& rows, const std::string& name,
                                        const Order& order) {
  ASSAY_TRY(const Column* column, column_at(rows, name, true));
  if (column->ints.size() != order.size())
    return fail(ErrorCode::internal, fmt::format("the answer has no whole numbers `{}`", name));
  std::vector<std::uint8_t> values;
  values.reserve(order.size());
  for (const std::size_t row : order)
    values.push_back(static_cast<std::uint8_t>(column->ints[row]));
  return values;
}

Result<std::vector<double>> real(const frame::Table& rows, const std::string& name,
                                 const Order& order) {
  ASSAY_TRY(const Column* column, column_at(rows, name, true));
  if (column->doubles.size() != order.size())
    return fail(ErrorCode::internal, fmt::format("the answer has no real numbers `{}`", name));
  std::vector<double> values;
  values.reserve(order.size());
  for (const std::size_t row : order) values.push_back(column->doubles[row]);
  return values;
}

Result<std::vector<std::int64_t>> whole(const frame::Table& rows, const std::string& name,
                                        const Order& order) {
  ASSAY_TRY(const Column* column, column_at(rows, name, true));
  if (column->ints.size() != order.size())
    return fail(ErrorCode::internal, fmt::format("the answer has no whole numbers `{}`", name));
  std::vector<std::int64_t> values;
  values.reserve(order.size());
  for (const std::size_t row : order) values.push_back(column->ints[row]);
  return values;
}

CellKey key_at(const Column& column, std::size_t row) {
  CellKey key;
  if (column.is_null(row)) return key;
  if (column.type == Type::text) {
    key.text = column.dictionary[column.codes[row]];
  } else if (column.type == Type::float64) {
    key.real = column.doubles[row];
  } else {
    key.whole = column.ints[row];
  }
  return key;
}

UnitSegment segment_of(const engine::SegmentBy& by, Type type, const Column& column,
                       const Order& order) {
  std::map<std::string, std::uint32_t> places;
  std::vector<std::string> texts;
  texts.reserve(order.size());
  for (const std::size_t row : order) {
    texts.push_back(value_text(key_at(column, row), type));
    places.try_emplace(texts.back());
  }
  UnitSegment segment{by.name, {}, {}};
  for (auto& [text, place] : places) {
    place = static_cast<std::uint32_t>(segment.values.size());
    segment.values.push_back(text);
  }
  segment.codes.reserve(order.size());
  for (const std::string& text : texts) segment.codes.push_back(places.find(text)->second);
  return segment;
}

tl::unexpected<Error> too_many(std::int64_t most) {
  Error error = engine::too_many_units(most + 1, most);
  error.problem = fmt::format(
      "the experiment has more analysed units than the {} that a table of units may have",
      count_text(most));
  return tl::unexpected(std::move(error));
}

}  // namespace

std::int64_t most_units(const UnitTableQuery& query) {
  return std::min(query.max_units, warehouse::kMaxRows - 1);
}

Result<sql::Plan> unit_table_plan(const UnitTableQuery& query, const EventTable& table) {
  const engine::ExperimentQuery& experiment = query.experiment;
  if (experiment.arms.size() > std::numeric_limits<std::uint8_t>::max())
    return fail(ErrorCode::invalid_spec,
                fmt::format("the experiment has {} arms; at most 255", experiment.arms.size()));
  sql::Plan plan;
  sql::Select select;
  UnitsRequest request = whole_request(experiment);
  request.first_events = query.first_events;
  ASSAY_TRY(sql::Input units, add_units(experiment, table, request, plan));
  select.from = {std::move(units)};
  select.where = sql::column("analysed");
  const auto number = [](const std::string& name) {
    return sql::cast(sql::column(name), sql::Type::int64);
  };
  for (const char* name : {"unit", "arm", "anchor_us"})
    select.outputs.push_back({name, sql::column(name)});
  for (std::size_t i = 0; i < query.first_events.size(); ++i) {
    const std::string name = fmt::format("first_{}", i);
    select.outputs.push_back({name, sql::column(name)});
  }
  const auto dimension = [&](const std::string& name, const engine::SegmentBy& segment) {
    const bool truth = segment_type(segment, table) == Type::boolean;
    select.outputs.push_back({name, truth ? number(name) : sql::column(name)});
  };
  for (std::size_t i = 0; i < experiment.segments.size(); ++i)
    dimension(fmt::format("segment_{}", i), experiment.segments[i]);
  if (experiment.cluster) dimension("cluster", engine::cluster_segment(experiment));
  for (std::size_t i = 0; i < experiment.metrics.size(); ++i) {
    const std::string mature = unit_column("mature", i);
    select.outputs.push_back({mature, number(mature)});
    for (const char name : engine::variables_of(experiment.metrics[i]))
      select.outputs.push_back({unit_column(name, i), sql::column(unit_column(name, i))});
  }
  plan.result = {std::move(select)};
  plan.limit = most_units(query) + 1;
  return plan;
}

Result<UnitTable> read_unit_table(const UnitTableQuery& query, const EventTable& table,
                                  const frame::Table& rows) {
  const engine::ExperimentQuery& experiment = query.experiment;
  if (static_cast<std::int64_t>(rows.rows()) > most_units(query))
    return too_many(most_units(query));
  const bool numbers = table.spec.source.unit.type != Type::text;
  ASSAY_TRY(const Column* ids, column_at(rows, "unit", numbers));
  const Order order = order_of(*ids);
  UnitTable answer;
  for (const std::size_t row : order) {
    if (numbers) {
      answer.numbers.push_back(ids->ints[row]);
    } else {
      answer.texts.push_back(ids->dictionary[ids->codes[row]]);
    }
  }
  ASSAY_TRY(answer.arms, small(rows, "arm", order));
  ASSAY_TRY(answer.anchor_us, whole(rows, "anchor_us", order));
  for (std::size_t i = 0; i < query.first_events.size(); ++i) {
    ASSAY_TRY(auto times, whole(rows, fmt::format("first_{}", i), order));
    answer.first_us.push_back(std::move(times));
  }
  answer.seen_until = seen_until(experiment);
  const auto dimension = [&](const std::string& name,
                             const engine::SegmentBy& by) -> Result<UnitSegment> {
    const Type type = segment_type(by, table);
    ASSAY_TRY(const Column* column, column_at(rows, name, type != Type::text));
    return segment_of(by, type, *column, order);
  };
  for (std::size_t i = 0; i < experiment.segments.size(); ++i) {
    ASSAY_TRY(UnitSegment segment, dimension(fmt::format("segment_{}", i), experiment.segments[i]));
    if (segment.values.size() > engine::kMaxSegmentValues)
      return tl::unexpected(engine::too_many_values(segment.name, segment.values.size()));
    answer.segments.push_back(std::move(segment));
  }
  if (experiment.cluster) {
    ASSAY_TRY(answer.cluster, dimension("cluster", engine::cluster_segment(experiment)));
    ASSAY_CHECK(engine::check_clusters(experiment, *answer.cluster));
  }
  for (std::size_t i = 0; i < experiment.metrics.size(); ++i) {
    UnitVariables metric;
    ASSAY_TRY(metric.mature, small(rows, unit_column("mature", i), order));
    for (const char name : engine::variables_of(experiment.metrics[i])) {
      ASSAY_TRY(engine::variable(metric, name), real(rows, unit_column(name, i), order));
    }
    answer.metrics.push_back(std::move(metric));
  }
  return answer;
}

Result<std::vector<NamedPlan>> unit_table_plans(const UnitTableQuery& query,
                                                const EventTable& table) {
  std::vector<NamedPlan> plans;
  ASSAY_TRY(std::optional<sql::Plan> caps, caps_plan(query.experiment, table));
  if (caps) plans.push_back({"experiment_caps", std::move(*caps), {kCapsNote}});
  ASSAY_TRY(sql::Plan units, unit_table_plan(query, table));
  std::vector<std::string> notes = history_notes(query.experiment);
  notes.push_back(fmt::format("gives back a row a unit, at most {}", most_units(query)));
  plans.push_back({"experiment_units", std::move(units), std::move(notes)});
  return plans;
}

}  // namespace assay::distributed
