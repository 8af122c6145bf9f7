#include "assay/ingest/detail/volume.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>

namespace assay::ingest::detail {
namespace {

constexpr int kNeighbours = 4;         // Same weekdays on either side.
constexpr int kShiftDays = 14;         // Either side of a change of level.
constexpr double kLeastChange = 0.20;  // Smaller ones are no news, however certain.
constexpr double kMadToSd = 1.4826;
constexpr double kMadEfficiency = 0.37;

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return (*middle + *std::max_element(values.begin(), middle)) / 2.0;
}

double mad(const std::vector<double>& values) {
  const double centre = median(values);
  std::vector<double> distances;
  for (const double value : values) distances.push_back(std::abs(value - centre));
  return median(distances);
}

double to_root(double count) { return 2.0 * std::sqrt(count + 0.375); }
double from_root(double root) { return std::max(0.0, root * root / 4.0 - 0.375); }

// What a day should be, on the root scale, and the variance of that in units of one day's.
struct Expectation {
  double root = 0.0;
  double variance = 0.0;
};

Expectation of_medians(const std::vector<double>& values) {
  return {median(values), 1.57 / static_cast<double>(values.size())};
}

// Repeated-median line through (distance in weeks, value), read at distance 0: one lost day among
// the neighbours does not bend it.
Expectation of_line(const std::vector<double>& at, const std::vector<double>& values) {
  std::vector<double> slopes;
  for (std::size_t i = 0; i < at.size(); ++i) {
    std::vector<double> from_here;
    for (std::size_t j = 0; j < at.size(); ++j) {
      if (j != i) from_here.push_back((values[j] - values[i]) / (at[j] - at[i]));
    }
    slopes.push_back(median(from_here));
  }
  const double slope = median(slopes);
  std::vector<double> levels;
  double mean = 0.0;
  for (std::size_t i = 0; i < at.size(); ++i) {
    levels.push_back(values[i] - slope * at[i]);
    mean += at[i] / static_cast<double>(at.size());
  }
  double spread = 0.0;
  for (const double x : at) spread += (x - mean) * (x - mean);
  const double leverage = 1.0 / static_cast<double>(at.size()) + mean * mean / spread;
  return {median(levels), 1.3 * leverage};
}

// Days 1 ... n - 2 are whole; only they serve as neighbours.
// Days that are out of line themselves say nothing about others, while three are left.
Expectation expected_from_weekdays(const std::vector<double>& roots, const std::vector<bool>& odd,
                                   int day) {
  const int last = static_cast<int>(roots.size()) - 2;
  std::vector<int> before;  // Distances in weeks, nearest first.
  std::vector<int> after;
  for (const bool all : {false, true}) {
    before.clear();
    after.clear();
    for (int k = 1; k <= kNeighbours; ++k) {
      const int early = day - 7 * k;
      const int late = day + 7 * k;
      if (early >= 1 && (all || !odd[static_cast<std::size_t>(early)])) before.push_back(-k);
      if (late <= last && (all || !odd[static_cast<std::size_t>(late)])) after.push_back(k);
    }
    if (before.size() + after.size() >= 3) break;
  }
  const auto root_at = [&](int weeks) { return roots[static_cast<std::size_t>(day + 7 * weeks)]; };
  std::vector<double> values;
  const std::size_t both = std::min(before.size(), after.size());
  if (both >= 2) {
    for (std::size_t k = 0; k < both; ++k) {
      values.push_back(root_at(before[k]));
      values.push_back(root_at(after[k]));
    }
    return of_medians(values);
  }
  std::vector<double> at;
  for (const std::vector<int>& side : {before, after}) {
    for (const int weeks : side) {
      at.push_back(weeks);
      values.push_back(root_at(weeks));
    }
  }
  return of_line(at, values);
}

Expectation expected_from_others(const std::vector<double>& roots, const std::vector<bool>& odd,
                                 int day) {
  std::vector<double> others;
  for (int other = 1; other + 1 < static_cast<int>(roots.size()); ++other) {
    const auto at = static_cast<std::size_t>(other);
    if (other != day && !odd[at]) others.push_back(roots[at]);
  }
  if (others.empty()) others.push_back(median(roots));
  return of_medians(others);
}

// A change of level before position `at`, on the root scale.
struct Shift {
  int at = 0;
  double size = 0.0;
  double score = 0.0;
};

std::vector<double> without_weekdays(const std::vector<double>& roots, Day first_day) {
  std::vector<double> levels = roots;
  const int n = static_cast<int>(roots.size());
  for (int day = 0; day < n; ++day) {
    const int from = std::clamp(day - 3, 0, n - 7);
    levels[static_cast<std::size_t>(day)] =
        median({roots.begin() + from, roots.begin() + from + 7});
  }
  std::vector<double> plain = roots;
  for (int weekday_ = 0; weekday_ < 7; ++weekday_) {
    std::vector<double> offsets;
    for (int day = 0; day < n; ++day) {
      if (weekday(first_day + day) == weekday_) {
        offsets.push_back(roots[static_cast<std::size_t>(day)] -
                          levels[static_cast<std::size_t>(day)]);
      }
    }
    const double offset = median(offsets);
    for (int day = 0; day < n; ++day) {
      if (weekday(first_day + day) == weekday_) plain[static_cast<std::size_t>(day)] -= offset;
    }
  }
  return plain;
}

double level_between(const std::vector<double>& values, int first, int last) {
  return median({values.begin() + first, values.begin() + last});
}

// The day that parts the two levels best: the medians about it do not tell it to the day.
int first_day_of(const std::vector<double>& plain, int about) {
  const double before = level_between(plain, about - kShiftDays, about - 3);
  const double after = level_between(plain, about + 3, about + kShiftDays);
  int best = about;
  double least = -1.0;
  for (int at = about - 3; at <= about + 3; ++at) {
    double distance = 0.0;
    for (int day = about - kShiftDays; day < about + kShiftDays; ++day) {
      distance += std::abs(plain[static_cast<std::size_t>(day)] - (day < at ? before : after));
    }
    if (least < 0.0 || distance < least) {
      least = distance;
      best = at;
    }
  }
  return best;
}

std::optional<Shift> strongest_shift(const std::vector<double>& plain, double alpha) {
  const int n = static_cast<int>(plain.size());
  std::vector<double> steps;
  for (int at = 1 + kShiftDays; at + kShiftDays <= n - 1; ++at) {
    steps.push_back(level_between(plain, at, at + kShiftDays) -
                    level_between(plain, at - kShiftDays, at));
  }
  if (steps.size() < 7) return std::nullopt;
  const double usual = median(steps);  // Growth that goes on all the time.
  std::size_t best = 0;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (std::abs(steps[i] - usual) > std::abs(steps[best] - usual)) best = i;
  }
  Shift shift{static_cast<int>(best) + 1 + kShiftDays, steps[best] - usual, 0.0};
  std::vector<double> residuals;
  std::vector<double> elsewhere;
  for (int day = 1; day < n - 1; ++day) {
    const int from = std::clamp(day - 3, 0, n - 7);
    residuals.push_back(plain[static_cast<std::size_t>(day)] -
                        level_between(plain, from, from + 7));
  }
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const bool near = std::abs(static_cast<int>(i) - static_cast<int>(best)) < kShiftDays;
    if (!near) elsewhere.push_back(steps[i]);
  }
  // The spread of such steps: from single days if they were independent, and as seen elsewhere.
  double scale = std::max(1.0, kMadToSd * mad(residuals)) * std::sqrt(2.0 * 1.57 / kShiftDays);
  if (elsewhere.size() >= 7) scale = std::max(scale, kMadToSd * mad(elsewhere));
  shift.score = std::abs(shift.size) / scale;
  const double dof = kMadEfficiency * static_cast<double>(n - 1) / 2.0;
  shift.at = std::clamp(first_day_of(plain, shift.at), 1 + kShiftDays, n - 1 - kShiftDays);
  // A ramp is no break: three days on either side must show most of it already.
  const double abrupt =
      level_between(plain, shift.at, shift.at + 3) - level_between(plain, shift.at - 3, shift.at);
  const double before = from_root(level_between(plain, shift.at - kShiftDays, shift.at));
  const double after = from_root(level_between(plain, shift.at, shift.at + kShiftDays));
  const bool large = std::abs(after - before) >= kLeastChange * before;
  if (shift.score < student_critical(alpha / static_cast<double>(n), dof) || !large ||
      abrupt / shift.size < 0.6) {
    return std::nullopt;
  }
  return shift;
}

