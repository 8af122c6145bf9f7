#include "assay/spec/detail/reader.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>
#include <utility>

#include "assay/base/text.hpp"

namespace assay::spec::detail {
namespace {

std::vector<std::string> spellings(Words words) {
  std::vector<std::string> out;
  for (const Word& word : words)
    if (!word.alias) out.emplace_back(word.text);
  return out;
}

bool is_identifier(const std::string& text) {
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  return !text.empty() && letter(text[0]) && std::all_of(text.begin(), text.end(), [&](char c) {
    return letter(c) || (c >= '0' && c <= '9');
  });
}

std::string range_text(const Range& range) {
  if (range.min && range.max)
    return fmt::format("{} {} and {} {}", range.open_min ? "more than" : "at least", *range.min,
                       range.open_max ? "less than" : "at most", *range.max);
  if (range.min) return fmt::format("{} {}", range.open_min ? "more than" : "at least", *range.min);
  if (range.max) return fmt::format("{} {}", range.open_max ? "less than" : "at most", *range.max);
  return "any number";
}

bool in_range(double value, const Range& range) {
  if (range.min && (value < *range.min || (range.open_min && value <= *range.min))) return false;
  return !(range.max && (value > *range.max || (range.open_max && value >= *range.max)));
}

/// How to write what somebody seems to have meant.
std::string number_fix(const Node& node) {
  double value = 0;
  const std::string& text = node.text;
  const char* last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, value);
  if (error == std::errc() && end == last && node.quoted) return "remove the quotes";
  if (error == std::errc() && std::string_view(end, static_cast<std::size_t>(last - end)) == "%")
    return fmt::format("write the share: {}", value / 100);
  return "write a plain number such as 0.05";
}

}  // namespace

Reader::Reader(const Node& root, std::string noun, Diagnostics& diagnostics)
    : diagnostics_(diagnostics) {
  push(root, {}, std::move(noun));
}

void Reader::finish() { leave_object(); }

void Reader::push(const Node& node, Text name, std::string noun) {
  Frame frame;
  frame.node = &node;
  frame.name = std::move(name);
  frame.noun = std::move(noun);
  frame.used.resize(node.entries.size());
  frame.errors_before = diagnostics_.n_errors();
  frames_.push_back(std::move(frame));
}

/// "metric `ctr`", or "`window`" for a map without a name.
std::string Reader::label() const {
  const Frame& frame = frames_.back();
  if (!frame.name.value.empty()) return fmt::format("`{}`", frame.name.value);
  for (const NodeEntry& entry : frame.node->entries)
    if (entry.key.value == "name" && entry.value.kind == NodeKind::scalar)
      return fmt::format("{} `{}`", frame.noun, entry.value.text);
  return frame.noun;
}

const NodeEntry* Reader::find(const Key& key) {
  Frame& frame = frames_.back();
  const std::string name(key.name);
  if (std::find(frame.known.begin(), frame.known.end(), name) == frame.known.end())
    frame.known.push_back(name);
  const NodeEntry* found = nullptr;
  for (std::size_t i = 0; i < frame.node->entries.size(); ++i) {
    const NodeEntry& entry = frame.node->entries[i];
    const bool alias =
        std::find(key.aliases.begin(), key.aliases.end(), entry.key.value) != key.aliases.end();
    if (entry.key.value != key.name && !alias) continue;
    if (found != nullptr && !frame.used[i]) {
      diagnostics_.add(
          entry.key.where,
          fmt::format("`{}` and `{}` mean the same", found->key.value, entry.key.value),
          fmt::format("keep `{}`", key.name));
    }
    frame.used[i] = true;
    if (found == nullptr) found = &entry;
  }
  if (found == nullptr && key.required) {
    const bool empty_list = frame.node->entries.empty();
    diagnostics_.add(
        frame.node->where, fmt::format("{} has no `{}`", label(), key.name),
        fmt::format("add `{}`: {}", key.name, key.doc), empty_list ? "" : [&] {
          std::vector<std::string> have;
          for (const NodeEntry& e : frame.node->entries) have.push_back(e.key.value);
          return list_text(have);
        }());
  }
  return found;
}

