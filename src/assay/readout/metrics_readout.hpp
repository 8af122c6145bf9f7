#pragma once

#include <string>
#include <utility>
#include <vector>

#include "assay/engine/query.hpp"
#include "assay/report/document.hpp"
#include "assay/spec/metric.hpp"

namespace assay::readout {

/// Metrics of the catalogue over one period or over consecutive ones.
struct MetricsPage {
  struct Period {
    Day first = 0;
    Day last = 0;           ///< Inclusive.
    bool complete = false;  ///< The data is complete to the end of `last`.
    engine::UnitTotals totals;
  };
  std::string title;
  std::string unit;  ///< "customer"
  engine::UnitTotalsQuery query;
  std::vector<const spec::Metric*> metrics;                   ///< As in query.metrics.
  std::vector<std::pair<std::string, std::string>> left_out;  ///< Name and why.
  std::vector<Period> periods;
  std::string origin;  ///< Where the days came from, a sentence; may be empty.
};

/// Every value with its numerator, denominator and 95 % interval: Student's t for means, Wilson's
/// for proportions, the delta method for ratios. Values that do not exist are said to be so.
report::Document metrics_document(const MetricsPage& page, const report::Provenance& provenance);

}  // namespace assay::readout