struct Deviation {
  double expected = 0.0;  // A count.
  double score = 0.0;     // Signed.
};

std::vector<Deviation> deviations_without(const std::vector<double>& roots,
                                          const std::vector<bool>& odd) {
  const int n = static_cast<int>(roots.size());
  std::vector<Deviation> days(roots.size());
  std::vector<double> residuals;
  for (int day = 1; day < n - 1; ++day) {
    const Expectation expected =
        n >= 28 ? expected_from_weekdays(roots, odd, day) : expected_from_others(roots, odd, day);
    Deviation& deviation = days[static_cast<std::size_t>(day)];
    deviation.expected = from_root(expected.root);
    deviation.score =
        (roots[static_cast<std::size_t>(day)] - expected.root) / std::sqrt(1.0 + expected.variance);
    residuals.push_back(deviation.score);
  }
  const double scale = std::max(1.0, kMadToSd * mad(residuals));
  for (Deviation& day : days) day.score /= scale;
  return days;
}

// Twice: the days that stand out the first time are left out of what the others are held against.
std::vector<Deviation> deviations(const std::vector<double>& roots) {
  std::vector<bool> odd(roots.size());
  const std::vector<Deviation> first = deviations_without(roots, odd);
  for (std::size_t day = 0; day < odd.size(); ++day) odd[day] = std::abs(first[day].score) > 4.0;
  return deviations_without(roots, odd);
}

