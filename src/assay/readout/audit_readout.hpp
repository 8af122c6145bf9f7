#pragma once

#include "assay/ingest/audit.hpp"
#include "assay/report/document.hpp"

namespace assay::readout {

/// The audit of a source as a page: verdict by the worst finding, findings above info with what
/// they do to metrics, volume by day, then everything that was checked and found in order.
report::Document audit_document(const ingest::Audit& audit, const report::Provenance& provenance);

}  // namespace assay::readout
