#include "assay/app/plan_verb.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "assay/app/plan_line.hpp"
#include "assay/app/questions.hpp"
#include "assay/app/warehouse_engine.hpp"
#include "assay/base/text.hpp"
#include "assay/experiment/plan.hpp"
#include "assay/metrics/source.hpp"
#include "assay/readout/plan_readout.hpp"
#include "assay/spec/fingerprint.hpp"

namespace assay::app {
namespace {

/// Who is asked what about which source.
struct Subject {
  spec::Project project;
  std::string source;
  std::string engine;  ///< --engine
  std::string title;
  TimeZone timezone = TimeZone::utc();
  std::optional<spec::Experiment> experiment;

  [[nodiscard]] const spec::Source& spec() const { return *spec::find_source(project, source); }
  [[nodiscard]] std::string hash() const {
    return experiment ? spec::spec_hash(*experiment) : spec::spec_hash(project);
  }
};

/// A query with what people call it.
struct Asking {
  std::string question;
  distributed::AnyQuery query;
};

Result<Subject> subject_of(Context& context, const SourceOptions& options, std::string verb) {
  if (!names_project(options.path)) {
    return fail(ErrorCode::invalid_spec, "a data file is read by this machine; nothing is sent",
                options.path.string(), "name a project whose source names a `table`");
  }
  auto resolved = resolve_source(context, options);
  if (!resolved) return tl::unexpected(std::move(resolved.error()));
  Subject out{std::move(*resolved->project),
              resolved->name,
              options.engine,
              fmt::format("Plan: {} of {}", verb, resolved->name),
              resolved->timezone,
              {}};
  return out;
}

Result<Subject> subject_of(Context& context, const ExperimentOptions& options) {
  Subject out;
  std::filesystem::path folder;
  ASSAY_TRY(folder, find_project(options.spec));
  ASSAY_TRY(out.project, load(context, folder));
  ASSAY_TRY(out.experiment, load_experiment(context, options.spec, out.project));
  const spec::Source* source = nullptr;
  ASSAY_TRY(source, choose_source(out.project, out.experiment->assignment.source.value));
  out.source = source->name.value;
  out.engine = options.engine;
  out.title = "Plan: experiment " + out.experiment->name.value;
  ASSAY_TRY(out.timezone, TimeZone::find(out.project.defaults.timezone.value));
  return out;
}

struct SubjectOf {
  Context& context;
  Result<Subject> operator()(const ExperimentOptions& o) const { return subject_of(context, o); }
  Result<Subject> operator()(const ActiveUsersOptions& o) const {
    return subject_of(context, o.source, "active users");
  }
  Result<Subject> operator()(const RetentionOptions& o) const {
    return subject_of(context, o.source, "retention");
  }
  Result<Subject> operator()(const FunnelOptions& o) const {
    return subject_of(context, o.source, "funnel");
  }
  Result<Subject> operator()(const SessionsOptions& o) const {
    return subject_of(context, o.source, "sessions");
  }
  Result<Subject> operator()(const MetricsOptions& o) const {
    return subject_of(context, o.source, "metrics");
  }
};

struct Questions {
  Context& context;
  const Subject& subject;
  Asked asked;
  TimeRange span;

  using List = Result<std::vector<Asking>>;

  List operator()(const ExperimentOptions&) const {
    experiment::Plan plan;
    ASSAY_TRY(plan, experiment::plan_experiment(subject.project, *subject.experiment,
                                                asked.complete_until));
    return one("experiment " + subject.experiment->name.value, std::move(plan.query));
  }
  List operator()(const ActiveUsersOptions& options) const {
    std::vector<engine::ActiveUsersQuery> queries;
    ASSAY_TRY(queries, active_users_queries(asked, options));
    std::vector<Asking> out;
    for (engine::ActiveUsersQuery& query : queries) {
      std::string name = fmt::format("active users, {}-day", query.trailing_days);
      out.push_back({std::move(name), std::move(query)});
    }
    return out;
  }
  List operator()(const RetentionOptions& options) const {
    engine::RetentionQuery query;
    ASSAY_TRY(query, retention_query(asked, options));
    return one("retention", std::move(query));
  }
  List operator()(const FunnelOptions& options) const {
    std::vector<std::string> names;
    engine::FunnelQuery query;
    ASSAY_TRY(query, funnel_query(asked, options, names));
    return one("funnel", std::move(query));
  }
  List operator()(const SessionsOptions& options) const {
    engine::SessionsQuery query;
    ASSAY_TRY(query, sessions_query(asked, options));
    return one("sessions", std::move(query));
  }
  List operator()(const MetricsOptions& options) const {
    readout::MetricsPage page;
    ASSAY_TRY(page, metrics_page(subject.project, subject.source, asked.timezone, span, options));
    if (options.by == "day") return one("metrics by day", daily_query(page));
    std::vector<Asking> out;
    for (const auto& period : page.periods) {
      page.query.period = {asked.timezone.day_start(period.first),
                           asked.timezone.day_start(period.last + 1)};
      out.push_back(
          {fmt::format("metrics, {} to {}", day_text(period.first), day_text(period.last)),
           page.query});
    }
    return out;
  }

