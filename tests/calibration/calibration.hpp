#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

/// Simulations that count how often an interval or a test is wrong, where the truth is planted.
/// The program `calibration` runs every case: with few runs as a test, with many for the page
/// docs/calibration.md.
namespace assay::calibration {

/// How often the counted thing happened.
struct Count {
  std::int64_t events = 0;
  std::int64_t runs = 0;
};

/// One method in one world.
struct Case {
  std::string room;     ///< "stats"
  std::string method;   ///< "Welch's t": as reports call it.
  std::string world;    ///< "3 % payers, lognormal amounts, 500 units an arm, no effect"
  std::string counted;  ///< "false positives", "interval misses the truth", "false positives above"
  double nominal = 0.05;
  /// The true rate is promised to lie in [low, high]: nominal where the method is exact, wider
  /// where it is known to be conservative or liberal here.
  double low = 0.05;
  double high = 0.05;
  std::string advice;  ///< Where the method must not be used; empty: no warning.
  std::function<Count(std::int64_t runs, std::uint64_t seed)> count;
  double cost = 1.0;  ///< Runs are divided by it: 10 for a case whose run takes ten times as long.
};

std::vector<Case> stats_cases();
std::vector<Case> sequential_cases();
std::vector<Case> resampling_cases();
std::vector<Case> survival_cases();
std::vector<Case> assignment_cases();
std::vector<Case> interference_cases();
std::vector<Case> design_cases();
std::vector<Case> portfolio_cases();

/// All of them, in this order.
std::vector<Case> all_cases();

/// Whether the count contradicts the promise: the probability of a count as extreme, were the true
/// rate the nearest end of [low, high], is below `budget`.
bool contradicts(const Case& one, const Count& count, double budget);

/// The page: a table a room, nominal and achieved rates with their simulation error.
std::string page(const std::vector<Case>& cases, const std::vector<Count>& counts);

}  // namespace assay::calibration
