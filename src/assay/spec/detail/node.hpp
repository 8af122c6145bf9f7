#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "assay/spec/detail/diagnostics.hpp"
#include "assay/spec/load.hpp"
#include "assay/spec/location.hpp"

namespace assay::spec::detail {

enum class NodeKind : std::uint8_t { null, scalar, list, map };

struct NodeEntry;

/// A piece of YAML that knows where it stands.
struct Node {
  NodeKind kind = NodeKind::null;
  std::string text;     ///< Of a scalar.
  bool quoted = false;  ///< Written in quotes or as a block.
  Location where;
  std::vector<Node> items;         ///< Of a list.
  std::vector<NodeEntry> entries;  ///< Of a map, in the order written; keys differ.
};

struct NodeEntry {
  Text key;
  Node value;
};

/// What a file may hold at most; more is refused before it costs anything.
inline constexpr std::size_t kMostBytes = 1 << 20;
inline constexpr std::size_t kMostNodes = 100'000;
inline constexpr int kMostColumns = 10'000;
inline constexpr std::size_t kMostDepth = 32;

/// Parses one YAML document. Anchors, aliases, tags and a second document are refused.
/// Returns nothing, with an error in `diagnostics`, when the text is not such a document.
std::optional<Node> parse_document(const NamedText& file, Diagnostics& diagnostics);

/// "text `abc`", "a list", "keys" or "nothing": for messages about the wrong kind.
std::string kind_text(const Node& node);

}  // namespace assay::spec::detail
