#pragma once

#include <string_view>

namespace assay::report {

/// The page built from web/ui: one HTML file with script and style inside, an empty
/// `<script type="application/json" id="document">` before its own script, and the title "assay".
std::string_view ui_shell();

}  // namespace assay::report
