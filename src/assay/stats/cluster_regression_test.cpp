#include "assay/stats/cluster_regression.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <cmath>
#include <limits>

#include "assay/numerics/moments.hpp"
#include "assay/numerics/philox.hpp"
#include "assay/stats/cluster_test_world.hpp"

namespace assay::stats {
namespace {

using testing::HasSubstr;

struct Golden {
  ClusterVariance variance;
  std::size_t coefficient;
  double estimate;
  double std_error;
  double degrees_of_freedom;
  double p_value;
};

// Weighted: of the rows times sqrt(w). Source: R 4.2.2, clubSandwich 0.5.8, coef_test(lm(...),
// vcovCR(type), test = "Satterthwaite"); tests/golden/clusters.R.
const std::vector<Golden> kMeans{
    {ClusterVariance::cr0, 0, 11.252812580206815, 0.3072715078917264, 5.990957530015825,
     2.823308737391914e-08},
    {ClusterVariance::cr0, 1, 0.8737848192591531, 0.4152384416116991, 7.6550656350874045,
     0.0700293684458115},
    {ClusterVariance::cr1, 0, 11.252812580206815, 0.3188707133558356, 5.990957530015824,
     3.521904618675219e-08},
    {ClusterVariance::cr1, 1, 0.8737848192591531, 0.43091329553452945, 7.655065635087406,
     0.07872048852055741},
    {ClusterVariance::cr1s, 0, 11.252812580206815, 0.3206179632206413, 5.990957530015824,
     3.6386103615820655e-08},
    {ClusterVariance::cr1s, 1, 0.8737848192591531, 0.43327448195219037, 7.655065635087403,
     0.08005943282493912},
    {ClusterVariance::cr2, 0, 11.252812580206815, 0.3441450789294055, 5.51940944523273,
     1.5639627953518652e-07},
    {ClusterVariance::cr2, 1, 0.8737848192591531, 0.4684941936301921, 7.0192966706341755,
     0.10431193914121867},
    {ClusterVariance::cr3, 0, 11.252812580206815, 0.38629928514571565, 5.046664854740978,
     8.07936130352836e-07},
    {ClusterVariance::cr3, 1, 0.8737848192591531, 0.5298431047769707, 6.420033578061329,
     0.14696857008206465},
};
const std::vector<Golden> kAncova{
    {ClusterVariance::cr0, 0, 9.738530428392792, 0.2395305885573225, 8.365850065902587,
     6.553607631336122e-11},
    {ClusterVariance::cr0, 1, 0.40914354656918644, 0.19932826265147247, 7.532024981136297,
     0.07638715909132057},
    {ClusterVariance::cr0, 2, 2.0471852188064736, 0.1506120416544517, 8.999690406440648,
     2.647338884077671e-07},
    {ClusterVariance::cr0, 3, 0.5611564666003105, 0.20690940427207627, 8.824725705037803,
     0.024331868469151422},
    {ClusterVariance::cr1, 0, 9.738530428392792, 0.24857263912256522, 8.365850065902585,
     8.922176940483192e-11},
    {ClusterVariance::cr1, 1, 0.40914354656918644, 0.20685271387430784, 7.5320249811362965,
     0.08554663434102765},
    {ClusterVariance::cr1, 2, 2.0471852188064736, 0.1562975021402134, 8.999690406440644,
     3.641621127449661e-07},
    {ClusterVariance::cr1, 3, 0.5611564666003105, 0.2147200363384046, 8.824725705037801,
     0.02856009787132878},
    {ClusterVariance::cr1s, 0, 9.738530428392792, 0.2527273442356687, 8.365850065902587,
     1.0242262841067654e-10},
    {ClusterVariance::cr1s, 1, 0.40914354656918644, 0.21031010174702985, 7.532024981136296,
     0.08986248441170507},
    {ClusterVariance::cr1s, 2, 2.0471852188064736, 0.15890989758968652, 8.999690406440646,
     4.1985383829469816e-07},
    {ClusterVariance::cr1s, 3, 0.5611564666003105, 0.21830892060181312, 8.824725705037803,
     0.030626588007199466},
    {ClusterVariance::cr2, 0, 9.738530428392792, 0.26848449024351373, 7.737987261342768,
     6.381484534292466e-10},
    {ClusterVariance::cr2, 1, 0.40914354656918644, 0.2310883594027696, 6.795420480229113,
     0.12123174485028268},
    {ClusterVariance::cr2, 2, 2.0471852188064736, 0.1748859965015889, 8.566344223157591,
     1.4579704985164019e-06},
    {ClusterVariance::cr2, 3, 0.5611564666003105, 0.22152766535734666, 8.229976973200351,
     0.034320128247080875},
    {ClusterVariance::cr3, 0, 9.738530428392792, 0.3044284387992026, 7.088167764298874,
     6.288719898227388e-09},
    {ClusterVariance::cr3, 1, 0.40914354656918644, 0.2689857670044644, 6.114949089351601,
     0.17814527717345457},
    {ClusterVariance::cr3, 2, 2.0471852188064736, 0.20550981135813856, 8.084261795530956,
     8.107219591156613e-06},
    {ClusterVariance::cr3, 3, 0.5611564666003105, 0.23962812271584716, 7.625957956596555,
     0.04879580444979657},
};
const std::vector<Golden> kWeighted{
    {ClusterVariance::cr0, 0, 11.27542202425498, 0.2757632714701165, 6.13132536079783,
     1.0457084215407373e-08},
    {ClusterVariance::cr0, 1, 0.8363307247200359, 0.38746826759707803, 7.986705292609596,
     0.06299724327763624},
    {ClusterVariance::cr1, 0, 11.27542202425498, 0.286173071152435, 6.131325360797831,
     1.3114441449083555e-08},
    {ClusterVariance::cr1, 1, 0.8363307247200359, 0.4020948240178727, 7.986705292609594,
     0.07118026634985712},
    {ClusterVariance::cr1s, 0, 11.27542202425498, 0.2877411545133053, 6.131325360797831,
     1.3559706348129002e-08},
    {ClusterVariance::cr1s, 1, 0.8363307247200359, 0.4042980998205027, 7.986705292609594,
     0.07244450962752891},
    {ClusterVariance::cr2, 0, 11.27542202425498, 0.30597958625256627, 5.73819737407396,
     4.870864105001219e-08},
    {ClusterVariance::cr2, 1, 0.8363307247200359, 0.43494495066062533, 7.319393136611505,
     0.0941094071043509},
    {ClusterVariance::cr3, 0, 11.27542202425498, 0.3402311772859296, 5.342667521038005,
     2.159252874359794e-07},
    {ClusterVariance::cr3, 1, 0.8363307247200359, 0.4894741866824165, 6.678280233672811,
     0.13333273281504435},
};

void expect_golden(const RegressionColumns& columns, const std::vector<Golden>& golden) {
  for (const Golden& want : golden) {
    const auto fit = cluster_regression(columns, 0.95, want.variance);
    ASSERT_TRUE(fit) << to_text(fit.error());
    const ClusterCoefficient& got = fit->coefficients[want.coefficient];
    const std::string at =
        std::to_string(static_cast<int>(want.variance)) + " " + std::to_string(want.coefficient);
    EXPECT_NEAR(got.estimate, want.estimate, 1e-11) << at;
    EXPECT_NEAR(got.std_error, want.std_error, 1e-11) << at;
    EXPECT_NEAR(got.degrees_of_freedom, want.degrees_of_freedom, 1e-9) << at;
    EXPECT_NEAR(got.p_value, want.p_value, 1e-10) << at;
  }
}

RegressionColumns means(const ClusterWorld& w) {
  return {{w.one, w.t}, {"one", "t"}, w.y, {}, w.g, {}};
}

RegressionColumns ancova(const ClusterWorld& w) {
  return {{w.one, w.t, w.x1, w.x2}, {"one", "t", "x1", "x2"}, w.y, {}, w.g, {}};
}

TEST(ClusterRegression, EqualsClubSandwichForADifferenceOfMeans) {
  const ClusterWorld w;
  expect_golden(means(w), kMeans);
}

TEST(ClusterRegression, EqualsClubSandwichWithCovariates) {
  const ClusterWorld w;
  expect_golden(ancova(w), kAncova);
}

TEST(ClusterRegression, EqualsClubSandwichWithInverseVarianceWeights) {
  const ClusterWorld w;
  auto columns = means(w);
  columns.weights = w.w;
  expect_golden(columns, kWeighted);
}

TEST(ClusterRegression, EqualsEstimatrForLinsInteractions) {
  const ClusterWorld w;
  const auto n = static_cast<double>(w.y.size());
  std::vector<std::vector<double>> q{w.x1, w.x2};
  std::vector<std::vector<double>> tq(2);
  for (std::size_t k = 0; k < 2; ++k) {
    double mean = 0.0;
    for (const double x : q[k]) mean += x / n;
    for (std::size_t i = 0; i < w.y.size(); ++i) {
      q[k][i] -= mean;
      tq[k].push_back(w.t[i] * q[k][i]);
    }
  }
  const auto fit =
      *cluster_regression({{w.one, w.t, q[0], q[1], tq[0], tq[1]}, {}, w.y, {}, w.g, {}}, 0.95);
  // Source: estimatr 1.0.0, lm_robust(y ~ t * (q1 + q2), clusters = g, se_type = "CR2").
  EXPECT_NEAR(fit.coefficients[1].estimate, 0.436376875259943009, 1e-11);
  EXPECT_NEAR(fit.coefficients[1].std_error, 0.211518835022617813, 1e-11);
  EXPECT_NEAR(fit.coefficients[1].degrees_of_freedom, 5.878763016598557378, 1e-9);
  EXPECT_NEAR(fit.coefficients[1].p_value, 0.085662550224295683, 1e-10);
}

TEST(ClusterRegression, FixedEffectsOfClustersAreColumns) {
  const ClusterWorld w;
  RegressionColumns columns{{w.inside, w.one}, {}, w.y, {}, w.g, {}, 1};
  std::vector<std::vector<double>> effects(13);
  for (std::size_t k = 0; k < effects.size(); ++k) {
    for (const auto code : w.g)
      effects[k].push_back(code == static_cast<std::int64_t>(k) + 2 ? 1.0 : 0.0);
    columns.x.emplace_back(effects[k]);
  }
  const auto fit = cluster_regression(columns, 0.95);
  ASSERT_TRUE(fit) << to_text(fit.error());
  // Source: clubSandwich 0.5.8, lm(y ~ inside + factor(g)), CR2, Satterthwaite.
  EXPECT_NEAR(fit->coefficients[0].estimate, -0.039771534353338453, 1e-11);
  EXPECT_NEAR(fit->coefficients[0].std_error, 0.203210730222105840, 1e-11);
  EXPECT_NEAR(fit->coefficients[0].degrees_of_freedom, 9.437741012940696450, 1e-8);
  EXPECT_NEAR(fit->coefficients[0].p_value, 0.848981967764192325, 1e-10);
}

TEST(ClusterRegression, TwoWaysEqualSandwich) {
  const ClusterWorld w;
  auto columns = ancova(w);
  columns.second_cluster = w.h;
  // Source: sandwich 3.0-2, vcovCL(lm, cluster = data.frame(g, h), type, cadjust, fix = TRUE).
  const std::vector<double> hc0{0.24875523357100066, 0.16903192035118700, 0.25225506731906022,
                                0.16338024812187296};
  const std::vector<double> hc1{0.28165807708135981, 0.18954288096017138, 0.29033387843951980,
                                0.20295396097043814};
  // Source: clubSandwich 0.5.8, V(g) + V(h) - V(g h), each CR2.
  const std::vector<double> cr2{0.29178747681825817, 0.21656465067056496, 0.30549674346047995,
                                0.20822265992288841};
  const auto fit0 = *cluster_regression(columns, 0.95, ClusterVariance::cr0);
  const auto fit1 = *cluster_regression(columns, 0.95, ClusterVariance::cr1s);
  const auto fit2 = *cluster_regression(columns, 0.95, ClusterVariance::cr2);
  for (std::size_t k = 0; k < 4; ++k) {
    EXPECT_NEAR(fit0.coefficients[k].std_error, hc0[k], 1e-11);
    EXPECT_NEAR(fit1.coefficients[k].std_error, hc1[k], 1e-11);
    EXPECT_NEAR(fit2.coefficients[k].std_error, cr2[k], 1e-11);
  }
  // The second way has fewer degrees of freedom: its own decide.
  EXPECT_NEAR(fit2.coefficients[1].degrees_of_freedom, 4.3557561337296402, 1e-9);
  EXPECT_EQ(fit2.second_clusters, 6);
}

TEST(ClusterRegression, OneUnitAClusterIsHc2WithBellMcCaffreyFreedom) {
  // A different algorithm: Welch's standard error, which HC2 equals for two arms.
  const ClusterWorld w;
  std::vector<std::int64_t> own;
  for (std::size_t i = 0; i < w.y.size(); ++i) own.push_back(static_cast<std::int64_t>(i) * 7);
  auto columns = means(w);
  columns.cluster = own;
  numerics::Moments arms[2];
  for (std::size_t i = 0; i < w.y.size(); ++i) arms[w.t[i] > 0.0 ? 1 : 0].add(w.y[i]);
  const auto plain = *welch(arms[0], arms[1], 0.95);
  const auto fit = *cluster_regression(columns, 0.95);
  EXPECT_NEAR(fit.coefficients[1].std_error, plain.std_error, 1e-12);
}

TEST(ClusterRegression, RelabelledClustersAndShuffledUnitsChangeNothing) {
  const ClusterWorld w;
  const auto before = *cluster_regression(ancova(w), 0.95);
  std::vector<double> one, t, x1, x2, y;
  std::vector<std::int64_t> g;
  for (std::size_t i = 0; i < w.y.size(); ++i) {
    const std::size_t from = (i * 37 + 11) % w.y.size();
    one.push_back(1.0);
    t.push_back(w.t[from]);
    x1.push_back(w.x1[from] * 1000.0);
    x2.push_back(w.x2[from]);
    y.push_back(w.y[from]);
    g.push_back(-900 * w.g[from]);
  }
  const auto after = *cluster_regression({{one, t, x1, x2}, {}, y, {}, g, {}}, 0.95);
  EXPECT_NEAR(after.coefficients[1].std_error, before.coefficients[1].std_error, 1e-12);
  EXPECT_NEAR(after.coefficients[1].degrees_of_freedom, before.coefficients[1].degrees_of_freedom,
              1e-9);
  EXPECT_NEAR(after.coefficients[2].statistic, before.coefficients[2].statistic, 1e-9);
}

TEST(ClusterRegression, ManyClustersCostNoMoreThanTheirSums) {
  const numerics::Philox random(7, 1);
  const std::size_t clusters = 100'000;
  std::vector<double> one, t, x, y;
  std::vector<std::int64_t> g;
  for (std::size_t k = 0; k < clusters; ++k) {
    for (std::size_t i = 0; i < 2; ++i) {
      const auto u = random.uniform_pair(k * 2 + i);
      one.push_back(1.0);
      t.push_back(k % 2 == 0 ? 0.0 : 1.0);
      x.push_back(u[0]);
      y.push_back(u[0] + u[1]);
      g.push_back(static_cast<std::int64_t>(k));
    }
  }
  const auto start = std::chrono::steady_clock::now();
  const auto fit = *cluster_regression({{one, t, x}, {}, y, {}, g, {}}, 0.95);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  EXPECT_EQ(fit.clusters, 100'000);
  EXPECT_NEAR(fit.coefficients[2].estimate, 1.0, 0.01);
  EXPECT_LT(took.count(), 10.0);  // A G x G matrix would take 80 GB.
}

TEST(ClusterRegression, BadColumnsAreRefusedInTheirOwnWords) {
  const ClusterWorld w;
  auto repeated = ancova(w);
  repeated.x[3] = w.t;
  repeated.names[3] = "again";
  EXPECT_THAT(cluster_regression(repeated, 0.95).error().problem, HasSubstr("again"));
  auto infinite = w.y;
  infinite[3] = std::numeric_limits<double>::infinity();
  auto columns = means(w);
  columns.y = infinite;
  EXPECT_EQ(cluster_regression(columns, 0.95).error().code, ErrorCode::invalid_data);
  columns = means(w);
  const std::vector<std::int64_t> same(w.y.size(), 4);
  columns.cluster = same;
  EXPECT_THAT(cluster_regression(columns, 0.95).error().problem, HasSubstr("two clusters"));
  columns = means(w);
  columns.x[1] = std::span(w.t).first(5);
  EXPECT_EQ(cluster_regression(columns, 0.95).error().code, ErrorCode::invalid_spec);
  columns = means(w);
  columns.weights = w.t;
  EXPECT_THAT(cluster_regression(columns, 0.95).error().problem, HasSubstr("positive"));
  columns = means(w);
  const std::vector<double> constant(w.y.size(), 3.0);
  columns.y = constant;
  EXPECT_EQ(cluster_regression(columns, 0.95).error().code, ErrorCode::undefined_statistic);
  EXPECT_EQ(cluster_regression(means(w), 1.0).error().code, ErrorCode::invalid_spec);
}

}  // namespace
}  // namespace assay::stats
