#include "assay/readout/metrics_readout.hpp"

#include <gmock/gmock.h>

#include "assay/report/render.hpp"

namespace assay::readout {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

spec::Metric metric(std::string name, spec::MetricType type) {
  spec::Metric made;
  made.name.value = std::move(name);
  made.type.value = type;
  made.numerator = spec::Measure{};
  if (type == spec::MetricType::ratio) made.denominator = spec::Measure{};
  return made;
}

MetricsPage page_of(const spec::Metric& shown, numerics::CoMoments moments) {
  MetricsPage page{.title = "Shop", .unit = "customer"};
  page.metrics = {&shown};
  page.periods.push_back({0, 6, true, {moments.n, {std::move(moments)}}});
  return page;
}

// 40 of 100. Source of the interval: Wilson (1927), worked through with scipy 1.17.1
// norm.ppf(0.975): (0.3094, 0.4980).
TEST(MetricsReadout, AProportionHasItsCountsAndWilsonsInterval) {
  numerics::CoMoments moments(1);
  for (int i = 0; i < 100; ++i) moments.add(std::vector<double>{i < 40 ? 1.0 : 0.0});
  const auto buyers = metric("buyers", spec::MetricType::proportion);
  const auto text = report::render_markdown(metrics_document(page_of(buyers, moments), {}));
  EXPECT_THAT(text, HasSubstr("40.0 %"));
  EXPECT_THAT(text, HasSubstr("30.9"));
  EXPECT_THAT(text, HasSubstr("49.8"));
}

// Two units, y = 10 and 20, d = 1 and 4: 30 over 5 is 6, whatever the mean of 10 and 5 is.
TEST(MetricsReadout, ARatioIsSumOverSum) {
  numerics::CoMoments moments(2);
  moments.add(std::vector<double>{10.0, 1.0});
  moments.add(std::vector<double>{20.0, 4.0});
  const auto basket = metric("basket", spec::MetricType::ratio);
  const auto text = report::render_csv(metrics_document(page_of(basket, moments), {}));
  EXPECT_THAT(text, HasSubstr("basket,30,5,6"));
}

// The sums 3,751 and 88,742.535 as engines that add in another order have them.
TEST(MetricsReadout, ATotalReadsTheSameInWhateverOrderItWasAdded) {
  auto minutes = metric("minutes", spec::MetricType::mean);
  minutes.numerator->agg = spec::Aggregation::sum;
  const auto text_of = [&](double total) {
    numerics::CoMoments moments(1);
    moments.n = 700;
    moments.mean = {total / 700.0};
    moments.comoment = {1.0};
    return report::render_text(metrics_document(page_of(minutes, moments), {}), {});
  };
  for (const double total : {3751.0, 88742.535}) {
    EXPECT_EQ(text_of(total), text_of(total * (1.0 + 1e-14)));
    EXPECT_EQ(text_of(total), text_of(total * (1.0 - 1e-14)));
  }
  EXPECT_THAT(text_of(3751.0 + 1e-11), HasSubstr("3,751 "));
}

TEST(MetricsReadout, APeriodWithoutUnitsHasNoValue) {
  const auto revenue = metric("revenue", spec::MetricType::mean);
  const auto text =
      report::render_text(metrics_document(page_of(revenue, numerics::CoMoments(1)), {}), {});
  EXPECT_THAT(text, HasSubstr("nobody was active"));
  EXPECT_THAT(text, Not(HasSubstr("nan")));
}

}  // namespace
}  // namespace assay::readout
