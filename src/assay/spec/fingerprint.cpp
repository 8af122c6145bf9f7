#include "assay/spec/fingerprint.hpp"

#include <fmt/core.h>

#include <utility>
#include <vector>

#include "assay/base/hash.hpp"
#include "assay/spec/detail/describe.hpp"

namespace assay::spec {
namespace detail {
namespace {

/// One blank for every run of white space outside quotes, none at the ends.
std::string one_spaced(std::string_view text) {
  std::string out;
  char quote = 0;
  for (const char c : text) {
    const bool blank = c == ' ' || c == '\t' || c == '\n';
    if (quote == 0 && blank) {
      if (!out.empty() && out.back() != ' ') out += ' ';
      continue;
    }
    if (quote == 0 && (c == '\'' || c == '"')) {
      quote = c;
    } else if (c == quote) {
      quote = 0;
    }
    out += c;
  }
  while (!out.empty() && out.back() == ' ' && quote == 0) out.pop_back();
  return out;
}

/// In quotes, so that no text can look like another line.
std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out + '"';
}

/// Writes what a spec says as lines `path: value`, in the order of its description.
class CanonicalWriter final : public Visitor {
 public:
  std::string out;

  explicit CanonicalWriter(std::string root) { path_.push_back(std::move(root)); }

  bool visits(const Key&, bool has) override { return has; }
  void text(const Key& key, Text& value) override {
    if (!value.value.empty()) line(key.name, in_quotes(one_spaced(value.value)));
  }
  void name(const Key& key, Text& value) override { text(key, value); }
  void prose(const Key& key, std::string& value) override {
    if (!value.empty()) line(key.name, in_quotes(one_spaced(value)));
  }
  void flag(const Key& key, bool& value) override { line(key.name, value ? "true" : "false"); }
  void number(const Key& key, double& value, const Range&) override {
    line(key.name, fmt::format("{}", value));
  }
  void integer(const Key& key, std::int64_t& value, const Range&) override {
    line(key.name, fmt::format("{}", value));
  }
  void word(const Key& key, Location&, int& value, Words words) override {
    line(key.name, text_of(words, value));
  }
  void spelled(const Key& key, Location&, const Spelling& spelling) override {
    line(key.name, spelling.print());
  }
  void texts(const Key& key, std::vector<Text>& values) override {
    std::string all;
    for (const Text& value : values) all += in_quotes(one_spaced(value.value)) + " ";
    if (!all.empty()) line(key.name, all);
  }
  void numbers(const Key& key, std::vector<double>& values, const Range&) override {
    std::string all;
    for (const double value : values) all += fmt::format("{} ", value);
    if (!all.empty()) line(key.name, all);
  }
  void spelled_list(const Key& key, std::size_t n,
                    const std::function<Spelling(std::size_t)>& item) override {
    std::string all;
    for (std::size_t i = 0; i < n; ++i) all += item(i).print() + " ";
    if (!all.empty()) line(key.name, all);
  }
  bool enter_object(const Key& key, std::string_view) override {
    path_.push_back(path_.back() + "." + std::string(key.name));
    out += path_.back() + "\n";  // That it is there may be all it says.
    return true;
  }
  void leave_object() override { path_.pop_back(); }
  std::optional<std::size_t> enter_list(const Key& key, std::size_t n, std::string_view,
                                        bool) override {
    path_.push_back(path_.back() + "." + std::string(key.name));
    return n;
  }
  bool enter_item(std::size_t i) override {
    path_.push_back(fmt::format("{}[{}]", path_.back(), i));
    out += path_.back() + "\n";
    return true;
  }
  void leave_item() override { path_.pop_back(); }
  void leave_list() override { path_.pop_back(); }
  void item_name(Text& value) override { line("name", in_quotes(value.value)); }
  void at(Location&, std::string_view) override {}
  void variants(std::string_view, int, Words, std::span<const Variant>) override {}

  using Visitor::flag;
  using Visitor::integer;
  using Visitor::number;
  using Visitor::word;

 private:
  void line(std::string_view key, std::string_view value) {
    out += fmt::format("{}.{}: {}\n", path_.back(), key, value);
  }

  std::vector<std::string> path_;
};

template <class T>
std::string written(const char* kind, T copy) {
  CanonicalWriter writer(kind);
  describe(writer, copy);
  return std::move(writer.out);
}

}  // namespace
}  // namespace detail

std::string canonical_text(const Experiment& experiment) {
  return detail::written("experiment", experiment);
}

std::string canonical_text(const Metric& metric) { return detail::written("metric", metric); }

std::string canonical_text(const Project& project) { return detail::written("project", project); }

std::string decision_text(const Experiment& experiment) {
  Experiment rules = experiment;
  rules.description.clear();
  rules.hypothesis.clear();
  rules.owner.clear();
  rules.period = {};
  rules.design.reset();
  rules.rollout.reset();
  rules.value.reset();
  rules.stakeholders.clear();
  if (rules.randomisation) rules.randomisation->share = 1;  // A ramp changes no rule.
  return detail::written("decision", std::move(rules));
}

std::string meaning_text(const Project& project) {
  Project meaning = project;
  meaning.engine = {};
  for (Source& source : meaning.sources) {
    source.type = {};
    source.path = {};
    source.table = {};
    source.partition.reset();
  }
  return detail::written("project", std::move(meaning));
}

std::string spec_hash(const Experiment& experiment) {
  return fingerprint(canonical_text(experiment));
}
std::string spec_hash(const Metric& metric) { return fingerprint(canonical_text(metric)); }
std::string spec_hash(const Project& project) { return fingerprint(meaning_text(project)); }
std::string decision_hash(const Experiment& experiment) {
  return fingerprint(decision_text(experiment));
}

}  // namespace assay::spec
