#include "assay/app/registry.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <system_error>

#include "assay/base/file.hpp"

namespace assay::app {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
using decision::Look;
using decision::LookMetric;
using decision::Registered;
using decision::Registration;

constexpr const char* kSchema = "assay.registration";
constexpr int kSchemaVersion = 1;

// Instants stand as microseconds since 1970 beside their text, which is for people.

Json to_json(const Registered& rules) {
  return {{"at_us", rules.at},
          {"at", time_text(rules.at)},
          {"rules_hash", rules.rules_hash},
          {"spec_hash", rules.spec_hash},
          {"reason", rules.reason},
          {"before_data", rules.before_data}};
}

Json to_json(const LookMetric& metric) {
  return {{"metric", metric.metric},
          {"arm", metric.arm},
          {"role", metric.role},
          {"n_control", metric.n_control},
          {"n_treatment", metric.n_treatment},
          {"control_value", metric.control_value},
          {"difference", metric.difference},
          {"std_error", metric.std_error}};
}

Json to_json(const Look& look) {
  Json metrics = Json::array();
  for (const LookMetric& metric : look.metrics) metrics.push_back(to_json(metric));
  return {{"at_us", look.at},
          {"at", time_text(look.at)},
          {"complete_until_us", look.complete_until},
          {"complete_until", time_text(look.complete_until)},
          {"rules_hash", look.rules_hash},
          {"information", look.information},
          {"analysed", look.analysed},
          {"assigned", look.assigned},
          {"verdict", look.verdict},
          {"metrics", metrics}};
}

Registered rules_from(const Json& json) {
  return {json.at("at_us").get<TimeUs>(), json.at("rules_hash").get<std::string>(),
          json.at("spec_hash").get<std::string>(), json.at("reason").get<std::string>(),
          json.at("before_data").get<bool>()};
}

LookMetric metric_from(const Json& json) {
  return {json.at("metric").get<std::string>(),       json.at("arm").get<std::string>(),
          json.at("role").get<std::string>(),         json.at("n_control").get<std::int64_t>(),
          json.at("n_treatment").get<std::int64_t>(), json.at("control_value").get<double>(),
          json.at("difference").get<double>(),        json.at("std_error").get<double>()};
}

Look look_from(const Json& json) {
  Look look;
  look.at = json.at("at_us").get<TimeUs>();
  look.complete_until = json.at("complete_until_us").get<TimeUs>();
  look.rules_hash = json.at("rules_hash").get<std::string>();
  look.information = json.at("information").get<double>();
  look.analysed = json.at("analysed").get<std::int64_t>();
  look.assigned = json.at("assigned").get<std::vector<std::int64_t>>();
  look.verdict = json.at("verdict").get<std::string>();
  for (const Json& metric : json.at("metrics")) look.metrics.push_back(metric_from(metric));
  return look;
}

Result<Registration> parse(const fs::path& path) {
  ASSAY_TRY(const auto text, read_file(path));
  try {
    const Json json = Json::parse(text);
    if (json.at("schema") != kSchema || json.at("schema_version") != kSchemaVersion)
      return fail(ErrorCode::invalid_data, "no registration of this version", path.string(),
                  "it is written by `assay register` and `assay monitor`; restore it");
    Registration out;
    out.experiment = json.at("experiment").get<std::string>();
    for (const Json& rules : json.at("rules")) out.rules.push_back(rules_from(rules));
    for (const Json& look : json.at("looks")) decision::remember(out, look_from(look));
    return out;
  } catch (const Json::exception& error) {
    return fail(ErrorCode::invalid_data, "the registration does not read", path.string(),
                "restore the file from version control; nothing was changed", error.what());
  }
}

}  // namespace

fs::path registration_path(const fs::path& project, const std::string& experiment) {
  return project / "registry" / (experiment + ".json");
}

Result<Registration> read_registration(const fs::path& project, const std::string& experiment) {
  const fs::path path = registration_path(project, experiment);
  std::error_code failed;
  if (!fs::exists(path, failed)) return Registration{experiment, {}, {}};
  return parse(path);
}

Result<void> write_registration(const fs::path& project, const Registration& registration) {
  Json json{{"schema", kSchema},
            {"schema_version", kSchemaVersion},
            {"experiment", registration.experiment},
            {"rules", Json::array()},
            {"looks", Json::array()}};
  for (const Registered& rules : registration.rules) json["rules"].push_back(to_json(rules));
  for (const Look& look : registration.looks) json["looks"].push_back(to_json(look));
  return write_file(registration_path(project, registration.experiment), json.dump(2) + '\n');
}

Result<std::vector<Registration>> all_registrations(const fs::path& project) {
  std::vector<fs::path> paths;
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator(project / "registry", failed))
    if (entry.path().extension() == ".json") paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  std::vector<Registration> all;
  for (const fs::path& path : paths) {
    ASSAY_TRY(auto registration, parse(path));
    all.push_back(std::move(registration));
  }
  return all;
}

}  // namespace assay::app
