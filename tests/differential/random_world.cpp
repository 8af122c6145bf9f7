#include "random_world.hpp"

#include <fmt/core.h>

#include <array>
#include <limits>
#include <optional>

namespace assay::differential {
namespace {

using frame::Column;
using frame::Type;

struct Place {
  const char* zone;
  const char* first_day;
};

// Around changes of clocks: an hour, half an hour, at midnight, and a day left out altogether.
constexpr std::array<Place, 8> kPlaces{{{"UTC", "2026-05-01"},
                                        {"Europe/Berlin", "2026-03-27"},
                                        {"Europe/Berlin", "2026-10-23"},
                                        {"America/New_York", "2025-10-31"},
                                        {"Australia/Lord_Howe", "2026-04-03"},
                                        {"America/Sao_Paulo", "2018-11-02"},
                                        {"Pacific/Apia", "2011-12-28"},
                                        {"Asia/Kolkata", "2026-05-01"}}};

Column& add(frame::Table& table, const char* name, Type type) {
  Column column;
  column.name = name;
  column.type = type;
  table.columns.push_back(std::move(column));
  return table.columns.back();
}

void push(Column& column, std::optional<std::int64_t> value) {
  column.ints.push_back(value.value_or(0));
  column.nulls.push_back(value ? 0 : 1);
}

void push_text(Column& column, const char* value) {
  column.nulls.push_back(value == nullptr ? 1 : 0);
  const std::string text = value == nullptr ? "" : value;
  for (std::size_t i = 0; i < column.dictionary.size(); ++i) {
    if (column.dictionary[i] != text) continue;
    column.codes.push_back(static_cast<std::uint32_t>(i));
    return;
  }
  column.codes.push_back(static_cast<std::uint32_t>(column.dictionary.size()));
  column.dictionary.push_back(text);
}

/// One draw for the whole log of how dirty it is.
struct Habits {
  bool text_units = false;
  bool coarse = false;  ///< Times on a grid of hours: many ties.
  double missing = 0.0;
  double ahead = 0.0;  ///< Share of events received before they happened.
};

class Writer {
 public:
  Writer(Dice& dice, const Habits& habits, const TimeRange& span)
      : dice_(dice), habits_(habits), span_(span) {
    table_.columns.reserve(12);
    add(table_, "user", habits.text_units ? Type::text : Type::int64);
    add(table_, "ts", Type::time_us);
    add(table_, "name", Type::text);
    add(table_, "got", Type::time_us);
    add(table_, "seq", Type::int64);
    add(table_, "key", Type::text);
    add(table_, "value", Type::int64);
    add(table_, "amount", Type::float64);
    add(table_, "flag", Type::boolean);
    add(table_, "country", Type::text);
    add(table_, "variant", Type::text);
    add(table_, "when", Type::time_us);
  }

  void row(std::int64_t unit) {
    const bool no_unit = missing(0.3);
    if (habits_.text_units) {
      push_text(column(0), no_unit ? nullptr : fmt::format("u{}", unit).c_str());
    } else {
      push(column(0), no_unit ? std::nullopt : std::optional(unit * 1'000'003 - 7));
    }
    const std::int64_t time = any_time();
    push(column(1), missing(0.3) ? std::nullopt : std::optional(time));
    push_text(column(2), missing(0.3) ? nullptr : dice_.pick(kNames));
    const std::int64_t delay =
        dice_.chance(habits_.ahead) ? -dice_.below(3 * kHourUs) : dice_.below(6) * kHourUs / 2;
    push(column(3), missing(1.0) ? std::nullopt : std::optional(time + delay));
    push(column(4), missing(1.0) ? std::nullopt : std::optional(dice_.between(-2, 2)));
    push_text(column(5), missing(1.0) ? nullptr : dice_.pick(kKeys));
    push(column(6), missing(1.0) ? std::nullopt : std::optional(dice_.between(-3, 20)));
    const double amount = dice_.chance(0.05) ? std::numeric_limits<double>::quiet_NaN()
                                             : dice_.uniform() * 10.0 - 1.0;
    column(7).doubles.push_back(dice_.chance(0.5) ? amount : static_cast<double>(dice_.below(4)));
    column(7).nulls.push_back(missing(1.0) ? 1 : 0);
    push(column(8), missing(1.0) ? std::nullopt : std::optional(dice_.below(2)));
    push_text(column(9), missing(1.0) ? nullptr : dice_.pick(kCountries));
    push_text(column(10), missing(0.5) ? nullptr : dice_.pick(kVariants));
    push(column(11), missing(1.0) ? std::nullopt : std::optional(any_time()));
  }

