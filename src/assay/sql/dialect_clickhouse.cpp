#include <fmt/core.h>

#include "assay/sql/detail/quoting.hpp"
#include "assay/sql/detail/writer.hpp"

namespace assay::sql {
namespace {

// Seen on ClickHouse 26.9 (the engine inside chdb-core):
// - literals are the smallest type that holds them, counts UInt64, and what meets an Int64 in a
//   CASE then has no common type: every whole number is an Int64
// - sum(Int64) wraps in silence: it is taken in Int128 and fails when it does not fit in the end
// - comparisons are UInt8, not Bool: made one where they leave a select
// - settings: columns that a LEFT JOIN misses, and aggregates of no rows, are 0 unless told; a name
//   means the alias of the same select before the column unless told; texts are read as the nearest
//   double only if told. A read-only user needs readonly = 2 for them
// - lag and lead give 0 past the edge unless the value is Nullable
// - covarPop subtracts products of sums; covarPopStable centres
// - LEAST and GREATEST skip missing values from 24.12 on (before: missing)
class ClickHouseWriter final : public Writer {
 public:
  using Writer::Writer;

 private:
  std::string type_name(Type type) const override {
    switch (type) {
      case Type::boolean:
        return "Nullable(Bool)";
      case Type::int64:
        return "Nullable(Int64)";
      case Type::float64:
        return "Nullable(Float64)";
      case Type::text:
        return "Nullable(String)";
    }
    return "";
  }

  std::string integer(std::int64_t number) const override {
    return fmt::format("toInt64({})", number);
  }

  std::string quotient(const std::string& x, std::int64_t divisor) const override {
    return fmt::format("intDiv({}, {})", x, divisor);
  }

  std::string cast(const std::string& x, std::optional<Type> from, Type to) const override {
    const std::string truth = from == Type::boolean ? "toBool(" + x + ")" : x;
    if (to == Type::text) return "toString(" + truth + ")";
    if (!from) return try_cast(x, to);
    return (to == Type::int64     ? "toInt64("
            : to == Type::float64 ? "toFloat64("
                                  : "toBool(") +
           x + ")";
  }

  /// Of any type: accurateCastOrNull would take an Int64 of more than 53 bits for no Float64.
  std::string try_cast(const std::string& x, Type to) const override {
    if (to == Type::float64) return "toFloat64OrNull(toString(" + x + "))";
    return fmt::format("accurateCastOrNull({}, '{}')", x, to == Type::int64 ? "Int64" : "Bool");
  }

  std::string first_group(const std::string& x, const std::string& pattern) const override {
    return fmt::format("extract({}, {})", x, pattern);
  }

  std::string time_us(const std::string& x) const override {
    return "toUnixTimestamp64Micro(toDateTime64(" + x + ", 6, 'UTC'))";
  }

  std::string date_day(const std::string& x) const override {
    return "toInt64(toInt32(toDate32(" + x + ")))";
  }

  // DATE '...' begins in 1970; this one in 1900, and what is before reads as that.
  std::string date_literal(const std::string& date) const override {
    return "toDate32('" + date + "')";
  }

  std::string aggregate(const Call& call) const override {
    const std::string inside = filled(call.arguments);
    switch (call.op) {
      case Op::count_rows:
      case Op::count:
      case Op::row_number:
        return "toInt64(" + Writer::aggregate(call) + ")";
      case Op::count_distinct:
        return "toInt64(uniqExact(" + inside + ")" + call.tail + ")";
      case Op::sum:
        if (call.type != Type::int64) return Writer::aggregate(call);
        return "accurateCast(sum(toInt128(" + inside + "))" + call.tail + ", 'Nullable(Int64)')";
      case Op::average:
        return call.type == Type::float64 ? Writer::aggregate(call)
                                          : "avg(toFloat64(" + inside + "))" + call.tail;
      case Op::any:
        return "(count(CASE WHEN " + inside + " THEN 1 END)" + call.tail + " > 0)";
      case Op::first_by:
        return "argMin(" + inside + ")" + call.tail;
      case Op::last_by:
        return "argMax(" + inside + ")" + call.tail;
      case Op::covariance:
        return "covarPopStable(" + inside + ")" + call.tail;
      default:
        return Writer::aggregate(call);
    }
  }

  std::string neighbour(Op op, const std::string& x, const std::string& window) const override {
    return fmt::format(
        "{}InFrame(toNullable({})) OVER ({} ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED "
        "FOLLOWING)",
        op == Op::previous ? "lag" : "lead", x, window);
  }

  std::string key(const std::vector<std::string>& parts) const override {
    return parts.size() == 1 ? parts.front() : "tuple(" + filled(parts) + ")";
  }

  bool keys_may_be_missing() const override { return false; }

  std::string table_name(const TableName& table) override {
    if (table.catalog.empty()) return Writer::table_name(table);
    refuse(ErrorCode::invalid_spec,
           fmt::format("ClickHouse tables have a database and a name, this one has more: {}",
                       to_text(table)),
           {}, "write database.table");
    return "?";
  }

  std::string output(const std::string& x, std::optional<Type> type) const override {
    return type == Type::boolean ? "toBool(" + x + ")" : x;
  }

  std::string settings() const override {
    return "\nSETTINGS join_use_nulls = 1, aggregate_functions_null_for_empty = 1,\n"
           "  prefer_column_name_to_alias = 1, precise_float_parsing = 1";
  }
};

/// Between marks, with backslash escapes.
std::string escaped(std::string_view text, char mark) {
  std::string quoted(1, mark);
  for (const char c : text) {
    if (c == '\0') {
      quoted += R"(\0)";
      continue;
    }
    if (c == mark || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + mark;
}

class ClickHouse final : public Dialect {
 public:
  std::string_view name() const override { return "clickhouse"; }

  Result<std::string> name_text(std::string_view name) const override {
    ASSAY_CHECK(check_name(name));
    return escaped(name, '"');
  }

  Result<std::string> string_text(std::string_view text) const override {
    ASSAY_CHECK(check_utf8(text, "text"));
    return escaped(text, '\'');
  }

 private:
  std::unique_ptr<Writer> writer() const override {
    return std::make_unique<ClickHouseWriter>(*this);
  }
};

}  // namespace

const Dialect& clickhouse_dialect() {
  static const ClickHouse dialect;
  return dialect;
}

}  // namespace assay::sql
