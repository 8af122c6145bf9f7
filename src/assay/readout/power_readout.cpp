#include "assay/readout/power_readout.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "assay/report/format.hpp"
#include "assay/spec/experiment.hpp"

namespace assay::readout {
namespace {

using report::Cell;
using report::Chart;
using report::Curve;
using report::Number;
using report::NumberFormat;
using report::Section;
using report::Table;
using report::text_cell;

std::string effect_text(const PowerMetric& metric, double effect) {
  if (metric.relative) return report::format_percent(effect);
  if (metric.share) return fmt::format("{:.3g} pp", 100.0 * effect);
  return report::format_significant(effect, 3);
}

Cell effect_cell(const PowerMetric& metric, const Number& effect) {
  if (!effect.defined()) return report::undefined_cell(effect.reason);
  return text_cell(effect_text(metric, *effect.value));
}

Cell count_or_why(const Number& number) {
  if (!number.defined()) return report::undefined_cell(number.reason);
  return report::count_cell(static_cast<std::int64_t>(*number.value));
}

const PowerMetric* weakest_primary(const PowerPage& page) {
  const PowerMetric* weakest = nullptr;
  for (const PowerMetric& metric : page.metrics) {
    if (metric.role != "primary" || !metric.undefined.empty()) continue;
    const auto power = [](const PowerMetric& one) { return one.power.value.value_or(2.0); };
    if (weakest == nullptr || power(metric) < power(*weakest)) weakest = &metric;
  }
  return weakest;
}

report::Verdict verdict_of(const PowerPage& page) {
  report::Verdict out{.word = "NO HISTORY", .tone = report::Tone::warn};
  const PowerMetric* primary = weakest_primary(page);
  out.facts = {fmt::format("{} week{}", page.weeks, page.weeks == 1 ? "" : "s"),
               fmt::format("{} units", report::format_count(page.n))};
  if (primary == nullptr) {
    out.headline = "No primary metric can be planned with: its past says nothing.";
    return out;
  }
  const std::string detectable =
      primary->detectable.defined() ? effect_text(*primary, *primary->detectable.value) : "nothing";
  if (!primary->effect) {
    out.word = "PLAN";
    out.tone = report::Tone::neutral;
    out.headline =
        fmt::format("{} weeks detect a change of {} in {} with a power of {}.", page.weeks,
                    detectable, primary->name, report::format_percent(primary->test_power));
    out.next = {
        "State the smallest effect worth shipping: design: minimum_detectable_effect, or "
        "--effect."};
    return out;
  }
  const bool small = too_small(page);
  out.word = small ? "TOO SMALL" : "ENOUGH";
  out.tone = small ? report::Tone::bad : report::Tone::good;
  out.headline = fmt::format(
      "A change of {} in {} is found with a power of {} in {} weeks; the smallest found with {} is "
      "{}.",
      effect_text(*primary, *primary->effect), primary->name,
      report::format_percent(primary->power.value.value_or(0.0)), page.weeks,
      report::format_percent(primary->test_power), detectable);
  if (small && primary->weeks_needed.defined())
    out.next.push_back(fmt::format("Run {:.0f} weeks.", *primary->weeks_needed.value));
  if (small && !primary->weeks_needed.defined())
    out.next.push_back("More time does not help: " + primary->weeks_needed.reason + ".");
  return out;
}

Table metric_table(const PowerPage& page) {
  Table table{.title = fmt::format("In {} weeks", page.weeks),
              .columns = {{"metric"},
                          {"role"},
                          {"today"},
                          {"plan for", {}, report::Align::right},
                          {"power"},
                          {"smallest", {}, report::Align::right},
                          {"units"},
                          {"weeks"}}};
  for (const PowerMetric& metric : page.metrics) {
    if (!metric.undefined.empty()) {
      table.rows.push_back({text_cell(metric.name), text_cell(metric.role),
                            report::undefined_cell(metric.undefined)});
      continue;
    }
    const bool enough = metric.power.value.value_or(0.0) >= metric.test_power;
    table.rows.push_back(
        {text_cell(metric.name), text_cell(metric.role),
         metric.share ? report::percent_cell(metric.baseline)
                      : report::number_cell(metric.baseline),
         metric.effect
             ? text_cell((metric.margin ? "margin " : "") + effect_text(metric, *metric.effect))
             : report::undefined_cell("no effect is stated"),
         metric.power.defined()
             ? report::percent_cell(metric.power, enough ? report::Mark::good : report::Mark::bad)
             : report::undefined_cell(metric.power.reason),
         effect_cell(metric, metric.detectable), count_or_why(metric.units_needed),
         count_or_why(metric.weeks_needed)});
  }
  table.caption =
      "power: of finding what is planned for (a guardrail: of showing it within its margin when "
      "nothing changes). smallest: found with the power planned. units, weeks: needed for it.";
  return table;
}

Section rule_section(const PowerPage& page) {
  Section section{"Error rates of the whole rule", report::Layer::evidence, {}};
  Table table{.columns = {{"world"},
                          {"ship"},
                          {"95 % interval", NumberFormat::percent()},
                          {"do not ship"},
                          {"iterate"},
                          {"extend"},
                          {"invalid"}}};
  for (const decision::WorldRates& world : page.rule->worlds) {
    const auto share = [&](spec::Verdict verdict) {
      return report::percent_cell(
          static_cast<double>(world.verdicts[static_cast<std::size_t>(verdict)]) /
          page.rule->replications);
    };
    table.rows.push_back({text_cell(world.world), share(spec::Verdict::ship),
                          report::interval_cell(world.ship.low, world.ship.high),
                          share(spec::Verdict::do_not_ship), share(spec::Verdict::iterate),
                          share(spec::Verdict::extend), share(spec::Verdict::invalid)});
  }
  table.caption = fmt::format(
      "{} simulated experiments of {} units a world, read by the rules as written. null: nothing "
      "changes. target: the primary metrics improve as planned. harm: they do, and one guardrail "
      "worsens by its margin. worse: the primary metrics fall by as much.",
      report::format_count(page.rule->replications), report::format_count(page.rule->n_total));
  section.blocks.emplace_back(std::move(table));
  section.blocks.emplace_back(report::Text{
      page.units_for_rule.defined()
          ? fmt::format("The target ships with a probability of {} from {} units on.",
                        report::format_percent(page.power),
                        report::format_count(*page.units_for_rule.value))
          : "Units for the target to ship with the power planned: " + page.units_for_rule.reason +
                "."});
  report::Notes notes{.title = "Taken for granted"};
  for (const std::string& text : page.rule->assumed) notes.items.push_back({text});
  section.blocks.emplace_back(std::move(notes));
  return section;
}

NumberFormat effect_format(const PowerMetric& metric) {
  if (metric.relative) return NumberFormat::percent();
  return metric.share ? NumberFormat::points() : NumberFormat::number();
}

Section curves_section(const PowerPage& page) {
  Section section{"Power curves", report::Layer::evidence, {}};
  for (const PowerMetric& metric : page.metrics) {
    if (metric.curve.empty()) continue;
    Curve curve{.lines = {{metric.name, metric.curve}},
                .reference_x = metric.effect,
                .reference_y = metric.test_power};
    section.blocks.emplace_back(
        Chart{.title = fmt::format("Power for {}", metric.name),
              .x_title = metric.margin     ? "margin"
                         : metric.relative ? "relative change"
                                           : "change",
              .y_title = "power",
              .x_format = effect_format(metric),
              .y_format = NumberFormat::percent(),
              .how_to_read = "Where the curve crosses the line is the smallest effect that the "
                             "planned weeks find.",
              .spec = std::move(curve)});
  }
  return section;
}

Section weeks_section(const PowerPage& page) {
  Section section{"Week by week", report::Layer::evidence, {}};
  for (const PowerMetric& metric : page.metrics) {
    if (metric.weeks.empty() || metric.role == "diagnostic") continue;
    Table table{.title = metric.name,
                .columns = {{"weeks"}, {"units"}, {"smallest", {}, report::Align::right}}};
    if (metric.effect) table.columns.push_back({"power"});
    bool extrapolated = false;
    for (const PowerWeek& week : metric.weeks) {
      std::vector<Cell> row{
          text_cell(fmt::format("{}{}", week.weeks, week.extrapolated ? " *" : "")),
          count_or_why(week.n), effect_cell(metric, week.detectable)};
      if (metric.effect) {
        row.push_back(week.power.defined() ? report::percent_cell(week.power)
                                           : report::undefined_cell(week.power.reason));
      }
      extrapolated = extrapolated || week.extrapolated;
      table.rows.push_back(std::move(row));
    }
    if (extrapolated)
      table.caption =
          "* beyond the days of history: arrivals of its last week go on, spread as in "
          "its longest window.";
    section.blocks.emplace_back(std::move(table));
  }
  return section;
}

std::optional<Section> simulation_section(const PowerPage& page) {
  Table table{.columns = {{"metric"},
                          {"units"},
                          {"planted", NumberFormat::relative()},
                          {"found"},
                          {"95 % interval", NumberFormat::percent()},
                          {"formula"}}};
  for (const PowerMetric& metric : page.metrics) {
    if (!metric.simulated) continue;
    const SimulatedRate& rate = *metric.simulated;
    const bool agrees = rate.formula >= rate.low && rate.formula <= rate.high;
    table.rows.push_back(
        {text_cell(metric.name), count_or_why(rate.n), report::lift_cell(rate.effect),
         report::percent_cell(rate.rate), report::interval_cell(rate.low, rate.high),
         report::percent_cell(rate.formula, agrees ? report::Mark::good : report::Mark::neutral)});
    table.caption = fmt::format(
        "{} re-randomisations of units of the history, the effect planted in treatment, read with "
        "caps and covariates as the experiment will be.",
        report::format_count(rate.replications));
  }
  if (table.rows.empty()) return std::nullopt;
  return Section{"Checked on your own units", report::Layer::evidence, {std::move(table)}};
}

}  // namespace

bool too_small(const PowerPage& page) {
  return std::any_of(page.metrics.begin(), page.metrics.end(), [](const PowerMetric& metric) {
    return metric.role == "primary" && metric.effect &&
           metric.power.value.value_or(0.0) < metric.test_power;
  });
}

report::Document power_document(const PowerPage& page, const report::Provenance& provenance) {
  report::Document out{.kind = "power", .title = page.experiment};
  out.subtitle = "Power of the experiment as planned";
  out.provenance = provenance;
  out.add(verdict_of(page));
  out.add(metric_table(page));
  if (page.rule) out.add(rule_section(page));
  out.add(curves_section(page));
  out.add(weeks_section(page));
  if (auto simulation = simulation_section(page)) out.add(std::move(*simulation));
  if (!page.history.empty()) out.add(report::Facts{.title = "History", .items = page.history});
  report::Notes notes;
  for (const std::string& note : page.notes) notes.items.push_back({note});
  if (!notes.items.empty()) out.add(std::move(notes));
  return out;
}

}  // namespace assay::readout
