#include "assay/spec/detail/visitor.hpp"

#include <fmt/core.h>

#include <charconv>

namespace assay::spec::detail {
namespace {

constexpr std::string_view kDurationPattern = "^[0-9]+(us|ms|s|m|h|d|w)$";
constexpr std::string_view kDayPattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$";

Spelling duration_spelling(std::int64_t& us, bool zero_allowed) {
  return {kDurationPattern, "7d",
          [&us, zero_allowed](const std::string& text) -> Result<void> {
            if (text.starts_with("-"))
              return fail(ErrorCode::invalid_spec,
                          fmt::format("a duration is negative: `{}`", text), "",
                          "write a number and a unit, for example 90s, 30m, 2h, 7d or 4w");
            ASSAY_TRY(us, parse_duration(text));
            if (us == 0 && !zero_allowed)
              return fail(ErrorCode::invalid_spec, fmt::format("a duration of zero: `{}`", text),
                          "", "write a time longer than zero, for example 7d");
            return {};
          },
          [&us] { return duration_text(us); }};
}

template <class T>
void number_or_nothing(Visitor& v, const Key& key, std::optional<T>& value, const Range& range) {
  if (!v.visits(key, value.has_value())) return;
  std::int64_t number = value.value_or(T{});
  v.integer(key, number, range);
  value = static_cast<T>(number);
}

Range within_int(const Range& range) {
  Range narrow = range;
  if (!narrow.max) narrow.max = 1e9;
  if (!narrow.min) narrow.min = -1e9;
  return narrow;
}

/// Two digits at a place of a text, or -1.
int two_digits(std::string_view text, std::size_t at) {
  int value = -1;
  if (at + 2 > text.size()) return -1;
  const auto [end, error] = std::from_chars(text.data() + at, text.data() + at + 2, value);
  return error == std::errc() && end == text.data() + at + 2 && value >= 0 ? value : -1;
}

}  // namespace

void Visitor::flag(const Key& key, std::optional<bool>& value) {
  if (!visits(key, value.has_value())) return;
  bool plain = value.value_or(false);
  flag(key, plain);
  value = plain;
}

void Visitor::number(const Key& key, std::optional<double>& value, const Range& range) {
  if (!visits(key, value.has_value())) return;
  double plain = value.value_or(0.0);
  number(key, plain, range);
  value = plain;
}

void Visitor::integer(const Key& key, int& value, const Range& range) {
  std::int64_t wide = value;
  integer(key, wide, within_int(range));
  value = static_cast<int>(wide);
}

void Visitor::integer(const Key& key, std::optional<int>& value, const Range& range) {
  number_or_nothing(*this, key, value, within_int(range));
}

void Visitor::integer(const Key& key, std::optional<std::int64_t>& value, const Range& range) {
  number_or_nothing(*this, key, value, range);
}

void Visitor::integers(const Key& key, std::vector<int>& values, const Range& range) {
  const auto item = [&](std::size_t i) {
    if (i >= values.size()) values.resize(i + 1);
    return Spelling{"^[0-9]+$", "7",
                    [&values, i, range](const std::string& text) -> Result<void> {
                      int number = 0;
                      const char* last = text.data() + text.size();
                      const auto [end, error] = std::from_chars(text.data(), last, number);
                      if (error != std::errc() || end != last || number < range.min.value_or(0) ||
                          number > range.max.value_or(1e9))
                        return fail(
                            ErrorCode::invalid_spec,
                            fmt::format("not a whole number in range: `{}`", text), "",
                            fmt::format("write a whole number from {} on", range.min.value_or(0)));
                      values[i] = number;
                      return {};
                    },
                    [&values, i] { return std::to_string(values[i]); }};
  };
  spelled_list(key, values.size(), item);
}

void Visitor::duration(const Key& key, std::int64_t& us, bool zero_allowed) {
  Location where;
  spelled(key, where, duration_spelling(us, zero_allowed));
}

void Visitor::duration(const Key& key, std::optional<std::int64_t>& us, bool zero_allowed) {
  if (!visits(key, us.has_value())) return;
  std::int64_t plain = us.value_or(0);
  duration(key, plain, zero_allowed);
  us = plain;
}

void Visitor::durations(const Key& key, std::vector<std::int64_t>& us) {
  spelled_list(key, us.size(), [&](std::size_t i) {
    if (i >= us.size()) us.resize(i + 1);
    Spelling spelling = duration_spelling(us[i], false);
    // The vector may move while it grows: reach the element by its number.
    spelling.parse = [&us, i](const std::string& text) -> Result<void> {
      std::int64_t value = 0;
      ASSAY_CHECK(duration_spelling(value, false).parse(text));
      us[i] = value;
      return {};
    };
    spelling.print = [&us, i] { return duration_text(us[i]); };
    return spelling;
  });
}

void Visitor::day(const Key& key, Day& value) {
  Location where;
  spelled(key, where,
          {kDayPattern, "2026-05-04",
           [&value](const std::string& text) -> Result<void> {
             ASSAY_TRY(value, parse_day(text));
             return {};
           },
           [&value] { return day_text(value); }});
}

void Visitor::zone(const Key& key, Text& value) {
  if (!visits(key, !value.value.empty())) return;
  spelled(key, value.where,
          {"^[A-Za-z][A-Za-z0-9_+/-]*$", "America/Los_Angeles",
           [&value](const std::string& text) -> Result<void> {
             ASSAY_TRY(const TimeZone zone, TimeZone::find(text));
             value.value = zone.name();
             return {};
           },
           [&value] { return value.value; }});
}

Result<TimeUs> parse_instant(std::string_view text, const TimeZone& zone) {
  const auto wrong = [&] {
    return fail(ErrorCode::invalid_spec, fmt::format("not a date or instant: `{}`", text), "",
                "write 2026-06-01 or 2026-06-01T00:00:00Z");
  };
  const auto day = parse_day(text.substr(0, 10));
  if (!day) return wrong();
  if (text.size() == 10) return zone.day_start(*day);
  const int hour = two_digits(text, 11);
  const int minute = two_digits(text, 14);
  const bool clock = (text[10] == 'T' || text[10] == ' ') && text.size() >= 16 && text[13] == ':' &&
                     hour >= 0 && hour < 24 && minute >= 0 && minute < 60;
  if (!clock) return wrong();
  std::int64_t us = std::int64_t{*day} * kDayUs + hour * kHourUs + minute * kMinuteUs;
  std::size_t at = 16;
  if (text.size() > at && text[at] == ':') {
    const int second = two_digits(text, at + 1);
    if (second < 0 || second > 59) return wrong();
    us += second * kSecondUs;
    at += 3;
  }
  const std::string_view rest = text.substr(at);
  if (rest.empty()) return zone.from_local(us);
  if (rest == "Z") return us;
  if ((rest[0] != '+' && rest[0] != '-') || rest.size() != 6 || rest[3] != ':') return wrong();
  const int hours = two_digits(rest, 1);
  const int minutes = two_digits(rest, 4);
  if (hours < 0 || hours > 18 || minutes < 0 || minutes > 59) return wrong();
  const std::int64_t offset = hours * kHourUs + minutes * kMinuteUs;
  return us - (rest[0] == '+' ? offset : -offset);
}

}  // namespace assay::spec::detail
