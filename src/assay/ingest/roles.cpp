#include "assay/ingest/detail/roles.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <set>

#include "assay/base/text.hpp"
#include "assay/ingest/detail/cube.hpp"

namespace assay::ingest::detail {
namespace {

struct Word {
  std::string_view word;
  double weight;
};

// Who events are about. Words nearer to a person weigh more; a session is the last resort.
constexpr std::array<Word, 26> kUnitWords = {
    {{"user", 10},     {"customer", 10},  {"player", 10}, {"member", 9},    {"person", 9},
     {"uid", 9},       {"subscriber", 9}, {"visitor", 8}, {"anonymous", 8}, {"distinct", 8},
     {"account", 7},   {"client", 7},     {"guest", 7},   {"patient", 8},   {"employee", 7},
     {"household", 7}, {"host", 6},       {"device", 6},  {"case", 6},      {"profile", 6},
     {"actor", 6},     {"company", 5},    {"cookie", 5},  {"trace", 4},     {"session", 3},
     {"author", 6}}};

constexpr std::array<Word, 12> kEventWords = {{{"event", 8},
                                               {"eventname", 8},
                                               {"activity", 7},
                                               {"action", 7},
                                               {"eventtype", 7},
                                               {"verb", 5},
                                               {"operation", 4},
                                               {"interaction", 4},
                                               {"page", 2},
                                               {"type", 3},
                                               {"name", 2},
                                               {"kind", 3}}};

constexpr std::array<Word, 13> kTimeWords = {{{"timestamp", 5},
                                              {"ts", 5},
                                              {"time", 5},
                                              {"datetime", 5},
                                              {"at", 4},
                                              {"occurred", 5},
                                              {"date", 4},
                                              {"created", 3},
                                              {"epoch", 5},
                                              {"day", 2},
                                              {"eventtime", 5},
                                              {"when", 3},
                                              {"event", 2}}};

constexpr std::array<std::string_view, 15> kIngestWords = {
    "received",  "ingest",   "ingested", "ingestion", "server", "arrived", "arrival", "loaded",
    "processed", "inserted", "logged",   "collector", "sent",   "stored",  "upload"};

// Times of something else than the event.
constexpr std::array<std::string_view, 14> kOtherTimes = {
    "birth", "dob",   "signup",  "registered", "registration", "expires", "expiry",
    "due",   "first", "updated", "modified",   "valid",        "cohort",  "end"};

constexpr std::array<std::string_view, 12> kSequenceWords = {
    "seq",     "sequence", "index", "offset", "order",   "position",
    "ordinal", "number",   "step",  "idx",    "counter", "rank"};

constexpr std::array<std::string_view, 11> kKeyWords = {
    "insert", "event", "message",     "msg", "instance", "request",
    "uuid",   "dedup", "idempotency", "log", "hit"};

template <std::size_t N>
double weight(const std::vector<std::string>& words, const std::array<Word, N>& known) {
  double best = 0.0;
  for (const std::string& word : words) {
    for (const Word& one : known) {
      if (one.word == word) best = std::max(best, one.weight);
    }
  }
  return best;
}

template <std::size_t N>
bool mentions(const std::vector<std::string>& words, const std::array<std::string_view, N>& known) {
  return std::any_of(words.begin(), words.end(), [&](const std::string& word) {
    return std::find(known.begin(), known.end(), word) != known.end();
  });
}

double share(std::int64_t count, std::int64_t base) {
  return base == 0 ? 0.0 : static_cast<double>(count) / static_cast<double>(base);
}

bool is_text(const ColumnProfile& column) {
  return column.sql_type == "VARCHAR" || column.sql_type.starts_with("ENUM");
}

bool is_whole(const ColumnProfile& column) {
  return is_number(column.sql_type) && column.present > 0 && column.whole == column.present;
}

bool is_key_like(const ColumnProfile& column) {
  return is_text(column) || is_whole(column) || column.sql_type == "UUID";
}

bool ends_like_id(const std::vector<std::string>& words) {
  static const std::set<std::string> kEnds = {"id", "ids", "uuid", "guid", "no", "key", "hash"};
  return !words.empty() && kEnds.contains(words.back());
}

struct Candidate {
  const ColumnProfile* column = nullptr;
  double score = 0.0;
  std::string reason;
};

std::string missing_text(const ColumnProfile& column) {
  if (column.present == column.rows) return "never missing";
  return fmt::format("missing in {} of {} rows", count_text(column.rows - column.present),
                     count_text(column.rows));
}

Guess choose(Role role, std::vector<Candidate> candidates, double least, std::string none) {
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const Candidate& a, const Candidate& b) { return a.score > b.score; });
  Guess guess{role, {}, {}, std::move(none), {}};
  for (const Candidate& candidate : candidates) {
    if (guess.column.empty() && candidate.score >= least && &candidate == candidates.data()) {
      guess.column = candidate.column->name;
      guess.reason = candidate.reason;
    } else if (guess.runners_up.size() < 3) {
      guess.runners_up.push_back({candidate.column->name, candidate.reason});
    }
  }
  return guess;
}

