#pragma once

#include <filesystem>
#include <string>

#include "assay/warehouse/connection.hpp"

namespace assay::cluster {

/// A folder that Trino sees as local:///NAME, empty, and gone with the object.
class Shared {
 public:
  explicit Shared(std::string name);
  ~Shared();
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;

  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }

  /// Makes a table of that name over the files; `partition`: a column, or none.
  void declare(warehouse::Connection& line, const std::string& table, const std::string& columns,
               const std::string& partition) const;

 private:
  std::string name_;
  std::filesystem::path folder_;
};

/// Runs a statement on DuckDB, to write files; a failed test when it fails.
void execute(const std::string& statement);

}  // namespace assay::cluster
