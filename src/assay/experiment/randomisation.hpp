#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "assay/assignment/design.hpp"
#include "assay/assignment/pairs.hpp"
#include "assay/assignment/switchback.hpp"
#include "assay/assignment/traffic.hpp"
#include "assay/base/result.hpp"
#include "assay/spec/experiment.hpp"
#include "assay/spec/project.hpp"

/// From the words of a spec to the mechanism that gave the arms: what assigns, what replays a log
/// and what randomisation inference draws from is made here, once.
namespace assay::experiment {

/// The plan of an experiment whose `randomisation` is a hash: its arms, its layer and the project's
/// holdout. Fails with invalid_spec: no `randomisation`, a design instead of a hash, and as
/// assignment::plan_traffic; with file, line and column.
Result<assignment::TrafficPlan> traffic_plan(const spec::Project& project,
                                             const spec::Experiment& experiment);

/// The slice of a layer that an experiment uses on the days of its period; none without a layer.
std::optional<assignment::SliceUse> slice_use(const spec::Experiment& experiment);

/// What a design needs to know of its units; entries in the order of the units.
struct DesignUnits {
  std::size_t n_units = 0;
  std::vector<std::uint32_t> strata;    ///< Empty: none.
  std::vector<std::uint32_t> clusters;  ///< From 0 without gaps; empty: none.
  assignment::Covariates covariates;    ///< In the order of randomisation.covariates.
};

/// A mechanism over these units, and what is worth keeping with it.
struct UnitDesign {
  assignment::Design design;
  std::uint64_t seed = 0;
  std::optional<assignment::Rerandomised> criterion;       ///< rerandomised.
  std::optional<assignment::Pairs> pairs;                  ///< pairs.
  std::vector<std::pair<std::string, std::string>> facts;  ///< For a report.
};

/// The design of an experiment that is drawn from a seed (all methods but hash and switchback).
/// With clusters the clusters are drawn: covariates are their means, strata must be whole.
/// Fails with invalid_spec (no such `randomisation`), invalid_data (a cluster in two strata) and as
/// the design itself does; with file, line and column.
Result<UnitDesign> unit_design(const spec::Experiment& experiment, const DesignUnits& units);

/// The switchback of an experiment over its period. Fails as unit_design.
Result<assignment::Switchback> switchback_of(const spec::Experiment& experiment,
                                             std::uint32_t n_regions);

}  // namespace assay::experiment
