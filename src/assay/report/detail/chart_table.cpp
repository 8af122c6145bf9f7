#include <fmt/format.h>

#include <algorithm>

#include "assay/report/detail/outline.hpp"
#include "assay/report/format.hpp"

namespace assay::report {
namespace {

using Rows = std::vector<std::vector<Cell>>;

Cell formatted(const Number& value, const NumberFormat& format) {
  if (format.style == NumberStyle::percent) return percent_cell(value);
  return number_cell(value);
}

bool has_bands(const Rows& rows, std::size_t column) {
  return std::ranges::any_of(rows, [&](const auto& row) {
    return row[column].low.defined() || row[column].high.defined();
  });
}

/// Drops a column that says nothing.
void drop_empty(Table& table, std::size_t column) {
  const bool said = std::ranges::any_of(table.rows, [&](const auto& row) {
    const Cell& cell = row[column];
    return cell.kind == CellKind::text       ? !cell.text.empty() || cell.mark != Mark::none
           : cell.kind == CellKind::interval ? cell.low.defined() || cell.high.defined()
                                             : true;
  });
  if (said) return;
  const auto offset = static_cast<std::ptrdiff_t>(column);
  table.columns.erase(table.columns.begin() + offset);
  for (auto& row : table.rows) row.erase(row.begin() + offset);
}

Table effect_table(const EffectIntervals& spec, const NumberFormat& format) {
  Table table{.columns = {{"metric"},
                          {"group"},
                          {"estimate", format},
                          {"interval", format},
                          {"margin", format},
                          {""}}};
  for (const auto& row : spec.rows) {
    table.rows.push_back({text_cell(row.name), text_cell(row.group), number_cell(row.estimate),
                          interval_cell(row.low, row.high),
                          row.margin ? number_cell(*row.margin) : text_cell(""),
                          text_cell(row.words, row.mark)});
  }
  table.columns[4].align = Align::right;
  drop_empty(table, 5);
  if (std::ranges::none_of(spec.rows, [](const auto& row) { return row.margin.has_value(); })) {
    drop_empty(table, 4);
  }
  drop_empty(table, 1);
  return table;
}

Table series_table(const TimeSeriesBand& spec, const std::string& x, const NumberFormat& format) {
  Table table{.columns = {{"view"}, {"series"}, {x}, {"estimate", format}, {"interval", format}}};
  for (const auto& view : spec.views) {
    for (const Series& series : view.series) {
      for (const SeriesPoint& point : series.points) {
        table.rows.push_back({text_cell(view.name), text_cell(series.name), text_cell(point.x),
                              formatted(point.estimate, format),
                              interval_cell(point.low, point.high)});
      }
    }
  }
  if (!has_bands(table.rows, 4)) drop_empty(table, 4);
  drop_empty(table, 1);
  drop_empty(table, 0);
  return table;
}

Table retention_table(const RetentionCurve& spec, const std::string& x,
                      const NumberFormat& format) {
  Table table{.columns = {{"arm"}, {x}, {"rate"}, {"interval", format}}};
  for (const auto& arm : spec.arms) {
    for (const auto& point : arm.points) {
      table.rows.push_back({text_cell(arm.name), count_cell(point.k), percent_cell(point.rate),
                            interval_cell(point.low, point.high)});
    }
  }
  drop_empty(table, 3);
  drop_empty(table, 0);
  return table;
}

Table funnel_table(const FunnelChart& spec) {
  Table table{
      .columns = {
          {"step"}, {"arm"}, {"units"}, {"of entered"}, {"interval", NumberFormat::percent()}}};
  for (std::size_t s = 0; s < spec.steps.size(); ++s) {
    for (const auto& arm : spec.arms) {
      if (s >= arm.stages.size()) continue;
      const auto& stage = arm.stages[s];
      table.rows.push_back({text_cell(spec.steps[s]), text_cell(arm.name), count_cell(stage.count),
                            percent_cell(stage.rate), interval_cell(stage.low, stage.high)});
    }
  }
  drop_empty(table, 4);
  drop_empty(table, 1);
  return table;
}

Table bars_table(const Bars& spec, const std::string& x, const NumberFormat& format) {
  Table table{.columns = {{x}}};
  for (const auto& group : spec.groups) table.columns.push_back({group.name, format});
  for (std::size_t i = 0; i < spec.labels.size(); ++i) {
    std::vector<Cell> row{text_cell(spec.labels[i])};
    for (const auto& group : spec.groups) {
      row.push_back(i < group.values.size() ? formatted(group.values[i], format) : text_cell(""));
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

Table curve_table(const Curve& spec, const Chart& chart) {
  Table table{.columns = {{"line"},
                          {chart.x_title, chart.x_format},
                          {chart.y_title, chart.y_format},
                          {"interval", chart.y_format}}};
  for (const auto& line : spec.lines) {
    for (const auto& point : line.points) {
      table.rows.push_back({text_cell(line.name), formatted(point.x, chart.x_format),
                            formatted(point.y, chart.y_format),
                            interval_cell(point.low, point.high)});
    }
  }
  drop_empty(table, 3);
  drop_empty(table, 0);
  return table;
}

}  // namespace

Table chart_table(const Chart& chart) {
  Table table = std::visit(
      Overloaded{
          [&](const EffectIntervals& spec) { return effect_table(spec, chart.y_format); },
          [&](const TimeSeriesBand& spec) {
            return series_table(spec, chart.x_title, chart.y_format);
          },
          [&](const RetentionCurve& spec) {
            return retention_table(spec, chart.x_title, NumberFormat::percent());
          },
          [&](const FunnelChart& spec) { return funnel_table(spec); },
          [&](const Bars& spec) { return bars_table(spec, chart.x_title, chart.y_format); },
          [&](const Curve& spec) { return curve_table(spec, chart); },
      },
      chart.spec);
  table.title = chart.title;
  table.caption = chart.caption;
  return table;
}

}  // namespace assay::report
