#pragma once

#include <optional>
#include <string>
#include <vector>

#include "assay/report/document.hpp"
#include "assay/sql/plan.hpp"
#include "assay/warehouse/connection.hpp"

namespace assay::readout {

/// A statement that a question would send.
struct PlannedStatement {
  std::string question;  ///< "retention", "experiment new_feed_ranker"
  std::string name;      ///< "moments", where a question has several; else empty.
  std::string sql;
  std::vector<sql::TableUse> reads;
  std::string partitions;          ///< "ds from 2026-04-05 to 2026-06-02"; empty: not limited.
  std::string returns;             ///< "one row for each step"
  std::vector<std::string> notes;  ///< Why it reads history, what stands in it later, ...
  std::optional<warehouse::Estimate> estimate;
  std::string no_estimate;  ///< Why there is none.
};

struct PlanPage {
  std::string title;
  std::string engine;   ///< "Trino 476 at localhost:8080"; empty: nobody was asked.
  std::string dialect;  ///< "trino"
  bool has_partition = false;
  std::vector<PlannedStatement> statements;
  std::vector<std::string> notes;  ///< Of the whole plan: what was taken for granted.
};

/// What would be sent, before it is: statements, tables and columns, parts touched, the engine's
/// own estimate, and what comes back.
report::Document plan_document(const PlanPage& plan, const report::Provenance& provenance);

/// 13400000000 -> "13.4 GB".
std::string bytes_text(std::int64_t bytes);

}  // namespace assay::readout