// Chance of a Poisson count at or below (at or above) `count` when `mean` is expected.
double poisson_tail(double count, double mean, bool low) {
  double term = std::exp(-mean);
  double below = 0.0;  // P(N < count)
  for (double k = 0.0; k < count; k += 1.0) {
    below += term;
    term *= mean / (k + 1.0);
  }
  return low ? below + term : std::max(0.0, 1.0 - below);
}

bool out_of_line(double observed, const Deviation& day, double critical, double alpha) {
  if (std::abs(day.score) < critical) return false;
  if (std::abs(observed - day.expected) < kLeastChange * day.expected) return false;
  if (day.expected > 100.0) return true;
  // Where counts are small the root scale is too kind to zeros.
  const bool low = observed < day.expected;
  const double slack = std::sqrt(day.expected * 1.57 / 4.0);
  const double mean = std::max(0.1, low ? day.expected - slack : day.expected + slack);
  return poisson_tail(observed, mean, low) < alpha;
}

void add_days(std::vector<VolumeBreak>& breaks, std::span<const std::int64_t> counts,
              const std::vector<Deviation>& days, double alpha) {
  const int n = static_cast<int>(counts.size());
  const double dof = std::max(3.0, kMadEfficiency * static_cast<double>(n - 3));
  const double per_day = alpha / static_cast<double>(n - 2);
  const double critical = student_critical(per_day, dof);
  for (int day = 1; day < n - 1; ++day) {
    const auto at = static_cast<std::size_t>(day);
    const auto observed = static_cast<double>(counts[at]);
    if (!out_of_line(observed, days[at], critical, per_day)) continue;
    const BreakKind kind = counts[at] == 0        ? BreakKind::gap
                           : days[at].score < 0.0 ? BreakKind::drop
                                                  : BreakKind::rise;
    if (breaks.empty() || breaks.back().last != day - 1 || breaks.back().kind != kind) {
      breaks.push_back({kind, day, day, 0.0, 0.0, 0.0});
    }
    VolumeBreak& run = breaks.back();
    run.last = day;
    run.expected += days[at].expected;
    run.observed += observed;
    run.score = std::max(run.score, std::abs(days[at].score));
  }
}

}  // namespace

std::string_view to_text(BreakKind kind) {
  switch (kind) {
    case BreakKind::gap:
      return "gap";
    case BreakKind::drop:
      return "drop";
    case BreakKind::rise:
      return "rise";
    case BreakKind::shift_down:
      return "shift_down";
    case BreakKind::shift_up:
      return "shift_up";
  }
  return "";
}

double student_critical(double alpha, double dof) {
  // The normal point by bisection on the complement, then Wallace's transformation.
  double low = 0.0;
  double high = 40.0;
  for (int i = 0; i < 100; ++i) {
    const double middle = (low + high) / 2.0;
    (std::erfc(middle / std::sqrt(2.0)) > alpha ? low : high) = middle;
  }
  const double z = low * (8.0 * dof + 3.0) / (8.0 * dof + 1.0);
  return std::sqrt(dof * std::expm1(z * z / dof));
}

std::vector<VolumeBreak> volume_breaks(Day first_day, std::span<const std::int64_t> counts,
                                       double false_alarms) {
  if (counts.size() < 8) return {};
  std::vector<double> roots;
  for (const std::int64_t count : counts) roots.push_back(to_root(static_cast<double>(count)));
  if (from_root(median(roots)) < 5.0) return {};

  std::vector<VolumeBreak> breaks;
  const double alpha = false_alarms / 2.0;  // One half for days, one for shifts.
  const std::vector<double> plain = without_weekdays(roots, first_day);
  const std::optional<Shift> shift = strongest_shift(plain, alpha);
  if (!shift) {
    add_days(breaks, counts, deviations(roots), alpha);
    return breaks;
  }
  std::vector<double> level = roots;
  for (std::size_t day = static_cast<std::size_t>(shift->at); day < level.size(); ++day) {
    level[day] -= shift->size;
  }
  std::vector<Deviation> days = deviations(level);
  VolumeBreak change{shift->size < 0.0 ? BreakKind::shift_down : BreakKind::shift_up,
                     shift->at,
                     static_cast<int>(counts.size()) - 1,
                     0.0,
                     0.0,
                     shift->score};
  for (int day = shift->at; day < static_cast<int>(counts.size()) - 1; ++day) {
    Deviation& one = days[static_cast<std::size_t>(day)];
    one.expected = from_root(to_root(one.expected) + shift->size);
  }
  // Both sides hold every weekday twice.
  for (int k = 0; k < kShiftDays; ++k) {
    change.expected += static_cast<double>(counts[static_cast<std::size_t>(shift->at - 1 - k)]);
    change.observed += static_cast<double>(counts[static_cast<std::size_t>(shift->at + k)]);
  }
  breaks.push_back(change);
  add_days(breaks, counts, days, alpha);
  return breaks;
}

}  // namespace assay::ingest::detail
