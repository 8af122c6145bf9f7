#include "verbs.hpp"

#include "help_text.hpp"

namespace assay::cli {

void Verbs::add_everywhere(CLI::App* sub) {
  sub->option_defaults()->group(kEverywhere);
  sub->set_help_flag("--help,-h", "this page");
  sub->add_option("--format", format, "text, markdown, html, json or csv")
      ->type_name("FORMAT")
      ->capture_default_str();
  sub->add_option("--output,-o", command.output, "write here instead of stdout")->type_name("FILE");
  sub->add_option("--threads", command.context.threads, "how many; 0: all")
      ->check(CLI::Range(0, 4096).description(""))
      ->type_name("N");
  sub->add_option("--memory", memory, "most memory of an index build")
      ->type_name("SIZE")
      ->capture_default_str();
  sub->add_flag("--check", command.check, "exit 1 when the verdict is bad");
  sub->add_flag("--quiet,-q", command.quiet, "no progress on stderr");
  sub->option_defaults()->group("Options");
}

void Verbs::add_source(CLI::App* sub, app::SourceOptions& source) {
  sub->add_option("data", source.path, "project folder, or a data file as it is")
      ->default_str(".")
      ->required(false);
  sub->add_option("--source", source.source, "source of the project; the first unless named")
      ->type_name("NAME");
  sub->add_option("--timezone", source.timezone, "reporting zone; the project's unless named")
      ->type_name("ZONE");
  sub->add_option("--engine", source.engine,
                  "embedded, duckdb or a URL; the project's unless named")
      ->type_name("NAME");
  sub->option_defaults()->group(kColumns);
  sub->add_option("--user", source.user, "who")->type_name("COLUMN");
  sub->add_option("--time", source.time, "when")->type_name("COLUMN");
  sub->add_option("--event", source.event, "what happened")->type_name("COLUMN");
  sub->add_option("--constant-event", source.constant_event,
                  "without event names: what every row is")
      ->type_name("WORD");
  sub->add_option("--table", source.table, "of a DuckDB file")->type_name("TABLE");
  sub->option_defaults()->group("Options");
}

}  // namespace assay::cli
