#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "assay/base/result.hpp"
#include "assay/report/number.hpp"

/// A Document is what every verb hands back: a readout, an audit, a funnel, a calculation. It is
/// plain data in reading order; render.hpp turns it into text, Markdown, HTML, JSON or CSV.
///
/// It is layered, so that a reader may stop early: blocks that stand directly in the document are
/// the summary; a Section adds evidence (shown open) or detail (folded where folding exists).
///
///     Document page{.kind = "funnel", .title = "Signup funnel"};
///     page.add(Verdict{.word = "OK", .tone = Tone::good, .headline = "No step lost users."});
///     page.add(Section{"Method", Layer::detail, {Text{"Wilson intervals, 95 %."}}});
namespace assay::report {

inline constexpr int kDocumentSchemaVersion = 1;

/// How a statement should strike the reader. Never shown by colour alone.
enum class Tone : std::uint8_t { neutral, good, bad, warn, invalid };

/// The mark beside a number: good ✓, bad ✗, neutral ·, none (nothing).
enum class Mark : std::uint8_t { none, good, bad, neutral };

/// How deep a section lies: summary and evidence are shown open, detail is folded.
enum class Layer : std::uint8_t { summary, evidence, detail };

struct Heading {
  std::string text;
  int level = 2;  ///< 2 to 4; the document's title is level 1.
};

enum class Severity : std::uint8_t { normal, muted };

/// A paragraph.
struct Text {
  std::string text;
  Severity severity = Severity::normal;
};

/// The answer, first on every rendering.
struct Verdict {
  std::string word;  ///< "SHIP", "HOLD", "INVALID", "UNDERPOWERED": one or two words.
  Tone tone = Tone::neutral;
  std::string headline;            ///< One sentence that an executive may stop after.
  std::string reason;              ///< The clause of the rule that fired, or why it is not decided.
  std::vector<std::string> facts;  ///< "28 days", "2,000,000 users": shown on one line.
  std::vector<std::string> next;   ///< What to do now, one step each.
};

enum class CheckStatus : std::uint8_t { passed, failed, warning, not_run };

/// One integrity check. Failed and warning ones are shown above every estimate, wherever they
/// stand in the document.
struct Check {
  std::string name;  ///< "sample ratio"
  CheckStatus status = CheckStatus::passed;
  std::string observed;  ///< "50.02 % / 49.98 %, p = 0.76"
  std::string rule;      ///< "p ≥ 0.001"
  std::string detail;    ///< What it means, or what to do; may be empty.
};

/// What kind of value a cell holds; decides alignment, format and the JSON it becomes.
enum class CellKind : std::uint8_t {
  text,
  count,     ///< value, grouped: 1,234,567
  number,    ///< value, in the column's format
  percent,   ///< value is a share: 0.418 -> 41.8 %
  interval,  ///< low and high, in the column's format
  p_value,   ///< value
  lift,      ///< value is a relative change: 0.009 -> +0.90 %
  estimate,  ///< value with low and high, in the column's format
};

/// One cell. Make it with the functions below. A value that does not exist shows as an em dash
/// with its reason; it is never a zero.
struct Cell {
  CellKind kind = CellKind::text;
  std::string text;  ///< Of a text cell; in other kinds a few words after the number.
  Number value;
  Number low;
  Number high;
  Mark mark = Mark::none;
};

Cell text_cell(std::string text, Mark mark = Mark::none);
Cell count_cell(std::int64_t count);
Cell number_cell(Number value, Mark mark = Mark::none);
Cell percent_cell(Number share, Mark mark = Mark::none);
Cell interval_cell(Number low, Number high);
Cell p_value_cell(Number p);
Cell lift_cell(Number relative_change, Mark mark = Mark::none);
Cell estimate_cell(Number value, Number low, Number high, Mark mark = Mark::none);
Cell undefined_cell(std::string reason);

enum class Align : std::uint8_t { automatic, left, right };

struct Column {
  std::string title;
  NumberFormat format;             ///< Of number, interval and estimate cells.
  Align align = Align::automatic;  ///< automatic: text left, numbers right.
};

struct Table {
  std::string title;
  std::vector<Column> columns;
  std::vector<std::vector<Cell>> rows;  ///< Short rows are filled with empty cells.
  std::string caption;
  bool shaded = false;  ///< Shade percent and number cells by value (a retention triangle).
};

/// One metric of one comparison: a row of a scorecard.
struct Estimate {
  std::string metric;
  std::string role;  ///< "primary", "secondary", "guardrail", "diagnostic", or ""
  std::string arm;   ///< The treatment arm when there are several; else empty.
  Number control;    ///< Values of the arms, shown in `format`.
  Number treatment;
  NumberFormat format;
  Number lift;  ///< The effect, with its interval, shown in `lift_format`.
  Number low;
  Number high;
  NumberFormat lift_format = NumberFormat::relative();
  Number p_value;
  std::optional<double> margin;  ///< Non-inferiority margin, a signed effect (-0.005).
  Mark mark = Mark::neutral;
  std::string words;  ///< "better", "not decided", "above the −0.50 % margin"
};

/// The table of metrics with their effects; drawn as table and forest plot in one.
struct Scorecard {
  std::string title;
  double confidence_level = 0.95;
  std::string control = "control";
  std::string treatment = "treatment";
  std::vector<Estimate> rows;
  std::string caption;
};

/// A forest plot.
struct EffectIntervals {
  struct Row {
    std::string name;
    std::string group;  ///< Rows of one group stand together under its name; may be empty.
    Number estimate;
    Number low;
    Number high;
    std::optional<double> margin;
    Mark mark = Mark::none;
    std::string words;
  };
  std::vector<Row> rows;
  double zero = 0.0;  ///< Where the line of no effect stands (1 for a ratio).
};

/// One point of a line; without low and high there is no band.
struct SeriesPoint {
  std::string x;  ///< "2026-05-04", "14:00", "week 3"
  Number estimate;
  Number low;
  Number high;
};

struct Series {
  std::string name;
  std::vector<SeriesPoint> points;
};

/// Lines over time with bands. Several views (daily, cumulative) become a switch on the page.
struct TimeSeriesBand {
  struct View {
    std::string name;  ///< "daily"; may be empty when it is the only one.
    std::vector<Series> series;
  };
  struct Annotation {
    std::string x;
    std::string text;  ///< "1.4.2 released", "outlier"
  };
  std::vector<View> views;
  std::optional<double> reference;  ///< A line at this height (0 for an effect).
  std::vector<Annotation> annotations;
};

/// Share of a cohort still there after k periods, a line an arm or cohort.
struct RetentionCurve {
  struct Point {
    int k = 0;
    Number rate;
    Number low;
    Number high;
  };
  struct Arm {
    std::string name;
    std::vector<Point> points;
  };
  std::vector<Arm> arms;
};

/// Steps × arms; every arm has one entry for each step, in order.
struct FunnelChart {
  struct Stage {
    std::int64_t count = 0;
    Number rate;  ///< Of those who entered, with its interval.
    Number low;
    Number high;
  };
  struct Arm {
    std::string name;  ///< May be empty when there is only one.
    std::vector<Stage> stages;
  };
  std::vector<std::string> steps;
  std::vector<Arm> arms;
};

/// Bars, a group of them for each label when there are several series.
struct Bars {
  struct Group {
    std::string name;
    std::vector<Number> values;  ///< One for each label.
  };
  std::vector<std::string> labels;
  std::vector<Group> groups;
};

/// Lines over a numeric x: a power curve, a calibration plot.
struct Curve {
  struct Point {
    double x = 0.0;
    Number y;
    Number low;
    Number high;
  };
  struct Line {
    std::string name;
    std::vector<Point> points;
  };
  std::vector<Line> lines;
  std::optional<double> reference_x;  ///< A vertical line, such as the planned sample size.
  std::optional<double> reference_y;  ///< A horizontal line, such as 80 % power.
};

using ChartSpec =
    std::variant<EffectIntervals, TimeSeriesBand, RetentionCurve, FunnelChart, Bars, Curve>;

/// A picture with the words it needs to be read without its author. Axis titles name the unit.
struct Chart {
  std::string title;
  std::string x_title;
  std::string y_title;
  NumberFormat x_format;    ///< Of a numeric x (Curve).
  NumberFormat y_format;    ///< Of the values.
  std::string how_to_read;  ///< One line: "A bar that does not touch the line is an effect."
  std::string caption;      ///< What it shows here; may be empty.
  ChartSpec spec;
};

struct Fact {
  std::string key;
  std::string value;
};

/// Key and value pairs: owner, timeline, settings.
struct Facts {
  std::string title;
  std::vector<Fact> items;
};

/// A list of statements: risks, assumptions, what would change my mind.
struct Notes {
  struct Item {
    std::string text;
    Tone tone = Tone::neutral;
  };
  std::string title;
  std::vector<Item> items;
};

/// Text that is shown as it is: a spec, SQL.
struct Code {
  std::string title;
  std::string language;  ///< "yaml", "sql", or ""
  std::string text;
};

struct Block;

struct Section {
  std::string title;
  Layer layer = Layer::evidence;
  std::vector<Block> blocks;
};

struct Block {
  using Content = std::variant<Heading, Text, Verdict, Check, Table, Scorecard, Chart, Facts, Notes,
                               Code, Section>;
  template <class T>
    requires(std::is_constructible_v<Content, T> && !std::is_same_v<std::remove_cvref_t<T>, Block>)
  // NOLINTNEXTLINE(bugprone-forwarding-reference-overload): the constraint leaves copies alone
  Block(T&& block) : content(std::forward<T>(block)) {}

  Content content;
};

/// What made the document, so that anyone can make it again. Empty fields are not shown.
struct Provenance {
  std::string version;  ///< Of assay.
  std::string command;
  std::optional<std::uint64_t> seed;
  std::string spec_hash;
  std::string data_fingerprint;
  std::string engine;
  std::string generated_at;  ///< UTC; empty keeps the output the same, byte for byte.
  std::vector<Fact> more;
};

struct Document {
  std::string kind;  ///< snake_case: "experiment_readout", "audit", "funnel", "calculation"
  std::string title;
  std::string subtitle;
  std::vector<Block> blocks;
  Provenance provenance;

  void add(Block block) { blocks.push_back(std::move(block)); }
};

}  // namespace assay::report
