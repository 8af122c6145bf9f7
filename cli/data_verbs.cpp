#include "assay/app/audit.hpp"
#include "assay/app/init.hpp"
#include "assay/app/queries.hpp"
#include "verbs.hpp"

namespace assay::cli {
namespace {

void add_init(Verbs& verbs) {
  auto options = std::make_shared<app::InitOptions>();
  CLI::App* sub = verbs.verb("init", "write a first assay.yaml from a data file, and say why");
  sub->add_option("data", options->data, "file, folder or glob")->required();
  sub->add_option("--folder", options->folder, "project folder; here unless given")
      ->type_name("FOLDER");
  sub->add_option("--table", options->table, "DuckDB file: table")->type_name("TABLE");
  sub->add_option("--constant-event", options->constant_event, "what every row is")
      ->type_name("WORD");
  sub->add_option("--timezone", options->timezone, "reporting time zone")
      ->capture_default_str()
      ->type_name("ZONE");
  sub->add_flag("--force", options->force, "overwrite an assay.yaml");
  verbs.on(sub, options, app::init_verb);
}

void add_audit(Verbs& verbs) {
  auto options = std::make_shared<app::SourceOptions>();
  CLI::App* sub = verbs.verb("audit", "what is wrong with the data, and what that moves");
  Verbs::add_source(sub, *options);
  verbs.on(sub, options, app::audit_verb);
}

void add_index(Verbs& verbs) {
  auto options = std::make_shared<app::IndexOptions>();
  CLI::App* sub = verbs.verb("index", "make the event index current");
  Verbs::add_source(sub, options->source);
  sub->add_flag("--force", options->force, "build anew");
  sub->add_flag("--verify", options->verify, "read every byte and compare checksums");
  verbs.on(sub, options, app::index_verb);
}

}  // namespace

void add_data_verbs(Verbs& verbs) {
  add_init(verbs);
  add_audit(verbs);
  add_index(verbs);
}

}  // namespace assay::cli
