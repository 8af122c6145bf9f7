#include "assay/report/render.hpp"

#include "assay/base/text.hpp"

namespace assay::report {

Result<Format> parse_format(std::string_view name) {
  if (name == "text") return Format::text;
  if (name == "markdown" || name == "md") return Format::markdown;
  if (name == "html") return Format::html;
  if (name == "json") return Format::json;
  if (name == "csv") return Format::csv;
  const std::vector<std::string> names{"text", "markdown", "md", "html", "json", "csv"};
  const std::string near = nearest(name, names);
  return fail(ErrorCode::invalid_spec, "there is no output format `" + std::string(name) + "`",
              "--format", near.empty() ? "" : "did you mean `" + near + "`?", list_text(names));
}

std::string_view extension(Format format) {
  switch (format) {
    case Format::text:
      return ".txt";
    case Format::markdown:
      return ".md";
    case Format::html:
      return ".html";
    case Format::json:
      return ".json";
    case Format::csv:
      return ".csv";
  }
  return "";
}

std::string render(const Document& document, Format format, const RenderOptions& options) {
  switch (format) {
    case Format::text:
      return render_text(document, options);
    case Format::markdown:
      return render_markdown(document);
    case Format::html:
      return render_html(document);
    case Format::json:
      return render_json(document);
    case Format::csv:
      return render_csv(document);
  }
  return {};
}

}  // namespace assay::report
