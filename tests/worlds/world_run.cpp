#include "world_run.hpp"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <utility>

#include "assay/engine/embedded.hpp"
#include "assay/events/builder.hpp"
#include "assay/metrics/source.hpp"
#include "assay/readout/experiment_readout.hpp"
#include "assay/report/render.hpp"
#include "assay/simulation/world.hpp"
#include "assay/spec/load.hpp"

namespace assay::worlds {
namespace {

namespace fs = std::filesystem;

/// A folder of its own under the system's temporary folder; gone with the object.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    static std::atomic<int> number{0};
    path_ = fs::temp_directory_path() / fmt::format("assay_worlds_{}_{}", ::getpid(), number++);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

events::Schema schema_of(const engine::Source& source) {
  events::Schema schema;
  schema.unit = {source.unit.expression, frame::Type::int64};
  schema.time = source.event_time.expression;
  schema.event = source.event_expression;
  schema.sequence = source.sequence_expression;
  if (source.ingest_time) schema.ingest_time = source.ingest_time->expression;
  if (source.dedup) {
    for (const std::string& key : source.dedup->keys)
      schema.dedup.keys.push_back({key, frame::Type::int64});
    if (source.dedup->within_us) schema.dedup.within_us = *source.dedup->within_us;
  }
  schema.quarantine_future = source.max_skew_us.has_value();
  schema.max_skew_us = source.max_skew_us.value_or(0);
  for (const engine::SourceProperty& property : source.properties)
    schema.properties.push_back({property.name, property.type});
  return schema;
}

/// Storage behind one view of a column.
struct Backing {
  std::vector<std::string_view> texts;
  std::vector<double> doubles;
  std::vector<std::uint64_t> validity;
};

/// A column of the simulator as the index wants it, under the name of the schema.
frame::ColumnView view_of(const frame::Column& column, const events::Property& wanted,
                          Backing& backing) {
  frame::ColumnView view{.name = wanted.name, .type = wanted.type};
  if (!column.nulls.empty()) {
    backing.validity.assign(column.nulls.size() / 64 + 1, 0);
    for (std::size_t row = 0; row < column.nulls.size(); ++row) {
      if (column.nulls[row] == 0) backing.validity[row / 64] |= std::uint64_t{1} << (row % 64);
    }
    view.validity = backing.validity;
  }
  if (wanted.type == frame::Type::text) {
    for (const std::uint32_t code : column.codes) {
      const bool known = code < column.dictionary.size();  // A missing text may have any code.
      backing.texts.push_back(known ? std::string_view(column.dictionary[code]) : "");
    }
    view.texts = backing.texts;
  } else if (wanted.type == frame::Type::float64) {
    view.doubles = column.doubles;
  } else {
    view.ints = column.ints;
  }
  return view;
}

/// The one computed property of the example: `watch_ms / 60000.0`.
frame::ColumnView watch_minutes(const frame::Table& table, const events::Property& wanted,
                                Backing& backing) {
  const frame::Column& watch = *table.find("watch_ms");
  frame::ColumnView view = view_of(watch, wanted, backing);
  for (const std::int64_t ms : watch.ints)
    backing.doubles.push_back(static_cast<double>(ms) / 60'000.0);
  view.doubles = backing.doubles;
  return view;
}

Result<void> add_day(const frame::Table& table, const engine::Source& source,
                     const events::Schema& schema, events::IndexBuilder& builder) {
  const std::vector<events::Property> columns = schema.columns();
  std::vector<Backing> backings(columns.size());
  frame::BatchView batch{.rows = table.rows()};
  for (std::size_t i = 0; i < columns.size(); ++i) {
    std::string expression = columns[i].name;
    for (const engine::SourceProperty& property : source.properties) {
      if (property.name == columns[i].name) expression = property.expression;
    }
    const frame::Column* column = table.find(expression);
    if (column != nullptr) {
      batch.columns.push_back(view_of(*column, columns[i], backings[i]));
    } else if (expression == "watch_ms / 60000.0") {
      batch.columns.push_back(watch_minutes(table, columns[i], backings[i]));
    } else {
      return fail(ErrorCode::invalid_spec, "the simulator has no such column", expression);
    }
  }
  return builder.add(batch);
}

Result<simulation::Truth> index_world(const simulation::WorldConfig& config,
                                      const engine::Source& source, const fs::path& folder,
                                      int threads) {
  const events::Schema schema = schema_of(source);
  ASSAY_TRY(events::IndexBuilder builder,
            events::IndexBuilder::create(
                folder, schema, {.threads = threads, .expected_rows = config.users * 233}));
  const auto sink = [&](Day, const frame::Table& table) {
    return add_day(table, source, schema, builder);
  };
  ASSAY_TRY(simulation::Truth truth, simulation::simulate(config, sink, threads, {}));
  ASSAY_CHECK(builder.finish({"world", {}}));
  return truth;
}

}  // namespace

fs::path example_folder() { return fs::path(ASSAY_SOURCE_DIR) / "examples" / "short_video"; }

Result<Example> load_example() {
  Example out;
  ASSAY_TRY(out.project, spec::load_project(example_folder()));
  ASSAY_TRY(out.experiment,
            spec::load_experiment(example_folder() / "experiments" / "new_feed_ranker.yaml",
                                  out.project));
  const spec::Source& source = out.project.sources.front();
  ASSAY_TRY(out.source, metrics::to_engine_source(out.project, source));
  out.complete_until = metrics::complete_until(source, 0);
  return out;
}

Result<WorldRun> run_world(const simulation::WorldConfig& config, const Example& example,
                           int threads) {
  const TemporaryFolder folder;
  WorldRun run;
  ASSAY_TRY(run.truth, index_world(config, example.source, folder.path(), threads));
  ASSAY_TRY(events::Index index, events::Index::open(folder.path()));
  engine::EmbeddedEngine engine(std::move(index), threads);
  ASSAY_TRY(run.plan, experiment::plan_experiment(example.project, example.experiment,
                                                  example.complete_until));
  ASSAY_TRY(run.moments, engine.experiment(run.plan.query));
  ASSAY_TRY(run.integrity, experiment::check_integrity(example.experiment, run.plan, run.moments));
  ASSAY_TRY(run.analysis, experiment::analyze(example.experiment, run.plan, run.moments));
  ASSAY_TRY(run.decision,
            decision::decide(example.experiment, run.plan, run.integrity, run.analysis));
  return run;
}

std::string page_json(const WorldRun& run, const Example& example) {
  const auto flips =
      decision::search_flips(example.experiment, run.plan, run.moments, run.integrity, run.decision)
          .value();
  return report::render_json(readout::experiment_document({example.experiment,
                                                           run.plan,
                                                           run.moments,
                                                           run.integrity,
                                                           run.analysis,
                                                           run.decision,
                                                           flips,
                                                           {"", {}, {}}},
                                                          {}));
}

simulation::WorldConfig world_of(std::string_view preset, std::int64_t users, std::uint64_t seed) {
  simulation::WorldConfig config = simulation::preset(preset).value();
  config.users = users;
  config.seed = seed;
  config.salt = fmt::format("world {}", seed);
  return config;
}

}  // namespace assay::worlds
