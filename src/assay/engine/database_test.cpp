#include "assay/engine/database.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "assay/base/file.hpp"
#include "assay/base/time.hpp"

namespace assay::engine {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

/// A folder of its own for every test, gone afterwards.
class DatabaseTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    folder = fs::temp_directory_path() /
             ("assay_database_" + std::string(test->name()) + std::to_string(::getpid()));
    fs::create_directories(folder);
  }
  void TearDown() override { fs::remove_all(folder); }

  static Database memory(int threads = 2) {
    DatabaseOptions options;
    options.threads = threads;
    return std::move(*Database::open(options));
  }

  static frame::Table rows_of(Database& database, const std::string& sql) {
    auto table = database.query(sql);
    EXPECT_TRUE(table) << sql << "\n" << (table ? "" : to_text(table.error()));
    return table ? *table : frame::Table{};
  }

  static Error error_of(Database& database, const std::string& sql) {
    const auto table = database.query(sql);
    EXPECT_FALSE(table) << sql;
    return table ? Error{} : table.error();
  }

  fs::path folder;
};

std::string utf8(const std::vector<std::uint8_t>& bytes) {
  std::string text;
  for (const std::uint8_t byte : bytes) {
    text += byte < 0x80 ? std::string(1, static_cast<char>(byte)) : std::string("\xC3\xBC");
  }
  return text;
}

RC_GTEST_PROP(QuoteProperty, AnyTextReadsBackAsItself, (const std::vector<std::uint8_t>& bytes)) {
  static Database database = std::move(*Database::open());
  const std::string text = utf8(bytes) + *rc::gen::element<std::string>("", "'", "\"", "--", ";");
  const auto table = database.query("SELECT " + quote_text(text) + " AS x");
  RC_ASSERT(table.has_value());
  RC_ASSERT(table->columns[0].dictionary.at(0) == text);
}

TEST_F(DatabaseTest, AnyNameFindsItsColumn) {
  Database database = memory();
  for (const std::string name :
       {"a\"; DROP TABLE t; --", "größe", "", " ", "select", "a\nb", "'"}) {
    if (name.empty()) continue;
    const auto table = rows_of(database, "SELECT 1 AS " + quote_identifier(name));
    EXPECT_EQ(table.columns.at(0).name, name);
  }
  EXPECT_EQ(quote_identifier(std::string("a\0b", 3)),
            "\"a\xEF\xBF\xBD"
            "b\"");
}

