#include <array>

#include "assay/spec/detail/describe.hpp"

namespace assay::spec::detail {
namespace {

constexpr Range kWhole32{0.0, 4294967295.0, false, false};
constexpr Range kBuckets{2.0, 4294967295.0, false, false};
constexpr Range kHoldoutShare{0.0, 1.0, false, true};

const std::array<Variant, 7>& method_variants() {
  using M = RandomisationMethod;
  static const std::array<Variant, 7> kVariants{{
      {static_cast<int>(M::hash),
       {},
       {"hash", "salt", "murmur3", "layer", "range", "share", "ranges"}},
      {static_cast<int>(M::complete), {"seed"}, {"clusters"}},
      {static_cast<int>(M::stratified), {"seed", "strata"}, {"block", "clusters"}},
      {static_cast<int>(M::rerandomised),
       {"seed", "covariates"},
       {"acceptance", "strata", "clusters"}},
      {static_cast<int>(M::best_of), {"seed", "covariates"}, {"log2_tries", "strata", "clusters"}},
      {static_cast<int>(M::pairs), {"seed", "covariates"}, {"distance"}},
      {static_cast<int>(M::switchback), {"seed", "switchback"}, {}},
  }};
  return kVariants;
}

const std::array<Variant, 5>& schedule_variants() {
  using S = SwitchSchedule;
  static const std::array<Variant, 5> kVariants{{
      {static_cast<int>(S::independent), {}, {}},
      {static_cast<int>(S::balanced), {}, {"balance_over"}},
      {static_cast<int>(S::alternating), {}, {}},
      {static_cast<int>(S::markov), {"stay"}, {}},
      {static_cast<int>(S::minimum_run), {"minimum_run"}, {}},
  }};
  return kVariants;
}

}  // namespace

void describe(Visitor& v, Murmur3& form) {
  v.word(may("order", "Whether the unit or the salt stands first."), form.order);
  const Key between = may("separator", "What stands between them; left out: a zero byte.");
  if (v.visits(between, form.separator.has_value())) {
    std::string separator = form.separator.value_or("");
    v.prose(between, separator);
    form.separator = separator;
  }
  v.integer(may("seed", "Of the hash."), form.seed, kWhole32);
  v.integer(may("buckets", "How many there are."), form.buckets, kBuckets);
  v.word(may("reduce", "modulo: hash mod buckets; multiply: hash * buckets / 2^32."), form.reduce);
}

void describe(Visitor& v, Layer& layer) {
  v.at(layer.where, "layer");
  v.name(need("name", "What experiments call it."), layer.name);
  v.text(may("salt", "Of its hash; default: layer:<name>."), layer.salt);
  v.word(may("hash", "How ids become positions."), layer.hash);
  v.object(may("murmur3", "Form of the hash murmur3."), layer.murmur3);
  v.number(may("holdout", "Share of the positions that no experiment may use."), layer.holdout,
           kHoldoutShare);
  v.prose(may("description", "What it means, for people."), layer.description);
}

void describe(Visitor& v, Holdout& holdout) {
  v.at(holdout.where, "`holdout`");
  v.number(need("share", "Share of all units that no experiment may touch."), holdout.share,
           kHoldoutShare);
  v.text(may("salt", "Of its hash; default: holdout."), holdout.salt);
  v.word(may("hash", "How ids become positions."), holdout.hash);
}

void describe(Visitor& v, ArmRange& range) {
  v.text(need("arm", "Name of an arm."), range.arm);
  v.numbers(need("range", "From and to, of [0, 1]."), range.range, kShare);
}

void describe(Visitor& v, SwitchbackBlocks& blocks) {
  Location where;
  v.at(where, "`switchback`");
  v.duration(need("block", "Length of a block: 2h."), blocks.block_us);
  v.duration(may("washout", "Not analysed after a block begins."), blocks.washout_us, true);
  v.word(may("washout_after", "every_block, or every_switch of the arm."), blocks.washout_after);
  v.word(may("schedule", "How the blocks of a region get arms."), blocks.schedule);
  v.integer(may("balance_over", "balanced: blocks in which arms come equally often."),
            blocks.balance_over, {2.0, 1e6, false, false});
  v.number(may("stay", "markov: chance to keep the arm."), blocks.stay, {0.0, 1.0, false, true});
  v.integer(may("minimum_run", "minimum_run: blocks that an effect carries over."),
            blocks.minimum_run, {1.0, 1e6, false, false});
  v.variants("schedule", static_cast<int>(blocks.schedule), words(blocks.schedule),
             schedule_variants());
}

void describe(Visitor& v, Randomisation& r) {
  v.at(r.where, "`randomisation`");
  v.word(need("method", "hash, or a design drawn from a seed."), r.method);
  v.word(may("hash", "hash: how ids become positions."), r.hash);
  v.text(may("salt", "hash: default: the experiment's name."), r.salt);
  v.object(may("murmur3", "Form of the hash murmur3."), r.murmur3);
  v.text(may("layer", "hash: layer of the project whose experiments exclude each other."), r.layer);
  v.numbers(may("range", "hash: the slice of the layer, [0, 0.5]."), r.range, kShare);
  v.number(may("share", "hash: share of the admitted units that takes part."), r.share,
           kPositiveShare);
  v.objects(may("ranges", "hash: positions of each arm, instead of its weight."), r.ranges);
  v.integer(may("seed", "Designs: whatever number; the same gives the same."), r.seed,
            {0.0, 9007199254740992.0, false, false});
  v.texts(may("strata", "Columns whose values are split each by itself."), r.strata);
  v.integer(may("block", "stratified: units in a permuted block."), r.block,
            {2.0, 1e6, false, false});
  v.text(may("clusters", "Column of units that stay together."), r.clusters);
  v.texts(may("covariates", "Columns that are balanced or matched."), r.covariates);
  v.number(may("acceptance", "rerandomised: share of draws balanced enough."), r.acceptance,
           kPositiveShare);
  v.integer(may("log2_tries", "best_of: the best of 2 to this power draws."), r.log2_tries,
            {0.0, 16.0, false, false});
  v.word(may("distance", "pairs: how unlike two units are."), r.distance);
  v.object(may("switchback", "Regions whose arm changes in time."), r.switchback);
  v.variants("method", static_cast<int>(r.method), words(r.method), method_variants());
}

}  // namespace assay::spec::detail
