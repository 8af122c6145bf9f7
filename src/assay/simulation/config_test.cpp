#include "assay/simulation/config.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <functional>
#include <limits>

namespace assay::simulation {
namespace {

using testing::HasSubstr;

TEST(WorldConfig, IsValidAsItStandsAndInEveryPreset) {
  const WorldConfig standard;
  EXPECT_TRUE(validate(standard).has_value());
  for (const std::string& name : preset_names()) {
    const auto config = preset(name);
    ASSERT_TRUE(config.has_value()) << name;
    EXPECT_EQ(config->preset, name);
    EXPECT_TRUE(validate(*config).has_value()) << name;
  }
}

TEST(WorldConfig, StartsItsExperimentOnAMonday) {
  const WorldConfig config;
  EXPECT_EQ(day_text(config.experiment_start), "2026-05-04");
  EXPECT_EQ(weekday(config.experiment_start), 0);
  EXPECT_EQ(day_text(config.holidays.front()), "2026-05-25");
}

struct BadField {
  const char* where;
  std::function<void(WorldConfig&)> spoil;
};

TEST(WorldConfig, IsRefusedWithTheNameOfTheFieldThatMakesNoSense) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<BadField> bad = {
      {"users", [](WorldConfig& c) { c.users = 3; }},
      {"users", [](WorldConfig& c) { c.users = 1'000'000'000; }},
      {"signup_share", [](WorldConfig& c) { c.signup_share = kNan; }},
      {"experiment_days", [](WorldConfig& c) { c.experiment_days = 10; }},
      {"experiment_days", [](WorldConfig& c) { c.experiment_days = 0; }},
      {"days_before", [](WorldConfig& c) { c.days_before = -1; }},
      {"control_weight", [](WorldConfig& c) { c.control_weight = 0.0; }},
      {"treatment_weight", [](WorldConfig& c) { c.treatment_weight = -0.5; }},
      {"experiment_key", [](WorldConfig& c) { c.experiment_key.clear(); }},
      {"countries", [](WorldConfig& c) { c.countries.clear(); }},
      {"countries[1]", [](WorldConfig& c) { c.countries[1].code = c.countries[0].code; }},
      {"devices[0].share", [](WorldConfig& c) { c.devices[0].share = -1.0; }},
      {"devices",
       [](WorldConfig& c) {
         for (Device& d : c.devices) d.share = 0.0;
       }},
      {"app_versions[2]", [](WorldConfig& c) { c.app_versions[2].name.clear(); }},
      {"effects.watch_time_lift", [](WorldConfig& c) { c.effects.watch_time_lift = -1.0; }},
      {"effects.crash_multiple", [](WorldConfig& c) { c.effects.crash_multiple = 0.0; }},
      {"delivery.late_share", [](WorldConfig& c) { c.delivery.late_share = 1.5; }},
      {"delivery.late_max_days", [](WorldConfig& c) { c.delivery.late_max_days = 1e9; }},
      {"behaviour.like_rate", [](WorldConfig& c) { c.behaviour.like_rate = 2.0; }},
      {"behaviour.videos_per_ad", [](WorldConfig& c) { c.behaviour.videos_per_ad = 0; }},
      {"behaviour.videos", [](WorldConfig& c) { c.behaviour.videos = 0; }},
  };
  for (const BadField& field : bad) {
    WorldConfig config;
    field.spoil(config);
    const auto result = validate(config);
    ASSERT_FALSE(result.has_value()) << field.where;
    EXPECT_EQ(result.error().code, ErrorCode::invalid_spec);
    EXPECT_EQ(result.error().where, field.where);
    EXPECT_FALSE(result.error().fix.empty());
  }
}

TEST(WorldConfig, NamesWhatThereIsForAMistypedName) {
  WorldConfig config;
  config.sample_ratio_fault.enabled = true;
  config.sample_ratio_fault.app_version = "5.4";
  EXPECT_THAT(validate(config).error().have, HasSubstr("5.3"));
  WorldConfig elsewhere;
  elsewhere.timezone = "America/Los_Angles";
  EXPECT_EQ(validate(elsewhere).error().code, ErrorCode::invalid_spec);
  const auto typo = preset("harmfull");
  ASSERT_FALSE(typo.has_value());
  EXPECT_THAT(typo.error().fix, HasSubstr("harmful"));
  EXPECT_FALSE(users_for_events(config, 1'000).has_value());
}

}  // namespace
}  // namespace assay::simulation
