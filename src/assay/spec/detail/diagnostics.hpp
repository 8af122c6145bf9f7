#pragma once

#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "assay/spec/location.hpp"

namespace assay::spec::detail {

/// Collects errors and notes while a spec is read and checked. Keeps a bounded number.
class Diagnostics {
 public:
  void add(const Location& where, std::string problem, std::string fix = {}, std::string have = {});
  void add(const Location& where, Error error);
  void note(const Location& where, std::string text);

  /// Remembers that the thing at this place could not be read whole, so that checks of its
  /// content would only repeat the complaint.
  void mark_broken(const Location& where);
  [[nodiscard]] bool is_broken(const Location& where) const;

  [[nodiscard]] std::size_t n_errors() const { return errors_.size() + n_dropped_; }
  /// Whether further errors are only counted.
  [[nodiscard]] bool is_full() const;
  [[nodiscard]] const std::vector<Note>& notes() const { return notes_; }

  /// The errors in the order of files (as first seen by begin_file) and lines.
  [[nodiscard]] ParseReport report() const;
  void begin_file(const std::string& file) { files_.push_back(file); }

 private:
  std::vector<std::pair<Location, Error>> errors_;
  std::vector<Note> notes_;
  std::vector<std::string> files_;
  std::size_t n_dropped_ = 0;
  std::set<std::tuple<const SourceText*, int, int>> broken_;
};

}  // namespace assay::spec::detail
