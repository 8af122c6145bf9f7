#include "assay/distributed/daily_store.hpp"

#include <fmt/core.h>

#include <charconv>
#include <cmath>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "assay/base/file.hpp"
#include "assay/base/hash.hpp"

// A file is text, a line a day in ascending order, real numbers in hexadecimal:
//
//   assay daily totals 1
//   question FINGERPRINT
//   variables 1 2
//   day 20574 as_of 1777680000000000 units 3 | 3 0x1p+1 0x1.8p+2 | 3 0x1p+0 ...
//   checksum FINGERPRINT of all above
//
// A metric of v variables has its n, v means and v (v + 1) / 2 centred sums.
namespace assay::distributed {
namespace {

constexpr std::string_view kHead = "assay daily totals 1\n";
constexpr std::string_view kChecksum = "checksum ";

/// A word with its length before it, so that no two lists of words read alike.
std::string counted(std::string_view word) { return fmt::format("{}:{} ", word.size(), word); }

std::string selector_text(const engine::EventSelector& selector) {
  std::string text = fmt::format("events {} ", selector.names.size());
  for (const std::string& name : selector.names) text += counted(name);
  if (selector.where) text += "where " + counted(frame::to_text(*selector.where));
  return text;
}

std::string term_text(const engine::Term& term) {
  return selector_text(term.event) +
         fmt::format("fold {} scale {:a} column ", static_cast<int>(term.aggregation), term.scale) +
         counted(term.column);
}

std::size_t variables_of(const engine::UnitMetric& metric) { return metric.denominator ? 2 : 1; }

/// The lines before the days.
std::string head_text(const DailyStore& store, const engine::SeriesQuery& query) {
  std::string text(kHead);
  text += "question " + fingerprint(counted(store.table) + series_text(query)) + "\nvariables";
  for (const engine::UnitMetric& metric : query.metrics)
    text += fmt::format(" {}", variables_of(metric));
  return text + "\n";
}

std::string day_line(Day day, const StoredDay& stored) {
  std::string text =
      fmt::format("day {} as_of {} units {}", day, stored.as_of, stored.totals.units);
  for (const engine::MetricMoments& moments : stored.totals.moments) {
    text += fmt::format(" | {}", moments.n);
    for (const double mean : moments.mean) text += fmt::format(" {:a}", mean);
    for (const double sum : moments.comoment) text += fmt::format(" {:a}", sum);
  }
  return text + "\n";
}

/// Reads words and numbers of one line; once something does not fit, `sound` stays false.
class Words {
 public:
  explicit Words(std::string_view line) : rest_(line) {}

  void expect(std::string_view word) { sound_ = sound_ && next() == word; }

  std::int64_t whole() {
    const std::string_view word = next();
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    sound_ = sound_ && error == std::errc() && end == word.data() + word.size();
    return value;
  }

  double real() {
    std::string_view word = next();
    const bool negative = word.starts_with('-');
    if (negative) word.remove_prefix(1);
    if (!word.starts_with("0x")) {
      sound_ = false;
      return 0.0;
    }
    word.remove_prefix(2);
    double value = 0.0;
    const auto [end, error] =
        std::from_chars(word.data(), word.data() + word.size(), value, std::chars_format::hex);
    sound_ =
        sound_ && error == std::errc() && end == word.data() + word.size() && std::isfinite(value);
    return negative ? -value : value;
  }

  [[nodiscard]] bool sound_to_the_end() const { return sound_ && rest_.empty(); }

 private:
  std::string_view next() {
    const std::size_t space = rest_.find(' ');
    const std::string_view word = rest_.substr(0, space);
    rest_ = space == std::string_view::npos ? std::string_view() : rest_.substr(space + 1);
    return word;
  }

