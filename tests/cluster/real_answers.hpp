#pragma once

#include "assay/distributed/engine.hpp"
#include "engine_pair.hpp"
#include "real_log.hpp"

namespace assay::cluster {

/// Asks all questions of the log of the index, of the SQL twin and of a warehouse, expects answers
/// that say something and are equal, and prints what each cost the warehouse.
void expect_equal_answers(const Questions& questions, differential::Pair& near,
                          distributed::DistributedEngine& far);

/// Writes the log as one Parquet file: what all engines then read.
Result<void> write_log(const RealLog& log, const std::filesystem::path& parquet);

}  // namespace assay::cluster
