// Times group sequential bounds: median of 21 runs in milliseconds, one thread.
// Usage: sequential_bench [looks, default 10]
#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <string_view>
#include <vector>

#include "assay/sequential/group_sequential.hpp"
#include "assay/sequential/monitoring.hpp"

namespace {

using namespace assay::sequential;

double median_ms(const std::function<double()>& work) {
  std::vector<double> times;
  double sum = 0.0;  // Used, so that nothing is optimised away.
  for (int run = 0; run < 21; ++run) {
    const auto start = std::chrono::steady_clock::now();
    sum += work();
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
    times.push_back(took.count());
  }
  std::nth_element(times.begin(), times.begin() + 10, times.end());
  return sum == 0.125 ? -1.0 : times[10];
}

void line(std::string_view what, double ms) { fmt::print("{:<58} {:8.3f} ms\n", what, ms); }

}  // namespace

int main(int argc, char** argv) {
  const int looks = argc > 1 ? std::atoi(argv[1]) : 10;
  GroupSequentialSpec spec;
  spec.information = equal_information(looks);
  const auto bounds = [&] { return design_group_sequential(spec)->critical_values.back(); };
  fmt::print("{} looks, median of 21 runs\n", looks);
  line("bounds, Lan-DeMets O'Brien-Fleming spending, two-sided", median_ms(bounds));
  spec.boundary = Boundary::obrien_fleming;
  line("bounds, O'Brien-Fleming, two-sided", median_ms(bounds));
  spec.boundary = Boundary::pocock;
  line("bounds, Pocock, two-sided", median_ms(bounds));
  spec.sides = Sides::one;
  spec.alpha = 0.025;
  line("bounds, Pocock, one-sided", median_ms(bounds));
  spec.boundary = Boundary::spending;
  line("bounds, Lan-DeMets O'Brien-Fleming spending, one-sided", median_ms(bounds));
  spec.futility = Futility{Spending{}, {}, 0.2, false};
  line("the same with futility by beta spending, not binding", median_ms(bounds));
  spec.futility->binding = true;
  line("the same with futility by beta spending, binding", median_ms(bounds));
  const auto design = *design_group_sequential(spec);
  line("inflation factor and expected sizes for power 0.9",
       median_ms([&] { return characteristics(design, 0.9)->inflation_factor; }));
  return 0;
}
