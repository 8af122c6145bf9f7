#include <fmt/core.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <map>
#include <sstream>
#include <utility>

#include "assay/base/text.hpp"
#include "assay/spec/detail/node.hpp"

namespace assay::spec::detail {
namespace {

using SourcePtr = std::shared_ptr<const SourceText>;

/// Thrown to leave the YAML library's parser; never leaves this file.
struct Refused {
  Location where;
  std::string problem;
  std::string fix;
};

bool is_lead(char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }

int character_count(std::string_view text) {
  return static_cast<int>(std::count_if(text.begin(), text.end(), is_lead));
}

/// Length in bytes of the UTF-8 character at `at`, or 0 when it is not valid (RFC 3629).
std::size_t utf8_length(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const unsigned lead = byte(at);
  const auto follows = [&](std::size_t n) {
    for (std::size_t i = 1; i <= n; ++i)
      if ((byte(at + i) & 0xC0U) != 0x80U) return false;
    return true;
  };
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF && follows(1)) return 2;
  if (lead >= 0xE0 && lead <= 0xEF && follows(2)) {
    const bool overlong = lead == 0xE0 && byte(at + 1) < 0xA0;
    const bool surrogate = lead == 0xED && byte(at + 1) > 0x9F;
    return overlong || surrogate ? 0 : 3;
  }
  if (lead >= 0xF0 && lead <= 0xF4 && follows(3)) {
    const bool overlong = lead == 0xF0 && byte(at + 1) < 0x90;
    const bool beyond = lead == 0xF4 && byte(at + 1) > 0x8F;
    return overlong || beyond ? 0 : 4;
  }
  return 0;
}

/// The lines of a text, with every byte that is not UTF-8 or a control character shown as `?`.
SourcePtr split_lines(const NamedText& file) {
  auto source = std::make_shared<SourceText>();
  source->file = file.file;
  std::string line;
  for (std::size_t at = 0; at < file.text.size();) {
    const std::size_t length = utf8_length(file.text, at);
    const char c = file.text[at];
    if (c == '\n') {
      source->lines.push_back(std::exchange(line, {}));
    } else if (length == 0 || (static_cast<unsigned char>(c) < 0x20 && c != '\t')) {
      if (c != '\r') line += '?';
    } else {
      line.append(file.text, at, length);
    }
    at += std::max<std::size_t>(1, length);
  }
  if (!line.empty()) source->lines.push_back(std::move(line));
  return source;
}

/// Finds the first character that no YAML file may hold.
bool check_characters(const std::string& text, const SourcePtr& source, Diagnostics& diagnostics) {
  int line = 1;
  int column = 1;
  for (std::size_t at = 0; at < text.size();) {
    const auto c = static_cast<unsigned char>(text[at]);
    const std::size_t length = utf8_length(text, at);
    const Location where{source, line, column, 1};
    if (length == 0) {
      diagnostics.add(where, fmt::format("the file is not UTF-8 text: byte 0x{:02X}", c),
                      "save the file as UTF-8");
      return false;
    }
    if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7F) {
      diagnostics.add(where, fmt::format("the file holds the control character U+{:04X}", c),
                      "remove it; in quotes it may be written as an escape");
      return false;
    }
    at += length;
    if (++column > kMostColumns) {
      diagnostics.add(where, fmt::format("a line is longer than {} characters", kMostColumns),
                      "break the line");
      return false;
    }
    if (c == '\n') {
      ++line;
      column = 1;
    }
  }
  return true;
}

/// Turns the YAML library's events into nodes, without recursion and within bounds.
class Builder : public YAML::EventHandler {
 public:
  Builder(SourcePtr source, Diagnostics& diagnostics)
      : source_(std::move(source)), diagnostics_(diagnostics) {}

