#pragma once

#include <string>
#include <vector>

#include "assay/engine/query.hpp"
#include "assay/ingest/build.hpp"
#include "assay/report/document.hpp"

namespace assay::readout {

/// Pages of the single questions. Every rate has its numerator, denominator and rule in words and
/// a 95 % Wilson interval; immature cells are counted and belong in no rate.
report::Document retention_document(const engine::RetentionQuery& query,
                                    const engine::RetentionTriangle& triangle,
                                    const std::string& title, const report::Provenance& provenance);

report::Document funnel_document(const engine::FunnelQuery& query,
                                 const engine::FunnelCounts& counts,
                                 const std::vector<std::string>& steps, const std::string& title,
                                 const report::Provenance& provenance);

report::Document sessions_document(const engine::SessionsQuery& query,
                                   const engine::Sessions& sessions,
                                   const report::Provenance& provenance);

/// Daily, weekly and monthly active units in one picture; `series` holds one answer a query.
report::Document active_users_document(const std::vector<engine::ActiveUsersQuery>& queries,
                                       const std::vector<engine::ActiveUsers>& series,
                                       const report::Provenance& provenance);

report::Document index_document(const ingest::IndexStatus& status,
                                const report::Provenance& provenance);

}  // namespace assay::readout
