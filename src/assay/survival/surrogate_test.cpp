#include "assay/survival/surrogate.hpp"

#include <gmock/gmock.h>

#include <array>
#include <cmath>

#include "assay/numerics/philox.hpp"
#include "assay/numerics/sampling.hpp"

// Source of the numbers: statsmodels 0.15.0, OLS(...).fit(cov_type="HC2") and OLS with the arm as a
// regressor; tests/golden/novelty.py.
namespace assay::survival {
namespace {

using numerics::CoMoments;

/// The 40 historical units of the golden script.
struct History {
  std::vector<double> outcome;
  std::vector<double> surrogates;
  std::vector<int> arm;

  History() {
    for (int i = 0; i < 40; ++i) {
      const double s1 = (i * 7 % 11) / 3.0;
      const double s2 = (i * i % 13) - 4.0;
      surrogates.push_back(s1);
      surrogates.push_back(s2);
      outcome.push_back(2.0 + 0.8 * s1 - 0.3 * s2 + ((i * 17 % 23) - 11) / 10.0);
      arm.push_back(i * 5 % 7 < 3 ? 1 : 0);
    }
  }
  /// Moments of [y, s1, s2], or of [s1, s2] of at most `most` units of an arm (2: both), shifted.
  [[nodiscard]] CoMoments moments(int which, bool outcome_too, int most = 1000,
                                  std::array<double, 2> shift = {0.0, 0.0}) const {
    CoMoments out(outcome_too ? 3 : 2);
    for (std::size_t i = 0; i < 40; ++i) {
      if ((which != 2 && arm[i] != which) || out.n >= most) continue;
      std::vector<double> row;
      if (outcome_too) row.push_back(outcome[i]);
      row.push_back(surrogates[2 * i] + shift[0]);
      row.push_back(surrogates[2 * i + 1] + shift[1]);
      out.add(row);
    }
    return out;
  }
};

TEST(Surrogate, FitAgreesWithStatsmodels) {
  const History h;
  const auto plain = *fit_surrogate(h.moments(2, true), {"s1", "s2"});
  EXPECT_NEAR(plain.slope[0], 0.9064125505355463, 1e-12);
  EXPECT_NEAR(plain.slope[1], -0.30393663695789136, 1e-12);
  EXPECT_NEAR(plain.slope_covariance.at(0, 0), 0.010433008696456041, 1e-13);
  EXPECT_NEAR(plain.slope_covariance.at(0, 1), 8.822740588058365e-05, 1e-13);
  EXPECT_NEAR(plain.residual_variance, 0.47925252688813863, 1e-12);
  EXPECT_NEAR(plain.r_squared, 0.8604213774023938, 1e-12);
  const auto robust = *fit_surrogate_of_units(h.outcome, h.surrogates, {"s1", "s2"});
  EXPECT_TRUE(robust.robust);
  EXPECT_NEAR(robust.slope[0], plain.slope[0], 1e-12);
  EXPECT_NEAR(robust.slope_covariance.at(0, 0), 0.009975324793898692, 1e-13);
  EXPECT_NEAR(robust.slope_covariance.at(0, 1), 0.0004969476087648878, 1e-13);
  EXPECT_NEAR(robust.slope_covariance.at(1, 1), 0.0007287876312199519, 1e-13);
}

TEST(Surrogate, EffectCarriesTheArmsAndTheFitsUncertainty) {
  const History h;
  const auto fit = *fit_surrogate_of_units(h.outcome, h.surrogates, {"s1", "s2"});
  const auto r =
      *surrogate_effect(fit, h.moments(0, false, 11), h.moments(1, false, 9, {0.5, -0.2}), 0.95);
  EXPECT_NEAR(r.contrast.difference, 1.210061707731743, 1e-11);
  EXPECT_NEAR(r.contrast.std_error, 0.7684536658849312, 1e-11);
  EXPECT_GT(r.share_of_variance_from_fit, 0.0);
  EXPECT_FALSE(r.correlation_that_overturns.has_value());  // The interval holds 0 already.
}

TEST(Surrogate, SurrogacyTestIsTheArmsCoefficient) {
  const History h;
  const auto c = *test_surrogacy(h.moments(0, true), h.moments(1, true), 0.95);
  EXPECT_NEAR(c.difference, -0.003826154838246082, 1e-12);
  EXPECT_NEAR(c.std_error, 0.22745612673602497, 1e-12);
  EXPECT_NEAR(c.p_value, 0.986671896185768, 1e-12);
  EXPECT_EQ(c.degrees_of_freedom, 36.0);
}

TEST(Surrogate, BiasOfABrokenSurrogateStaysInsideItsBound) {
  // Planted: y = s + e and treatment moves e by 0.3 directly; s not at all. Half treated.
  CoMoments history(2);
  CoMoments control(1);
  CoMoments treatment(1);
  for (std::uint64_t i = 0; i < 20'000; ++i) {
    const numerics::Philox random(11, i);
    const double s = numerics::normal_quantile(random.uniform(0));
    const double e = numerics::normal_quantile(random.uniform(1));
    history.add(std::array<double, 2>{s + e, s});
    (i % 2 == 0 ? control : treatment).add(std::array<double, 1>{s});
  }
  const auto fit = *fit_surrogate(history, {"s"});
  const auto r = *surrogate_effect(fit, control, treatment, 0.95);
  // A direct effect of 0.3 on a residual of sd about 1 is a correlation of 0.15 with half treated.
  EXPECT_NEAR(r.bias_per_correlation, 2.0, 0.05);
  EXPECT_NEAR(r.bias_per_correlation * 0.15, 0.3, 0.01);
}

TEST(Surrogate, HistoryIsComparedWithTheExperimentsControl) {
  const History h;
  const auto same = *compare_surrogates(h.moments(2, false), h.moments(0, false), {"s1", "s2"});
  EXPECT_GT(same.p_value, 0.05);
  const auto moved =
      *compare_surrogates(h.moments(2, false), h.moments(0, false, 1000, {3.0, 0.0}), {"s1", "s2"});
  EXPECT_LT(moved.p_value, 0.001);
}

TEST(Surrogate, RefusesWhatCannotBeFitted) {
  const History h;
  EXPECT_EQ(fit_surrogate(h.moments(2, true), {"s1"}).error().code, ErrorCode::invalid_spec);
  CoMoments twice(3);
  for (int i = 0; i < 20; ++i) twice.add(std::array<double, 3>{1.0 * (i % 7), 1.0 * i, 2.0 * i});
  EXPECT_THAT(fit_surrogate(twice, {"a", "b"}).error().problem, testing::HasSubstr("b"));
  CoMoments few(2);
  for (int i = 0; i < 3; ++i) few.add(std::array<double, 2>{1.0 * i, 1.0 * (i % 2)});
  EXPECT_EQ(fit_surrogate(few, {"a"}).error().code, ErrorCode::undefined_statistic);
  const auto fit = *fit_surrogate(h.moments(2, true), {"s1", "s2"});
  EXPECT_EQ(surrogate_effect(fit, CoMoments(1), CoMoments(1), 0.95).error().code,
            ErrorCode::invalid_spec);
}

}  // namespace
}  // namespace assay::survival
