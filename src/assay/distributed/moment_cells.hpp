#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "assay/base/result.hpp"
#include "assay/distributed/moment_columns.hpp"
#include "assay/frame/table.hpp"
#include "assay/numerics/moments.hpp"
#include "assay/sql/plan.hpp"

/// Moments of many groups of rows at once, also where values lie far from zero: first as they are,
/// then, where that may cost digits, again about centres near the means of the groups.
namespace assay::distributed {

/// Which group of rows: `place` says what the key is of. Columns place, arm, and those of key_text,
/// key_whole, key_real that the step has.
struct CellKey {
  std::int64_t place = 0;
  std::int64_t arm = 0;
  std::optional<std::string> text;
  std::optional<std::int64_t> whole;
  std::optional<double> real;
};

struct Cell {
  CellKey key;
  std::vector<numerics::CoMoments> moments;  ///< [block].
};

/// What is taken off every variable, a vector a block, before squares are added up.
struct Centres {
  using Values = std::vector<std::vector<double>>;
  struct Of {
    CellKey key;
    Values values;
  };
  Values usual;           ///< Empty: nothing is taken off anywhere.
  std::vector<Of> cells;  ///< Other values for these.

  [[nodiscard]] const Values& of(const CellKey& key) const;
};

/// Centres for another turn; none when the moments are exact enough as they are.
std::optional<Centres> centres_for(const std::vector<Cell>& cells);

/// Adds to a grouped select the moments of every block about its centres. The variables of blocks
/// are plain columns of `rows`; a step is put between where there is something to take off.
/// `keys` are the columns of CellKey that `rows` has, `others` what the select reads besides.
void add_cells(sql::Input rows, const std::vector<MomentColumns>& blocks,
               const std::vector<std::string>& keys, const std::vector<std::string>& others,
               const Centres& centres, sql::Plan& plan, sql::Select& select);

/// A row of the answer: its key and its moments, centres put back.
Result<Cell> read_cell(const frame::Table& table, std::size_t row,
                       const std::vector<MomentColumns>& blocks, const Centres& centres);

}  // namespace assay::distributed
