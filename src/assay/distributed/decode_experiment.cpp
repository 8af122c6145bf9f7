#include "assay/distributed/decode_experiment.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <tuple>

#include "assay/base/text.hpp"
#include "assay/distributed/detail/experiment_units.hpp"
#include "assay/distributed/detail/query_parts.hpp"
#include "assay/engine/metric_variables.hpp"

namespace assay::distributed {
namespace {

using engine::ExperimentMoments;
using engine::ExperimentQuery;
using engine::MetricMoments;

tl::unexpected<Error> too_many_values(const std::string& segment, std::size_t values) {
  return fail(ErrorCode::invalid_spec,
              fmt::format("segment `{}` has {} values or more; at most {}", segment, values,
                          engine::kMaxSegmentValues),
              {}, "choose a property with fewer values");
}

/// By distinct keys, which need not be distinct texts.
Result<void> check_values(const ExperimentQuery& query, const std::vector<Cell>& cells) {
  using Key =
      std::tuple<std::optional<std::string>, std::optional<std::int64_t>, std::optional<double>>;
  std::vector<std::set<Key>> values(query.segments.size());
  for (const Cell& cell : cells) {
    if (cell.key.place < 1 || cell.key.place > places_of(query).segments) continue;
    values[static_cast<std::size_t>(cell.key.place - 1)].insert(
        {cell.key.text, cell.key.whole, cell.key.real});
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i].size() > engine::kMaxSegmentValues)
      return too_many_values(query.segments[i].name, values[i].size());
  }
  return {};
}

/// Puts the rows of one answer in their places.
class Assembly {
 public:
  Assembly(const ExperimentQuery& query, const EventTable& table, const ExperimentCells& cells)
      : query_(query), table_(table), cells_(cells) {}

  Result<ExperimentMoments> all() {
    answer_.arms.resize(query_.arms.size());
    answer_.overall = engine::no_moments_by_arm(query_);
    answer_.immature.assign(query_.arms.size(),
                            std::vector<std::int64_t>(query_.metrics.size(), 0));
    answer_.first_day = query_.timezone.local_day(query_.period.begin);
    const Day last = query_.timezone.local_day(query_.period.end - 1);
    answer_.assigned_by_day.assign(static_cast<std::size_t>(last - answer_.first_day + 1),
                                   std::vector<std::int64_t>(query_.arms.size(), 0));
    for (std::size_t i = 0; i < query_.segments.size(); ++i) segment(i);
    const Places places = places_of(query_);
    for (std::size_t row = 0; row < cells_.cells.size(); ++row) {
      const CellKey& key = cells_.cells[row].key;
      ASSAY_TRY(const std::int64_t assigned, whole_at(cells_.rows, "assigned", row));
      if (key.arm >= static_cast<std::int64_t>(query_.arms.size()))
        return fail(ErrorCode::internal, fmt::format("the answer names arm {}", key.arm));
      if (key.place == 0) {
        ASSAY_CHECK(overall(row, assigned));
      } else if (key.arm >= 0 && key.place <= places.segments) {
        part(row, assigned);
      } else if (key.arm >= 0 && key.place == places.assigned_day()) {
        ASSAY_CHECK(assigned_on(key, assigned));
      }
    }
    return std::move(answer_);
  }

 private:
  Result<void> overall(std::size_t row, std::int64_t assigned) {
    const Cell& cell = cells_.cells[row];
    if (cell.key.arm == -1) answer_.both_arms = assigned;
    if (cell.key.arm == -2) answer_.unknown_variant = assigned;
    if (cell.key.arm < 0) return {};
    const auto arm = static_cast<std::size_t>(cell.key.arm);
    engine::ArmCounts& counts = answer_.arms[arm];
    counts.assigned = assigned;
    ASSAY_TRY(counts.exposed, whole_at(cells_.rows, "exposed", row));
    ASSAY_TRY(counts.exposed_before, whole_at(cells_.rows, "exposed_before", row));
    ASSAY_TRY(counts.analysed, whole_at(cells_.rows, "analysed", row));
    answer_.overall[arm] = cell.moments;
    for (std::size_t i = 0; i < query_.metrics.size(); ++i) {
      ASSAY_TRY(answer_.immature[arm][i], whole_at(cells_.rows, unit_column("immature", i), row));
    }
    return {};
  }

