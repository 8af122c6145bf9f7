#include <fmt/core.h>

#include <limits>

#include "assay/sql/detail/quoting.hpp"
#include "assay/sql/detail/writer.hpp"

namespace assay::sql {
namespace {

// Seen on libduckdb 1.5.6:
// - a literal is the smallest type from INTEGER up that holds it, and INTEGER overflows: 5::BIGINT
// - sum(BIGINT) is HUGEINT: cast back, which fails when it does not fit
// - LEAST and GREATEST skip missing values; // cuts towards zero
// - epoch_us takes TIMESTAMP (read as UTC) and TIMESTAMP WITH TIME ZONE alike
// - covar_pop updates means and one centred sum (Welford), and merges centred
class DuckDbWriter final : public Writer {
 public:
  using Writer::Writer;

 private:
  std::string integer(std::int64_t number) const override {
    if (number == std::numeric_limits<std::int64_t>::min()) return "(-9223372036854775807 - 1)";
    return number < 0 ? fmt::format("({})::BIGINT", number) : fmt::format("{}::BIGINT", number);
  }

  std::string quotient(const std::string& x, std::int64_t divisor) const override {
    return fmt::format("{} // {}", x, divisor);
  }

  std::string first_group(const std::string& x, const std::string& pattern) const override {
    return fmt::format("regexp_extract({}, {}, 1)", x, pattern);
  }

  std::string time_us(const std::string& x) const override { return "epoch_us(" + x + ")"; }

  std::string date_day(const std::string& x) const override {
    return "date_diff('day', DATE '1970-01-01', CAST(" + x + " AS DATE))";
  }

  std::string aggregate(const Call& call) const override {
    const std::string plain = Writer::aggregate(call);
    const bool widened = call.op == Op::sum && call.type == Type::int64;
    return widened ? "CAST(" + plain + " AS BIGINT)" : plain;
  }
};

class DuckDb final : public Dialect {
 public:
  std::string_view name() const override { return "duckdb"; }

 private:
  std::unique_ptr<Writer> writer() const override { return std::make_unique<DuckDbWriter>(*this); }
};

}  // namespace

const Dialect& duckdb_dialect() {
  static const DuckDb dialect;
  return dialect;
}

}  // namespace assay::sql
