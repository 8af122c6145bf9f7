#include <fmt/core.h>

#include <charconv>
#include <cmath>
#include <map>
#include <span>
#include <utility>

#include "assay/app/assign_parts.hpp"
#include "assay/app/unit_file.hpp"
#include "assay/assignment/switchback.hpp"
#include "assay/base/file.hpp"
#include "assay/base/text.hpp"
#include "assay/experiment/randomisation.hpp"

namespace assay::app {
namespace {

std::string file_subtitle(const AssignOptions& options, const UnitFile& file) {
  return fmt::format("{}, column {}, {} rows", options.units.filename().string(), file.unit,
                     count_text(file.rows));
}

Result<void> write_out(const AssignOptions& options, const std::string& lines, Outcome& outcome) {
  if (options.out.empty()) return {};
  ASSAY_CHECK(write_file(options.out, lines));
  outcome.written.push_back(options.out);
  return {};
}

/// Numbers names in the order of their first appearance.
class Numbering {
 public:
  std::uint32_t of(std::string_view name) {
    const auto [entry, is_new] =
        numbers_.emplace(std::string(name), static_cast<std::uint32_t>(numbers_.size()));
    return entry->second;
  }
  [[nodiscard]] std::size_t size() const { return numbers_.size(); }

 private:
  std::map<std::string, std::uint32_t, std::less<>> numbers_;
};

Result<double> number_of(std::string_view text, const std::string& column, std::string_view unit) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && end == text.data() + text.size() && std::isfinite(value))
    return value;
  return fail(ErrorCode::invalid_data,
              text.empty() ? std::string("a covariate is missing")
                           : fmt::format("a covariate is no number: `{}`", text),
              fmt::format("column {}, unit {}", column, unit),
              "fill it in, or leave the unit out of the file");
}

/// The units of a design and their ids.
struct DesignFile {
  std::vector<std::string> ids;
  experiment::DesignUnits units;
  std::size_t n_strata = 0;
};

Result<DesignFile> read_design(Context& context, UnitFile& file, const spec::Randomisation& r) {
  std::vector<std::string> others;
  for (const spec::Text& name : r.strata) others.push_back(name.value);
  if (!r.clusters.value.empty()) others.push_back(r.clusters.value);
  for (const spec::Text& name : r.covariates) others.push_back(name.value);
  DesignFile out;
  out.units.covariates.resize(r.covariates.size());
  Numbering strata;
  Numbering clusters;
  const auto receive = [&](UnitRow row) -> Result<void> {
    std::size_t at = 1;
    out.ids.emplace_back(row[0]);
    std::string stratum;
    for (std::size_t i = 0; i < r.strata.size(); ++i) stratum += csv_field(row[at++]) + ",";
    if (!r.strata.empty()) out.units.strata.push_back(strata.of(stratum));
    if (!r.clusters.value.empty()) {
      if (row[at].empty())
        return fail(ErrorCode::invalid_data, "a unit has no cluster",
                    fmt::format("column {}, unit {}", r.clusters.value, row[0]));
      out.units.clusters.push_back(clusters.of(row[at++]));
    }
    for (std::size_t c = 0; c < r.covariates.size(); ++c) {
      double value = 0;
      ASSAY_TRY(value, number_of(row[at++], r.covariates[c].value, row[0]));
      out.units.covariates[c].push_back(value);
    }
    return {};
  };
  ASSAY_CHECK(each_unit(context, file, others, receive));
  out.units.n_units = out.ids.size();
  out.n_strata = strata.size();
  return out;
}

std::string arm_name(const spec::Experiment& experiment, std::uint8_t arm) {
  return arm < experiment.arms.size() ? experiment.arms[arm].name.value : "";
}

void add_arms(report::Document& document, const spec::Experiment& experiment,
              std::span<const std::uint8_t> arms, const char* noun) {
  std::vector<std::int64_t> counts(experiment.arms.size(), 0);
  std::int64_t none = 0;
  for (const std::uint8_t arm : arms) ++(arm < counts.size() ? counts[arm] : none);
  document.add(report::Verdict{
      .word = "ASSIGNED",
      .tone = report::Tone::good,
      .headline = fmt::format("{} {} have an arm.",
                              count_text(static_cast<std::int64_t>(arms.size()) - none), noun)});
  report::Table table;
  table.title = "Arms";
  table.columns = {{"arm", {}, {}}, {noun, {}, {}}, {"share", {}, {}}, {"planned", {}, {}}};
  for (std::size_t i = 0; i < counts.size(); ++i) {
    table.rows.push_back(
        {report::text_cell(experiment.arms[i].name.value), report::count_cell(counts[i]),
         report::percent_cell(static_cast<double>(counts[i]) / static_cast<double>(arms.size())),
         report::percent_cell(experiment.arms[i].weight)});
  }
  document.add(std::move(table));
  if (none > 0)
    document.add(report::Text{fmt::format("{} left out: an odd number makes no pairs.", none)});
}

