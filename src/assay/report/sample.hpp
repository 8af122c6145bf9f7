#pragma once

#include "assay/report/document.hpp"

/// Documents for tests of the renderers and of the page. Numbers are made up but fit together.
namespace assay::report {

/// A readout that ships: scorecard, five checks, a chart of every kind, one undefined number.
Document sample_readout();

/// A readout whose sample ratio check failed.
Document sample_invalid();

/// A readout whose every string tries to break out of the page, the table or the terminal.
Document sample_hostile();

/// A retention triangle: a shaded table in a plain document without a verdict.
Document sample_table();

/// Every kind of block and chart with nothing in it, and numbers that do not exist.
Document sample_empty();

}  // namespace assay::report
