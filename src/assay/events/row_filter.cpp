#include "assay/events/row_filter.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>

namespace assay::events {
namespace {

using frame::Comparison;
using frame::Literal;
using frame::Type;

constexpr std::int64_t kLowest = kNullInt + 1;
constexpr std::int64_t kHighest = std::numeric_limits<std::int64_t>::max();

template <class T>
bool holds(Comparison comparison, const T& a, const T& b) {
  switch (comparison) {
    case Comparison::equal:
      return a == b;
    case Comparison::not_equal:
      return a != b;
    case Comparison::less:
      return a < b;
    case Comparison::less_or_equal:
      return a <= b;
    case Comparison::greater:
      return a > b;
    case Comparison::greater_or_equal:
      return a >= b;
  }
  return false;
}

tl::unexpected<Error> wrong_literal(const std::string& column, Type type) {
  return fail(ErrorCode::invalid_spec,
              "property `" + column + "` is compared with a value of another kind", "filter",
              "compare it with a value of type " + std::string(frame::to_text(type)));
}

/// Where a literal stands among the whole numbers of a column (kNullInt is none of them).
struct Place {
  std::optional<std::int64_t> below;  ///< The largest that is less.
  std::optional<std::int64_t> equal;
  std::optional<std::int64_t> above;  ///< The smallest that is greater.
};

Place place_of(std::int64_t v) {
  Place place;
  if (v > kLowest) place.below = v - 1;
  if (v >= kLowest) place.equal = v;
  if (v < kHighest) place.above = v + 1;
  return place;
}

std::optional<Place> place_of(const Literal& literal, Type type) {
  if (const auto* b = std::get_if<bool>(&literal))
    return type == Type::boolean ? std::optional(place_of(std::int64_t{*b})) : std::nullopt;
  if (const auto* i = std::get_if<std::int64_t>(&literal)) return place_of(*i);
  const auto* d = std::get_if<double>(&literal);
  if (d == nullptr || std::isnan(*d)) return std::nullopt;
  if (*d >= 0x1p63) return Place{kHighest, {}, {}};
  if (*d < -0x1p63) return Place{{}, {}, kLowest};
  const double down = std::floor(*d);
  const auto low = static_cast<std::int64_t>(down);
  if (down == *d) return place_of(low);
  return Place{std::max(low, kLowest), {}, low + 1};
}

/// Adds the whole numbers that compare so with the literal.
template <class Interval>
void append(std::vector<Interval>& out, Comparison comparison, const Place& place) {
  const auto up_to = [&](std::optional<std::int64_t> high) {
    if (high) out.push_back({kLowest, *high});
  };
  const auto from = [&](std::optional<std::int64_t> low) {
    if (low) out.push_back({*low, kHighest});
  };
  switch (comparison) {
    case Comparison::equal:
      if (place.equal) out.push_back({*place.equal, *place.equal});
      break;
    case Comparison::not_equal:
      up_to(place.below);
      from(place.above);
      break;
    case Comparison::less:
      up_to(place.below);
      break;
    case Comparison::less_or_equal:
      up_to(place.equal ? place.equal : place.below);
      break;
    case Comparison::greater:
      from(place.above);
      break;
    case Comparison::greater_or_equal:
      from(place.equal ? place.equal : place.above);
      break;
  }
}

}  // namespace

RowFilter::Truth RowFilter::whole(const Node& node, std::int64_t value) {
  if (value == kNullInt) return kUnknown;
  const auto& parts = node.intervals;
  if (parts.size() <= 4) {
    for (const Interval& part : parts)
      if (value >= part.low && value <= part.high) return kTrue;
    return kFalse;
  }
  const auto after = std::upper_bound(parts.begin(), parts.end(), value,
                                      [](std::int64_t v, const Interval& i) { return v < i.low; });
  return after != parts.begin() && value <= std::prev(after)->high ? kTrue : kFalse;
}

RowFilter::Truth RowFilter::real(const Node& node, double value) {
  if (std::isnan(value)) return kUnknown;
  for (const double literal : node.reals)
    if (holds(node.comparison, value, literal)) return kTrue;
  return kFalse;
}

RowFilter::Truth RowFilter::truth(std::size_t at, const PartitionView& view,
                                  std::size_t row) const {
  const Node& node = nodes_[at];
  switch (node.kind) {
    case Kind::code: {
      const std::uint32_t code = view.properties[node.slot].codes[row];
      return code < node.by_code.size() ? node.by_code[code] : kFalse;
    }
    case Kind::whole:
      return whole(node, view.properties[node.slot].ints[row]);
    case Kind::real:
      return real(node, view.properties[node.slot].doubles[row]);
    case Kind::null_int:
      return view.properties[node.slot].ints[row] == kNullInt ? kTrue : kFalse;
    case Kind::null_real:
      return std::isnan(view.properties[node.slot].doubles[row]) ? kTrue : kFalse;
    case Kind::null_code:
      return view.properties[node.slot].codes[row] == kNullCode ? kTrue : kFalse;
    case Kind::all: {
      Truth least = kTrue;
      for (const std::size_t child : node.children) {
        least = std::min(least, truth(child, view, row));
        if (least == kFalse) break;
      }
      return least;
    }
    case Kind::any: {
      Truth most = kFalse;
      for (const std::size_t child : node.children) {
        most = std::max(most, truth(child, view, row));
        if (most == kTrue) break;
      }
      return most;
    }
    case Kind::negate:
      return static_cast<Truth>(kTrue - truth(node.children[0], view, row));
  }
  return kUnknown;
}

Result<void> RowFilter::take_texts(Node& node, const frame::Predicate& predicate,
                                   const Dictionary& dictionary) {
  node.kind = Kind::code;
  node.by_code.assign(dictionary.size(), kFalse);
  for (const Literal& literal : predicate.literals) {
    const auto* text = std::get_if<std::string>(&literal);
    if (text == nullptr) return wrong_literal(predicate.column, Type::text);
    if (node.comparison == Comparison::equal) {
      if (const auto code = dictionary.find(*text)) node.by_code[*code] = kTrue;
      continue;
    }
    for (std::uint32_t code = 0; code < node.by_code.size(); ++code)
      if (holds<std::string_view>(node.comparison, dictionary.at(code), *text))
        node.by_code[code] = kTrue;
  }
  if (!node.by_code.empty()) node.by_code[kNullCode] = kUnknown;
  return {};
}

Result<void> RowFilter::take_numbers(Node& node, const frame::Predicate& predicate, Type type) {
  node.kind = type == Type::float64 ? Kind::real : Kind::whole;
  for (const Literal& literal : predicate.literals) {
    if (type == Type::float64) {
      const auto* d = std::get_if<double>(&literal);
      const auto* i = std::get_if<std::int64_t>(&literal);
      if (d == nullptr && i == nullptr) return wrong_literal(predicate.column, type);
      node.reals.push_back(d != nullptr ? *d : static_cast<double>(*i));
      continue;
    }
    const auto place = place_of(literal, type);
    if (!place) return wrong_literal(predicate.column, type);
    append(node.intervals, node.comparison, *place);
  }
  std::sort(node.intervals.begin(), node.intervals.end(),
            [](const Interval& a, const Interval& b) { return a.low < b.low; });
  return {};
}

Result<RowFilter::Node> RowFilter::leaf(const frame::Predicate& predicate,
                                        const ColumnLookup& lookup) {
  ASSAY_TRY(const ColumnRef column, lookup(predicate.column));
  Node node;
  node.slot = column.slot;
  if (predicate.kind == frame::Predicate::Kind::is_null) {
    node.kind = column.type == Type::text      ? Kind::null_code
                : column.type == Type::float64 ? Kind::null_real
                                               : Kind::null_int;
    return node;
  }
  if (predicate.kind == frame::Predicate::Kind::compare) node.comparison = predicate.comparison;
  if (column.type == Type::text) {
    ASSAY_CHECK(take_texts(node, predicate, *column.dictionary));
  } else {
    ASSAY_CHECK(take_numbers(node, predicate, column.type));
  }
  return node;
}

Result<std::size_t> RowFilter::add(const frame::Predicate& predicate, const ColumnLookup& lookup) {
  Node node;
  switch (predicate.kind) {
    case frame::Predicate::Kind::compare:
    case frame::Predicate::Kind::in:
    case frame::Predicate::Kind::is_null: {
      ASSAY_TRY(node, leaf(predicate, lookup));
      break;
    }
    case frame::Predicate::Kind::all:
      node.kind = Kind::all;
      break;
    case frame::Predicate::Kind::any:
      node.kind = Kind::any;
      break;
    case frame::Predicate::Kind::negate:
      node.kind = Kind::negate;
      break;
  }
  for (const frame::Predicate& child : predicate.children) {
    ASSAY_TRY(const std::size_t at, add(child, lookup));
    node.children.push_back(at);
  }
  nodes_.push_back(std::move(node));
  return nodes_.size() - 1;
}

Result<RowFilter> RowFilter::compile(const frame::Predicate& predicate,
                                     const ColumnLookup& lookup) {
  RowFilter filter;
  ASSAY_CHECK(filter.add(predicate, lookup));
  return filter;
}

}  // namespace assay::events
