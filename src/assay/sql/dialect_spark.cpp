#include <fmt/core.h>

#include <limits>

#include "assay/sql/detail/quoting.hpp"
#include "assay/sql/detail/writer.hpp"

namespace assay::sql {
namespace {

// Seen on Sail 0.7.2, which speaks Spark's SQL; lines with * on Spark 4.3 (ANSI mode, its default):
// - * "x" is a text; names stand in backticks; texts know backslash escapes
// - * 0.1 is a decimal, 1e-1 a double; a missing value sorts first; 1 / 0 and a sum(bigint) that
//   does not fit are errors (Sail: missing, and wrapped around)
// - a literal 5 is an INT: 5L
// - unix_micros takes an instant; TIMESTAMP_NTZ becomes one by the time zone of the session, which
//   must be UTC: SET TIME ZONE 'UTC' (Sail does not know the statement and is in UTC)
// - a chain of 500 ORs, not grouped, ends the server's process (Sail)
// Read in Spark's source, not seen:
// - ${...} is replaced before parsing, inside texts and names too: no dollar sign goes out
// - covar_pop updates means and one centred sum, and merges centred (Covariance.scala)
// - no FILTER in windows
class SparkWriter final : public Writer {
 public:
  using Writer::Writer;

 private:
  std::string type_name(Type type) const override {
    return type == Type::text ? "STRING" : Writer::type_name(type);
  }

  std::string integer(std::int64_t number) const override {
    if (number == std::numeric_limits<std::int64_t>::min()) return "(-9223372036854775807L - 1L)";
    return number < 0 ? fmt::format("({}L)", number) : fmt::format("{}L", number);
  }

  std::string quotient(const std::string& x, std::int64_t divisor) const override {
    return fmt::format("{} DIV {}", x, divisor);
  }

  std::string first_group(const std::string& x, const std::string& pattern) const override {
    return fmt::format("regexp_extract({}, {}, 1)", x, pattern);
  }

  std::string time_us(const std::string& x) const override {
    return "unix_micros(CAST(" + x + " AS TIMESTAMP))";
  }

  std::string date_day(const std::string& x) const override {
    return "CAST(unix_date(CAST(" + x + " AS DATE)) AS BIGINT)";
  }

  std::string key(const std::vector<std::string>& parts) const override {
    return parts.size() == 1 ? parts.front() : "STRUCT(" + filled(parts) + ")";
  }
};

class Spark final : public Dialect {
 public:
  std::string_view name() const override { return "spark"; }

  Result<std::string> name_text(std::string_view name) const override {
    ASSAY_CHECK(check_name(name));
    if (name.find("${") != std::string_view::npos) {
      return fail(
          ErrorCode::invalid_spec,
          fmt::format("Spark replaces '${{...}}' in SQL, so it cannot read the name '{}'", name),
          {}, "rename it, or make a view with another name");
    }
    return doubled(name, '`');
  }

  Result<std::string> string_text(std::string_view text) const override {
    ASSAY_CHECK(check_utf8(text, "text"));
    std::string quoted = "'";
    for (const char c : text) {
      if (c == '\0') {
        quoted += R"(\u0000)";
      } else if (c == '$') {
        quoted += R"(\u0024)";
      } else {
        if (c == '\'' || c == '\\') quoted += '\\';
        quoted += c;
      }
    }
    return quoted + "'";
  }

 private:
  std::unique_ptr<Writer> writer() const override { return std::make_unique<SparkWriter>(*this); }
};

}  // namespace

const Dialect& spark_dialect() {
  static const Spark dialect;
  return dialect;
}

}  // namespace assay::sql
