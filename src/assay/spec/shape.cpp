#include "assay/spec/detail/shape.hpp"

#include <algorithm>

namespace assay::spec::detail {
namespace {

Shape make(ShapeKind kind) {
  Shape shape;
  shape.kind = kind;
  return shape;
}

Shape make_spelled(const Spelling& spelling) {
  Shape shape = make(ShapeKind::spelled);
  shape.pattern = spelling.pattern;
  shape.example = spelling.example;
  return shape;
}

Shape make_number(ShapeKind kind, const Range& range) {
  Shape shape = make(kind);
  shape.range = range;
  return shape;
}

void collect_paths(const Shape& shape, const std::string& prefix, std::vector<std::string>& out) {
  for (const auto& [name, value] : shape.keys) {
    const std::string path = prefix.empty() ? name : prefix + "." + name;
    out.push_back(path);
    collect_paths(value, path, out);
  }
  for (const Shape& item : shape.items)
    collect_paths(item, prefix + (shape.kind == ShapeKind::named ? ".*" : "[]"), out);
}

}  // namespace

void ShapeBuilder::add(const Key& key, Shape shape) {
  Shape& parent = stack_.back().shape;
  shape.doc = key.doc;
  if (key.required) parent.required.emplace_back(key.name);
  for (const std::string_view alias : key.aliases) {
    Shape same = shape;
    same.doc = "The same as " + std::string(key.name) + ".";
    parent.keys.emplace_back(alias, std::move(same));
  }
  parent.keys.emplace_back(key.name, std::move(shape));
}

void ShapeBuilder::add_list(const Key& key, Shape item) {
  Shape list = make(ShapeKind::list);
  list.one_or_many = true;
  list.required_items = key.required;
  list.items.push_back(std::move(item));
  add(key, std::move(list));
}

void ShapeBuilder::text(const Key& key, Text&) { add(key, make(ShapeKind::text)); }

void ShapeBuilder::name(const Key& key, Text&) {
  Shape shape = make(ShapeKind::spelled);
  shape.pattern = "^[A-Za-z_][A-Za-z0-9_]*$";
  add(key, std::move(shape));
}

void ShapeBuilder::prose(const Key& key, std::string&) { add(key, make(ShapeKind::text)); }

void ShapeBuilder::flag(const Key& key, bool&) { add(key, make(ShapeKind::flag)); }

void ShapeBuilder::number(const Key& key, double&, const Range& range) {
  add(key, make_number(ShapeKind::number, range));
}

void ShapeBuilder::integer(const Key& key, std::int64_t&, const Range& range) {
  add(key, make_number(ShapeKind::integer, range));
}

void ShapeBuilder::word(const Key& key, Location&, int&, Words words) {
  Shape shape = make(ShapeKind::word);
  for (const Word& word : words) shape.words.emplace_back(word.text);
  add(key, std::move(shape));
}

void ShapeBuilder::spelled(const Key& key, Location&, const Spelling& spelling) {
  add(key, make_spelled(spelling));
}

void ShapeBuilder::texts(const Key& key, std::vector<Text>&) {
  add_list(key, make(ShapeKind::text));
}

void ShapeBuilder::numbers(const Key& key, std::vector<double>&, const Range& range) {
  add_list(key, make_number(ShapeKind::number, range));
}

void ShapeBuilder::spelled_list(const Key& key, std::size_t,
                                const std::function<Spelling(std::size_t)>& item) {
  const Spelling spelling = item(0);
  // Whole numbers stand in YAML as numbers, not as text.
  add_list(key, spelling.pattern == "^[0-9]+$" ? make_number(ShapeKind::integer, kNotNegative)
                                               : make_spelled(spelling));
}

bool ShapeBuilder::enter_object(const Key& key, std::string_view shorthand) {
  Shape shape = make(ShapeKind::object);
  shape.shorthand = shorthand;
  stack_.push_back({std::move(shape), key});
  return true;
}

void ShapeBuilder::leave_object() {
  Open done = std::move(stack_.back());
  stack_.pop_back();
  add(done.key, std::move(done.shape));
}

std::optional<std::size_t> ShapeBuilder::enter_list(const Key& key, std::size_t,
                                                    std::string_view shorthand, bool named) {
  Shape shape = make(named ? ShapeKind::named : ShapeKind::list);
  shape.shorthand = shorthand;
  shape.required_items = key.required;
  stack_.push_back({std::move(shape), key});
  return 1;
}

bool ShapeBuilder::enter_item(std::size_t) {
  Shape shape = make(ShapeKind::object);
  shape.shorthand = stack_.back().shape.shorthand;
  stack_.push_back({std::move(shape), {}});
  return true;
}

void ShapeBuilder::leave_item() {
  Open done = std::move(stack_.back());
  stack_.pop_back();
  stack_.back().shape.items.push_back(std::move(done.shape));
}

void ShapeBuilder::leave_list() {
  stack_.back().shape.shorthand.clear();
  leave_object();
}

void ShapeBuilder::variants(std::string_view tag, int, Words words,
                            std::span<const Variant> variants) {
  std::vector<std::string> of_some;
  const auto remember = [&](const std::vector<std::string_view>& keys) {
    for (const std::string_view key : keys)
      if (std::find(of_some.begin(), of_some.end(), key) == of_some.end())
        of_some.emplace_back(key);
  };
  for (const Variant& variant : variants) {
    remember(variant.needs);
    remember(variant.allows);
  }
  for (const Variant& variant : variants) {
    ShapeVariant out{std::string(tag), std::string(text_of(words, variant.value)), {}, {}};
    out.needs.assign(variant.needs.begin(), variant.needs.end());
    for (const std::string& key : of_some) {
      const auto among = [&](const std::vector<std::string_view>& keys) {
        return std::find(keys.begin(), keys.end(), key) != keys.end();
      };
      if (!among(variant.needs) && !among(variant.allows)) out.refuses.push_back(key);
    }
    stack_.back().shape.variants.push_back(std::move(out));
  }
}

std::vector<std::string> key_paths(const Shape& shape) {
  std::vector<std::string> paths;
  collect_paths(shape, "", paths);
  return paths;
}

}  // namespace assay::spec::detail
