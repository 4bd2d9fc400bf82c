#include "fuzz/baseline_check.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/eval/gate.hpp"

#include "fuzz/require.hpp"

#include <optional>
#include <string>

namespace mlopsctl::fuzz {

namespace {

std::optional<gate::Baseline> parsed(std::string_view bytes) {
  try {
    return gate::parse_baseline(bytes, "the baseline");
  } catch (const Error& error) {
    require(error.kind() == ErrorKind::corrupt || error.kind() == ErrorKind::usage, error.what());
    require(is_valid_utf8(error.what()), "a message is not valid UTF-8");
    return std::nullopt;
  }
}

}  // namespace

void check_baseline(std::string_view bytes) {
  const auto baseline = parsed(bytes);
  if (!baseline) return;
  const std::string written = gate::baseline_json(*baseline);
  const auto again = parsed(written);
  require(again.has_value(), "a baseline that was written cannot be read");
  require(gate::baseline_json(*again) == written, "a baseline changed in its file");
  require(again->digest() == baseline->digest(), "a baseline's digest changed in its file");
  const auto result = gate::check_quality(
      *baseline, {.quality = baseline->quality, .plain = baseline->plain}, {.tolerance = 0});
  for (const auto& check : result.checks) {
    const bool finite = check.before && check.now && *check.now - *check.before == 0;
    require(check.verdict != gate::Verdict::fail || !finite, "a baseline fails against itself");
  }
  if (baseline->latency) gate::check_latency(&*baseline, *baseline->latency, {});
}

}  // namespace mlopsctl::fuzz
