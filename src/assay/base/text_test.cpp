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