bool Reader::is_scalar(const Key& key, const Node& node, std::string_view what) {
  if (node.kind == NodeKind::scalar && !node.text.empty()) return true;
  if (node.kind == NodeKind::null || node.kind == NodeKind::scalar) {
    diagnostics_.add(node.where, fmt::format("`{}` has no value", key.name),
                     fmt::format("write {} or leave the key out", what));
  } else {
    diagnostics_.add(node.where,
                     fmt::format("`{}` must be {}, not {}", key.name, what, kind_text(node)),
                     node.kind == NodeKind::map ? "put a text that holds `: ` or braces in quotes"
                                                : "write one value");
  }
  return false;
}

const NodeEntry* Reader::find_scalar(const Key& key, std::string_view what) {
  const NodeEntry* entry = find(key);
  return entry != nullptr && is_scalar(key, entry->value, what) ? entry : nullptr;
}

bool Reader::visits(const Key& key, bool) { return find(key) != nullptr; }

void Reader::text(const Key& key, Text& value) {
  if (const NodeEntry* entry = find_scalar(key, "text"))
    value = {entry->value.text, entry->value.where};
}

void Reader::name(const Key& key, Text& value) {
  text(key, value);
  if (value.value.empty() || is_identifier(value.value)) return;
  diagnostics_.add(value.where, fmt::format("`{}` cannot be a name", value.value),
                   "use letters, digits and _, and begin with a letter");
}

void Reader::prose(const Key& key, std::string& value) {
  Text text_value;
  text(key, text_value);
  if (text_value.where.line > 0) value = text_value.value;
}

void Reader::flag(const Key& key, bool& value) {
  const NodeEntry* entry = find_scalar(key, "true or false");
  if (entry == nullptr) return;
  const std::string& text = entry->value.text;
  if (!entry->value.quoted && (text == "true" || text == "True" || text == "TRUE")) {
    value = true;
  } else if (!entry->value.quoted && (text == "false" || text == "False" || text == "FALSE")) {
    value = false;
  } else {
    const bool yes = text == "yes" || text == "Yes" || text == "on" || text == "y" || text == "1";
    const bool no = text == "no" || text == "No" || text == "off" || text == "n" || text == "0";
    diagnostics_.add(
        entry->value.where, fmt::format("`{}` must be true or false, not `{}`", key.name, text),
        yes || no ? fmt::format("write {}", yes) : "write true or false", "true, false");
  }
}

bool Reader::read_number(const Key& key, const Node& node, double& value, const Range& range) {
  if (!is_scalar(key, node, "a number")) return false;
  double number = 0;
  const char* last = node.text.data() + node.text.size();
  const auto [end, error] = std::from_chars(node.text.data(), last, number);
  if (error != std::errc() || end != last || node.quoted || !std::isfinite(number)) {
    diagnostics_.add(node.where,
                     fmt::format("`{}` must be a number, not `{}`", key.name, node.text),
                     number_fix(node));
    return false;
  }
  if (!in_range(number, range)) {
    diagnostics_.add(node.where, fmt::format("`{}` is out of range: {}", key.name, node.text),
                     fmt::format("write a number that is {}", range_text(range)));
    return false;
  }
  value = number;
  return true;
}

void Reader::number(const Key& key, double& value, const Range& range) {
  if (const NodeEntry* entry = find(key)) read_number(key, entry->value, value, range);
}

void Reader::integer(const Key& key, std::int64_t& value, const Range& range) {
  const NodeEntry* entry = find(key);
  double number = 0;
  Range bounds = range;
  if (!bounds.max) bounds.max = 9e15;  // A double counts exactly so far.
  if (entry == nullptr || !read_number(key, entry->value, number, bounds)) return;
  if (number != std::floor(number)) {
    diagnostics_.add(entry->value.where, fmt::format("`{}` must be a whole number, not {}",
                                                     key.name, entry->value.text));
    return;
  }
  value = static_cast<std::int64_t>(number);
}

void Reader::word(const Key& key, Location& where, int& value, Words words) {
  const NodeEntry* entry = find_scalar(key, "one of its words");
  if (entry == nullptr) return;
  where = entry->value.where;
  for (const Word& word : words) {
    if (word.text != entry->value.text) continue;
    value = word.value;
    return;
  }
  const auto have = spellings(words);
  diagnostics_.add(where, fmt::format("`{}` cannot be `{}`", key.name, entry->value.text),
                   did_you_mean(entry->value.text, have, "write one of these words"),
                   list_text(have, 20));
}

