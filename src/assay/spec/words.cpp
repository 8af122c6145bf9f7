#include "assay/spec/detail/words.hpp"

namespace assay::spec::detail {

std::string_view text_of(Words words, int value) {
  for (const Word& word : words)
    if (word.value == value && !word.alias) return word.text;
  return {};
}

}  // namespace assay::spec::detail

// Defines the table of an enum and its to_text.
#define ASSAY_WORDS(Enum, ...)                                             \
  namespace assay::spec::detail {                                          \
  Words words(Enum) {                                                      \
    using E = Enum;                                                        \
    static constexpr Word kTable[] = {__VA_ARGS__};                        \
    return kTable;                                                         \
  }                                                                        \
  }                                                                        \
  namespace assay::spec {                                                  \
  std::string_view to_text(Enum value) {                                   \
    return detail::text_of(detail::words(value), static_cast<int>(value)); \
  }                                                                        \
  }

// A word of a table: spelling and enumerator, and one that is only read.
#define W(text, enumerator) \
  { text, static_cast<int>(E::enumerator), false }
#define ALIAS(text, enumerator) \
  { text, static_cast<int>(E::enumerator), true }

ASSAY_WORDS(SourceType, W("parquet", parquet), W("csv", csv), W("jsonl", jsonl),
            W("duckdb", duckdb), W("warehouse", warehouse), W("clickhouse", clickhouse),
            W("trino", trino), W("bigquery", bigquery))
ASSAY_WORDS(EntityType, W("primary", primary), W("foreign", foreign), W("unique", unique),
            W("natural", natural))
ASSAY_WORDS(TimeUnit, W("auto", automatic), W("s", s), W("ms", ms), W("us", us), W("ns", ns),
            W("timestamp", timestamp))
ASSAY_WORDS(DedupKeep, W("first_ingest", first_ingest), W("last_ingest", last_ingest),
            W("first", first), W("last", last))
ASSAY_WORDS(OnFuture, W("quarantine", quarantine), W("drop", drop), W("keep", keep),
            W("fail", fail))
ASSAY_WORDS(PropertyType, W("int64", int64), W("double", float64), W("decimal", decimal),
            W("bool", boolean), W("dict", dict), W("string", string), W("timestamp", timestamp))
ASSAY_WORDS(AuditKind, W("volume", volume), W("null_rate", null_rate), W("duplicates", duplicates),
            W("late_share", late_share), W("implies", implies), W("reconcile", reconcile),
            W("range", range), W("unknown_events", unknown_events), W("future_share", future_share),
            W("out_of_order", out_of_order), W("unit_volume", unit_volume))
ASSAY_WORDS(Grain, W("hour", hour), W("day", day), W("week", week), W("month", month))
ASSAY_WORDS(AuditMethod, W("conformal", conformal), W("robust_z", robust_z))
ASSAY_WORDS(MetricType, W("mean", mean), W("proportion", proportion), W("ratio", ratio),
            W("quantile", quantile), W("retention", retention), W("funnel", funnel),
            W("cumulative", cumulative), W("daily_participation", daily_participation),
            W("derived", derived), W("active_users", active_users), W("count", count),
            W("sum", sum))
ASSAY_WORDS(Aggregation, W("count", count), W("sum", sum), W("mean", mean), W("max", max),
            W("min", min), W("any", any), W("distinct_days", distinct_days),
            W("count_distinct", count_distinct))
ASSAY_WORDS(MetricRole, W("none", none), W("primary", primary), W("secondary", secondary),
            W("guardrail", guardrail), W("diagnostic", diagnostic), ALIAS("goal", primary))
ASSAY_WORDS(Direction, W("increase", increase), W("decrease", decrease))
ASSAY_WORDS(Scale, W("absolute", absolute), W("relative", relative))
ASSAY_WORDS(WindowType, W("conversion", conversion), W("lookback", lookback))
ASSAY_WORDS(CapType, W("absolute", absolute), W("percentile", percentile))
ASSAY_WORDS(Transform, W("none", none), W("log1p", log1p))
ASSAY_WORDS(QuantileType, W("unit", unit), W("event", event))
ASSAY_WORDS(Maturity, W("complete_only", complete_only), W("include_partial", include_partial))
ASSAY_WORDS(Criterion, W("on", on), W("on_or_after", on_or_after), W("on_or_before", on_or_before),
            W("bracket", bracket), W("streak", streak), ALIAS("n_day", on),
            ALIAS("unbounded", on_or_after), ALIAS("cumulative", on_or_after))
ASSAY_WORDS(Clock, W("calendar", calendar), W("rolling", rolling),
            ALIAS("24_hour_windows", rolling))
ASSAY_WORDS(ClockFloor, W("none", none), W("hour", hour))
ASSAY_WORDS(Interval, W("day", day), W("week", week), W("month", month))
ASSAY_WORDS(Entry, W("recurring", recurring), W("first_time", first_time),
            W("first_ever", first_ever), ALIAS("retention_recurring", recurring),
            ALIAS("retention_first_time", first_time),
            ALIAS("retention_first_ever_occurrence", first_ever))
