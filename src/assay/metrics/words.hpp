#pragma once

#include <vector>

#include "assay/base/result.hpp"
#include "assay/spec/experiment.hpp"
#include "assay/spec/project.hpp"

namespace assay::metrics {

/// The words of a spec that only the data can judge, with their places: names, events, columns
/// and filters. In the order in which they are looked up.
using Words = std::vector<spec::Text>;

/// Of a metric: its measures, its retention's return, the steps of its funnel.
Words words_of(const spec::Project& project, const spec::Metric& metric);

/// Of the steps of a funnel.
Words words_of(const spec::Funnel& funnel);

/// Of an experiment: assignment, exposure, eligibility and segments. Not of its metrics.
Words words_of(const spec::Project& project, const spec::Experiment& experiment);

/// An engine knows the data and not the spec: its error names the word in `backticks`. This gives
/// an invalid_spec error without a place the place of the first word that it names, or of the
/// first filter over the column that it names. Any other error comes back as it is.
Error at_word(Error error, const Words& words);

}  // namespace assay::metrics
