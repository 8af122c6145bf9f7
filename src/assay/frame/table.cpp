#include "assay/frame/table.hpp"

namespace assay::frame {

std::string_view to_text(Type type) {
  switch (type) {
    case Type::boolean:
      return "boolean";
    case Type::int64:
      return "int64";
    case Type::float64:
      return "float64";
    case Type::time_us:
      return "time_us";
    case Type::text:
      return "text";
  }
  return "";
}

std::size_t Column::rows() const {
  switch (type) {
    case Type::boolean:
    case Type::int64:
    case Type::time_us:
      return ints.size();
    case Type::float64:
      return doubles.size();
    case Type::text:
      return codes.size();
  }
  return 0;
}

const Column* Table::find(std::string_view name) const {
  for (const Column& column : columns) {
    if (column.name == name) return &column;
  }
  return nullptr;
}

}  // namespace assay::frame