  std::optional<Node> root;

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    refuse_anchor(mark, anchor);
    finish(make(mark, NodeKind::null));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    throw Refused{locate(mark, 1), "YAML aliases are not read here",
                  "write the value out; a spec says each thing where it holds"};
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    refuse_anchor(mark, anchor);
    refuse_tag(mark, tag);
    Node node = make(mark, NodeKind::scalar);
    node.text = value;
    node.quoted = tag == "!";
    node.where.length = written_length(node);
    finish(std::move(node));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, NodeKind::list);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, NodeKind::map);
  }
  void OnMapEnd() override { close(); }

  [[nodiscard]] Location locate(const YAML::Mark& mark, int length) const {
    const int line = std::max(0, mark.line);
    Location where{source_, line + 1, 1, length};
    if (static_cast<std::size_t>(line) < source_->lines.size()) {
      const std::string& text = source_->lines[static_cast<std::size_t>(line)];
      const auto bytes = static_cast<std::size_t>(std::max(0, mark.column));
      where.column = character_count(std::string_view(text).substr(0, bytes)) + 1;
    } else {  // The end of the file: point behind its last line.
      where.line = static_cast<int>(std::max<std::size_t>(1, source_->lines.size()));
      where.column = source_->lines.empty() ? 1 : character_count(source_->lines.back()) + 1;
    }
    return where;
  }

 private:
  struct Open {
    Node node;
    std::optional<Text> key;
    std::map<std::string, Location> seen;
  };

  Node make(const YAML::Mark& mark, NodeKind kind) {
    if (++n_nodes_ > kMostNodes)
      throw Refused{locate(mark, 1), fmt::format("more than {} values in one file", kMostNodes),
                    "split the file"};
    Node node;
    node.kind = kind;
    node.where = locate(mark, 1);
    return node;
  }

  void refuse_anchor(const YAML::Mark& mark, YAML::anchor_t anchor) const {
    if (anchor != 0)
      throw Refused{locate(mark, 1), "YAML anchors are not read here",
                    "remove the `&name`; put a text that begins with & in quotes"};
  }

  void refuse_tag(const YAML::Mark& mark, const std::string& tag) const {
    if (!tag.empty() && tag != "?" && tag != "!")
      throw Refused{locate(mark, 1), fmt::format("YAML tags are not read here: {}", tag),
                    "remove the tag; put a text that begins with ! in quotes"};
  }

  void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, NodeKind kind) {
    refuse_anchor(mark, anchor);
    refuse_tag(mark, tag);
    if (stack_.size() >= kMostDepth)
      throw Refused{locate(mark, 1), fmt::format("nested deeper than {} levels", kMostDepth),
                    "no part of a spec is that deep; look for a bracket that is not closed"};
    stack_.push_back({make(mark, kind), {}, {}});
  }

  void close() {
    Node node = std::move(stack_.back().node);
    stack_.pop_back();
    finish(std::move(node));
  }

  void finish(Node node) {
    if (stack_.empty()) {
      root = std::move(node);
      return;
    }
    Open& top = stack_.back();
    if (top.node.kind == NodeKind::list) {
      top.node.items.push_back(std::move(node));
    } else if (!top.key) {
      if (node.kind != NodeKind::scalar)
        throw Refused{node.where, fmt::format("a key must be text, not {}", kind_text(node)),
                      "write `key: value`; put a text with { } or [ ] in quotes"};
      top.key = Text{std::move(node.text), node.where};
    } else {
      add_entry(top, std::move(node));
    }
  }

  void add_entry(Open& top, Node node) {
    Text key = *std::exchange(top.key, std::nullopt);
    if (node.kind == NodeKind::null) node.where = key.where;  // An empty value has no place.
    const auto [first, is_new] = top.seen.emplace(key.value, key.where);
    if (is_new) {
      top.node.entries.push_back({std::move(key), std::move(node)});
      return;
    }
    diagnostics_.add(key.where, fmt::format("`{}` stands twice in the same place", key.value),
                     fmt::format("keep one; the first is at {}", position_text(first->second)));
  }

  /// Characters that a scalar takes on its first line.
  [[nodiscard]] int written_length(const Node& node) const {
    const auto line = static_cast<std::size_t>(node.where.line - 1);
    if (line >= source_->lines.size()) return 1;
    const int rest = character_count(source_->lines[line]) - node.where.column + 1;
    const std::string_view first = std::string_view(node.text).substr(0, node.text.find('\n'));
    const int length = character_count(first) + (node.quoted ? 2 : 0);
    return std::max(1, std::min(length, rest));
  }

  SourcePtr source_;
  Diagnostics& diagnostics_;
  std::vector<Open> stack_;
  std::size_t n_nodes_ = 0;
};