std::vector<Candidate> unit_candidates(const std::vector<ColumnProfile>& columns) {
  std::vector<Candidate> candidates;
  for (const ColumnProfile& column : columns) {
    const std::vector<std::string> words = words_of(column.name);
    const double name = weight(words, kUnitWords);
    const bool id = ends_like_id(words);
    if (name == 0.0 && !id) continue;
    if (column.present == 0) {
      candidates.push_back({&column, -10.0, "it is missing in every row"});
      continue;
    }
    if (!is_key_like(column) || time_unit(column) == engine::TimeUnit::timestamp) continue;
    if (column.distinct < 2) {
      candidates.push_back({&column, -5.0, "it holds one value only"});
      continue;
    }
    const double events = share(column.present, std::max<std::int64_t>(column.distinct, 1));
    // user_cohort and user_lifecycle are about users, but name none.
    double score = name + (id ? 4.0 : words.size() == 1 ? 2.0 : -6.0);
    score -= 6.0 * (1.0 - share(column.present, column.rows));
    std::string reason = fmt::format("named after {}, {} values, {:.1f} rows each, {}",
                                     name > 0.0 ? "someone who acts" : "an id",
                                     count_text(column.distinct), events, missing_text(column));
    if (events < 1.05) {
      score -= 6.0;
      reason = fmt::format("nearly every row has its own value ({} values in {} rows)",
                           count_text(column.distinct), count_text(column.present));
    } else if (!id && words.size() > 1) {
      reason = fmt::format("it describes someone rather than naming them ({} values)",
                           count_text(column.distinct));
    } else if (name == 3.0) {
      reason = fmt::format("it names a visit ({} values, {:.1f} rows each)",
                           count_text(column.distinct), events);
    } else if (name == 0.0) {
      score -= 3.0;
      reason = fmt::format("an id with {} values, but its name says nothing of a person or account",
                           count_text(column.distinct));
    }
    candidates.push_back({&column, score, std::move(reason)});
  }
  return candidates;
}

std::vector<Candidate> event_candidates(const std::vector<ColumnProfile>& columns) {
  std::vector<Candidate> candidates;
  for (const ColumnProfile& column : columns) {
    const std::vector<std::string> words = words_of(column.name);
    double score = weight(words, kEventWords);
    if (score == 0.0 || !is_text(column) || column.present == 0) continue;
    if (time_unit(column) || ends_like_id(words)) continue;
    if (column.distinct < 2) {
      candidates.push_back({&column, -5.0, "it holds one value only"});
      continue;
    }
    const bool plain = words.size() == 1 || words.back() == "name" || words.back() == "type";
    score += plain ? 2.0 : -1.0;
    score -= 6.0 * (1.0 - share(column.present, column.rows));
    std::string reason =
        fmt::format("few different words ({}) under a name that says what happened, {}",
                    count_text(column.distinct), missing_text(column));
    if (column.distinct > 2'000 || column.mean_length > 60.0) {
      score -= 8.0;
      reason = fmt::format("{} different texts of {:.0f} characters on average are no names",
                           count_text(column.distinct), column.mean_length);
    }
    candidates.push_back({&column, score, std::move(reason)});
  }
  return candidates;
}

std::string written(engine::TimeUnit unit, const ColumnProfile& column) {
  switch (unit) {
    case engine::TimeUnit::timestamp:
      return is_text(column) ? "texts that read as times" : "typed as time";
    case engine::TimeUnit::seconds:
      return "epoch seconds by their size";
    case engine::TimeUnit::milliseconds:
      return "epoch milliseconds by their size";
    case engine::TimeUnit::microseconds:
      return "epoch microseconds by their size";
    case engine::TimeUnit::nanoseconds:
      return "epoch nanoseconds by their size";
  }
  return "";
}

std::vector<Candidate> time_candidates(const std::vector<ColumnProfile>& columns) {
  std::vector<Candidate> candidates;
  for (const ColumnProfile& column : columns) {
    const std::optional<engine::TimeUnit> unit = time_unit(column);
    if (!unit || column.present == 0) continue;
    const std::vector<std::string> words = words_of(column.name);
    const double name = weight(words, kTimeWords);
    // An id may be as large as an epoch: numbers need the name.
    if (*unit != engine::TimeUnit::timestamp && (name < 3.0 || ends_like_id(words))) continue;
    double score = name + (*unit != engine::TimeUnit::timestamp ? 1.0
                           : column.sql_type == "DATE"          ? 2.0
                           : is_text(column)                    ? 2.5
                                                                : 3.0);
    score -= 8.0 * (1.0 - share(column.present, column.rows));
    std::string reason = fmt::format("{}, from {} to {}, {}", written(*unit, column),
                                     column.smallest, column.largest, missing_text(column));
    if (mentions(words, kIngestWords)) {
      score -= 4.0;
      reason += "; its name says when it was received";
    }
    if (mentions(words, kOtherTimes)) {
      score -= 4.0;
      reason += "; its name speaks of another time";
    }
    if (column.distinct < 2) score -= 6.0;
    candidates.push_back({&column, score, std::move(reason)});
  }
  return candidates;
}

