#include <fmt/core.h>

#include "assay/sql/detail/writer.hpp"

namespace assay::sql {

std::string Writer::aggregate_node(const Node& node) {
  std::string filter = node.filter ? text(node.filter, Binding::either) : std::string();
  if (node.op == Op::row_number && !node.window) {
    refuse(ErrorCode::internal, "a query plan numbers rows without a window");
    return "?";
  }
  if (node.op == Op::count_distinct && node.window) {
    refuse(ErrorCode::internal, "a query plan counts distinct values in a window");
    return "?";
  }
  const bool by_key = node.op == Op::first_by || node.op == Op::last_by;
  if (by_key && node.window && node.filter && node.arguments.size() > 2 && !keys_may_be_missing()) {
    refuse(ErrorCode::internal,
           "a query plan takes a first row by several keys, in a window "
           "and with a filter, which this engine cannot");
    return "?";
  }
  Call call;
  call.op = node.op;
  if (!node.arguments.empty()) call.type = types_.of(node.arguments.front());
  call.arguments = call_arguments(node, filter);
  if (call.op == Op::count_rows && !call.arguments.empty()) call.op = Op::count;
  call.tail = call_tail(node, filter);
  return aggregate(call);
}

std::vector<std::string> Writer::call_arguments(const Node& node, const std::string& filter) {
  std::vector<std::string> written = units(node.arguments);
  if ((node.op == Op::first_by || node.op == Op::last_by) && written.size() > 1)
    written = {written[0], key({written.begin() + 1, written.end()})};
  if (filter.empty() || !node.window) return written;
  // Engines take no FILTER in a window: rows that it leaves out have missing arguments instead.
  if (node.op == Op::count_rows) written = {"1"};
  for (std::string& one : written) one = fmt::format("CASE WHEN {} THEN {} END", filter, one);
  return written;
}

std::string Writer::call_tail(const Node& node, const std::string& filter) {
  if (!node.window) return filter.empty() ? "" : " FILTER (WHERE " + filter + ")";
  return " OVER (" + window_text(*node.window, node.op != Op::row_number) + ")";
}

std::string Writer::neighbour_node(const Node& node) {
  if (!node.window || node.window->order.empty()) {
    refuse(ErrorCode::internal, "a query plan looks at the row before without an order");
    return "?";
  }
  const std::string x = text(node.arguments[0], Binding::either);
  return neighbour(node.op, x, window_text(*node.window, false));
}

std::string Writer::window_text(const Window& window, bool framed) {
  std::string written;
  if (!window.partition.empty()) written = "PARTITION BY " + filled(units(window.partition));
  if (window.order.empty()) {
    if (window.before_current)
      refuse(ErrorCode::internal, "a query plan leaves out the current row of no order");
    return written;
  }
  if (!written.empty()) written += ' ';
  written += "ORDER BY " + order_text(window.order);
  if (!framed) return written;
  return written + (window.before_current ? " ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING"
                                          : " ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW");
}

std::string Writer::order_text(const std::vector<OrderKey>& order) {
  std::vector<std::string> keys;
  for (const OrderKey& one : order) {
    keys.push_back(text(one.value, Binding::either) +
                   (one.descending ? " DESC NULLS LAST" : " ASC NULLS FIRST"));
  }
  return filled(keys);
}

// ---------------------------------------------------------------------------------------------
// What most engines share.

std::string Writer::aggregate(const Call& call) const {
  const std::string inside = filled(call.arguments);
  switch (call.op) {
    case Op::count_rows:
      return "COUNT(*)" + call.tail;
    case Op::count:
      return "COUNT(" + inside + ")" + call.tail;
    case Op::count_distinct:
      return "COUNT(DISTINCT " + inside + ")" + call.tail;
    case Op::sum:
      return "SUM(" + inside + ")" + call.tail;
    case Op::average:
      return "AVG(" + inside + ")" + call.tail;
    case Op::minimum:
      return "MIN(" + inside + ")" + call.tail;
    case Op::maximum:
      return "MAX(" + inside + ")" + call.tail;
    case Op::any:
      return "COALESCE(BOOL_OR(" + inside + ")" + call.tail + ", FALSE)";
    case Op::first_by:
      return "MIN_BY(" + inside + ")" + call.tail;
    case Op::last_by:
      return "MAX_BY(" + inside + ")" + call.tail;
    case Op::covariance:
      return "COVAR_POP(" + inside + ")" + call.tail;
    default:
      return "ROW_NUMBER()" + call.tail;
  }
}

std::string Writer::neighbour(Op op, const std::string& x, const std::string& window) const {
  return fmt::format("{}({}) OVER ({})", op == Op::previous ? "LAG" : "LEAD", x, window);
}

}  // namespace assay::sql