Result<Outcome> assign_regions(Context& context, const AssignedExperiment& experiment,
                               const AssignOptions& options, UnitFile& file) {
  std::vector<std::string> regions;
  ASSAY_CHECK(each_unit(context, file, {}, [&](UnitRow row) -> Result<void> {
    regions.emplace_back(row[0]);
    return {};
  }));
  assignment::Switchback switchback;
  ASSAY_TRY(switchback,
            experiment::switchback_of(experiment.spec, static_cast<std::uint32_t>(regions.size())));
  const auto seed = static_cast<std::uint64_t>(experiment.spec.randomisation->seed.value_or(0));
  const auto arms = assignment::draw_arms(switchback.design, seed, 0);
  std::string lines = csv_field(file.unit) + ",block,start,end,analysed_from,arm\n";
  for (const assignment::Slot& slot : assignment::schedule(switchback, arms)) {
    lines +=
        fmt::format("{},{},{},{},{},{}\n", csv_field(regions[slot.region]), slot.block,
                    time_text(slot.time.begin), time_text(slot.time.end),
                    time_text(slot.analysed_from), csv_field(arm_name(experiment.spec, slot.arm)));
  }
  Outcome out;
  out.document = assignment_document(context, experiment, file_subtitle(options, file));
  add_arms(out.document, experiment.spec, arms, "blocks");
  out.document.add(
      report::Facts{"Design",
                    {{"design", switchback.design.method},
                     {"seed", fmt::format("{}, draw 0", seed)},
                     {"regions", count_text(static_cast<std::int64_t>(regions.size()))},
                     {"blocks of each", count_text(switchback.n_blocks)}}});
  ASSAY_CHECK(write_out(options, lines, out));
  return out;
}

}  // namespace

Result<Outcome> assign_by_hash(Context& context, const AssignedExperiment& experiment,
                               const AssignOptions& options) {
  assignment::TrafficPlan plan;
  ASSAY_TRY(plan, experiment::traffic_plan(experiment.project, experiment.spec));
  auto file = open_units(context, options.units, options.table, options.unit, {});
  if (!file) return tl::unexpected(std::move(file.error()));
  if (!options.allow_duplicates) {
    ASSAY_CHECK(refuse_duplicates(context, *file));
  }
  AssignmentTally tally(plan, experiment.neighbours);
  std::string lines = csv_field(file->unit) + ",arm,outcome\n";
  ASSAY_CHECK(each_unit(context, *file, {}, [&](UnitRow row) -> Result<void> {
    const assignment::Assigned assigned = tally.add(row[0]);
    if (options.out.empty()) return {};
    lines += csv_field(row[0]) + ",";
    if (assigned.outcome == assignment::Outcome::assigned)
      lines += csv_field(plan.request.arms[assigned.arm].name);
    lines.append(",").append(assignment::to_text(assigned.outcome)).append("\n");
    return {};
  }));
  Outcome out;
  out.document = assignment_document(context, experiment, file_subtitle(options, *file));
  tally.report(out.document, out.judged_bad);
  if (file->distinct < file->rows)
    out.document.add(report::Text{fmt::format("{} rows repeat an id; they have its arm too.",
                                              count_text(file->rows - file->distinct))});
  ASSAY_CHECK(write_out(options, lines, out));
  return out;
}

Result<Outcome> assign_by_design(Context& context, const AssignedExperiment& experiment,
                                 const AssignOptions& options) {
  const spec::Randomisation& r = *experiment.spec.randomisation;
  std::vector<std::string> others;
  for (const auto* names : {&r.strata, &r.covariates})
    for (const spec::Text& name : *names) others.push_back(name.value);
  if (!r.clusters.value.empty()) others.push_back(r.clusters.value);
  auto file = open_units(context, options.units, options.table, options.unit, others);
  if (!file) return tl::unexpected(std::move(file.error()));
  ASSAY_CHECK(refuse_duplicates(context, *file));
  if (r.method == spec::RandomisationMethod::switchback)
    return assign_regions(context, experiment, options, *file);
  DesignFile read;
  ASSAY_TRY(read, read_design(context, *file, r));
  experiment::UnitDesign made;
  ASSAY_TRY(made, experiment::unit_design(experiment.spec, read.units));
  const auto arms = assignment::draw_arms(made.design, made.seed, 0);
  std::vector<std::string> pair_of(arms.size());
  if (made.pairs) {
    for (std::size_t i = 0; i < made.pairs->pairs.size(); ++i)
      for (const std::uint32_t unit : made.pairs->pairs[i])
        pair_of[unit] = fmt::format("{}", i + 1);
  }
  std::string lines = csv_field(file->unit) + (made.pairs ? ",arm,pair\n" : ",arm\n");
  for (std::size_t i = 0; i < arms.size(); ++i) {
    lines += csv_field(read.ids[i]) + "," + csv_field(arm_name(experiment.spec, arms[i]));
    lines += made.pairs ? "," + pair_of[i] + "\n" : std::string("\n");
  }
  Outcome out;
  out.document = assignment_document(context, experiment, file_subtitle(options, *file));
  add_arms(out.document, experiment.spec, arms, "units");
  report::Facts facts{"Design", {}};
  for (const auto& [key, value] : made.facts) facts.items.push_back({key, value});
  if (!read.units.strata.empty())
    facts.items.push_back({"strata", count_text(static_cast<std::int64_t>(read.n_strata))});
  facts.items.push_back({"order of the file", "is part of the design: unit i is row i"});
  out.document.add(std::move(facts));
  ASSAY_CHECK(write_out(options, lines, out));
  return out;
}

}  // namespace assay::app
