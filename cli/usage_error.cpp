#include "usage_error.hpp"

#include "assay/base/text.hpp"
#include "words.hpp"

namespace assay::cli {
namespace {

std::vector<std::string> option_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

}  // namespace

Error usage_error(const CLI::App& app, const CLI::ParseError& error,
                  const std::vector<std::string>& words) {
  const CLI::App* used = &app;
  std::string verb;
  while (!used->get_subcommands().empty()) {
    used = used->get_subcommands().back();
    verb += (verb.empty() ? "" : " ") + used->get_name();
  }
  const std::string help = "see `assay " + (verb.empty() ? verb : verb + " ") + "--help`";
  Error out{ErrorCode::invalid_spec, error.what(), verb, help, ""};
  if (dynamic_cast<const CLI::ExtrasError*>(&error) == nullptr) return out;
  std::vector<std::string> have = option_names(*used);
  const bool no_verb = used == &app && !words.empty() && !words.front().starts_with("-");
  if (no_verb) {
    have.clear();
    for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; }))
      have.push_back(sub->get_name());
  }
  const std::vector<std::string> left = app.remaining(true);
  const std::string word =
      no_verb ? words.front() : unknown_word(words, have, left.empty() ? "" : left.back());
  out.problem = no_verb                 ? "there is no verb `" + word + "`"
                : word.starts_with("-") ? "there is no option `" + word + "`"
                                        : "one word too many: `" + word + "`";
  if (const std::string near = nearest(word, have); !near.empty())
    out.fix = "did you mean `" + near + "`?";
  out.have = list_text(have, 30);
  return out;
}

}  // namespace assay::cli
