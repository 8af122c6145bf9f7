#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "assay/base/result.hpp"
#include "assay/events/day_grid.hpp"
#include "assay/events/detail/cells.hpp"
#include "assay/events/detail/folds.hpp"
#include "assay/events/experiment.hpp"
#include "assay/events/funnel_pass.hpp"

namespace assay::events::detail {

/// An instant of a unit that windows begin or end at; given by the unit's anchor.
struct Edge {
  enum class Kind : std::uint8_t {
    offset,      ///< anchor + value; pre-periods have value <= 0.
    period_end,  ///< End of the period.
    day          ///< Begin of the local day `value` days after the anchor's.
  } kind = Kind::offset;
  std::int64_t value = 0;

  friend bool operator==(const Edge&, const Edge&) = default;
};

/// Rows [from, to) of a unit, both positions of edges, cut to the period unless it lies before
/// the anchor.
struct Window {
  std::size_t from = 0;
  std::size_t to = 0;
};

/// How slots become the variables of a row.
struct Outputs {
  struct Add {
    std::uint32_t variable = 0;
    std::uint32_t slot = 0;
  };
  std::vector<Add> adds;             ///< The variable is the sum of its slots ...
  std::vector<std::size_t> any;      ///< ... or 1 when that is positive ...
  std::vector<std::size_t> largest;  ///< ... or 0 when it is -inf ...
  std::vector<double> scale;         ///< ... times this. [variable]

  void add(const FoldTerm& term, std::size_t variable, const std::vector<std::size_t>& slots);
  void write(const FoldState& state, std::vector<double>& row) const;
};

struct FunnelOutput {
  std::size_t variable = 0;
  Window window;
  EventMasks<FunnelPass::Mask> masks;
  std::size_t steps = 1;
  std::int64_t window_us = 0;
};

/// Variables of a metric in a row: y, or y, d, then x, z when there are covariates.
using Variables = std::vector<std::size_t>;

/// The metrics of a plan put together: which rows to fold how into which variables.
/// Metrics with equal windows share the walk, equal terms share a slot.
struct ExperimentProgram {
  RowLayout layout;
  std::vector<Variables> variables;  ///< [metric]
  std::vector<double> caps;          ///< [variable]: upper bound; infinite: none.
  bool capped = false;

  std::vector<Edge> edges;
  std::vector<Window> windows;
  std::vector<FoldProgram> folds;  ///< One a window.
  std::size_t slots = 0;
  Outputs outputs;
  std::vector<FunnelOutput> funnels;

  std::vector<Edge> ends;  ///< Ends of windows of fixed length: the classes of maturity.
  std::vector<std::optional<std::size_t>> maturity;  ///< [metric]: its class; none: always mature.
};

/// The same for the days: one program that is run over the rows of each day.
struct DayProgram {
  RowLayout layout;
  std::vector<Variables> variables;  ///< [metric]; empty for kinds without days.
  FoldProgram folds;
  Outputs outputs;
};

inline constexpr std::size_t kMaxMaturityClasses = 48;

/// Fails with invalid_spec for more than kMaxMaturityClasses distinct window ends.
Result<ExperimentProgram> compile_program(const ExperimentPlan& plan,
                                          std::span<const std::optional<double>> caps);
DayProgram compile_days(const ExperimentPlan& plan);

}  // namespace assay::events::detail
