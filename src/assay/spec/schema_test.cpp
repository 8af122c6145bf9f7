#include "assay/spec/schema.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <set>

#include "assay/base/file.hpp"
#include "assay/spec/detail/good_spec_test.hpp"

namespace assay::spec {
namespace {

namespace fs = std::filesystem;

const fs::path kRoot = ASSAY_SOURCE_DIR;

/// Compares a published schema with the one made now; UPDATE=1 rewrites it.
void expect_published(const char* name, const std::string& text) {
  const fs::path path = kRoot / "docs" / "schema" / name;
  if (std::getenv("UPDATE") != nullptr) {
    ASSERT_TRUE(write_file(path, text));
  }
  const auto published = read_file(path);
  ASSERT_TRUE(published) << "run this test with UPDATE=1 to write " << path;
  EXPECT_EQ(*published, text) << "run this test with UPDATE=1 and look at the difference";
}

TEST(Schema, ThePublishedFilesAreThoseOfThisParser) {
  expect_published("project.schema.json", project_schema_json());
  expect_published("metrics.schema.json", metrics_schema_json());
  expect_published("experiment.schema.json", experiment_schema_json());
}

/// The keys that a complaint about an unknown key lists.
std::set<std::string> keys_in(const std::string& have) {
  std::set<std::string> keys;
  std::size_t at = 0;
  while (at < have.size()) {
    const std::size_t end = std::min(have.find(", ", at), have.size());
    keys.insert(have.substr(at, end - at));
    at = end + 2;
  }
  return keys;
}

/// Direct keys of the schema below a path; aliases left out (the parser does not offer them).
std::set<std::string> keys_below(const std::vector<std::string>& paths, const std::string& path) {
  static const std::set<std::string> kAliases = {"conversion_window", "constant_properties"};
  std::set<std::string> keys;
  for (const std::string& each : paths) {
    if (!path.empty() && !each.starts_with(path + ".")) continue;
    const std::string rest = path.empty() ? each : each.substr(path.size() + 1);
    if (rest.find('.') == std::string::npos && rest.find('[') == std::string::npos &&
        !kAliases.contains(rest))
      keys.insert(rest);
  }
  return keys;
}

struct Probe {
  std::string_view before;  ///< An unknown key is put in behind this text.
  const char* path;         ///< The map that it then stands in.
};

TEST(Schema, TheParserOffersExactlyTheKeysOfTheSchema) {
  const Probe kProbes[] = {{"version: 1\n", ""},
                           {"defaults: {", "defaults"},
                           {"- {name: user, ", "sources[]"},
                           {"event_time: {", "sources[].event_time"},
                           {"partition: {", "sources[].partition"},
                           {"dedup: {", "sources[].dedup"},
                           {"late: {", "sources[].late"},
                           {"- {check: volume, ", "sources[].audit[]"},
                           {"- {name: land, ", "dimensions[]"},
                           {"having: {", "cohorts[].having"},
                           {"- {name: buy, ", "funnels[].steps[]"},
                           {"exclude: [{", "funnels[].exclude[]"},
                           {"- {name: dau, ", "metrics[]"},
                           {"numerator: {", "metrics[].numerator"},
                           {"window: {", "metrics[].window"},
                           {"cap: {", "metrics[].cap"},
                           {"covariate: {", "metrics[].covariate"},
                           {"retention: {start: {", "metrics[].retention.start"},
                           {"retention: {", "metrics[].retention"},
                           {"trees:\n  - {", "trees[]"},
                           {"monitors:\n  - {", "monitors[]"},
                           {"root_cause: {", "monitors[].root_cause"}};
  const auto paths = project_keys();
  for (const Probe& probe : kProbes) {
    const bool block = probe.before.ends_with('\n');
    const std::string text =
        detail::with(detail::kGoodProject, probe.before,
                     std::string(probe.before) + (block ? "qqq: 1\n" : "qqq: 1, "));
    ParseReport report;
    EXPECT_FALSE(load_project_text({{"a.yaml", text}}, &report));
    const auto error = std::find_if(report.errors.begin(), report.errors.end(), [](const Error& e) {
      return e.problem.find("unknown key `qqq`") != std::string::npos;
    });
    ASSERT_NE(error, report.errors.end()) << probe.before;
    std::string path = probe.path;
    if (path == "sources[]") path = "sources[].entities[]";
    EXPECT_EQ(keys_in(error->have), keys_below(paths, path)) << path;
  }
}

TEST(Schema, EveryKeyOfTheSchemaHasAnExplanation) {
  for (const std::string& text :
       {project_schema_json(), metrics_schema_json(), experiment_schema_json()})
    EXPECT_EQ(text.find("\"description\": \"\""), std::string::npos);
  EXPECT_GT(project_keys().size(), 150U);
  EXPECT_GT(experiment_keys().size(), 80U);
  for (const std::string& key : metrics_keys()) {
    const auto all = project_keys();
    EXPECT_NE(std::find(all.begin(), all.end(), key), all.end()) << key;
  }
}

/// Runs the schemas over YAML by another program. Source: jsonschema's Draft202012Validator.
TEST(Schema, AnotherValidatorAcceptsTheExamplesAndRefusesATypo) {
  const char* python_setting = std::getenv("ASSAY_PYTHON");
  const std::string python = python_setting != nullptr ? python_setting : "python3";
  if (std::system((python + " -c 'import jsonschema, yaml' 2>/dev/null").c_str()) != 0)
    GTEST_SKIP() << "python3 with jsonschema and PyYAML is not here";
  const fs::path folder = fs::temp_directory_path() / "assay_spec_schema_test";
  ASSERT_TRUE(write_file(folder / "p.json", project_schema_json()));
  ASSERT_TRUE(write_file(folder / "e.json", experiment_schema_json()));
  ASSERT_TRUE(write_file(folder / "p.yaml", detail::kGoodProject));
  ASSERT_TRUE(write_file(folder / "e.yaml", detail::kGoodExperiment));
  const std::string script = (kRoot / "src/assay/spec/schema_check.py").string();
  const auto run = [&](const fs::path& schema, const fs::path& yaml) {
    return std::system((python + " " + script + " " + schema.string() + " " + yaml.string() +
                        " > " + (folder / "out.txt").string() + " 2>&1")
                           .c_str());
  };
  const auto output = [&] { return read_file(folder / "out.txt").value_or(""); };
  EXPECT_EQ(run(folder / "p.json", folder / "p.yaml"), 0) << output();
  EXPECT_EQ(run(folder / "e.json", folder / "e.yaml"), 0) << output();
  for (const auto& [from, to] : std::vector<std::pair<const char*, const char*>>{
           {"role: primary", "rolle: primary"},
           {"type: parquet", "type: parket"},
           {"trailing: 1d", "trailing: 1 day"},
           {"trailing: 1d", "trailing: 1d, cap: {type: absolute, value: 5}"},
           {"    event_name: event\n", ""},
           {"max: 0.002", "max: high"}}) {
    ASSERT_TRUE(write_file(folder / "x.yaml", detail::with(detail::kGoodProject, from, to)));
    EXPECT_NE(run(folder / "p.json", folder / "x.yaml"), 0) << to;
  }
  const fs::path shared = kRoot / ".." / "shared";
  if (fs::exists(shared / "spec_example.yaml")) {
    EXPECT_EQ(run(folder / "p.json", shared / "spec_example.yaml"), 0) << output();
    EXPECT_EQ(run(folder / "e.json", shared / "experiment_example.yaml"), 0) << output();
  }
  fs::remove_all(folder);
}

}  // namespace
}  // namespace assay::spec
