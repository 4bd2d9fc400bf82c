#include "fuzz/text_check.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/ids.hpp"
#include "mlopsctl/base/secrets.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/base/time.hpp"

#include "fuzz/require.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <string>
#include <vector>

namespace mlopsctl::fuzz {
namespace {

void usage_errors_only(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    require(error.kind() == ErrorKind::usage, fmt::format("no usage error: {}", error.what()));
    require(printable(error.what()) == error.what(), "a message has control characters");
  }
}

void check_numbers(std::string_view text) {
  if (const auto number = parse_number(text)) {
    const auto again = parse_number(number_text(*number));
    require(again && (*again == *number || (std::isnan(*again) && std::isnan(*number))),
            "a number changes when it is written and read");
    require(!human_number(*number).empty(), "a number has no text");
  }
  if (const auto integer = parse_integer(text)) {
    require(parse_integer(fmt::format("{}", *integer)) == integer, "an integer changes");
  }
  usage_errors_only([&] { human_bytes(parse_bytes(text)); });
}

void check_times(std::string_view text) {
  const Timestamp now{1'800'000'000'000};
  usage_errors_only([&] {
    const Timestamp time = parse_time(text, now);
    human_age(time, now);
    // Years before 0 and behind 9999 have no RFC 3339 text.
    if (time.ms > -62'000'000'000'000 && time.ms < 253'000'000'000'000) {
      require(parse_time(to_rfc3339(time), now) == time, "a time changes");
    }
  });
  usage_errors_only([&] { human_duration(parse_duration(text)); });
}

void check_shown(std::string_view text) {
  const std::string safe = printable(text);
  require(is_valid_utf8(safe), "printable text is not valid UTF-8");
  require(std::ranges::none_of(safe, [](char c) { return static_cast<unsigned char>(c) < 0x20; }),
          "printable text has control characters");
  require(printable(quote(text)) == quote(text), "quoted text is not printable");
  if (is_valid_utf8(text)) require(is_valid_utf8(shortened(text, 7)), "a cut in a character");
  trim(text);
  const std::string masked_text = mask_secrets(text);
  require(mask_secrets(masked_text) == masked_text, "masking twice changes more");
  is_secret_name(text);
  is_valid_run_id(text);
  mask_arguments({"run", std::string(text), "--token", std::string(text)});
}

void check_words(std::string_view text) {
  usage_errors_only([&] {
    const KeyValue pair = parse_key_value(text);
    require(pair.key + "=" + pair.value == text, "key=value loses something");
  });
  require(join(split(text, ','), ",") == text, "split and join lose something");
  const std::string_view half = text.substr(0, text.size() / 2);
  const std::string_view rest = text.substr(half.size());
  require(edit_distance(half, rest) == edit_distance(rest, half), "a distance has a direction");
  require(edit_distance(text, text) == 0, "a text differs from itself");
  const std::array<std::string, 2> candidates{std::string(half), "metrics"};
  closest(rest, candidates);
  glob_match(half, rest);
}

}  // namespace

void check_text(std::string_view text) {
  if (text.size() > 256) text = text.substr(0, 256);
  check_numbers(text);
  check_times(text);
  check_shown(text);
  check_words(text);
}

}  // namespace mlopsctl::fuzz
