#include "assay/base/time.hpp"

#include <date/tz.h>
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>

#include "assay/base/text.hpp"

namespace assay {
namespace {

constexpr TimeUs kFarPast = -10'000LL * 366 * kDayUs;

std::int64_t floor_div(std::int64_t a, std::int64_t b) {
  const std::int64_t q = a / b;
  return q - static_cast<std::int64_t>(a % b < 0);
}

std::vector<std::string> zone_names() {
  std::vector<std::string> names;
  for (const auto& zone : date::get_tzdb().zones) names.emplace_back(zone.name());
  return names;
}

struct Unit {
  std::string_view suffix;
  std::int64_t us;
};
constexpr std::array<Unit, 7> kUnits{{{"ms", 1'000},
                                      {"us", 1},
                                      {"s", kSecondUs},
                                      {"m", kMinuteUs},
                                      {"h", kHourUs},
                                      {"d", kDayUs},
                                      {"w", 7 * kDayUs}}};

}  // namespace

TimeZone TimeZone::utc() {
  TimeZone zone;
  zone.name_ = "UTC";
  zone.transitions_ = {kFarPast};
  zone.offsets_us_ = {0};
  return zone;
}

Result<TimeZone> TimeZone::find(std::string_view name) {
  if (name == "UTC" || name == "Z" || name == "Etc/UTC") return utc();
  try {
    const date::time_zone* found = date::locate_zone(std::string(name));
    TimeZone zone;
    zone.name_ = std::string(name);
    auto at = date::sys_days{date::year{1970} / 1 / 1} + std::chrono::seconds{0};
    const auto end = date::sys_days{date::year{2100} / 1 / 1} + std::chrono::seconds{0};
    while (at < end) {
      const date::sys_info info = found->get_info(at);
      const std::int64_t begin_us = info.begin.time_since_epoch().count() * kSecondUs;
      zone.transitions_.push_back(zone.transitions_.empty() ? kFarPast : begin_us);
      zone.offsets_us_.push_back(info.offset.count() * kSecondUs);
      at = info.end;
    }
    return zone;
  } catch (const std::exception&) {
    const auto near = nearest(name, zone_names());
    return fail(ErrorCode::invalid_spec, fmt::format("there is no time zone named `{}`", name), "",
                near.empty() ? "use an IANA name such as America/Los_Angeles or UTC"
                             : fmt::format("did you mean `{}`?", near));
  }
}

std::int64_t TimeZone::offset_at(TimeUs instant) const {
  if (offsets_us_.size() == 1) return offsets_us_.front();
  const auto next = std::upper_bound(transitions_.begin() + 1, transitions_.end(), instant);
  return offsets_us_[static_cast<std::size_t>(next - transitions_.begin()) - 1];
}

Day TimeZone::local_day(TimeUs instant) const {
  return static_cast<Day>(floor_div(instant + offset_at(instant), kDayUs));
}

TimeUs TimeZone::from_local(std::int64_t local_us) const {
  // Offsets in force around the guess; the earlier instant that shows this wall clock wins.
  const std::int64_t before = offset_at(local_us - kDayUs);
  const std::int64_t after = offset_at(local_us + kDayUs);
  for (const std::int64_t offset : {before, after}) {
    const TimeUs instant = local_us - offset;
    if (offset_at(instant) == offset) return instant;
  }
  // In a gap: the transition itself is the first instant that exists.
  const auto next = std::upper_bound(transitions_.begin(), transitions_.end(), local_us - before);
  return *(next - 1);
}

TimeUs TimeZone::day_start(Day day) const { return from_local(std::int64_t{day} * kDayUs); }

std::vector<TimeUs> TimeZone::day_starts(Day first, Day last) const {
  std::vector<TimeUs> starts;
  for (Day day = first; day <= last + 1; ++day) starts.push_back(day_start(day));
  return starts;
}

std::vector<TimeZone::Offset> TimeZone::offsets(TimeRange span) const {
  std::vector<Offset> found;
  for (std::size_t i = 0; i < transitions_.size(); ++i) {
    if (transitions_[i] >= span.end && transitions_[i] > span.begin) break;
    if (transitions_[i] <= span.begin) found.clear();
    if (found.empty() || found.back().offset_us != offsets_us_[i])
      found.push_back({transitions_[i], offsets_us_[i]});
  }
  return found;
}

Result<Day> parse_day(std::string_view text) {
  const auto number = [&](std::size_t from, std::size_t count) {
    int value = -1;
    const auto* begin = text.data() + from;
    const auto [end, error] = std::from_chars(begin, begin + count, value);
    return error == std::errc() && end == begin + count ? value : -1;
  };
  if (text.size() == 10 && text[4] == '-' && text[7] == '-') {
    const int year = number(0, 4);
    const int month = number(5, 2);
    const int day = number(8, 2);
    const auto ymd = date::year{year} / month / day;
    if (year >= 0 && month > 0 && day > 0 && ymd.ok()) {
      return static_cast<Day>(date::sys_days{ymd}.time_since_epoch().count());
    }
  }
  return fail(ErrorCode::invalid_spec, fmt::format("not a calendar date: `{}`", text), "",
              "write year-month-day, for example 2026-05-04");
}

std::string day_text(Day day) {
  const date::year_month_day ymd{date::sys_days{date::days{day}}};
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(ymd.year()),
                     static_cast<unsigned>(ymd.month()), static_cast<unsigned>(ymd.day()));
}

std::string time_text(TimeUs instant) {
  const std::int64_t day = floor_div(instant, kDayUs);
  const std::int64_t rest = instant - day * kDayUs;
  std::string text =
      fmt::format("{}T{:02}:{:02}:{:02}", day_text(static_cast<Day>(day)), rest / kHourUs,
                  rest % kHourUs / kMinuteUs, rest % kMinuteUs / kSecondUs);
  if (rest % kSecondUs != 0) text += fmt::format(".{:06}", rest % kSecondUs);
  return text + "Z";
}

int weekday(Day day) { return static_cast<int>(((std::int64_t{day} + 3) % 7 + 7) % 7); }

Result<std::int64_t> parse_duration(std::string_view text) {
  std::int64_t count = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  const std::string_view suffix(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (error == std::errc() && count >= 0) {
    for (const Unit& unit : kUnits) {
      std::int64_t us = 0;
      if (unit.suffix == suffix && !__builtin_mul_overflow(count, unit.us, &us)) return us;
    }
  }
  return fail(ErrorCode::invalid_spec, fmt::format("not a duration: `{}`", text), "",
              "write a number and a unit, for example 90s, 30m, 2h, 7d or 4w");
}

std::string duration_text(std::int64_t duration_us) {
  for (const char* suffix : {"d", "h", "m", "s", "ms"}) {
    const auto* unit = std::find_if(kUnits.begin(), kUnits.end(),
                                    [&](const Unit& u) { return u.suffix == suffix; });
    if (duration_us % unit->us == 0) return fmt::format("{}{}", duration_us / unit->us, suffix);
  }
  return fmt::format("{}us", duration_us);
}

}  // namespace assay
