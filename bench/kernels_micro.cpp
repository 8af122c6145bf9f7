// Times every kernel on synthetic events in memory: CPU seconds of one thread, scaled to 20 million
// events. Usage: kernels_micro [units, default 250000] [threads, default 1] [repeats, default 3]
#include <sys/resource.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "assay/events/active_users.hpp"
#include "assay/events/experiment.hpp"
#include "assay/events/funnel.hpp"
#include "assay/events/memory_log.hpp"
#include "assay/events/retention.hpp"
#include "assay/events/sessions.hpp"
#include "assay/numerics/philox.hpp"

namespace {

using namespace assay;
using namespace assay::events;

constexpr TimeUs kStart = 1'778'000'000 * kSecondUs;
constexpr int kDays = 56;
constexpr std::uint16_t kNames = 12;
enum Slot : std::size_t { watch_ms, revenue, country, device, version, variant };

/// Units of 20 events on average in 56 days; event 12 is the assignment, half way, 11 the exposure.
MemoryLog make_log(std::size_t units) {
  using frame::Type;
  MemoryLog log({Type::int64, Type::float64, Type::text, Type::text, Type::text, Type::text}, 64);
  for (std::size_t u = 0; u < units; ++u) {
    const numerics::Philox draws(7, u);
    std::uint64_t next = 0;
    const auto below = [&](double n) {
      return static_cast<std::int64_t>(draws.uniform(next++) * n);
    };
    const auto code = [&](double n) { return static_cast<std::uint32_t>(1 + below(n)); };
    const std::vector<std::uint32_t> codes = {code(10), code(4), code(8), code(2)};
    std::vector<LoggedEvent> events;
    const TimeUs assigned = kStart + (28 * kDayUs) + below(10.0 * kDayUs);
    events.push_back({assigned, 12, {kNullInt}, {NAN}, codes});
    events.push_back({assigned + below(1e9), 11, {kNullInt}, {NAN}, codes});
    const std::int64_t visits = 1 + below(7);
    for (std::int64_t v = 0; v < visits; ++v) {
      TimeUs t = kStart + below(static_cast<double>(kDays * kDayUs));
      for (std::int64_t e = 1 + below(8); e > 0; --e) {
        const double pick = draws.uniform(next++);
        const auto event = static_cast<std::uint16_t>(1 + 10 * pick * pick);
        events.push_back({t,
                          event,
                          {event <= 3 ? below(60'000) : kNullInt},
                          {event >= 9 ? draws.uniform(next++) * 10 : NAN},
                          codes});
        t += below(300e6);
      }
    }
    log.add(std::move(events));
  }
  return log;
}

EventSet named(std::vector<std::uint16_t> codes) { return {false, std::move(codes), {}}; }

ExperimentPlan experiment_plan(bool daily) {
  ExperimentPlan plan;
  plan.inputs.properties = {watch_ms, revenue, country, device, version, variant};
  plan.slot_types = {frame::Type::int64, frame::Type::float64, frame::Type::text,
                     frame::Type::text,  frame::Type::text,    frame::Type::text};
  plan.assignment = named({12});
  plan.exposure = named({11});
  plan.anchor_at_exposure = true;
  plan.variant_slot = variant;
  plan.arm_codes = {1, 2};
  plan.period = {kStart + 28 * kDayUs, kStart + kDays * kDayUs};
  plan.complete_until = plan.period.end;
  plan.daily = daily;
  const auto add = [&](FoldTerm term) -> Outcome& {
    Outcome metric;
    metric.numerator = std::move(term);
    metric.covariate_us = 28 * kDayUs;
    plan.metrics.push_back(metric);
    return plan.metrics.back();
  };
  for (std::uint16_t e = 1; e <= 8; ++e) add({named({e}), Fold::count, 0, 1.0});
  for (std::uint16_t e = 1; e <= 3; ++e) add({named({e}), Fold::sum, watch_ms, 1.0 / 60'000});
  add({named({1, 2, 3}), Fold::distinct_days, 0, 1.0});
  add({named({9, 10}), Fold::sum, revenue, 1.0});
  add({named({9, 10}), Fold::any, 0, 1.0});
  for (std::uint16_t e = 1; e <= 3; ++e) {
    Outcome& ratio = add({named({e}), Fold::sum, watch_ms, 1.0});
    ratio.kind = OutcomeKind::ratio;
    ratio.denominator = {named({e}), Fold::count, 0, 1.0};
  }
  add({named({1}), Fold::count, 0, 1.0}).length_us = 7 * kDayUs;
  Outcome& returned = add({EventSet{}, Fold::any, 0, 1.0});
  returned.kind = OutcomeKind::retention;
  returned.retention_day = 7;
  Outcome& funnel = add({});
  funnel.kind = OutcomeKind::funnel;
  funnel.steps = {named({1}), named({3}), named({5})};
  funnel.funnel_window_us = kDayUs;
  using Kind = SegmentRule::Kind;
  plan.segments = {{Kind::at_assignment, country, 0},
                   {Kind::at_assignment, device, 0},
                   {Kind::at_assignment, version, 0},
                   {Kind::first_touch, device, 0},
                   {Kind::tenure, 0, 7 * kDayUs}};
  return plan;
}

double cpu_seconds() {
  rusage use{};
  getrusage(RUSAGE_SELF, &use);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(use.ru_utime) + seconds(use.ru_stime);
}

}  // namespace

int main(int argc, char** argv) {
  const auto argument = [&](int i, int otherwise) {
    return argc > i ? std::atoi(argv[i]) : otherwise;
  };
  const auto units = static_cast<std::size_t>(argument(1, 250'000));
  const int threads = argument(2, 1);
  const int repeats = argument(3, 3);
  const std::string only = argc > 4 ? argv[4] : "";
  const MemoryLog log = make_log(units);
  std::size_t rows = 0;
  MergeSpace space;
  for (std::size_t p = 0; p < log.count(); ++p) rows += log.view(p, {}, space).time.size();
  std::printf("%zu units, %zu events, %d threads\n", units, rows, threads);

  const Progress silent;
  const ScanContext context{log, threads, silent};
  const DayGrid days(*TimeZone::find("America/Los_Angeles"), log.time_range());
  const auto time = [&](const char* name, const std::function<double()>& run) {
    if (!only.empty() && only != name) return;
    double best = std::numeric_limits<double>::infinity();
    double answer = 0;
    for (int i = 0; i < repeats; ++i) {
      const double before = cpu_seconds();
      answer = run();
      best = std::min(best, cpu_seconds() - before);
    }
    std::printf("%-24s %7.4f s, %6.2f ns an event, %7.4f s for 20 million   answer %.9g\n", name,
                best, best * 1e9 / static_cast<double>(rows),
                best * 2e7 / static_cast<double>(rows), answer);
  };
  const FunnelPlan funnel_plan{{}, {named({1}), named({2}), named({3}), named({4})}, kDayUs, {}};
  time("funnel", [&] { return static_cast<double>(funnel(context, funnel_plan)->reached[3]); });
  for (const bool recurring : {false, true}) {
    const RetentionPlan plan{{}, named({1}), EventSet{}, recurring, 28};
    time(recurring ? "retention_recurring" : "retention_first", [&] {
      double sum = 0;
      const auto counts = retention(context, plan, days);
      for (const std::int64_t n : counts->retained) sum += static_cast<double>(n);
      return sum;
    });
  }
  time("active_users", [&] {
    return static_cast<double>((*active_users(context, {{}, EventSet{}, 7}, days))[30]);
  });
  time("sessions", [&] {
    return sessions(context, {{}, EventSet{}, 30 * kMinuteUs}, days)->length_seconds.m2;
  });
  for (const bool daily : {false, true}) {
    const ExperimentPlan plan = experiment_plan(daily);
    time(daily ? "experiment_daily" : "experiment", [&] {
      const auto totals = experiment(context, plan, 10'000);
      return totals->overall[1][10].comoment[0] + (daily ? totals->daily[9][1][9].mean[0] : 0.0);
    });
  }
  ExperimentPlan parts = experiment_plan(false);
  parts.ages = 28;
  time("experiment_ages",
       [&] { return experiment(context, parts, 10'000)->age_cumulative[9][1][9].mean[0]; });
  parts.ages = 0;
  parts.cluster = SegmentRule{SegmentRule::Kind::at_assignment, version, 0};
  parts.segment_pairs = true;
  time("experiment_clusters", [&] {
    return static_cast<double>(experiment(context, parts, 10'000)->clusters->keys.size());
  });
  return 0;
}