/// Says a syntax error of the YAML library in words that help.
void add_syntax_error(const YAML::Exception& error, const Builder& builder,
                      const SourceText& source, Diagnostics& diagnostics) {
  const YAML::Mark mark = error.mark.is_null() ? YAML::Mark() : error.mark;
  Location where = builder.locate(mark, 1);
  for (int line = where.line; line >= std::max(1, where.line - 1); --line) {
    if (static_cast<std::size_t>(line) > source.lines.size()) continue;
    const std::string& text = source.lines[static_cast<std::size_t>(line) - 1];
    const std::size_t tab = text.substr(0, text.find_first_not_of(" \t")).find('\t');
    if (tab == std::string::npos) continue;
    where.line = line;
    where.column = static_cast<int>(tab) + 1;
    diagnostics.add(where, "a tab is used for indentation, which YAML does not allow",
                    "indent with spaces");
    return;
  }
  diagnostics.add(where, fmt::format("this is not YAML: {}", error.msg),
                  "check the indentation and brackets around here; a text with `: `, ` #` or one "
                  "that begins with one of [ ] { } & * ! % @ ` must stand in quotes");
}

std::optional<Node> run_parser(const std::string& text, Builder& builder, const SourcePtr& source,
                               Diagnostics& diagnostics) {
  try {
    std::istringstream stream(text);
    YAML::Parser parser(stream);
    parser.HandleNextDocument(builder);
    if (!builder.root || builder.root->kind == NodeKind::null) {
      diagnostics.add({source, 1, 1, 1}, "the file is empty");
      return std::nullopt;
    }
    std::optional<Node> root = std::move(builder.root);
    builder.root.reset();
    if (parser.HandleNextDocument(builder) && builder.root) {
      diagnostics.add(builder.root->where, "a second YAML document begins here",
                      "put it into a file of its own");
      return std::nullopt;
    }
    return root;
  } catch (const Refused& refused) {
    diagnostics.add(refused.where, refused.problem, refused.fix);
  } catch (const YAML::Exception& error) {
    add_syntax_error(error, builder, *source, diagnostics);
  } catch (const std::exception& error) {
    diagnostics.add({source, 1, 1, 1}, fmt::format("the file could not be read: {}", error.what()));
  }
  return std::nullopt;
}

}  // namespace

std::optional<Node> parse_document(const NamedText& file, Diagnostics& diagnostics) {
  diagnostics.begin_file(file.file);
  if (file.text.size() > kMostBytes) {
    auto source = std::make_shared<SourceText>();
    source->file = file.file;
    diagnostics.add({source, 0, 0, 1},
                    fmt::format("the file is larger than {} bytes: {}", kMostBytes,
                                count_text(static_cast<std::int64_t>(file.text.size()))),
                    "split it into several files of metrics/");
    return std::nullopt;
  }
  NamedText clean = file;
  if (clean.text.starts_with("\xEF\xBB\xBF")) clean.text.erase(0, 3);
  const SourcePtr source = split_lines(clean);
  if (!check_characters(clean.text, source, diagnostics)) return std::nullopt;
  Builder builder(source, diagnostics);
  return run_parser(clean.text, builder, source, diagnostics);
}

std::string kind_text(const Node& node) {
  switch (node.kind) {
    case NodeKind::null:
      return "nothing";
    case NodeKind::scalar:
      return fmt::format("`{}`",
                         node.text.size() > 60 ? node.text.substr(0, 57) + "..." : node.text);
    case NodeKind::list:
      return "a list";
    case NodeKind::map:
      return "keys with values";
  }
  return "nothing";
}

}  // namespace assay::spec::detail
