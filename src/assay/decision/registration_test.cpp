#include "assay/decision/registration.hpp"

#include <gmock/gmock.h>

namespace assay::decision {
namespace {

Registered rules(const char* hash, bool before_data) {
  return {.at = 1, .rules_hash = hash, .spec_hash = "s", .before_data = before_data};
}

TEST(Registration, TellsWhenTheRulesWereWritten) {
  EXPECT_EQ(rules_state({}, "a"), RulesState::not_registered);
  EXPECT_EQ(rules_state({"x", {rules("a", true)}, {}}, "a"), RulesState::as_registered);
  EXPECT_EQ(rules_state({"x", {rules("a", true)}, {}}, "b"), RulesState::changed);
  EXPECT_EQ(rules_state({"x", {rules("a", false)}, {}}, "a"), RulesState::late);
  EXPECT_EQ(rules_state({"x", {rules("a", true), rules("b", true)}, {}}, "b"),
            RulesState::as_registered);
  EXPECT_EQ(rules_state({"x", {rules("a", true), rules("b", false)}, {}}, "b"),
            RulesState::amended);
  EXPECT_EQ(rules_state({"x", {rules("a", true), rules("b", false)}, {}}, "a"),
            RulesState::changed);
  EXPECT_EQ(rules_state({"x", {rules("a", true), rules("a", false)}, {}}, "a"),
            RulesState::as_registered);
}

TEST(Registration, KeepsOneLookAtTheSameData) {
  Registration memory{"x", {}, {}};
  for (const TimeUs until : {30, 10, 20, 10})
    remember(memory, {.at = until + 1, .complete_until = until, .analysed = until});
  ASSERT_EQ(memory.looks.size(), 3U);
  EXPECT_EQ(memory.looks[0].complete_until, 10);
  EXPECT_EQ(memory.looks[2].complete_until, 30);
  EXPECT_EQ(looks_before(memory, 30).size(), 2U);
  EXPECT_TRUE(looks_before(memory, 10).empty());
}

}  // namespace
}  // namespace assay::decision
