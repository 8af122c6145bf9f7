#include "engine_pair.hpp"

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <utility>

#include "assay/events/builder.hpp"

namespace assay::differential {

namespace fs = std::filesystem;
using namespace engine;  // NOLINT(google-build-using-namespace): every second word here.

namespace {

Result<void> build_index(Database& database, const Source& source, const fs::path& folder,
                         int threads) {
  ASSAY_TRY(const Relation relation, connect(database, source));
  events::BuildOptions options;
  options.threads = threads;
  options.partitions = 4;
  ASSAY_TRY(events::IndexBuilder builder,
            events::IndexBuilder::create(folder, index_schema(relation), options));
  ASSAY_CHECK(database.scan(scan_sql(relation),
                            [&](const frame::BatchView& batch) { return builder.add(batch); }));
  ASSAY_CHECK(builder.finish({"test", {}}));
  return {};
}

/// Writes the rows of a world, its wall clocks as timestamps without a zone.
Result<void> write_rows(Database& database, const World& world, const std::string& path) {
  ASSAY_CHECK(write_parquet(database, world.rows, path));
  if (world.wall_clocks.empty()) return {};
  std::string clocks;
  for (const std::string& column : world.wall_clocks) {
    clocks += fmt::format("{}make_timestamp(epoch_us({})) AS {}", clocks.empty() ? "" : ", ",
                          quote_identifier(column), quote_identifier(column));
  }
  ASSAY_CHECK(database.execute(
      fmt::format("CREATE TEMP TABLE rows AS SELECT * REPLACE ({}) FROM read_parquet({})", clocks,
                  quote_text(path))));
  return database.execute(fmt::format("COPY rows TO {} (FORMAT parquet)", quote_text(path)));
}

fs::path new_folder() {
  static int made = 0;
  return fs::temp_directory_path() / fmt::format("assay_engines_{}_{}", ::getpid(), ++made);
}

/// Reads the source of the pair's world twice: into an index, and as it lies.
std::unique_ptr<Pair> open_both(Database database, std::unique_ptr<Pair> pair) {
  const Source& source = pair->world.source;
  const auto built = build_index(database, source, pair->folder / "index", 1);
  auto sql = DuckdbEngine::open(std::move(database), source);
  EXPECT_TRUE(sql) << (sql ? "" : to_text(sql.error()));
  if (!sql) return nullptr;
  if (!built) {
    const auto rows = (*sql)->database().query("SELECT count(*) FROM events");
    EXPECT_EQ(rows->columns[0].ints[0], 0) << to_text(built.error());
    return nullptr;
  }
  auto index = events::Index::open(pair->folder / "index");
  EXPECT_TRUE(index) << (index ? "" : to_text(index.error()));
  if (!index) return nullptr;
  pair->index = std::make_unique<EmbeddedEngine>(std::move(*index), 1);
  pair->sql = std::move(*sql);
  return pair;
}

}  // namespace

Pair::~Pair() { fs::remove_all(folder); }

std::unique_ptr<Pair> make_pair_of(World world) {
  auto pair = std::make_unique<Pair>();
  pair->world = std::move(world);
  pair->folder = new_folder();
  DatabaseOptions options;
  options.threads = 1;
  Database database = std::move(*Database::open(options));
  pair->world.source.paths = {(pair->folder / "log.parquet").string()};
  EXPECT_TRUE(write_rows(database, pair->world, pair->world.source.paths.front()));
  return open_both(std::move(database), std::move(pair));
}

std::unique_ptr<Pair> make_pair_over(const Source& source) {
  auto pair = std::make_unique<Pair>();
  pair->world.source = source;
  pair->folder = new_folder();
  DatabaseOptions options;
  options.threads = 1;
  return open_both(std::move(*Database::open(options)), std::move(pair));
}

}  // namespace assay::differential
