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

/// Where the parts of a world lie in its folder. The next world is written beside the present
/// one and takes its place at the end, so a stop or a full disk leaves the present one whole.
struct WorldFolder {
  fs::path truth;   ///< Written last: a folder without it holds no finished world.
  fs::path events;  ///< One folder a day.
  fs::path mark;    ///< Says that the events are ours.
  fs::path next;    ///< The events being written.
  fs::path old;     ///< The events being replaced.
};

WorldFolder world_folder(const fs::path& folder) {
  const fs::path data = folder / "data";
  return {folder / "truth.json", data / "events", data / ".simulated", data / ".next",
          data / ".old"};
}

/// Refuses events that are not ours, and clears what a killed run left beside them.
Result<void> prepare(const WorldFolder& world) {
  std::error_code failed;
  if (fs::exists(world.events, failed) && !fs::is_empty(world.events, failed) &&
      !fs::exists(world.mark, failed)) {
    return fail(ErrorCode::unavailable, "the folder holds events that assay did not simulate",
                world.events.string(), "choose another folder");
  }
  fs::remove_all(world.next, failed);
  fs::remove_all(world.old, failed);
  return {};
}

/// Takes away an unfinished next world, and the folders made for it alone.
void abandon(const WorldFolder& world) {
  std::error_code failed;
  fs::remove_all(world.next, failed);
  fs::remove(world.events.parent_path(), failed);  // Folders in use are not empty and stay.
  fs::remove(world.truth.parent_path(), failed);
}

/// Puts the next world in the place of the present one. Killed in between, the folder is without
/// its truth, so the next run fills it again.
Result<void> take_over(const WorldFolder& world, const std::string& truth) {
  ASSAY_CHECK(write_file(world.mark, "These events were written by assay simulate.\n"));
  std::error_code failed;
  fs::remove(world.truth, failed);
  if (!failed && fs::exists(world.events, failed)) fs::rename(world.events, world.old, failed);
  if (!failed) fs::rename(world.next, world.events, failed);
  if (failed) {
    return fail(ErrorCode::unavailable, "cannot put the new events in place: " + failed.message(),
                world.events.string(), "check who owns the folder");
  }
  ASSAY_CHECK(write_file(world.truth, truth));
  fs::remove_all(world.old, failed);
  return {};
}

Result<void> check_project(const fs::path& from) {
  std::error_code failed;
  if (from.empty() || fs::exists(from / "assay.yaml", failed)) return {};
  return fail(ErrorCode::unavailable, "no assay.yaml in the project to copy", from.string());
}

Result<void> copy_project(const fs::path& from, const fs::path& to) {
  if (from.empty()) return {};
  std::error_code failed;
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
                                 const fs::path& events_folder) {
  auto database = engine::Database::open({.threads = 2});
  if (!database) return tl::unexpected(std::move(database.error()));
  const auto sink = [&](Day day, const frame::Table& events) -> Result<void> {
    return engine::write_parquet(*database, events,
                                 events_folder / ("dt=" + day_text(day)) / "part-0.parquet");
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
  const WorldFolder world = world_folder(options.folder);
  const std::string name = fingerprint(config_json(config).dump());
  ASSAY_CHECK(check_project(options.project));
  if (const auto truth = finished(world.truth, name)) {
    ASSAY_CHECK(copy_project(options.project, options.folder));
    Simulated out = summary_of(*truth, world.truth);
    out.reused = true;
    return out;
  }
  ASSAY_CHECK(prepare(world));
  auto truth = run_world(context, config, world.next);
  if (!truth) {
    abandon(world);
    return tl::unexpected(std::move(truth.error()));
  }
  (*truth)["world"] = name;
  ASSAY_CHECK(take_over(world, truth->dump(2) + "\n"));
  ASSAY_CHECK(copy_project(options.project, options.folder));
  return summary_of(*truth, world.truth);
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
