#pragma once

#include <string>
#include <utility>
#include <vector>

#include "assay/distributed/event_table.hpp"
#include "assay/engine/query.hpp"
#include "assay/sql/plan.hpp"

/// Behind compile_experiment.hpp: the events of the units of an experiment, each beside its unit's
/// arm, assignment and anchor.
namespace assay::distributed {

/// An input that reads a step of the plan.
sql::Input read_step(std::string step, std::string alias = {});

/// Two selectors with the same key mean the same events.
std::string key_of(const engine::EventSelector& selector);

/// Why a query reads events from before its period, one reason a line; empty: it does not.
std::vector<std::string> history_reasons(const engine::ExperimentQuery& query);

/// Gathers what the events have to say before the step is made. Selectors, columns and words are
/// named in the plan by numbers only.
///
/// The table is read twice: its assignment events for the units that may take part, then all that
/// is meant of those units, in one pass.
class UnitEvents {
 public:
  /// history: events from before the period too.
  UnitEvents(const engine::ExperimentQuery& query, const EventTable& table, bool history);

  /// Columns of the step: a truth value that is never missing; a property as float64, whole numbers
  /// and truth values too; a property as it is; the local day of the event.
  sql::Expression flag(const engine::EventSelector& selector);
  sql::Expression number(const std::string& property);
  sql::Expression seen(const std::string& property);
  sql::Expression day();

  /// Events count that meet no selector, for what they have in `seen` or for their time alone.
  void keep_every_event() { every_event_ = true; }
  void keep_known(const std::string& property);

  /// Adds `anchored`: a row an event of a unit with assignment events: unit, arm (number; -1: two
  /// arms, -2: none of the query's), assigned_us (missing for -2), assigned_order, anchor_us and
  /// anchor_day (missing: not analysed), time_us, order_1, is_assignment, is_exposure (inside the
  /// period), and the columns asked for. A unit analysed nowhere has its assignment events at
  /// least.
  sql::Input add(sql::Plan& plan);

  /// From the first to the end of the last event that the step may hold.
  [[nodiscard]] TimeRange range() const { return range_; }

 private:
  sql::Expression inside() const;
  sql::Expression assignment() const;
  sql::Expression named(const std::string& prefix, sql::Expression value, const std::string& key);
  void read(const std::string& property);
  std::vector<std::string> carried() const;
  void add_events(sql::Plan& plan);
  void add_assigned(sql::Plan& plan);
  void add_placed(sql::Plan& plan);

  const engine::ExperimentQuery& query_;
  const EventTable& table_;
  TimeRange range_;
  bool every_event_ = false;
  std::vector<std::string> properties_;
  std::vector<sql::Expression> meant_;
  std::vector<std::pair<std::string, sql::Output>> outputs_;  ///< Key and column.
  std::string day_;                                           ///< Which of them is the day.
};

}  // namespace assay::distributed
