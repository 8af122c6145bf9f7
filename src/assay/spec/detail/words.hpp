#pragma once

#include <span>
#include <string_view>

#include "assay/spec/experiment.hpp"
#include "assay/spec/project.hpp"

namespace assay::spec::detail {

/// One spelling of an enumerator. An alias is read, but neither written nor suggested.
struct Word {
  std::string_view text;
  int value = 0;
  bool alias = false;
};
using Words = std::span<const Word>;

/// The canonical spelling of a value.
std::string_view text_of(Words words, int value);

// The spellings of each enum of the spec; the argument only picks the table.
Words words(SourceType);
Words words(EntityType);
Words words(TimeUnit);
Words words(DedupKeep);
Words words(OnFuture);
Words words(PropertyType);
Words words(AuditKind);
Words words(Grain);
Words words(AuditMethod);
Words words(MetricType);
Words words(Aggregation);
Words words(MetricRole);
Words words(Direction);
Words words(Scale);
Words words(WindowType);
Words words(CapType);
Words words(Transform);
Words words(QuantileType);
Words words(Maturity);
Words words(Criterion);
Words words(Clock);
Words words(ClockFloor);
Words words(Interval);
Words words(Entry);
Words words(AnchorKind);
Words words(FunnelDenominator);
Words words(WeekStart);
Words words(Attribution);
Words words(DimensionType);
Words words(FunnelOrder);
Words words(StrictRepeats);
Words words(WindowFrom);
Words words(FunnelEntry);
Words words(Ties);
Words words(FunnelCount);
Words words(ExcludeEffect);
Words words(FunnelPreset);
Words words(TreeMethod);
Words words(MixRateMethod);
Words words(MonitorMethod);
Words words(Comparison);
Words words(RandomisationMethod);
Words words(UnitHash);
Words words(Murmur3Order);
Words words(Murmur3Reduce);
Words words(PairDistance);
Words words(SwitchSchedule);
Words words(WashoutAfter);
Words words(Verdict);
Words words(AdjustmentMethod);
Words words(Multiplicity);
Words words(LooksMethod);
Words words(Spending);
Words words(Futility);
Words words(GuardrailState);
Words words(PrimaryState);
Words words(RolloutGate);

}  // namespace assay::spec::detail
