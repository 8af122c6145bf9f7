#include "assay/report/render.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cctype>
#include <nlohmann/json.hpp>
#include <sstream>

#include "assay/base/text.hpp"
#include "assay/report/detail/ui_shell.hpp"
#include "assay/report/sample.hpp"

// Expected texts are written by hand; structure is checked by reading the output back with another
// reader (the JSON library, a small CSV reader below).
namespace assay::report {
namespace {

using Json = nlohmann::json;
using testing::HasSubstr;
using testing::Not;

constexpr Format kFormats[] = {Format::text, Format::markdown, Format::html, Format::json,
                               Format::csv};

std::vector<Document> samples() {
  return {sample_readout(), sample_invalid(), sample_hostile(), sample_table(), sample_empty()};
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    ++count;
  }
  return count;
}

TEST(ParseFormat, KnowsEveryNameAndSuggestsTheNearest) {
  EXPECT_EQ(*parse_format("text"), Format::text);
  EXPECT_EQ(*parse_format("md"), Format::markdown);
  EXPECT_EQ(*parse_format("markdown"), Format::markdown);
  EXPECT_EQ(*parse_format("html"), Format::html);
  EXPECT_EQ(*parse_format("json"), Format::json);
  EXPECT_EQ(*parse_format("csv"), Format::csv);
  const auto wrong = parse_format("jsn");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, ErrorCode::invalid_spec);
  EXPECT_EQ(wrong.error().fix, "did you mean `json`?");
}

/// The words of a text (letters only, lower case).
std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words(1);
  for (const char c : text) {
    if (std::isalpha(static_cast<unsigned char>(c)) != 0) {
      words.back() += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    } else if (!words.back().empty()) {
      words.emplace_back();
    }
  }
  return words;
}

TEST(Render, NoFormatPrintsWhatIsNotANumber) {
  for (const Document& document : samples()) {
    for (const Format format : {Format::text, Format::markdown, Format::json, Format::csv}) {
      const std::string text = render(document, format);
      EXPECT_THAT(words_of(text), Not(testing::Contains(testing::AnyOf("nan", "inf", "infinity"))));
      for (const char* zero : {"-0 ", "-0.00 ", "-0.0 ", "-0,", "-0.0,", "-0]"}) {
        EXPECT_THAT(text, Not(HasSubstr(zero)));
      }
    }
  }
}

TEST(Render, TheSameDocumentGivesTheSameBytes) {
  for (const Format format : kFormats) {
    EXPECT_EQ(render(sample_readout(), format), render(sample_readout(), format));
  }
}

TEST(Render, AnEmptyDocumentRendersInEveryFormat) {
  for (const Format format : kFormats) EXPECT_NO_THROW(render(Document{}, format));
}

TEST(Text, TheFirstLineNamesTheSubjectAndTheVerdict) {
  const auto lines = lines_of(render_text(sample_invalid()));
  EXPECT_EQ(lines[0], "new_feed_ranker   INVALID   28 days · 2,000,000 users");
}

TEST(Text, AFailedCheckStandsAboveTheEstimatesAndOnlyThere) {
  const std::string text = render_text(sample_invalid());
  EXPECT_LT(text.find("✗ sample ratio failed"), text.find("watch_minutes_per_user"));
  EXPECT_EQ(count_of(text, "sample ratio failed"), 1U);
}

TEST(Text, ScorecardReadsAsATable) {
  const std::string text = render_text(sample_readout());
  EXPECT_THAT(text, HasSubstr("  watch_minutes_per_user  primary      31.42  +0.90 %   "
                              "[0.40, 1.40]  0.0005  ✓\n"));
  EXPECT_THAT(text, HasSubstr("  ✓ non-inferior: d7_retention, hide_rate\n"));
  EXPECT_THAT(text, HasSubstr("—  crash_rate is zero in control"));
}

TEST(Text, NoLineIsWiderThanTheTerminal) {
  for (const Document& document : {sample_readout(), sample_invalid(), sample_table()}) {
    for (const int width : {60, 80, 120, 200}) {
      for (const std::string& line : lines_of(render_text(document, {.width = width}))) {
        EXPECT_LE(display_width(line), width) << line;
      }
    }
  }
}

// By hand: the long column takes the room that the short ones leave, and wraps where it must.
TEST(Text, TheColumnWithMostTextGetsMostRoom) {
  Document document{.kind = "test", .title = "t"};
  document.add(
      Table{.columns = {{"check"}, {"observed"}, {"rule"}},
            .rows = {{text_cell("sample ratio"),
                      text_cell("control 225 (48.70 %), treatment 237 (51.30 %); p = 0.58"),
                      text_cell("fails when p < 0.001")}}});
  EXPECT_EQ(render_text(document, {.width = 80}),
            "t\n\n"
            "  check         observed                                    rule\n"
            "  sample ratio  control 225 (48.70 %), treatment 237        fails when p < 0.001\n"
            "                (51.30 %); p = 0.58\n");
}

