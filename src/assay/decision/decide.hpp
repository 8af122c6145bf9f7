#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "assay/base/result.hpp"
#include "assay/experiment/analysis.hpp"
#include "assay/spec/experiment.hpp"

namespace assay::decision {

/// One clause of a rule as it came out.
struct ClauseReading {
  std::string clause;  ///< "all primary metrics significant"
  bool holds = false;
  std::string why;  ///< "watch_minutes_per_user: +1.9 %, p = 0.0003"
};

/// One rule with all its clauses; it holds when every clause does.
struct RuleReading {
  spec::Verdict verdict = spec::Verdict::iterate;
  bool holds = false;
  std::vector<ClauseReading> clauses;  ///< Empty: a rule without conditions.
};

/// What the rules, written before the data, say about one treatment arm.
struct ArmDecision {
  std::size_t arm = 1;  ///< In Plan::query.arms.
  spec::Verdict verdict = spec::Verdict::iterate;
  std::optional<std::size_t> rule;  ///< In `rules`; none: the built-in rule below.
  std::string fired;                ///< The clause or clauses that decided, in words.
  std::vector<RuleReading> rules;   ///< All of them, also those after the one that fired.
};

/// The decision of an experiment. With several treatment arms each is decided for itself; the
/// verdict is ship when one of them ships, else that of the first arm.
struct Decision {
  spec::Verdict verdict = spec::Verdict::iterate;
  std::size_t arm = 0;  ///< In `arms`: the one that the verdict speaks of.
  std::vector<ArmDecision> arms;
  bool period_left = false;  ///< The data end before the experiment does.
  std::string rules_hash;
};

/// Applies the rules in order: the first that holds decides. Two rules are built in and cannot be
/// written away: a failed integrity check makes the verdict invalid, and when no rule holds the
/// verdict is iterate.
///
/// A primary metric is significant when it reads better, negative when it reads worse. A lift is
/// counted in the good direction and compared by its estimate. A segment is harmed when a primary
/// metric reads worse in one of its values.
/// Fails with invalid_spec when a rule names a segment that was not analysed.
Result<Decision> decide(const spec::Experiment& experiment, const experiment::Plan& plan,
                        const experiment::Integrity& integrity,
                        const experiment::Analysis& analysis);

}  // namespace assay::decision
