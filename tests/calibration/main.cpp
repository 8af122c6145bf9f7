#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>

#include "assay/numerics/parallel.hpp"
#include "calibration.hpp"

// calibration ROOM [RUNS]       runs the cases of a room, exit 1 when a count contradicts a promise
// calibration --write FILE RUNS runs all of them and writes the page
namespace {

using assay::calibration::Case;
using assay::calibration::Count;

constexpr double kBudget = 1e-4;
constexpr std::uint64_t kSeed = 20'260'101;

std::vector<Count> run(const std::vector<Case>& cases, std::int64_t runs) {
  std::vector<Count> counts(cases.size());
  assay::numerics::for_each_chunk(
      cases.size(), assay::numerics::default_threads(), [&](std::size_t i) {
        const auto share = static_cast<std::int64_t>(static_cast<double>(runs) / cases[i].cost);
        counts[i] = cases[i].count(std::max<std::int64_t>(share, 50), kSeed + i);
      });
  return counts;
}

int report(const std::vector<Case>& cases, const std::vector<Count>& counts) {
  int bad = 0;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const bool wrong = contradicts(cases[i], counts[i], kBudget);
    bad += wrong ? 1 : 0;
    fmt::print("{} {} | {} | {}: {} of {}, promised {} to {}\n", wrong ? "WRONG" : "ok   ",
               cases[i].method, cases[i].world, cases[i].counted, counts[i].events, counts[i].runs,
               cases[i].low, cases[i].high);
  }
  return bad == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  auto cases = assay::calibration::all_cases();
  if (words.size() == 3 && words[0] == "--write") {
    const auto counts = run(cases, std::atoll(words[2].c_str()));
    std::ofstream(words[1]) << assay::calibration::page(cases, counts);
    return report(cases, counts);
  }
  if (words.empty()) {
    fmt::print(stderr, "calibration ROOM [RUNS] | calibration --write FILE RUNS\n");
    return 2;
  }
  std::erase_if(cases, [&](const Case& one) { return one.room != words[0]; });
  const std::int64_t runs = words.size() > 1 ? std::atoll(words[1].c_str()) : 400;
  return report(cases, run(cases, runs));
}
