#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "assay/app/assign.hpp"
#include "assay/app/assign_experiment.hpp"
#include "assay/assignment/traffic.hpp"

/// The parts of `assay assign`, one a kind of question.
namespace assay::app {

/// Counts assignments by hash while they are made.
class AssignmentTally {
 public:
  AssignmentTally(const assignment::TrafficPlan& plan, const std::vector<Neighbour>& neighbours);

  /// Assigns one unit and counts it.
  assignment::Assigned add(std::string_view unit);

  /// Arms, reasons, and the checks of evenness, weights and independence; `bad` is set when one
  /// fails.
  void report(report::Document& document, bool& bad) const;

  [[nodiscard]] std::int64_t units() const { return units_; }
  [[nodiscard]] std::int64_t assigned() const {
    return outcomes_[static_cast<std::size_t>(assignment::Outcome::assigned)];
  }

 private:
  void report_counts(report::Document& document) const;
  void report_neighbours(report::Document& document, bool& bad) const;

  const assignment::TrafficPlan& plan_;
  const std::vector<Neighbour>& neighbours_;
  std::int64_t units_ = 0;
  std::vector<std::int64_t> arms_;
  std::vector<std::int64_t> outcomes_;
  std::vector<std::int64_t> buckets_;
  std::vector<std::vector<std::int64_t>> tables_;  ///< [neighbour]: our arm * its arms + its arm.
};

/// The made-up ids "1" to "100000" instead of a file.
Result<Outcome> assign_made_up(Context& context, const AssignedExperiment& experiment);

/// A file of units by hash.
Result<Outcome> assign_by_hash(Context& context, const AssignedExperiment& experiment,
                               const AssignOptions& options);

/// A file of units (regions, for a switchback) by a design drawn from the seed of the spec.
Result<Outcome> assign_by_design(Context& context, const AssignedExperiment& experiment,
                                 const AssignOptions& options);

/// Every step of one unit's assignment.
Result<Outcome> explain_unit(Context& context, const AssignedExperiment& experiment,
                             const std::string& unit);

/// The project's log, or a file of logged arms, against the hash.
Result<Outcome> replay_log(Context& context, const AssignedExperiment& experiment,
                           const AssignOptions& options);

/// A document of this verb: kind, title, provenance with the spec's hash.
report::Document assignment_document(const Context& context, const AssignedExperiment& experiment,
                                     std::string subtitle);

}  // namespace assay::app
