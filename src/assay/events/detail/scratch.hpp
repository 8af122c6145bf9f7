#pragma once

#include <cstddef>
#include <memory>
#include <span>

namespace assay::events::detail {

/// Memory for values that are about to be written: grows, keeps nothing, clears nothing.
template <class T>
class Scratch {
 public:
  std::span<T> take(std::size_t size) {
    if (size > capacity_) {
      values_.reset();
      values_ = std::make_unique_for_overwrite<T[]>(size);
      capacity_ = size;
    }
    values_span_ = {values_.get(), size};
    return values_span_;
  }

  /// What was taken last.
  [[nodiscard]] std::span<T> get() const { return values_span_; }
  void shrink(std::size_t size) { values_span_ = values_span_.first(size); }

 private:
  std::unique_ptr<T[]> values_;
  std::size_t capacity_ = 0;
  std::span<T> values_span_;
};

}  // namespace assay::events::detail