  std::string_view rest_;
  bool sound_ = true;
};

/// Adds the day of a line; false when the line is none.
bool take_line(std::string_view line, const engine::SeriesQuery& query, StoredDays& days) {
  Words words(line);
  words.expect("day");
  const std::int64_t day = words.whole();
  StoredDay stored;
  words.expect("as_of");
  stored.as_of = words.whole();
  words.expect("units");
  stored.totals.units = words.whole();
  for (const engine::UnitMetric& metric : query.metrics) {
    engine::MetricMoments moments(variables_of(metric));
    words.expect("|");
    moments.n = words.whole();
    for (double& mean : moments.mean) mean = words.real();
    for (double& sum : moments.comoment) sum = words.real();
    if (moments.n != stored.totals.units) return false;
    stored.totals.moments.push_back(std::move(moments));
  }
  const auto number = static_cast<Day>(day);
  if (!words.sound_to_the_end() || stored.totals.units < 0 || number != day) return false;
  if (!days.empty() && days.rbegin()->first >= number) return false;
  days.emplace(number, std::move(stored));
  return true;
}

tl::unexpected<Error> damaged(const std::filesystem::path& file, std::string problem) {
  return fail(ErrorCode::invalid_data, std::move(problem), file.string(),
              "nothing to do: the days are asked again and the file is written anew");
}

}  // namespace

std::string table_text(std::string_view engine, const EventTableSpec& spec) {
  const engine::Source& source = spec.source;
  const auto time = [](const engine::TimeColumn& column) {
    return counted(column.expression) + fmt::format("unit {} ", static_cast<int>(column.unit)) +
           counted(column.timezone.name());
  };
  const auto property = [](const engine::SourceProperty& one) {
    return counted(one.name) + counted(one.expression) + counted(frame::to_text(one.type));
  };
  std::string text = counted(engine) + counted(spec.table.catalog) + counted(spec.table.schema) +
                     counted(spec.table.table) + property(source.unit) +
                     counted(source.event_expression) + counted(source.constant_event) +
                     time(source.event_time) + counted(source.sequence_expression);
  if (source.ingest_time) text += "ingest " + time(*source.ingest_time);
  if (source.max_skew_us) text += fmt::format("skew {} ", *source.max_skew_us);
  if (source.dedup) {
    text += fmt::format("dedup {} ", source.dedup->within_us.value_or(-1));
    for (const std::string& key : source.dedup->keys) text += counted(key);
  }
  for (const engine::SourceProperty& one : source.properties) text += "property " + property(one);
  return text;
}

std::string series_text(const engine::SeriesQuery& query) {
  std::string text = "zone " + counted(query.timezone.name()) + "active ";
  text += selector_text(query.active);
  for (const engine::UnitMetric& metric : query.metrics) {
    text += "metric " + term_text(metric.numerator);
    if (metric.denominator) text += "over " + term_text(*metric.denominator);
    if (metric.cap_value) text += fmt::format("cap {:a} ", *metric.cap_value);
  }
  return text;
}

std::filesystem::path daily_file(const DailyStore& store, const engine::SeriesQuery& query) {
  return store.folder / (fingerprint(counted(store.table) + series_text(query)) + ".days");
}

Result<StoredDays> read_days(const DailyStore& store, const engine::SeriesQuery& query) {
  const std::filesystem::path file = daily_file(store, query);
  std::error_code failed;
  if (!std::filesystem::exists(file, failed) && !failed) return StoredDays();
  ASSAY_TRY(const std::string content, read_file(file));
  const std::size_t end = content.rfind(kChecksum);
  if (!content.starts_with("assay daily totals ") || end == std::string::npos)
    return damaged(file, "the stored days are cut or not what they should be");
  const std::string_view all = content;
  if (all.substr(end + kChecksum.size()) != fingerprint(all.substr(0, end)) + "\n")
    return damaged(file, "the stored days are damaged: their checksum is another");
  const std::string head = head_text(store, query);
  if (!all.starts_with(head))
    return damaged(file, "the stored days are of another version or question");
  StoredDays days;
  std::string_view rest = all.substr(head.size(), end - head.size());
  while (!rest.empty()) {
    const std::size_t line = rest.find('\n');
    if (line == std::string_view::npos || !take_line(rest.substr(0, line), query, days))
      return damaged(file, "the stored days do not read");
    rest.remove_prefix(line + 1);
  }
  return days;
}

Result<void> write_days(const DailyStore& store, const engine::SeriesQuery& query,
                        const StoredDays& days) {
  std::string content = head_text(store, query);
  for (const auto& [day, stored] : days) content += day_line(day, stored);
  content += std::string(kChecksum) + fingerprint(content) + "\n";
  return write_file(daily_file(store, query), content);
}

}  // namespace assay::distributed
