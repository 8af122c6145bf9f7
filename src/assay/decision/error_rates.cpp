#include "assay/decision/error_rates.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "assay/decision/decide.hpp"
#include "assay/experiment/analysis.hpp"
#include "assay/experiment/integrity.hpp"
#include "assay/numerics/parallel.hpp"
#include "assay/numerics/philox.hpp"
#include "assay/numerics/sampling.hpp"

namespace assay::decision {
namespace {

using engine::ExperimentMoments;
using experiment::Plan;
using stats::MetricKind;

constexpr std::size_t kChunk = 16;
constexpr double kMostUnits = 1e12;

tl::unexpected<Error> wrong(std::string problem, std::string fix = {}) {
  return fail(ErrorCode::invalid_spec, std::move(problem), "", std::move(fix));
}

/// Lower triangle L with L L' = correlation. Assumes nothing: a matrix that has none is refused.
Result<std::vector<std::vector<double>>> root_of(const numerics::SymmetricMatrix& correlation,
                                                 std::size_t size) {
  std::vector<std::vector<double>> root(size, std::vector<double>(size, 0.0));
  for (std::size_t i = 0; i < size; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      const double given = correlation.size == 0 ? (i == j ? 1.0 : 0.0) : correlation.at(i, j);
      if (!std::isfinite(given) || (i == j && std::abs(given - 1.0) > 1e-6))
        return wrong("a correlation matrix has ones on its diagonal and finite entries");
      double rest = i == j ? 1.0 : given;
      for (std::size_t k = 0; k < j; ++k) rest -= root[i][k] * root[j][k];
      if (i == j) {
        if (rest < -1e-6) return wrong("the correlations of the metrics contradict each other");
        root[i][i] = std::sqrt(std::max(0.0, rest));
      } else {
        root[i][j] = root[j][j] > 1e-9 ? rest / root[j][j] : 0.0;
      }
    }
  }
  return root;
}

/// The experiment as the simulation reads it: every metric a mean, no covariates, one check.
struct Simplified {
  spec::Experiment spec;
  Plan plan;
  std::vector<bool> is_share;               ///< [metric]
  std::vector<std::vector<double>> shares;  ///< [segment][value]
  std::vector<bool> is_read;                ///< [segment]: whether a rule depends on it.
  std::vector<std::vector<double>> root;    ///< Of the correlation.
  bool gate = false;
};

/// Whether a rule can depend on a segment: it is named there, or corrected together with one that
/// is.
bool is_read(const spec::Experiment& experiment, const experiment::PlannedSegment& segment) {
  bool any = false;
  bool this_one = false;
  for (const spec::Rule& rule : experiment.decision) {
    if (!rule.when) continue;
    for (const spec::Text& name : rule.when->segments_not_harmed) {
      any = true;
      this_one = this_one || name.value == segment.name;
    }
  }
  return this_one || (any && segment.pre_registered);
}

Result<Simplified> simplified(const spec::Experiment& experiment, const Plan& plan,
                              const RuleQuestion& question) {
  Simplified out{.spec = experiment, .plan = plan};
  const bool declared = experiment.checks.sample_ratio || experiment.checks.balance ||
                        experiment.checks.both_arms_max_share;
  spec::Checks checks;
  out.gate = !declared || experiment.checks.sample_ratio.has_value();
  checks.sample_ratio = experiment.checks.sample_ratio.value_or(spec::SampleRatioCheck{});
  if (!out.gate) checks.sample_ratio->alpha = 1e-300;  // A check must be declared; never fails.
  checks.sample_ratio->by.clear();
  out.spec.checks = checks;
  out.spec.exposure.reset();
  out.plan.retention_curve.clear();
  out.plan.funnel_steps.clear();
  for (std::size_t m = 0; m < out.plan.metrics.size(); ++m) {
    experiment::PlannedMetric& metric = out.plan.metrics[m];
    out.is_share.push_back(metric.kind == MetricKind::proportion);
    metric.kind = MetricKind::mean;
    metric.has_covariates = false;
    metric.index = m;
  }
  for (const experiment::PlannedSegment& segment : plan.segments) {
    out.is_read.push_back(is_read(experiment, segment));
    const auto given = std::find_if(question.segments.begin(), question.segments.end(),
                                    [&](const auto& one) { return one.segment == segment.name; });
    out.shares.push_back(given == question.segments.end() ? std::vector<double>{1.0}
                                                          : given->shares);
    const double sum = std::accumulate(out.shares.back().begin(), out.shares.back().end(), 0.0);
    const bool negative = std::any_of(out.shares.back().begin(), out.shares.back().end(),
                                      [](double share) { return !(share > 0.0); });
    if (negative || std::abs(sum - 1.0) > 1e-6) {
      return wrong(
          fmt::format("the shares of segment `{}` are positive and sum to 1; they sum to "
                      "{}",
                      segment.name, sum));
    }
  }
  ASSAY_TRY(out.root, root_of(question.correlation, plan.metrics.size()));
  return out;
}

Result<void> check(const Plan& plan, const RuleQuestion& question) {
  const std::size_t metrics = plan.metrics.size();
  if (question.metrics.size() != metrics ||
      (question.correlation.size != 0 && question.correlation.size != metrics)) {
    return wrong(fmt::format("the plan has {} metrics, the outlook {}, the correlation {}", metrics,
                             question.metrics.size(), question.correlation.size));
  }
  for (const MetricOutlook& metric : question.metrics) {
    if (metric.unit_variance > 0.0 && std::isfinite(metric.unit_variance) &&
        std::isfinite(metric.baseline))
      continue;
    return wrong(fmt::format("variances must be positive and baselines finite; got {} and {}",
                             metric.unit_variance, metric.baseline));
  }
  for (const TrueEffects& world : question.worlds) {
    if (world.effects.size() != metrics) {
      return wrong(fmt::format("world `{}` has {} effects for {} metrics", world.name,
                               world.effects.size(), metrics));
    }
  }
  const double weights = std::accumulate(plan.weights.begin(), plan.weights.end(), 0.0);
  const double smallest = *std::min_element(plan.weights.begin(), plan.weights.end()) / weights;
  const bool looks =
      !question.looks.empty() && question.looks.front() > 0.0 && question.looks.back() == 1.0 &&
      std::adjacent_find(question.looks.begin(), question.looks.end(), std::greater_equal<>()) ==
          question.looks.end();
  if (!looks) return wrong("looks are increasing fractions of the units, the last 1");
  if (!(question.n_total * smallest * question.looks.front() >= 2.0) ||
      !std::isfinite(question.n_total)) {
    return wrong(fmt::format("a rule needs two units in each arm at its first look; got {} in all",
                             question.n_total));
  }
  if (question.replications < 1 || question.replications > 10'000'000)
    return wrong(fmt::format("a simulation has 1 to 10,000,000 replications; got {}",
                             question.replications));
  return {};
}

numerics::CoMoments cell_of(std::int64_t n, double mean, double variance) {
  numerics::CoMoments out(1);
  out.n = n;
  out.mean[0] = mean;
  out.comoment[0] = variance * static_cast<double>(n - 1);
  return out;
}

/// Standard normal draws in the order they are asked.
class Draws {
 public:
  Draws(std::uint64_t seed, std::uint64_t stream) : random_(seed, stream) {}
  double next() { return numerics::normal_quantile(random_.uniform(at_++)); }

