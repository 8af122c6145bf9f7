#pragma once

#include <filesystem>
#include <string>

#include "assay/app/context.hpp"

namespace assay::app {

struct InitOptions {
  std::filesystem::path data;    ///< File, folder or glob.
  std::filesystem::path folder;  ///< Of the project; empty: here.
  std::string table;             ///< DuckDB files.
  std::string constant_event;    ///< For tables without event names.
  std::string timezone = "UTC";
  bool force = false;  ///< Overwrite an assay.yaml that is there.
};

/// `assay init data.parquet`: writes a first assay.yaml with what the columns seem to be for, and
/// why, as comments. An assay.yaml that is there is left alone unless forced.
Result<Outcome> init_verb(Context& context, const InitOptions& options);

}  // namespace assay::app
