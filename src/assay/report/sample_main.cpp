#include <cstdio>
#include <filesystem>
#include <string>

#include "assay/base/file.hpp"
#include "assay/report/render.hpp"
#include "assay/report/sample.hpp"

/// report_samples DIR [WIDTH]: writes every sample in every format, for the tests of the page.
int main(int argc, char** argv) {
  using namespace assay::report;
  if (argc < 2) {
    std::fputs("usage: report_samples DIR [WIDTH]\n", stderr);
    return 2;
  }
  const std::filesystem::path folder = argv[1];
  const RenderOptions options{.width = argc > 2 ? std::atoi(argv[2]) : 80};
  const std::pair<const char*, Document> samples[] = {{"readout", sample_readout()},
                                                      {"invalid", sample_invalid()},
                                                      {"hostile", sample_hostile()},
                                                      {"table", sample_table()},
                                                      {"empty", sample_empty()}};
  for (const auto& [name, document] : samples) {
    for (const Format format :
         {Format::text, Format::markdown, Format::html, Format::json, Format::csv}) {
      const auto path = folder / (std::string(name) + std::string(extension(format)));
      const auto written = assay::write_file(path, render(document, format, options));
      if (!written) {
        std::fputs((to_text(written.error()) + "\n").c_str(), stderr);
        return assay::exit_code(written.error().code);
      }
    }
  }
  return 0;
}
