#pragma once

#include <string>
#include <vector>

#include "assay/base/result.hpp"
#include "assay/spec/source.hpp"

namespace assay::spec {

/// A column's part in the events, guessed from its name and content, with the reason in words
/// ("12,345 distinct values, 31 events each"): it becomes a comment.
struct GuessedColumn {
  std::string column;  ///< Empty: nothing fits.
  std::string reason;
};

struct GuessedEntity {
  std::string name;  ///< user, session, ...
  std::string column;
  std::string reason;
};

struct GuessedProperty {
  std::string column;
  PropertyType type = PropertyType::string;
  int precision = 0;
  int scale = 0;  ///< Of a decimal.
  std::string reason;
};

/// What a first look at a file suggests.
struct InitialGuess {
  std::string project = "project";
  std::string timezone = "UTC";
  std::string timezone_reason;
  SourceType type = SourceType::parquet;
  std::string path;
  std::string table;
  std::vector<GuessedEntity> entities;  ///< The first is the unit of analysis.
  GuessedColumn event_name;
  GuessedColumn event_time;
  TimeUnit event_time_unit = TimeUnit::automatic;
  GuessedColumn ingest_time;
  TimeUnit ingest_time_unit = TimeUnit::automatic;
  GuessedColumn sequence;
  GuessedColumn dedup_key;
  std::vector<GuessedProperty> properties;
  std::vector<std::string> events;  ///< Most frequent first.
};

/// A commented assay.yaml to start from: what was guessed, why, and what to fill in.
/// It reads back through load_project_text. Fails with invalid_data when no column fits the
/// unit, the event's name or its time.
Result<std::string> first_project_yaml(const InitialGuess& guess);

}  // namespace assay::spec
