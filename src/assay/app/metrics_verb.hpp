#pragma once

#include <string>
#include <vector>

#include "assay/app/context.hpp"
#include "assay/app/source_options.hpp"
#include "assay/readout/metrics_readout.hpp"

namespace assay::app {

/// Metrics of the catalogue over days, without an experiment.
struct MetricsOptions {
  SourceOptions source;              ///< A project: a data file has no catalogue.
  std::vector<std::string> metrics;  ///< Empty: all that can be computed.
  std::vector<std::string> active;   ///< Events that make a unit count; empty: any.
  std::string from;                  ///< First day; empty: of the data.
  std::string to;                    ///< Last day; empty: of the data.
  std::string by;                    ///< day, week, month: one value each; empty: one for all.
  bool refresh = false;  ///< By day from a warehouse: ask days again that the project has kept.
};

/// The page of a question before it is answered: metrics, days and query. `data`: from the first to
/// just after the last event, which bound the days unless the options do. Points into the project.
Result<readout::MetricsPage> metrics_page(const spec::Project& project, const std::string& source,
                                          const TimeZone& timezone, TimeRange data,
                                          const MetricsOptions& options);

/// All its periods as one question. Assumes that they are days.
engine::SeriesQuery daily_query(const readout::MetricsPage& page);

/// Fails with invalid_spec for a metric that does not exist or, asked for by name, cannot be
/// computed over a period. Others that cannot be are left out, and the page says why.
Result<Outcome> metrics_verb(Context& context, const MetricsOptions& options);

}  // namespace assay::app
