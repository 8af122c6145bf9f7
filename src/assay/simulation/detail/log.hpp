#pragma once

#include <array>
#include <vector>

#include "assay/frame/table.hpp"
#include "assay/simulation/detail/day.hpp"

namespace assay::simulation {

/// Holds rows until the day on which the server receives them, and turns a day's rows into the
/// columns of Sink, sorted by (received_at, insert_id, copy).
class Log {
 public:
  explicit Log(const Model& model);

  /// Takes the rows of every chunk (and empties them), then makes the table of `day`: all rows
  /// received before the end of it that were not handed out yet.
  const frame::Table& receive(int day, std::vector<ChunkState>& chunks, int threads);

  /// Whether rows are still waiting for a later day.
  [[nodiscard]] bool empty() const { return waiting_.empty(); }

 private:
  static constexpr std::size_t kSlots = 48;  ///< Parts of a day, sorted in parallel.

  void fill(std::size_t slot, std::size_t first_row);

  const Model& model_;
  std::vector<Row> waiting_;
  std::array<std::vector<Row>, kSlots> slots_;
  frame::Table table_;
};

}  // namespace assay::simulation
