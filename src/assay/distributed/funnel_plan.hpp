#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "assay/base/result.hpp"
#include "assay/engine/query.hpp"
#include "assay/sql/plan.hpp"

/// The ordered funnel as nested windows: one order of a unit's events, no join of events with
/// events, exact where steps share events and where events share an instant.
namespace assay::distributed {

/// Which steps one event may serve. Steps with equal selectors are one class.
struct FunnelClasses {
  std::vector<std::size_t> of_step;  ///< [step]: its class.
  std::vector<std::size_t> step_of;  ///< [class]: the first step of it.
  /// Classes that an event may meet at once, directly or through others, stand in one group;
  /// classes of two groups never share an event.
  std::vector<std::vector<std::size_t>> groups;
};

/// A funnel of more classes in one group than this is refused: it needs 2^n - 1 counts an instant.
inline constexpr std::size_t kMaxOverlap = 6;

/// Two selectors share no event when their names differ, or when their filters ask one property
/// for different values (`plan = 'free'` and `plan = 'paid'`).
/// Assumes that the selectors went through `checked`. Fails with invalid_spec when more than
/// kMaxOverlap classes may meet.
Result<FunnelClasses> funnel_classes(const std::vector<engine::EventSelector>& steps);

/// Events of a funnel: a step of the plan with columns unit, time_us and, for every class, a
/// boolean column that is never missing. Rows of no class change nothing, but cost.
struct FunnelEvents {
  sql::Input rows;
  std::vector<std::string> flags;  ///< [class]: name of its column.
};

/// Adds steps named PREFIX..., and gives back the last: one row for every unit with an event of
/// some class: unit, depth (steps reached, 0 to all), taken_us (first to last step of the reported
/// attempt: the earliest to finish, then the latest to start; missing below the last step).
sql::Input add_funnel(const FunnelEvents& events, const FunnelClasses& classes,
                      std::int64_t window_us, const std::string& prefix, sql::Plan& plan);

}  // namespace assay::distributed
