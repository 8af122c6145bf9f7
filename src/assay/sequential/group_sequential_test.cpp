#include "assay/sequential/group_sequential.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <string>

#include "assay/numerics/philox.hpp"
#include "assay/sequential/detail/design_paths.hpp"

namespace assay::sequential {
namespace {

constexpr double kNone = -std::numeric_limits<double>::infinity();
const std::vector<double> kUneven{0.2, 0.4, 0.65, 0.8, 1.0};
const std::vector<double> kClose{0.1, 0.35, 0.6, 0.62, 1.0};

GroupSequentialSpec spec_of(std::vector<double> information, double alpha, Sides sides,
                            Boundary boundary) {
  GroupSequentialSpec spec;
  spec.information = std::move(information);
  spec.alpha = alpha;
  spec.sides = sides;
  spec.boundary = boundary;
  return spec;
}

GroupSequentialSpec spending_of(std::vector<double> information, double alpha, Sides sides,
                                SpendingFamily family, double parameter = 0.0) {
  auto spec = spec_of(std::move(information), alpha, sides, Boundary::spending);
  spec.alpha_spending = {family, parameter, {}};
  return spec;
}

Futility beta(SpendingFamily family, double parameter, double total, bool binding) {
  return {Spending{family, parameter, {}}, {}, total, binding};
}

GroupSequentialDesign design(const GroupSequentialSpec& spec) {
  auto made = design_group_sequential(spec);
  EXPECT_TRUE(made) << to_text(made.error());
  return made.value();
}

void expect_all(const std::vector<double>& got, const std::vector<double>& wanted,
                double tolerance) {
  ASSERT_GE(got.size(), wanted.size());
  for (std::size_t i = 0; i < wanted.size(); ++i)
    EXPECT_NEAR(got[i], wanted[i], tolerance) << "look " << i + 1;
}

// Source of all rpact values here: rpact 3.3.4, getDesignGroupSequential(..., tolerance = 1e-10);
// regenerate with tests/golden/sequential.R. rpact solves for cumulative alpha to 1e-10 on a grid
// of 91 points, so its own bounds carry errors of 1e-9, and of 4e-8 one-sided on uneven looks (see
// TenLooksAndCloseLooks for a finer reference).
TEST(Bounds, FamiliesMatchRpact) {
  using enum Boundary;
  const auto five = equal_information(5);
  expect_all(design(spec_of(five, 0.05, Sides::two, obrien_fleming)).critical_values,
             {4.5617422980908, 3.2256389130055, 2.6337231437764, 2.2808711490454, 2.0400731748734},
             1e-8);
  expect_all(design(spec_of(five, 0.05, Sides::two, obrien_fleming)).alpha_spent,
             {5.0730888552495e-06, 0.0012590598200847, 0.0089036124712096, 0.025584598674822, 0.05},
             1e-9);
  expect_all(design(spec_of(five, 0.05, Sides::two, pocock)).critical_values,
             std::vector<double>(5, 2.4131762201842), 1e-8);
  expect_all(design(spec_of(kUneven, 0.025, Sides::one, wang_tsiatis)).critical_values,
             {3.1952832473523, 2.6869022284188, 2.3797893803901, 2.2594064520146, 2.1368146933204},
             5e-8);
  expect_all(
      design(spec_of(equal_information(4), 0.05, Sides::two, haybittle_peto)).critical_values,
      {3, 3, 3, 1.9827509618019}, 1e-8);
}

TEST(Bounds, FamiliesMatchTheTablesOfJennisonAndTurnbull) {
  // Source: Jennison & Turnbull (2000), tables 2.1 (Pocock) and 2.3 (O'Brien-Fleming), three
  // decimals, two-sided alpha 0.05 and 0.01.
  using enum Boundary;
  const auto last = [](double alpha, int looks, Boundary boundary) {
    return design(spec_of(equal_information(looks), alpha, Sides::two, boundary))
        .critical_values.back();
  };
  EXPECT_NEAR(last(0.05, 2, pocock), 2.178, 5.1e-4);
  EXPECT_NEAR(last(0.05, 3, pocock), 2.289, 5.1e-4);
  EXPECT_NEAR(last(0.05, 5, pocock), 2.413, 5.1e-4);
  EXPECT_NEAR(last(0.05, 10, pocock), 2.555, 5.1e-4);
  EXPECT_NEAR(last(0.01, 5, pocock), 2.986, 5.1e-4);
  EXPECT_NEAR(last(0.05, 2, obrien_fleming), 1.977, 5.1e-4);
  EXPECT_NEAR(last(0.05, 3, obrien_fleming), 2.004, 5.1e-4);
  EXPECT_NEAR(last(0.05, 5, obrien_fleming), 2.040, 5.1e-4);
  EXPECT_NEAR(last(0.05, 10, obrien_fleming), 2.087, 5.1e-4);
  EXPECT_NEAR(last(0.01, 4, obrien_fleming), 2.609, 5.1e-4);
}

TEST(Bounds, SpendingMatchesRpact) {
  using enum SpendingFamily;
  expect_all(
      design(spending_of(equal_information(5), 0.05, Sides::two, obrien_fleming)).critical_values,
      {4.8768849487908, 3.3570119223441, 2.6802800644073, 2.289816767734, 2.031032043451}, 2e-8);
  expect_all(design(spending_of(kUneven, 0.05, Sides::two, pocock)).critical_values,
             {2.43797668805, 2.4268138581538, 2.3707004663884, 2.420786869654, 2.3869331651949},
             1e-8);
  expect_all(design(spending_of(kUneven, 0.05, Sides::one, power, 2)).critical_values,
             {2.8781617390955, 2.4702285214444, 2.120819126314, 1.9998740668525, 1.7913503222517},
             5e-8);
  expect_all(design(spending_of(kUneven, 0.1, Sides::two, hwang_shih_decani, -4)).critical_values,
             {3.05024653689, 2.7619470955688, 2.3419444702449, 2.1060525663779, 1.7040225198143},
             1e-8);
  auto table = spending_of(equal_information(4), 0.025, Sides::one, user);
  table.alpha_spending.table = {{0.25, 0.001}, {0.5, 0.004}, {0.75, 0.012}, {1.0, 0.025}};
  expect_all(design(table).critical_values,
             {3.0902323061678, 2.7141115733539, 2.3243489519809, 2.0514846268925}, 1e-8);
}

TEST(Bounds, TenLooksAndCloseLooksMatchAnotherAlgorithm) {
  // Source: R 4.2, dense() of tests/golden/sequential.R: Simpson's rule on 4,001 points a look.
  // Here rpact's own grid is too coarse: it is 2e-7 off on ten looks, 3e-5 on close ones.
  using enum SpendingFamily;
  expect_all(
      design(spending_of(equal_information(10), 0.025, Sides::one, obrien_fleming)).critical_values,
      {6.9913517070774, 4.8768851528251, 3.9296822965722, 3.3670790834337, 2.9893298313371,
       2.7148089546676, 2.5040772750083, 2.3358290390289, 2.1975032888423, 2.0811757528541},
      1e-9);
  expect_all(design(spending_of(kClose, 0.05, Sides::two, pocock)).critical_values,
             {2.6551100479685, 2.3866213681691, 2.3696686691679, 2.4993867899146, 2.2901610508116},
             1e-9);
  expect_all(design(spending_of(kClose, 0.05, Sides::one, power, 2)).critical_values,
             {3.2905267314919, 2.5276967876336, 2.1764237013308, 2.2566108358515, 1.7332914478024},
             1e-9);
}

TEST(Futility, BetaSpendingMatchesRpact) {
  using enum SpendingFamily;
  auto spec = spending_of(equal_information(4), 0.025, Sides::one, obrien_fleming);
  spec.futility = beta(obrien_fleming, 0, 0.2, false);
  auto made = design(spec);
  expect_all(made.futility_bounds, {-0.82028587352475, 0.60980608531827, 1.4016986292918}, 2e-8);
  EXPECT_NEAR(*made.planned_drift * *made.planned_drift, 8.9072240165808, 1e-7);
  spec.futility->binding = true;
  made = design(spec);
  expect_all(made.critical_values,
             {4.3326336460496, 2.9631296529551, 2.3570086552645, 1.9289782725391}, 2e-8);
  expect_all(made.futility_bounds, {-0.85820955383117, 0.55617390150292, 1.3359676675245}, 2e-8);

  spec = spending_of(kUneven, 0.05, Sides::one, hwang_shih_decani, -2);
  spec.futility = beta(power, 1.5, 0.1, false);
  made = design(spec);
  expect_all(made.critical_values,
             {2.6650396660574, 2.4602854645927, 2.1654236876057, 2.0362678145175, 1.7877851012745},
             5e-8);
  expect_all(made.futility_bounds,
             {-0.94435445771108, -0.037796418480866, 0.81392894879536, 1.1950150974226}, 5e-8);

  spec = spending_of(equal_information(3), 0.025, Sides::one, pocock);
  spec.futility = beta(pocock, 0, 0.1, true);
  made = design(spec);
  expect_all(made.critical_values, {2.279428238917, 2.2826063417015, 2.177781731647}, 1e-8);
  expect_all(made.futility_bounds, {0.43293955972621, 1.3676615865043}, 2e-8);

  spec = spending_of(equal_information(3), 0.025, Sides::one, power, 2);
  spec.futility = beta(hwang_shih_decani, -2, 0.2, true);
  made = design(spec);
  expect_all(made.critical_values, {2.7729212946087, 2.3464992537047, 2.0270050544641}, 1e-8);
  expect_all(made.futility_bounds, {-0.21052071675222, 0.93107436464197}, 2e-8);

  spec = spending_of(equal_information(3), 0.025, Sides::one, user);
  spec.alpha_spending.table = {{1.0 / 3, 0.005}, {2.0 / 3, 0.012}, {1.0, 0.025}};
  spec.futility = beta(user, 0, 0.2, false);
  spec.futility->beta_spending->table = {{1.0 / 3, 0.05}, {2.0 / 3, 0.1}, {1.0, 0.2}};
  made = design(spec);
  expect_all(made.critical_values, {2.5758293035489, 2.382054729329, 2.0863772412413}, 1e-8);
  expect_all(made.futility_bounds, {0.080255992932145, 1.0038896396654}, 2e-8);
}

TEST(Futility, TwoSidedBetaSpendingMatchesRpact) {
  using enum SpendingFamily;
  auto spec = spending_of(equal_information(4), 0.05, Sides::two, obrien_fleming);
  spec.futility = beta(obrien_fleming, 0, 0.2, false);
  auto made = design(spec);
  expect_all(made.futility_bounds, {0.0, 0.59686328292537, 1.3848983753122}, 2e-8);
  spec = spending_of(equal_information(3), 0.05, Sides::two, pocock);
  spec.futility = beta(pocock, 0, 0.2, true);
  made = design(spec);
  expect_all(made.critical_values, {2.279428238917, 2.2766049841302, 2.1616705773049}, 1e-8);
  expect_all(made.futility_bounds, {0.55924523478771, 1.3643939093996}, 2e-8);
}

TEST(Futility, GivenBoundsMatchRpact) {
  auto spec = spec_of(equal_information(3), 0.025, Sides::one, Boundary::obrien_fleming);
  spec.futility = Futility{std::nullopt, {0.0, 0.8}, 0.2, true};
  expect_all(design(spec).critical_values, {3.4192359077249, 2.4177648968288, 1.9740967717478},
             1e-8);
  spec.boundary = Boundary::spending;
  expect_all(design(spec).critical_values, {3.7103028732625, 2.5103581016301, 1.9545855247998},
             1e-8);
  spec.futility->binding = false;
  const auto sized = *characteristics(design(spec), 0.8);
  EXPECT_NEAR(sized.shift, 8.4286674020516, 1e-7);
  EXPECT_NEAR(sized.expected_h0, 0.60254083387274, 1e-8);
}

TEST(Power, CharacteristicsMatchRpact) {
  const auto check = [](const GroupSequentialSpec& spec, double power,
                        const std::vector<double>& wanted, const std::vector<double>& cumulative) {
    const auto made = design(spec);
    const auto sized = *characteristics(made, power);
    expect_all({sized.shift, sized.inflation_factor, sized.expected_h1, sized.expected_h01,
                sized.expected_h0},
               wanted, 2e-7);
    double total = 0.0;
    const auto run = operate(made, sized.drift);
    for (std::size_t k = 0; k < cumulative.size(); ++k)
      EXPECT_NEAR(total += run.reject_upper[k], cumulative[k], 1e-8);
  };
  check(spending_of(equal_information(5), 0.05, Sides::two, SpendingFamily::obrien_fleming), 0.8,
        {8.0429030793371, 1.024719877429, 0.82366231943869, 0.97857998344009, 1.0179917535058},
        {0.00015393485338322, 0.058991464063475, 0.31649242083141, 0.6053968605914, 0.8});
  check(spec_of(equal_information(3), 0.025, Sides::one, Boundary::pocock), 0.9,
        {12.090241031008, 1.1506380737039, 0.72103298614893, 1.0268630100751, 1.1391337389605},
        {0.38898231547884, 0.73110512880581, 0.9});
  check(spec_of(kUneven, 0.025, Sides::one, Boundary::obrien_fleming), 0.9,
        {10.796025629682, 1.0274665411827, 0.75598385443268, 0.96103158267972, 1.0237330956597},
        {0.00097040111617575, 0.12462449811118, 0.54813955283241, 0.75327095635117, 0.9});
}

TEST(Power, AtGivenDriftsMatchesRpact) {
  // Source: rpact 3.3.4, getPowerAndAverageSampleNumber(design, theta = c(.2, .3), nMax = 100).
  const auto made =
      design(spending_of(equal_information(5), 0.05, Sides::two, SpendingFamily::obrien_fleming));
  EXPECT_NEAR(operate(made, 2.0).rejection, 0.50489491738166, 1e-8);
  EXPECT_NEAR(operate(made, 3.0).rejection, 0.84244288204676, 1e-8);
  EXPECT_NEAR(operate(made, 0.0).expected_information, 0.99343418228588, 1e-8);
  EXPECT_NEAR(operate(made, 2.0).expected_information, 0.90688825170161, 1e-8);
  EXPECT_NEAR(operate(made, 3.0).expected_information, 0.78086434856605, 1e-8);
}

TEST(Bounds, AnyDesignSpendsItsAlphaExactly) {
  const numerics::Philox random(20260101, 5);
  const SpendingFamily families[] = {SpendingFamily::obrien_fleming, SpendingFamily::pocock,
                                     SpendingFamily::power, SpendingFamily::hwang_shih_decani};
  for (std::uint64_t i = 0; i < 60; ++i) {
    const auto u = [&](std::uint64_t j) { return random.uniform(100 * i + j); };
    const auto looks = static_cast<std::size_t>(1 + 11 * u(0));
    std::vector<double> information;
    double total = 0.0;
    for (std::size_t k = 0; k < looks; ++k)
      information.push_back(total += std::pow(u(10 + k), 3) + 0.001);
    for (double& t : information) t /= total;
    const Sides sides = u(1) < 0.5 ? Sides::one : Sides::two;
    const double alpha = std::pow(10.0, -0.4 - 5.0 * u(2));
    const auto family = families[static_cast<std::size_t>(4 * u(3))];
    const double parameter = family == SpendingFamily::power ? 0.3 + 5 * u(4) : -12.0 + 20.0 * u(4);
    const auto made = design(spending_of(information, alpha, sides, family, parameter));
    EXPECT_NEAR(operate(made, 0.0).rejection / alpha, 1.0, 1e-8) << i;
    const double more = operate(made, 3.0).power;
    EXPECT_GT(more, operate(made, 2.9).power) << i;
    EXPECT_LE(more, 1.0 + 1e-12) << i;
  }
}

TEST(Bounds, NonsenseDesignsAreRefusedInTheirOwnWords) {
  const auto problem = [](const GroupSequentialSpec& spec) {
    const auto made = design_group_sequential(spec);
    EXPECT_FALSE(made);
    return made ? std::string() : made.error().problem;
  };
  using ::testing::HasSubstr;
  const auto three = spending_of({0.3, 0.6, 1.0}, 0.05, Sides::two, SpendingFamily::pocock);
  auto spec = three;
  spec.information = {};
  EXPECT_THAT(problem(spec), HasSubstr("one look at least"));
  spec.information = {0.6, 0.3, 1.0};
  EXPECT_THAT(problem(spec), HasSubstr("grow from look to look"));
  spec.information = {0.3, 0.6};
  EXPECT_THAT(problem(spec), HasSubstr("whole information"));
  spec.information = {0.3, NAN, 1.0};
  EXPECT_THAT(problem(spec), HasSubstr("grow from look to look"));
  spec = three;
  spec.alpha = 1.0;
  EXPECT_THAT(problem(spec), HasSubstr("alpha lies between"));
  spec = three;
  spec.alpha_spending = {SpendingFamily::power, 0.0, {}};
  EXPECT_THAT(problem(spec), HasSubstr("above 0"));
  spec.alpha_spending = {SpendingFamily::user, 0.0, {{0.3, 0.02}, {0.6, 0.01}, {1.0, 0.05}}};
  EXPECT_THAT(problem(spec), HasSubstr("must rise"));
  spec.alpha_spending.table = {{0.3, 0.02}, {1.0, 0.04}};
  EXPECT_THAT(problem(spec), HasSubstr("must end"));
  spec = three;
  spec.futility = Futility{std::nullopt, {0.1}, 0.2, false};
  EXPECT_THAT(problem(spec), HasSubstr("need 2 futility bounds"));
  spec.futility->bounds = {-1.0, 0.1};
  EXPECT_THAT(problem(spec), HasSubstr("|z|"));
  spec.futility->bounds = {0.1, 5.0};
  EXPECT_THAT(problem(spec), HasSubstr("always end there"));
  spec.futility = beta(SpendingFamily::pocock, 0, 0.99, false);
  EXPECT_THAT(problem(spec), HasSubstr("beta must leave"));
  EXPECT_FALSE(characteristics(design(three), 0.01));
  EXPECT_FALSE(required_information(design(three), 0.8, 0.0));
}

TEST(Precision, TwiceTheNodesChangeNothing) {
  // Very uneven looks, drift and bounds of both kinds.
  using detail::PathDensity;
  const std::vector<double> looks{0.02, 0.021, 0.3, 0.3005, 0.7, 0.99, 1.0};
  for (const double drift : {0.0, 2.5, -3.0}) {
    PathDensity plain(drift);
    PathDensity fine(drift);
    fine.refine(2.0);
    for (std::size_t k = 0; k + 1 < looks.size(); ++k) {
      const double c = 2.2 + 0.3 / looks[k];
      const auto regions =
          detail::continuation(k % 2 == 0 ? Sides::two : Sides::one, c, k % 2 == 0 ? 0.2 : kNone);
      EXPECT_NEAR(plain.above(c, looks[k]), fine.above(c, looks[k]), 1e-13) << k;
      plain.advance(looks[k], regions, looks[k + 1]);
      fine.advance(looks[k], regions, looks[k + 1]);
      EXPECT_NEAR(plain.mass(), fine.mass(), 1e-13) << k;
    }
    EXPECT_NEAR(plain.above(1.9, 1.0), fine.above(1.9, 1.0), 1e-13);
    EXPECT_NEAR(plain.above(1.9, 1.0) + plain.below(1.9, 1.0), plain.mass(), 1e-13);
  }
}

}  // namespace
}  // namespace assay::sequential
