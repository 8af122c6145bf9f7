#include "assay/stats/balance.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "assay/numerics/distributions.hpp"
#include "assay/numerics/linear_algebra.hpp"

namespace assay::stats {
namespace {

using numerics::CoMoments;
using numerics::SymmetricMatrix;

constexpr double kCollinear = 1e-9;

CovariateBalance compare_one(const CoMoments& control, const CoMoments& treatment, std::size_t k) {
  CovariateBalance out;
  out.control_mean = control.mean[k];
  out.treatment_mean = treatment.mean[k];
  const double vc = control.covariance(k, k);
  const double vt = treatment.covariance(k, k);
  const double difference = out.treatment_mean - out.control_mean;
  const double spread = std::sqrt(0.5 * (vc + vt));
  if (spread > 0.0) {
    out.std_difference = difference / spread;
  } else if (difference != 0.0) {
    out.std_difference = std::copysign(std::numeric_limits<double>::infinity(), difference);
  }
  if (vc > 0.0) {
    out.variance_ratio = vt / vc;
  } else if (vt > 0.0) {
    out.variance_ratio = std::numeric_limits<double>::infinity();
  }
  return out;
}

}  // namespace

Result<Balance> balance(const CoMoments& control, const CoMoments& treatment,
                        const std::vector<std::string>& names) {
  if (control.size() != treatment.size() || control.size() == 0) {
    return fail(ErrorCode::invalid_spec,
                fmt::format("balance needs the same covariates in both arms; got {} and {}",
                            control.size(), treatment.size()));
  }
  if (std::min(control.n, treatment.n) < 2) {
    return fail(ErrorCode::undefined_statistic,
                fmt::format("balance needs two units in each arm; got control {}, treatment {}",
                            control.n, treatment.n));
  }
  Balance out;
  SymmetricMatrix products(control.size());
  products.packed = control.comoment;
  SymmetricMatrix other(control.size());
  other.packed = treatment.comoment;
  products = sum(products, other);
  const auto kept = numerics::independent_rows(products, kCollinear);
  std::vector<double> difference;
  for (std::size_t k = 0; k < control.size(); ++k) {
    CovariateBalance one = compare_one(control, treatment, k);
    one.name = k < names.size() ? names[k] : fmt::format("x{}", k + 1);
    one.tested = std::find(kept.begin(), kept.end(), k) != kept.end();
    if (one.tested) difference.push_back(one.treatment_mean - one.control_mean);
    out.covariates.push_back(std::move(one));
  }
  const auto q = static_cast<double>(kept.size());
  const auto nc = static_cast<double>(control.n);
  const auto nt = static_cast<double>(treatment.n);
  out.dof_numerator = q;
  out.dof_denominator = nc + nt - q - 1.0;
  if (kept.empty() || !(out.dof_denominator > 0.0)) {
    return fail(ErrorCode::undefined_statistic,
                fmt::format("no joint balance test: {} covariates vary over {} units", kept.size(),
                            control.n + treatment.n));
  }
  const auto within = numerics::scaled(numerics::submatrix(products, kept), 1.0 / (nc + nt - 2.0));
  out.hotelling_t2 =
      nc * nt / (nc + nt) * numerics::dot(difference, numerics::solve(within, difference));
  out.f_statistic = out.hotelling_t2 * out.dof_denominator / (q * (nc + nt - 2.0));
  out.p_value = numerics::f_sf(out.f_statistic, q, out.dof_denominator);
  return out;
}

}  // namespace assay::stats
