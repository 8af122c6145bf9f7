#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "assay/spec/detail/visitor.hpp"

namespace assay::spec::detail {

enum class ShapeKind : std::uint8_t {
  text,
  flag,
  number,
  integer,
  word,
  spelled,
  object,
  list,   ///< One item shape in `items`.
  named,  ///< Map of any names to one item shape.
};

/// One `if tag is X then these keys` of an object.
struct ShapeVariant {
  std::string tag;
  std::string word;
  std::vector<std::string> needs;
  std::vector<std::string> refuses;
};

/// The form of a value, as the schema states it.
struct Shape {
  ShapeKind kind = ShapeKind::object;
  std::string doc;
  Range range;
  std::string pattern, example;
  std::vector<std::string> words;
  bool one_or_many = false;  ///< Of a list: a single item may stand alone.
  std::string shorthand;     ///< Of an object: a scalar may stand for a map with this key.
  bool required_items = false;
  std::vector<std::pair<std::string, Shape>> keys;  ///< Of an object, aliases among them.
  std::vector<std::string> required;
  std::vector<ShapeVariant> variants;
  std::vector<Shape> items;
};

/// Builds the shape of a description: visit a default-made struct with it, then take the root.
class ShapeBuilder final : public Visitor {
 public:
  ShapeBuilder() : stack_(1) {}

  [[nodiscard]] const Shape& root() const { return stack_.front().shape; }

  bool visits(const Key&, bool) override { return true; }
  void text(const Key& key, Text& value) override;
  void name(const Key& key, Text& value) override;
  void prose(const Key& key, std::string& value) override;
  void flag(const Key& key, bool& value) override;
  void number(const Key& key, double& value, const Range& range) override;
  void integer(const Key& key, std::int64_t& value, const Range& range) override;
  void word(const Key& key, Location& where, int& value, Words words) override;
  void spelled(const Key& key, Location& where, const Spelling& spelling) override;
  void texts(const Key& key, std::vector<Text>& values) override;
  void numbers(const Key& key, std::vector<double>& values, const Range& range) override;
  void spelled_list(const Key& key, std::size_t n,
                    const std::function<Spelling(std::size_t)>& item) override;
  bool enter_object(const Key& key, std::string_view shorthand) override;
  void leave_object() override;
  std::optional<std::size_t> enter_list(const Key& key, std::size_t n, std::string_view shorthand,
                                        bool named) override;
  bool enter_item(std::size_t i) override;
  void leave_item() override;
  void leave_list() override;
  void item_name(Text&) override {}
  void at(Location&, std::string_view) override {}
  void variants(std::string_view tag, int value, Words words,
                std::span<const Variant> variants) override;

  using Visitor::flag;
  using Visitor::integer;
  using Visitor::number;
  using Visitor::word;

 private:
  struct Open {
    Shape shape;
    Key key;
  };

  void add(const Key& key, Shape shape);
  void add_list(const Key& key, Shape item);

  std::vector<Open> stack_;  ///< The root and the objects and lists being filled.
};

/// The JSON Schema text of a shape.
std::string schema_text(const Shape& shape, std::string_view id, std::string_view title);

/// All keys as paths: "metrics[].window.value".
std::vector<std::string> key_paths(const Shape& shape);

}  // namespace assay::spec::detail
