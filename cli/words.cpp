#include "words.hpp"

#include <algorithm>
#include <cstdlib>

namespace assay::cli {

Result<std::map<std::string, std::string>> calc_options(const std::vector<std::string>& words) {
  std::map<std::string, std::string> options;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (!word.starts_with("--")) {
      return fail(ErrorCode::invalid_spec, "not an option: `" + word + "`", "calc",
                  "write inputs as --name value");
    }
    std::string name = word.substr(2);
    std::string value;
    if (const auto equals = name.find('='); equals != std::string::npos) {
      value = name.substr(equals + 1);
      name.resize(equals);
    } else if (i + 1 < words.size()) {
      value = words[++i];
    } else {
      return fail(ErrorCode::invalid_spec, "option `" + word + "` has no value", "calc");
    }
    std::replace(name.begin(), name.end(), '-', '_');
    if (!options.emplace(name, value).second)
      return fail(ErrorCode::invalid_spec, "option `" + word + "` is given twice", "calc");
  }
  return options;
}

std::size_t parse_bytes(const std::string& text) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  const std::string unit = end == nullptr ? "" : end;
  double scale = 0.0;
  if (unit == "G" || unit == "GB" || unit == "GiB") scale = 1024.0 * 1024.0 * 1024.0;
  if (unit == "M" || unit == "MB" || unit == "MiB") scale = 1024.0 * 1024.0;
  return value * scale >= 64.0 * 1024 * 1024 ? static_cast<std::size_t>(value * scale) : 0;
}

std::string unknown_word(const std::vector<std::string>& words,
                         const std::vector<std::string>& options, const std::string& left_over) {
  for (const std::string& word : words) {
    std::string name = word.substr(0, word.find('='));
    if (name.starts_with("--") && name.size() > 2 &&
        std::find(options.begin(), options.end(), name) == options.end())
      return name;
  }
  return left_over;
}

}  // namespace assay::cli
