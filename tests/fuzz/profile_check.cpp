#include "fuzz/profile_check.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/drift/analysis.hpp"
#include "mlopsctl/drift/profile.hpp"

#include "fuzz/require.hpp"

#include <optional>
#include <string>

namespace mlopsctl::fuzz {

namespace {

std::optional<drift::Profile> parsed(std::string_view bytes) {
  try {
    return drift::Profile::parse(bytes, "the profile");
  } catch (const Error& error) {
    require(error.kind() == ErrorKind::corrupt, error.what());
    require(is_valid_utf8(error.what()), "a message is not valid UTF-8");
    return std::nullopt;
  }
}

}  // namespace

void check_profile(std::string_view bytes) {
  const auto profile = parsed(bytes);
  if (!profile) return;
  const std::string written = profile->to_json();
  require(drift::Profile::is_profile(written), "a profile does not begin as one");
  auto again = parsed(written);
  require(again.has_value(), "a profile that was written cannot be read");
  require(again->to_json() == written, "a profile changed in its file");

  const drift::DriftResult result =
      drift::analyse(*profile, *again, {.preset = "spec", .min_rows = 1, .ecdf_points = 16});
  require(result.drifted_features == 0, "a profile drifted from itself");
  const std::uint64_t rows = again->rows();
  again->merge(*profile);
  require(again->rows() == rows + profile->rows(), "a merged profile lost rows");
  again->to_json();
}

}  // namespace mlopsctl::fuzz
