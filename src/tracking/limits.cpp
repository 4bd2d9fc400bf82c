#include "tracking/limits.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/tracking/model.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlopsctl {

namespace {

bool has_control_character(std::string_view text) {
  return std::ranges::any_of(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
  });
}

void require_label(std::string_view what, std::string_view text, std::size_t most_bytes) {
  if (text.empty()) {
    throw Error(ErrorKind::usage, fmt::format("the {} is empty", what));
  }
  if (!is_valid_utf8(text)) {
    throw Error(ErrorKind::usage, fmt::format("the {} {} is not UTF-8", what, quote(text)));
  }
  if (has_control_character(text)) {
    throw Error(ErrorKind::usage,
                fmt::format("the {} {} contains a control character", what, quote(text)));
  }
  if (text.size() > most_bytes) {
    throw Error(ErrorKind::usage, fmt::format("the {} {} has {} bytes; the limit is {}", what,
                                              quote(text), text.size(), most_bytes));
  }
}

void require_value(std::string_view what, std::string_view key, std::string_view value,
                   std::size_t most_bytes) {
  if (value.size() > most_bytes) {
    throw Error(ErrorKind::usage,
                fmt::format("the value of {} {} has {}; the limit is {}", what, quote(key),
                            human_bytes(value.size()), human_bytes(most_bytes)),
                "write it to a file and store that with \"mlopsctl run artifact\"");
  }
  if (!is_valid_utf8(value)) {
    throw Error(ErrorKind::usage,
                fmt::format("the value of {} {} is not UTF-8: {}", what, quote(key), quote(value)),
                "write it to a file and store that with \"mlopsctl run artifact\"");
  }
}

}  // namespace

void require_key(std::string_view what, std::string_view key) {
  require_label(fmt::format("name of a {}", what), key, max_key_bytes);
}

void require_param_value(std::string_view key, std::string_view value) {
  require_value("parameter", key, value, max_param_bytes);
}

void require_tag_value(std::string_view key, std::string_view value) {
  require_value("tag", key, value, max_tag_bytes);
}

void require_name(std::string_view what, std::string_view name) {
  require_label(fmt::format("name of the {}", what), name, max_name_bytes);
}

void require_text(std::string_view what, std::string_view text, std::size_t most_bytes) {
  if (text.size() > most_bytes) {
    throw Error(ErrorKind::usage, fmt::format("the {} has {}; the limit is {}", what,
                                              human_bytes(text.size()), human_bytes(most_bytes)));
  }
  if (!is_valid_utf8(text)) {
    throw Error(ErrorKind::usage, fmt::format("the {} is not UTF-8: {}", what, quote(text)));
  }
}

}  // namespace mlopsctl
