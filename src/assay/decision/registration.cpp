#include "assay/decision/registration.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace assay::decision {

std::string_view to_text(RulesState state) {
  switch (state) {
    case RulesState::not_registered:
      return "not registered";
    case RulesState::as_registered:
      return "as registered before the data";
    case RulesState::late:
      return "registered after data had arrived";
    case RulesState::amended:
      return "amended after data had arrived";
    case RulesState::changed:
      return "changed since they were registered";
  }
  return "";
}

RulesState rules_state(const Registration& registration, const std::string& rules_hash) {
  if (registration.rules.empty()) return RulesState::not_registered;
  const Registered& last = registration.rules.back();
  if (last.rules_hash != rules_hash) return RulesState::changed;
  // The rules count as written before the data when no later registration changed them.
  const auto first =
      std::find_if(registration.rules.begin(), registration.rules.end(),
                   [](const Registered& registered) { return !registered.before_data; });
  if (first == registration.rules.end()) return RulesState::as_registered;
  if (first == registration.rules.begin()) return RulesState::late;
  const std::string& before = std::prev(first)->rules_hash;
  const bool same = std::all_of(first, registration.rules.end(), [&](const Registered& registered) {
    return registered.rules_hash == before;
  });
  return same ? RulesState::as_registered : RulesState::amended;
}

void remember(Registration& registration, Look look) {
  const auto at = std::lower_bound(
      registration.looks.begin(), registration.looks.end(), look.complete_until,
      [](const Look& known, TimeUs until) { return known.complete_until < until; });
  if (at != registration.looks.end() && at->complete_until == look.complete_until) {
    *at = std::move(look);
  } else {
    registration.looks.insert(at, std::move(look));
  }
}

std::vector<Look> looks_before(const Registration& registration, TimeUs complete_until) {
  std::vector<Look> before;
  for (const Look& look : registration.looks)
    if (look.complete_until < complete_until) before.push_back(look);
  return before;
}

}  // namespace assay::decision
