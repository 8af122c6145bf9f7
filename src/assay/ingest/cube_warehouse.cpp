#include <algorithm>

#include "assay/engine/sql.hpp"
#include "assay/ingest/detail/cube.hpp"

namespace assay::ingest::detail {
namespace {

std::string type_word(warehouse::ColumnType type) {
  switch (type) {
    case warehouse::ColumnType::boolean:
      return "BOOLEAN";
    case warehouse::ColumnType::int64:
      return "BIGINT";
    case warehouse::ColumnType::float64:
      return "DOUBLE";
    case warehouse::ColumnType::text:
      return "VARCHAR";
    case warehouse::ColumnType::date:
      return "DATE";
    case warehouse::ColumnType::instant:
      return "TIMESTAMP WITH TIME ZONE";
    case warehouse::ColumnType::wall_clock:
      return "TIMESTAMP";
    case warehouse::ColumnType::other:
      break;
  }
  return "OTHER";
}

/// The type that a declared property gives the column, when its values are read as that.
std::optional<frame::Type> reads_as(const engine::Source& source, const Measured& measured) {
  if (!measured.converts) return std::nullopt;
  for (const engine::SourceProperty& property : source.properties) {
    if (property.expression == measured.name) return property.type;
  }
  return std::nullopt;
}

}  // namespace

engine::Relation relation_of(const distributed::EventTable& table) {
  engine::Relation relation;
  relation.source = table.spec.source;
  for (const warehouse::TableColumn& column : table.columns)
    relation.columns.push_back({column.name, type_word(column.type)});
  relation.sequence = relation.source.sequence_expression;
  if (relation.source.ingest_time) relation.ingest = relation.source.ingest_time->expression;
  for (const engine::SourceProperty& property : relation.source.properties)
    relation.properties.push_back(engine::quote_identifier(property.expression));
  if (relation.source.dedup) {
    for (const std::string& key : relation.source.dedup->keys)
      relation.keys.push_back({key, frame::Type::text, key});
  }
  return relation;
}

Result<Cube> count_cells(const distributed::AuditScope& scope, const engine::Relation& relation,
                         const CubeQuery& query) {
  Cube cube;
  cube.columns = measured_columns(relation);
  distributed::AuditCellsQuery asked{
      query.now, query.watermark_us, query.max_skew_us, query.late_rules, {}};
  for (const Measured& measured : cube.columns) {
    asked.columns.push_back({measured.name, reads_as(relation.source, measured), measured.ranged});
  }
  ASSAY_TRY(cube.cells, distributed::audit_cells(scope, asked));
  order_cells(cube);
  return cube;
}

}  // namespace assay::ingest::detail
