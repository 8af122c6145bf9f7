#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "assay/base/time.hpp"
#include "assay/spec/experiment.hpp"

/// The memory of one experiment: when its rules were written down, and every time it was looked at.
namespace assay::decision {

/// The rules as they were written down.
struct Registered {
  TimeUs at = 0;            ///< When; the clock of the machine.
  std::string rules_hash;   ///< spec::decision_hash.
  std::string spec_hash;    ///< spec::spec_hash.
  std::string reason;       ///< Of an amendment; empty for the first registration.
  bool before_data = true;  ///< No unit was assigned in the data as they were then.
};

/// One metric and arm at a look.
struct LookMetric {
  std::string metric;
  std::string arm;
  std::string role;
  std::int64_t n_control = 0;
  std::int64_t n_treatment = 0;
  double control_value = 0.0;
  double difference = 0.0;
  double std_error = 0.0;
};

/// One reading of the data while the experiment ran or at its end.
struct Look {
  TimeUs at = 0;
  TimeUs complete_until = 0;           ///< The data were complete before it.
  std::string rules_hash;              ///< Under which rules it was read.
  double information = 0.0;            ///< Fraction of the planned maximum.
  std::int64_t analysed = 0;           ///< Units.
  std::vector<std::int64_t> assigned;  ///< By arm.
  std::string verdict;
  std::vector<LookMetric> metrics;
};

/// Of one experiment; kept in the project as registry/NAME.json.
struct Registration {
  std::string experiment;
  std::vector<Registered> rules;  ///< The first registration and its amendments; may be empty.
  std::vector<Look> looks;        ///< In the order of complete_until; one each.
};

/// How the rules in the spec relate to those that were written down.
enum class RulesState : std::uint8_t {
  not_registered,
  as_registered,  ///< The same as before any data.
  late,           ///< The same, but first written down when there were data.
  amended,        ///< Changed and registered again, after data had arrived.
  changed         ///< Not the registered ones.
};
std::string_view to_text(RulesState state);

RulesState rules_state(const Registration& registration, const std::string& rules_hash);

/// Writes a look into the memory: a look at the same data replaces the one before.
void remember(Registration& registration, Look look);

/// Looks at less data than `complete_until` reaches, in order.
std::vector<Look> looks_before(const Registration& registration, TimeUs complete_until);

}  // namespace assay::decision
