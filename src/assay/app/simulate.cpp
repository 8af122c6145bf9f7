#include "assay/app/simulate.hpp"

#include <fmt/core.h>

#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "assay/app/simulate_truth.hpp"
#include "assay/base/file.hpp"
#include "assay/base/hash.hpp"
#include "assay/base/text.hpp"
#include "assay/engine/database.hpp"
#include "assay/numerics/parallel.hpp"
#include "assay/simulation/world.hpp"

namespace assay::app {
namespace {

namespace fs = std::filesystem;

Result<simulation::WorldConfig> configure(const SimulateOptions& options) {
  simulation::WorldConfig config;
  ASSAY_TRY(config, simulation::preset(options.preset));
  config.seed = options.seed;
  if (options.sample_ratio_fault) config.sample_ratio_fault.enabled = true;
  if (options.users > 0) {
    config.users = options.users;
  } else {
    ASSAY_TRY(config.users, simulation::users_for_events(config, options.events));
  }
  ASSAY_CHECK(simulation::validate(config));
  return config;
}

/// The truth of a finished world in the folder, when it is the world asked for.
std::optional<nlohmann::json> finished(const fs::path& truth, const std::string& world) {
  const auto text = read_file(truth);
  if (!text) return std::nullopt;
  auto json = nlohmann::json::parse(*text, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded() || json.value("world", "") != world) return std::nullopt;
  return json;
}

/// Empties the folder of events, if they are ours: a truth.json or a mark of ours beside them.
Result<void> clear_events(const fs::path& folder) {
  const fs::path events = folder / "data" / "events";
  const fs::path mark = folder / "data" / ".simulated";
  std::error_code failed;
  if (fs::exists(events, failed) && !fs::is_empty(events, failed) && !fs::exists(mark, failed)) {
    return fail(ErrorCode::unavailable, "the folder holds events that assay did not simulate",
                events.string(), "choose another folder");
  }
  fs::remove(folder / "truth.json", failed);
  fs::remove_all(events, failed);
  return write_file(mark, "These events were written by assay simulate.\n");
}

Result<void> copy_project(const fs::path& from, const fs::path& to) {
  if (from.empty()) return {};
  std::error_code failed;
  if (!fs::exists(from / "assay.yaml", failed)) {
    return fail(ErrorCode::unavailable, "no assay.yaml in the project to copy", from.string());
  }
  for (const auto& entry : fs::recursive_directory_iterator(from, failed)) {
    if (!entry.is_regular_file() || entry.path().extension() != ".yaml") continue;
    std::string text;
    ASSAY_TRY(text, read_file(entry.path()));
    const fs::path target = to / fs::relative(entry.path(), from, failed);
    const auto existing = read_file(target);
    if (existing && *existing == text) continue;
    ASSAY_CHECK(write_file(target, text));
  }
  return {};
}

Simulated summary_of(const nlohmann::json& truth, const fs::path& path) {
  Simulated out;
  out.truth = path;
  out.events = truth["counts"]["events"];
  out.users = truth["counts"]["users"];
  out.expected_verdict = truth["expected_verdict"];
  for (const auto& metric : truth["metrics"])
    out.effects.push_back({metric["metric"], metric["absolute"]});
  return out;
}

Result<nlohmann::json> run_world(Context& context, const simulation::WorldConfig& config,
                                 const fs::path& folder) {
  auto database = engine::Database::open({.threads = 2});
  if (!database) return tl::unexpected(std::move(database.error()));
  const auto sink = [&](Day day, const frame::Table& events) -> Result<void> {
    return engine::write_parquet(
        *database, events, folder / "data" / "events" / ("dt=" + day_text(day)) / "part-0.parquet");
  };
  const int threads = context.threads > 0 ? context.threads : numerics::default_threads();
  simulation::Truth truth;
  ASSAY_TRY(truth, simulation::simulate(config, sink, threads, context.progress));
  return truth_json(truth);
}

}  // namespace

Result<std::int64_t> parse_count(std::string_view text) {
  std::string digits;
  for (const char c : text) {
    if (c != ',' && c != '_') digits += c;
  }
  double scale = 1.0;
  if (!digits.empty()) {
    switch (digits.back()) {
      case 'k':
      case 'K':
        scale = 1e3;
        break;
      case 'm':
      case 'M':
        scale = 1e6;
        break;
      case 'b':
      case 'B':
      case 'g':
      case 'G':
        scale = 1e9;
        break;
      default:
        break;
    }
  }
  if (scale != 1.0) digits.pop_back();
  double value = 0.0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size() || !(value * scale >= 1.0) ||
      value * scale > 1e12) {
    return fail(ErrorCode::invalid_spec, fmt::format("not a number of events: `{}`", text), "",
                "write for example 20M, 500k or 1000000");
  }
  return std::llround(value * scale);
}

Result<Simulated> simulate_world(Context& context, const SimulateOptions& options) {
  simulation::WorldConfig config;
  ASSAY_TRY(config, configure(options));
  const fs::path truth_path = options.folder / "truth.json";
  const std::string world = fingerprint(config_json(config).dump());
  ASSAY_CHECK(copy_project(options.project, options.folder));
  if (const auto truth = finished(truth_path, world)) {
    Simulated out = summary_of(*truth, truth_path);
    out.reused = true;
    return out;
  }
  ASSAY_CHECK(clear_events(options.folder));
  nlohmann::json truth;
  ASSAY_TRY(truth, run_world(context, config, options.folder));
  truth["world"] = world;
  ASSAY_CHECK(write_file(truth_path, truth.dump(2) + "\n"));
  return summary_of(truth, truth_path);
}

Result<Outcome> simulate_verb(Context& context, const SimulateOptions& options) {
  Simulated simulated;
  ASSAY_TRY(simulated, simulate_world(context, options));
  Outcome outcome;
  outcome.document = {.kind = "simulation", .title = "Simulated short-video world"};
  outcome.document.provenance = provenance(context);
  outcome.document.provenance.seed = options.seed;
  outcome.document.add(report::Text{
      simulated.reused ? "The same world was there already; nothing was written."
                       : fmt::format("{} events of {} users.", count_text(simulated.events),
                                     count_text(simulated.users))});
  report::Table table{.title = "Planted effects over all exposed users",
                      .columns = {{"metric"}, {"true effect"}}};
  for (const readout::PlantedEffect& effect : simulated.effects)
    table.rows.push_back({report::text_cell(effect.metric), report::number_cell(effect.absolute)});
  outcome.document.add(std::move(table));
  outcome.written = {simulated.truth};
  return outcome;
}

}  // namespace assay::app
