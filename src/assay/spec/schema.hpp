#pragma once

#include <string>
#include <vector>

namespace assay::spec {

/// JSON Schema (draft 2020-12) of assay.yaml, made from the description that the parser reads by.
std::string project_schema_json();

/// Of a file metrics/*.yaml: the catalogue sections of assay.yaml.
std::string metrics_schema_json();

/// Of a file experiments/*.yaml.
std::string experiment_schema_json();

/// Every key the parser knows, as a path: "metrics[].window.value". For tests and help pages.
std::vector<std::string> project_keys();
std::vector<std::string> metrics_keys();
std::vector<std::string> experiment_keys();

}  // namespace assay::spec
