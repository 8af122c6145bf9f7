#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "assay/base/result.hpp"
#include "assay/report/document.hpp"

namespace assay::report {

enum class Format : std::uint8_t { text, markdown, html, json, csv };

/// "text", "markdown" or "md", "html", "json", "csv". Fails with invalid_spec and a near name.
Result<Format> parse_format(std::string_view name);

/// The usual ending of a file in that format, with its dot: ".txt", ".md", ".html", ...
std::string_view extension(Format format);

struct RenderOptions {
  int width = 80;       ///< Columns of the terminal; text only, at least 40.
  bool colour = false;  ///< ANSI colour; text only.
};

/// Renders a document. Never fails: what does not exist is shown as an em dash.
/// - text: for a terminal, verdict first, then failed checks.
/// - markdown: GitHub's dialect; charts become tables.
/// - html: one file with everything inside that needs no network.
/// - json: docs/schema/document.schema.json.
/// - csv: verdict, checks, tables, scorecards and charts in long form, each headed by a
///   line "# title" and parted by an empty line. RFC 4180 quoting, full precision.
std::string render(const Document& document, Format format, const RenderOptions& options = {});

std::string render_text(const Document& document, const RenderOptions& options = {});
std::string render_markdown(const Document& document);
std::string render_html(const Document& document);
std::string render_json(const Document& document);
std::string render_csv(const Document& document);

}  // namespace assay::report
