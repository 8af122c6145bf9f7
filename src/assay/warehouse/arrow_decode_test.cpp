#include "assay/warehouse/arrow_decode.hpp"

#include <duckdb/common/adbc/adbc.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <list>
#include <memory>
#include <optional>

// Goal: every layout of the Arrow C data interface is read as its document says. The arrays are
// laid out by hand here, byte for byte, from https://arrow.apache.org/docs/format/Columnar.html.

namespace assay::warehouse {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// One column by hand: buffers that live as long as this does.
struct HandMade {
  ArrowSchema schema{};
  ArrowArray array{};
  std::string name = "c";
  std::string format;
  std::list<std::vector<unsigned char>> bytes;
  std::vector<const void*> buffers;
  std::shared_ptr<HandMade> dictionary;
};

using Column = std::shared_ptr<HandMade>;

void add_buffer(HandMade& column, const void* data, std::size_t size) {
  const auto* from = static_cast<const unsigned char*>(data);
  column.bytes.emplace_back(from, from + size);  // Exactly as large: sanitizers see each step over.
  column.buffers.push_back(column.bytes.back().data());
}

void add_validity(HandMade& column, const std::vector<int>& known) {
  if (known.empty()) {
    column.buffers.push_back(nullptr);
    return;
  }
  std::vector<unsigned char> bits((known.size() + 7) / 8);
  for (std::size_t i = 0; i < known.size(); ++i) {
    if (known[i] != 0) bits[i / 8] = static_cast<unsigned char>(bits[i / 8] | (1U << (i % 8)));
  }
  add_buffer(column, bits.data(), bits.size());
  column.array.null_count = -1;
}

void finish(HandMade& column, std::size_t rows) {
  column.array.length = static_cast<std::int64_t>(rows);
  column.array.n_buffers = static_cast<std::int64_t>(column.buffers.size());
  column.array.buffers = column.buffers.data();
  column.schema.format = column.format.c_str();
  column.schema.name = column.name.c_str();
}

template <class T>
Column fixed(const std::string& format, const std::vector<T>& values,
             const std::vector<int>& known = {}) {
  auto column = std::make_shared<HandMade>();
  column->format = format;
  add_validity(*column, known);
  add_buffer(*column, values.data(), values.size() * sizeof(T));
  finish(*column, values.size());
  return column;
}

template <class Offset>
Column texts(const std::string& format, const std::vector<std::string>& values,
             const std::vector<int>& known = {}) {
  auto column = std::make_shared<HandMade>();
  column->format = format;
  add_validity(*column, known);
  std::vector<Offset> offsets{0};
  std::string letters;
  for (const std::string& value : values) {
    letters += value;
    offsets.push_back(static_cast<Offset>(letters.size()));
  }
  add_buffer(*column, offsets.data(), offsets.size() * sizeof(Offset));
  add_buffer(*column, letters.data(), letters.size());
  finish(*column, values.size());
  return column;
}

/// Long texts alternate between two buffers of letters.
Column text_views(const std::vector<std::string>& values) {
  auto column = std::make_shared<HandMade>();
  column->format = "vu";
  add_validity(*column, {});
  std::vector<unsigned char> views(values.size() * 16);
  std::array<std::string, 2> letters;
  for (std::size_t i = 0; i < values.size(); ++i) {
    unsigned char* at = views.data() + i * 16;
    const auto size = static_cast<std::int32_t>(values[i].size());
    std::memcpy(at, &size, 4);
    if (size <= 12) {
      std::memcpy(at + 4, values[i].data(), values[i].size());
      continue;
    }
    const auto index = static_cast<std::int32_t>(i % 2);
    const auto offset = static_cast<std::int32_t>(letters[i % 2].size());
    letters[i % 2] += values[i];
    std::memcpy(at + 4, values[i].data(), 4);
    std::memcpy(at + 8, &index, 4);
    std::memcpy(at + 12, &offset, 4);
  }
  add_buffer(*column, views.data(), views.size());
  std::array<std::int64_t, 2> sizes{};
  for (std::size_t i = 0; i < 2; ++i) {
    add_buffer(*column, letters[i].data(), letters[i].size());
    sizes[i] = static_cast<std::int64_t>(letters[i].size());
  }
  add_buffer(*column, sizes.data(), sizeof(sizes));
  finish(*column, values.size());
  return column;
}

Column coded(Column codes, Column dictionary) {
  codes->schema.dictionary = &dictionary->schema;
  codes->array.dictionary = &dictionary->array;
  codes->dictionary = std::move(dictionary);
  return codes;
}

struct Batch {
  explicit Batch(std::vector<Column> made) : columns(std::move(made)) {
    for (const Column& column : columns) {
      schemas.push_back(&column->schema);
      arrays.push_back(&column->array);
    }
    schema.format = "+s";
    schema.n_children = static_cast<std::int64_t>(schemas.size());
    schema.children = schemas.data();
    array.n_children = schema.n_children;
    array.children = arrays.data();
    array.length = columns.empty() ? 0 : columns.front()->array.length;
  }
  std::vector<Column> columns;
  std::vector<ArrowSchema*> schemas;
  std::vector<ArrowArray*> arrays;
  ArrowSchema schema{};
  ArrowArray array{};
};

Result<frame::Table> decode(const std::vector<Batch*>& batches) {
  ASSAY_TRY(ArrowDecoder decoder, ArrowDecoder::of(batches.front()->schema));
  for (const Batch* batch : batches) ASSAY_CHECK(decoder.add(batch->array));
  return std::move(decoder).table();
}

Result<frame::Column> decode(const Column& column) {
  Batch batch({column});
  ASSAY_TRY(frame::Table table, decode({&batch}));
  return table.columns.at(0);
}

std::vector<std::string> words(const frame::Column& column) {
  std::vector<std::string> all;
  for (std::size_t i = 0; i < column.rows(); ++i) {
    all.push_back(column.is_null(i) ? "NULL" : column.dictionary.at(column.codes.at(i)));
  }
  return all;
}

TEST(ArrowDecode, ReadsWholeNumbersOfEveryWidth) {
  const auto ints = [](const Column& column) { return decode(column)->ints; };
  EXPECT_THAT(ints(fixed<std::int8_t>("c", {-128, 127})), ElementsAre(-128, 127));
  EXPECT_THAT(ints(fixed<std::uint8_t>("C", {0, 255})), ElementsAre(0, 255));
  EXPECT_THAT(ints(fixed<std::int16_t>("s", {-32768, 32767})), ElementsAre(-32768, 32767));
  EXPECT_THAT(ints(fixed<std::uint16_t>("S", {65535})), ElementsAre(65535));
  EXPECT_THAT(ints(fixed<std::int32_t>("i", {-2147483647 - 1})), ElementsAre(-2147483648LL));
  EXPECT_THAT(ints(fixed<std::uint32_t>("I", {4294967295U})), ElementsAre(4294967295LL));
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  EXPECT_THAT(ints(fixed<std::int64_t>("l", {kMost, -kMost - 1})), ElementsAre(kMost, -kMost - 1));
  EXPECT_THAT(ints(fixed<std::uint64_t>("L", {9223372036854775807U})), ElementsAre(kMost));
}

TEST(ArrowDecode, RefusesAWholeNumberAboveSixtyThreeBits) {
  const auto column = decode(fixed<std::uint64_t>("L", {9223372036854775808U}));
  ASSERT_FALSE(column);
  EXPECT_EQ(column.error().code, ErrorCode::invalid_data);
  // Under a missing value anything may lie.
  EXPECT_TRUE(decode(fixed<std::uint64_t>("L", {9223372036854775808U}, {0})));
}

TEST(ArrowDecode, ReadsBitsAndNullsFromTheirPlaceInTheByte) {
  const auto column = decode(fixed<std::uint8_t>("b", {0b10110101, 0b1}, {1, 1}));
  ASSERT_TRUE(column);  // Two rows only: `rows` counts values, not bytes.
  EXPECT_THAT(column->ints, ElementsAre(1, 0));

  auto nine = fixed<std::uint8_t>("b", {0b10110101, 0b1});
  nine->array.length = 9;
  EXPECT_THAT(decode(nine)->ints, ElementsAre(1, 0, 1, 0, 1, 1, 0, 1, 1));
  EXPECT_EQ(decode(nine)->type, frame::Type::boolean);
}

TEST(ArrowDecode, KeepsNaNAndInfinities) {
  const double inf = std::numeric_limits<double>::infinity();
  const auto column = decode(fixed<double>("g", {0.1, -inf, std::nan(""), -0.0}, {1, 1, 1, 1}));
  ASSERT_TRUE(column);
  EXPECT_EQ(column->doubles[0], 0.1);
  EXPECT_EQ(column->doubles[1], -inf);
  EXPECT_TRUE(std::isnan(column->doubles[2]));
  EXPECT_TRUE(std::signbit(column->doubles[3]));
  EXPECT_TRUE(column->nulls.empty());
  EXPECT_THAT(decode(fixed<float>("f", {1.5F, -2.25F}))->doubles, ElementsAre(1.5, -2.25));
}

TEST(ArrowDecode, ReadsDecimalsAsTheNearestDouble) {
  // 128 bits, least significant word first: -12345 = all ones above, scale 2.
  const std::vector<std::uint64_t> words{~0ULL - 12344, ~0ULL, 0, 1};  // -12345 and 2^64.
  auto column = fixed<std::uint64_t>("d:38,2", words);
  column->array.length = 2;
  EXPECT_THAT(decode(column)->doubles, ElementsAre(-123.45, 184467440737095516.16));
  EXPECT_THAT(decode(fixed<std::int32_t>("d:9,3,32", {1}))->doubles, ElementsAre(0.001));
  EXPECT_THAT(decode(fixed<std::int64_t>("d:18,-2,64", {7}))->doubles, ElementsAre(700.0));
}

TEST(ArrowDecode, ReadsTimesOfEveryUnitAsMicroseconds) {
  const auto us = [](const Column& column) { return decode(column)->ints; };
  EXPECT_THAT(us(fixed<std::int32_t>("tdD", {-1, 20454})),
              ElementsAre(-86'400'000'000, 1'767'225'600'000'000));  // 2026-01-01.
  EXPECT_THAT(us(fixed<std::int64_t>("tdm", {86'400'000})), ElementsAre(86'400'000'000));
  EXPECT_THAT(us(fixed<std::int64_t>("tss:", {-3})), ElementsAre(-3'000'000));
  EXPECT_THAT(us(fixed<std::int64_t>("tsm:UTC", {-3})), ElementsAre(-3'000));
  EXPECT_THAT(us(fixed<std::int64_t>("tsu:Asia/Kolkata", {-3})), ElementsAre(-3));
  EXPECT_THAT(us(fixed<std::int64_t>("tsn:", {-1, -1000, -1001, 999, 1999})),
              ElementsAre(-1, -1, -2, 0, 1));  // Down, also before 1970.
  EXPECT_EQ(decode(fixed<std::int64_t>("tsn:", {0}))->type, frame::Type::time_us);
  const auto far = decode(fixed<std::int64_t>("tss:", {std::int64_t{1} << 50}));
  ASSERT_FALSE(far);
  EXPECT_EQ(far.error().code, ErrorCode::invalid_data);
}

TEST(ArrowDecode, ReadsTextsOfEveryLayout) {
  const std::vector<std::string> values{
      "", "a", "a", "zwölf Zeichen und mehr", "twelve chars", "another text beyond twelve bytes"};
  for (const Column& column :
       {texts<std::int32_t>("u", values), texts<std::int64_t>("U", values), text_views(values)}) {
    const auto read = decode(column);
    ASSERT_TRUE(read) << to_text(read.error());
    EXPECT_EQ(words(*read), values) << column->format;
    EXPECT_EQ(read->dictionary.size(), 5U) << column->format;  // "a" stands there once.
  }
}

TEST(ArrowDecode, ReadsMissingTexts) {
  const auto read = decode(texts<std::int32_t>("u", {"", "x", "", "y"}, {0, 1, 1, 0}));
  ASSERT_TRUE(read);
  EXPECT_THAT(words(*read), ElementsAre("NULL", "x", "", "NULL"));
}

TEST(ArrowDecode, ReadsDictionariesWithMissingCodesAndMissingWords) {
  const auto read = decode(coded(fixed<std::int8_t>("c", {2, 0, 0, 1, 2}, {1, 1, 0, 1, 1}),
                                 texts<std::int32_t>("u", {"zero", "", "two"}, {1, 0, 1})));
  ASSERT_TRUE(read) << to_text(read.error());
  EXPECT_THAT(words(*read), ElementsAre("two", "zero", "NULL", "NULL", "two"));
  const auto numbers =
      decode(coded(fixed<std::uint32_t>("I", {1, 1, 0}), fixed<double>("g", {0.5, 2.5})));
  ASSERT_TRUE(numbers);
  EXPECT_THAT(numbers->doubles, ElementsAre(2.5, 2.5, 0.5));
  EXPECT_FALSE(decode(coded(fixed<std::int8_t>("c", {3}), texts<std::int32_t>("u", {"x"}))));
  EXPECT_FALSE(decode(coded(fixed<std::int8_t>("c", {-1}), texts<std::int32_t>("u", {"x"}))));
}

TEST(ArrowDecode, ReadsSlicesOfColumnsAndOfBatches) {
  auto numbers = fixed<std::int64_t>("l", {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11},
                                     {1, 1, 1, 0, 1, 1, 1, 1, 1, 0, 1, 1});
  numbers->array.offset = 2;
  numbers->array.length = 9;
  auto letters = texts<std::int32_t>("u", {"a", "b", "c", "d", "e", "f", "g", "h", "i"});
  auto truths = fixed<std::uint8_t>("b", {0b01010101, 0b1});
  truths->array.length = 9;
  Batch batch({numbers, letters, truths});
  batch.array.offset = 1;  // On top of the columns' own.
  batch.array.length = 7;
  const auto table = decode({&batch});
  ASSERT_TRUE(table) << to_text(table.error());
  EXPECT_THAT(table->columns[0].ints, ElementsAre(0, 4, 5, 6, 7, 8, 0));
  EXPECT_THAT(table->columns[0].nulls, ElementsAre(1, 0, 0, 0, 0, 0, 1));
  EXPECT_THAT(words(table->columns[1]), ElementsAre("b", "c", "d", "e", "f", "g", "h"));
  EXPECT_THAT(table->columns[2].ints, ElementsAre(0, 1, 0, 1, 0, 1, 0));
}

TEST(ArrowDecode, PutsBatchesOneBehindTheOther) {
  Batch first({fixed<std::int32_t>("i", {1, 2}), texts<std::int32_t>("u", {"x", "y"})});
  Batch second({fixed<std::int32_t>("i", {3, 0}, {1, 0}), texts<std::int32_t>("u", {"y", "z"})});
  Batch third({fixed<std::int32_t>("i", {5}), texts<std::int32_t>("u", {"x"})});
  Batch none({fixed<std::int32_t>("i", {}), texts<std::int32_t>("u", {})});
  const auto table = decode({&first, &none, &second, &third});
  ASSERT_TRUE(table);
  EXPECT_EQ(table->rows(), 5U);
  EXPECT_THAT(table->columns[0].nulls, ElementsAre(0, 0, 0, 1, 0));
  EXPECT_THAT(words(table->columns[1]), ElementsAre("x", "y", "y", "z", "x"));
  EXPECT_THAT(table->columns[1].dictionary, ElementsAre("x", "y", "z"));
}

TEST(ArrowDecode, ReadsAColumnWithoutAnyValue) {
  auto column = std::make_shared<HandMade>();
  column->format = "n";
  finish(*column, 3);
  const auto read = decode(column);
  ASSERT_TRUE(read);
  EXPECT_THAT(read->nulls, ElementsAre(1, 1, 1));
  EXPECT_EQ(read->rows(), 3U);
}

TEST(ArrowDecode, SaysWhichColumnHasATypeThatNoAnswerHolds) {
  for (const char* format : {"+l", "+s", "z", "Z", "e", "tiM", "tDu", "ttu", "d:76,2,256", "d:x",
                             "w:16", "vz", "+r", "", "tsx:", "ts"}) {
    auto column = fixed<std::int64_t>(format, {1});
    const auto read = decode(column);
    ASSERT_FALSE(read) << format;
    EXPECT_EQ(read.error().code, ErrorCode::invalid_spec) << format;
    EXPECT_EQ(read.error().where, "column c");
    EXPECT_THAT(read.error().problem, HasSubstr(format));
  }
}

TEST(ArrowDecode, RefusesBatchesThatDoNotFitTheirSchema) {
  Batch two({fixed<std::int64_t>("l", {1}), fixed<std::int64_t>("l", {1})});
  Batch one({fixed<std::int64_t>("l", {1})});
  EXPECT_FALSE(decode({&two, &one}));
  auto empty = fixed<std::int64_t>("l", {1});
  empty->buffers[1] = nullptr;
  EXPECT_FALSE(decode(empty));
  Batch longer({fixed<std::int64_t>("l", {1, 2})});
  longer.array.length = 3;
  EXPECT_FALSE(decode({&longer}));
  auto backwards = texts<std::int32_t>("u", {"ab", "cd"});
  const std::array<std::int32_t, 3> offsets{0, 3, 1};
  backwards->buffers[1] = offsets.data();
  EXPECT_FALSE(decode(backwards));
}

TEST(ArrowDecode, NamesColumnTypesInArrowsWords) {
  const auto columns =
      columns_of(Batch({fixed<std::int16_t>("s", {}), fixed<std::int64_t>("tsu:UTC", {}),
                        fixed<std::int64_t>("tsn:", {}), fixed<std::int32_t>("tdD", {}),
                        fixed<std::int64_t>("+l", {}),
                        coded(fixed<std::int8_t>("c", {}), texts<std::int32_t>("u", {}))})
                     .schema);
  std::vector<ColumnType> types;
  std::vector<std::string> names;
  for (const TableColumn& column : columns) {
    types.push_back(column.type);
    names.push_back(column.engine_type);
  }
  EXPECT_THAT(types, ElementsAre(ColumnType::int64, ColumnType::instant, ColumnType::wall_clock,
                                 ColumnType::date, ColumnType::other, ColumnType::text));
  EXPECT_THAT(names,
              ElementsAre("int16", "timestamp[us, UTC]", "timestamp[ns]", "date32", "+l", "utf8"));
}

}  // namespace
}  // namespace assay::warehouse
