#include "assay/report/number.hpp"

#include <cmath>
#include <utility>

namespace assay::report {

Number::Number(double number) {
  if (std::isfinite(number)) {
    value = number;
  } else {
    reason = "not a finite number";
  }
}

Number Number::undefined(std::string reason) {
  Number none;
  none.reason = std::move(reason);
  return none;
}

Number Number::from(const Result<double>& result) {
  return result ? Number(*result) : undefined(result.error().problem);
}

}  // namespace assay::report
