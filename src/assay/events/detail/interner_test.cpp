#include "assay/events/detail/interner.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>

namespace assay::events::detail {
namespace {

// The model is a std::map that numbers texts by first appearance.

TEST(Interner, TellsApartTextsOfEveryLengthThatDifferInOneLetter) {
  Interner interner;
  std::map<std::string, std::uint32_t> model;
  const auto expect_same = [&](const std::string& text) {
    const auto next = static_cast<std::uint32_t>(model.size() + 1);
    const std::uint32_t code = model.try_emplace(text, next).first->second;
    ASSERT_EQ(interner.code(text), code) << text;
    ASSERT_EQ(interner.at(code), text);
  };
  for (int round = 0; round < 2; ++round) {
    for (std::size_t length = 0; length <= 40; ++length) {
      const std::string plain(length, 'a');
      expect_same(plain);
      for (std::size_t at = 0; at < length; ++at) {
        for (const char other : {'b', '\0', '\x7f'}) {
          std::string text = plain;
          text[at] = other;
          expect_same(text);
        }
      }
    }
  }
  EXPECT_EQ(interner.size(), model.size() + 1);
  EXPECT_EQ(interner.at(0), "");
}

TEST(Interner, CodesBatchesWithMissingValuesAsOneByOne) {
  std::mt19937_64 random(1);
  std::vector<std::string> owned;
  std::vector<std::uint64_t> validity(5000 / 64 + 1);
  for (std::size_t i = 0; i < 5000; ++i) {
    owned.push_back(std::to_string(random() % 3000) + std::string(random() % 2 * 20, 'x'));
    if (random() % 4 != 0) validity[i / 64] |= std::uint64_t{1} << (i % 64);
  }
  const std::vector<std::string_view> texts(owned.begin(), owned.end());
  Interner batches;
  Interner singles;
  std::vector<std::uint32_t> codes(1000);
  for (std::size_t begin = 0; begin < 5000; begin += 1000) {
    batches.encode(std::span(texts).subspan(begin, 1000), validity, begin, codes);
    for (std::size_t i = 0; i < 1000; ++i) {
      const std::size_t row = begin + i;
      const bool there = (validity[row / 64] >> (row % 64) & 1U) != 0;
      ASSERT_EQ(codes[i], there ? singles.code(texts[row]) : 0);
    }
  }
}

}  // namespace
}  // namespace assay::events::detail
