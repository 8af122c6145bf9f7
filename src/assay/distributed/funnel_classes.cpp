#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "assay/distributed/funnel_plan.hpp"
#include "assay/frame/predicate.hpp"

namespace assay::distributed {
namespace {

using engine::EventSelector;
using frame::Predicate;

std::set<std::string> names_of(const EventSelector& selector) {
  return {selector.names.begin(), selector.names.end()};
}

bool same(const EventSelector& a, const EventSelector& b) {
  if (names_of(a) != names_of(b) || a.where.has_value() != b.where.has_value()) return false;
  return !a.where || frame::to_text(*a.where) == frame::to_text(*b.where);
}

/// What a filter that holds leaves of each property: the literals, as they are written.
using Allowed = std::map<std::string, std::set<std::string>>;

std::string word_of(const frame::Literal& literal) {
  if (const auto* text = std::get_if<std::string>(&literal)) return "t" + *text;
  if (const auto* truth = std::get_if<bool>(&literal)) return *truth ? "n1" : "n0";
  if (const auto* whole = std::get_if<std::int64_t>(&literal)) return fmt::format("n{}", *whole);
  return fmt::format("n{}", std::get<double>(literal));
}

/// A column of another type than its literal would compare whole numbers and reals; only literals
/// of the same spelling are then surely equal, and only texts and whole numbers surely differ.
bool surely_differ(const std::vector<frame::Literal>& literals) {
  return std::none_of(literals.begin(), literals.end(), [](const frame::Literal& literal) {
    return std::holds_alternative<double>(literal);
  });
}

void collect(const Predicate& predicate, Allowed& allowed) {
  if (predicate.kind == Predicate::Kind::all) {
    for (const Predicate& child : predicate.children) collect(child, allowed);
    return;
  }
  const bool names_values =
      predicate.kind == Predicate::Kind::in || (predicate.kind == Predicate::Kind::compare &&
                                                predicate.comparison == frame::Comparison::equal);
  if (!names_values || !surely_differ(predicate.literals)) return;
  std::set<std::string> words;
  for (const frame::Literal& literal : predicate.literals) words.insert(word_of(literal));
  const auto [known, is_new] = allowed.try_emplace(predicate.column, words);
  if (is_new) return;
  std::set<std::string> common;
  std::set_intersection(words.begin(), words.end(), known->second.begin(), known->second.end(),
                        std::inserter(common, common.end()));
  known->second = std::move(common);
}

bool are_disjoint(const std::set<std::string>& a, const std::set<std::string>& b) {
  return std::none_of(a.begin(), a.end(),
                      [&](const std::string& word) { return b.contains(word); });
}

bool may_meet(const EventSelector& a, const EventSelector& b) {
  if (!a.names.empty() && !b.names.empty() && are_disjoint(names_of(a), names_of(b))) return false;
  if (!a.where || !b.where) return true;
  Allowed in_a;
  Allowed in_b;
  collect(*a.where, in_a);
  collect(*b.where, in_b);
  return std::none_of(in_a.begin(), in_a.end(), [&](const auto& property) {
    const auto other = in_b.find(property.first);
    return other != in_b.end() && are_disjoint(property.second, other->second);
  });
}

/// Puts a class into the group of those that it may meet; groups that it joins become one.
void join_groups(std::size_t added, const std::vector<EventSelector>& steps,
                 FunnelClasses& classes) {
  std::vector<std::size_t> joined;
  std::erase_if(classes.groups, [&](const std::vector<std::size_t>& group) {
    const bool meets = std::any_of(group.begin(), group.end(), [&](std::size_t other) {
      return may_meet(steps[classes.step_of[other]], steps[classes.step_of[added]]);
    });
    if (meets) joined.insert(joined.end(), group.begin(), group.end());
    return meets;
  });
  joined.push_back(added);
  std::sort(joined.begin(), joined.end());
  classes.groups.push_back(std::move(joined));
}

}  // namespace

Result<FunnelClasses> funnel_classes(const std::vector<EventSelector>& steps) {
  FunnelClasses classes;
  for (std::size_t step = 0; step < steps.size(); ++step) {
    std::size_t known = 0;
    while (known < classes.step_of.size() && !same(steps[classes.step_of[known]], steps[step]))
      ++known;
    classes.of_step.push_back(known);
    if (known < classes.step_of.size()) continue;
    classes.step_of.push_back(step);
    join_groups(known, steps, classes);
  }
  for (const std::vector<std::size_t>& group : classes.groups) {
    if (group.size() <= kMaxOverlap) continue;
    return fail(ErrorCode::invalid_spec,
                fmt::format("a funnel on this engine may hold {} different steps that one event "
                            "could serve, not {}",
                            kMaxOverlap, group.size()),
                {},
                "let the steps name different events or ask one property for different values, or "
                "run it on the embedded engine");
  }
  return classes;
}

}  // namespace assay::distributed