// Numbers stay whole; their titles wrap before the table is parted.
TEST(Text, LongTitlesOverNumbersWrap) {
  Document document{.kind = "test", .title = "t"};
  document.add(
      Table{.columns = {{"query"}, {"worst relative difference"}, {"figures"}},
            .rows = {{text_cell("experiment moments"), number_cell(0.5), count_cell(12)}}});
  for (const std::string& line : lines_of(render_text(document, {.width = 44})))
    EXPECT_LE(display_width(line), 44) << line;
  EXPECT_THAT(render_text(document, {.width = 44}), HasSubstr("worst relative  figures\n"));
}

TEST(Text, NoLineEndsInSpaces) {
  for (const Document& document : samples()) {
    for (const std::string& line : lines_of(render_text(document))) {
      EXPECT_FALSE(line.ends_with(' ')) << line;
    }
  }
}

std::string without_colour(std::string text) {
  for (std::size_t at = text.find('\x1b'); at != std::string::npos; at = text.find('\x1b')) {
    text.erase(at, text.find('m', at) + 1 - at);
  }
  return text;
}

TEST(Text, ColourChangesNothingButColour) {
  for (const Document& document : {sample_readout(), sample_invalid(), sample_table()}) {
    const std::string plain = render_text(document);
    const std::string painted = render_text(document, {.colour = true});
    EXPECT_EQ(plain.find('\x1b'), std::string::npos);
    EXPECT_NE(painted.find('\x1b'), std::string::npos);
    EXPECT_EQ(without_colour(painted), plain);
  }
}

TEST(Text, NoStringOfADocumentCanSteerTheTerminal) {
  for (const bool colour : {false, true}) {
    const std::string text = render_text(sample_hostile(), {.colour = colour});
    EXPECT_THAT(text, Not(HasSubstr("\x1b[2J")));
    EXPECT_THAT(text, Not(HasSubstr("\a")));
  }
}

TEST(Text, AForestPlotPutsTheLineOfNoEffectBetweenLossAndGain) {
  Chart chart{.title = "t", .y_format = NumberFormat::relative()};
  chart.spec =
      EffectIntervals{.rows = {{.name = "loss", .estimate = -0.5, .low = -0.75, .high = -0.25},
                               {.name = "gain", .estimate = 0.5, .low = 0.25, .high = 0.75}}};
  Document page{.title = "x"};
  page.add(chart);
  const auto lines = lines_of(render_text(page));
  const auto line_with = [&](const std::string& word) {
    return *std::ranges::find_if(lines, [&](const std::string& l) { return l.find(word) < 5; });
  };
  const std::string loss = line_with("loss");
  const std::string gain = line_with("gain");
  EXPECT_LT(loss.find("●"), loss.find("│"));
  EXPECT_GT(gain.find("●"), gain.find("│"));
}

TEST(Markdown, EveryRowOfATableHasAsManyCellsAsItsHead) {
  for (const Document& document : samples()) {
    std::size_t cells = 0;
    for (const std::string& line : lines_of(render_markdown(document))) {
      if (!line.starts_with("|")) {
        cells = 0;
        continue;
      }
      const std::size_t here = count_of(line, "|") - count_of(line, "\\|");
      if (cells == 0) cells = here;
      EXPECT_EQ(here, cells) << line;
    }
  }
}

TEST(Markdown, HostileStringsStayText) {
  const std::string text = render_markdown(sample_hostile());
  EXPECT_THAT(text.substr(0, text.find("```")), Not(HasSubstr("<script")));
  EXPECT_THAT(text, HasSubstr("&lt;script&gt;"));
  EXPECT_THAT(text, HasSubstr("\\*\\*x\\*\\*"));
}

TEST(Html, TheShellHasItsTwoPlaces) {
  EXPECT_NE(ui_shell().find("<title>assay</title>"), std::string_view::npos);
  EXPECT_NE(ui_shell().find("<script type=\"application/json\" id=\"document\"></script>"),
            std::string_view::npos);
}

TEST(Html, NoStringCanEndTheScriptElement) {
  const std::string shell(ui_shell());
  const std::string html = render_html(sample_hostile());
  EXPECT_EQ(count_of(html, "</script"), count_of(shell, "</script"));
  EXPECT_EQ(count_of(html, "<script"), count_of(shell, "<script"));
  EXPECT_EQ(count_of(html, "<!--"), count_of(shell, "<!--"));
  EXPECT_THAT(html.substr(html.find("id=\"document\">")), Not(HasSubstr("\xE2\x80\xA8")));
}

