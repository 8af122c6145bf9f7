#pragma once

#include <deque>
#include <string>
#include <vector>

#include "assay/spec/detail/diagnostics.hpp"
#include "assay/spec/detail/node.hpp"
#include "assay/spec/detail/visitor.hpp"

namespace assay::spec::detail {

/// Fills structs from YAML nodes by their description and complains about all that differs.
class Reader final : public Visitor {
 public:
  /// `root` must be a map and outlive the reader.
  Reader(const Node& root, std::string noun, Diagnostics& diagnostics);

  /// Reports the unknown keys of the root: call it after describe().
  void finish();

  [[nodiscard]] bool reading() const override { return true; }
  bool visits(const Key& key, bool has) override;
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
  void leave_item() override { leave_object(); }
  void leave_list() override { lists_.pop_back(); }
  void item_name(Text& value) override { value = frames_.back().name; }
  void at(Location& where, std::string_view noun) override;
  void variants(std::string_view tag, int value, Words words,
                std::span<const Variant> variants) override;
  void complain(const Location& where, std::string problem, std::string fix,
                std::string have) override;

  using Visitor::flag;
  using Visitor::integer;
  using Visitor::number;
  using Visitor::word;

 private:
  /// The map being read.
  struct Frame {
    const Node* node = nullptr;
    Text name;         ///< Its key, when it stands in a map of named maps.
    std::string noun;  ///< What messages call it.
    std::vector<bool> used;
    std::vector<std::string> known;
    std::size_t errors_before = 0;
  };
  struct List {
    const Node* node = nullptr;
    std::string noun;
    std::string shorthand;
    bool named = false;
  };

  const NodeEntry* find(const Key& key);
  const NodeEntry* find_scalar(const Key& key, std::string_view what);
  bool is_scalar(const Key& key, const Node& node, std::string_view what);
  std::vector<const Node*> find_items(const Key& key);
  void push(const Node& node, Text name, std::string noun);
  bool push_map(const Node& node, Text name, std::string noun, std::string_view shorthand);
  [[nodiscard]] std::string label() const;
  bool read_number(const Key& key, const Node& node, double& value, const Range& range);

  Diagnostics& diagnostics_;
  std::vector<Frame> frames_;
  std::vector<List> lists_;
  std::deque<Node> synthetic_;  ///< Maps made from shorthands; a deque keeps them in place.
};

}  // namespace assay::spec::detail
