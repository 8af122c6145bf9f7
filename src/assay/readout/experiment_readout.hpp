#pragma once

#include <string>
#include <vector>

#include "assay/decision/decide.hpp"
#include "assay/decision/flips.hpp"
#include "assay/decision/registration.hpp"
#include "assay/engine/query.hpp"
#include "assay/experiment/analysis.hpp"
#include "assay/experiment/integrity.hpp"
#include "assay/report/document.hpp"
#include "assay/spec/experiment.hpp"

namespace assay::readout {

/// All that a launch decision rests on. References must outlive the call.
struct ExperimentEvidence {
  const spec::Experiment& spec;
  const experiment::Plan& plan;
  const engine::ExperimentMoments& moments;
  const experiment::Integrity& integrity;
  const experiment::Analysis& analysis;
  const decision::Decision& decision;
  const decision::FlipSearch& flips;
  const decision::Registration& registration;
};

/// An effect whose true size is known because the data were simulated.
struct PlantedEffect {
  std::string metric;
  double absolute = 0.0;  ///< Over the population that the experiment analyses.
};

/// The one page: verdict, failed checks, scorecard; then the evidence; then the details that a
/// statistician asks for. With an invalid verdict no effect is shown at all.
/// `planted` adds a table of each estimate beside its truth; empty: none.
report::Document experiment_document(const ExperimentEvidence& evidence,
                                     const report::Provenance& provenance,
                                     const std::vector<PlantedEffect>& planted = {});

}  // namespace assay::readout
