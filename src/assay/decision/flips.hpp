#pragma once

#include <string>
#include <vector>

#include "assay/base/result.hpp"
#include "assay/decision/decide.hpp"

namespace assay::decision {

/// The smallest change of one choice that turns the verdict of the reported arm.
struct Flip {
  enum class Choice : std::uint8_t {
    alpha,            ///< Of the whole analysis.
    margin,           ///< Of one guardrail.
    excluded_segment  ///< All units of one value of one segment left out.
  } choice = Choice::alpha;
  std::string what;   ///< "alpha", a guardrail, "country = BR".
  double from = 0.0;  ///< alpha and margin: as written, and where the verdict turns.
  double to = 0.0;
  double share = 0.0;                              ///< excluded_segment: of the analysed units.
  spec::Verdict verdict = spec::Verdict::iterate;  ///< What it turns into.
};

/// What was tried, whether or not anything turned.
struct FlipSearch {
  std::vector<Flip> flips;             ///< In the order alpha, margins, segments.
  std::vector<std::string> steadfast;  ///< "alpha from 0.001 to 0.2", ...: nothing turned there.
};

/// Reads the same moments again under other choices: alpha between 0.001 and 0.2, every guardrail's
/// margin between a tenth and ten times, every value of the segments left out in turn (not of
/// those that have more than 50 values, and named so). Turning points to three digits.
/// An invalid verdict has no turning points: nothing is searched.
Result<FlipSearch> search_flips(const spec::Experiment& experiment, const experiment::Plan& plan,
                                const engine::ExperimentMoments& moments,
                                const experiment::Integrity& integrity, const Decision& decision,
                                const experiment::LookProgress& progress = {});

}  // namespace assay::decision
