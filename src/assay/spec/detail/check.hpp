#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "assay/spec/detail/diagnostics.hpp"
#include "assay/spec/experiment.hpp"
#include "assay/spec/project.hpp"

// What cannot be seen in one value alone: names that must exist, values that must fit together,
// defaults that come from elsewhere. All complaints go to the diagnostics.
namespace assay::spec::detail {

/// Fills in what the loader promises (sources, units, zones) and checks the whole project.
void check_project(Project& project, Diagnostics& diagnostics);
void check_experiment(Experiment& experiment, const Project& project, Diagnostics& diagnostics);

// The parts of check_project.
void check_sources(Project& project, Diagnostics& diagnostics);
void check_metrics(Project& project, Diagnostics& diagnostics);
void check_funnels(Project& project, Diagnostics& diagnostics);
void check_trees(Project& project, Diagnostics& diagnostics);

void check_layers(const Project& project, Diagnostics& diagnostics);

// A part of check_experiment.
void check_randomisation(const Experiment& experiment, const Project& project,
                         Diagnostics& diagnostics);

/// Fills in the project's only source or checks that the named one exists. Null after an error.
const Source* resolve_source(Text& source, const Location& where, const Project& project,
                             Diagnostics& diagnostics);

/// Complains about events that a source with a list of events does not know.
void check_events(const std::vector<Text>& events, const Source& source, Diagnostics& diagnostics);

/// Complains when an entity does not exist in the source.
void check_unit(const Text& unit, const Location& where, const Source& source,
                Diagnostics& diagnostics);

/// Complains about quotes and brackets that do not close.
void check_expression(const Text& expression, Diagnostics& diagnostics);

/// The place of a part of a text, when the text stands on one line as it is; else the whole.
Location part_of(const Text& text, std::size_t offset, std::size_t length);

/// Names in arithmetic, with their offsets: "a / f(b)" -> a, b (f is called, not named).
std::vector<std::pair<std::string, std::size_t>> names_in(std::string_view expression);

/// Everything that results can be split by: dimensions, cohorts, properties, entities, `event`.
std::vector<std::string> splittable_names(const Project& project);

/// A name that splits results. One that nearly matches a declared name is an error, another a
/// note: it may be a column that nobody declared. With `strict` it is always an error.
void check_split(const Text& name, const Project& project, bool strict, Diagnostics& diagnostics);

template <class T>
std::vector<std::string> names_of(const std::vector<T>& items) {
  std::vector<std::string> names;
  for (const T& item : items) names.push_back(item.name.value);
  return names;
}

/// Complains when a name that is not empty is not among those defined.
void check_reference(const Text& name, std::string_view noun,
                     const std::vector<std::string>& defined, Diagnostics& diagnostics);

/// Complains about every second definition of a name.
template <class T>
void check_unique(const std::vector<T>& items, std::string_view noun, Diagnostics& diagnostics) {
  std::map<std::string, Location> seen;
  for (const T& item : items) {
    const Text& name = item.name;
    if (name.value.empty()) continue;
    const auto [first, is_new] = seen.emplace(name.value, name.where);
    if (is_new) continue;
    diagnostics.add(name.where,
                    "there are two " + std::string(noun) + " named `" + name.value + "`",
                    "rename one; the first is at " + position_text(first->second));
  }
}

}  // namespace assay::spec::detail
