#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "assay/base/result.hpp"
#include "assay/events/index.hpp"
#include "assay/frame/predicate.hpp"

namespace assay::events {

/// A property that a plan reads.
struct ColumnRef {
  std::size_t slot = 0;  ///< Position in PartitionView::properties.
  frame::Type type = frame::Type::int64;
  const Dictionary* dictionary = nullptr;  ///< text; only used while compiling.
};

/// Finds a property by name and gives it a slot; fails with invalid_spec when there is none.
using ColumnLookup = std::function<Result<ColumnRef>(const std::string& name)>;

/// A frame::Predicate made ready to test rows: names are slots, comparisons of text are one look-up
/// by dictionary code, comparisons of whole numbers are intervals. Logic is SQL's: a comparison
/// with a missing value is unknown, and a row passes only when the whole is true.
class RowFilter {
 public:
  /// Booleans compare with true, false, 0 and 1; int64 and float64 with numbers; time_us with
  /// microseconds; text with text. Fails with invalid_spec on any other pair, and as `lookup` does.
  static Result<RowFilter> compile(const frame::Predicate& predicate, const ColumnLookup& lookup);

  [[nodiscard]] bool passes(const PartitionView& view, std::size_t row) const {
    return truth(nodes_.size() - 1, view, row) == kTrue;
  }

 private:
  using Truth = std::uint8_t;
  static constexpr Truth kFalse = 0;
  static constexpr Truth kUnknown = 1;
  static constexpr Truth kTrue = 2;

  /// Values low <= x <= high.
  struct Interval {
    std::int64_t low;
    std::int64_t high;
  };
  enum class Kind : std::uint8_t {
    code,
    whole,
    real,
    null_int,
    null_real,
    null_code,
    all,
    any,
    negate
  };
  struct Node {
    Kind kind = Kind::code;
    frame::Comparison comparison = frame::Comparison::equal;  ///< real.
    std::size_t slot = 0;
    std::vector<Truth> by_code;         ///< code.
    std::vector<Interval> intervals;    ///< whole; sorted and apart.
    std::vector<double> reals;          ///< real: any of them.
    std::vector<std::size_t> children;  ///< all, any, negate.
  };

  [[nodiscard]] Truth truth(std::size_t node, const PartitionView& view, std::size_t row) const;
  [[nodiscard]] static Truth whole(const Node& node, std::int64_t value);
  [[nodiscard]] static Truth real(const Node& node, double value);
  Result<std::size_t> add(const frame::Predicate& predicate, const ColumnLookup& lookup);
  static Result<void> take_texts(Node& node, const frame::Predicate& predicate,
                                 const Dictionary& dictionary);
  static Result<void> take_numbers(Node& node, const frame::Predicate& predicate, frame::Type type);
  static Result<Node> leaf(const frame::Predicate& predicate, const ColumnLookup& lookup);

  std::vector<Node> nodes_;  ///< Children stand before their parent; the root is the last.
};

}  // namespace assay::events
