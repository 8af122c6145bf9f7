#include "assay/report/document.hpp"

namespace assay::report {

Cell text_cell(std::string text, Mark mark) {
  return {.kind = CellKind::text, .text = std::move(text), .mark = mark};
}

Cell count_cell(std::int64_t count) {
  return {.kind = CellKind::count, .value = static_cast<double>(count)};
}

Cell number_cell(Number value, Mark mark) {
  return {.kind = CellKind::number, .value = std::move(value), .mark = mark};
}

Cell percent_cell(Number share, Mark mark) {
  return {.kind = CellKind::percent, .value = std::move(share), .mark = mark};
}

Cell interval_cell(Number low, Number high) {
  return {.kind = CellKind::interval, .low = std::move(low), .high = std::move(high)};
}

Cell p_value_cell(Number p) { return {.kind = CellKind::p_value, .value = std::move(p)}; }

Cell lift_cell(Number relative_change, Mark mark) {
  return {.kind = CellKind::lift, .value = std::move(relative_change), .mark = mark};
}

Cell estimate_cell(Number value, Number low, Number high, Mark mark) {
  return {.kind = CellKind::estimate,
          .value = std::move(value),
          .low = std::move(low),
          .high = std::move(high),
          .mark = mark};
}

Cell undefined_cell(std::string reason) {
  return {.kind = CellKind::number, .value = Number::undefined(std::move(reason))};
}

}  // namespace assay::report