TEST_F(DatabaseTest, ValuesOfEveryTypeComeBackExactly) {
  Database database = memory();
  const auto t = rows_of(database, R"(
    SELECT true AS b, (-5)::TINYINT AS i8, 40000::USMALLINT AS u16, (-7)::BIGINT AS i64,
           9223372036854775807::UBIGINT AS u64, (-9223372036854775808)::HUGEINT AS huge,
           1.25::FLOAT AS f, 0.1::DOUBLE AS d, 12.34::DECIMAL(4,2) AS d16,
           123456.789::DECIMAL(9,3) AS d32, -1.5::DECIMAL(18,4) AS d64,
           2.5::DECIMAL(38,2) AS d128, DATE '1970-01-02' AS day,
           TIMESTAMP '1970-01-01 00:00:01.5' AS ts, TIMESTAMPTZ '1970-01-01 01:00:00+01' AS tz,
           TIMESTAMP_S '1970-01-01 00:00:02' AS s, TIMESTAMP_MS '1970-01-01 00:00:00.003' AS ms,
           TIMESTAMP_NS '1969-12-31 23:59:59.999999999' AS ns,
           'x'::ENUM ('y', 'x') AS e, 'longer than twelve letters' AS s2, NULL AS n)");
  const auto whole = [&](const char* name) { return t.find(name)->ints.at(0); };
  const auto real = [&](const char* name) { return t.find(name)->doubles.at(0); };
  EXPECT_EQ(whole("b"), 1);
  EXPECT_EQ(t.find("b")->type, frame::Type::boolean);
  EXPECT_EQ(whole("i8"), -5);
  EXPECT_EQ(whole("u16"), 40000);
  EXPECT_EQ(whole("i64"), -7);
  EXPECT_EQ(whole("u64"), INT64_MAX);
  EXPECT_EQ(whole("huge"), INT64_MIN);
  EXPECT_EQ(real("f"), 1.25);
  EXPECT_EQ(real("d"), 0.1);
  EXPECT_EQ(real("d16"), 12.34);
  EXPECT_EQ(real("d32"), 123456.789);
  EXPECT_EQ(real("d64"), -1.5);
  EXPECT_EQ(real("d128"), 2.5);
  EXPECT_EQ(whole("day"), kDayUs);
  EXPECT_EQ(t.find("day")->type, frame::Type::time_us);
  EXPECT_EQ(whole("ts"), 1'500'000);
  EXPECT_EQ(whole("tz"), 0);
  EXPECT_EQ(whole("s"), 2'000'000);
  EXPECT_EQ(whole("ms"), 3'000);
  EXPECT_EQ(whole("ns"), -1);
  EXPECT_EQ(t.find("e")->dictionary.at(0), "x");
  EXPECT_EQ(t.find("s2")->dictionary.at(0), "longer than twelve letters");
  EXPECT_TRUE(t.find("n")->is_null(0));
}

TEST_F(DatabaseTest, RefusesWhatNoColumnCanHold) {
  Database database = memory();
  EXPECT_EQ(error_of(database, "SELECT [1, 2] AS xs").code, ErrorCode::invalid_spec);
  const Error wide = error_of(database, "SELECT 18446744073709551615::UBIGINT AS n");
  EXPECT_EQ(wide.code, ErrorCode::invalid_data);
  EXPECT_EQ(wide.where, "column n");
}

TEST_F(DatabaseTest, AnEmptyResultStillNamesItsColumns) {
  Database database = memory();
  const auto t = rows_of(database, "SELECT 1 AS a, 'x' AS b WHERE false");
  ASSERT_EQ(t.columns.size(), 2U);
  EXPECT_EQ(t.columns[1].name, "b");
  EXPECT_EQ(t.columns[1].type, frame::Type::text);
  EXPECT_EQ(t.rows(), 0U);
}

TEST_F(DatabaseTest, DescribesWithoutRunning) {
  Database database = memory();
  const auto columns =
      database.describe("SELECT 1::BIGINT AS a, now() AS t FROM range(1000000000000)");
  ASSERT_TRUE(columns);
  EXPECT_EQ(columns->at(0).type, "BIGINT");
  EXPECT_EQ(columns->at(1).type, "TIMESTAMP WITH TIME ZONE");
}

frame::Table million_rows() {
  frame::Table table;
  table.columns.resize(5);
  const std::array<const char*, 5> names{"id", "value", "word", "flag", "at"};
  const std::array types{frame::Type::int64, frame::Type::float64, frame::Type::text,
                         frame::Type::boolean, frame::Type::time_us};
  for (std::size_t c = 0; c < 5; ++c) {
    table.columns[c].name = names[c];
    table.columns[c].type = types[c];
  }
  table.columns[2].dictionary = {"a", "it's \"quoted\"", "größe über zwölf Zeichen", ""};
  for (std::int64_t i = 0; i < 300'000; ++i) {
    table.columns[0].ints.push_back(i);
    table.columns[1].doubles.push_back(static_cast<double>(i) / 3.0);
    table.columns[2].codes.push_back(static_cast<std::uint32_t>(i % 4));
    table.columns[3].ints.push_back(i % 2);
    table.columns[4].ints.push_back(i * 1'000'003);
    table.columns[2].nulls.push_back(i % 7 == 0 ? 1 : 0);
  }
  return table;
}

TEST_F(DatabaseTest, ParquetKeepsEveryValueAndTheOrderForAnyNumberOfThreads) {
  const frame::Table table = million_rows();
  for (const int threads : {1, 2, 4}) {
    Database database = memory(threads);
    const fs::path path = folder / "deep" / "er" / "it's.parquet";
    ASSERT_TRUE(write_parquet(database, table, path));
    std::int64_t row = 0;
    std::size_t wrong = 0;
    const auto check = [&](const frame::BatchView& batch) -> Result<void> {
      EXPECT_LE(batch.rows, 2048U);
      for (std::size_t i = 0; i < batch.rows; ++i, ++row) {
        const auto at = static_cast<std::size_t>(row);
        const bool null = table.columns[2].nulls[at] != 0;
        const bool right = batch.columns[0].ints[i] == row &&
                           batch.columns[1].doubles[i] == table.columns[1].doubles[at] &&
                           batch.columns[2].is_null(i) == null &&
                           (null || batch.columns[2].texts[i] ==
                                        table.columns[2].dictionary[table.columns[2].codes[at]]) &&
                           batch.columns[3].ints[i] == row % 2 &&
                           batch.columns[4].ints[i] == row * 1'000'003;
        if (!right) ++wrong;
      }
      return {};
    };
    const auto scanned =
        database.scan("SELECT * FROM read_parquet(" + quote_text(path.string()) + ")", check);
    ASSERT_TRUE(scanned) << to_text(scanned.error());
    EXPECT_EQ(row, 300'000);
    EXPECT_EQ(wrong, 0U);
    EXPECT_FALSE(fs::exists(path.string() + ".partial"));
  }
}

TEST_F(DatabaseTest, ConstantAndDictionaryVectorsAreFlat) {
  Database database = memory();
  ASSERT_TRUE(write_parquet(database, million_rows(), folder / "a.parquet"));
  std::int64_t rows = 0;
  const auto check = [&](const frame::BatchView& batch) -> Result<void> {
    for (std::size_t i = 0; i < batch.rows; ++i, ++rows) {
      EXPECT_EQ(batch.columns[0].texts[i], "same");
      EXPECT_EQ(batch.columns[1].texts[i], "größe über zwölf Zeichen");
      EXPECT_TRUE(batch.columns[2].is_null(i));
    }
    return {};
  };
  ASSERT_TRUE(database.scan("SELECT 'same', word, NULL::BIGINT FROM read_parquet(" +
                                quote_text((folder / "a.parquet").string()) +
                                ") WHERE word LIKE 'gr%'",
                            check));
  EXPECT_GT(rows, 50'000);
}

TEST_F(DatabaseTest, CsvAndJsonLinesReadBackTheSameRows) {
  Database database = memory();
  ASSERT_TRUE(write_csv(database, million_rows(), folder / "a.csv"));
  ASSERT_TRUE(write_json_lines(database, million_rows(), folder / "a.jsonl"));
  const std::string csv = "read_csv(" + quote_text((folder / "a.csv").string()) + ")";
  const std::string json = "read_json(" + quote_text((folder / "a.jsonl").string()) + ")";
  for (const std::string& from : {csv, json}) {
    const auto t = rows_of(
        database, "SELECT count(*) AS n, sum(id) AS s, max(\"at\"::TIMESTAMPTZ) AS t FROM " + from);
    EXPECT_EQ(t.find("n")->ints.at(0), 300'000);
    EXPECT_EQ(t.find("s")->ints.at(0), 300'000LL * 299'999 / 2);
    EXPECT_EQ(t.find("t")->ints.at(0), 299'999LL * 1'000'003);
  }
}

TEST_F(DatabaseTest, AWriteThatFailsLeavesTheOldFileAndNothingElse) {
  Database database = memory();
  frame::Table table = million_rows();
  const fs::path path = folder / "a.parquet";
  ASSERT_TRUE(write_parquet(database, table, path));
  const auto before = fs::file_size(path);
  table.columns[2].codes[1] = 99;
  const auto written = write_parquet(database, table, path);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, ErrorCode::invalid_spec);
  EXPECT_EQ(fs::file_size(path), before);
  fs::create_directories(folder / "taken");
  fs::create_directories(folder / "taken" / "x");
  EXPECT_FALSE(write_parquet(database, million_rows(), folder / "taken"));
  EXPECT_FALSE(fs::exists(folder / "taken.partial"));
  table.columns[2].codes.pop_back();
  EXPECT_FALSE(write_parquet(database, table, path));
}

TEST_F(DatabaseTest, TextsThatAreNoUtf8AreRefusedNotWritten) {
  Database database = memory();
  frame::Table table;
  table.columns.resize(1);
  table.columns[0].name = "x";
  table.columns[0].type = frame::Type::text;
  table.columns[0].dictionary = {"\xFF\xFE"};
  table.columns[0].codes = {0};
  const auto written = write_parquet(database, table, folder / "a.parquet");
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, ErrorCode::invalid_data);
}

TEST_F(DatabaseTest, SaysWhatIsWrongWithAFile) {
  Database database = memory();
  const auto read = [&](const fs::path& path) {
    return error_of(database, "SELECT * FROM read_parquet(" + quote_text(path.string()) + ")");
  };
  EXPECT_EQ(read(folder / "none.parquet").code, ErrorCode::unavailable);
  std::ofstream(folder / "text.parquet") << "this is no Parquet file, only words and words";
  EXPECT_EQ(read(folder / "text.parquet").code, ErrorCode::invalid_data);
  std::ofstream(folder / "empty.parquet").flush();
  EXPECT_EQ(read(folder / "empty.parquet").code, ErrorCode::invalid_data);
  ASSERT_TRUE(write_parquet(database, million_rows(), folder / "a.parquet"));
  const auto size = fs::file_size(folder / "a.parquet");
  for (const std::uintmax_t keep : {std::uintmax_t{8}, size / 2, size - 1, size - 9}) {
    fs::copy_file(folder / "a.parquet", folder / "cut.parquet",
                  fs::copy_options::overwrite_existing);
    fs::resize_file(folder / "cut.parquet", keep);
    EXPECT_EQ(read(folder / "cut.parquet").code, ErrorCode::invalid_data) << keep;
  }
}

TEST_F(DatabaseTest, FlippedBytesInParquetGiveAnErrorOrValuesButNeverACrash) {
  Database database = memory();
  ASSERT_TRUE(write_parquet(database, million_rows(), folder / "a.parquet"));
  const std::string whole = *read_file(folder / "a.parquet");
  int refused = 0;
  for (std::size_t at = 4; at < whole.size(); at += whole.size() / 40) {
    std::string broken = whole;
    for (std::size_t i = at; i < std::min(at + 8, broken.size()); ++i)
      broken[i] = static_cast<char>(broken[i] ^ 0x5A);
    const fs::path path = folder / ("b" + std::to_string(at) + ".parquet");
    ASSERT_TRUE(write_file(path, broken));
    const auto t = database.query("SELECT sum(id), max(word), sum(value) FROM read_parquet(" +
                                  quote_text(path.string()) + ")");
    if (!t) {
      ++refused;
      EXPECT_NE(t.error().code, ErrorCode::internal) << to_text(t.error());
    }
  }
  EXPECT_GE(refused, 4);
}

TEST_F(DatabaseTest, SaysWhichColumnsThereAre) {
  Database database = memory();
  const Error error = error_of(database, "SELECT watch_sec FROM (SELECT 1 AS watch_ms)");
  EXPECT_EQ(error.code, ErrorCode::invalid_spec);
  EXPECT_THAT(error.problem, HasSubstr("no such column"));
  EXPECT_THAT(error.problem, HasSubstr("watch_sec"));
  EXPECT_EQ(error.have, "watch_ms");
  EXPECT_EQ(error_of(database, "SELECT * FROM nowhere").code, ErrorCode::invalid_spec);
  EXPECT_EQ(error_of(database, "SELEC 1").code, ErrorCode::invalid_spec);
  EXPECT_EQ(error_of(database, "SELECT 'x'::BIGINT").code, ErrorCode::invalid_data);
  EXPECT_EQ(error_of(database, std::string("SELECT 1\0, 2", 12)).code, ErrorCode::invalid_spec);
  EXPECT_TRUE(database.query("SELECT 1"));  // An error leaves the connection usable.
}

TEST_F(DatabaseTest, SaysWhenMemoryOrTemporarySpaceRunsOut) {
  DatabaseOptions options;
  options.threads = 1;
  options.memory_bytes = 20'000'000;
  Database small = std::move(*Database::open(options));
  const std::string sort = "SELECT x, hash(x) AS h FROM range(20000000) t(x) ORDER BY h";
  EXPECT_EQ(error_of(small, sort).code, ErrorCode::unavailable);
  options.temp_folder = folder / "spill";
  Database spilling = std::move(*Database::open(options));
  ASSERT_TRUE(spilling.execute("SET max_temp_directory_size = '1MB'"));
  EXPECT_EQ(error_of(spilling, sort).code, ErrorCode::unavailable);
}

TEST_F(DatabaseTest, StopsWhenAskedTo) {
  Database database = memory();
  std::atomic<bool> stop{false};
  Progress progress;
  progress.stop = &stop;
  const std::jthread asker([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    stop = true;
  });
  const auto counted =
      database.query("SELECT count(*) FROM range(100000000000) t(x) WHERE hash(x) = 7", progress);
  ASSERT_FALSE(counted);
  EXPECT_EQ(counted.error().code, ErrorCode::interrupted);
  EXPECT_TRUE(database.query("SELECT 1"));
}

TEST_F(DatabaseTest, AnErrorOfTheReceiverEndsTheScan) {
  Database database = memory();
  int calls = 0;
  const auto refuse = [&](const frame::BatchView&) -> Result<void> {
    if (++calls < 3) return {};
    return fail(ErrorCode::invalid_data, "enough");
  };
  const auto scanned = database.scan("SELECT * FROM range(100000000000)", refuse);
  ASSERT_FALSE(scanned);
  EXPECT_EQ(scanned.error().problem, "enough");
  EXPECT_EQ(calls, 3);
  EXPECT_TRUE(database.query("SELECT 1"));
}

TEST_F(DatabaseTest, AFileOpenedForReadingOnlyStaysAsItIs) {
  const fs::path path = folder / "shop.duckdb";
  DatabaseOptions options;
  options.file = path;
  {
    Database database = std::move(*Database::open(options));
    ASSERT_TRUE(database.execute("CREATE TABLE t AS SELECT 42 AS x"));
  }
  options.read_only = true;
  Database database = std::move(*Database::open(options));
  EXPECT_EQ(rows_of(database, "SELECT x FROM t").columns.at(0).ints.at(0), 42);
  const auto changed = database.execute("CREATE TABLE u (x INT)");
  ASSERT_FALSE(changed);
  EXPECT_EQ(changed.error().code, ErrorCode::invalid_spec) << to_text(changed.error());
  const auto written = write_csv(database, million_rows(), folder / "a.csv");
  EXPECT_TRUE(written) << to_text(written.error());
  options.file = folder / "none.duckdb";
  const auto missing = Database::open(options);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::unavailable) << to_text(missing.error());
  std::ofstream(folder / "words.duckdb") << std::string(5'000, 'w');
  options.file = folder / "words.duckdb";
  const auto wrong = Database::open(options);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, ErrorCode::invalid_data) << to_text(wrong.error());
}

}  // namespace
}  // namespace assay::engine