 private:
  numerics::Philox random_;
  std::uint64_t at_ = 0;
};

/// One experiment: counts, and the sums of standardised values so far, look after look.
class Trial {
 public:
  Trial(const Simplified& setup, const RuleQuestion& question, std::uint64_t replication)
      : setup_(setup), question_(question), draws_(question.seed, replication) {
    const std::size_t metrics = question.metrics.size();
    sums_.assign(setup.plan.weights.size(), std::vector<double>(metrics, 0.0));
    n_.assign(setup.plan.weights.size(), 0);
  }

  /// Everything that the analysis would be given at a look, the world's effects included.
  ExperimentMoments at_look(std::size_t look, const TrueEffects& world) {
    while (drawn_ <= look) draw_step(drawn_++);
    ExperimentMoments out;
    const std::size_t arms = n_.size();
    out.overall.resize(arms);
    for (std::size_t a = 0; a < arms; ++a) {
      out.arms.push_back(
          {.assigned = n_[a], .exposed = n_[a], .exposed_before = 0, .analysed = n_[a]});
      out.immature.emplace_back(question_.metrics.size(), 0);
      for (std::size_t m = 0; m < question_.metrics.size(); ++m)
        out.overall[a].push_back(cell(a, m, n_[a], world, sums_[a][m] / std::sqrt(double_n(a))));
    }
    out.caps.resize(question_.metrics.size());
    for (std::size_t s = 0; s < setup_.shares.size(); ++s)
      out.segments.push_back(segment(s, world, out.overall));
    return out;
  }

