#pragma once

#include <vector>

#include "assay/decision/registration.hpp"
#include "assay/readout/experiment_readout.hpp"
#include "assay/report/document.hpp"
#include "assay/sequential/sample_ratio_sequence.hpp"

namespace assay::readout {

/// What was written down, and how the looks to come will be read. `again`: nothing was changed.
/// Fails when the plan of looks in the spec cannot be.
Result<report::Document> registration_document(const spec::Experiment& experiment,
                                               const decision::Registration& registration,
                                               bool again, const report::Provenance& provenance);

struct MonitorPage {
  report::Document document;
  bool bad = false;  ///< Stopped for harm, or the split is broken.
};

/// One look at a running experiment: go on or stop, the split over all looks, the bounds, the
/// guardrails. `splits`: the sample ratio after each look, in order.
MonitorPage monitor_document(const ExperimentEvidence& evidence,
                             const std::vector<sequential::SampleRatioReading>& splits,
                             const report::Provenance& provenance);

}  // namespace assay::readout
