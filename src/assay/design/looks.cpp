#include "assay/design/looks.hpp"

#include <algorithm>

#include "assay/sequential/group_sequential.hpp"

namespace assay::design {

Result<double> inflation_of(const Looks& looks) {
  sequential::GroupSequentialSpec spec;
  spec.information = looks.information;
  spec.alpha = looks.alpha;
  spec.sides = looks.one_sided ? sequential::Sides::one : sequential::Sides::two;
  spec.alpha_spending = looks.spending;
  sequential::GroupSequentialDesign design;
  ASSAY_TRY(design, sequential::design_group_sequential(spec));
  sequential::Characteristics sized;
  ASSAY_TRY(sized, sequential::characteristics(design, looks.power));
  return std::max(1.0, sized.inflation_factor);
}

}  // namespace assay::design
