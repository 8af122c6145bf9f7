#include "assay/distributed/moment_cells.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "assay/distributed/detail/query_parts.hpp"

namespace assay::distributed {
namespace {

using sql::column;
using sql::Expression;
using sql::Op;

/// As many cells get centres of their own; they stand in the statement as text.
constexpr std::size_t kMaxCentres = 64;

bool same(const CellKey& a, const CellKey& b) {
  return a.place == b.place && a.arm == b.arm && a.text == b.text && a.whole == b.whole &&
         a.real == b.real;
}

bool has(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

template <class T>
Expression key_is(const char* name, const std::optional<T>& key) {
  if (!key) return sql::is_missing(column(name));
  return sql::compare(Op::equal, column(name), sql::value(*key));
}

Expression is_cell(const CellKey& key, const std::vector<std::string>& keys) {
  std::vector<Expression> all;
  if (has(keys, "place"))
    all.push_back(sql::compare(Op::equal, column("place"), sql::value(key.place)));
  all.push_back(sql::compare(Op::equal, column("arm"), sql::value(key.arm)));
  if (has(keys, "key_text")) all.push_back(key_is("key_text", key.text));
  if (has(keys, "key_whole")) all.push_back(key_is("key_whole", key.whole));
  if (has(keys, "key_real")) all.push_back(key_is("key_real", key.real));
  return sql::both(std::move(all));
}

/// The moments as the engine sees them when `values` are taken off.
bool needs_shift_about(const Cell& cell, const Centres::Values& values) {
  for (std::size_t block = 0; block < cell.moments.size(); ++block) {
    numerics::CoMoments moments = cell.moments[block];
    for (std::size_t i = 0; i < moments.size(); ++i) moments.mean[i] -= values[block][i];
    if (needs_shift(moments)) return true;
  }
  return false;
}

Centres::Values means_of(const std::vector<numerics::CoMoments>& moments) {
  Centres::Values values;
  for (const numerics::CoMoments& block : moments) values.push_back(block.mean);
  return values;
}

std::int64_t rows_of(const Cell& cell) {
  std::int64_t rows = 0;
  for (const numerics::CoMoments& block : cell.moments) rows = std::max(rows, block.n);
  return rows;
}

}  // namespace

const Centres::Values& Centres::of(const CellKey& key) const {
  for (const Of& cell : cells) {
    if (same(cell.key, key)) return cell.values;
  }
  return usual;
}

std::optional<Centres> centres_for(const std::vector<Cell>& cells) {
  if (cells.empty() || std::none_of(cells.begin(), cells.end(), [](const Cell& cell) {
        return std::any_of(cell.moments.begin(), cell.moments.end(), needs_shift);
      }))
    return std::nullopt;
  std::vector<numerics::CoMoments> all = cells.front().moments;
  for (std::size_t i = 1; i < cells.size(); ++i) {
    for (std::size_t block = 0; block < all.size(); ++block)
      all[block].merge(cells[i].moments[block]);
  }
  Centres centres;
  centres.usual = means_of(all);
  std::vector<const Cell*> apart;
  for (const Cell& cell : cells) {
    if (needs_shift_about(cell, centres.usual)) apart.push_back(&cell);
  }
  std::stable_sort(apart.begin(), apart.end(),
                   [](const Cell* a, const Cell* b) { return rows_of(*a) > rows_of(*b); });
  if (apart.size() > kMaxCentres) apart.resize(kMaxCentres);
  for (const Cell* cell : apart) centres.cells.push_back({cell->key, means_of(cell->moments)});
  return centres;
}

void add_cells(sql::Input rows, const std::vector<MomentColumns>& blocks,
               const std::vector<std::string>& keys, const std::vector<std::string>& others,
               const Centres& centres, sql::Plan& plan, sql::Select& select) {
  if (!centres.usual.empty()) {
    sql::Select centred;
    centred.from = {std::move(rows)};
    for (const auto* names : {&keys, &others}) {
      for (const std::string& name : *names) centred.outputs.push_back({name, column(name)});
    }
    for (std::size_t block = 0; block < blocks.size(); ++block) {
      for (std::size_t i = 0; i < blocks[block].variables.size(); ++i) {
        std::vector<sql::Case> cases;
        for (const Centres::Of& cell : centres.cells)
          cases.push_back({is_cell(cell.key, keys), sql::value(cell.values[block][i])});
        Expression centre = sql::value(centres.usual[block][i]);
        if (!cases.empty()) centre = sql::when(std::move(cases), std::move(centre));
        const Expression& variable = blocks[block].variables[i];
        centred.outputs.push_back({variable->name, sql::subtract(variable, std::move(centre))});
      }
    }
    rows = plan.add("centred", std::move(centred));
  }
  select.from = {std::move(rows)};
  for (const std::string& key : keys) {
    select.group_by.push_back(column(key));
    select.outputs.push_back({key, column(key)});
  }
  for (const MomentColumns& block : blocks) add_moments(block, select);
}

Result<Cell> read_cell(const frame::Table& table, std::size_t row,
                       const std::vector<MomentColumns>& blocks, const Centres& centres) {
  Cell cell;
  if (table.find("place") != nullptr) {
    ASSAY_TRY(cell.key.place, whole_at(table, "place", row));
  }
  ASSAY_TRY(cell.key.arm, whole_at(table, "arm", row));
  const frame::Column* whole = table.find("key_whole");
  if (whole != nullptr && !whole->is_null(row)) {
    ASSAY_TRY(cell.key.whole, whole_at(table, "key_whole", row));
  }
  const frame::Column* text = table.find("key_text");
  if (text != nullptr && text->type == frame::Type::text && !text->is_null(row))
    cell.key.text = text->dictionary[text->codes[row]];
  const frame::Column* real = table.find("key_real");
  if (real != nullptr && real->type == frame::Type::float64 && !real->is_null(row))
    cell.key.real = real->doubles[row];
  const Centres::Values& values = centres.of(cell.key);
  for (std::size_t block = 0; block < blocks.size(); ++block) {
    ASSAY_TRY(numerics::CoMoments moments, read_moments(table, row, blocks[block]));
    for (std::size_t i = 0; moments.n > 0 && i < moments.size() && !values.empty(); ++i)
      moments.mean[i] += values[block][i];
    cell.moments.push_back(std::move(moments));
  }
  return cell;
}

}  // namespace assay::distributed
