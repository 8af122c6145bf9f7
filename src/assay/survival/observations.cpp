#include "assay/survival/observations.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace assay::survival {

Result<void> check_observations(const Observations& data) {
  if (data.size() == 0) return fail(ErrorCode::undefined_statistic, "there are no units to watch");
  if (data.event.size() != data.size() || (!data.entry.empty() && data.entry.size() != data.size()))
    return fail(ErrorCode::invalid_data,
                fmt::format("times, events and entries must be equally many; got {}, {} and {}",
                            data.size(), data.event.size(), data.entry.size()));
  for (std::size_t i = 0; i < data.size(); ++i) {
    const auto where = [&] { return fmt::format("row {}", i + 1); };
    if (!std::isfinite(data.time[i]) || data.time[i] < 0.0)
      return fail(ErrorCode::invalid_data,
                  fmt::format("a time must be finite and not negative; got {}", data.time[i]),
                  where(), "count from each unit's own start");
    if (data.event[i] > 1)
      return fail(ErrorCode::invalid_data,
                  fmt::format("event is 1 (happened) or 0 (censored); got {}",
                              static_cast<int>(data.event[i])),
                  where());
    if (!data.entry.empty() && !(data.entry[i] < data.time[i]))
      return fail(ErrorCode::invalid_data,
                  fmt::format("a unit must enter before it leaves; got entry {} and time {}",
                              data.entry[i], data.time[i]),
                  where());
  }
  return {};
}

ObservationRows rows_of(const Observations& data, std::span<const std::size_t> places) {
  ObservationRows out;
  for (const std::size_t i : places) {
    out.time.push_back(data.time[i]);
    out.event.push_back(data.event[i]);
    if (!data.entry.empty()) out.entry.push_back(data.entry[i]);
  }
  return out;
}

std::vector<RiskRow> risk_table(const Observations& data) {
  std::vector<std::size_t> order(data.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return data.time[a] < data.time[b]; });
  std::vector<double> entries(data.entry.begin(), data.entry.end());
  std::sort(entries.begin(), entries.end());
  std::vector<RiskRow> rows;
  std::size_t entered = 0;
  for (std::size_t i = 0; i < order.size();) {
    RiskRow row;
    row.time = data.time[order[i]];
    while (entered < entries.size() && entries[entered] < row.time) ++entered;
    const std::size_t seen = data.entry.empty() ? data.size() : entered;
    row.at_risk = static_cast<std::int64_t>(seen) - static_cast<std::int64_t>(i);
    for (; i < order.size() && data.time[order[i]] == row.time; ++i)
      ++(data.event[order[i]] == 1 ? row.events : row.censored);
    rows.push_back(row);
  }
  return rows;
}

}  // namespace assay::survival
