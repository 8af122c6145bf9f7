#include "assay/distributed/detail/query_parts.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <set>
#include <utility>

#include "assay/frame/predicate.hpp"

namespace assay::distributed {
namespace {

using engine::Aggregation;
using engine::Term;

void add_word(const std::string& word, std::vector<std::string>& words) {
  if (std::find(words.begin(), words.end(), word) == words.end()) words.push_back(word);
}

bool has_column(const Term& term) {
  return term.aggregation == Aggregation::sum || term.aggregation == Aggregation::max;
}

bool is_any(const engine::EventSelector& selector) {
  return selector.names.empty() && !selector.where;
}

}  // namespace

void add_words(const frame::Predicate& predicate, std::vector<std::string>& words) {
  for (const std::string& word : frame::columns_of(predicate)) add_word(word, words);
}

void add_words(const engine::EventSelector& selector, std::vector<std::string>& words) {
  if (selector.where) add_words(*selector.where, words);
}

void add_words(const Term& term, std::vector<std::string>& words) {
  add_words(term.event, words);
  if (has_column(term)) add_word(term.column, words);
}

sql::Expression flag(const engine::EventSelector& selector, const EventTable& table) {
  if (is_any(selector)) return sql::truth(true);
  return sql::certainly(condition(selector, table));
}

std::optional<sql::Expression> met_by_any(
    const std::vector<const engine::EventSelector*>& selectors, const EventTable& table) {
  std::set<std::string> names;
  bool all_named = true;
  bool any_filtered = false;
  std::vector<sql::Expression> conditions;
  for (const engine::EventSelector* selector : selectors) {
    if (is_any(*selector)) return std::nullopt;
    names.insert(selector->names.begin(), selector->names.end());
    all_named = all_named && !selector->names.empty();
    any_filtered = any_filtered || selector->where.has_value();
    conditions.push_back(condition(*selector, table));
  }
  std::vector<sql::Expression> parts;
  if (all_named) {
    std::vector<sql::Expression> literals;
    for (const std::string& name : names) literals.push_back(sql::value(name));
    parts.push_back(sql::one_of(sql::column("event"), std::move(literals)));
  }
  if (any_filtered) parts.push_back(sql::either(std::move(conditions)));
  return sql::both(std::move(parts));
}

sql::Expression value_of_term(const Term& term, const EventTable& table) {
  if (!has_column(term)) return sql::missing(sql::Type::float64);
  sql::Expression value = sql::column(property_name(table, term.column));
  for (const engine::SourceProperty& property : table.spec.source.properties) {
    if (property.name != term.column || property.type == frame::Type::float64) continue;
    if (property.type == frame::Type::boolean) value = sql::cast(value, sql::Type::int64);
    value = sql::cast(value, sql::Type::float64);
  }
  return value;
}

sql::Expression fold(const Term& term, const sql::Expression& meant, const sql::Expression& value,
                     const sql::Expression& day) {
  const auto or_zero = [&](sql::Op op) {
    return sql::first_known({sql::aggregate(op, value, meant), sql::value(0.0)});
  };
  sql::Expression folded;
  switch (term.aggregation) {
    case Aggregation::count:
      folded = sql::cast(sql::count_rows(meant), sql::Type::float64);
      break;
    case Aggregation::sum:
      folded = or_zero(sql::Op::sum);
      break;
    case Aggregation::any:
      folded = sql::when(
          {{sql::compare(sql::Op::greater, sql::count_rows(meant), sql::value(std::int64_t{0})),
            sql::value(1.0)}},
          sql::value(0.0));
      break;
    case Aggregation::distinct_days:
      folded = sql::cast(sql::aggregate(sql::Op::count_distinct, day, meant), sql::Type::float64);
      break;
    case Aggregation::max:
      folded = or_zero(sql::Op::maximum);
      break;
  }
  return term.scale == 1.0 ? folded : sql::multiply(folded, sql::value(term.scale));
}

Result<std::int64_t> whole_at(const frame::Table& rows, const std::string& name, std::size_t row) {
  const frame::Column* column = rows.find(name);
  const bool is_whole =
      column != nullptr && row < column->rows() && !column->is_null(row) &&
      (column->type == frame::Type::int64 || column->type == frame::Type::boolean);
  if (is_whole) return column->ints[row];
  return fail(ErrorCode::internal, fmt::format("the answer has no whole number `{}`", name));
}

std::vector<double> shifts_of(const Shifts& shifts, std::size_t group) {
  return group < shifts.size() ? shifts[group] : std::vector<double>();
}

Result<numerics::CoMoments> read_all_moments(const frame::Table& rows,
                                             const MomentColumns& columns) {
  MomentColumns shifted = columns;
  shifted.shifts.clear();
  numerics::CoMoments all(columns.variables.size());
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    ASSAY_TRY(const numerics::CoMoments of, read_moments(rows, row, shifted));
    all.merge(of);
  }
  if (all.n == 0) return all;
  for (std::size_t i = 0; i < columns.shifts.size(); ++i) all.mean[i] += columns.shifts[i];
  return all;
}

}  // namespace assay::distributed
