#include "assay/decision/flips.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>

namespace assay::decision {
namespace {

constexpr double kLeastAlpha = 0.001;
constexpr double kMostAlpha = 0.2;
constexpr double kMarginFactor = 10.0;
constexpr std::size_t kMostValues = 50;
constexpr int kGrid = 24;  ///< Steps between one end and the other, evenly in the logarithm.

/// The verdict under other choices; what cannot be analysed so is no verdict.
using Verdict = std::function<std::optional<spec::Verdict>(double)>;

/// Walks from `from` towards `to` in steps of equal ratio and halves the step in which the verdict
/// first turns.
std::optional<std::pair<double, spec::Verdict>> first_turn(const Verdict& verdict, double from,
                                                           double to) {
  const std::optional<spec::Verdict> now = verdict(from);
  double last = from;
  for (int step = 1; step <= kGrid; ++step) {
    const double at = from * std::pow(to / from, static_cast<double>(step) / kGrid);
    auto turned = verdict(at);
    if (turned == now || !turned) {
      last = at;
      continue;
    }
    double inside = last;
    double outside = at;
    while (std::abs(std::log(outside / inside)) > 5e-4) {
      const double middle = std::sqrt(inside * outside);
      const auto there = verdict(middle);
      if (there == now) {
        inside = middle;
      } else {
        outside = middle;
        turned = there;
      }
    }
    if (turned) return std::pair{outside, *turned};
    return std::nullopt;
  }
  return std::nullopt;
}

/// What all searches share.
struct Search {
  const spec::Experiment& experiment;
  const experiment::Plan& plan;
  const engine::ExperimentMoments& moments;
  const experiment::Integrity& integrity;
  const experiment::LookProgress& progress;
  std::size_t arm;  ///< In Decision::arms.
  spec::Verdict now;
  FlipSearch out;

  [[nodiscard]] std::optional<spec::Verdict> read(const spec::Experiment& other,
                                                  const experiment::Plan& other_plan,
                                                  const engine::ExperimentMoments& cells) const {
    const auto analysis = experiment::analyze(other, other_plan, cells, progress);
    if (!analysis) return std::nullopt;
    const auto decided = decide(other, other_plan, integrity, *analysis);
    if (!decided) return std::nullopt;
    return decided->arms[arm].verdict;
  }

  /// Both ways from a choice; remembers the nearer turn each way.
  bool both_ways(Flip flip, const Verdict& verdict, double low, double high) {
    bool any = false;
    for (const double end : {low, high}) {
      const auto turn = first_turn(verdict, flip.from, end);
      if (!turn) continue;
      flip.to = turn->first;
      flip.verdict = turn->second;
      out.flips.push_back(flip);
      any = true;
    }
    return any;
  }
};

void search_alpha(Search& search) {
  const double alpha = search.experiment.analysis.alpha;
  spec::Experiment other = search.experiment;
  const auto verdict = [&](double value) {
    other.analysis.alpha = value;
    return search.read(other, search.plan, search.moments);
  };
  if (!search.both_ways({Flip::Choice::alpha, "alpha", alpha}, verdict,
                        std::min(kLeastAlpha, alpha), std::max(kMostAlpha, alpha)))
    search.out.steadfast.push_back(
        fmt::format("alpha from {:.3g} to {:.3g}", kLeastAlpha, kMostAlpha));
}

void search_margins(Search& search) {
  std::string steady;
  for (std::size_t m = 0; m < search.plan.metrics.size(); ++m) {
    if (!search.plan.metrics[m].margin) continue;
    experiment::Plan other = search.plan;
    const double margin = search.plan.metrics[m].margin->size;
    const auto verdict = [&](double value) {
      other.metrics[m].margin->size = value;
      return search.read(search.experiment, other, search.moments);
    };
    const std::string& name = search.plan.metrics[m].name;
    if (!search.both_ways({Flip::Choice::margin, name, margin}, verdict, margin / kMarginFactor,
                          margin * kMarginFactor))
      steady += (steady.empty() ? "" : ", ") + name;
  }
  if (!steady.empty())
    search.out.steadfast.push_back("margins from a tenth to ten times: " + steady);
}

/// The moments of all units but those of one value of one segment.
engine::ExperimentMoments without(const engine::ExperimentMoments& moments, std::size_t segment,
                                  std::size_t value) {
  engine::ExperimentMoments out = moments;
  const engine::SegmentMoments& cells = moments.segments[segment];
  for (auto& arm : out.overall)
    for (auto& cell : arm) cell = numerics::CoMoments(cell.size());
  for (std::size_t v = 0; v < cells.values.size(); ++v) {
    if (v == value) continue;
    for (std::size_t a = 0; a < out.overall.size(); ++a)
      for (std::size_t m = 0; m < out.overall[a].size(); ++m)
        out.overall[a][m].merge(cells.moments[v][a][m]);
  }
  const auto at = static_cast<std::ptrdiff_t>(value);
  engine::SegmentMoments& left = out.segments[segment];
  left.values.erase(left.values.begin() + at);
  left.assigned.erase(left.assigned.begin() + at);
  left.moments.erase(left.moments.begin() + at);
  return out;
}

std::int64_t units_of(const engine::SegmentMoments& segment, std::size_t value) {
  std::int64_t n = 0;
  for (const std::int64_t count : segment.assigned[value]) n += count;
  return n;
}

void search_segments(Search& search) {
  std::string steady;
  for (std::size_t s = 0; s < search.plan.segments.size(); ++s) {
    const engine::SegmentMoments& segment = search.moments.segments[s];
    if (segment.values.size() < 2 || segment.moments.empty()) continue;
    if (segment.values.size() > kMostValues) continue;
    std::int64_t all = 0;
    for (std::size_t v = 0; v < segment.values.size(); ++v) all += units_of(segment, v);
    bool any = false;
    for (std::size_t v = 0; v < segment.values.size(); ++v) {
      const auto verdict =
          search.read(search.experiment, search.plan, without(search.moments, s, v));
      if (!verdict || *verdict == search.now) continue;
      any = true;
      const std::string& value = segment.values[v];
      Flip flip{Flip::Choice::excluded_segment,
                segment.name + " = " + (value.empty() ? "(missing)" : value)};
      flip.share =
          all > 0 ? static_cast<double>(units_of(segment, v)) / static_cast<double>(all) : 0.0;
      flip.verdict = *verdict;
      search.out.flips.push_back(std::move(flip));
    }
    if (!any) steady += (steady.empty() ? "" : ", ") + segment.name;
  }
  if (!steady.empty()) search.out.steadfast.push_back("any one value left out of " + steady);
}

}  // namespace

Result<FlipSearch> search_flips(const spec::Experiment& experiment, const experiment::Plan& plan,
                                const engine::ExperimentMoments& moments,
                                const experiment::Integrity& integrity, const Decision& decision,
                                const experiment::LookProgress& progress) {
  if (decision.arms.empty() || decision.verdict == spec::Verdict::invalid) return FlipSearch{};
  engine::ExperimentMoments whole = moments;
  whole.days.clear();  // No rule looks at them.
  Search search{experiment, plan, whole, integrity, progress, decision.arm, decision.verdict, {}};
  search_alpha(search);
  search_margins(search);
  search_segments(search);
  return std::move(search.out);
}

}  // namespace assay::decision
