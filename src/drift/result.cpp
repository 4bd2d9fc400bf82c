#include "mlopsctl/drift/result.hpp"

namespace mlopsctl::drift {

std::string_view to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::ok:
      return "ok";
    case Verdict::drift:
      return "drift";
    case Verdict::insufficient:
      return "insufficient data";
    case Verdict::no_data:
      return "no data";
    case Verdict::not_tested:
      return "not tested";
    case Verdict::failed:
      return "failed";
  }
  return "failed";
}

std::string_view to_string(Severity severity) {
  switch (severity) {
    case Severity::low:
      return "low";
    case Severity::medium:
      return "medium";
    case Severity::high:
      return "high";
  }
  return "low";
}

std::string_view to_string(FindingKind kind) {
  switch (kind) {
    case FindingKind::missing_values:
      return "missing values";
    case FindingKind::new_categories:
      return "new categories";
    case FindingKind::lost_categories:
      return "lost categories";
    case FindingKind::schema:
      return "schema";
    case FindingKind::out_of_range:
      return "out of range";
    case FindingKind::misleading:
      return "misleading";
  }
  return "misleading";
}

}  // namespace mlopsctl::drift
