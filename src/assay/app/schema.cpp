#include "assay/app/schema.hpp"

#include "assay/spec/location.hpp"
#include "assay/spec/schema.hpp"

namespace assay::app {

Result<std::string> schema_text(const std::string& kind) {
  if (kind == "project") return spec::project_schema_json();
  if (kind == "metrics") return spec::metrics_schema_json();
  if (kind == "experiment") return spec::experiment_schema_json();
  return fail(ErrorCode::invalid_spec, "there is no schema of `" + kind + "`", "",
              spec::did_you_mean(kind, {"project", "metrics", "experiment"}),
              "project, metrics, experiment");
}

}  // namespace assay::app