ASSAY_WORDS(AnchorKind, W("none", none), W("cohort", cohort), W("event", event),
            W("exposure", exposure), W("assignment", assignment))
ASSAY_WORDS(FunnelDenominator, W("unit", unit), W("entry", entry))
ASSAY_WORDS(WeekStart, W("monday", monday), W("sunday", sunday))
ASSAY_WORDS(Attribution, W("event", event), W("first_touch", first_touch),
            W("last_touch", last_touch), W("exposure", exposure))
ASSAY_WORDS(DimensionType, W("column", column), W("entity", entity))
ASSAY_WORDS(FunnelOrder, W("ordered", ordered), W("strict", strict), W("any", any),
            ALIAS("sequential", ordered), ALIAS("specific", ordered), ALIAS("this_order", ordered),
            ALIAS("exact", strict), ALIAS("exact_order", strict), ALIAS("unordered", any))
ASSAY_WORDS(StrictRepeats, W("break", break_), W("collapse", collapse))
ASSAY_WORDS(WindowFrom, W("entry", entry), W("previous_step", previous_step))
ASSAY_WORDS(FunnelEntry, W("any", any), W("first", first), ALIAS("optimized_reentry", any))
ASSAY_WORDS(Ties, W("step_order", step_order), W("strict", strict), W("sequence", sequence))
ASSAY_WORDS(FunnelCount, W("unique", unique), W("totals", totals), W("session", session),
            ALIAS("uniques", unique))
ASSAY_WORDS(ExcludeEffect, W("end_attempt", end_attempt), W("drop_unit", drop_unit))
ASSAY_WORDS(FunnelPreset, W("none", none), W("posthog", posthog), W("mixpanel", mixpanel),
            W("amplitude", amplitude), W("clickhouse", clickhouse), W("growthbook", growthbook))
ASSAY_WORDS(TreeMethod, W("lmdi", lmdi), W("shapley", shapley), W("sequential", sequential))
ASSAY_WORDS(MixRateMethod, W("midpoint", midpoint), W("baseline", baseline))
ASSAY_WORDS(MonitorMethod, W("stl_conformal", stl_conformal), W("robust_z", robust_z))
ASSAY_WORDS(Comparison, W(">=", at_least), W(">", more_than), W("<=", at_most), W("<", less_than),
            W("=", equal))
ASSAY_WORDS(RandomisationMethod, W("hash", hash), W("complete", complete),
            W("stratified", stratified), W("rerandomised", rerandomised), W("best_of", best_of),
            W("pairs", pairs), W("switchback", switchback), ALIAS("rerandomized", rerandomised))
ASSAY_WORDS(UnitHash, W("assay", assay), W("growthbook_v1", growthbook_v1),
            W("growthbook_v2", growthbook_v2), W("murmur3", murmur3), W("planout", planout),
            W("planout_uniform", planout_uniform))
ASSAY_WORDS(Murmur3Order, W("unit_first", unit_first), W("salt_first", salt_first))
ASSAY_WORDS(Murmur3Reduce, W("modulo", modulo), W("multiply", multiply))
ASSAY_WORDS(PairDistance, W("standardised", standardised), W("mahalanobis", mahalanobis),
            W("raw", raw), ALIAS("standardized", standardised))
ASSAY_WORDS(SwitchSchedule, W("independent", independent), W("balanced", balanced),
            W("alternating", alternating), W("markov", markov), W("minimum_run", minimum_run))
ASSAY_WORDS(WashoutAfter, W("every_block", every_block), W("every_switch", every_switch))
ASSAY_WORDS(Verdict, W("ship", ship), W("do_not_ship", do_not_ship), W("iterate", iterate),
            W("extend", extend), W("invalid", invalid))
ASSAY_WORDS(AdjustmentMethod, W("lin", lin), W("cuped_pooled", cuped_pooled), W("none", none))
ASSAY_WORDS(Multiplicity, W("none", none), W("bonferroni", bonferroni), W("holm", holm),
            W("hochberg", hochberg), W("benjamini_hochberg", benjamini_hochberg),
            W("benjamini_yekutieli", benjamini_yekutieli), W("dunnett", dunnett))
ASSAY_WORDS(LooksMethod, W("none", none), W("group_sequential", group_sequential),
            W("confidence_sequence", confidence_sequence))
ASSAY_WORDS(Spending, W("obrien_fleming", obrien_fleming), W("pocock", pocock), W("linear", linear),
            W("kim_demets", kim_demets), W("hwang_shih_decani", hwang_shih_decani), W("user", user))
ASSAY_WORDS(Futility, W("none", none), W("binding", binding), W("non_binding", non_binding))
ASSAY_WORDS(GuardrailState, W("harmed", harmed), W("undecided", undecided),
            W("non_inferior", non_inferior))
ASSAY_WORDS(PrimaryState, W("undecided", undecided), W("significant", significant),
            W("negative", negative))
ASSAY_WORDS(RolloutGate, W("all_guardrails_non_inferior", all_guardrails_non_inferior),
            W("no_guardrail_harmed", no_guardrail_harmed), W("none", none))

#undef ALIAS
#undef W
#undef ASSAY_WORDS