  template <class Query>
  static List one(std::string name, Query query) {
    std::vector<Asking> out;
    out.push_back({std::move(name), std::move(query)});
    return out;
  }
};

/// Names of the events that a query means.
struct EventNames {
  std::vector<std::string> names;

  void operator()(const engine::ActiveUsersQuery& q) { add(q.event); }
  void operator()(const engine::RetentionQuery& q) {
    add(q.start);
    add(q.returning);
  }
  void operator()(const engine::FunnelQuery& q) { add(q.steps); }
  void operator()(const engine::SessionsQuery& q) { add(q.event); }
  void operator()(const engine::UnitTotalsQuery& q) {
    add(q.active);
    add(q.metrics);
  }
  void operator()(const engine::SeriesQuery& q) {
    add(q.active);
    add(q.metrics);
  }
  void operator()(const engine::UnitTableQuery& q) {
    (*this)(q.experiment);
    add(q.first_events);
  }
  void operator()(const engine::ExperimentQuery& q) {
    add(q.assignment);
    if (q.exposure) add(*q.exposure);
    for (const engine::ExperimentMetric& metric : q.metrics) {
      add(metric.numerator.event);
      if (metric.denominator) add(metric.denominator->event);
      add(metric.steps);
    }
  }

 private:
  void add(const engine::EventSelector& selector) {
    for (const std::string& name : selector.names) {
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
  }
  void add(const std::vector<engine::EventSelector>& selectors) {
    for (const engine::EventSelector& selector : selectors) add(selector);
  }
  void add(const std::vector<engine::UnitMetric>& metrics) {
    for (const engine::UnitMetric& metric : metrics) {
      add(metric.numerator.event);
      if (metric.denominator) add(metric.denominator->event);
    }
  }
};

/// What comes back of a query, in words.
struct Returns {
  std::string statement;  ///< Name of the statement.

  std::string operator()(const engine::ActiveUsersQuery&) const {
    return "rows by day and days back, few for each day";
  }
  std::string operator()(const engine::RetentionQuery& q) const {
    return fmt::format("at most {} rows for each first day", q.max_day + 1);
  }
  std::string operator()(const engine::FunnelQuery& q) const {
    return fmt::format("at most {} rows", q.steps.size() + 1);
  }
  std::string operator()(const engine::SessionsQuery&) const { return "one row for each day"; }
  std::string operator()(const engine::UnitTotalsQuery&) const { return "one row"; }
  std::string operator()(const engine::SeriesQuery&) const { return "one row for each day"; }
  std::string operator()(const engine::UnitTableQuery& q) const {
    return fmt::format("one row for each analysed unit, at most {}", count_text(q.max_units));
  }
  std::string operator()(const engine::ExperimentQuery& q) const {
    if (statement.ends_with("caps")) return "one row for each capped metric";
    if (statement.ends_with("days")) return "one row for each arm and pair of days";
    if (statement.ends_with("ages")) return "one row for each arm and pair of ages";
    if (statement.ends_with("pairs")) return "one row for each arm and pair of segment values";
    if (q.cluster) return "one row for each arm, day, value of a segment, and cluster";
    return "one row for each arm, day, and value of a segment";
  }
};

constexpr int kTakenDays = 400;

/// The times that events are taken to have: up to the end of the data or of the experiment.
TimeRange taken_span(const Subject& subject) {
  TimeUs end = std::chrono::duration_cast<std::chrono::microseconds>(
                   std::chrono::system_clock::now().time_since_epoch())
                   .count();
  if (subject.experiment) end = subject.timezone.day_start(subject.experiment->period.last + 1);
  if (subject.spec().complete_until) end = *subject.spec().complete_until;
  return {end - kTakenDays * kDayUs, end};
}

bool is_offline(const PlanOptions& options) { return options.offline || !options.dialect.empty(); }

/// The dialect of an engine, or of the word after --dialect.
Result<const sql::Dialect*> dialect_of(const PlanOptions& options, const EngineChoice& choice) {
  static const std::vector<std::string> kNames{"trino", "spark", "clickhouse", "duckdb"};
  const std::string& word = !options.dialect.empty() ? options.dialect : choice.url.scheme;
  if (const sql::Dialect* dialect = sql::find_dialect(word); dialect != nullptr) return dialect;
  if (word.empty()) {
    return fail(ErrorCode::invalid_spec, "a plan without an engine needs the name of a dialect", "",
                "add --dialect trino", list_text(kNames));
  }
  return fail(ErrorCode::invalid_spec, fmt::format("there is no dialect `{}`", word), "--dialect",
              spec::did_you_mean(word, kNames, "write one of these"), list_text(kNames));
}

/// The days of the parts that a statement asks for, as its own conditions say.
struct PartBounds {
  std::string column;
  std::string first, last;

