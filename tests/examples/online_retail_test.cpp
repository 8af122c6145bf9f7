// Goal: examples/online_retail says about the real transactions what is true of them.
// Method: the project as it is published runs over the public file; its JSON is compared with the
// totals of the file's catalogue and with SQL written here, which shares nothing with assay but
// the reader of Parquet files.

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "assay/app/audit.hpp"
#include "assay/app/metrics_verb.hpp"
#include "assay/app/queries.hpp"
#include "assay/engine/database.hpp"
#include "assay/report/render.hpp"

namespace assay {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::HasSubstr;

/// Lines that count: with a customer, each once; a line is equal when all its columns are.
constexpr const char* kLines =
    "(SELECT DISTINCT *, CAST(InvoiceDate AS DATE) AS day, Quantity * UnitPrice AS revenue, "
    "InvoiceNo LIKE 'C%' AS cancelled FROM '{0}' WHERE CustomerID IS NOT NULL)";

class OnlineRetail : public testing::Test {
 protected:
  void SetUp() override {
    data_ = (fs::path(ASSAY_SOURCE_DIR) /
             "../shared/data/online_retail/online_retail_public_to_2011_06.parquet")
                .lexically_normal();
    if (!fs::exists(data_)) GTEST_SKIP() << "the public data are not here";
    folder_ = fs::temp_directory_path() /
              fmt::format("assay_online_retail_{}_{}", ::getpid(),
                          testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::copy(fs::path(ASSAY_SOURCE_DIR) / "examples" / "online_retail", folder_,
             fs::copy_options::recursive);
    fs::create_directory(folder_ / "data");
    fs::create_symlink(data_, folder_ / "data" / "online_retail.parquet");
  }
  void TearDown() override {
    if (!folder_.empty()) fs::remove_all(folder_);
  }

  /// Rows of a query as doubles; {0} stands for the file, {lines} for the lines that count.
  std::vector<std::vector<double>> sql(std::string text) {
    const auto replace = [&](const std::string& what, const std::string& with) {
      for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what))
        text.replace(at, what.size(), with);
    };
    replace("{lines}", kLines);
    replace("{0}", data_.string());
    const auto table = database_.query("SELECT CAST(COLUMNS(*) AS DOUBLE) FROM (" + text + ")");
    EXPECT_TRUE(table) << to_text(table.error());
    std::vector<std::vector<double>> rows(table ? table->rows() : 0);
    for (std::size_t row = 0; row < rows.size(); ++row)
      for (const frame::Column& column : table->columns) rows[row].push_back(column.doubles[row]);
    return rows;
  }

  static json page(const Result<app::Outcome>& outcome) {
    EXPECT_TRUE(outcome) << to_text(outcome.error());
    return outcome ? json::parse(report::render_json(outcome->document)) : json();
  }

  json metrics(const app::MetricsOptions& asked) {
    app::Context context;
    app::MetricsOptions options = asked;
    options.source.path = folder_;
    return page(app::metrics_verb(context, options));
  }

  json retention(int max_day) {
    app::Context context;
    app::RetentionOptions options;
    options.source.path = folder_;
    options.start = options.returning = {"purchase"};
    options.max_day = max_day;
    return page(app::retention_verb(context, options));
  }

  fs::path data_, folder_;
  engine::Database database_ = std::move(*engine::Database::open());
};

/// The rows of every table of a page or section, by the text of their first cell.
void collect_rows(const json& blocks, std::map<std::string, json>& rows) {
  for (const json& block : blocks) {
    if (block.at("type") == "section") collect_rows(block.at("blocks"), rows);
    if (block.at("type") != "table") continue;
    for (const json& row : block.at("rows")) rows[row.at(0).at("text")] = row;
  }
}
std::map<std::string, json> rows_of(const json& document) {
  std::map<std::string, json> rows;
  collect_rows(document.at("blocks"), rows);
  return rows;
}

double value(const json& cell) { return cell.at("value").get<double>(); }

