#include <algorithm>
#include <utility>
#include <vector>

#include "assay/distributed/detail/column_reading.hpp"

namespace assay::distributed {
namespace {

using Offset = TimeZone::Offset;

/// The offset in force: the last whose begin is at or before the time, found by halving.
sql::Expression offset_at(const sql::Expression& time, const std::vector<Offset>& offsets,
                          std::size_t first, std::size_t end) {
  if (end - first == 1) return sql::value(offsets[first].offset_us);
  const std::size_t middle = first + (end - first) / 2;
  return sql::when({{sql::compare(sql::Op::less, time, sql::value(offsets[middle].begin)),
                     offset_at(time, offsets, first, middle)}},
                   offset_at(time, offsets, middle, end));
}

sql::Expression offset_at(const sql::Expression& time, const std::vector<Offset>& offsets) {
  return offset_at(time, offsets, 0, offsets.size());
}

bool is_utc(const std::vector<Offset>& offsets) {
  return offsets.size() == 1 && offsets.front().offset_us == 0;
}

}  // namespace

TimeRange all_times() { return {0, 47'482 * kDayUs}; }  // 1970 to 2100.

sql::Expression local_day(sql::Expression time_us, const TimeZone& timezone, TimeRange span) {
  const std::vector<Offset> offsets = timezone.offsets(span);
  if (is_utc(offsets)) return sql::floor_divide(std::move(time_us), kDayUs);
  sql::Expression offset = offset_at(time_us, offsets);
  return sql::floor_divide(sql::add(std::move(time_us), std::move(offset)), kDayUs);
}

// A change of clocks at T from offset a to b: forward (b > a) the wall clock skips T + a to T + b,
// and reading those times by a moves them ahead by the gap; back (b < a) it shows T + b to T + a
// twice, and reading them by b takes the later. Both ways b begins at the wall clock T + b.
sql::Expression wall_clock_utc(const sql::Expression& local_us, const TimeZone& timezone,
                               TimeRange span) {
  std::vector<Offset> offsets = timezone.offsets({span.begin - 2 * kDayUs, span.end + 2 * kDayUs});
  if (is_utc(offsets)) return local_us;
  for (Offset& offset : offsets) offset.begin += offset.offset_us;
  return sql::subtract(local_us, offset_at(local_us, offsets));
}

}  // namespace assay::distributed
