#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "assay/engine/database.hpp"
#include "assay/ingest/audit.hpp"
#include "assay/ingest/infer.hpp"

namespace assay::ingest {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

// The public files that come beside the project; what is known of them was found by others.
class RealAudit : public testing::Test {
 protected:
  bool open(const std::string& file) {
    path_ = (fs::path(ASSAY_SOURCE_DIR) / ".." / "shared" / "data" / file).lexically_normal();
    if (!fs::exists(path_)) return false;
    InferRequest request;
    request.paths = {path_};
    auto inferred = infer_source(database_, request);
    EXPECT_TRUE(inferred) << to_text(inferred.error());
    AuditOptions options;
    options.now = 1'790'000'000'000'000;  // 2026-09-21.
    auto looked = audit(database_, inferred->source, options);
    EXPECT_TRUE(looked) << to_text(looked.error());
    audit_ = *looked;
    return true;
  }

  std::int64_t sql(const std::string& select) {
    return database_.query(fmt::format("SELECT CAST({} AS BIGINT) FROM '{}'", select, path_))
        .value()
        .columns.front()
        .ints.front();
  }

  Finding find(Check check, const std::string& kind, const std::string& column = "") {
    for (const Finding& one : audit_.findings) {
      if (one.check == check && one.kind == kind && one.column == column) return one;
    }
    ADD_FAILURE() << to_text(check) << "/" << kind << " " << column;
    return {};
  }

  engine::Database database_ = std::move(engine::Database::open().value());
  std::string path_;
  Audit audit_;
};

TEST_F(RealAudit, FindsNullCustomersCancellationsAndDuplicatesOfOnlineRetail) {
  if (!open("online_retail/online_retail_public_to_2011_06.parquet")) {
    GTEST_SKIP() << "the public data are not here";
  }
  EXPECT_EQ(audit_.rows, 245'903);  // Catalogue.
  EXPECT_EQ(audit_.units, 3'002);   // Catalogue.
  const Finding unit = find(Check::readable, "no_unit", "CustomerID");
  EXPECT_EQ(unit.count, sql("count(*) - count(CustomerID)"));
  EXPECT_EQ(unit.severity, Severity::critical);
  const Finding negative = find(Check::value_range, "negative_values", "Quantity");
  EXPECT_EQ(negative.count, sql("count(*) FILTER (Quantity < 0)"));
  EXPECT_THAT(negative.summary, HasSubstr("InvoiceNo beginning with C"));
  const Finding copies = find(Check::duplicates, "exact_copies");
  EXPECT_EQ(
      copies.count,
      sql("count(*) - count(DISTINCT (InvoiceNo, StockCode, Description, Quantity, InvoiceDate, "
          "UnitPrice, CustomerID, Country))"));
  EXPECT_GT(copies.count, 0);
}

TEST_F(RealAudit, FindsLateAndEarlyEventsOfTheRailsHistory) {
  if (!open("git_history_rails/rails_commits.parquet")) {
    GTEST_SKIP() << "the public data are not here";
  }
  EXPECT_EQ(audit_.rows, 197'766);                                  // Catalogue.
  EXPECT_EQ(audit_.units, 11'192);                                  // Catalogue.
  EXPECT_EQ(find(Check::late, "over_1d").count, 22'083);            // Catalogue.
  EXPECT_EQ(find(Check::clock_skew, "ahead_of_ingest").count, 87);  // Catalogue.
}

TEST_F(RealAudit, FindsInversionsOfTheWavesLog) {
  if (!open("waves_game_events/waves_events_sample.parquet")) {
    GTEST_SKIP() << "the public data are not here";
  }
  EXPECT_EQ(audit_.units, 49);                                             // Catalogue.
  EXPECT_EQ(find(Check::out_of_order, "sequence_inversions").count, 243);  // Catalogue.
}

}  // namespace
}  // namespace assay::ingest
