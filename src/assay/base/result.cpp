#include "assay/base/result.hpp"

#include <fmt/core.h>

#include <utility>

namespace assay {

tl::unexpected<Error> fail(ErrorCode code, std::string problem, std::string where, std::string fix,
                           std::string have) {
  return tl::unexpected(
      Error{code, std::move(problem), std::move(where), std::move(fix), std::move(have)});
}

std::string_view to_text(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid_spec:
      return "invalid_spec";
    case ErrorCode::invalid_data:
      return "invalid_data";
    case ErrorCode::undefined_statistic:
      return "undefined_statistic";
    case ErrorCode::unavailable:
      return "unavailable";
    case ErrorCode::interrupted:
      return "interrupted";
    case ErrorCode::internal:
      return "internal";
  }
  return "internal";
}

int exit_code(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid_spec:
      return 2;
    case ErrorCode::invalid_data:
      return 3;
    case ErrorCode::undefined_statistic:
      return 4;
    case ErrorCode::unavailable:
      return 5;
    case ErrorCode::interrupted:
      return 130;
    case ErrorCode::internal:
      return 70;
  }
  return 70;
}

std::string to_text(const Error& error) {
  std::string text = fmt::format("error[{}]: {}\n", to_text(error.code), error.problem);
  if (!error.where.empty()) text += fmt::format("   at: {}\n", error.where);
  if (!error.have.empty()) text += fmt::format(" have: {}\n", error.have);
  if (!error.fix.empty()) text += fmt::format("  fix: {}\n", error.fix);
  return text;
}

}  // namespace assay