  void look(const sql::Expression& at) {
    if (!at) return;
    for (const sql::Expression& argument : at->arguments) look(argument);
    const bool from = at->op == sql::Op::greater_or_equal;
    const bool to = at->op == sql::Op::less_or_equal;
    if ((!from && !to) || at->arguments.size() != 2) return;
    const sql::Expression& value = at->arguments[1];
    const sql::Expression& tested = at->arguments[0];
    if (tested->op != sql::Op::column || tested->name != column) return;
    const bool known = value->op == sql::Op::literal || value->op == sql::Op::date;
    std::string day;
    if (const auto* text = std::get_if<std::string>(&value->literal); known && text != nullptr)
      day = *text;
    if (const auto* number = std::get_if<std::int64_t>(&value->literal); known && number != nullptr)
      day = day_text(static_cast<Day>(*number));
    if (day.empty()) return;
    if (from) first = first.empty() ? day : std::min(first, day);
    if (to) last = last.empty() ? day : std::max(last, day);
  }

  /// Empty when some read of the table is not limited.
  std::string text(const sql::Plan& plan) {
    bool limited = true;
    const auto read = [&](const sql::Select& select) {
      for (const sql::Input& input : select.from) {
        if (!input.table) continue;
        PartBounds here{column, {}, {}};
        here.look(select.where);
        limited = limited && !here.first.empty() && !here.last.empty();
        first = first.empty() ? here.first : std::min(first, here.first);
        last = last.empty() ? here.last : std::max(last, here.last);
      }
    };
    for (const sql::Step& step : plan.steps)
      for (const sql::Select& select : step.selects) read(select);
    for (const sql::Select& select : plan.result) read(select);
    return limited && !first.empty() ? fmt::format("`{}` from {} to {}", column, first, last)
                                     : std::string();
  }
};

/// "experiment_days" -> "days": the question says the rest.
std::string short_name(const std::string& name) {
  return name.starts_with("experiment_") ? name.substr(11) : name;
}

void add_statements(const Asking& asking, std::vector<distributed::PlannedStatement> planned,
                    const distributed::EventTable& table, readout::PlanPage& page) {
  const bool several = planned.size() > 1;
  for (distributed::PlannedStatement& one : planned) {
    readout::PlannedStatement out{.question = asking.question,
                                  .name = several ? short_name(one.name) : ""};
    out.sql = std::move(one.statement);
    out.reads = std::move(one.tables);
    out.notes = std::move(one.notes);
    out.returns = std::visit(Returns{one.name}, asking.query);
    if (const auto& partition = table.spec.partition)
      out.partitions = PartBounds{partition->column, {}, {}}.text(one.plan);
    page.statements.push_back(std::move(out));
  }
}

/// What a reader must know of a plan that looked at no event.
std::vector<std::string> notes_of(const Subject& subject, TimeRange span, bool offline) {
  std::vector<std::string> notes;
  if (offline) {
    notes.push_back(
        "Types of columns are those of the spec (times as instants unless it says otherwise, ids "
        "without a type as text): where the table's differ, the statement sent differs.");
  }
  notes.push_back(fmt::format(
      "Event times are taken to lie from {} to {}; time zones are written out for them. Before a "
      "question the table is looked at once (names of events, first and last time), and the "
      "statement sent has its real times.",
      day_text(subject.timezone.local_day(span.begin)),
      day_text(subject.timezone.local_day(span.end - 1))));
  if (subject.spec().known_events.empty())
    notes.push_back("The source does not list its `events`: names were not checked.");
  if (!subject.spec().partition)
    notes.push_back("The source names no `partition`: every statement reads the whole table.");
  return notes;
}

/// The questions, and what is taken for granted of the table that they are about.
Result<std::vector<Asking>> ask(Context& context, const Subject& subject, const Question& question,
                                TakenTable& taken) {
  const spec::Source& source = subject.spec();
  taken.span = taken_span(subject);
  const Asked asked{&subject.project, subject.timezone,
                    metrics::complete_until(source, taken.span.end - 1)};
  std::vector<Asking> questions;
  ASSAY_TRY(questions, std::visit(Questions{context, subject, asked, taken.span}, question));
  EventNames names;
  for (const spec::Text& event : source.known_events) names.names.push_back(event.value);
  if (names.names.empty()) {
    for (const Asking& asking : questions) std::visit(names, asking.query);
  }
  taken.events = std::move(names.names);
  return questions;
}

/// A line that runs nothing, and the table behind it.
struct Dry {
  std::unique_ptr<PlanLine> line;
  distributed::EventTableSpec table;
};

Result<Dry> dry_line(Context& context, const Subject& subject, const EngineChoice& choice,
                     const PlanOptions& options, TakenTable taken) {
  Dry out;
  if (is_offline(options)) {
    const sql::Dialect* dialect = nullptr;
    ASSAY_TRY(dialect, dialect_of(options, choice));
    ASSAY_TRY(out.table, metrics::to_event_table(subject.spec(), nullptr));
    taken.columns = columns_by_spec(out.table);
    out.line = std::make_unique<PlanLine>(nullptr, *dialect, std::move(taken));
    return out;
  }
  WarehouseTable place;
  ASSAY_TRY(place, connect_table(context, subject.spec(), choice.url, subject.hash()));
  const sql::Dialect& dialect = place.connection->dialect();
  out.table = std::move(place.table);
  out.line = std::make_unique<PlanLine>(std::move(place.connection), dialect, std::move(taken));
  return out;
}

/// The look at the table, which every verb begins with.
readout::PlannedStatement look_of(const PlanLine& line, const distributed::EventTable& table) {
  readout::PlannedStatement out{.question = "look at the table", .sql = line.look()};
  const engine::Source& source = table.spec.source;
  sql::TableUse use{table.spec.table, {source.unit.expression, source.event_time.expression}};
  for (const std::string& column :
       {source.event_expression, source.ingest_time && source.max_skew_us
                                     ? source.ingest_time->expression
                                     : std::string()}) {
    if (!column.empty()) use.columns.push_back(column);
  }
  out.reads.push_back(std::move(use));
  out.returns = "one row for each event name";
  out.notes = {"Once for each run of a verb: names to check against, first and last time."};
  return out;
}

}  // namespace

Result<Outcome> plan_verb(Context& context, const PlanOptions& options) {
  auto subject = std::visit(SubjectOf{context}, options.question);
  if (!subject) return tl::unexpected(std::move(subject.error()));
  EngineChoice choice;
  ASSAY_TRY(choice, choose_engine(subject->engine, &subject->project));
  const bool offline = is_offline(options);
  if (!offline && choice.kind != EngineChoice::Kind::warehouse) {
    return fail(ErrorCode::invalid_spec, "an engine of this machine sends no statements", "",
                "name a warehouse with --engine trino://host:8080/catalog/schema, or write "
                "--dialect trino to see its SQL without asking it");
  }
  TakenTable taken;
  std::vector<Asking> questions;
  ASSAY_TRY(questions, ask(context, *subject, options.question, taken));
  readout::PlanPage page{.title = subject->title,
                         .has_partition = subject->spec().partition.has_value(),
                         .notes = notes_of(*subject, taken.span, offline)};
  Dry dry;
  ASSAY_TRY(dry, dry_line(context, *subject, choice, options, std::move(taken)));
  page.dialect = std::string(dry.line->dialect().name());
  ASSAY_TRY(page.engine, dry.line->describe_engine());
  const PlanLine& line = *dry.line;
  std::unique_ptr<distributed::DistributedEngine> engine;
  ASSAY_TRY(engine, distributed::DistributedEngine::open(
                        std::move(dry.line), dry.table,
                        {.tag = subject->hash(), .progress = &context.progress}));
  page.statements.push_back(look_of(line, engine->table()));
  for (const Asking& asking : questions) {
    std::vector<distributed::PlannedStatement> planned;
    ASSAY_TRY(planned, engine->plans_of(asking.query));
    add_statements(asking, std::move(planned), engine->table(), page);
  }
  for (readout::PlannedStatement& one : page.statements) {
    if (offline) break;
    auto estimate = engine->connection().estimate(one.sql);
    if (estimate) {
      one.estimate = std::move(*estimate);
    } else {
      one.no_estimate = estimate.error().problem;
    }
  }
  report::Provenance made_by = provenance(context);
  made_by.spec_hash = subject->hash();
  Outcome outcome;
  outcome.document = readout::plan_document(page, made_by);
  return outcome;
}

}  // namespace assay::app
