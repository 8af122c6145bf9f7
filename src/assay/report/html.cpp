#include "assay/report/detail/outline.hpp"
#include "assay/report/detail/ui_shell.hpp"
#include "assay/report/render.hpp"

namespace assay::report {
namespace {

/// Makes JSON safe inside a script element: nothing in it can end the element or open a comment,
/// and the two line separators that old scripts choke on are spelled out.
std::string escape_for_script(std::string_view json) {
  std::string out;
  out.reserve(json.size() + json.size() / 16);
  for (std::size_t i = 0; i < json.size(); ++i) {
    const std::string_view rest = json.substr(i);
    if (rest.starts_with("\xE2\x80\xA8") || rest.starts_with("\xE2\x80\xA9")) {
      out += rest[2] == '\xA8' ? "\\u2028" : "\\u2029";
      i += 2;
    } else if (json[i] == '<') {
      out += "\\u003c";
    } else if (json[i] == '>') {
      out += "\\u003e";
    } else if (json[i] == '&') {
      out += "\\u0026";
    } else {
      out += json[i];
    }
  }
  return out;
}

std::string escape_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '&') {
      out += "&amp;";
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

std::string render_html(const Document& document) {
  constexpr std::string_view kTitle = "<title>assay</title>";
  constexpr std::string_view kSlot = "<script type=\"application/json\" id=\"document\">";
  const std::string_view shell = ui_shell();
  const std::size_t title = shell.find(kTitle);
  const std::size_t slot = shell.find(kSlot);
  std::string html(shell.substr(0, title));
  html += "<title>" + escape_text(document.title) + "</title>";
  const std::size_t after_title = title + kTitle.size();
  html += shell.substr(after_title, slot + kSlot.size() - after_title);
  html += escape_for_script(compact_json(document));
  html += shell.substr(shell.find("</script>", slot));
  return html;
}

}  // namespace assay::report