const ColumnProfile* named(const std::vector<ColumnProfile>& columns, const std::string& name) {
  const auto found = std::find_if(columns.begin(), columns.end(),
                                  [&](const ColumnProfile& column) { return column.name == name; });
  return found == columns.end() ? nullptr : &*found;
}

Guess guess_ingest(const std::vector<ColumnProfile>& columns, const std::string& event_time,
                   const PairFacts& facts) {
  std::vector<Candidate> candidates;
  const ColumnProfile* happened = named(columns, event_time);
  for (const Candidate& candidate : time_candidates(columns)) {
    if (happened == nullptr || candidate.column == happened) continue;
    const std::vector<std::string> words = words_of(candidate.column->name);
    if (!mentions(words, kIngestWords)) continue;
    const double after = facts.not_before(*happened, *candidate.column);
    candidates.push_back(
        {candidate.column, after,
         fmt::format("its name says when it was received, and it is not before {} in {:.2f} % of "
                     "rows",
                     event_time, 100.0 * after)});
  }
  return choose(Role::ingest_time, std::move(candidates), 0.5,
                "no column says when an event was received: late events cannot be told, and of "
                "two copies the first row stays");
}

Guess guess_sequence(const std::vector<ColumnProfile>& columns) {
  std::vector<Candidate> candidates;
  for (const ColumnProfile& column : columns) {
    const std::vector<std::string> words = words_of(column.name);
    if (!mentions(words, kSequenceWords) || ends_like_id(words)) continue;
    if (column.present == 0) {
      candidates.push_back({&column, -10.0, "it is missing in every row"});
      continue;
    }
    if (!is_whole(column) || time_unit(column) || column.distinct < 2) continue;
    const double rising = share(column.ascending, column.present);
    const double filled = share(column.present, column.rows);
    candidates.push_back({&column, filled + rising - 1.0,
                          fmt::format("whole numbers under a name that says order, rising from row "
                                      "to row in {:.1f} % of rows",
                                      100.0 * rising)});
  }
  return choose(Role::sequence, std::move(candidates), 0.5,
                "no column orders events of the same instant; they stay in the order of the rows");
}

Guess guess_key(const std::vector<ColumnProfile>& columns, const std::set<std::string>& taken) {
  std::vector<Candidate> candidates;
  for (const ColumnProfile& column : columns) {
    const std::vector<std::string> words = words_of(column.name);
    const bool meant = mentions(words, kKeyWords);
    if (taken.contains(column.name) || !is_key_like(column) || !ends_like_id(words)) continue;
    if (column.present == 0 || share(column.distinct, column.present) < 0.5) continue;
    const double unique = share(column.distinct, column.present);
    const double score = unique + (meant ? 0.5 : 0.0) - 1.4;
    candidates.push_back(
        {&column, unique < 0.9 ? -1.0 : score,
         fmt::format("{} values in {} rows: {}", count_text(column.distinct),
                     count_text(column.present),
                     unique < 0.9 ? "it names something that several events share"
                     : meant      ? "it names one event"
                                  : "nearly one a row, but its name is not that of an event")});
  }
  return choose(Role::dedup_key, std::move(candidates), 0.0,
                "no column names a single event: copies cannot be told from repeats");
}

std::vector<Guess> guess_entities(const std::vector<ColumnProfile>& columns,
                                  const std::set<std::string>& taken) {
  std::vector<Guess> entities;
  for (const ColumnProfile& column : columns) {
    const std::vector<std::string> words = words_of(column.name);
    if (taken.contains(column.name) || words.size() < 2 || !ends_like_id(words)) continue;
    if (!is_key_like(column) || column.present == 0 || column.distinct < 2) continue;
    std::string entity;
    for (std::size_t i = 0; i + 1 < words.size(); ++i) entity += (i == 0 ? "" : "_") + words[i];
    entities.push_back(
        {Role::entity,
         column.name,
         entity,
         fmt::format("an id with {} values, {}", count_text(column.distinct), missing_text(column)),
         {}});
  }
  return entities;
}

}  // namespace