void Reader::spelled(const Key& key, Location& where, const Spelling& spelling) {
  const NodeEntry* entry = find_scalar(key, fmt::format("like {}", spelling.example));
  if (entry == nullptr) return;
  where = entry->value.where;
  if (auto parsed = spelling.parse(entry->value.text); !parsed)
    diagnostics_.add(where, fmt::format("`{}`: {}", key.name, parsed.error().problem),
                     parsed.error().fix, parsed.error().have);
}

std::vector<const Node*> Reader::find_items(const Key& key) {
  std::vector<const Node*> items;
  const NodeEntry* entry = find(key);
  if (entry == nullptr) return items;
  if (entry->value.kind != NodeKind::list) {
    items.push_back(&entry->value);
    return items;
  }
  for (const Node& item : entry->value.items) items.push_back(&item);
  if (items.empty() && key.required)
    diagnostics_.add(entry->value.where, fmt::format("`{}` is empty", key.name),
                     fmt::format("write at least one: {}", key.doc));
  return items;
}

void Reader::texts(const Key& key, std::vector<Text>& values) {
  const auto items = find_items(key);
  if (!items.empty()) values.clear();
  std::set<std::string> seen;
  for (const Node* item : items) {
    if (!is_scalar(key, *item, "text or a list of texts")) continue;
    if (!seen.insert(item->text).second) {
      diagnostics_.add(item->where, fmt::format("`{}` stands twice in `{}`", item->text, key.name),
                       "keep one");
      continue;
    }
    values.push_back({item->text, item->where});
  }
}

void Reader::numbers(const Key& key, std::vector<double>& values, const Range& range) {
  const auto items = find_items(key);
  if (!items.empty()) values.clear();
  for (const Node* item : items) {
    double value = 0;
    if (read_number(key, *item, value, range)) values.push_back(value);
  }
}

void Reader::spelled_list(const Key& key, std::size_t,
                          const std::function<Spelling(std::size_t)>& item) {
  const auto items = find_items(key);
  for (std::size_t i = 0; i < items.size(); ++i) {
    const Spelling spelling = item(i);
    if (!is_scalar(key, *items[i], fmt::format("like {}", spelling.example))) continue;
    if (auto parsed = spelling.parse(items[i]->text); !parsed)
      diagnostics_.add(items[i]->where, fmt::format("`{}`: {}", key.name, parsed.error().problem),
                       parsed.error().fix, parsed.error().have);
  }
}

bool Reader::push_map(const Node& node, Text name, std::string noun, std::string_view shorthand) {
  if (node.kind == NodeKind::map) {
    push(node, std::move(name), std::move(noun));
    return true;
  }
  if (node.kind == NodeKind::scalar && !shorthand.empty()) {
    Node map;
    map.kind = NodeKind::map;
    map.where = node.where;
    map.entries.push_back({Text{std::string(shorthand), node.where}, node});
    synthetic_.push_back(std::move(map));
    push(synthetic_.back(), std::move(name), std::move(noun));
    return true;
  }
  diagnostics_.add(node.where,
                   fmt::format("{} must be keys with values, not {}", noun, kind_text(node)),
                   "write `{key: value}` or one `key: value` a line");
  return false;
}

bool Reader::enter_object(const Key& key, std::string_view shorthand) {
  const NodeEntry* entry = find(key);
  return entry != nullptr && push_map(entry->value, {}, fmt::format("`{}`", key.name), shorthand);
}

void Reader::leave_object() {
  const Frame& frame = frames_.back();
  for (std::size_t i = 0; i < frame.used.size(); ++i) {
    if (frame.used[i]) continue;
    const Text& key = frame.node->entries[i].key;
    std::string have = list_text(frame.known, 40);
    if (key.value == "<<") {
      diagnostics_.add(key.where, "YAML merge keys are not read here", "write the keys out");
    } else {
      diagnostics_.add(key.where, fmt::format("{} has an unknown key `{}`", label(), key.value),
                       did_you_mean(key.value, frame.known, "remove it"), std::move(have));
    }
  }
  if (diagnostics_.n_errors() > frame.errors_before) diagnostics_.mark_broken(frame.node->where);
  frames_.pop_back();
}

