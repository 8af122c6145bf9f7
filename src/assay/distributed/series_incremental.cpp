#include "assay/distributed/series_incremental.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace assay::distributed {
namespace {

using engine::SeriesQuery;

bool has_sound_days(const SeriesQuery& query) {
  return query.first_day <= query.last_day && query.first_day >= engine::kEarliestDay &&
         query.last_day <= engine::kLatestDay &&
         std::int64_t{query.last_day} - query.first_day < engine::kMaxSeriesDays;
}

/// Whether no event of the day could arrive any more after the data went as far as `as_of`.
bool is_settled(Day day, TimeUs as_of, const SeriesQuery& query, const IncrementalPolicy& policy) {
  TimeUs final_at = 0;
  if (__builtin_add_overflow(query.timezone.day_start(day + 1), policy.late_horizon_us, &final_at))
    return false;
  return final_at <= as_of;
}

/// Runs of days that the store does not give; joined over the shortest stretches until few.
std::vector<DaySpan> spans_to_ask(const SeriesQuery& query, const StoredDays& days,
                                  const IncrementalPolicy& policy) {
  std::vector<DaySpan> spans;
  for (Day day = query.first_day; day <= query.last_day; ++day) {
    const auto stored = days.find(day);
    if (!policy.refresh && stored != days.end() &&
        is_settled(day, stored->second.as_of, query, policy))
      continue;
    if (!spans.empty() && spans.back().last == day - 1)
      spans.back().last = day;
    else
      spans.push_back({day, day});
  }
  while (spans.size() > kMaxSpansAsked) {
    std::size_t shortest = 1;
    for (std::size_t i = 2; i < spans.size(); ++i) {
      if (spans[i].first - spans[i - 1].last < spans[shortest].first - spans[shortest - 1].last)
        shortest = i;
    }
    spans[shortest - 1].last = spans[shortest].last;
    spans.erase(spans.begin() + static_cast<std::ptrdiff_t>(shortest));
  }
  return spans;
}

/// Engines sum in orders of their own: what differs by rounding alone is the same.
bool is_same(double a, double b, double scale) {
  return std::abs(a - b) <= 1e-9 * std::max({std::abs(a), std::abs(b), scale});
}

bool is_same(const engine::UnitTotals& a, const engine::UnitTotals& b) {
  if (a.units != b.units) return false;
  for (std::size_t m = 0; m < a.moments.size(); ++m) {
    const engine::MetricMoments& x = a.moments[m];
    const engine::MetricMoments& y = b.moments[m];
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double spread =
          std::sqrt(std::abs(x.at(i, i)) / static_cast<double>(std::max<std::int64_t>(x.n, 1)));
      if (!is_same(x.mean[i], y.mean[i], spread)) return false;
    }
    for (std::size_t i = 0; i < x.size(); ++i) {
      for (std::size_t j = i; j < x.size(); ++j) {
        const double size = std::sqrt(std::abs(x.at(i, i) * x.at(j, j))) +
                            static_cast<double>(x.n) * std::abs(x.mean[i] * x.mean[j]);
        if (!is_same(x.at(i, j), y.at(i, j), size)) return false;
      }
    }
  }
  return true;
}

/// Puts one answer among the stored days, and notes settled days that it changed.
void take(const engine::Series& answer, const SeriesQuery& query, const IncrementalPolicy& policy,
          StoredDays& days, IncrementalSeries& out) {
  for (std::size_t i = 0; i < answer.days.size(); ++i) {
    const Day day = answer.first_day + static_cast<Day>(i);
    const auto before = days.find(day);
    if (before != days.end() && is_settled(day, before->second.as_of, query, policy) &&
        !is_same(before->second.totals, answer.days[i]))
      out.changed.push_back(day);
    days[day] = {answer.days[i], policy.as_of};
  }
}

}  // namespace

std::int64_t IncrementalSeries::asked_days() const {
  std::int64_t days = 0;
  for (const DaySpan& span : asked) days += span.last - span.first + 1;
  return days;
}

Result<IncrementalSeries> series_incremental(engine::Engine& engine, const DailyStore& store,
                                             const SeriesQuery& query,
                                             const IncrementalPolicy& policy) {
  IncrementalSeries out;
  StoredDays days;
  if (!has_sound_days(query)) {
    ASSAY_TRY(out.series, engine.series(query));  // Says what is wrong with it.
    return out;
  }
  if (auto read = read_days(store, query)) {
    days = std::move(*read);
  } else {
    out.warnings.push_back(
        fmt::format("{} ({}); all days are asked again", read.error().problem, read.error().where));
  }
  for (const DaySpan& span : spans_to_ask(query, days, policy)) {
    SeriesQuery part = query;
    part.first_day = span.first;
    part.last_day = span.last;
    ASSAY_TRY(const engine::Series answer, engine.series(part));
    out.asked.push_back(span);
    take(answer, query, policy, days, out);
    // After every answer: a stop or a failure later on does not lose it.
    if (const auto written = write_days(store, query, days); !written)
      out.warnings.push_back(
          fmt::format("the days that were asked could not be kept: {}", written.error().problem));
  }
  out.series.first_day = query.first_day;
  for (Day day = query.first_day; day <= query.last_day; ++day)
    out.series.days.push_back(std::move(days[day].totals));
  out.stored = static_cast<std::int64_t>(out.series.days.size()) - out.asked_days();
  return out;
}

}  // namespace assay::distributed