  frame::Table table() { return std::move(table_); }

 private:
  Column& column(std::size_t i) { return table_.columns[i]; }
  bool missing(double share) { return dice_.chance(habits_.missing * share); }

  std::int64_t any_time() {
    const std::int64_t step = habits_.coarse ? 6 * kHourUs : kHourUs / 4;
    std::int64_t time = span_.begin + dice_.below((span_.end - span_.begin) / step) * step;
    if (dice_.chance(0.1)) time += dice_.between(-1, 1);
    return time;
  }

  const std::vector<const char*> kNames{"a", "b", "c", "assign", "expose", "a"};
  const std::vector<const char*> kKeys{"k1", "k2", "k3", "", "k4", "k5", "k6", "k7"};
  const std::vector<const char*> kCountries{"DE", "FR", "", "it's", "größe"};
  const std::vector<const char*> kVariants{"control", "treatment", "control", "treatment", "off"};

  Dice& dice_;
  const Habits& habits_;
  const TimeRange& span_;
  frame::Table table_;
};

engine::Source random_source(Dice& dice, const Habits& habits) {
  engine::Source source;
  source.name = "log";
  source.unit = {"user", "user", habits.text_units ? Type::text : Type::int64};
  source.event_expression = "name";
  source.event_time.expression = "ts";
  const bool received = dice.chance(0.7);
  if (received) source.ingest_time = engine::TimeColumn{"got", {}, TimeZone::utc()};
  if (dice.chance(0.5)) source.sequence_expression = "seq";
  if (received && dice.chance(0.6)) source.max_skew_us = dice.below(3) * kHourUs;
  if (dice.chance(0.6)) {
    source.dedup = engine::DedupPolicy{{"key"}, std::nullopt};
    if (dice.chance(0.4)) source.dedup->keys.push_back("name");
    if (dice.chance(0.3)) source.dedup->keys.push_back("value");
    if (dice.chance(0.6)) source.dedup->within_us = dice.below(5) * 6 * kHourUs;
  }
  source.properties = {{"value", "value", Type::int64},    {"amount", "amount", Type::float64},
                       {"flag", "flag", Type::boolean},    {"country", "country", Type::text},
                       {"variant", "variant", Type::text}, {"when", "\"when\"", Type::time_us},
                       {"Event", "country", Type::text},   {"arm", "value + 1", Type::int64},
                       {"start", "amount", Type::float64}};
  return source;
}

}  // namespace

World random_world(std::uint64_t seed) {
  Dice dice(seed, 1);
  World world;
  const Place& place = kPlaces[static_cast<std::size_t>(dice.below(kPlaces.size()))];
  world.timezone = *TimeZone::find(place.zone);
  const Day first = *parse_day(place.first_day);
  world.span = {world.timezone.day_start(first), world.timezone.day_start(first + 6)};
  Habits habits;
  habits.text_units = dice.chance(0.5);
  habits.coarse = dice.chance(0.5);
  habits.missing = dice.chance(0.3) ? 0.0 : 0.15;
  habits.ahead = dice.chance(0.3) ? 0.0 : 0.1;
  world.source = random_source(dice, habits);
  Writer writer(dice, habits, world.span);
  const std::int64_t units = dice.between(1, 25);
  const std::int64_t rows = dice.between(5, 14) * units;
  for (std::int64_t i = 0; i < rows; ++i) writer.row(dice.below(units));
  world.rows = writer.table();
  return world;
}

}  // namespace assay::differential
