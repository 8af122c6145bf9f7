#include "assay/events/index.hpp"

#include <algorithm>

#include "assay/events/detail/index_files.hpp"
#include "assay/events/detail/merge.hpp"

namespace assay::events {

struct Index::State {
  detail::IndexFiles files;
  std::vector<std::size_t> dictionary_of_property;
  std::int64_t events = 0;
  TimeRange time_range;
};

Result<Index> Index::open(const std::filesystem::path& folder) {
  ASSAY_TRY(detail::IndexFiles files, detail::IndexFiles::open(folder));
  auto state = std::make_unique<State>();
  state->time_range = files.manifest.segments.front().time_range;
  for (const detail::SegmentEntry& segment : files.manifest.segments) {
    state->events += segment.events;
    state->time_range.begin = std::min(state->time_range.begin, segment.time_range.begin);
    state->time_range.end = std::max(state->time_range.end, segment.time_range.end);
  }
  state->dictionary_of_property = files.dictionary_of_property();
  state->files = std::move(files);
  return Index(std::move(state));
}

Index::Index(std::unique_ptr<State> state) : state_(std::move(state)) {}
Index::Index(Index&&) noexcept = default;
Index& Index::operator=(Index&&) noexcept = default;
Index::~Index() = default;

const std::vector<Property>& Index::properties() const { return schema().properties; }

std::optional<std::size_t> Index::find_property(std::string_view name) const {
  for (std::size_t i = 0; i < properties().size(); ++i) {
    if (properties()[i].name == name) return i;
  }
  return std::nullopt;
}

const Dictionary& Index::event_names() const { return *state_->files.dictionaries.front(); }

const Dictionary& Index::dictionary(std::size_t property) const {
  return *state_->files.dictionaries[state_->dictionary_of_property[property]];
}

std::size_t Index::partitions() const { return state_->files.manifest.partitions; }
std::int64_t Index::events() const { return state_->events; }
std::int64_t Index::units() const { return state_->files.manifest.units; }
TimeRange Index::time_range() const { return state_->time_range; }
const std::string& Index::fingerprint() const { return state_->files.manifest.fingerprint; }
const std::vector<Source>& Index::sources() const { return state_->files.manifest.sources; }
const Schema& Index::schema() const { return state_->files.manifest.schema; }
const RowCounts& Index::counts() const { return state_->files.manifest.counts; }
std::size_t Index::segments() const { return state_->files.segments.size(); }
std::int64_t Index::bytes() const { return state_->files.manifest.bytes(); }

namespace {

PartitionView view_in_place(const detail::Segment& segment, std::size_t partition,
                            const std::vector<Property>& all,
                            std::span<const std::size_t> properties) {
  PartitionView view;
  view.offsets = segment.array<std::uint32_t>(partition, detail::kOffsets);
  view.time = segment.array<TimeUs>(partition, detail::kTime);
  view.event = segment.array<std::uint16_t>(partition, detail::kEvent);
  for (const std::size_t property : properties) {
    const std::size_t slot = detail::kFirstProperty + property;
    PropertyView& one = view.properties.emplace_back();
    one.type = all[property].type;
    switch (one.type) {
      case frame::Type::float64:
        one.doubles = segment.array<double>(partition, slot);
        break;
      case frame::Type::text:
        one.codes = segment.array<std::uint32_t>(partition, slot);
        break;
      default:
        one.ints = segment.array<std::int64_t>(partition, slot);
        break;
    }
  }
  return view;
}

PartitionView view_merged(const detail::IndexFiles& files, std::size_t partition,
                          std::span<const std::size_t> properties, MergeSpace& space) {
  const std::vector<detail::Run> runs = detail::merge_order(files, partition, space.offsets);
  const auto merge = [&](std::size_t slot, auto& to) {
    detail::merge_array(files, partition, slot, runs, to);
  };
  merge(detail::kTime, space.time);
  merge(detail::kEvent, space.event);
  // All to their final number first: the views must not move while more are added.
  space.ints.resize(std::max(space.ints.size(), properties.size()));
  space.doubles.resize(std::max(space.doubles.size(), properties.size()));
  space.codes.resize(std::max(space.codes.size(), properties.size()));
  PartitionView view;
  view.offsets = space.offsets;
  view.time = space.time;
  view.event = space.event;
  for (std::size_t i = 0; i < properties.size(); ++i) {
    const std::size_t slot = detail::kFirstProperty + properties[i];
    PropertyView& one = view.properties.emplace_back();
    one.type = files.manifest.schema.properties[properties[i]].type;
    switch (one.type) {
      case frame::Type::float64:
        merge(slot, space.doubles[i]);
        one.doubles = space.doubles[i];
        break;
      case frame::Type::text:
        merge(slot, space.codes[i]);
        one.codes = space.codes[i];
        break;
      default:
        merge(slot, space.ints[i]);
        one.ints = space.ints[i];
        break;
    }
  }
  return view;
}

}  // namespace

PartitionView Index::partition(std::size_t partition, std::span<const std::size_t> properties,
                               MergeSpace& space) const {
  const detail::IndexFiles& files = state_->files;
  if (files.segments.size() > 1) return view_merged(files, partition, properties, space);
  return view_in_place(files.segments.front(), partition, files.manifest.schema.properties,
                       properties);
}

std::string Index::unit_key(std::size_t partition, std::size_t unit) const {
  return state_->files.unit_key(partition, unit);
}

Result<void> Index::verify() const {
  for (const detail::Segment& segment : state_->files.segments) ASSAY_CHECK(segment.verify());
  for (const auto& dictionary : state_->files.dictionaries) ASSAY_CHECK(dictionary->verify());
  return {};
}

}  // namespace assay::events
