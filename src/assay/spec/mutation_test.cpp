#include <cstdint>
#include <sstream>
#include <vector>

#include "assay/spec/detail/good_spec_test.hpp"

namespace assay::spec {
namespace {

using detail::kGoodExperiment;
using detail::kGoodProject;

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  std::istringstream in{std::string(text)};
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

/// Every error of a text points into it; returns whether it loaded.
bool expect_good_or_located(const std::string& text, bool is_project, const Project& project) {
  ParseReport report;
  const NamedText file{"a.yaml", text};
  const bool loaded = is_project ? load_project_text({file}, &report).has_value()
                                 : load_experiment_text(file, project, &report).has_value();
  EXPECT_EQ(loaded, report.ok());
  EXPECT_LE(report.errors.size(), ParseReport::kMostErrors);
  const auto n_lines = static_cast<int>(lines_of(text).size());
  for (const Error& error : report.errors) {
    int line = 0;
    int column = 0;
    const int n_read = std::sscanf(error.where.c_str(), "a.yaml:%d:%d", &line, &column);
    const bool inside = n_read == 2 && line >= 1 && line <= std::max(1, n_lines) && column >= 1;
    EXPECT_TRUE(inside) << to_text(error) << "\n" << text;
    EXPECT_FALSE(error.problem.empty());
    EXPECT_NE(error.code, ErrorCode::internal) << to_text(error);
  }
  return loaded;
}

/// Swaps two letters of the first word of a line that has four.
std::string misspelt(std::string line) {
  for (std::size_t i = 0; i + 4 < line.size(); ++i) {
    const auto letter = [&](std::size_t at) { return line[at] >= 'a' && line[at] <= 'z'; };
    if (!letter(i) || !letter(i + 1) || !letter(i + 2) || !letter(i + 3)) continue;
    if (line[i + 1] == line[i + 2]) continue;
    std::swap(line[i + 1], line[i + 2]);
    return line;
  }
  return line;
}

void mutate_lines(std::string_view good, bool is_project, const Project& project) {
  const auto lines = lines_of(good);
  int n_refused = 0;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    auto without = lines;
    without.erase(without.begin() + static_cast<std::ptrdiff_t>(i));
    auto twice = lines;
    twice.insert(twice.begin() + static_cast<std::ptrdiff_t>(i), lines[i]);
    auto wrong = lines;
    wrong[i] = misspelt(lines[i]);
    n_refused += expect_good_or_located(joined(without), is_project, project) ? 0 : 1;
    n_refused += expect_good_or_located(joined(twice), is_project, project) ? 0 : 1;
    EXPECT_FALSE(wrong[i] != lines[i] && lines[i].find("description") == std::string::npos &&
                 lines[i].find("owner") == std::string::npos &&
                 lines[i].find("who:") == std::string::npos &&
                 lines[i].find("experiment:") == std::string::npos &&
                 expect_good_or_located(joined(wrong), is_project, project))
        << "a misspelt line was read: " << wrong[i];
  }
  EXPECT_GT(n_refused, static_cast<int>(lines.size()) / 2);
}

Project good_project() {
  auto project = load_project_text({{"assay.yaml", std::string(kGoodProject)}});
  EXPECT_TRUE(project) << (project ? "" : to_text(project.error()));
  return project ? *project : Project{};
}

TEST(Mutation, EveryLineOfAProjectDroppedDoubledOrMisspeltIsReadOrRefusedWithAPlace) {
  mutate_lines(kGoodProject, true, {});
}

TEST(Mutation, EveryLineOfAnExperimentDroppedDoubledOrMisspeltIsReadOrRefusedWithAPlace) {
  mutate_lines(kGoodExperiment, false, good_project());
}

/// A linear congruential generator (Knuth's MMIX constants); fixed seed, so fixed texts.
struct Dice {
  std::uint64_t state = 20'260'504;
  std::size_t operator()(std::size_t n) {
    state = state * 6'364'136'223'846'793'005ULL + 1'442'695'040'888'963'407ULL;
    return static_cast<std::size_t>(state >> 33) % n;
  }
};

TEST(Mutation, RandomEditsNeverCrashTheReader) {
  const Project project = good_project();
  const std::string pool = "{}[]:,-#&*!|>'\"%@`~?<=\t\n \r\0aZ09._\xC3\xA9\xFF\xE2\x82";
  Dice dice;
  for (int round = 0; round < 4'000; ++round) {
    const bool is_project = round % 2 == 0;
    std::string text(is_project ? kGoodProject : kGoodExperiment);
    const std::size_t n_edits = 1 + dice(4);
    for (std::size_t i = 0; i < n_edits; ++i) {
      const std::size_t at = dice(text.size());
      const std::size_t kind = dice(4);
      if (kind == 0) text[at] = pool[dice(pool.size())];
      if (kind == 1) text.insert(at, 1, pool[dice(pool.size())]);
      if (kind == 2) text.erase(at, 1 + dice(8));
      if (kind == 3) text.insert(at, text.substr(dice(text.size()), 1 + dice(40)));
    }
    expect_good_or_located(text, is_project, project);
    if (HasFailure()) FAIL() << "round " << round;
  }
}

TEST(Mutation, RandomBytesNeverCrashTheReader) {
  Dice dice;
  for (int round = 0; round < 2'000; ++round) {
    std::string text;
    const std::size_t length = dice(200);
    for (std::size_t i = 0; i < length; ++i)
      text += static_cast<char>(round % 2 == 0 ? dice(256) : 32 + dice(95));
    expect_good_or_located(text, true, {});
    if (HasFailure()) FAIL() << "round " << round;
  }
}

}  // namespace
}  // namespace assay::spec
