#include "real_log.hpp"

#include <utility>
#include <vector>

namespace assay::cluster {
namespace {

using engine::Aggregation;
using engine::EventSelector;
using engine::Term;
using frame::Type;

EventSelector events(std::vector<std::string> names) { return {std::move(names), {}}; }

EventSelector events_where(std::vector<std::string> names, const char* filter) {
  return {std::move(names), frame::parse_predicate(filter).value()};
}

TimeUs begin_of(const char* day, const TimeZone& timezone) {
  return timezone.day_start(parse_day(day).value());
}

/// The same metrics for the whole period, and day by day from its begin.
void ask_totals(EventSelector active, TimeRange period, const TimeZone& timezone, Day days,
                std::vector<engine::UnitMetric> metrics, Questions& ask) {
  ask.totals = {std::move(active), period, timezone, std::move(metrics)};
  const Day first = timezone.local_day(period.begin);
  ask.series = {ask.totals.active, first, first + days - 1, timezone, ask.totals.metrics};
}

}  // namespace

std::filesystem::path real_data() {
  return (std::filesystem::path(ASSAY_SOURCE_DIR) / "../shared/data").lexically_normal();
}

RealLog rails() {
  const TimeZone zone = TimeZone::find("America/New_York").value();
  RealLog log;
  log.name = "rails";
  log.file = "git_history_rails/rails_commits.parquet";
  log.select =
      "SELECT commit_id, user_id, make_timestamp(epoch_us(event_ts)) AS event_ts, "
      "make_timestamp(epoch_us(received_ts)) AS received_ts, event, component, "
      "files_modified::BIGINT AS files_modified, file_row_number AS seq "
      "FROM read_parquet({}, file_row_number = true)";
  log.columns =
      "commit_id VARCHAR, user_id VARCHAR, event_ts TIMESTAMP(6), received_ts TIMESTAMP(6), "
      "event VARCHAR, component VARCHAR, files_modified BIGINT, seq BIGINT";
  log.source.unit = {"user_id", "user_id", Type::text};
  log.source.event_expression = "event";
  log.source.event_time.expression = "event_ts";
  log.source.ingest_time = engine::TimeColumn{"received_ts", {}, TimeZone::utc()};
  log.source.sequence_expression = "seq";
  log.source.max_skew_us = kHourUs;
  log.source.properties = {{"component", "component", Type::text},
                           {"files_modified", "files_modified", Type::int64}};
  Questions& ask = log.ask;
  ask.active_users = {events({"commit", "merge"}), zone, 28};
  ask.retention.start = events({"commit"});
  ask.retention.returning = events({"commit", "merge"});
  ask.retention.timezone = zone;
  ask.retention.complete_until = begin_of("2026-08-01", zone);
  ask.funnel.steps = {events({"commit"}), events({"integrate"}), events({"commit"})};
  ask.funnel.window_us = 90 * kDayUs;
  ask.sessions = {events({"commit"}), 2 * kHourUs, zone};
  const Term modified{events({"commit"}), Aggregation::sum, "files_modified"};
  const Term records{events_where({"commit", "merge"}, "component = 'activerecord'")};
  const Term days{events({}), Aggregation::distinct_days, ""};
  const Term largest{events({}), Aggregation::max, "files_modified"};
  ask_totals(events({}), {begin_of("2012-03-01", zone), begin_of("2015-11-15", zone)}, zone, 40,
             {{"files", modified, {}, {}},
              {"share of records", records, days, {}},
              {"largest", largest, {}, 100.0}},
             ask);
  return log;
}

RealLog shop() {
  const TimeZone zone = TimeZone::find("Europe/Berlin").value();
  RealLog log;
  log.name = "shop";
  log.file = "retentioneering_ecom_synthetic/ecom.csv.gz";
  log.select =
      "SELECT user_id, event, CAST(timestamp AS TIMESTAMP) AS at, platform, "
      "acquisition_channel AS channel, row_number() OVER () AS seq FROM read_csv({}, header = "
      "true)";
  log.columns =
      "user_id VARCHAR, event VARCHAR, at TIMESTAMP(6), platform VARCHAR, channel VARCHAR, "
      "seq BIGINT";
  log.source.unit = {"user_id", "user_id", Type::text};
  log.source.event_expression = "event";
  log.source.event_time = {"at", {}, zone};  // Wall clocks of the shop; a change of clocks inside.
  log.source.sequence_expression = "seq";
  log.source.properties = {{"platform", "platform", Type::text},
                           {"channel", "channel", Type::text}};
  Questions& ask = log.ask;
  ask.active_users = {events({}), zone, 7};
  ask.retention.start = events({"home", "catalog"});
  ask.retention.returning = events({});
  ask.retention.entry = engine::CohortEntry::recurring;
  ask.retention.timezone = zone;
  ask.retention.complete_until = begin_of("2024-06-29", zone);
  ask.funnel.steps = {events({"product_view"}), events({"add_to_cart"}),
                      events({"payment_details"}), events({"purchase"})};
  ask.funnel.window_us = kDayUs;
  ask.sessions = {events({}), 30 * kMinuteUs, zone};
  const Term views{events({"product_view"})};
  const Term bought{events({"purchase"}), Aggregation::any, ""};
  const Term mobile{events_where({}, "platform != 'desktop' and channel in ('email', 'organic')")};
  ask_totals(
      events({}), {begin_of("2024-03-15", zone), begin_of("2024-05-15", zone)}, zone, 30,
      {{"views", views, {}, 20.0}, {"bought", bought, views, {}}, {"mobile", mobile, {}, {}}}, ask);
  return log;
}

}  // namespace assay::cluster
