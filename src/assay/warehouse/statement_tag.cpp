#include "assay/warehouse/statement_tag.hpp"

#include <string_view>

namespace assay::warehouse {
namespace {

bool is_plain(char c) {
  const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  return letter || std::string_view(" _-.:=@").find(c) != std::string_view::npos;
}

}  // namespace

std::string tag_comment(const std::vector<std::string>& tags) {
  if (tags.empty()) return {};
  std::string comment = "/* assay:";
  for (const std::string& tag : tags) {
    comment += comment.back() == ':' ? " " : ", ";
    for (const char c : tag) comment += is_plain(c) ? c : '_';
  }
  return comment + " */ ";
}

}  // namespace assay::warehouse
