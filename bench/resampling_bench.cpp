// Our side of bench/resampling.py: reads columns of doubles from a folder, times one task and
// prints its answer as JSON. CPU seconds are of the whole process, all threads.
// Usage: resampling_bench TASK FOLDER REPLICATES THREADS RUNS, TASK one of mean, ratio, quantile,
// aa
#include <fmt/core.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "assay/resampling/bootstrap.hpp"
#include "assay/resampling/quantile_bootstrap.hpp"
#include "assay/resampling/rerandomize.hpp"

namespace {

using namespace assay;
using namespace assay::resampling;

constexpr int kMeans = 8;
constexpr int kRatios = 2;

struct Task {
  std::string folder;
  std::int64_t replicates = 1000;
  int threads = 1;
  int runs = 3;
};

std::vector<double> column(const Task& task, const std::string& name) {
  std::ifstream in(task.folder + "/" + name + ".f64", std::ios::binary | std::ios::ate);
  std::vector<double> out(static_cast<std::size_t>(in.tellg()) / sizeof(double));
  in.seekg(0);
  in.read(reinterpret_cast<char*>(out.data()),
          static_cast<std::streamsize>(out.size() * sizeof(double)));
  return out;
}

double cpu_seconds() {
  rusage use{};
  getrusage(RUSAGE_SELF, &use);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(use.ru_utime) + seconds(use.ru_stime);
}

/// Peak memory of this program (ru_maxrss would count the parent before exec).
long peak_mb() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmHWM:")) return std::atol(line.c_str() + 6) / 1024;
  return 0;
}

/// Median CPU and wall seconds of the runs, as the start of the JSON answer.
void time_runs(const Task& task, const std::function<void()>& work) {
  std::vector<double> cpu;
  std::vector<double> wall;
  for (int run = 0; run < task.runs; ++run) {
    const double before = cpu_seconds();
    const auto start = std::chrono::steady_clock::now();
    work();
    cpu.push_back(cpu_seconds() - before);
    wall.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  std::sort(cpu.begin(), cpu.end());
  std::sort(wall.begin(), wall.end());
  fmt::print("{{\"cpu\": {}, \"wall\": {}, \"rss_mb\": {}", cpu[cpu.size() / 2],
             wall[wall.size() / 2], peak_mb());
}

void print_contrast(const stats::Contrast& c) {
  fmt::print(", \"difference\": {}, \"std_error\": {}, \"ci\": [{}, {}], \"p_value\": {}}}\n",
             c.difference, c.std_error, c.ci_low, c.ci_high, c.p_value);
}

int bootstrap_task(const std::string& name, const Task& task) {
  const auto c = column(task, "control_y");
  const auto t = column(task, "treatment_y");
  const auto dc = column(task, "control_d");
  const auto dt = column(task, "treatment_d");
  BootstrapOptions options;
  options.replicates = task.replicates;
  options.threads = task.threads;
  stats::Contrast contrast;
  const auto keep = [&](const Result<Bootstrap>& b) {
    if (!b) fmt::print(stderr, "{}\n", to_text(b.error()));
    if (b) contrast = b->contrast;
  };
  time_runs(task, [&] {
    if (name == "mean") keep(bootstrap_mean(c, t, options));
    if (name == "ratio") keep(bootstrap_ratio({c, dc}, {t, dt}, options));
    if (name == "quantile") contrast = *quantile_bootstrap(c, t, {.quantile = 0.9});
  });
  print_contrast(contrast);
  return 0;
}

int aa_task(const Task& task) {
  std::vector<std::vector<double>> data;
  data.reserve(64);
  std::vector<AaMetric> metrics;
  const auto load = [&](const std::string& name) {
    data.push_back(column(task, name));
    return std::span<const double>(data.back());
  };
  for (int m = 0; m < kMeans + kRatios; ++m) {
    AaMetric metric;
    metric.name = fmt::format("m{}", m);
    metric.adjustment = stats::Adjustment::lin;
    metric.y = load(fmt::format("y{}", m));
    metric.covariates = {load(fmt::format("x{}", m))};
    metric.family = "goals";
    if (m >= kMeans) {
      metric.kind = stats::MetricKind::ratio;
      metric.d = load(fmt::format("d{}", m));
    }
    metrics.push_back(metric);
  }
  AaOptions options;
  options.draws = task.replicates;
  options.threads = task.threads;
  AaCertificate certificate;
  time_runs(task, [&] { certificate = *rerandomize(metrics, options); });
  fmt::print(", \"rejected\": [");
  for (std::size_t m = 0; m < metrics.size(); ++m)
    fmt::print("{}{}", m == 0 ? "" : ", ", certificate.metrics[m].rejected.rate);
  fmt::print("], \"sd\": [");
  for (std::size_t m = 0; m < metrics.size(); ++m)
    fmt::print("{}{}", m == 0 ? "" : ", ", certificate.metrics[m].sd_of_differences);
  const auto draw = *replay_draw(metrics, options, 0);
  fmt::print("], \"draw\": [");
  for (std::size_t m = 0; m < metrics.size(); ++m) {
    const auto& c = *draw.contrasts[m];
    fmt::print("{}[{}, {}]", m == 0 ? "" : ", ", c.difference, c.std_error);
  }
  fmt::print("]}}\n");
  std::ofstream arms(task.folder + "/arms.u8", std::ios::binary);
  arms.write(reinterpret_cast<const char*>(draw.arms.data()),
             static_cast<std::streamsize>(draw.arms.size()));
  return arms.good() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 6) {
    fmt::print(stderr, "usage: resampling_bench TASK FOLDER REPLICATES THREADS RUNS\n");
    return 2;
  }
  const Task task{argv[2], std::atoll(argv[3]), std::atoi(argv[4]), std::atoi(argv[5])};
  const std::string name = argv[1];
  return name == "aa" ? aa_task(task) : bootstrap_task(name, task);
}
