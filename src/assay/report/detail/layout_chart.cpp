#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "assay/base/text.hpp"
#include "assay/report/detail/layout.hpp"
#include "assay/report/detail/outline.hpp"
#include "assay/report/format.hpp"

namespace assay::report {
namespace {

constexpr int kNameWidth = 22;
constexpr int kSparkWidth = 32;
constexpr int kBarWidth = 24;
constexpr std::size_t kTableColumns = 6;

struct Range {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();

  void add(double x) {
    low = std::min(low, x);
    high = std::max(high, x);
  }
  void add(const Number& x) {
    if (x.value) add(*x.value);
  }
  [[nodiscard]] bool empty() const { return !(low <= high); }
  /// Where x stands between the ends, 0 to 1.
  [[nodiscard]] double share(double x) const {
    return high > low ? std::clamp((x - low) / (high - low), 0.0, 1.0) : 0.5;
  }
};

struct Frame {
  int indent;
  int width;
  const Paint& paint;
  /// What is left of a line for a drawing beside so many columns of words.
  [[nodiscard]] int room(int words, int most) const {
    return std::clamp(width - indent - words, 6, most);
  }
  [[nodiscard]] std::string margin() const {
    return std::string(static_cast<std::size_t>(indent), ' ');
  }
};

std::string joined(const std::vector<std::string>& cells) {
  std::string line;
  for (const std::string& cell : cells) line += cell;
  return line;
}

std::string trimmed(std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  return line + "\n";
}

std::string with_interval(const Number& value, const Number& low, const Number& high,
                          const NumberFormat& format) {
  const std::string text = format_estimate(value, low, high, format);
  if (!low.defined() && !high.defined()) return text;
  return text + "  " + format_interval(low, high, format);
}

int widest(const std::vector<std::string>& names, int limit) {
  int width = 0;
  for (const std::string& name : names) width = std::max(width, display_width(name));
  return std::min(width, limit);
}

/// One interval on a scale: ├──●──┤ with the zero line behind it.
std::string interval_bar(const EffectIntervals::Row& row, double zero, const Range& range,
                         int cells) {
  std::vector<std::string> bar(static_cast<std::size_t>(cells), " ");
  const auto at = [&](double x) {
    return static_cast<std::size_t>(std::lround(range.share(x) * (cells - 1)));
  };
  bar[at(zero)] = "│";
  if (row.margin) bar[at(*row.margin)] = "┊";
  if (row.low.value && row.high.value) {
    const std::size_t low = at(*row.low.value);
    const std::size_t high = at(*row.high.value);
    for (std::size_t i = low; i <= high; ++i) bar[i] = bar[i] == "│" ? "┼" : "─";
    bar[low] = "├";
    bar[high] = "┤";
  }
  if (row.estimate.value) bar[at(*row.estimate.value)] = "●";
  return joined(bar);
}

std::string draw(const EffectIntervals& spec, const Chart& chart, const Frame& frame) {
  Range range;
  range.add(spec.zero);
  std::vector<std::string> names;
  int value_width = 0;
  for (const auto& row : spec.rows) {
    for (const Number* x : {&row.estimate, &row.low, &row.high}) range.add(*x);
    if (row.margin) range.add(*row.margin);
    names.push_back(row.name);
    value_width = std::max(
        value_width, display_width(with_interval(row.estimate, row.low, row.high, chart.y_format)));
  }
  const int name_width = widest(names, kNameWidth);
  const int cells = std::clamp(frame.width - frame.indent - name_width - value_width - 8, 10, 48);
  std::string out;
  std::string group;
  for (const auto& row : spec.rows) {
    if (row.group != group) out += frame.margin() + frame.paint.muted(row.group) + "\n";
    group = row.group;
    const std::string text = with_interval(row.estimate, row.low, row.high, chart.y_format);
    out += trimmed(fmt::format(
        "{}{}  {}  {}  {}", frame.margin(), pad_right(shorten(row.name, name_width), name_width),
        frame.paint.tone(interval_bar(row, spec.zero, range, cells), tone_of(row.mark)),
        pad_right(text, value_width), frame.paint.tone(mark_sign(row.mark), tone_of(row.mark))));
  }
  const std::string low = format_number(range.low, chart.y_format);
  const std::string high = format_number(range.high, chart.y_format);
  out += frame.margin() + std::string(static_cast<std::size_t>(name_width + 2), ' ') +
         frame.paint.muted(low + pad_left(high, cells - display_width(low))) + "\n";
  return out;
}

/// Heights of a series on a scale, buckets averaged when there are more points than columns.
std::string sparkline(const std::vector<Number>& values, const Range& range, int cells) {
  constexpr const char* kLevels[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  const std::size_t n = values.size();
  const std::size_t columns = std::min(n, static_cast<std::size_t>(cells));
  std::string out;
  for (std::size_t c = 0; c < columns; ++c) {
    double sum = 0.0;
    int count = 0;
    for (std::size_t i = c * n / columns; i < (c + 1) * n / columns; ++i) {
      if (!values[i].value) continue;
      sum += *values[i].value;
      ++count;
    }
    out += count == 0 ? " " : kLevels[std::lround(range.share(sum / count) * 7.0)];
  }
  return out;
}

/// A line of the form: name  ▁▂▃▅▇  from first to last.
std::string spark_row(const std::string& name, int name_width, const std::vector<Number>& values,
                      const Range& range, const std::string& words, const Frame& frame) {
  const int cells = frame.room(name_width + display_width(words) + 4, kSparkWidth);
  return trimmed(fmt::format(
      "{}{}  {}  {}", frame.margin(), pad_right(shorten(name, name_width), name_width),
      pad_right(sparkline(values, range, cells), std::min(cells, static_cast<int>(values.size()))),
      words));
}

std::string draw(const TimeSeriesBand& spec, const Chart& chart, const Frame& frame) {
  std::string out;
  for (const auto& view : spec.views) {
    Range range;
    std::vector<std::string> names;
    for (const Series& series : view.series) {
      names.push_back(series.name);
      for (const SeriesPoint& point : series.points) range.add(point.estimate);
    }
    if (!view.name.empty()) out += frame.margin() + frame.paint.muted(view.name) + "\n";
    if (range.empty()) continue;
    for (const Series& series : view.series) {
      if (series.points.empty()) continue;
      std::vector<Number> values;
      for (const SeriesPoint& point : series.points) values.push_back(point.estimate);
      const SeriesPoint& last = series.points.back();
      out += spark_row(series.name, widest(names, kNameWidth), values, range,
                       "last " + with_interval(last.estimate, last.low, last.high, chart.y_format),
                       frame);
    }
    const auto longest = std::ranges::max_element(
        view.series, {}, [](const Series& series) { return series.points.size(); });
    const auto& points = longest->points;  // Not empty: the range has something in it.
    out += frame.margin() +
           frame.paint.muted(fmt::format("{} to {}; bars from {} to {}", points.front().x,
                                         points.back().x, format_number(range.low, chart.y_format),
                                         format_number(range.high, chart.y_format))) +
           "\n";
  }
  for (const auto& note : spec.annotations) {
    out += frame.margin() + frame.paint.muted(note.x + "  ") + note.text + "\n";
  }
  return out;
}

/// At most six of the indices 0..n-1, evenly spread, ends included.
std::vector<std::size_t> spread(std::size_t n) {
  std::vector<std::size_t> picks;
  const std::size_t count = std::min(n, kTableColumns);
  for (std::size_t i = 0; i < count; ++i) {
    picks.push_back(count == 1 ? 0 : i * (n - 1) / (count - 1));
  }
  return picks;
}

std::string draw(const RetentionCurve& spec, const Chart& chart, const Frame& frame) {
  std::string out;
  Range range;
  range.add(0.0);
  std::vector<int> ks;
  std::vector<std::string> names;
  for (const auto& arm : spec.arms) {
    names.push_back(arm.name);
    for (const auto& point : arm.points) {
      range.add(point.rate);
      if (std::ranges::find(ks, point.k) == ks.end()) ks.push_back(point.k);
    }
  }
  std::ranges::sort(ks);
  for (const auto& arm : spec.arms) {
    std::vector<Number> rates;
    for (const auto& point : arm.points) rates.push_back(point.rate);
    out += spark_row(arm.name, widest(names, kNameWidth), rates, range, "", frame);
  }
  Table table{.columns = {{chart.x_title}}};
  const auto picks = spread(ks.size());
  for (const std::size_t pick : picks) {
    table.columns.push_back({std::to_string(ks[pick]), NumberFormat::percent(), Align::right});
  }
  for (const auto& arm : spec.arms) {
    std::vector<Cell> row{text_cell(arm.name)};
    for (const std::size_t pick : picks) {
      const auto at =
          std::ranges::find_if(arm.points, [&](const auto& point) { return point.k == ks[pick]; });
      row.push_back(at == arm.points.end() ? text_cell("") : percent_cell(at->rate));
    }
    table.rows.push_back(std::move(row));
  }
  return out + "\n" + layout_table(table, frame.indent, frame.width, frame.paint);
}

/// A horizontal bar of a share of the full width, in eighths of a column.
std::string bar_of(double share, int cells) {
  constexpr const char* kEighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  const long eighths = std::lround(std::clamp(share, 0.0, 1.0) * cells * 8.0);
  std::string out;
  for (long i = 0; i < eighths / 8; ++i) out += "█";
  return out + kEighths[eighths % 8];
}

std::string draw(const FunnelChart& spec, const Chart&, const Frame& frame) {
  std::vector<std::string> arm_names;
  int count_width = 0;
  double most = 1.0;
  for (const auto& arm : spec.arms) {
    arm_names.push_back(arm.name);
    for (const auto& stage : arm.stages) {
      count_width = std::max(count_width, display_width(count_text(stage.count)));
      most = std::max(most, static_cast<double>(stage.count));
    }
  }
  const int step_width = widest(spec.steps, kNameWidth);
  const int arm_width = widest(arm_names, 12);
  const int cells = frame.room(step_width + arm_width + count_width + 15, kBarWidth);
  std::string out;
  for (std::size_t s = 0; s < spec.steps.size(); ++s) {
    std::string step = spec.steps[s];
    for (const auto& arm : spec.arms) {
      if (s >= arm.stages.size()) continue;
      const auto& stage = arm.stages[s];
      const double share = stage.rate.value.value_or(static_cast<double>(stage.count) / most);
      out += trimmed(fmt::format(
          "{}{}  {}{}{}  {}  {}", frame.margin(), pad_right(shorten(step, step_width), step_width),
          pad_right(shorten(arm.name, arm_width), arm_width), arm_width > 0 ? "  " : "",
          pad_right(bar_of(share, cells), cells), pad_left(count_text(stage.count), count_width),
          pad_left(format_number(stage.rate, NumberFormat::percent()), 7)));
      step.clear();
    }
  }
  return out;
}

/// A bar from the middle line: to the left when negative.
std::string signed_bar(double value, double most, int cells) {
  const int half = cells / 2;
  const std::string bar = bar_of(std::fabs(value) / most, half);
  if (value >= 0.0) return std::string(static_cast<std::size_t>(half), ' ') + "│" + bar;
  std::string whole;  // Blocks fill from the left, so a left-going bar is made of whole ones.
  for (long i = 0; i < std::lround(std::fabs(value) / most * half); ++i) whole += "█";
  return pad_left(whole, half) + "│";
}

std::string draw(const Bars& spec, const Chart& chart, const Frame& frame) {
  double most = 0.0;
  bool negative = false;
  int value_width = 0;
  std::vector<std::string> group_names;
  for (const auto& group : spec.groups) {
    group_names.push_back(group.name);
    for (const Number& value : group.values) {
      most = std::max(most, std::fabs(value.value.value_or(0.0)));
      negative = negative || value.value.value_or(0.0) < 0.0;
      value_width = std::max(value_width, display_width(format_number(value, chart.y_format)));
    }
  }
  if (most == 0.0) most = 1.0;
  const int name_width = widest(spec.labels, kNameWidth);
  const int group_width = spec.groups.size() > 1 ? widest(group_names, 14) : 0;
  const int cells =
      frame.room(name_width + group_width + value_width + 7, negative ? kBarWidth + 8 : kBarWidth);
  std::string out;
  for (std::size_t i = 0; i < spec.labels.size(); ++i) {
    std::string label = spec.labels[i];
    for (const auto& group : spec.groups) {
      if (i >= group.values.size()) continue;
      const double value = group.values[i].value.value_or(0.0);
      const std::string bar =
          negative ? signed_bar(value, most, cells) : bar_of(value / most, cells);
      out += trimmed(fmt::format(
          "{}{}  {}{}{}  {}", frame.margin(), pad_right(shorten(label, name_width), name_width),
          pad_right(group_width > 0 ? shorten(group.name, group_width) : "", group_width),
          group_width > 0 ? "  " : "", pad_right(bar, negative ? cells + 1 : cells),
          format_number(group.values[i], chart.y_format)));
      label.clear();
    }
  }
  return out;
}

std::string draw(const Curve& spec, const Chart& chart, const Frame& frame) {
  std::string out;
  for (const auto& line : spec.lines) {
    Table table{.columns = {{chart.x_title, chart.x_format, Align::right},
                            {chart.y_title, chart.y_format, Align::right}}};
    const std::size_t n = line.points.size();
    const std::size_t rows = std::min<std::size_t>(n, 10);
    Range range;
    std::vector<Number> values;
    for (const auto& point : line.points) {
      range.add(point.y);
      values.push_back(point.y);
    }
    if (range.empty()) continue;
    out += spark_row(line.name, display_width(line.name), values, range, "", frame);
    for (std::size_t i = 0; i < rows; ++i) {
      const auto& point = line.points[rows == 1 ? 0 : i * (n - 1) / (rows - 1)];
      table.rows.push_back({number_cell(point.x), number_cell(point.y)});
    }
    out += layout_table(table, frame.indent, frame.width, frame.paint);
  }
  return out;
}

}  // namespace

std::string layout_chart(const Chart& chart, int indent, int width, const Paint& paint) {
  const Frame frame{indent, width, paint};
  return std::visit([&](const auto& spec) { return draw(spec, chart, frame); }, chart.spec);
}

}  // namespace assay::report
