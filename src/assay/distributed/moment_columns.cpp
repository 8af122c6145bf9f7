#include "assay/distributed/moment_columns.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <optional>

namespace assay::distributed {
namespace {

std::string count_name(const MomentColumns& columns) { return columns.prefix + "_n"; }

std::string mean_name(const MomentColumns& columns, std::size_t i) {
  return fmt::format("{}_mean_{}", columns.prefix, i);
}

std::string covariance_name(const MomentColumns& columns, std::size_t i, std::size_t j) {
  return fmt::format("{}_cov_{}_{}", columns.prefix, i, j);
}

double shift_of(const MomentColumns& columns, std::size_t i) {
  return columns.shifts.empty() ? 0.0 : columns.shifts[i];
}

sql::Expression shifted(const MomentColumns& columns, std::size_t i) {
  const double shift = shift_of(columns, i);
  const sql::Expression& variable = columns.variables[i];
  return shift == 0.0 ? variable : sql::subtract(variable, sql::value(shift));
}

/// A number of the answer; none where the engine says missing.
Result<std::optional<double>> number_at(const frame::Table& table, const std::string& name,
                                        std::size_t row) {
  const frame::Column* column = table.find(name);
  if (column == nullptr || column->type == frame::Type::text || row >= column->rows()) {
    return fail(ErrorCode::internal, fmt::format("the answer has no number `{}`", name));
  }
  if (column->is_null(row)) return std::optional<double>();
  if (column->type == frame::Type::float64) return std::optional(column->doubles[row]);
  return std::optional(static_cast<double>(column->ints[row]));
}

Result<double> finite_at(const frame::Table& table, const std::string& name, std::size_t row) {
  ASSAY_TRY(const std::optional<double> number, number_at(table, name, row));
  if (number && std::isfinite(*number)) return *number;
  return fail(ErrorCode::invalid_data,
              fmt::format("the engine's `{}` is not a finite number", name), {},
              "look for values near the largest that a double holds");
}

}  // namespace

void add_moments(const MomentColumns& columns, sql::Select& select) {
  const sql::Expression& filter = columns.filter;
  select.outputs.push_back({count_name(columns), sql::count_rows(filter)});
  const std::size_t size = columns.variables.size();
  for (std::size_t i = 0; i < size; ++i) {
    select.outputs.push_back(
        {mean_name(columns, i), sql::aggregate(sql::Op::average, shifted(columns, i), filter)});
  }
  for (std::size_t i = 0; i < size; ++i) {
    for (std::size_t j = i; j < size; ++j) {
      select.outputs.push_back({covariance_name(columns, i, j),
                                sql::covariance(shifted(columns, i), shifted(columns, j), filter)});
    }
  }
}

Result<numerics::CoMoments> read_moments(const frame::Table& table, std::size_t row,
                                         const MomentColumns& columns) {
  const std::size_t size = columns.variables.size();
  numerics::CoMoments moments(size);
  ASSAY_TRY(const std::optional<double> n, number_at(table, count_name(columns), row));
  moments.n = static_cast<std::int64_t>(n.value_or(0.0));
  if (moments.n == 0) return moments;
  for (std::size_t i = 0; i < size; ++i) {
    ASSAY_TRY(const double mean, finite_at(table, mean_name(columns, i), row));
    moments.mean[i] = mean + shift_of(columns, i);
  }
  std::size_t at = 0;
  for (std::size_t i = 0; i < size; ++i) {
    for (std::size_t j = i; j < size; ++j, ++at) {
      ASSAY_TRY(const double covariance, finite_at(table, covariance_name(columns, i, j), row));
      moments.comoment[at] = covariance * static_cast<double>(moments.n);
    }
  }
  return moments;
}

bool needs_shift(const numerics::CoMoments& moments) {
  // A centring algorithm loses about (mean / deviation) roundings of one addition, and that grows
  // with the number of rows, in practice with its root (Chan, Golub & LeVeque 1983): at a thousand
  // deviations and a hundred million rows some 1e-9 is left. A tenth of that is asked again, and
  // more of fewer rows: a small cluster is easily a thousand of its own deviations from zero.
  if (moments.n < 2) return false;
  const double deviations = std::clamp(1e6 / std::sqrt(static_cast<double>(moments.n)), 100.0, 1e4);
  for (std::size_t i = 0; i < moments.size(); ++i) {
    const double variance = moments.at(i, i) / static_cast<double>(moments.n);
    const double mean = moments.mean[i];
    if (variance > 0.0 && mean * mean > deviations * deviations * variance) return true;
  }
  return false;
}

}  // namespace assay::distributed