std::optional<std::size_t> Reader::enter_list(const Key& key, std::size_t,
                                              std::string_view shorthand, bool named) {
  const NodeEntry* entry = find(key);
  if (entry == nullptr) return std::nullopt;
  const Node& node = entry->value;
  const NodeKind wanted = named ? NodeKind::map : NodeKind::list;
  const std::size_t n = named ? node.entries.size() : node.items.size();
  if (node.kind != wanted && node.kind != NodeKind::null) {
    diagnostics_.add(node.where,
                     fmt::format("`{}` must be {}, not {}", key.name,
                                 named ? "names with values" : "a list", kind_text(node)),
                     named ? "write `name: value`" : "begin each entry with `- `");
    return std::nullopt;
  }
  if (n == 0 && key.required) {
    diagnostics_.add(node.where, fmt::format("`{}` is empty", key.name),
                     fmt::format("write at least one: {}", key.doc));
    return std::nullopt;
  }
  lists_.push_back(
      {&node, fmt::format("an entry of `{}`", key.name), std::string(shorthand), named});
  return n;
}

bool Reader::enter_item(std::size_t i) {
  const List& list = lists_.back();
  if (list.named) {
    const NodeEntry& entry = list.node->entries[i];
    return push_map(entry.value, entry.key, fmt::format("`{}`", entry.key.value), list.shorthand);
  }
  return push_map(list.node->items[i], {}, list.noun, list.shorthand);
}

void Reader::at(Location& where, std::string_view noun) {
  Frame& frame = frames_.back();
  where = frame.node->where;
  if (!noun.empty()) frame.noun = noun;
}

void Reader::variants(std::string_view tag, int value, Words words,
                      std::span<const Variant> variants) {
  const Frame& frame = frames_.back();
  const bool is_written =
      std::any_of(frame.node->entries.begin(), frame.node->entries.end(), [&](const auto& entry) {
        return entry.key.value == tag &&
               std::any_of(words.begin(), words.end(), [&](const Word& w) {
                 return w.text == entry.value.text && w.value == value;
               });
      });
  if (!is_written) return;  // Then the tag itself is the problem.
  std::vector<std::string_view> of_some;
  const Variant* mine = nullptr;
  for (const Variant& variant : variants) {
    of_some.insert(of_some.end(), variant.needs.begin(), variant.needs.end());
    of_some.insert(of_some.end(), variant.allows.begin(), variant.allows.end());
    if (variant.value == value) mine = &variant;
  }
  if (mine == nullptr) return;
  const auto among = [](const auto& list, std::string_view key) {
    return std::find(list.begin(), list.end(), key) != list.end();
  };
  std::vector<std::string> fitting;
  for (const std::string& key : frame.known)
    if (!among(of_some, key) || among(mine->needs, key) || among(mine->allows, key))
      fitting.push_back(key);
  const std::string_view word = text_of(words, value);
  for (const NodeEntry& entry : frame.node->entries) {
    if (!among(of_some, entry.key.value) || among(fitting, entry.key.value)) continue;
    diagnostics_.add(entry.key.where,
                     fmt::format("`{}` does not go with `{}: {}`", entry.key.value, tag, word),
                     "remove it, or change the type", list_text(fitting, 40));
  }
  for (const std::string_view key : mine->needs) {
    const bool there = std::any_of(frame.node->entries.begin(), frame.node->entries.end(),
                                   [&](const NodeEntry& e) { return e.key.value == key; });
    if (!there)
      diagnostics_.add(frame.node->where,
                       fmt::format("{} has no `{}`, which `{}: {}` needs", label(), key, tag, word),
                       fmt::format("add `{}`", key));
  }
}

void Reader::complain(const Location& where, std::string problem, std::string fix,
                      std::string have) {
  diagnostics_.add(where.line > 0 ? where : frames_.back().node->where, std::move(problem),
                   std::move(fix), std::move(have));
}

}  // namespace assay::spec::detail
