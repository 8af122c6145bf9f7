#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "assay/base/result.hpp"
#include "assay/engine/query.hpp"
#include "assay/events/event_masks.hpp"
#include "assay/events/experiment.hpp"
#include "assay/events/index.hpp"
#include "assay/events/scan.hpp"
#include "assay/events/unit_rows.hpp"
#include "assay/events/unit_totals.hpp"

namespace assay::engine {

/// Turns the names of a query into the codes and positions of an index. Properties and filters
/// that come twice are kept once. Assumes that the query went through `checked`; fails with
/// invalid_spec for a name that the index does not have.
class PlanWriter {
 public:
  explicit PlanWriter(const events::Index& index) : index_(index) {}

  Result<events::EventSet> events(const EventSelector& selector);

  /// Events that pass one more filter than the selector's own.
  Result<events::EventSet> events(const EventSelector& selector,
                                  const std::optional<frame::Predicate>& also);
  Result<std::size_t> slot(const std::string& property);
  Result<events::FoldTerm> term(const Term& term);
  Result<events::Outcome> outcome(const ExperimentMetric& metric);
  Result<events::SegmentRule> segment(const SegmentBy& segment);

  /// Everything of an experiment, into a plan; what it reads is not in the plan yet.
  Result<void> experiment(const ExperimentQuery& query, events::ExperimentPlan& plan);

  /// What the plan reads, after all names were turned.
  [[nodiscard]] events::ScanInputs inputs() const { return inputs_; }
  [[nodiscard]] std::vector<frame::Type> slot_types() const;

 private:
  Result<std::size_t> filter(const frame::Predicate& predicate);

  const events::Index& index_;
  events::ScanInputs inputs_;
  std::map<std::string, std::size_t> filters_;  ///< By their text.
};

/// The whole plan of an experiment.
Result<events::ExperimentPlan> experiment_plan(const ExperimentQuery& query,
                                               const events::Index& index);

/// The whole plan of metrics of a period.
Result<events::UnitTotalsPlan> unit_totals_plan(const UnitTotalsQuery& query,
                                                const events::Index& index);

/// Fails with invalid_data when the moments of a metric are not finite.
Result<void> check_finite(const std::string& metric, const MetricMoments& moments);

/// The text of a segment value; "" stands for a missing one.
std::string value_text(const SegmentBy& segment, const events::Index& index,
                       events::SegmentKey key);

/// Clusters by their texts. Totals of units in no cluster are apart.
ClusterMoments named_clusters(const ExperimentQuery& query, const events::Index& index,
                              const events::ClusterTotals& totals);

/// Pairs of segments with the positions of their values; `segments` are named already.
SegmentPair named_pair(const ExperimentQuery& query, const events::Index& index,
                       const std::vector<SegmentMoments>& segments,
                       const events::PairTotals& totals);

/// The whole plan of a table of units.
Result<events::ExperimentPlan> unit_table_plan(const UnitTableQuery& query,
                                               const events::Index& index);

/// Puts ids and texts back and sorts the units by their ids. Fails with invalid_spec when there are
/// more units than the query lets in, or more values of a segment than kMaxSegmentValues, and with
/// invalid_data when a value of a mature unit is not finite. Leaves `rows` empty.
Result<UnitTable> named_units(const UnitTableQuery& query, const events::Index& index,
                              events::UnitRows rows);

/// Puts names and texts back. Fails with invalid_data when a metric is not finite.
Result<ExperimentMoments> named_totals(const ExperimentQuery& query, const events::Index& index,
                                       events::ExperimentTotals totals);

}  // namespace assay::engine
