#include "assay/base/text.hpp"

#include <gmock/gmock.h>

namespace assay {
namespace {

TEST(Text, EditDistanceCountsSingleEditsAndSwaps) {
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3);  // Levenshtein's textbook pair.
  EXPECT_EQ(edit_distance("form", "from"), 1);
  EXPECT_EQ(edit_distance("", "abc"), 3);
}

TEST(Text, NearestSuggestsATypoAndNothingFar) {
  const std::vector<std::string> names{"watch_ms", "user_id", "started_at"};
  EXPECT_EQ(nearest("watch_msec", names), "watch_ms");
  EXPECT_EQ(nearest("USER_ID", names), "user_id");
  EXPECT_EQ(nearest("revenue", names), "");
}

TEST(Text, NearestSuggestsNothingForWordsTooShortToBeTypos) {
  EXPECT_EQ(nearest("x", {"a", "b", "xy"}), "");
  EXPECT_EQ(nearest("us", {"ms", "s"}), "");
  EXPECT_EQ(nearest("X", {"x"}), "x");
  EXPECT_EQ(nearest("dya", {"day", "week"}), "day");
}

TEST(Text, NearestKnowsPartsOfLongNames) {
  const std::vector<std::string> names{"sessions_per_user", "revenue_per_user", "d7_retention"};
  EXPECT_EQ(nearest("revnue", names), "revenue_per_user");
  EXPECT_EQ(nearest("retention", names), "d7_retention");
  EXPECT_EQ(nearest("per_usr", names), "sessions_per_user");
  EXPECT_EQ(nearest("per", names), "");
  EXPECT_EQ(nearest("", names), "");
  EXPECT_EQ(nearest("____", names), "");
}

TEST(Text, ListsAreCutAndCounted) {
  EXPECT_EQ(list_text({"a", "b", "c"}, 2), "a, b, ... (1 more)");
  EXPECT_EQ(list_text({}), "");
}

TEST(Text, CountsAreGroupedByThousands) {
  EXPECT_EQ(count_text(999), "999");
  EXPECT_EQ(count_text(-1234567), "-1,234,567");
}

TEST(Text, WidthCountsColumnsAndNotBytes) {
  EXPECT_EQ(display_width("abc"), 3);
  EXPECT_EQ(display_width("±"), 1);
  EXPECT_EQ(display_width("日本"), 4);
  EXPECT_EQ(display_width("e\xCC\x81"), 1);
}

}  // namespace
}  // namespace assay
