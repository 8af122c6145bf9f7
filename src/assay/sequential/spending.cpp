#include "assay/sequential/spending.hpp"

#include <fmt/core.h>

#include <cmath>
#include <numbers>

#include "assay/numerics/distributions.hpp"

namespace assay::sequential {
namespace {

double from_table(const std::vector<SpendingPoint>& table, double fraction) {
  SpendingPoint before;
  for (const SpendingPoint& point : table) {
    // Planned and reached fractions that differ by rounding alone are the same look.
    if (std::abs(fraction - point.fraction) < 1e-12) return point.cumulative;
    if (fraction < point.fraction) {
      const double share = (fraction - before.fraction) / (point.fraction - before.fraction);
      return before.cumulative + share * (point.cumulative - before.cumulative);
    }
    before = point;
  }
  return before.cumulative;
}

Result<void> check_table(const Spending& spending, double total, std::string_view what) {
  SpendingPoint before;
  for (const SpendingPoint& point : spending.table) {
    if (!(point.fraction > before.fraction) || point.fraction > 1.0 ||
        !(point.cumulative >= before.cumulative)) {
      return fail(
          ErrorCode::invalid_spec,
          fmt::format("the {} spending table must rise; got {} spent at fraction {} after "
                      "{} at {}",
                      what, point.cumulative, point.fraction, before.cumulative, before.fraction),
          "", "give fractions above 0 and up to 1 in order, spending never falling");
    }
    before = point;
  }
  if (spending.table.empty() || std::abs(before.cumulative - total) > 1e-9 * total ||
      std::abs(before.fraction - 1.0) > 1e-12) {
    return fail(ErrorCode::invalid_spec,
                fmt::format("the {} spending table must end at fraction 1 with {} spent; it ends "
                            "at {} with {}",
                            what, total, before.fraction, before.cumulative));
  }
  return {};
}

}  // namespace

std::string_view to_text(SpendingFamily family) {
  switch (family) {
    case SpendingFamily::obrien_fleming:
      return "Lan-DeMets O'Brien-Fleming";
    case SpendingFamily::pocock:
      return "Lan-DeMets Pocock";
    case SpendingFamily::power:
      return "Kim-DeMets power";
    case SpendingFamily::hwang_shih_decani:
      return "Hwang-Shih-DeCani";
    case SpendingFamily::user:
      break;
  }
  return "user table";
}

double spent(const Spending& spending, double total, double fraction, Sides sides) {
  if (fraction <= 0.0) return 0.0;
  if (fraction >= 1.0) return total;
  const double p = spending.parameter;
  switch (spending.family) {
    case SpendingFamily::obrien_fleming: {
      const double per = sides == Sides::two ? 4.0 : 2.0;
      const double z = numerics::normal_upper_quantile(total / per);
      return per * numerics::normal_sf(z / std::sqrt(fraction));
    }
    case SpendingFamily::pocock:
      return total * std::log1p((std::numbers::e - 1.0) * fraction);
    case SpendingFamily::power:
      return total * std::pow(fraction, p);
    case SpendingFamily::hwang_shih_decani:
      return p == 0.0 ? total * fraction : total * std::expm1(-p * fraction) / std::expm1(-p);
    case SpendingFamily::user:
      break;
  }
  return from_table(spending.table, fraction);
}

Result<void> check_spending(const Spending& spending, double total, std::string_view what) {
  if (!(total > 0.0 && total < 1.0)) {
    return fail(ErrorCode::invalid_spec,
                fmt::format("{} lies between 0 and 1; got {}", what, total));
  }
  const bool power = spending.family == SpendingFamily::power;
  if (!std::isfinite(spending.parameter) || (power && !(spending.parameter > 0.0))) {
    return fail(ErrorCode::invalid_spec,
                fmt::format("the parameter of {} spending ({}) must be {}; got {}", what,
                            to_text(spending.family), power ? "above 0" : "a finite number",
                            spending.parameter));
  }
  if (std::abs(spending.parameter) > 500.0) {
    return fail(ErrorCode::invalid_spec,
                fmt::format("the parameter of {} spending lies within -500 and 500; got {}", what,
                            spending.parameter));
  }
  if (spending.family == SpendingFamily::user) return check_table(spending, total, what);
  return {};
}

}  // namespace assay::sequential
