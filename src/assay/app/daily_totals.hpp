#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "assay/app/context.hpp"
#include "assay/app/project.hpp"
#include "assay/base/result.hpp"
#include "assay/engine/engine.hpp"
#include "assay/spec/source.hpp"

namespace assay::app {

/// Whose days are asked, and how.
struct DailyRequest {
  std::filesystem::path project;         ///< Its folder.
  const spec::Source* source = nullptr;  ///< How late its events come.
  std::string engine;                    ///< As written: which warehouse.
  bool refresh = false;                  ///< Ask every day again.
};

struct DailyTotals {
  engine::Series series;
  std::string origin;  ///< Where the days came from, for the page; empty: all were asked.
};

/// A series in one question; of a warehouse in as few days as the project's own store allows
/// (PROJECT/.assay/daily). Warns when the store is damaged, cannot be written, or was overtaken by
/// late events. Fails as Engine::series does.
Result<DailyTotals> daily_totals(Context& context, const OpenEngine& engine,
                                 const engine::SeriesQuery& query, const DailyRequest& request);

}  // namespace assay::app
