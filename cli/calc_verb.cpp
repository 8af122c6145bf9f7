#include <iostream>
#include <iterator>
#include <map>
#include <optional>

#include "assay/app/calc.hpp"
#include "verbs.hpp"
#include "words.hpp"

namespace assay::cli {
namespace {

struct CalcWords {
  CLI::App* sub = nullptr;
  bool list = false;
  bool help = false;
  std::string input;
};

Result<std::optional<std::string>> json_inputs(const std::string& input) {
  if (input.empty()) return std::optional<std::string>{};
  if (input != "-") return std::optional<std::string>{input};
  return std::optional<std::string>{std::string(std::istreambuf_iterator<char>(std::cin), {})};
}

void run_calc(Verbs& verbs, const CalcWords& typed) {
  std::vector<std::string> words = typed.sub->remaining();
  const bool json = verbs.format == "json";
  if (!json && verbs.format != "text") {
    verbs.command.error =
        Error{ErrorCode::invalid_spec, "calc has no output format `" + verbs.format + "`",
              "--format", "write one of these", "text, json"};
    return;
  }
  const auto answer = [&]() -> Result<app::CalcOutput> {
    if (typed.list || words.empty()) return app::list_calc();
    const std::string method = words.front();
    if (method.starts_with("-")) {
      return fail(
          ErrorCode::invalid_spec, "no method is named before `" + method + "`", "calc",
          "write the method first: assay calc two-proportion --x1 ...; see assay calc list");
    }
    words.erase(words.begin());
    if (typed.help) return app::describe_calc(method);
    std::map<std::string, std::string> options;
    ASSAY_TRY(options, calc_options(words));
    std::optional<std::string> input;
    ASSAY_TRY(input, json_inputs(typed.input));
    return app::run_calc(method, options, input);
  };
  auto output = answer();
  if (!output) {
    verbs.command.error = output.error();
    return;
  }
  verbs.command.text = json ? output->json : output->text;
}

}  // namespace

void add_calc_verb(Verbs& verbs) {
  CLI::App* sub =
      verbs.parser.add_subcommand("calc", "any statistical method, from summary numbers");
  const auto typed = std::make_shared<CalcWords>();
  typed->sub = sub;
  sub->allow_extras();
  sub->set_help_flag();
  sub->add_flag("--list", typed->list, "every method with its inputs");
  sub->add_flag("--help,-h", typed->help, "inputs, outputs, definition and source");
  sub->add_option("--input", typed->input, "a JSON object; - reads stdin");
  sub->add_option("--format", verbs.format, "text or json")->capture_default_str();
  sub->callback([&verbs, typed] { run_calc(verbs, *typed); });
}

}  // namespace assay::cli
