#include "assay/design/unit_power.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "assay/base/text.hpp"
#include "assay/numerics/moments.hpp"
#include "assay/numerics/parallel.hpp"
#include "assay/numerics/philox.hpp"
#include "assay/numerics/sampling.hpp"

namespace assay::design {
namespace {

using Kind = PlantedEffect::Kind;
using stats::MetricKind;

constexpr std::size_t kFewestUnits = 20;
constexpr int kMostReplications = 1'000'000;

tl::unexpected<Error> wrong(std::string problem, std::string fix = {}) {
  return fail(ErrorCode::invalid_spec, std::move(problem), "", std::move(fix));
}

double mean_of(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

/// How treated units change: those that feel it are drawn by `share`, a proportion's by chance.
struct Planter {
  bool proportion = false;
  Kind kind = Kind::multiplicative;
  double step = 0.0;   ///< Of one unit that feels it.
  double share = 1.0;  ///< That feel it.
  double turns = 0.0;  ///< Proportions: chance that a unit that could turn does; negative: down.

  [[nodiscard]] double treated(double y, double felt, double chance) const {
    if (proportion) {
      if (turns >= 0.0) return y == 0.0 && chance < turns ? 1.0 : y;
      return y == 1.0 && chance < -turns ? 0.0 : y;
    }
    if (felt >= share) return y;
    return kind == Kind::additive ? y + step : y * (1.0 + step);
  }
};

Result<Planter> planter_of(const UnitColumns& units, const PlantedEffect& effect) {
  Planter out{units.kind == MetricKind::proportion, effect.kind,
              effect.size / effect.share_of_units, effect.share_of_units};
  if (!out.proportion) return out;
  const double p = mean_of(units.y);
  const double change = effect.kind == Kind::additive ? effect.size : effect.size * p;
  if (!(p + change >= 0.0 && p + change <= 1.0) || (change != 0.0 && (p == 0.0 || p == 1.0))) {
    return wrong(fmt::format("a change of {} pushes a share of {} out of 0 to 1", change, p));
  }
  if (change != 0.0) out.turns = change > 0.0 ? change / (1.0 - p) : change / p;
  return out;
}

Result<void> check(const UnitColumns& units, const UnitPowerPlan& plan) {
  const std::size_t n = units.y.size();
  const auto same = [&](std::span<const double> column) { return column.size() == n; };
  if ((units.kind == MetricKind::ratio) != !units.d.empty() ||
      (!units.d.empty() && !same(units.d)) ||
      !std::all_of(units.covariates.begin(), units.covariates.end(), same)) {
    return wrong("the columns of units differ in length");
  }
  if (n < kFewestUnits) {
    return fail(ErrorCode::undefined_statistic,
                fmt::format("a simulation needs {} units or more; got {}", kFewestUnits, n), "",
                "use a longer baseline");
  }
  const auto inside = [](double x) { return x > 0.0 && x < 1.0; };
  if (!inside(plan.alpha) || !inside(plan.treatment_share)) {
    return wrong(fmt::format("alpha and treatment share lie between 0 and 1; got {} and {}",
                             plan.alpha, plan.treatment_share));
  }
  if (plan.replications < 1 || plan.replications > kMostReplications) {
    return wrong(fmt::format("a simulation has 1 to {} replications; got {}", kMostReplications,
                             plan.replications));
  }
  if (!(plan.effect.share_of_units > 0.0 && plan.effect.share_of_units <= 1.0) ||
      !std::isfinite(plan.effect.size)) {
    return wrong(
        fmt::format("an effect is finite and is felt by a share above 0 and up to 1; got "
                    "{} on {}",
                    plan.effect.size, plan.effect.share_of_units));
  }
  if (plan.n_total < 0 || static_cast<std::size_t>(plan.n_total) > n) {
    return wrong(fmt::format("{} units are asked and the history has {}", count_text(plan.n_total),
                             count_text(static_cast<std::int64_t>(n))),
                 "use a longer baseline; a simulation draws no unit twice");
  }
  return {};
}

/// One unit of one replication.
struct Drawn {
  std::uint32_t unit = 0;
  bool treated = false;
  double y = 0.0;
};

/// One replication: the comparison that the analysis would report.
class Replication {
 public:
  Replication(const UnitColumns& units, const UnitPowerPlan& plan, const Planter& planter)
      : units_(units), plan_(plan), planter_(planter) {
    const auto n = static_cast<double>(units.y.size());
    drawn_share_ = plan.n_total == 0 ? 1.0 : static_cast<double>(plan.n_total) / n;
  }

  Result<stats::Contrast> run(std::uint64_t replication) {
    draw(replication);
    const std::optional<double> cap = cap_of_drawn();
    const bool lin = plan_.adjustment == stats::Adjustment::lin;
    const std::size_t first = units_.kind == MetricKind::ratio ? 2 : 1;
    std::vector<double> row(first + (lin ? units_.covariates.size() : 0));
    numerics::CoMoments control(row.size());
    numerics::CoMoments treatment(row.size());
    for (const Drawn& one : drawn_) {
      row[0] = cap ? std::min(one.y, *cap) : one.y;
      if (first == 2) row[1] = units_.d[one.unit];
      for (std::size_t j = first; j < row.size(); ++j) {
        const double x = units_.covariates[j - first][one.unit];
        row[j] = cap && j == first ? std::min(x, *cap) : x;
      }
      (one.treated ? treatment : control).add(row);
    }
    return stats::compare({.moments = std::move(control)}, {.moments = std::move(treatment)},
                          {.kind = units_.kind,
                           .adjustment = plan_.adjustment,
                           .confidence_level = 1.0 - plan_.alpha});
  }

 private:
  void draw(std::uint64_t replication) {
    drawn_.clear();
    const numerics::Philox random(plan_.seed, replication);
    const double bar = drawn_share_ * plan_.treatment_share;
    for (std::size_t i = 0; i < units_.y.size(); ++i) {
      const auto words = random.words(i);
      const double u =
          (static_cast<double>((std::uint64_t{words[0]} << 20) | (words[1] >> 12)) + 0.5) * 0x1p-52;
      if (u >= drawn_share_) continue;
      const bool treated = u < bar;
      const double y = treated ? planter_.treated(units_.y[i], numerics::uniform_from(words[2]),
                                                  numerics::uniform_from(words[3]))
                               : units_.y[i];
      drawn_.push_back({static_cast<std::uint32_t>(i), treated, y});
    }
  }

  /// The value that y is capped at: the ceil(n p)-th smallest, as the engine does.
  std::optional<double> cap_of_drawn() {
    if (units_.cap_value) return units_.cap_value;
    if (!units_.cap_quantile) return std::nullopt;
    values_.clear();
    for (const Drawn& one : drawn_)
      if (!units_.cap_ignores_zeros || one.y > 0.0) values_.push_back(one.y);
    if (values_.empty()) return std::nullopt;
    const double rank = std::ceil(static_cast<double>(values_.size()) * *units_.cap_quantile);
    const auto at = values_.begin() + static_cast<std::ptrdiff_t>(std::max(rank, 1.0)) - 1;
    std::nth_element(values_.begin(), at, values_.end());
    return *at;
  }

  const UnitColumns& units_;
  const UnitPowerPlan& plan_;
  const Planter& planter_;
  double drawn_share_ = 1.0;
  std::vector<Drawn> drawn_;
  std::vector<double> values_;
};

/// What one replication adds up to.
struct Seen {
  bool defined = false;
  bool rejected = false;
  double difference = 0.0;
  double std_error = 0.0;
};

}  // namespace

Result<UnitPower> simulate_power(const UnitColumns& units, const UnitPowerPlan& plan,
                                 const Progress& progress) {
  ASSAY_CHECK(check(units, plan));
  Planter planter;
  ASSAY_TRY(planter, planter_of(units, plan.effect));
  constexpr int kChunk = 8;
  const auto count = static_cast<std::size_t>(plan.replications);
  std::vector<Seen> seen(count);
  numerics::for_each_chunk((count + kChunk - 1) / kChunk, plan.threads, [&](std::size_t chunk) {
    if (!progress.check()) return;
    Replication replication(units, plan, planter);
    for (std::size_t r = chunk * kChunk; r < std::min(count, (chunk + 1) * kChunk); ++r) {
      const auto contrast = replication.run(r);
      if (!contrast) continue;
      seen[r] = {true, contrast->p_value < plan.alpha, contrast->difference, contrast->std_error};
    }
  });
  ASSAY_CHECK(progress.check());
  UnitPower out{.replications = plan.replications};
  numerics::Moments differences;
  numerics::Moments errors;
  for (const Seen& one : seen) {
    if (!one.defined) {
      out.undefined += 1;
      continue;
    }
    differences.add(one.difference);
    errors.add(one.std_error);
    if (one.rejected)
      ((one.difference < 0.0) == (plan.effect.size < 0.0) ? out.found : out.wrong_way) += 1;
  }
  ASSAY_TRY(out.power, stats::clopper_pearson(out.found + out.wrong_way, out.replications, 0.95));
  out.mean_difference = differences.mean;
  if (differences.n > 1)
    out.sd_of_differences = std::sqrt(differences.m2 / static_cast<double>(differences.n - 1));
  out.mean_std_error = errors.mean;
  return out;
}

}  // namespace assay::design
