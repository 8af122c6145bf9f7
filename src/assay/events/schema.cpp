#include "assay/events/schema.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace assay::events {
namespace {

const Property* find(const std::vector<Property>& columns, const std::string& name) {
  const auto same = [&](const Property& column) { return column.name == name; };
  const auto found = std::find_if(columns.begin(), columns.end(), same);
  return found == columns.end() ? nullptr : &*found;
}

/// Every role with its column, repeated names included.
std::vector<Property> roles(const Schema& schema) {
  std::vector<Property> all{
      schema.unit, {schema.time, frame::Type::time_us}, {schema.event, frame::Type::text}};
  if (!schema.sequence.empty()) all.push_back({schema.sequence, frame::Type::int64});
  if (!schema.ingest_time.empty()) all.push_back({schema.ingest_time, frame::Type::time_us});
  all.insert(all.end(), schema.dedup.keys.begin(), schema.dedup.keys.end());
  all.insert(all.end(), schema.properties.begin(), schema.properties.end());
  return all;
}

}  // namespace

std::vector<Property> Schema::columns() const {
  std::vector<Property> distinct;
  for (const Property& role : roles(*this)) {
    if (find(distinct, role.name) == nullptr) distinct.push_back(role);
  }
  return distinct;
}

Result<void> check(const Schema& schema) {
  const std::vector<Property> columns = schema.columns();
  for (const Property& role : roles(schema)) {
    if (role.name.empty()) {
      return fail(ErrorCode::invalid_spec, "a column of the index has no name", "",
                  "name the columns of unit, time and event");
    }
    const frame::Type first = find(columns, role.name)->type;
    if (first != role.type) {
      return fail(ErrorCode::invalid_spec,
                  fmt::format("column {} is used as {} and as {}", role.name, frame::to_text(first),
                              frame::to_text(role.type)),
                  "", "give the column one type");
    }
  }
  if (schema.unit.type != frame::Type::int64 && schema.unit.type != frame::Type::text) {
    return fail(ErrorCode::invalid_spec,
                fmt::format("unit column {} is {}; a unit is an int64 or a text", schema.unit.name,
                            frame::to_text(schema.unit.type)));
  }
  for (std::size_t i = 0; i < schema.properties.size(); ++i) {
    const std::string& name = schema.properties[i].name;
    if (find(schema.properties, name) != &schema.properties[i]) {
      return fail(ErrorCode::invalid_spec, fmt::format("property {} is named twice", name));
    }
  }
  if (schema.dedup.within_us < 0 || schema.max_skew_us < 0) {
    return fail(ErrorCode::invalid_spec, "the window of dedup or the skew is negative");
  }
  if (schema.quarantine_future && schema.ingest_time.empty()) {
    return fail(ErrorCode::invalid_spec, "leaving out future events needs an ingest time", "",
                "name the column of ingest_time, or switch the quarantine off");
  }
  return {};
}

}  // namespace assay::events
