#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "assay/base/time.hpp"
#include "assay/spec/detail/words.hpp"
#include "assay/spec/location.hpp"

namespace assay::spec::detail {

/// A key of a map as parser, schema and documentation know it.
struct Key {
  std::string_view name;
  std::string_view doc;
  bool required = false;
  std::vector<std::string_view> aliases = {};
};

inline Key need(std::string_view name, std::string_view doc) { return {name, doc, true, {}}; }
inline Key may(std::string_view name, std::string_view doc,
               std::vector<std::string_view> aliases = {}) {
  return {name, doc, false, std::move(aliases)};
}

/// Bounds of a number. An open bound does not belong to the range.
struct Range {
  std::optional<double> min, max;
  bool open_min = false;
  bool open_max = false;
};
inline constexpr Range kAnyNumber{};
inline constexpr Range kPositive{0.0, std::nullopt, true, false};
inline constexpr Range kNotNegative{0.0, std::nullopt, false, false};
inline constexpr Range kShare{0.0, 1.0, false, false};
inline constexpr Range kOpenShare{0.0, 1.0, true, true};
inline constexpr Range kPositiveShare{0.0, 1.0, true, false};
inline constexpr Range kDays{1.0, 3650.0, false, false};

/// A value with a spelling of its own ("7d", "2026-05-04", "decimal(18,4)").
struct Spelling {
  std::string_view pattern;  ///< Regular expression for the schema.
  std::string_view example;
  std::function<Result<void>(const std::string&)> parse;
  std::function<std::string()> print;
};

/// Says which keys go with a value of the key `tag`; keys that no variant names go with all.
struct Variant {
  int value = 0;
  std::vector<std::string_view> needs;
  std::vector<std::string_view> allows = {};
};

/// Walks a spec's description. One describe() a struct serves four visitors: the reader of YAML,
/// the JSON Schema, the list of keys and the canonical text, so they cannot drift apart.
class Visitor {
 public:
  virtual ~Visitor() = default;

  /// True only while YAML is read.
  [[nodiscard]] virtual bool reading() const { return false; }
  /// Whether a value that need not be there is to be visited; `has` is what the struct says.
  virtual bool visits(const Key& key, bool has) = 0;

  virtual void text(const Key& key, Text& value) = 0;
  virtual void name(const Key& key, Text& value) = 0;  ///< An identifier.
  virtual void prose(const Key& key, std::string& value) = 0;
  virtual void flag(const Key& key, bool& value) = 0;
  virtual void number(const Key& key, double& value, const Range& range) = 0;
  virtual void integer(const Key& key, std::int64_t& value, const Range& range) = 0;
  virtual void word(const Key& key, Location& where, int& value, Words words) = 0;
  virtual void spelled(const Key& key, Location& where, const Spelling& spelling) = 0;
  /// Lists; a single value is a list of one.
  virtual void texts(const Key& key, std::vector<Text>& values) = 0;
  virtual void numbers(const Key& key, std::vector<double>& values, const Range& range) = 0;
  virtual void spelled_list(const Key& key, std::size_t n,
                            const std::function<Spelling(std::size_t)>& item) = 0;

  /// Enters a map; when it says true, leave_object must follow. With a shorthand a scalar
  /// stands for a map with that one key.
  virtual bool enter_object(const Key& key, std::string_view shorthand) = 0;
  virtual void leave_object() = 0;
  /// Enters a list of maps, or a map of named maps; gives the number of items.
  virtual std::optional<std::size_t> enter_list(const Key& key, std::size_t n,
                                                std::string_view shorthand, bool named) = 0;
  virtual bool enter_item(std::size_t i) = 0;
  virtual void leave_item() = 0;
  virtual void leave_list() = 0;
  /// The key of the present item of a map of named maps.
  virtual void item_name(Text& value) = 0;

  /// The place of the present map, and the noun that messages call it by.
  virtual void at(Location& where, std::string_view noun) = 0;
  /// Refuses keys that do not go with the value of a tag, asks for those that do.
  virtual void variants(std::string_view tag, int value, Words words,
                        std::span<const Variant> variants) = 0;
  /// Reports an error of the present map (readers only).
  virtual void complain(const Location&, std::string, std::string = {}, std::string = {}) {}

  // ---- What is made of the above.
  void flag(const Key& key, std::optional<bool>& value);
  void number(const Key& key, std::optional<double>& value, const Range& range);
  void integer(const Key& key, int& value, const Range& range);
  void integer(const Key& key, std::optional<int>& value, const Range& range);
  void integer(const Key& key, std::optional<std::int64_t>& value, const Range& range);
  void integers(const Key& key, std::vector<int>& values, const Range& range);
  void duration(const Key& key, std::int64_t& us, bool zero_allowed = false);
  void duration(const Key& key, std::optional<std::int64_t>& us, bool zero_allowed = false);
  void durations(const Key& key, std::vector<std::int64_t>& us);
  void day(const Key& key, Day& value);
  void zone(const Key& key, Text& value);

  template <class E>
  void word(const Key& key, E& value) {
    Location where;
    int number = static_cast<int>(value);
    word(key, where, number, words(value));
    value = static_cast<E>(number);
  }
  template <class E>
  void word(const Key& key, Located<E>& value) {
    int number = static_cast<int>(value.value);
    word(key, value.where, number, words(value.value));
    value.value = static_cast<E>(number);
  }
  template <class E>
  void word(const Key& key, std::optional<E>& value) {
    if (!visits(key, value.has_value())) return;
    E plain = value.value_or(E{});
    word(key, plain);
    value = plain;
  }
  template <class T>
  void object(const Key& key, T& value, std::string_view shorthand = {}) {
    if (!enter_object(key, shorthand)) return;
    describe(*this, value);
    leave_object();
  }
  template <class T>
  void object(const Key& key, std::optional<T>& value, std::string_view shorthand = {}) {
    if (!visits(key, value.has_value())) return;
    if (!value) value.emplace();
    object(key, *value, shorthand);
  }
  template <class T>
  void objects(const Key& key, std::vector<T>& values, std::string_view shorthand = {},
               bool named = false) {
    const auto n = enter_list(key, values.size(), shorthand, named);
    if (!n) return;
    const std::size_t old = reading() ? values.size() : 0;  // Files of a project add up.
    values.resize(old + *n);
    for (std::size_t i = 0; i < *n; ++i) {
      if (!enter_item(i)) continue;
      describe(*this, values[old + i]);
      leave_item();
    }
    leave_list();
  }
};

/// "2026-06-01", or "2026-06-01T00:00:00Z" and the like -> instant; a date is midnight in `zone`.
Result<TimeUs> parse_instant(std::string_view text, const TimeZone& zone);

}  // namespace assay::spec::detail