// The totals of the file's catalogue entry.
TEST_F(OnlineRetail, HasTheTotalsOfItsCatalogue) {
  const auto totals =
      sql("SELECT count(*), count(DISTINCT CustomerID), count(DISTINCT InvoiceNo), "
          "datediff('day', DATE '2010-12-01', CAST(min(InvoiceDate) AS DATE)), "
          "datediff('day', DATE '2011-06-30', CAST(max(InvoiceDate) AS DATE)) FROM '{0}'");
  EXPECT_EQ(totals[0], (std::vector<double>{245'903, 3'002, 12'795, 0, 0}));
  app::Context context;
  const std::string audit = page(app::audit_verb(context, {.path = folder_})).dump();
  EXPECT_THAT(audit, HasSubstr("245,903 rows"));
  EXPECT_THAT(audit, HasSubstr("3,002 units"));
  EXPECT_THAT(audit, HasSubstr("2010-12-01 to 2011-06-30"));
}

TEST_F(OnlineRetail, TheAuditFindsMissingCustomersCopiesAndCancellations) {
  const auto truth =
      sql("SELECT count(*) FILTER (WHERE CustomerID IS NULL), count(*) - (SELECT count(*) FROM "
          "(SELECT DISTINCT * FROM '{0}')), count(*) FILTER (WHERE InvoiceNo LIKE 'C%'), count(*) "
          "FILTER (WHERE Quantity < 0), (SELECT count(*) FROM {lines}) FROM '{0}'")[0];
  EXPECT_EQ(truth, (std::vector<double>{69'014, 2'012, 4'494, 5'252, 174'903}));
  app::Context context;
  const auto outcome = app::audit_verb(context, {.path = folder_});
  ASSERT_TRUE(outcome) << to_text(outcome.error());
  EXPECT_TRUE(outcome->judged_bad);
  const std::string audit = page(outcome).dump();
  EXPECT_THAT(audit, HasSubstr("69,014 rows (28.1 %) have no unit (CustomerID)"));
  // The 2,012 exact copies: 1,986 with a customer, which the policy removes, and 26 without.
  EXPECT_THAT(audit, HasSubstr("1,986 events (1.12 %) have the unit and key of an earlier one, all "
                               "of them equal in every column"));
  EXPECT_THAT(audit, HasSubstr("26 exact copies in no answer anyway"));
  EXPECT_THAT(audit, HasSubstr("4,494 values of revenue are negative (1.83 %)"));
  EXPECT_THAT(audit, HasSubstr("100 % of them have a InvoiceNo beginning with C"));
  EXPECT_THAT(audit, HasSubstr("5,252 values of Quantity"));
  EXPECT_THAT(audit, HasSubstr("174,903 after"));
}

TEST_F(OnlineRetail, RevenuePerCustomerIsThatOfPlainSql) {
  const auto truth = sql(
      "SELECT sum(total), count(*), avg(total), stddev_samp(total) / sqrt(count(*)) FROM (SELECT "
      "sum(revenue) AS total FROM {lines} GROUP BY CustomerID)")[0];
  EXPECT_EQ(truth[1], 3'002);
  // Source: scipy 1.17.1, t.ppf(0.975, 3001).
  const double half = 1.9607547916155341 * truth[3];
  for (const char* engine : {"embedded", "duckdb"}) {
    app::MetricsOptions options;
    options.source.engine = engine;
    auto rows = rows_of(metrics(options));
    const json row = rows["revenue_per_customer"];
    EXPECT_NEAR(value(row[1]), truth[0], 1e-9 * truth[0]);
    EXPECT_EQ(value(row[2]), truth[1]);
    EXPECT_NEAR(value(row[3]), truth[2], 1e-9 * truth[2]);
    EXPECT_NEAR(row[3].at("low").get<double>(), truth[2] - half, 1e-6);
    EXPECT_NEAR(row[3].at("high").get<double>(), truth[2] + half, 1e-6);
  }
}

TEST_F(OnlineRetail, RatiosAndSharesAreThoseOfPlainSql) {
  auto rows = rows_of(metrics({}));
  const auto days = sql(
      "SELECT count(*) FROM (SELECT DISTINCT CustomerID, day FROM {lines} WHERE NOT cancelled)");
  const auto lines = sql("SELECT sum(revenue), count(*) FILTER (WHERE NOT cancelled) FROM {lines}");
  const auto cancelling = sql("SELECT count(DISTINCT CustomerID) FROM {lines} WHERE cancelled");
  const double revenue_a_day = lines[0][0] / days[0][0];
  EXPECT_EQ(value(rows["revenue_per_shopping_day"][2]), days[0][0]);
  EXPECT_NEAR(value(rows["revenue_per_shopping_day"][3]), revenue_a_day, 1e-9 * revenue_a_day);
  EXPECT_DOUBLE_EQ(value(rows["lines_per_shopping_day"][3]), lines[0][1] / days[0][0]);
  EXPECT_EQ(value(rows["customers_who_cancelled"][1]), cancelling[0][0]);
  EXPECT_DOUBLE_EQ(value(rows["customers_who_cancelled"][3]), cancelling[0][0] / 3'002);
}

TEST_F(OnlineRetail, EveryMonthHasItsCustomersAndTheirRevenue) {
  app::MetricsOptions options;
  options.metrics = {"revenue_per_customer"};
  options.by = "month";
  auto rows = rows_of(metrics(options));
  const auto months =
      sql("SELECT year(day), month(day), count(DISTINCT CustomerID), sum(revenue) / count(DISTINCT "
          "CustomerID) FROM {lines} GROUP BY ALL ORDER BY ALL");
  ASSERT_EQ(months.size(), 7U);
  ASSERT_EQ(rows.size(), 7U);
  for (const auto& month : months) {
    const auto begin = fmt::format("{:.0f}-{:02.0f}-01", month[0], month[1]);
    const auto at = rows.lower_bound(begin);
    ASSERT_TRUE(at != rows.end() && at->first.starts_with(begin)) << begin;
    EXPECT_EQ(value(at->second[2]), month[2]) << begin;
    EXPECT_NEAR(value(at->second[3]), month[3], 1e-9 * month[3]) << begin;
  }
}

// The 95 customers whose first purchase fell on 1 December 2010, day by day.
TEST_F(OnlineRetail, TheFirstCohortComesBackAsPlainSqlSays) {
  auto rows = rows_of(retention(60));
  const json cohort = rows["2010-12-01"];
  const auto truth = sql(
      "WITH bought AS (SELECT DISTINCT CustomerID AS customer, day FROM {lines} WHERE NOT "
      "cancelled), first AS (SELECT customer, min(day) AS start FROM bought GROUP BY customer) "
      "SELECT k, count(bought.customer) FROM range(15) AS days(k) JOIN first ON start = DATE "
      "'2010-12-01' LEFT JOIN bought ON bought.customer = first.customer AND bought.day = start + "
      "CAST(k AS INTEGER) GROUP BY k ORDER BY k");
  ASSERT_EQ(truth.size(), 15U);
  EXPECT_EQ(truth[0][1], 95);
  EXPECT_EQ(value(cohort[1]), truth[0][1]);
  for (std::size_t k = 1; k <= 14; ++k)
    EXPECT_DOUBLE_EQ(value(cohort[k + 1]), truth[k][1] / truth[0][1]) << "day " << k;
}

// A cohort counts on day N when that day was over by the end of June.
TEST_F(OnlineRetail, PooledRetentionIsThatOfPlainSqlOnEveryDay) {
  auto rows = rows_of(retention(60));
  const auto truth = sql(
      "WITH bought AS (SELECT DISTINCT CustomerID AS customer, day FROM {lines} WHERE NOT "
      "cancelled), first AS (SELECT customer, min(day) AS start FROM bought GROUP BY customer) "
      "SELECT k, count(bought.customer), count(*) FROM range(1, 61) AS days(k) JOIN first ON start "
      "+ CAST(k AS INTEGER) <= DATE '2011-06-30' LEFT JOIN bought ON bought.customer = "
      "first.customer AND bought.day = start + CAST(k AS INTEGER) GROUP BY k ORDER BY k");
  ASSERT_EQ(truth.size(), 60U);
  for (const auto& day : truth) {
    const json row = rows[fmt::format("D{:.0f}", day[0])];
    EXPECT_EQ(value(row[1]), day[1]) << "day " << day[0];
    EXPECT_EQ(value(row[2]), day[2]) << "day " << day[0];
  }
}

}  // namespace
}  // namespace assay
