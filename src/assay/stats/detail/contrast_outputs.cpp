#include "assay/stats/detail/contrast_outputs.hpp"

#include <cmath>

namespace assay::stats::detail {
namespace {

std::string notes_text(const Contrast& c) {
  std::string text;
  for (const Note& note : c.notes) text += (text.empty() ? "" : "; ") + note.text;
  return text.empty() ? "none" : text;
}

}  // namespace

std::vector<OutputSpec> contrast_outputs() {
  return {{"control_value", "value of arm 1"},
          {"treatment_value", "value of arm 2"},
          {"difference", "arm 2 minus arm 1"},
          {"std_error", "standard error of the difference"},
          {"ci_low", "lower limit of the difference"},
          {"ci_high", "upper limit of the difference"},
          {"statistic", "t or z of no difference"},
          {"degrees_of_freedom", "of the t; undefined for a normal reference"},
          {"p_value", "two-sided"},
          {"lift", "difference over |arm 1|"},
          {"lift_ci_low", "lower limit of the lift"},
          {"lift_ci_high", "upper limit of the lift"},
          {"method", "what was computed"},
          {"notes", "warnings"}};
}

std::vector<Output> outputs_of(const Contrast& c) {
  const auto lift = [&](double value) -> OutputValue {
    if (!c.lift) return Undefined{c.lift_undefined};
    return value;
  };
  const Lift l = c.lift.value_or(Lift{});
  const OutputValue dof = std::isfinite(c.degrees_of_freedom)
                              ? OutputValue(c.degrees_of_freedom)
                              : OutputValue(Undefined{"normal reference"});
  return {{"control_value", c.control_value},
          {"treatment_value", c.treatment_value},
          {"difference", c.difference},
          {"std_error", c.std_error},
          {"ci_low", c.ci_low},
          {"ci_high", c.ci_high},
          {"statistic", c.statistic},
          {"degrees_of_freedom", dof},
          {"p_value", c.p_value},
          {"lift", lift(l.estimate)},
          {"lift_ci_low", lift(l.ci_low)},
          {"lift_ci_high", lift(l.ci_high)},
          {"method", std::string(to_text(c.method))},
          {"notes", notes_text(c)}};
}

Result<std::vector<Output>> outputs_of(const Result<Contrast>& c) {
  if (!c) return tl::unexpected(c.error());
  return outputs_of(*c);
}

}  // namespace assay::stats::detail
