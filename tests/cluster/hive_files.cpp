#include "hive_files.hpp"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <utility>

#include "assay/engine/database.hpp"
#include "trino_cluster.hpp"

namespace assay::cluster {

namespace fs = std::filesystem;

Shared::Shared(std::string name)
    : name_(std::move(name)), folder_(fs::path(variable("ASSAY_TRINO_DATA")) / name_) {
  fs::remove_all(folder_);
  fs::create_directories(folder_);
}

Shared::~Shared() { fs::remove_all(folder_); }

void Shared::declare(warehouse::Connection& line, const std::string& table,
                     const std::string& columns, const std::string& partition) const {
  ask(line, fmt::format("DROP TABLE IF EXISTS {}", table));
  ask(line, fmt::format(
                "CREATE TABLE {} ({}) WITH (external_location = 'local:///{}', format = "
                "'PARQUET'{})",
                table, columns, name_,
                partition.empty() ? "" : fmt::format(", partitioned_by = ARRAY['{}']", partition)));
  if (partition.empty()) return;
  ask(line, fmt::format("CALL system.sync_partition_metadata('assay', '{}', 'FULL')", table));
}

void execute(const std::string& statement) {
  auto database = engine::Database::open({.threads = 1});
  ASSERT_TRUE(database) << to_text(database.error());
  const auto done = database->execute(statement);
  ASSERT_TRUE(done) << statement << "\n" << to_text(done.error());
}

}  // namespace assay::cluster