  /// The values of a segment, sorted; their cells come later.
  void segment(std::size_t i) {
    const frame::Type type = segment_type(query_.segments[i], table_);
    std::map<std::string, std::size_t> places;
    for (const Cell& cell : cells_.cells) {
      if (cell.key.place == static_cast<std::int64_t>(i) + 1 && cell.key.arm >= 0)
        places.try_emplace(value_text(cell.key, type));
    }
    engine::SegmentMoments segment;
    segment.name = query_.segments[i].name;
    for (auto& [text, place] : places) {
      place = segment.values.size();
      segment.values.push_back(text);
    }
    segment.assigned.assign(places.size(), std::vector<std::int64_t>(query_.arms.size(), 0));
    segment.moments.assign(places.size(), engine::no_moments_by_arm(query_));
    answer_.segments.push_back(std::move(segment));
    values_.push_back(std::move(places));
  }

  void part(std::size_t row, std::int64_t assigned) {
    const Cell& cell = cells_.cells[row];
    const auto i = static_cast<std::size_t>(cell.key.place - 1);
    const auto arm = static_cast<std::size_t>(cell.key.arm);
    const std::size_t at =
        values_[i][value_text(cell.key, segment_type(query_.segments[i], table_))];
    engine::SegmentMoments& segment = answer_.segments[i];
    segment.assigned[at][arm] += assigned;
    for (std::size_t metric = 0; metric < query_.metrics.size(); ++metric)
      segment.moments[at][arm][metric].merge(cell.moments[metric]);
  }

  Result<void> assigned_on(const CellKey& key, std::int64_t assigned) {
    const std::int64_t day = key.whole.value_or(0) - answer_.first_day;
    if (day < 0 || day >= static_cast<std::int64_t>(answer_.assigned_by_day.size()))
      return fail(ErrorCode::internal, fmt::format("the answer names day {} of the period", day));
    answer_.assigned_by_day[static_cast<std::size_t>(day)][static_cast<std::size_t>(key.arm)] +=
        assigned;
    return {};
  }

  const ExperimentQuery& query_;
  const EventTable& table_;
  const ExperimentCells& cells_;
  ExperimentMoments answer_;
  std::vector<std::map<std::string, std::size_t>> values_;
};

/// [day][arm]: units that are analysed by the end of the day.
Result<std::vector<std::vector<std::int64_t>>> analysed_by(const ExperimentQuery& query,
                                                           const ExperimentCells& moments,
                                                           const ExperimentMoments& answer) {
  const bool at_exposure = query.exposure && query.anchor == engine::Anchor::exposure;
  std::vector<std::vector<std::int64_t>> all = answer.assigned_by_day;
  if (at_exposure) {
    for (auto& arms : all) std::fill(arms.begin(), arms.end(), 0);
    for (std::size_t row = 0; row < moments.cells.size(); ++row) {
      const CellKey& key = moments.cells[row].key;
      if (key.place != places_of(query).anchor_day() || !key.whole || key.arm < 0) continue;
      const std::int64_t day = *key.whole - answer.first_day;
      if (day < 0 || day >= static_cast<std::int64_t>(all.size()))
        return fail(ErrorCode::internal, fmt::format("the answer names day {} of the period", day));
      ASSAY_TRY(all[static_cast<std::size_t>(day)][static_cast<std::size_t>(key.arm)],
                whole_at(moments.rows, "analysed", row));
    }
  }
  for (std::size_t day = 1; day < all.size(); ++day) {
    for (std::size_t arm = 0; arm < all[day].size(); ++arm) all[day][arm] += all[day - 1][arm];
  }
  return all;
}

}  // namespace

std::string value_text(const CellKey& key, frame::Type type) {
  if (type == frame::Type::text) return key.text.value_or("");
  if (type == frame::Type::float64) {
    if (!key.real) return "";
    std::string text = fmt::format("{}", *key.real);
    if (text.find_first_not_of("-0123456789") == std::string::npos) text += ".0";
    return text;
  }
  if (!key.whole) return "";
  if (type == frame::Type::boolean) return *key.whole == 0 ? "false" : "true";
  return type == frame::Type::time_us ? time_text(*key.whole) : std::to_string(*key.whole);
}

