#include "assay/app/daily_totals.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "assay/base/text.hpp"
#include "assay/distributed/engine.hpp"
#include "assay/distributed/series_incremental.hpp"

namespace assay::app {
namespace {

/// Where a source does not say `late: {watermark}`.
constexpr std::int64_t kUsualHorizonUs = 3 * kDayUs;

TimeUs clock_us() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(now).count();
}

/// Events stamped with a time that has not come yet do not make days settled.
distributed::IncrementalPolicy policy_of(const distributed::EventTable& table,
                                         const DailyRequest& request) {
  distributed::IncrementalPolicy policy{kUsualHorizonUs, std::min(clock_us(), table.span.end - 1),
                                        request.refresh};
  const spec::Source& source = *request.source;
  if (source.late && source.late->watermark_us) policy.late_horizon_us = *source.late->watermark_us;
  if (source.complete_until)  // Days before it are settled by the word of the spec.
    policy.as_of = std::max(policy.as_of, *source.complete_until + policy.late_horizon_us);
  return policy;
}

std::string origin_text(const distributed::IncrementalSeries& answer, std::int64_t horizon_us) {
  std::string text = fmt::format("{} of {} days came from the project's daily store, {} were asked",
                                 count_text(answer.stored), count_text(answer.series.days.size()),
                                 count_text(answer.asked_days()));
  for (std::size_t i = 0; i < answer.asked.size(); ++i) {
    text += i == 0 ? " (" : ", ";
    text += day_text(answer.asked[i].first);
    if (answer.asked[i].last > answer.asked[i].first)
      text += " to " + day_text(answer.asked[i].last);
  }
  if (!answer.asked.empty()) text += ")";
  return text + fmt::format(
                    ". A day is kept for good once the data goes {} past its end; events that come "
                    "later are not seen until --refresh.",
                    duration_text(horizon_us));
}

}  // namespace

Result<DailyTotals> daily_totals(Context& context, const OpenEngine& engine,
                                 const engine::SeriesQuery& query, const DailyRequest& request) {
  DailyTotals out;
  const distributed::DistributedEngine* warehouse = engine.warehouse;
  if (warehouse == nullptr) {
    ASSAY_TRY(out.series, engine.engine->series(query));
    return out;
  }
  const distributed::DailyStore store{
      request.project / ".assay" / "daily",
      distributed::table_text(request.engine, warehouse->table().spec)};
  const distributed::IncrementalPolicy policy = policy_of(warehouse->table(), request);
  distributed::IncrementalSeries answer;
  ASSAY_TRY(answer, distributed::series_incremental(*engine.engine, store, query, policy));
  for (std::string& warning : answer.warnings) context.warnings.push_back(std::move(warning));
  if (!answer.changed.empty()) {
    context.warnings.push_back(
        fmt::format("kept days had changed since: {}, from {} on; events came later than {}: raise "
                    "`late: {{watermark}}`, or use --refresh now and then",
                    answer.changed.size(), day_text(answer.changed.front()),
                    duration_text(policy.late_horizon_us)));
  }
  out.origin = origin_text(answer, policy.late_horizon_us);
  out.series = std::move(answer.series);
  return out;
}

}  // namespace assay::app
