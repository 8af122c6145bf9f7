#include "assay/events/memory_log.hpp"

#include <algorithm>
#include <utility>

namespace assay::events {

std::optional<std::uint32_t> MemoryDictionary::find(std::string_view text) const {
  const auto found = std::find(texts_.begin(), texts_.end(), text);
  if (found == texts_.end()) return std::nullopt;
  return static_cast<std::uint32_t>(found - texts_.begin() + 1);
}

MemoryLog::MemoryLog(std::vector<frame::Type> types, std::size_t partitions)
    : types_(std::move(types)), parts_(partitions) {
  for (Part& part : parts_) {
    part.ints.resize(types_.size());
    part.doubles.resize(types_.size());
    part.codes.resize(types_.size());
  }
}

MemoryLog::MemoryLog(std::vector<frame::Type> types, std::size_t partitions, const Units& units)
    : MemoryLog(std::move(types), partitions) {
  for (const auto& events : units) add(events);
}

void MemoryLog::add(std::vector<LoggedEvent> events) {
  std::stable_sort(events.begin(), events.end(),
                   [](const LoggedEvent& a, const LoggedEvent& b) { return a.time < b.time; });
  Part& part = parts_[units_++ % parts_.size()];
  for (const LoggedEvent& event : events) {
    if (range_.end == range_.begin) range_ = {event.time, event.time + 1};
    range_ = {std::min(range_.begin, event.time), std::max(range_.end, event.time + 1)};
    part.time.push_back(event.time);
    part.event.push_back(event.event);
    std::size_t ints = 0;
    std::size_t doubles = 0;
    std::size_t codes = 0;
    for (std::size_t p = 0; p < types_.size(); ++p) {
      if (types_[p] == frame::Type::text)
        part.codes[p].push_back(event.codes[codes++]);
      else if (types_[p] == frame::Type::float64)
        part.doubles[p].push_back(event.doubles[doubles++]);
      else
        part.ints[p].push_back(event.ints[ints++]);
    }
  }
  part.offsets.push_back(static_cast<std::uint32_t>(part.time.size()));
}

PartitionView MemoryLog::view(std::size_t partition, std::span<const std::size_t> properties,
                              MergeSpace&) const {
  const Part& part = parts_[partition];
  PartitionView view{part.offsets, part.time, part.event, {}};
  for (const std::size_t p : properties)
    view.properties.push_back({types_[p], part.ints[p], part.doubles[p], part.codes[p]});
  return view;
}

}  // namespace assay::events
