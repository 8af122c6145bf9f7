#include "assay/spec/detail/diagnostics.hpp"

#include <algorithm>
#include <iterator>

namespace assay::spec::detail {
namespace {
constexpr std::size_t kMostKept = 500;
}

void Diagnostics::add(const Location& where, std::string problem, std::string fix,
                      std::string have) {
  add(where,
      Error{ErrorCode::invalid_spec, std::move(problem), {}, std::move(fix), std::move(have)});
}

void Diagnostics::add(const Location& where, Error error) {
  if (is_full()) {
    ++n_dropped_;
  } else {
    errors_.emplace_back(where, std::move(error));
  }
}

bool Diagnostics::is_full() const { return errors_.size() >= kMostKept; }

void Diagnostics::note(const Location& where, std::string text) {
  notes_.push_back({std::move(text), where});
}

void Diagnostics::mark_broken(const Location& where) {
  broken_.emplace(where.source.get(), where.line, where.column);
}

bool Diagnostics::is_broken(const Location& where) const {
  return broken_.contains({where.source.get(), where.line, where.column});
}

ParseReport Diagnostics::report() const {
  const auto place = [&](const Location& where) {
    const std::string file = where.source == nullptr ? std::string() : where.source->file;
    const auto order = std::find(files_.begin(), files_.end(), file) - files_.begin();
    return std::tuple(order, where.line, where.column);
  };
  auto sorted = errors_;
  std::stable_sort(sorted.begin(), sorted.end(),
                   [&](const auto& a, const auto& b) { return place(a.first) < place(b.first); });
  ParseReport report;
  report.n_more = n_dropped_;
  for (auto& [where, error] : sorted) {
    if (report.errors.size() < ParseReport::kMostErrors) {
      if (error.where.empty()) error.where = where_text(where);
      report.errors.push_back(std::move(error));
    } else {
      ++report.n_more;
    }
  }
  return report;
}

}  // namespace assay::spec::detail