TEST(Html, ThePageHoldsTheDocumentUnchanged) {
  for (const Document& document : samples()) {
    const std::string html = render_html(document);
    const std::string slot = "id=\"document\">";
    const std::size_t begin = html.find(slot) + slot.size();
    const std::string held = html.substr(begin, html.find("</script>", begin) - begin);
    EXPECT_EQ(Json::parse(held), Json::parse(render_json(document)));
  }
}

TEST(Html, ThePageNamesNoAddressToLoadFrom) {
  const std::string shell(ui_shell());
  const std::string head = shell.substr(0, shell.find("<script"));
  for (const char* address : {"http:", "https:", "src=", "\"//"}) {
    EXPECT_THAT(head, Not(HasSubstr(address)));
  }
  EXPECT_EQ(count_of(shell, "@import"), 0U);
}

TEST(Html, ThePageCarriesTheLicencesOfWhatIsInsideIt) {
  for (const char* holder : {"Apache ECharts", "Baidu Inc.", "Svelte"}) {
    EXPECT_NE(ui_shell().find(holder), std::string_view::npos) << holder;
  }
}

TEST(JsonFormat, NumbersKeepEveryBitAndCarryTheirText) {
  Document page;
  page.add(Scorecard{.rows = {{.metric = "m",
                               .control = 0.1 + 0.2,
                               .format = NumberFormat::number("min"),
                               .lift = 1.0 / 3.0}}});
  const Json row = Json::parse(render_json(page))["blocks"][0]["rows"][0];
  EXPECT_EQ(row["control"]["value"].get<double>(), 0.1 + 0.2);
  EXPECT_EQ(row["control"]["text"], "0.3 min");
  EXPECT_EQ(row["lift"]["value"].get<double>(), 1.0 / 3.0);
}

TEST(JsonFormat, WhatIsUndefinedIsNullWithItsReason) {
  Document page;
  page.add(Table{.columns = {{"x"}}, .rows = {{undefined_cell("no user")}, {}}});
  const Json rows = Json::parse(render_json(page))["blocks"][0]["rows"];
  EXPECT_TRUE(rows[0][0]["value"].is_null());
  EXPECT_EQ(rows[0][0]["text"], "—");
  EXPECT_EQ(rows[0][0]["reason"], "no user");
  EXPECT_EQ(rows[1][0]["text"], "");  // A short row is filled.
}

TEST(JsonFormat, TheLargestSeedSurvives) {
  const Json made = Json::parse(render_json(sample_readout()))["provenance"];
  EXPECT_EQ(made["seed"], "18446744073709551615");
}

/// Reads RFC 4180.
std::vector<std::vector<std::string>> read_csv(const std::string& text) {
  std::vector<std::vector<std::string>> rows{{""}};
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted && c == '"' && i + 1 < text.size() && text[i + 1] == '"') {
      rows.back().back() += '"';
      ++i;
    } else if (c == '"') {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      rows.back().emplace_back();
    } else if (c == '\n' && !quoted) {
      rows.push_back({""});
    } else {
      rows.back().back() += c;
    }
  }
  return rows;
}

TEST(Csv, NumbersReadBackAsTheSameDouble) {
  Document page;
  page.add(Table{.title = "t",
                 .columns = {{"name"}, {"x"}},
                 .rows = {{text_cell("a, \"b\"\nc"), estimate_cell(0.1 + 0.2, -1e-300, 1e300)}}});
  const auto rows = read_csv(render_csv(page));
  EXPECT_EQ(rows[0][0], "# t");
  EXPECT_EQ(rows[1], (std::vector<std::string>{"name", "x", "x low", "x high"}));
  EXPECT_EQ(rows[2][0], "a, \"b\"\nc");
  EXPECT_EQ(std::stod(rows[2][1]), 0.1 + 0.2);
  EXPECT_EQ(std::stod(rows[2][2]), -1e-300);
  EXPECT_EQ(std::stod(rows[2][3]), 1e300);
}

TEST(Csv, AScorecardKeepsItsNumbersAndLeavesTheUndefinedEmpty) {
  const auto rows = read_csv(render_csv(sample_readout()));
  const auto row = [&](const std::string& metric) {
    return *std::ranges::find_if(rows, [&](const auto& r) { return r[0] == metric; });
  };
  EXPECT_EQ(row("watch_minutes_per_user")[5], "0.009");
  EXPECT_EQ(row("crash_rate")[5], "");
}

}  // namespace
}  // namespace assay::report
