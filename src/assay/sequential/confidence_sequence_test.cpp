#include "assay/sequential/confidence_sequence.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>

namespace assay::sequential {
namespace {

TEST(ConfidenceSequence, MixtureBoundariesMatchConfseq) {
  // Source: confseq 0.0.11, boundaries.normal_mixture_bound(v, alpha, v_opt, alpha_opt = alpha,
  // is_one_sided) / sqrt(v); regenerate with tests/golden/sequential.py. confseq tunes by the
  // approximation x(v_opt) = 2 log(1/a) + log(1 + 2 log(1/a)), a doubled one-sided.
  struct Row {
    double alpha, v_opt;
    Sides sides;
    std::vector<double> multipliers;
  };
  const std::vector<Row> rows{
      {0.05,
       1000,
       Sides::two,
       {9.08437943731058, 3.85505463353031, 3.03520899037625, 3.3368575337866}},
      {0.05,
       1000,
       Sides::one,
       {8.88325927270477, 3.63430508997453, 2.76607088306757, 3.08718364921227}},
      {0.01,
       50,
       Sides::two,
       {3.86232446697739, 3.59560479913287, 3.8365621418486, 4.20132402537533}},
      {0.01,
       50,
       Sides::one,
       {3.65891787159377, 3.37832698156262, 3.63227514342144, 4.01529410430509}}};
  const std::vector<double> times{10, 100, 1000, 20000};
  for (const Row& row : rows) {
    const double a = row.sides == Sides::two ? row.alpha : 2.0 * row.alpha;
    const double at_optimum = -2.0 * std::log(a) + std::log1p(-2.0 * std::log(a));
    for (std::size_t i = 0; i < times.size(); ++i) {
      const double x = at_optimum * times[i] / row.v_opt;
      EXPECT_NEAR(mixture_multiplier(x, row.alpha, row.sides), row.multipliers[i], 1e-8);
    }
    const double exact = tuned_mixture(row.alpha, row.sides);
    if (row.sides == Sides::two) {
      EXPECT_LE(mixture_multiplier(exact, row.alpha, row.sides),
                mixture_multiplier(at_optimum, row.alpha, row.sides));
    }
  }
  const double v_ratio = (-2.0 * std::log(0.05) + std::log1p(-2.0 * std::log(0.05)));
  EXPECT_NEAR(log_mixture(60.0 / std::sqrt(1000.0), v_ratio, Sides::two), 0.503518395376783, 1e-10);
}

TEST(ConfidenceSequence, IsNarrowestAtThePlannedN) {
  for (const auto sides : {Sides::two, Sides::one}) {
    const double m = tuned_mixture(0.05, sides);
    const auto multiplier = [&](double share) {
      return mixture_multiplier(m * share, 0.05, sides);
    };
    EXPECT_LT(multiplier(1.0), multiplier(0.8));
    EXPECT_LT(multiplier(1.0), multiplier(1.3));
    if (sides == Sides::two) {
      EXPECT_LT(multiplier(1.0), multiplier(0.99));
      EXPECT_LT(multiplier(1.0), multiplier(1.01));
      EXPECT_NEAR(multiplier(1.0), std::sqrt(1.0 + m), 1e-12);
    }
  }
}

TEST(ConfidenceSequence, TheIntervalAndTheEValueAgree) {
  for (const auto sides : {Sides::two, Sides::one}) {
    for (const bool tau : {false, true}) {
      SequencePlan plan;
      plan.sides = sides;
      plan.null_effect = 0.1;
      if (tau) plan.tau = 0.05;
      if (!tau) plan.planned_n = 5000.0;
      for (double z = -6.0; z < 6.0; z += 0.173) {
        const double se = 2.0 / std::sqrt(3000.0);
        const auto read =
            confidence_sequence(plan, std::vector<SequenceLook>{{3000, 0.1 + z * se, se}})->front();
        EXPECT_EQ(read.p_value<0.05, read.ci_low> 0.1 || read.ci_high < 0.1) << z;
      }
    }
  }
}

TEST(ConfidenceSequence, TheMsprtIsItsTextbookFormula) {
  // Johari et al. (2022) eq. 6: sqrt(V / (V + tau^2)) exp(tau^2 d^2 / (2 V (V + tau^2))).
  SequencePlan plan;
  plan.tau = 0.3;
  const double v = 0.04;
  const double d = 0.7;
  const auto read =
      confidence_sequence(plan, std::vector<SequenceLook>{{100, d, std::sqrt(v)}})->front();
  const double wanted =
      std::log(std::sqrt(v / (v + 0.09)) * std::exp(0.09 * d * d / (2 * v * (v + 0.09))));
  EXPECT_NEAR(read.log_e_value, wanted, 1e-12);
  const double half =
      std::sqrt(v * (v + 0.09) / 0.09 * (std::log((v + 0.09) / v) - 2 * std::log(0.05)));
  EXPECT_NEAR(read.ci_high - d, half, 1e-12);
}

TEST(ConfidenceSequence, RunningReadingsOnlyTighten) {
  SequencePlan plan;
  plan.planned_n = 400.0;
  const auto read = *confidence_sequence(
      plan, std::vector<SequenceLook>{{100, 0.5, 0.1}, {200, 0.3, 0.08}, {400, 0.2, 0.05}});
  EXPECT_LE(read[1].running_p_value, read[0].running_p_value);
  EXPECT_GE(read[2].running_ci_low, read[0].running_ci_low);
  EXPECT_LE(read[2].running_ci_high, read[0].running_ci_high);
  EXPECT_EQ(read[2].running_ci_high, read[2].ci_high);
}

TEST(ConfidenceSequence, HugeStatisticsStayFinite) {
  SequencePlan plan;
  plan.planned_n = 1e6;
  plan.sides = Sides::one;
  const auto up = confidence_sequence(plan, std::vector<SequenceLook>{{1e6, 1, 0.001}})->front();
  EXPECT_NEAR(up.log_e_value, 0.5e6 * 0.87, 5e4);
  const auto down = confidence_sequence(plan, std::vector<SequenceLook>{{1e6, -1, 0.001}})->front();
  EXPECT_TRUE(std::isfinite(down.log_e_value));
  EXPECT_EQ(down.p_value, 1.0);
}

TEST(ConfidenceSequence, NonsenseIsRefused) {
  SequencePlan plan;
  const std::vector<SequenceLook> looks{{100, 0.5, 0.1}};
  EXPECT_EQ(confidence_sequence(plan, looks).error().code, ErrorCode::invalid_spec);
  plan.planned_n = 100.0;
  plan.tau = 1.0;
  EXPECT_EQ(confidence_sequence(plan, looks).error().code, ErrorCode::invalid_spec);
  plan.tau.reset();
  plan.alpha = 0.0;
  EXPECT_EQ(confidence_sequence(plan, looks).error().code, ErrorCode::invalid_spec);
  plan.alpha = 0.05;
  EXPECT_EQ(confidence_sequence(plan, {}).error().code, ErrorCode::invalid_data);
  EXPECT_EQ(confidence_sequence(plan, std::vector<SequenceLook>{{9, 1, 1}, {9, 1, 1}}).error().code,
            ErrorCode::invalid_data);
  EXPECT_EQ(confidence_sequence(plan, std::vector<SequenceLook>{{9, 1, 0}}).error().code,
            ErrorCode::invalid_data);
}

}  // namespace
}  // namespace assay::sequential
