#pragma once

#include <string>

#include "assay/spec/experiment.hpp"
#include "assay/spec/project.hpp"

namespace assay::spec {

/// Everything an experiment says, spelled in one way only: fixed key order, defaults written out,
/// no comments, no places. Two files that mean the same have the same text.
std::string canonical_text(const Experiment& experiment);
std::string canonical_text(const Metric& metric);
std::string canonical_text(const Project& project);

/// The part that decides: arms, metrics with margins, segments, analysis, checks and rules.
/// Not the prose, the design, the rollout or the value.
std::string decision_text(const Experiment& experiment);

/// What a project means, wherever its events lie and whoever counts them: all of it but `engine`
/// and the type, path, table and partition of its sources.
std::string meaning_text(const Project& project);

/// 32 hexadecimal digits (base fingerprint) of those texts; of a project, of its meaning, so that
/// the same project on another engine keeps its hash. Any change of meaning changes them.
std::string spec_hash(const Experiment& experiment);
std::string spec_hash(const Metric& metric);
std::string spec_hash(const Project& project);
std::string decision_hash(const Experiment& experiment);

}  // namespace assay::spec
