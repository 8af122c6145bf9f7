#pragma once

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <string>

namespace assay::cli {

inline constexpr const char* kColumns = "Columns of a data file (guessed unless named)";
inline constexpr const char* kPlan = "Planning";
inline constexpr const char* kEverywhere = "Output and resources";

/// Help in 80 columns: usage of the verb, a word for each value, defaults behind the sentence.
class HelpText : public CLI::Formatter {
 public:
  std::string make_usage(const CLI::App* app, std::string /*name*/) const override {
    std::string out = "\nusage: assay";
    std::string verb;
    for (const CLI::App* at = app; at->get_parent() != nullptr; at = at->get_parent())
      verb = " " + at->get_name() + verb;
    out += verb;
    if (!app->get_subcommands([](const CLI::App*) { return true; }).empty()) out += " VERB";
    for (const CLI::Option* option : app->get_options()) {
      if (!option->get_positional()) continue;
      out += option->get_required() ? " " + upper(option->get_name())
                                    : " [" + upper(option->get_name()) + "]";
    }
    return out + " [options]\n";
  }

  std::string make_help(const CLI::App* app, std::string name,
                        CLI::AppFormatMode /*mode*/) const override {
    std::string out = make_description(app) + make_usage(app, name) + make_positionals(app);
    // The verb's own options first, those of every verb last.
    for (const char* group : {"Options", kPlan, kColumns, kEverywhere}) {
      const auto options = app->get_options([&](const CLI::Option* option) {
        return option->get_group() == group && option->nonpositional();
      });
      if (!options.empty()) out += make_group(group, false, options);
    }
    return out + make_subcommands(app, CLI::AppFormatMode::Normal) + make_footer(app);
  }

  std::string make_option_opts(const CLI::Option* option) const override {
    if (option->get_type_size() == 0 || option->get_positional()) return "";
    return " " + option->get_type_name();
  }

  std::string make_option_name(const CLI::Option* option, bool positional) const override {
    return positional ? upper(option->get_name()) : option->get_name(false, true);
  }

  std::string make_option_desc(const CLI::Option* option) const override {
    const std::string given = option->get_default_str();
    return option->get_description() + (given.empty() ? "" : " [" + given + "]");
  }

 private:
  static std::string upper(std::string name) {
    std::transform(name.begin(), name.end(), name.begin(),
                   [](char c) { return static_cast<char>(std::toupper(c)); });
    return name;
  }
};

}  // namespace assay::cli
