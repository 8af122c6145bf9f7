#include "assay/sequential/betting.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "assay/sequential/detail/quadrature.hpp"

namespace assay::sequential {
namespace {

/// Share of the ruinous bet that is ever placed.
constexpr double kMostOfRuin = 0.5;

/// Outcomes on [0, 1] with the bet placed before each.
struct Game {
  std::vector<double> x;
  std::vector<double> bet;
};

/// Bets sqrt(2 log(2 / alpha) / (variance so far * t log(1 + t))), or over planned_n.
Game play(std::span<const double> outcomes, const BettingPlan& plan) {
  Game game;
  const double stake = 2.0 * std::log(2.0 / plan.alpha);
  double sum = 0.0;
  double squares = 0.0;
  double variance = 0.25;
  double t = 0.0;
  for (const double outcome : outcomes) {
    t += 1.0;
    const double x = (outcome - plan.low) / (plan.high - plan.low);
    const double pace = plan.planned_n ? *plan.planned_n : t * std::log1p(t);
    game.x.push_back(x);
    game.bet.push_back(std::sqrt(stake / (variance * pace)));
    sum += x;
    const double mean = std::min((0.5 + sum) / (t + 1.0), 1.0);
    squares += (x - mean) * (x - mean);
    variance = (0.25 + squares) / (t + 1.0);
  }
  return game;
}

/// log capital of betting that the mean is above m, after n rounds.
double log_above(const Game& game, std::size_t n, double m) {
  double sum = 0.0;
  double product = 1.0;
  for (std::size_t i = 0; i < n; ++i) {
    const double bet = m > 0.0 ? std::min(game.bet[i], kMostOfRuin / m) : game.bet[i];
    product *= 1.0 + bet * (game.x[i] - m);
    if (product > 1e200 || product < 1e-200) {
      sum += std::log(product);
      product = 1.0;
    }
  }
  return sum + std::log(product);
}

double log_below(const Game& game, std::size_t n, double m) {
  double sum = 0.0;
  double product = 1.0;
  for (std::size_t i = 0; i < n; ++i) {
    const double bet = m < 1.0 ? std::min(game.bet[i], kMostOfRuin / (1.0 - m)) : game.bet[i];
    product *= 1.0 - bet * (game.x[i] - m);
    if (product > 1e200 || product < 1e-200) {
      sum += std::log(product);
      product = 1.0;
    }
  }
  return sum + std::log(product);
}

Result<void> check(std::span<const double> outcomes, const BettingPlan& plan) {
  if (!(plan.high > plan.low) || !std::isfinite(plan.high - plan.low)) {
    return fail(ErrorCode::invalid_spec, fmt::format("the limits of an outcome must ascend; got {} "
                                                     "and {}",
                                                     plan.low, plan.high));
  }
  if (!(plan.alpha > 0.0 && plan.alpha < 1.0)) {
    return fail(ErrorCode::invalid_spec,
                fmt::format("alpha lies between 0 and 1; got {}", plan.alpha));
  }
  if (plan.planned_n && !(*plan.planned_n > 0.0 && std::isfinite(*plan.planned_n))) {
    return fail(ErrorCode::invalid_spec,
                fmt::format("the planned n must be above 0; got {}", *plan.planned_n));
  }
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    if (outcomes[i] >= plan.low && outcomes[i] <= plan.high) continue;
    return fail(ErrorCode::invalid_data,
                fmt::format("outcome {} is outside [{}, {}]", outcomes[i], plan.low, plan.high),
                fmt::format("outcome {}", i + 1),
                "state limits that the metric cannot pass, or cap it");
  }
  return {};
}

Result<void> check_looks(std::span<const std::int64_t> looks, std::size_t outcomes) {
  std::int64_t before = 0;
  for (const std::int64_t n : looks) {
    if (n <= before || n > static_cast<std::int64_t>(outcomes)) {
      return fail(
          ErrorCode::invalid_spec,
          fmt::format("looks are numbers of outcomes in ascending order, at most {}; got {} "
                      "after {}",
                      outcomes, n, before));
    }
    before = n;
  }
  if (!looks.empty()) return {};
  return fail(ErrorCode::invalid_spec, "there is no look to read");
}

/// Capital falls in m on "above" and rises on "below", so each end is one root.
BettingReading read(const Game& game, std::size_t n, const BettingPlan& plan) {
  const double goal = std::log(2.0 / plan.alpha);
  double sum = 0.0;
  for (std::size_t i = 0; i < n; ++i) sum += game.x[i];
  const double mean = sum / static_cast<double>(n);
  const auto above = [&](double m) { return log_above(game, n, m) - goal; };
  const auto below = [&](double m) { return log_below(game, n, m) - goal; };
  double low = 0.0;
  double high = 1.0;
  if (above(0.0) >= 0.0) low = detail::find_root(above, 0.0, 1.0, 1e-13);
  if (below(1.0) >= 0.0) high = detail::find_root(below, 0.0, 1.0, 1e-13);
  const double width = plan.high - plan.low;
  BettingReading out;
  out.n = static_cast<std::int64_t>(n);
  out.mean = plan.low + width * mean;
  out.ci_low = plan.low + width * low;
  out.ci_high = plan.low + width * high;
  return out;
}

}  // namespace

Result<std::vector<BettingReading>> betting_sequence(std::span<const double> outcomes,
                                                     std::span<const std::int64_t> looks,
                                                     const BettingPlan& plan) {
  ASSAY_CHECK(check(outcomes, plan));
  ASSAY_CHECK(check_looks(looks, outcomes.size()));
  const Game game = play(outcomes, plan);
  std::vector<BettingReading> out;
  double low = plan.low;
  double high = plan.high;
  for (const std::int64_t n : looks) {
    BettingReading reading = read(game, static_cast<std::size_t>(n), plan);
    reading.running_ci_low = low = std::max(low, reading.ci_low);
    reading.running_ci_high = high = std::min(high, reading.ci_high);
    out.push_back(reading);
  }
  return out;
}

Result<BettingDifference> betting_difference(std::span<const double> control,
                                             std::span<const double> treatment,
                                             const BettingPlan& plan) {
  BettingPlan half = plan;
  half.alpha = plan.alpha / 2.0;
  const auto at_end = [&](std::span<const double> arm) -> Result<BettingReading> {
    const std::vector<std::int64_t> last{static_cast<std::int64_t>(arm.size())};
    ASSAY_TRY(const auto readings, betting_sequence(arm, last, half));
    return readings.front();
  };
  BettingDifference out;
  ASSAY_TRY(out.control, at_end(control));
  ASSAY_TRY(out.treatment, at_end(treatment));
  out.difference = out.treatment.mean - out.control.mean;
  out.ci_low = out.treatment.ci_low - out.control.ci_high;
  out.ci_high = out.treatment.ci_high - out.control.ci_low;
  return out;
}

Result<double> betting_log_e_value(std::span<const double> outcomes, double mean,
                                   const BettingPlan& plan) {
  ASSAY_CHECK(check(outcomes, plan));
  if (!(mean >= plan.low && mean <= plan.high)) {
    return fail(
        ErrorCode::invalid_spec,
        fmt::format("the mean to test lies within [{}, {}]; got {}", plan.low, plan.high, mean));
  }
  const Game game = play(outcomes, plan);
  const double m = (mean - plan.low) / (plan.high - plan.low);
  const double larger =
      std::max(log_above(game, game.x.size(), m), log_below(game, game.x.size(), m));
  return larger - std::numbers::ln2;
}

}  // namespace assay::sequential