 private:
  [[nodiscard]] double double_n(std::size_t arm) const { return static_cast<double>(n_[arm]); }

  /// The units that come between two looks.
  void draw_step(std::size_t look) {
    const double before = look == 0 ? 0.0 : question_.looks[look - 1];
    double left = question_.n_total * (question_.looks[look] - before);
    double weight_left =
        std::accumulate(setup_.plan.weights.begin(), setup_.plan.weights.end(), 0.0);
    for (std::size_t a = 0; a < n_.size(); ++a) {
      const double share = setup_.plan.weights[a] / weight_left;
      const double spread = std::sqrt(left * share * std::max(0.0, 1.0 - share));
      const double count =
          std::clamp(left * share + spread * draws_.next(), 1.0, std::max(1.0, left));
      const auto units = static_cast<std::int64_t>(std::llround(count));
      left -= static_cast<double>(units);
      weight_left -= setup_.plan.weights[a];
      n_[a] += units;
      std::vector<double> independent;
      for (std::size_t m = 0; m < question_.metrics.size(); ++m)
        independent.push_back(draws_.next());
      for (std::size_t m = 0; m < question_.metrics.size(); ++m) {
        double correlated = 0.0;
        for (std::size_t k = 0; k <= m; ++k) correlated += setup_.root[m][k] * independent[k];
        sums_[a][m] += correlated * std::sqrt(static_cast<double>(units));
      }
    }
  }

  /// A cell whose mean lies `deviation` standard errors from its truth.
  [[nodiscard]] numerics::CoMoments cell(std::size_t arm, std::size_t metric, std::int64_t n,
                                         const TrueEffects& world, double deviation) const {
    const MetricOutlook& outlook = question_.metrics[metric];
    const double truth = outlook.baseline + (arm == 0 ? 0.0 : world.effects[metric]);
    const double variance = variance_at(metric, truth);
    double mean = truth + deviation * std::sqrt(variance / static_cast<double>(n));
    if (setup_.is_share[metric]) mean = std::clamp(mean, 0.0, 1.0);
    return cell_of(n, mean, variance_at(metric, mean));
  }

  /// A share's variance follows from the share, times what covariates leave.
  [[nodiscard]] double variance_at(std::size_t metric, double value) const {
    const MetricOutlook& outlook = question_.metrics[metric];
    const double p = outlook.baseline;
    if (!setup_.is_share[metric] || !(p > 0.0 && p < 1.0)) return outlook.unit_variance;
    const double at = std::clamp(value, 0.0, 1.0);
    return std::max(outlook.unit_variance * at * (1.0 - at) / (p * (1.0 - p)), 1e-300);
  }

  /// A segment's cells: independent deviations around the overall mean that average to it.
  engine::SegmentMoments segment(std::size_t s, const TrueEffects& world,
                                 const std::vector<std::vector<engine::MetricMoments>>& overall) {
    const auto& shares = setup_.shares[s];
    engine::SegmentMoments out{.name = setup_.plan.segments[s].name};
    if (!setup_.is_read[s]) return out;
    out.moments.resize(shares.size());
    for (std::size_t v = 0; v < shares.size(); ++v) {
      out.values.push_back(fmt::format("{}", v + 1));
      out.assigned.emplace_back();
      for (std::size_t a = 0; a < n_.size(); ++a)
        out.assigned.back().push_back(
            std::max<std::int64_t>(2, std::llround(shares[v] * double_n(a))));
      out.moments[v].resize(n_.size());
    }
    for (std::size_t a = 0; a < n_.size(); ++a) {
      for (std::size_t m = 0; m < question_.metrics.size(); ++m) {
        const double truth = question_.metrics[m].baseline + (a == 0 ? 0.0 : world.effects[m]);
        const double variance = variance_at(m, truth);
        std::vector<double> apart;
        double average = 0.0;
        for (std::size_t v = 0; v < shares.size(); ++v) {
          const auto n = static_cast<double>(out.assigned[v][a]);
          apart.push_back(shares.size() > 1 ? draws_.next() * std::sqrt(variance / n) : 0.0);
          average += shares[v] * apart.back();
        }
        for (std::size_t v = 0; v < shares.size(); ++v) {
          double mean = overall[a][m].mean[0] + apart[v] - average;
          if (setup_.is_share[m]) mean = std::clamp(mean, 0.0, 1.0);
          out.moments[v][a].push_back(cell_of(out.assigned[v][a], mean, variance_at(m, mean)));
        }
      }
    }
    return out;
  }