Result<Caps> read_caps(const ExperimentQuery& query, const frame::Table& rows) {
  Caps caps = stated_caps(query);
  std::vector<std::size_t> capped;
  for (std::size_t i = 0; i < query.metrics.size(); ++i) {
    if (query.metrics[i].cap_quantile) capped.push_back(i);
  }
  const frame::Column* values = rows.find("cap");
  if (values == nullptr || values->type != frame::Type::float64)
    return fail(ErrorCode::internal, "the answer has no caps");
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    ASSAY_TRY(const std::int64_t place, whole_at(rows, "place", row));
    const auto at = static_cast<std::size_t>(place);
    if (at >= capped.size() || values->is_null(row))
      return fail(ErrorCode::internal, "the answer caps a metric that is none");
    caps[capped[at]] = values->doubles[row];
  }
  return caps;
}

Result<ExperimentCells> read_cells(const ExperimentQuery& query, frame::Table rows,
                                   const Centres& centres) {
  ExperimentCells all;
  const std::vector<MomentColumns> columns = metric_columns(query);
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    ASSAY_TRY(Cell cell, read_cell(rows, row, columns, centres));
    all.cells.push_back(std::move(cell));
  }
  ASSAY_CHECK(check_values(query, all.cells));
  all.rows = std::move(rows);
  return all;
}

Result<ExperimentMoments> experiment_moments(const ExperimentQuery& query, const EventTable& table,
                                             const ExperimentCells& cells, const Caps& caps) {
  ASSAY_TRY(ExperimentMoments answer, Assembly(query, table, cells).all());
  answer.caps = caps;
  return answer;
}

Result<std::vector<Cell>> read_days(const ExperimentQuery& query, const frame::Table& rows,
                                    const Centres& centres) {
  std::vector<Cell> cells;
  const std::vector<MomentColumns> columns = day_columns(query);
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    ASSAY_TRY(Cell cell, read_cell(rows, row, columns, centres));
    cells.push_back(std::move(cell));
  }
  // In an order of our own, so that merging gives the same bits each time.
  std::sort(cells.begin(), cells.end(), [](const Cell& a, const Cell& b) {
    return std::tie(a.key.arm, a.key.place, a.key.whole) <
           std::tie(b.key.arm, b.key.place, b.key.whole);
  });
  return cells;
}

Result<void> add_stretches(const ExperimentQuery& query, const std::vector<Cell>& cells,
                           std::int64_t first, const std::vector<std::vector<std::int64_t>>& units,
                           std::vector<engine::DayMoments>& into) {
  const auto count = static_cast<std::int64_t>(into.size());
  for (const Cell& cell : cells) {
    const std::int64_t from = cell.key.place - first;
    const std::int64_t until = cell.key.whole ? *cell.key.whole - first : count;
    if (from < 0 || from >= until || until > count || cell.key.arm < 0 ||
        cell.key.arm >= static_cast<std::int64_t>(query.arms.size()))
      return fail(ErrorCode::internal, fmt::format("the answer names day {} of the period", from));
    const auto arm = static_cast<std::size_t>(cell.key.arm);
    std::size_t block = 0;
    for (std::size_t i = 0; i < query.metrics.size(); ++i) {
      if (!engine::is_additive(query.metrics[i])) continue;
      into[static_cast<std::size_t>(from)].daily[arm][i].merge(cell.moments[block]);
      for (std::int64_t at = from; at < until; ++at)
        into[static_cast<std::size_t>(at)].cumulative[arm][i].merge(cell.moments[block + 1]);
      block += 2;
    }
  }
  for (std::size_t at = 0; at < into.size(); ++at) {  // Units that did nothing have no row.
    for (std::size_t arm = 0; arm < query.arms.size(); ++arm) {
      for (std::size_t i = 0; i < query.metrics.size(); ++i) {
        if (!engine::is_additive(query.metrics[i])) continue;
        for (auto* moments : {&into[at].daily[arm][i], &into[at].cumulative[arm][i]})
          moments->add_zeros(units[at][arm] - moments->n);
      }
    }
  }
  return {};
}

Result<void> add_days(const ExperimentQuery& query, const ExperimentCells& moments,
                      const std::vector<Cell>& days, ExperimentMoments& answer) {
  ASSAY_TRY(const auto analysed, analysed_by(query, moments, answer));
  answer.days.assign(answer.assigned_by_day.size(), engine::no_day_moments(query));
  return add_stretches(query, days, answer.first_day, analysed, answer.days);
}

}  // namespace assay::distributed
