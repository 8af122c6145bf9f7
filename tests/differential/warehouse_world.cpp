#include "warehouse_world.hpp"

namespace assay::differential {
namespace {

frame::Column& column_of(frame::Table& table, const char* name) {
  for (frame::Column& column : table.columns) {
    if (column.name == name) return column;
  }
  return table.columns.front();
}

}  // namespace

World warehouse_world(std::uint64_t seed) {
  World world = random_world(seed);
  Dice dice(seed, 3);
  engine::Source& source = world.source;
  source.sequence_expression = "seq";
  if (source.dedup) source.dedup->within_us.reset();
  if (source.dedup && !source.ingest_time)  // Else copies come in the order of arrival.
    source.ingest_time = engine::TimeColumn{"got", {}, TimeZone::utc()};
  for (engine::SourceProperty& property : source.properties) {
    if (property.expression == "value + 1") property.expression = "value";
  }
  frame::Column& sequence = column_of(world.rows, "seq");
  frame::Column& received = column_of(world.rows, "got");
  const std::int64_t rows = static_cast<std::int64_t>(world.rows.rows());
  const std::int64_t step = 2 * dice.below(rows) + 1;
  std::int64_t prime = 1'000'003;  // Numbers of rows are far smaller, so no two fall together.
  for (std::int64_t i = 0; i < rows; ++i) {
    const auto row = static_cast<std::size_t>(i);
    sequence.ints[row] = (i + 1) * step % prime - 5;
    sequence.nulls[row] = 0;
    if (received.is_null(row)) received.ints[row] = world.span.end;
    received.ints[row] += 10 * i;  // Random times lie within 2 us of a coarse grid.
    received.nulls[row] = 0;
  }
  return world;
}

}  // namespace assay::differential
