#include "assay/sequential/betting.hpp"

#include <gmock/gmock.h>

#include <cmath>

namespace assay::sequential {
namespace {

std::vector<double> outcomes() {
  std::vector<double> x;
  for (int i = 1; i <= 400; ++i) {
    const double u = std::fmod(i * 0.6180339887498949, 1.0);
    x.push_back(u * u);
  }
  return x;
}

TEST(Betting, MatchesConfseq) {
  // Source: confseq 0.0.11, betting.betting_cs(x, alpha = .05, breaks = 100000): its grid rounds
  // outwards by up to 1e-5. Regenerate with tests/golden/sequential.py.
  const auto x = outcomes();
  const auto got = *betting_sequence(x, std::vector<std::int64_t>{20, 100, 400}, {});
  const std::vector<std::pair<double, double>> wanted{
      {0.1593, 0.5405}, {0.24853, 0.42215}, {0.28398, 0.38113}};
  for (std::size_t k = 0; k < 3; ++k) {
    EXPECT_NEAR(got[k].ci_low, wanted[k].first, 1.5e-5);
    EXPECT_NEAR(got[k].ci_high, wanted[k].second, 1.5e-5);
  }
  std::vector<double> bits;
  for (const double value : x) bits.push_back(value > 0.8 ? 1.0 : 0.0);
  const auto share = betting_sequence(bits, std::vector<std::int64_t>{400}, {})->front();
  EXPECT_NEAR(share.ci_low, 0.0549, 1.5e-5);
  EXPECT_NEAR(share.ci_high, 0.15607, 1.5e-5);
  // log of betting_mart(x, 0.25) after 400.
  EXPECT_NEAR(*betting_log_e_value(x, 0.25, {}), 8.52269069543914, 1e-9);
}

TEST(Betting, TheEndsAreWhereTheEValueReachesOneOverAlpha) {
  const auto x = outcomes();
  const auto got = betting_sequence(x, std::vector<std::int64_t>{400}, {})->front();
  EXPECT_NEAR(*betting_log_e_value(x, got.ci_low, {}), std::log(20.0), 1e-8);
  EXPECT_NEAR(*betting_log_e_value(x, got.ci_high, {}), std::log(20.0), 1e-8);
}

TEST(Betting, LimitsAreAChangeOfUnits) {
  const auto x = outcomes();
  std::vector<double> money;
  for (const double value : x) money.push_back(-5.0 + 30.0 * value);
  const std::vector<std::int64_t> looks{50, 400};
  const auto plain = *betting_sequence(x, looks, {});
  const auto scaled = *betting_sequence(money, looks, {.low = -5.0, .high = 25.0});
  for (std::size_t k = 0; k < looks.size(); ++k) {
    EXPECT_NEAR(scaled[k].ci_low, -5.0 + 30.0 * plain[k].ci_low, 1e-9);
    EXPECT_NEAR(scaled[k].ci_high, -5.0 + 30.0 * plain[k].ci_high, 1e-9);
  }
}

TEST(Betting, MirroredOutcomesMirrorTheInterval) {
  const auto x = outcomes();
  std::vector<double> mirrored;
  for (const double value : x) mirrored.push_back(1.0 - value);
  const std::vector<std::int64_t> looks{400};
  const auto plain = betting_sequence(x, looks, {})->front();
  const auto other = betting_sequence(mirrored, looks, {})->front();
  // Bets depend on a mean clipped at 1 only where all outcomes are near 1: not here.
  EXPECT_NEAR(other.ci_low, 1.0 - plain.ci_high, 1e-9);
  EXPECT_NEAR(other.ci_high, 1.0 - plain.ci_low, 1e-9);
}

TEST(Betting, SamplesOfNothingButZeroesKeepAnInterval) {
  const std::vector<double> zeroes(300, 0.0);
  const auto got = betting_sequence(zeroes, std::vector<std::int64_t>{300}, {})->front();
  EXPECT_EQ(got.ci_low, 0.0);
  EXPECT_GT(got.ci_high, 0.0);
  EXPECT_LT(got.ci_high, 0.1);
}

TEST(Betting, ADifferenceAddsTheTwoIntervals) {
  const auto x = outcomes();
  std::vector<double> y;
  for (const double value : x) y.push_back(std::min(1.0, value + 0.4));
  const auto got = *betting_difference(x, y, {});
  EXPECT_GT(got.ci_low, 0.0);
  EXPECT_LT(got.ci_low, got.difference);
  EXPECT_NEAR(got.ci_high, got.treatment.ci_high - got.control.ci_low, 1e-15);
}

TEST(Betting, OutcomesBeyondTheLimitsAreNamed) {
  const std::vector<double> x{0.1, 0.5, 1.2};
  const auto got = betting_sequence(x, std::vector<std::int64_t>{3}, {});
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, ErrorCode::invalid_data);
  EXPECT_EQ(got.error().where, "outcome 3");
  EXPECT_EQ(betting_sequence(std::vector<double>{0.1, NAN}, std::vector<std::int64_t>{2}, {})
                .error()
                .code,
            ErrorCode::invalid_data);
  EXPECT_EQ(
      betting_sequence(std::vector<double>{0.1}, std::vector<std::int64_t>{2}, {}).error().code,
      ErrorCode::invalid_spec);
  EXPECT_EQ(betting_sequence(std::vector<double>{0.1}, std::vector<std::int64_t>{1},
                             {.low = 1.0, .high = 0.0})
                .error()
                .code,
            ErrorCode::invalid_spec);
}

}  // namespace
}  // namespace assay::sequential
