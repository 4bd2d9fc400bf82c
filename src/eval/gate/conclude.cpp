#include "mlopsctl/eval/gate.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlopsctl::gate {

namespace {

// A failure is certain, whatever else could not be compared.
int weight(Verdict verdict) {
  switch (verdict) {
    case Verdict::pass:
      return 0;
    case Verdict::warning:
      return 1;
    case Verdict::no_answer:
      return 2;
    case Verdict::fail:
      break;
  }
  return 3;
}

}  // namespace

std::string_view to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::pass:
      return "pass";
    case Verdict::warning:
      return "warning";
    case Verdict::fail:
      return "fail";
    case Verdict::no_answer:
      break;
  }
  return "no answer";
}

std::string_view to_string(Kind kind) {
  switch (kind) {
    case Kind::eval:
      return "eval";
    case Kind::bench:
      return "bench";
    case Kind::model_test:
      break;
  }
  return "model_test";
}

std::string p_text(double p) {
  return p < 1e-4 ? fmt::format("{:.1e}", p) : fmt::format("{:.4f}", p);
}

void conclude(GateResult& result) {
  if (result.checks.empty()) {
    result.verdict = Verdict::no_answer;
    result.reason = "there is nothing to compare";
    return;
  }
  const auto worst = std::ranges::max_element(
      result.checks, {}, [](const Check& check) { return weight(check.verdict); });
  result.verdict = worst->verdict;
  const auto alike = std::ranges::count(result.checks, worst->verdict, &Check::verdict);
  if (result.verdict == Verdict::pass) {
    result.reason = alike == 1 ? worst->text : fmt::format("all {} rules are kept", alike);
    return;
  }
  result.reason = worst->text;
  if (alike > 1) result.reason += fmt::format("; {} more", alike - 1);
}

}  // namespace mlopsctl::gate