std::vector<std::string> words_of(std::string_view name) {
  std::vector<std::string> words;
  std::string word;
  const auto end_word = [&] {
    if (!word.empty()) words.push_back(word);
    word.clear();
  };
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(name[i]); };
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (std::isalnum(byte(i)) == 0) {
      end_word();
      continue;
    }
    // A capital begins a word: customerId, CustomerID, but not the D of ID.
    const bool capital = std::isupper(byte(i)) != 0;
    const bool after_small = i > 0 && std::islower(byte(i - 1)) != 0;
    const bool before_small = i > 0 && i + 1 < name.size() && std::isupper(byte(i - 1)) != 0 &&
                              std::islower(byte(i + 1)) != 0;
    if (capital && (after_small || before_small)) end_word();
    word += static_cast<char>(std::tolower(byte(i)));
  }
  end_word();
  // userid, sessionid: written together.
  if (words.size() == 1 && words[0].size() > 4 && words[0].ends_with("id") &&
      weight({words[0].substr(0, words[0].size() - 2)}, kUnitWords) > 0.0) {
    words = {words[0].substr(0, words[0].size() - 2), "id"};
  }
  return words;
}

std::optional<engine::TimeUnit> epoch_unit(double smallest, double largest) {
  constexpr double kFrom = 631'152'000.0;  // 1990-01-01 in seconds.
  constexpr double kTo = 4'102'444'800.0;  // 2100-01-01.
  const std::array<std::pair<double, engine::TimeUnit>, 4> scales = {
      {{1.0, engine::TimeUnit::seconds},
       {1e3, engine::TimeUnit::milliseconds},
       {1e6, engine::TimeUnit::microseconds},
       {1e9, engine::TimeUnit::nanoseconds}}};
  for (const auto& [scale, unit] : scales) {
    if (smallest >= kFrom * scale && largest <= kTo * scale) return unit;
  }
  return std::nullopt;
}

std::optional<engine::TimeUnit> time_unit(const ColumnProfile& column) {
  if (column.sql_type.starts_with("TIMESTAMP") || column.sql_type == "DATE") {
    return engine::TimeUnit::timestamp;
  }
  if (is_text(column)) {
    const bool reads = column.present > 0 && share(column.as_time, column.present) >= 0.95;
    return reads && column.mean_length >= 8.0 ? std::optional(engine::TimeUnit::timestamp)
                                              : std::nullopt;
  }
  return column.epoch;
}

std::optional<frame::Type> property_type(const ColumnProfile& column) {
  const std::string& type = column.sql_type;
  if (type == "BOOLEAN") return frame::Type::boolean;
  if (type.starts_with("TIMESTAMP") || type == "DATE") return frame::Type::time_us;
  if (is_floating(type) || type.starts_with("DECIMAL")) return frame::Type::float64;
  if (is_number(type)) return frame::Type::int64;
  if (type == "UUID") return frame::Type::text;
  if (!is_text(column)) return std::nullopt;
  // Whole numbers that somebody wrote as text are codes; fractions are amounts.
  const bool number = column.present > 0 && column.as_number == column.present;
  const bool fraction = column.smallest.find('.') != std::string::npos ||
                        column.largest.find('.') != std::string::npos;
  const std::vector<std::string> words = words_of(column.name);
  const bool version = std::find(words.begin(), words.end(), "version") != words.end();
  return number && fraction && !version ? frame::Type::float64 : frame::Type::text;
}

std::string constant_event(const std::vector<ColumnProfile>& columns) {
  static constexpr std::array<std::string_view, 14> kMoney = {
      "price", "amount", "revenue", "dollars", "invoice", "order",    "paid",
      "total", "spend",  "sales",   "usd",     "eur",     "purchase", "transaction"};
  for (const ColumnProfile& column : columns) {
    if (mentions(words_of(column.name), kMoney)) return "purchase";
  }
  return "event";
}

std::vector<Guess> guess_roles(const std::vector<ColumnProfile>& columns, const PairFacts& facts) {
  std::vector<Guess> guesses;
  guesses.push_back(
      choose(Role::unit, unit_candidates(columns), 3.0, "no column says who the events are about"));
  guesses.push_back(choose(Role::event_name, event_candidates(columns), 4.0,
                           fmt::format("no column says what happened: every row is taken as one "
                                       "kind of event, called {}",
                                       constant_event(columns))));
  guesses.push_back(choose(Role::event_time, time_candidates(columns), 1.5,
                           "no column reads as a time between 1990 and 2100"));
  guesses.push_back(guess_ingest(columns, guesses[2].column, facts));
  guesses.push_back(guess_sequence(columns));
  std::set<std::string> taken;
  for (const Guess& guess : guesses) taken.insert(guess.column);
  guesses.push_back(guess_key(columns, taken));
  taken.insert(guesses.back().column);
  for (Guess& entity : guess_entities(columns, taken)) guesses.push_back(std::move(entity));
  return guesses;
}

}  // namespace assay::ingest::detail
