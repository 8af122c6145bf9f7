#include "assay/sql/dialect.hpp"

#include "assay/sql/detail/quoting.hpp"
#include "assay/sql/detail/writer.hpp"

namespace assay::sql {

Result<std::string> Dialect::name_text(std::string_view name) const {
  ASSAY_CHECK(check_name(name));
  return doubled(name, '"');
}

Result<std::string> Dialect::string_text(std::string_view text) const {
  ASSAY_CHECK(check_utf8(text, "text"));
  return text_with_chr(text);
}

Result<std::string> Dialect::statement(const Plan& plan, std::string_view comment) const {
  return writer()->statement(plan, comment);
}

Result<std::string> Dialect::expression_text(const Expression& expression) const {
  return writer()->expression(expression);
}

const Dialect* find_dialect(std::string_view name) {
  for (const Dialect* dialect :
       {&duckdb_dialect(), &trino_dialect(), &spark_dialect(), &clickhouse_dialect()}) {
    if (dialect->name() == name) return dialect;
  }
  return nullptr;
}

}  // namespace assay::sql