  const Simplified& setup_;
  const RuleQuestion& question_;
  Draws draws_;
  std::size_t drawn_ = 0;
  std::vector<std::vector<double>> sums_;  ///< [arm][metric]: sums of standardised values.
  std::vector<std::int64_t> n_;
};

/// What one trial of one world came to.
struct Outcome {
  spec::Verdict verdict = spec::Verdict::iterate;
  double share_of_units = 1.0;
  std::vector<std::int8_t> readings;  ///< [metric]: 1 favourable, -1 unfavourable; first treatment.
};

std::int8_t reading_of(const experiment::MetricResult& row) {
  if (row.guardrail) {
    if (row.guardrail->status == stats::GuardrailStatus::non_inferior) return 1;
    return row.guardrail->status == stats::GuardrailStatus::harmed ? -1 : 0;
  }
  if (row.reading == experiment::Reading::better) return 1;
  return row.reading == experiment::Reading::worse ? -1 : 0;
}

/// Reads one trial as the real data would be read.
Result<Outcome> read_trial(const Simplified& setup, Plan& plan, const RuleQuestion& question,
                           const TrueEffects& world, std::uint64_t replication) {
  Outcome out;
  Trial trial(setup, question, replication);
  for (std::size_t look = 0; look < question.looks.size(); ++look) {
    const bool last = look + 1 == question.looks.size();
    const ExperimentMoments moments = trial.at_look(look, world);
    plan.query.complete_until = last ? plan.query.period.end : plan.query.period.begin;
    experiment::Integrity integrity;
    ASSAY_TRY(integrity, experiment::check_integrity(setup.spec, plan, moments));
    experiment::Analysis analysis;
    ASSAY_TRY(analysis, experiment::analyze(setup.spec, plan, moments));
    Decision decided;
    ASSAY_TRY(decided, decide(setup.spec, plan, integrity, analysis));
    out.verdict = decided.verdict;
    out.share_of_units = question.looks[look];
    out.readings.assign(question.metrics.size(), 0);
    for (const experiment::MetricResult& row : analysis.metrics)
      if (row.arm == 1) out.readings[row.metric] = reading_of(row);
    if (out.verdict == spec::Verdict::ship || out.verdict == spec::Verdict::do_not_ship ||
        out.verdict == spec::Verdict::invalid)
      break;
  }
  return out;
}

Result<WorldRates> rates_in(const Simplified& setup, const RuleQuestion& question,
                            const TrueEffects& world, const Progress& progress) {
  const auto count = static_cast<std::size_t>(question.replications);
  std::vector<Result<Outcome>> outcomes(count);
  numerics::for_each_chunk((count + kChunk - 1) / kChunk, question.threads, [&](std::size_t chunk) {
    Plan plan = setup.plan;
    for (std::size_t r = chunk * kChunk; r < std::min(count, (chunk + 1) * kChunk); ++r) {
      if (!progress.check()) return;
      outcomes[r] = read_trial(setup, plan, question, world, r);
    }
  });
  ASSAY_CHECK(progress.check());
  const std::size_t metrics = question.metrics.size();
  WorldRates out{.world = world.name,
                 .favourable = std::vector<double>(metrics, 0.0),
                 .unfavourable = std::vector<double>(metrics, 0.0),
                 .mean_share_of_units = 0.0};
  const double each = 1.0 / static_cast<double>(count);
  for (Result<Outcome>& outcome : outcomes) {
    if (!outcome) return tl::unexpected(std::move(outcome.error()));
    out.verdicts[static_cast<std::size_t>(outcome->verdict)] += 1;
    out.mean_share_of_units += each * outcome->share_of_units;
    for (std::size_t m = 0; m < metrics; ++m)
      (outcome->readings[m] < 0 ? out.unfavourable : out.favourable)[m] +=
          each * std::abs(static_cast<double>(outcome->readings[m]));
  }
  ASSAY_TRY(out.ship,
            stats::clopper_pearson(out.verdicts[static_cast<std::size_t>(spec::Verdict::ship)],
                                   question.replications, 0.95));
  return out;
}

std::vector<std::string> assumptions(const spec::Experiment& experiment, const Plan& plan,
                                     const Simplified& setup, const RuleQuestion& question) {
  std::vector<std::string> out;
  out.push_back(question.correlation.size == 0
                    ? "metrics move independently of each other"
                    : "metrics are correlated as they are among units of the history");
  out.push_back(setup.gate ? "the sample ratio check can fail by chance; the other checks pass"
                           : "all integrity checks pass");
  for (const experiment::PlannedSegment& segment : plan.segments) {
    const auto named = [&](const spec::Rule& rule) {
      return rule.when &&
             std::any_of(rule.when->segments_not_harmed.begin(),
                         rule.when->segments_not_harmed.end(),
                         [&](const spec::Text& text) { return text.value == segment.name; });
    };
    const bool given = std::any_of(question.segments.begin(), question.segments.end(),
                                   [&](const auto& one) { return one.segment == segment.name; });
    if (!given && std::any_of(experiment.decision.begin(), experiment.decision.end(), named))
      out.push_back(fmt::format("segment `{}` has one value", segment.name));
  }
  return out;
}

}  // namespace

