#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "assay/spec/load.hpp"

// A project and an experiment that load, for tests to break in one place each.
namespace assay::spec::detail {

inline constexpr std::string_view kGoodProject = R"yaml(version: 1
name: shorts
defaults: {timezone: America/Los_Angeles, week_start: monday, unit: user}
sources:
  - name: events
    type: parquet
    path: "data/*.parquet"
    table: lake.events
    partition: {column: ds, slack: 2d}
    entities:
      - {name: user, type: primary, expr: user_id}
      - {name: session, type: foreign, expr: session_id}
    event_name: event
    event_time: {expr: ts, unit: ms, timezone: UTC}
    ingest_time: {expr: received_at, unit: ms}
    sequence: seq
    dedup: {keys: [insert_id], keep: first_ingest, within: 7d}
    late: {watermark: 48h, max_skew: 24h, on_future: quarantine}
    properties: {watch_ms: int64, price: "decimal(18,4)", country: dict, device: dict}
    complete_until: 2026-06-01
    audit:
      - {check: null_rate, column: country, max: 0.002}
      - {check: volume, by: [event, country], grain: hour}
    events: [signup, open, watch, cart, buy, crash, assigned, feed_open, refund]
dimensions:
  - {name: land, expr: country, attribution: first_touch}
  - {name: tenure, type: entity, expr: "days_since(first(signup))", buckets: [0, 7, 28]}
cohorts:
  - name: new_users
    entry: {event: signup, which: first_ever}
    having: {count: ">= 1", within: 28d}
funnels:
  - name: purchase
    steps:
      - {name: watch, event: watch}
      - {name: cart, any_of: [cart], optional: true, window: 2h}
      - {name: buy, event: buy, where: "price > 0"}
    window: 7d
    exclude: [{event: refund, between: [watch, buy], effect: end_attempt}]
metrics:
  - name: minutes
    type: mean
    numerator: {event: watch, agg: sum, column: watch_ms}
    window: {type: conversion, delay: 0h, value: 14d}
    cap: {type: percentile, value: 0.999}
    covariate: {days: 28}
    role: primary
  - {name: buyers, type: proportion, numerator: {event: buy}, window: {value: 7d}}
  - name: d7
    type: retention
    retention: {start: {cohort: new_users}, return: {event: open}, unit: day, at: 7, criterion: on}
    role: guardrail
    non_inferiority: {margin: 0.003, scale: absolute}
  - {name: crashes, type: mean, numerator: {event: crash, agg: count}, direction: decrease}
  - {name: done, type: funnel, funnel: purchase, denominator: unit}
  - {name: dau, type: active_users, numerator: {event: open}, trailing: 1d}
  - {name: mau, type: active_users, numerator: {event: open}, trailing: 28d}
  - {name: sticky, type: derived, expr: "dau / mau", metrics: [dau, mau]}
  - {name: price, type: ratio, numerator: {event: buy, column: price}, denominator: {event: buy}}
trees:
  - {root: dau, identity: "dau = mau * sticky"}
monitors:
  - {metric: dau, by: [land], false_alarms: "1 per 28d", root_cause: {dims: [land, device]}}
)yaml";

inline constexpr std::string_view kGoodExperiment = R"yaml(version: 1
experiment: ranker
owner: feed
unit: user
assignment: {source: events, event: assigned, key: ranker, variant: variant}
exposure: {event: feed_open}
arms: {control: 0.5, treatment: 0.5}
eligible: "country != 'XX'"
period: {start: 2026-05-04, end: 2026-05-31}
metrics:
  primary: [minutes]
  secondary: [buyers]
  guardrails:
    - {metric: crashes, margin: 0.05, scale: relative}
    - d7
segments: {pre_registered: [land], exploratory: [device]}
design:
  baseline_from: {days: 28}
  minimum_detectable_effect: {metric: minutes, relative: 0.004}
analysis:
  alpha: 0.05
  adjustment: {method: lin, covariate_days: 28}
  clusters: none
  looks: {method: group_sequential, spending: pocock, information: [0.5, 1.0]}
checks:
  sample_ratio: {alpha: 0.001, by: [land, device]}
  balance: {covariates: [pre_minutes, tenure]}
  both_arms: {max_share: 0.001}
decision:
  - verdict: invalid
    when: {any_check_failed: true}
  - verdict: do_not_ship
    when: {any_guardrail: harmed}
  - verdict: ship
    when: {all_primary: {significant: true, lift_at_least: 0.002}, segments_not_harmed: [land]}
  - verdict: extend
    when: {any_primary: undecided, period_left: true}
  - verdict: iterate
rollout:
  steps: [0.1, 0.5, 1.0]
  days_per_step: 3
  kill: [{metric: crashes, worse_than: 0.05, scale: relative, confidence: 0.99}]
value: {metric: price, horizon_days: 365, currency: USD}
stakeholders:
  - {who: policy, concern: more reports}
)yaml";

/// The text with its first `old_part` replaced.
inline std::string with(std::string_view text, std::string_view old_part,
                        std::string_view new_part) {
  std::string out(text);
  const std::size_t at = out.find(old_part);
  EXPECT_NE(at, std::string::npos) << old_part;
  if (at != std::string::npos) out.replace(at, old_part.size(), new_part);
  return out;
}

/// "file:line:column" of the first `needle` after the first `after`, counted by hand.
inline std::string place_of(const std::string& file, const std::string& text,
                            std::string_view needle, std::string_view after = {}) {
  const std::size_t at = text.find(needle, text.find(after));
  EXPECT_NE(at, std::string::npos) << needle;
  int line = 1;
  int column = 1;
  for (std::size_t i = 0; i < at && i < text.size(); ++i) {
    column = text[i] == '\n' ? 1 : column + 1;
    line += text[i] == '\n' ? 1 : 0;
  }
  return file + ":" + std::to_string(line) + ":" + std::to_string(column);
}

/// The position that an error states: the first line of its `where`.
inline std::string position_of(const Error& error) {
  return error.where.substr(0, error.where.find('\n'));
}

/// What a wrong spec must say: where, what and how to go on.
struct Complaint {
  const char* title;
  std::string_view old_part, new_part;  ///< The edit of the good spec.
  std::string_view needle;              ///< The place of the first error begins here ...
  std::string_view after;               ///< ... behind this text.
  const char* problem;
  const char* help;  ///< Part of fix or have.
};

inline void expect_complaint(const Complaint& wanted, const std::string& file,
                             const std::string& text, const ParseReport& report) {
  SCOPED_TRACE(wanted.title);
  ASSERT_FALSE(report.ok());
  const Error& error = report.errors.front();
  EXPECT_EQ(position_of(error), place_of(file, text, wanted.needle, wanted.after))
      << to_text(error);
  EXPECT_THAT(error.problem, testing::HasSubstr(wanted.problem));
  EXPECT_THAT(error.fix + "\n" + error.have, testing::HasSubstr(wanted.help));
  EXPECT_EQ(report.errors.size(), 1U) << to_text(report);
  EXPECT_EQ(error.code, ErrorCode::invalid_spec);
}

}  // namespace assay::spec::detail
