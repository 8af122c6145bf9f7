// Times the questions of bench/ on the event index and prints times and answers as JSON.
// Usage: engine_bench PROJECT RUNS THREADS
// The answers are compared with the peers' before any time is believed (bench/compare.py).

#include <fmt/core.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <string>
#include <vector>

#include "assay/app/context.hpp"
#include "assay/app/project.hpp"
#include "assay/app/source_options.hpp"
#include "assay/engine/query.hpp"

namespace {

using namespace assay;  // NOLINT(google-build-using-namespace): one program, one file.

engine::EventSelector named(std::vector<std::string> names) { return {std::move(names), {}}; }

engine::ExperimentMetric mean_of(std::string event, engine::Aggregation aggregation,
                                 std::string column = {}) {
  engine::ExperimentMetric metric;
  metric.name = event + "_" + column + std::to_string(static_cast<int>(aggregation));
  metric.numerator = {named({std::move(event)}), aggregation, std::move(column), 1.0};
  metric.covariate_us = 28 * kDayUs;
  return metric;
}

/// Twenty metrics in the order that bench/compare.py asks its peers for.
std::vector<engine::ExperimentMetric> twenty_metrics() {
  using engine::Aggregation;
  std::vector<engine::ExperimentMetric> metrics;
  for (const char* event :
       {"app_open", "feed_open", "video_watch", "like", "share", "hide", "report", "post_video",
        "ad_impression", "ad_click", "purchase", "crash"}) {
    metrics.push_back(mean_of(event, Aggregation::count));
  }
  metrics.push_back(mean_of("video_watch", Aggregation::sum, "watch_minutes"));
  metrics.push_back(mean_of("video_watch", Aggregation::sum, "completed"));
  metrics.push_back(mean_of("purchase", Aggregation::sum, "revenue"));
  metrics.push_back(mean_of("ad_impression", Aggregation::sum, "revenue"));
  for (const char* event : {"purchase", "like", "share", "crash"})
    metrics.push_back(mean_of(event, Aggregation::any));
  return metrics;
}

engine::ExperimentQuery experiment_query(const TimeZone& zone) {
  engine::ExperimentQuery query;
  query.assignment = named({"experiment_assigned"});
  query.variant_property = "variant";
  query.arms = {"control", "treatment"};
  query.exposure = named({"feed_open"});
  query.anchor = engine::Anchor::exposure;
  query.timezone = zone;
  query.period = {zone.day_start(*parse_day("2026-05-04")),
                  zone.day_start(*parse_day("2026-06-01"))};
  query.complete_until = query.period.end;
  query.metrics = twenty_metrics();
  for (const char* name : {"country", "device", "app_version", "new_user"}) {
    query.segments.push_back({name, engine::SegmentBy::Kind::at_assignment, name, 0});
  }
  query.segments.push_back({"first_country", engine::SegmentBy::Kind::first_touch, "country", 0});
  return query;
}

struct Question {
  std::string name;
  std::function<Result<std::string>()> run;  ///< The answer as JSON.
};

/// User and system time of this process, all threads.
double cpu_seconds() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

std::string list(const std::vector<double>& values) {
  std::string text = "[";
  for (std::size_t i = 0; i < values.size(); ++i)
    text += fmt::format("{}{:.6f}", i == 0 ? "" : ",", values[i]);
  return text + "]";
}

std::string join(const std::vector<std::int64_t>& values) {
  std::string text = "[";
  for (std::size_t i = 0; i < values.size(); ++i)
    text += fmt::format("{}{}", i == 0 ? "" : ",", values[i]);
  return text + "]";
}

/// n, mean y, mean x, and the centred sums of yy, yx, xx of every cell.
std::string moments_json(const engine::ExperimentMoments& answer) {
  std::string text = "[";
  const auto cell = [&](const std::string& key, const std::vector<engine::MetricMoments>& row) {
    for (std::size_t m = 0; m < row.size(); ++m) {
      text += fmt::format("{}[\"{}/{}\",{},{:.17g},{:.17g},{:.17g},{:.17g},{:.17g}]",
                          text.size() == 1 ? "" : ",", key, m, row[m].n, row[m].mean[0],
                          row[m].mean[1], row[m].at(0, 0), row[m].at(0, 1), row[m].at(1, 1));
    }
  };
  for (std::size_t a = 0; a < answer.overall.size(); ++a) {
    cell(fmt::format("all//{}", a), answer.overall[a]);
    for (const engine::SegmentMoments& segment : answer.segments) {
      for (std::size_t v = 0; v < segment.values.size(); ++v)
        cell(fmt::format("{}/{}/{}", segment.name, segment.values[v], a), segment.moments[v][a]);
    }
  }
  return text + "]";
}

std::vector<Question> questions(engine::Engine& engine, const TimeZone& zone) {
  return {
      {"funnel",
       [&]() -> Result<std::string> {
         engine::FunnelQuery query;
         for (const char* step : {"app_open", "video_watch", "like", "share"})
           query.steps.push_back(named({step}));
         query.window_us = kDayUs;
         engine::FunnelCounts answer;
         ASSAY_TRY(answer, engine.funnel(query));
         return join(answer.reached);
       }},
      {"retention",
       [&]() -> Result<std::string> {
         engine::RetentionQuery query;
         query.max_day = 27;
         query.timezone = zone;
         query.complete_until = zone.day_start(*parse_day("2026-06-01"));
         engine::RetentionTriangle answer;
         ASSAY_TRY(answer, engine.retention(query));
         return fmt::format("{{\"units\":{},\"retained\":{}}}", join(answer.units),
                            join(answer.retained));
       }},
      {"sessions",
       [&]() -> Result<std::string> {
         engine::SessionsQuery query;
         query.timezone = zone;
         engine::Sessions answer;
         ASSAY_TRY(answer, engine.sessions(query));
         return fmt::format("{{\"sessions\":{},\"mean_seconds\":{:.17g},\"mean_depth\":{:.17g}}}",
                            answer.sessions, answer.length_seconds.mean, answer.depth.mean);
       }},
      {"experiment",
       [&]() -> Result<std::string> {
         engine::ExperimentMoments answer;
         ASSAY_TRY(answer, engine.experiment(experiment_query(zone)));
         return moments_json(answer);
       }},
  };
}

Result<void> run(const std::string& project, int runs, int threads) {
  app::Context context;
  context.threads = threads;
  auto source = app::resolve_source(context, {.path = project, .engine = "embedded"});
  if (!source) return tl::unexpected(source.error());
  const TimeZone zone = source->timezone;
  app::OpenEngine open;
  ASSAY_TRY(open, app::open_engine(context, *source));
  std::cout << "{";
  bool first = true;
  for (const Question& question : questions(*open.engine, zone)) {
    std::vector<double> seconds;
    std::vector<double> cpu;
    std::string answer;
    for (int r = 0; r <= runs; ++r) {
      const double begin = app::seconds_now();
      const double cpu_begin = cpu_seconds();
      ASSAY_TRY(answer, question.run());
      if (r == 0) continue;  // The first warms the pages.
      seconds.push_back(app::seconds_now() - begin);
      cpu.push_back(cpu_seconds() - cpu_begin);
    }
    std::cout << (first ? "" : ",\n")
              << fmt::format("\"{}\":{{\"seconds\":{},\"cpu\":{},\"answer\":{}}}", question.name,
                             list(seconds), list(cpu), answer);
    first = false;
  }
  std::cout << "}\n";
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::cerr << "usage: engine_bench PROJECT RUNS THREADS\n";
    return 2;
  }
  const auto done = run(argv[1], std::atoi(argv[2]), std::atoi(argv[3]));
  if (!done) std::cerr << to_text(done.error());
  return done ? 0 : exit_code(done.error().code);
}
