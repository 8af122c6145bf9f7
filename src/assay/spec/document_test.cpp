#include "assay/spec/detail/good_spec_test.hpp"

namespace assay::spec {
namespace {

using detail::kGoodProject;
using detail::position_of;
using testing::HasSubstr;

/// The only error of a text that stands alone as assay.yaml.
Error error_of(const std::string& text) {
  ParseReport report;
  const auto project = load_project_text({{"assay.yaml", text}}, &report);
  EXPECT_FALSE(project);
  EXPECT_FALSE(report.ok());
  if (report.ok()) return {};
  EXPECT_EQ(report.errors.size(), 1U) << to_text(report);
  return report.errors.front();
}

Error broken(std::string_view old_part, std::string_view new_part) {
  return error_of(detail::with(kGoodProject, old_part, new_part));
}

TEST(Document, ADuplicateKeyNamesBothPlaces) {
  const Error error = broken("    type: parquet\n", "    type: parquet\n    type: csv\n");
  EXPECT_EQ(error.problem, "`type` stands twice in the same place");
  EXPECT_EQ(position_of(error), "assay.yaml:7:5");
  EXPECT_THAT(error.fix, HasSubstr("assay.yaml:6:5"));
}

TEST(Document, ADuplicateArmOrPropertyIsADuplicateKey) {
  const Error error = broken("device: dict}", "country: string}");
  EXPECT_EQ(error.problem, "`country` stands twice in the same place");
}

TEST(Document, ATabInTheIndentationIsNamed) {
  const Error error = broken("    path:", "\tpath:");
  EXPECT_THAT(error.problem, HasSubstr("a tab is used for indentation"));
  EXPECT_EQ(position_of(error), "assay.yaml:7:1");
}

TEST(Document, WrongIndentationPointsNearTheLine) {
  const Error error = broken("    path:", "     path:");
  EXPECT_THAT(error.problem, HasSubstr("this is not YAML"));
  EXPECT_EQ(position_of(error).substr(0, 13), "assay.yaml:7:");
}

TEST(Document, AnUnclosedBracketIsAnErrorInsideTheFile) {
  const Error error = broken("[0, 7, 28]", "[0, 7, 28");
  EXPECT_THAT(error.problem, HasSubstr("this is not YAML"));
}

TEST(Document, AnEmptyFileSaysSo) {
  for (const char* text : {"", "\n\n", "# only a comment\n", "---\n", "null\n"}) {
    const Error error = error_of(text);
    EXPECT_EQ(error.problem, "the file is empty") << text;
    EXPECT_EQ(position_of(error), "assay.yaml:1:1") << text;
  }
}

TEST(Document, AListOrAWordForAFileIsRefused) {
  EXPECT_THAT(error_of("- a\n- b\n").problem, HasSubstr("must hold keys with values, not a list"));
  EXPECT_THAT(error_of("hello\n").problem, HasSubstr("not `hello`"));
}

TEST(Document, AnchorsAliasesTagsAndMergeKeysAreRefusedByName) {
  EXPECT_THAT(broken("{value: 7d}", "&w {value: 7d}").problem, HasSubstr("anchors are not read"));
  EXPECT_THAT(broken("{event: open}, trailing: 1d", "!x {event: open}, trailing: 1d").problem,
              HasSubstr("tags are not read"));
  const Error merge = broken("trailing: 1d", "trailing: 1d, <<: {unit: user}");
  EXPECT_EQ(merge.problem, "YAML merge keys are not read here");
  const Error alias = broken("trailing: 1d", "trailing: *day");
  EXPECT_EQ(position_of(alias).substr(0, 14), "assay.yaml:56:");
}

TEST(Document, ASecondDocumentIsRefused) {
  std::string text(kGoodProject);
  text += "---\nversion: 1\n";
  const Error error = error_of(text);
  EXPECT_EQ(error.problem, "a second YAML document begins here");
}

TEST(Document, BytesThatAreNotUtf8AreNamedWithTheirPlace) {
  const Error error = broken("name: shorts", "name: caf\xE9");
  EXPECT_EQ(error.problem, "the file is not UTF-8 text: byte 0xE9");
  EXPECT_EQ(position_of(error), "assay.yaml:2:10");
  EXPECT_EQ(error.fix, "save the file as UTF-8");
  for (const char* bytes : {"\xC0\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xFF\xFE", "\xE2\x82"})
    EXPECT_THAT(error_of(bytes).problem, HasSubstr("not UTF-8")) << bytes;
}

TEST(Document, ControlCharactersAreRefused) {
  const Error error = error_of(std::string("version: 1\nname: a") + '\0' + "b\n");
  EXPECT_EQ(error.problem, "the file holds the control character U+0000");
  EXPECT_EQ(position_of(error), "assay.yaml:2:8");
}

TEST(Document, ColumnsCountCharactersNotBytes) {
  // Three characters of two, three and four bytes stand before the wrong word.
  const Error error = broken("{name: buyers,", "{description: \"é€😀\", role: gaol, name: buyers,");
  EXPECT_EQ(position_of(error), "assay.yaml:48:32");
}

TEST(Document, AByteOrderMarkAndWindowsLineEndsChangeNothing) {
  std::string text = "\xEF\xBB\xBF";
  for (const char c : kGoodProject) text += c == '\n' ? std::string("\r\n") : std::string(1, c);
  EXPECT_TRUE(load_project_text({{"assay.yaml", text}}));
  const Error error = error_of(detail::with(text, "type: parquet", "type: parket"));
  EXPECT_EQ(position_of(error), "assay.yaml:6:11");
}

TEST(Document, DeepNestingIsRefusedWithoutHarm) {
  for (const int depth : {33, 600, 100'000}) {
    std::string text = "name: ";
    for (int i = 0; i < depth; ++i) text += i % 50 == 49 ? "\n [" : "[";
    const Error error = error_of(text);
    EXPECT_THAT(error.problem, HasSubstr("nested deeper than 32 levels")) << depth;
  }
}

TEST(Document, HugeFilesAndLinesAreRefused) {
  EXPECT_THAT(error_of(std::string((1U << 20) + 1, '#')).problem, HasSubstr("larger than"));
  std::string line = "name: ";
  line.append(20'000, 'x');
  EXPECT_THAT(error_of(line).problem, HasSubstr("a line is longer"));
  std::string many = "name: [\n";
  for (int i = 0; i < 120'000; ++i) many += "1,\n";
  EXPECT_THAT(error_of(many + "]\n").problem, HasSubstr("more than 100000 values"));
}

TEST(Document, TheWordNoIsACountryWhereTextIsMeantAndRefusedWhereAFlagIsMeant) {
  const std::string text =
      detail::with(kGoodProject, "{metric: dau, by", "{metric: dau, holidays: NO, by");
  const auto project = load_project_text({{"assay.yaml", text}});
  ASSERT_TRUE(project);
  EXPECT_EQ(project->monitors[0].holidays, "NO");
  EXPECT_EQ(broken("optional: true", "optional: NO").problem,
            "`optional` must be true or false, not `NO`");
}

TEST(Document, AKeyWithoutAValueIsReportedAtTheKey) {
  const Error error = broken("    event_name: event\n", "    event_name:\n");
  EXPECT_EQ(error.problem, "`event_name` has no value");
  EXPECT_EQ(position_of(error), "assay.yaml:13:5");
}

TEST(Document, AMissingFolderOrFileIsUnavailable) {
  ParseReport report;
  const auto project = load_project("/nowhere/at/all", &report);
  ASSERT_FALSE(project);
  EXPECT_EQ(project.error().code, ErrorCode::unavailable);
  EXPECT_EQ(report.errors.size(), 1U);
  EXPECT_FALSE(load_experiment("/dev/null", Project{}));
  EXPECT_FALSE(load_experiment("/", Project{}));
  EXPECT_FALSE(load_project_text({}));
}

}  // namespace
}  // namespace assay::spec
