#include <fmt/core.h>

#include "assay/sql/detail/quoting.hpp"
#include "assay/sql/detail/writer.hpp"

namespace assay::sql {
namespace {

// Seen on Trino 476:
// - a literal 5 is an integer of 32 bits and overflows as such: BIGINT '5'
// - 0.1 is a decimal, 1e-1 a double; whole numbers divide towards zero
// - LEAST and GREATEST of a missing value are missing: the smallest of an array without it is not
// - to_unixtime is a double of seconds; until the year 2106 its error times 1e6 stays below half a
//   microsecond, so rounding is exact. It reads a timestamp without zone in the time zone of the
//   session, which must be UTC: header X-Trino-Time-Zone
// - covar_pop keeps its digits at 1e9 + {1, 2, 3}; its state is two means and a centred sum
// - sum(bigint) fails on overflow; GROUP BY knows positions, not aliases
class TrinoWriter final : public Writer {
 public:
  using Writer::Writer;

 private:
  std::string integer(std::int64_t number) const override {
    return fmt::format("BIGINT '{}'", number);
  }

  std::string quotient(const std::string& x, std::int64_t divisor) const override {
    return fmt::format("{} / {}", x, divisor);
  }

  std::string first_group(const std::string& x, const std::string& pattern) const override {
    return fmt::format("regexp_extract({}, {}, 1)", x, pattern);
  }

  std::string extreme(Op op, const std::vector<std::string>& values) const override {
    return fmt::format("array_{}(filter(ARRAY[{}], v -> v IS NOT NULL))",
                       op == Op::least ? "min" : "max", filled(values));
  }

  std::string time_us(const std::string& x) const override {
    return "CAST(round(to_unixtime(" + x + ") * 1e6) AS BIGINT)";
  }

  std::string date_day(const std::string& x) const override {
    return "date_diff('day', DATE '1970-01-01', CAST(" + x + " AS DATE))";
  }
};

class Trino final : public Dialect {
 public:
  std::string_view name() const override { return "trino"; }

 private:
  std::unique_ptr<Writer> writer() const override { return std::make_unique<TrinoWriter>(*this); }
};

}  // namespace

const Dialect& trino_dialect() {
  static const Trino dialect;
  return dialect;
}

}  // namespace assay::sql
