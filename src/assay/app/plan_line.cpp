#include "assay/app/plan_line.hpp"

#include <algorithm>
#include <utility>

namespace assay::app {
namespace {

using warehouse::ColumnType;

ColumnType type_of(frame::Type type) {
  switch (type) {
    case frame::Type::int64:
      return ColumnType::int64;
    case frame::Type::float64:
      return ColumnType::float64;
    case frame::Type::boolean:
      return ColumnType::boolean;
    case frame::Type::time_us:
      return ColumnType::instant;
    case frame::Type::text:
      return ColumnType::text;
  }
  return ColumnType::text;
}

ColumnType type_of(const engine::TimeColumn& column) {
  if (column.unit != engine::TimeUnit::timestamp) return ColumnType::int64;
  return column.timezone.name() == TimeZone::utc().name() ? ColumnType::instant
                                                          : ColumnType::wall_clock;
}

/// The answer to the look: names, and the first and last time beside the first of them.
frame::Table looked(const TakenTable& taken) {
  frame::Table table;
  frame::Column names{.name = "event", .type = frame::Type::text};
  frame::Column first{.name = "first_us", .type = frame::Type::int64};
  frame::Column last{.name = "last_us", .type = frame::Type::int64};
  names.dictionary = taken.events.empty() ? std::vector<std::string>{""} : taken.events;
  for (std::size_t i = 0; i < names.dictionary.size(); ++i) {
    names.codes.push_back(static_cast<std::uint32_t>(i));
    first.ints.push_back(taken.span.begin);
    last.ints.push_back(taken.span.end - 1);
  }
  table.columns = {std::move(names), std::move(first), std::move(last)};
  return table;
}

}  // namespace

PlanLine::PlanLine(std::unique_ptr<warehouse::Connection> behind, const sql::Dialect& dialect,
                   TakenTable taken)
    : behind_(std::move(behind)), dialect_(dialect), taken_(std::move(taken)) {}

std::string PlanLine::name() const {
  return behind_ ? behind_->name() : std::string(dialect_.name());
}

Result<std::string> PlanLine::describe_engine() {
  return behind_ ? behind_->describe_engine() : std::string();
}

Result<warehouse::Answer> PlanLine::query(const std::string& statement, const Progress&) {
  if (!look_.empty()) return fail(ErrorCode::internal, "a plan does not run statements");
  look_ = statement;
  return warehouse::Answer{looked(taken_), {}};
}

Result<std::vector<warehouse::TableColumn>> PlanLine::columns(const sql::TableName& table) {
  if (behind_) return behind_->columns(table);
  return taken_.columns;
}

Result<warehouse::Estimate> PlanLine::estimate(const std::string& statement) {
  if (behind_) return behind_->estimate(statement);
  return fail(ErrorCode::unavailable, "no engine was asked");
}

Result<std::optional<std::string>> PlanLine::snapshot(const sql::TableName& table) {
  if (behind_) return behind_->snapshot(table);
  return std::optional<std::string>();
}

std::vector<warehouse::TableColumn> columns_by_spec(const distributed::EventTableSpec& table) {
  std::vector<warehouse::TableColumn> columns;
  const auto add = [&](const std::string& name, ColumnType type) {
    if (name.empty()) return;
    const auto known = [&](const warehouse::TableColumn& one) { return one.name == name; };
    if (std::none_of(columns.begin(), columns.end(), known))
      columns.push_back({name, type, std::string(to_text(type))});
  };
  const engine::Source& source = table.source;
  add(source.unit.expression, type_of(source.unit.type));
  add(source.event_time.expression, type_of(source.event_time));
  add(source.event_expression, ColumnType::text);
  if (source.ingest_time) add(source.ingest_time->expression, type_of(*source.ingest_time));
  add(source.sequence_expression, ColumnType::int64);
  for (const engine::SourceProperty& property : source.properties)
    add(property.expression, type_of(property.type));
  if (source.dedup) {
    for (const std::string& key : source.dedup->keys) add(key, ColumnType::text);
  }
  if (table.partition) add(table.partition->column, ColumnType::date);
  return columns;
}

}  // namespace assay::app
