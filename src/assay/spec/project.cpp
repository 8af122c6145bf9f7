#include "assay/spec/project.hpp"

#include <algorithm>

namespace assay::spec {
namespace {

template <class T>
const T* find_named(const std::vector<T>& items, std::string_view name) {
  const auto found = std::find_if(items.begin(), items.end(),
                                  [&](const T& item) { return item.name.value == name; });
  return found == items.end() ? nullptr : &*found;
}

}  // namespace

const Source* find_source(const Project& project, std::string_view name) {
  return find_named(project.sources, name);
}
const Dimension* find_dimension(const Project& project, std::string_view name) {
  return find_named(project.dimensions, name);
}
const Cohort* find_cohort(const Project& project, std::string_view name) {
  return find_named(project.cohorts, name);
}
const Funnel* find_funnel(const Project& project, std::string_view name) {
  return find_named(project.funnels, name);
}
const Metric* find_metric(const Project& project, std::string_view name) {
  return find_named(project.metrics, name);
}
const Layer* find_layer(const Project& project, std::string_view name) {
  return find_named(project.layers, name);
}
const Entity* find_entity(const Source& source, std::string_view name) {
  return find_named(source.entities, name);
}
const Property* find_property(const Source& source, std::string_view name) {
  return find_named(source.properties, name);
}

}  // namespace assay::spec
