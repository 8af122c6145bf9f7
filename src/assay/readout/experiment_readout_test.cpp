#include "assay/readout/experiment_readout.hpp"

#include <gmock/gmock.h>

#include "assay/experiment/fixture_for_tests.hpp"
#include "assay/report/render.hpp"

namespace assay::readout {
namespace {

using experiment::testing::cell;
using experiment::testing::make_fixture;
using experiment::testing::moments_of;
using ::testing::HasSubstr;
using ::testing::Not;

/// The page of a tiny experiment as text and Markdown.
struct Page {
  std::string text;
  std::string markdown;
  std::string html;
};

Page page_of(std::int64_t n_treatment, double watch) {
  const auto fixture = make_fixture();
  EXPECT_TRUE(fixture.has_value());
  const std::int64_t n = 20'000;
  const auto moments =
      moments_of(fixture->plan, {{cell(n, 30, 20), cell(n, 2, 3), cell(n, 1, 2), cell(n, 0.5, 1)},
                                 {cell(n_treatment, watch, 20), cell(n_treatment, 2, 3),
                                  cell(n_treatment, 1, 2), cell(n_treatment, 0.5, 1)}});
  const auto integrity = experiment::check_integrity(fixture->spec, fixture->plan, moments);
  const auto analysis = experiment::analyze(fixture->spec, fixture->plan, moments);
  const auto decision = decision::decide(fixture->spec, fixture->plan, *integrity, *analysis);
  EXPECT_TRUE(decision.has_value());
  const auto flips =
      decision::search_flips(fixture->spec, fixture->plan, moments, *integrity, *decision);
  const decision::Registration none;
  const auto document = experiment_document(
      {fixture->spec, fixture->plan, moments, *integrity, *analysis, *decision, *flips, none},
      {.version = "0.1.0"}, {{"watch", 2.0}});
  return {report::render_text(document), report::render_markdown(document),
          report::render_html(document)};
}

TEST(ExperimentReadout, TheVerdictStandsFirstAndTheScorecardBelow) {
  const Page page = page_of(20'000, 32.0);
  EXPECT_THAT(page.text, HasSubstr("SHIP"));
  EXPECT_LT(page.text.find("SHIP"), page.text.find("crashes"));
  EXPECT_THAT(page.text, HasSubstr("watch"));
}

// Lift by hand: (32 - 30) / 30 = +6.67 %.
TEST(ExperimentReadout, TheLiftIsTheRelativeChange) {
  EXPECT_THAT(page_of(20'000, 32.0).markdown, HasSubstr("+6.67 %"));
}

TEST(ExperimentReadout, AnInvalidExperimentShowsTheFailedCheckAndNoEffect) {
  const Page page = page_of(18'500, 32.0);
  EXPECT_THAT(page.text, HasSubstr("INVALID"));
  EXPECT_THAT(page.text, HasSubstr("sample ratio"));
  EXPECT_THAT(page.text, Not(HasSubstr("+6.67 %")));
  EXPECT_THAT(page.markdown, Not(HasSubstr("+6.67 %")));
  EXPECT_THAT(page.html, Not(HasSubstr("0.0666")));
}

TEST(ExperimentReadout, TheTruthStandsBesideTheEstimateWhenItIsKnown) {
  EXPECT_THAT(page_of(20'000, 32.0).markdown, HasSubstr("Estimate and truth"));
}

TEST(ExperimentReadout, EveryRuleIsListedWithItsClauses) {
  const Page page = page_of(20'000, 32.0);
  EXPECT_THAT(page.markdown, HasSubstr("any guardrail harmed"));
  EXPECT_THAT(page.markdown, HasSubstr("SHIP (fired)"));
}

}  // namespace
}  // namespace assay::readout
