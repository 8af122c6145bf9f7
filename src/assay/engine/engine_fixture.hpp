#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "assay/base/file.hpp"
#include "assay/engine/database.hpp"
#include "assay/engine/source.hpp"

/// For tests of this room: a folder that goes away, small files, rows as text.
namespace assay::engine {

class EngineTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    folder = std::filesystem::temp_directory_path() /
             ("assay_engine_" + std::string(test->name()) + "_" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder);
    database.emplace(std::move(*Database::open()));
  }
  void TearDown() override {
    database.reset();
    std::filesystem::remove_all(folder);
  }

  std::string write(const std::string& name, const std::string& content) {
    EXPECT_TRUE(write_file(folder / name, content));
    return (folder / name).string();
  }

  /// The rows of a query as SQL prints them, cells joined by " ".
  static std::vector<std::string> lines(Database& from, const std::string& sql) {
    const auto table = from.query("SELECT COLUMNS(*)::VARCHAR FROM (" + sql + ")");
    std::vector<std::string> all;
    if (!table) {
      ADD_FAILURE() << sql << "\n" << to_text(table.error());
      return all;
    }
    for (std::size_t i = 0; i < table->rows(); ++i) {
      std::string line;
      for (const frame::Column& column : table->columns) {
        line += line.empty() ? "" : " ";
        line += column.is_null(i) ? "NULL" : column.dictionary[column.codes[i]];
      }
      all.push_back(std::move(line));
    }
    return all;
  }

  std::filesystem::path folder;
  std::optional<Database> database;
};

/// user_id (int64), ts (timestamp), event; no properties.
inline Source plain_source(SourceFormat format, std::string path) {
  Source source;
  source.name = "plays";
  source.format = format;
  source.paths = {std::move(path)};
  source.unit = {"user_id", "user_id", frame::Type::int64};
  source.event_expression = "event";
  source.event_time.expression = "ts";
  return source;
}

}  // namespace assay::engine
