#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "assay/spec/location.hpp"

namespace assay::spec {

enum class RandomisationMethod : std::uint8_t {
  hash,
  complete,
  stratified,
  rerandomised,
  best_of,
  pairs,
  switchback
};
enum class UnitHash : std::uint8_t {
  assay,
  growthbook_v1,
  growthbook_v2,
  murmur3,
  planout,
  planout_uniform
};
enum class Murmur3Order : std::uint8_t { unit_first, salt_first };
enum class Murmur3Reduce : std::uint8_t { modulo, multiply };
enum class PairDistance : std::uint8_t { standardised, mahalanobis, raw };
enum class SwitchSchedule : std::uint8_t {
  independent,
  balanced,
  alternating,
  markov,
  minimum_run
};
enum class WashoutAfter : std::uint8_t { every_block, every_switch };

std::string_view to_text(RandomisationMethod method);
std::string_view to_text(UnitHash hash);
std::string_view to_text(Murmur3Order order);
std::string_view to_text(Murmur3Reduce reduce);
std::string_view to_text(PairDistance distance);
std::string_view to_text(SwitchSchedule schedule);
std::string_view to_text(WashoutAfter after);

/// How another product feeds murmur3; the default is (unit, zero byte, salt) mod 10,000.
struct Murmur3 {
  Murmur3Order order = Murmur3Order::unit_first;
  std::optional<std::string> separator;  ///< A zero byte unless written.
  std::int64_t seed = 0;
  std::int64_t buckets = 10'000;
  Murmur3Reduce reduce = Murmur3Reduce::modulo;
};

/// Positions that no two experiments of the layer share. In assay.yaml.
struct Layer {
  Text name;
  Text salt;  ///< "layer:<name>" unless written (a GrowthBook namespace: "__<name>").
  UnitHash hash = UnitHash::assay;
  std::optional<Murmur3> murmur3;
  double holdout = 0;  ///< Share of the positions, at their end, that no experiment may use.
  std::string description;
  Location where;
};

/// Units that no experiment may touch. In assay.yaml.
struct Holdout {
  double share = 0;
  Text salt;  ///< "holdout" unless written.
  UnitHash hash = UnitHash::assay;
  Location where;
};

/// Positions of an arm, written out: {arm: control, range: [0, 0.25]}.
struct ArmRange {
  Text arm;
  std::vector<double> range;  ///< Two, the smaller first.
};

/// A time plan of regions. The experiment's period says from when to when.
struct SwitchbackBlocks {
  std::int64_t block_us = 0;
  std::int64_t washout_us = 0;
  WashoutAfter washout_after = WashoutAfter::every_block;
  SwitchSchedule schedule = SwitchSchedule::balanced;
  std::optional<int> balance_over;  ///< Blocks; all of them unless written.
  std::optional<double> stay;
  std::optional<int> minimum_run;  ///< Blocks.
};

/// How arms are given: `randomisation` of an experiment.
struct Randomisation {
  RandomisationMethod method = RandomisationMethod::hash;
  // hash
  UnitHash hash = UnitHash::assay;
  Text salt;  ///< The experiment's name unless written.
  std::optional<Murmur3> murmur3;
  Text layer;                    ///< Empty: none.
  std::vector<double> range;     ///< The slice of the layer: two, the smaller first.
  double share = 1;              ///< Of the units that holdouts and slice let in.
  std::vector<ArmRange> ranges;  ///< Empty: from the arms' weights.
  // designs
  std::optional<std::int64_t> seed;  ///< All but hash.
  std::vector<Text> strata;          ///< Columns of the file of units.
  std::optional<int> block;          ///< stratified: units in a permuted block.
  Text clusters;                     ///< Column; empty: none.
  std::vector<Text> covariates;      ///< Columns: rerandomised, best_of, pairs.
  double acceptance = 0.01;          ///< rerandomised.
  int log2_tries = 7;                ///< best_of.
  PairDistance distance = PairDistance::standardised;
  std::optional<SwitchbackBlocks> switchback;
  Location where;
};

}  // namespace assay::spec
