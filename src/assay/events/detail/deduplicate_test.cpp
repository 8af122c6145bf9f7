#include "assay/events/detail/deduplicate.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "assay/events/index.hpp"

namespace assay::events::detail {
namespace {

// Cases worked out by hand from the words of DedupPolicy.

struct Events {
  std::vector<std::int64_t> time;
  std::vector<std::uint64_t> key;
  std::vector<std::int64_t> ingest;
  std::vector<std::uint32_t> arrival;

  [[nodiscard]] UnitEvents view() const { return {time, key, ingest, arrival}; }
};

std::string dropped(const Events& events, std::int64_t within) {
  std::vector<std::uint8_t> flags(events.time.size(), 9);
  Deduplicator deduplicator(within);
  std::string text;
  const std::size_t count = deduplicator.unit(events.view(), flags);
  std::size_t sum = 0;
  for (const std::uint8_t flag : flags) {
    text += flag != 0 ? 'x' : '.';
    sum += flag;
  }
  EXPECT_EQ(count, sum);
  return text;
}

TEST(Deduplicator, MeasuresTheWindowFromTheEventThatStays) {
  // 0 stays; 10 is within 10 of it; 15 is not, though within 10 of the dropped one.
  EXPECT_EQ(dropped({{0, 10, 15, 25, 26}, {1, 1, 1, 1, 1}, {}, {0, 1, 2, 3, 4}}, 10), ".x.x.");
  EXPECT_EQ(dropped({{0, 10, 15, 25, 26}, {1, 1, 1, 1, 1}, {}, {0, 1, 2, 3, 4}}, 9), "..x.x");
  constexpr auto kEver = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(dropped({{0, 10, 15, 25, 26}, {1, 2, 1, 2, 3}, {}, {0, 1, 2, 3, 4}}, kEver), "..xx.");
}

TEST(Deduplicator, KeepsTheFirstIngestAndAmongEqualsTheFirstArrival) {
  EXPECT_EQ(dropped({{5, 5, 5}, {1, 1, 1}, {30, 20, 20}, {0, 1, 2}}, 0), "x.x");
  EXPECT_EQ(dropped({{5, 5, 5}, {1, 1, 1}, {kNullInt, 20, 30}, {0, 1, 2}}, 0), "x.x");
  // 20 comes in first and displaces both neighbours, which are too far apart to meet.
  EXPECT_EQ(dropped({{10, 20, 30}, {1, 1, 1}, {7, 6, 8}, {0, 1, 2}}, 10), "x.x");
}

TEST(Deduplicator, NeverDropsAnEventWithoutAKey) {
  EXPECT_EQ(dropped({{1, 1, 1, 1}, {0, 0, 4, 4}, {}, {0, 1, 2, 3}}, 5), "...x");
}

TEST(Deduplicator, SurvivesTimesAtBothEndsOfTheirRange) {
  constexpr auto kFirst = std::numeric_limits<std::int64_t>::min();
  constexpr auto kLast = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(dropped({{kFirst, kLast}, {1, 1}, {}, {0, 1}}, kLast - 1), "..");
  EXPECT_EQ(dropped({{kFirst, kLast}, {1, 1}, {}, {0, 1}}, kLast), ".x");
}

TEST(Deduplicator, SaysWhenAnEarlierIngestWouldDisplaceWhatIsKept) {
  const Events kept{{100}, {1}, {50}, {}};
  const std::vector<UnitEvents> old{kept.view()};
  std::vector<std::uint8_t> flags(1);
  Deduplicator deduplicator(10);
  bool displaced = false;
  EXPECT_EQ(deduplicator.unit(Events{{105}, {1}, {60}, {0}}.view(), old, flags, displaced), 1U);
  EXPECT_FALSE(displaced);
  EXPECT_EQ(deduplicator.unit(Events{{111}, {1}, {40}, {0}}.view(), old, flags, displaced), 0U);
  EXPECT_FALSE(displaced);
  EXPECT_EQ(deduplicator.unit(Events{{105}, {1}, {40}, {0}}.view(), old, flags, displaced), 0U);
  EXPECT_TRUE(displaced);
}

}  // namespace
}  // namespace assay::events::detail
