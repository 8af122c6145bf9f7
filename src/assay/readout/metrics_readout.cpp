#include "assay/readout/metrics_readout.hpp"

#include <fmt/core.h>

#include <charconv>
#include <cmath>
#include <optional>

#include "assay/base/text.hpp"
#include "assay/stats/interval.hpp"
#include "assay/stats/value.hpp"

namespace assay::readout {
namespace {

using report::Number;

constexpr double kLevel = 0.95;

/// A metric of one period as it is shown.
struct Shown {
  Number numerator, denominator;  ///< Totals.
  Number value, low, high;
};

/// Takes the interval where there is one; else says why there is none.
template <class Interval>
void take_interval(const Interval& interval, Shown& shown) {
  if (interval) {
    shown.low = interval->ci_low;
    shown.high = interval->ci_high;
  } else {
    shown.low = shown.high = Number::undefined(interval.error().problem);
  }
}

/// A sum without the digits that hang on the order of adding: 12 remain. Else one that is whole, or
/// half a cent, would read differently by who added it up.
double settled(double sum) {
  const std::string text = fmt::format("{:.12g}", sum);
  double number = sum;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

/// The sum behind a mean; whole where the measure counts.
double total_of(const std::optional<spec::Measure>& measure, double mean, double n) {
  const bool adds_up =
      measure && (measure->agg == spec::Aggregation::sum || measure->agg == spec::Aggregation::max);
  return adds_up ? settled(mean * n) : std::round(mean * n);
}

Shown shown_of(const spec::Metric& metric, const engine::MetricMoments& moments) {
  Shown out;
  const auto n = static_cast<double>(moments.n);
  if (moments.n == 0) {
    const Number none = Number::undefined("nobody was active in the period");
    return {none, none, none, none, none};
  }
  out.numerator = total_of(metric.numerator, moments.mean[0], n);
  if (metric.type.value == spec::MetricType::ratio) {
    out.denominator = total_of(metric.denominator, moments.mean[1], n);
    const auto interval = stats::ratio_value(moments, kLevel);
    out.value = moments.mean[1] == 0.0 ? Number::undefined("the denominator is 0")
                                       : Number(*out.numerator.value / *out.denominator.value);
    take_interval(interval, out);
    return out;
  }
  out.denominator = n;
  out.value = moments.mean[0];
  if (metric.type.value == spec::MetricType::proportion) {
    const auto interval = stats::wilson(std::llround(moments.mean[0] * n), moments.n, kLevel);
    if (interval) {
      out.low = interval->low;
      out.high = interval->high;
    }
    return out;
  }
  take_interval(stats::mean_value(moments.marginal(0), kLevel), out);
  return out;
}

/// The value's own format; percent for proportions. A column has one format, so percent values
/// are put into cells of their own table.
report::NumberFormat format_of(const spec::Metric& metric) {
  return metric.type.value == spec::MetricType::proportion ? report::NumberFormat::percent()
                                                           : report::NumberFormat::number();
}

std::string measure_words(const spec::Measure& measure) {
  std::vector<std::string> events;
  for (const spec::Text& event : measure.events) events.push_back(event.value);
  const std::string what = events.empty() ? "any event" : list_text(events);
  std::string text;
  switch (measure.agg) {
    case spec::Aggregation::sum:
      text = fmt::format("sum of {} over {}", measure.column.value, what);
      break;
    case spec::Aggregation::max:
      text = fmt::format("largest {} of {}", measure.column.value, what);
      break;
    case spec::Aggregation::distinct_days:
      text = fmt::format("days with {}", what);
      break;
    case spec::Aggregation::any:
      text = fmt::format("has {}", what);
      break;
    default:
      text = fmt::format("number of {}", what);
  }
  if (!measure.filter.value.empty()) text += " where " + measure.filter.value;
  return text;
}

std::string definition(const spec::Metric& metric, const std::string& unit) {
  const std::string numerator = metric.numerator ? measure_words(*metric.numerator) : "";
  switch (metric.type.value) {
    case spec::MetricType::ratio:
      return fmt::format("{}: {}, over {}; delta method, {}s as clusters", metric.name.value,
                         numerator, metric.denominator ? measure_words(*metric.denominator) : "",
                         unit);
    case spec::MetricType::proportion:
      return fmt::format("{}: share of {}s with {}; Wilson's interval", metric.name.value, unit,
                         numerator.starts_with("has ") ? numerator.substr(4) : numerator);
    default:
      return fmt::format("{}: {}, per {}; Student's t interval", metric.name.value, numerator,
                         unit);
  }
}

std::string period_text(const MetricsPage::Period& period) {
  std::string text = day_text(period.first) + " to " + day_text(period.last);
  return period.complete ? text : text + " (not complete)";
}

/// Whole numbers read as counts.
report::Cell total_cell(const Number& total) {
  const bool whole = total.value && *total.value == std::floor(*total.value);
  return whole && std::abs(*total.value) < 1e15
             ? report::count_cell(static_cast<std::int64_t>(*total.value))
             : report::number_cell(total);
}

std::vector<report::Cell> row_of(std::string label, const Shown& shown) {
  return {report::text_cell(std::move(label)), total_cell(shown.numerator),
          total_cell(shown.denominator), report::estimate_cell(shown.value, shown.low, shown.high)};
}

std::vector<report::Column> columns_of(std::string label, report::NumberFormat format) {
  return {{std::move(label)},
          {"numerator", report::NumberFormat::money("")},
          {"over", report::NumberFormat::count()},
          {"value and 95 % interval", std::move(format)}};
}

void add_one_period(const MetricsPage& page, report::Document& document) {
  for (const bool percent : {false, true}) {
    const auto format = percent ? report::NumberFormat::percent() : report::NumberFormat::number();
    report::Table table{.columns = columns_of("metric", format)};
    for (std::size_t m = 0; m < page.metrics.size(); ++m) {
      if ((page.metrics[m]->type.value == spec::MetricType::proportion) != percent) continue;
      table.rows.push_back(row_of(page.metrics[m]->name.value,
                                  shown_of(*page.metrics[m], page.periods[0].totals.moments[m])));
    }
    if (!table.rows.empty()) document.add(std::move(table));
  }
}

void add_series(const MetricsPage& page, report::Document& document) {
  for (std::size_t m = 0; m < page.metrics.size(); ++m) {
    const spec::Metric& metric = *page.metrics[m];
    report::Section section{metric.name.value, report::Layer::evidence, {}};
    report::Table table{.columns = columns_of("period", format_of(metric))};
    report::Series line{.name = metric.name.value};
    for (const MetricsPage::Period& period : page.periods) {
      const Shown shown = shown_of(metric, period.totals.moments[m]);
      table.rows.push_back(row_of(period_text(period), shown));
      line.points.push_back({day_text(period.first), shown.value, shown.low, shown.high});
    }
    report::TimeSeriesBand spec;
    spec.views = {{"", {std::move(line)}}};
    section.blocks.emplace_back(report::Chart{
        .title = metric.name.value,
        .x_title = "first day of the period",
        .y_title = metric.name.value,
        .y_format = format_of(metric),
        .how_to_read = "Each point is the value of one period with its 95 % interval.",
        .spec = std::move(spec)});
    section.blocks.emplace_back(std::move(table));
    document.add(std::move(section));
  }
}

}  // namespace

report::Document metrics_document(const MetricsPage& page, const report::Provenance& provenance) {
  report::Document document{.kind = "metrics", .title = page.title};
  document.provenance = provenance;
  const auto& active = page.query.active.names;
  document.add(report::Text{fmt::format(
      "Every {} with {} in a period counts in it, with 0 where it did nothing that a metric "
      "measures. Days are local; time zone: {}.",
      page.unit, active.empty() ? "any event" : list_text(active), page.query.timezone.name())});
  if (!page.origin.empty()) document.add(report::Text{page.origin});
  if (page.periods.size() == 1) {
    document.add(
        report::Facts{.items = {{"period", period_text(page.periods[0])},
                                {page.unit + "s", count_text(page.periods[0].totals.units)}}});
    add_one_period(page, document);
  } else {
    report::Table units{.title = page.unit + "s", .columns = {{"period"}, {page.unit + "s"}}};
    for (const MetricsPage::Period& period : page.periods)
      units.rows.push_back(
          {report::text_cell(period_text(period)), report::count_cell(period.totals.units)});
    document.add(std::move(units));
    add_series(page, document);
  }
  report::Notes notes{.title = "What is measured"};
  for (const spec::Metric* metric : page.metrics)
    notes.items.push_back({definition(*metric, page.unit)});
  for (const auto& [name, why] : page.left_out)
    notes.items.push_back({fmt::format("{}: left out; {}", name, why), report::Tone::warn});
  document.add(std::move(notes));
  return document;
}

}  // namespace assay::readout
