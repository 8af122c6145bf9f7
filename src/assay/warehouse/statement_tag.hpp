#pragma once

#include <string>
#include <vector>

namespace assay::warehouse {

/// "/* assay: a, b */ " in front of a statement, so that the engine's owner sees what sent it;
/// empty without tags. Letters that could end or nest a comment become "_".
std::string tag_comment(const std::vector<std::string>& tags);

}  // namespace assay::warehouse