Result<RuleRates> rule_error_rates(const spec::Experiment& experiment, const Plan& plan,
                                   const RuleQuestion& question, const Progress& progress) {
  ASSAY_CHECK(check(plan, question));
  Simplified setup;
  ASSAY_TRY(setup, simplified(experiment, plan, question));
  RuleRates out{.n_total = question.n_total, .replications = question.replications};
  for (const TrueEffects& world : question.worlds) {
    WorldRates rates;
    ASSAY_TRY(rates, rates_in(setup, question, world, progress));
    out.worlds.push_back(std::move(rates));
  }
  out.assumed = assumptions(experiment, plan, setup, question);
  return out;
}

Result<std::int64_t> units_for_rule(const spec::Experiment& experiment, const Plan& plan,
                                    RuleQuestion question, std::size_t which, double power,
                                    const Progress& progress) {
  if (!(power > 0.0 && power < 1.0))
    return wrong(fmt::format("power lies between 0 and 1; got {}", power), "write 0.8 for 80 %");
  if (which >= question.worlds.size()) return wrong("there is no such world to plan for");
  question.worlds = {question.worlds[which]};
  const auto ships = [&](double n) -> Result<double> {
    question.n_total = n;
    RuleRates rates;
    ASSAY_TRY(rates, rule_error_rates(experiment, plan, question, progress));
    return rates.worlds.front().ship.estimate;
  };
  double low = 0.0;
  double high = 1000.0 * static_cast<double>(plan.weights.size()) / question.looks.front();
  double reached = 0.0;
  ASSAY_TRY(reached, ships(high));
  while (reached < power) {
    low = high;
    high *= 4.0;
    if (high > kMostUnits) {
      return fail(ErrorCode::undefined_statistic,
                  fmt::format("however many units, the rule ships world `{}` in {:.0f} % of "
                              "experiments, not {:.0f} %",
                              question.worlds.front().name, 100.0 * reached, 100.0 * power),
                  "", "ask the rule for less than the effect that is hoped for");
    }
    ASSAY_TRY(reached, ships(high));
  }
  if (low == 0.0) low = high / 50.0;
  while (high > 1.01 * low) {
    const double middle = std::round(std::sqrt(low * high));
    ASSAY_TRY(reached, ships(middle));
    (reached >= power ? high : low) = middle;
  }
  return static_cast<std::int64_t>(std::llround(high));
}

std::vector<TrueEffects> usual_worlds(const Plan& plan, const std::vector<MetricOutlook>& outlook,
                                      double relative_effect) {
  const std::size_t metrics = plan.metrics.size();
  const auto good = [&](std::size_t m) {
    return plan.metrics[m].direction == stats::Direction::increase ? 1.0 : -1.0;
  };
  TrueEffects null{"null", std::vector<double>(metrics, 0.0)};
  TrueEffects target{"target", null.effects};
  TrueEffects worse{"worse", null.effects};
  for (std::size_t m = 0; m < metrics; ++m) {
    if (plan.metrics[m].role != spec::MetricRole::primary) continue;
    target.effects[m] = good(m) * relative_effect * std::abs(outlook[m].baseline);
    worse.effects[m] = -target.effects[m];
  }
  std::vector<TrueEffects> all{null, target};
  for (std::size_t m = 0; m < metrics; ++m) {
    if (!plan.metrics[m].margin) continue;
    const stats::Margin& margin = *plan.metrics[m].margin;
    const bool relative = margin.scale == stats::MarginScale::relative;
    TrueEffects harm{"harm: " + plan.metrics[m].name, target.effects};
    harm.effects[m] = -good(m) * margin.size * (relative ? std::abs(outlook[m].baseline) : 1.0);
    all.push_back(std::move(harm));
  }
  all.push_back(worse);
  return all;
}

}  // namespace assay::decision
