#include "assay/survival/cox.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <numeric>

#include "assay/survival/log_rank.hpp"
#include "assay/survival/published_data_test.hpp"

// Source of every number: R 4.2, survival 3.5-3, coxph(..., control = coxph.control(eps = 1e-14)),
// cox.zph(terms = FALSE) and survdiff; the calls stand in tests/golden/survival.R.
namespace assay::survival {
namespace {

using namespace published;

constexpr double kRelative = 1e-9;

void expect_close(double value, double expected) {
  EXPECT_NEAR(value, expected, kRelative * std::max(1e-3, std::abs(expected)));
}

/// Columns side by side, row by row.
std::vector<double> table(const std::vector<std::vector<double>>& columns) {
  std::vector<double> out;
  for (std::size_t i = 0; i < columns[0].size(); ++i)
    for (const auto& column : columns) out.push_back(column[i]);
  return out;
}

template <class Number>
std::vector<Number> as(const std::vector<double>& column) {
  std::vector<Number> out;
  for (const double x : column) out.push_back(static_cast<Number>(x));
  return out;
}

struct Expected {
  std::vector<double> coefficient;
  std::vector<double> std_error;
  std::vector<double> robust;
  double log_likelihood_null;
  double log_likelihood;
  double score;
  std::vector<double> drift_km;  ///< Terms, then all together.
  std::vector<double> drift_identity;
};

void expect_fit(CoxInput input, Ties ties, const Expected& e) {
  const auto fit = *cox(input, {ties, HazardClock::kaplan_meier, 0.95});
  const auto by_time = *cox(input, {ties, HazardClock::identity, 0.95});
  ASSERT_EQ(fit.terms.size(), e.coefficient.size());
  for (std::size_t j = 0; j < e.coefficient.size(); ++j) {
    expect_close(fit.terms[j].coefficient, e.coefficient[j]);
    expect_close(fit.terms[j].std_error, e.std_error[j]);
    if (!e.robust.empty()) expect_close(*fit.terms[j].robust_std_error, e.robust[j]);
    EXPECT_NEAR(fit.terms[j].drift_chi_squared, e.drift_km[j], 1e-8);
    EXPECT_NEAR(by_time.terms[j].drift_chi_squared, e.drift_identity[j], 1e-8);
  }
  expect_close(fit.log_likelihood_null, e.log_likelihood_null);
  expect_close(fit.log_likelihood, e.log_likelihood);
  expect_close(fit.score_chi_squared, e.score);
  EXPECT_NEAR(fit.drift_chi_squared, e.drift_km.back(), 1e-8);
  EXPECT_NEAR(by_time.drift_chi_squared, e.drift_identity.back(), 1e-8);
}

TEST(Cox, AgreesWithSurvivalUnderBothTies) {
  const auto event = flags(veteran_status);
  const auto x = table({veteran_treatment, veteran_karnofsky, veteran_age});
  const CoxInput input{{veteran_time, event}, {"treatment", "karnofsky", "age"}, x};
  expect_fit(input, Ties::efron,
             {{0.18954644192337841, -0.03444389683874910, -0.00386441787397458},
              {0.18553066502305920, 0.00523241490055477, 0.00918738465815066},
              {},
              -505.449054918058,
              -483.877980037830,
              46.8358780341288,
              {0.283546926469633, 12.002957449757549, 2.099517624512885, 19.101664786253650},
              {1.113803186272925, 4.654533495559652, 0.972445081358008, 10.189143384674281}});
  expect_fit(input, Ties::breslow,
             {{0.18545977597635757, -0.03423053956567351, -0.00376213758698285},
              {0.18545996658160549, 0.00522831820598484, 0.00919347852066044},
              {},
              -505.883956283116,
              -484.539194725685,
              46.3080208211565,
              {0.290537258941274, 11.788482934702975, 2.100611888156083, 18.848654986283666},
              {1.114732583110314, 4.561592421047139, 0.969741126495021, 10.052184260138992}});
}

TEST(Cox, AgreesWithSurvivalOnClusteredVariance) {
  const auto event = flags(lung_event);
  const auto x = table({lung_sex, lung_age});
  const auto inst = as<std::int64_t>(lung_inst);
  const CoxInput input{{lung_time, event}, {"sex", "age"}, x, {}, inst};
  expect_fit(input, Ties::efron,
             {{-0.511668298216427, 0.017033495976585},
              {0.16767859127030485, 0.00923266443679523},
              {0.12823060177950824, 0.00732739307694929},
              -744.799933702646,
              -737.810921265056,
              13.5925888954490,
              {2.747239946807378, 0.259469030844394, 2.955668388808794},
              {2.839686379900927, 0.170735428384369, 2.981659820135917}});
  expect_fit(input, Ties::breslow,
             {{-0.5109965893852081, 0.0170000450713356},
              {0.16768273984292381, 0.00923134973627961},
              {0.12795916268197763, 0.00730480766743093},
              -745.013060575131,
              -738.043641521584,
              13.5547336375569,
              {2.738601532328819, 0.258047688871431, 2.945193967046698},
              {2.831494834543959, 0.169465984542389, 2.971923867692891}});
}

TEST(Cox, AgreesWithSurvivalOnStrataAndLateEntry) {
  const auto event = flags(veteran_status);
  const auto x = table({veteran_treatment, veteran_karnofsky});
  const auto cell = as<std::int32_t>(veteran_cell);
  std::vector<std::int64_t> own(veteran_time.size());
  std::iota(own.begin(), own.end(), 0);
  expect_fit({{veteran_time, event}, {"treatment", "karnofsky"}, x, cell, own}, Ties::efron,
             {{0.2328346768894959, -0.0358011230001631},
              {0.20109874489548657, 0.00553019093073314},
              {0.17713799666980376, 0.00503377125853921},
              -338.736207226184,
              -317.580554890043,
              45.7637687775160,
              {0.0507695190754584, 6.7067884895470913, 7.0950522124245348},
              {0.425745696403849, 2.363569981092406, 3.261850241049120}});
  const auto died = flags(lung_event);
  const auto xs = table({lung_sex, lung_age});
  std::vector<double> entry;
  std::vector<std::int64_t> each;
  for (std::size_t i = 0; i < lung_time.size(); ++i) {
    entry.push_back(std::floor(lung_time[i] * (static_cast<double>((i + 1) % 5) / 10.0)));
    each.push_back(static_cast<std::int64_t>(i));
  }
  expect_fit({{lung_time, died, entry}, {"sex", "age"}, xs, {}, each}, Ties::efron,
             {{-0.4821868897217790, 0.0142918246496972},
              {0.16798772170457238, 0.00921505095684337},
              {0.15160304308750919, 0.00906936658276394},
              -716.196333209109,
              -710.314999404997,
              11.4396322337118,
              {2.150671168544852, 0.284267318696383, 2.350560914942336},
              {2.2984145091326176, 0.0130652082881084, 2.3024327036847154}});
}

TEST(Cox, OneBinaryCovariateWithoutTiesGivesTheLogRankTestAsItsScoreTest) {
  const std::vector<double> time{1, 2.5, 3, 4.1, 5, 6.2, 7, 8, 9.5, 11};
  const std::vector<std::uint8_t> event{1, 1, 0, 1, 1, 1, 0, 1, 1, 1};
  const std::vector<double> x{1, 0, 1, 1, 0, 1, 0, 0, 1, 0};
  const std::vector<std::int32_t> arm{1, 0, 1, 1, 0, 1, 0, 0, 1, 0};
  const auto fit = *cox({{time, event}, {"arm"}, x});
  EXPECT_NEAR(fit.score_chi_squared, log_rank({time, event}, arm)->chi_squared, 1e-10);
}

TEST(Cox, UnitsOfCovariateAndClockDoNotMatter) {
  const auto event = flags(veteran_status);
  auto wide = veteran_karnofsky;
  auto weeks = veteran_time;
  for (double& x : wide) x = 1e6 + 1000.0 * x;
  for (double& t : weeks) t /= 7.0;
  const auto a = *cox({{veteran_time, event}, {"k"}, veteran_karnofsky});
  const auto b = *cox({{weeks, event}, {"k"}, wide});
  EXPECT_NEAR(a.terms[0].coefficient, 1000.0 * b.terms[0].coefficient, 1e-9);
  EXPECT_NEAR(a.terms[0].drift_chi_squared, b.terms[0].drift_chi_squared, 1e-7);
  EXPECT_NEAR(a.likelihood_ratio, b.likelihood_ratio, 1e-8);
}

TEST(Cox, ContrastIsTheTermsOwnInference) {
  const auto event = flags(lung_event);
  const auto fit = *cox({{lung_time, event}, {"sex"}, lung_sex});
  const auto c = *log_hazard_contrast(fit, 0);
  EXPECT_NEAR(c.p_value, fit.terms[0].p_value, 1e-14);
  EXPECT_NEAR(std::exp(c.ci_low), fit.terms[0].ci_low, 1e-12);
  EXPECT_FALSE(c.lift.has_value());
}

TEST(Cox, RefusesWhatCannotBeEstimated) {
  const std::vector<double> time{1, 2, 3, 4, 5, 6};
  const std::vector<double> arm{1, 1, 1, 0, 0, 0};
  const std::vector<std::uint8_t> one_side{1, 1, 1, 0, 0, 0};
  const auto unbounded = cox({{time, one_side}, {"arm"}, arm});
  ASSERT_FALSE(unbounded.has_value());
  EXPECT_THAT(unbounded.error().problem, testing::HasSubstr("no bound"));
  const std::vector<std::uint8_t> none(6, 0);
  EXPECT_THAT(cox({{time, none}, {"arm"}, arm}).error().problem, testing::HasSubstr("no unit"));
  const std::vector<double> flat(6, 2.0);
  const std::vector<std::uint8_t> some{1, 0, 1, 0, 1, 1};
  EXPECT_THAT(cox({{time, some}, {"flat"}, flat}).error().problem, testing::HasSubstr("flat"));
  const auto twice = table({arm, arm});
  EXPECT_THAT(cox({{time, some}, {"arm", "again"}, twice}).error().problem,
              testing::HasSubstr("again"));
  EXPECT_EQ(cox({{time, some}, {"a", "b"}, arm}).error().code, ErrorCode::invalid_spec);
}

TEST(LogRank, AgreesWithSurvivalForFourArmsStrataAndWeights) {
  const auto event = flags(veteran_status);
  auto cell = as<std::int32_t>(veteran_cell);
  for (auto& c : cell) --c;
  const auto four = *log_rank({veteran_time, event}, cell);
  EXPECT_NEAR(four.chi_squared, 25.4037003457854, 1e-10);
  EXPECT_NEAR(four.p_value, 1.27124593900609e-05, 1e-15);
  EXPECT_EQ(four.degrees_of_freedom, 3.0);
  EXPECT_NEAR(four.arms[1].expected, 30.1020793268148, 1e-10);
  auto arm = as<std::int32_t>(veteran_treatment);
  for (auto& a : arm) --a;
  LogRankOptions early;
  early.rho = 1.0;
  const auto weighted = *log_rank({veteran_time, event}, arm, early);
  EXPECT_NEAR(weighted.arms[0].observed, 32.2250535741455, 1e-10);
  EXPECT_NEAR(weighted.arms[0].expected, 35.3672108808923, 1e-10);
  EXPECT_NEAR(weighted.chi_squared, 0.871209492927177, 1e-10);
  LogRankOptions by_cell;
  by_cell.stratum = cell;
  const auto stratified = *log_rank({veteran_time, event}, arm, by_cell);
  EXPECT_NEAR(stratified.arms[0].expected, 68.2075529768725, 1e-10);
  EXPECT_NEAR(stratified.chi_squared, 0.701743346844319, 1e-10);
  const auto died = flags(lung_event);
  auto sex = as<std::int32_t>(lung_sex);
  for (auto& s : sex) --s;
  const auto inst = as<std::int32_t>(lung_inst);
  LogRankOptions both;
  both.rho = 0.5;
  both.stratum = inst;
  const auto lung = *log_rank({lung_time, died}, sex, both);
  EXPECT_NEAR(lung.chi_squared, 10.46115544775586, 1e-10);
  EXPECT_NEAR(lung.p_value, 0.00121911000603307, 1e-12);
}

// Source: tests/golden/survival.py, the formula written out over the risk sets.
TEST(LogRank, LateWeightsAgreeWithTheFormulaWrittenOut) {
  const auto event = flags(veteran_status);
  auto arm = as<std::int32_t>(veteran_treatment);
  for (auto& a : arm) --a;
  LogRankOptions late;
  late.rho = 0.5;
  late.gamma = 1.0;
  EXPECT_NEAR(log_rank({veteran_time, event}, arm, late)->chi_squared, 0.00453919345470252, 1e-12);
}

TEST(LogRank, RefusesWhatCannotBeCompared) {
  const std::vector<double> time{1, 2, 3, 4};
  const std::vector<std::uint8_t> event{1, 1, 1, 0};
  const std::vector<std::int32_t> one(4, 0);
  EXPECT_EQ(log_rank({time, event}, one).error().code, ErrorCode::undefined_statistic);
  const std::vector<std::int32_t> arm{0, 1, 0, 1};
  const std::vector<std::uint8_t> none(4, 0);
  EXPECT_EQ(log_rank({time, none}, arm).error().code, ErrorCode::undefined_statistic);
  LogRankOptions negative;
  negative.rho = -1.0;
  EXPECT_EQ(log_rank({time, event}, arm, negative).error().code, ErrorCode::invalid_spec);
}

}  // namespace
}  // namespace assay::survival
