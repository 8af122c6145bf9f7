#pragma once

#include <string>
#include <variant>

#include "assay/app/context.hpp"
#include "assay/app/experiment.hpp"
#include "assay/app/metrics_verb.hpp"
#include "assay/app/queries.hpp"

namespace assay::app {

/// A question as its own verb would be asked.
using Question = std::variant<ExperimentOptions, ActiveUsersOptions, RetentionOptions,
                              FunnelOptions, SessionsOptions, MetricsOptions>;

/// `assay plan VERB ...`: what the verb would send to a warehouse, before it does. Nothing is read
/// there but what the engine knows of the table without looking at events.
struct PlanOptions {
  Question question;
  bool offline = false;  ///< Ask nobody: types of columns from the spec.
  std::string dialect;   ///< Offline: whose SQL; empty: that of the project's engine.
};

/// Fails with invalid_spec when the engine is no warehouse (it sends no statements) and the
/// options do not say offline.
Result<Outcome> plan_verb(Context& context, const PlanOptions& options);

}  // namespace assay::app
