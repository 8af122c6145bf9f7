#pragma once

#include <memory>
#include <string>
#include <vector>

#include "assay/distributed/event_table.hpp"
#include "assay/warehouse/connection.hpp"

namespace assay::app {

/// What is taken for granted of a table that nobody reads.
struct TakenTable {
  std::vector<warehouse::TableColumn> columns;  ///< Used where there is no line.
  std::vector<std::string> events;              ///< Names of events.
  TimeRange span;                               ///< From the first to just after the last event.
};

/// A line that runs nothing: columns, snapshots and estimates come from the line behind it, where
/// there is one; the look at event names and times is answered from what is taken for granted.
class PlanLine final : public warehouse::Connection {
 public:
  /// `behind` may be null; `dialect` must be given then.
  PlanLine(std::unique_ptr<warehouse::Connection> behind, const sql::Dialect& dialect,
           TakenTable taken);

  [[nodiscard]] std::string name() const override;
  Result<std::string> describe_engine() override;
  [[nodiscard]] const sql::Dialect& dialect() const override { return dialect_; }
  Result<warehouse::Answer> query(const std::string& statement, const Progress& progress) override;
  Result<std::vector<warehouse::TableColumn>> columns(const sql::TableName& table) override;
  Result<warehouse::Estimate> estimate(const std::string& statement) override;
  Result<std::optional<std::string>> snapshot(const sql::TableName& table) override;

  /// The statement that looks at event names and times; empty before it was asked.
  [[nodiscard]] const std::string& look() const { return look_; }

 private:
  std::unique_ptr<warehouse::Connection> behind_;
  const sql::Dialect& dialect_;
  TakenTable taken_;
  std::string look_;
};

/// The columns that a table must have for a source, in the types that the spec tells: times are
/// instants, or wall clocks or numbers where the spec says so; what it does not tell is text, and
/// the sequence and a date of a partition are what they are called.
std::vector<warehouse::TableColumn> columns_by_spec(const distributed::EventTableSpec& table);

}  // namespace assay::app
