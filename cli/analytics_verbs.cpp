#include "verbs.hpp"

namespace assay::cli {

void active_users_options(CLI::App* sub, app::ActiveUsersOptions& options) {
  Verbs::add_source(sub, options.source);
  sub->add_option("--events", options.events, "events that count; any unless given")
      ->type_name("A,B")
      ->delimiter(',')
      ->allow_extra_args(false);
  sub->add_option("--trailing", options.trailing, "lengths in days")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("N,N");
}

void retention_options(CLI::App* sub, app::RetentionOptions& options) {
  Verbs::add_source(sub, options.source);
  sub->add_option("--start", options.start, "start events; any unless given")
      ->type_name("A,B")
      ->delimiter(',')
      ->allow_extra_args(false);
  sub->add_option("--return", options.returning, "return events; any unless given")
      ->type_name("A,B")
      ->delimiter(',')
      ->allow_extra_args(false);
  sub->add_option("--where", options.where, "filter on both")->type_name("FILTER");
  sub->add_flag("--recurring", options.recurring, "enter on every day with a start");
  sub->add_option("--days", options.max_day, "last day")->capture_default_str()->type_name("N");
}

void funnel_options(CLI::App* sub, app::FunnelOptions& options) {
  Verbs::add_source(sub, options.source);
  sub->add_option("--funnel", options.funnel, "funnel of the project; the first unless named")
      ->type_name("NAME");
  sub->add_option("--steps", options.steps, "event names in order")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("A,B,C");
  sub->add_option("--window", options.window, "time from the first to the last step")
      ->capture_default_str()
      ->type_name("TIME");
}

void sessions_options(CLI::App* sub, app::SessionsOptions& options) {
  Verbs::add_source(sub, options.source);
  sub->add_option("--events", options.events, "events that make sessions")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("A,B");
  sub->add_option("--gap", options.gap, "longest pause inside a session")
      ->capture_default_str()
      ->type_name("TIME");
}

void metrics_options(CLI::App* sub, app::MetricsOptions& options) {
  Verbs::add_source(sub, options.source);
  sub->add_option("--metric", options.metrics, "names; all unless given")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("A,B");
  sub->add_option("--active", options.active, "events that make a unit count; any unless given")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("A,B");
  sub->add_option("--from", options.from, "first day; of the data unless given")->type_name("DAY");
  sub->add_option("--to", options.to, "last day; of the data unless given")->type_name("DAY");
  sub->add_option("--by", options.by, "day, week or month: a value for each")->type_name("GRAIN");
  sub->add_flag("--refresh", options.refresh, "a warehouse by day: ask kept days again");
}

namespace {

void add_active_users(Verbs& verbs) {
  auto options = std::make_shared<app::ActiveUsersOptions>();
  CLI::App* sub = verbs.verb("active-users", "distinct users by day, week and month");
  active_users_options(sub, *options);
  verbs.on(sub, options, app::active_users_verb);
}

void add_retention(Verbs& verbs) {
  auto options = std::make_shared<app::RetentionOptions>();
  CLI::App* sub = verbs.verb("retention", "who comes back on day N");
  retention_options(sub, *options);
  verbs.on(sub, options, app::retention_verb);
}

void add_funnel(Verbs& verbs) {
  auto options = std::make_shared<app::FunnelOptions>();
  CLI::App* sub = verbs.verb("funnel", "how far users get through ordered steps");
  funnel_options(sub, *options);
  verbs.on(sub, options, app::funnel_verb);
}

void add_sessions(Verbs& verbs) {
  auto options = std::make_shared<app::SessionsOptions>();
  CLI::App* sub = verbs.verb("sessions", "sessions by a gap in activity");
  sessions_options(sub, *options);
  verbs.on(sub, options, app::sessions_verb);
}

void add_metrics(Verbs& verbs) {
  auto options = std::make_shared<app::MetricsOptions>();
  CLI::App* sub = verbs.verb("metrics", "metrics of the catalogue over days");
  metrics_options(sub, *options);
  verbs.on(sub, options, app::metrics_verb);
}

}  // namespace

void add_analytics_verbs(Verbs& verbs) {
  add_active_users(verbs);
  add_retention(verbs);
  add_funnel(verbs);
  add_sessions(verbs);
  add_metrics(verbs);
}

}  // namespace assay::cli
