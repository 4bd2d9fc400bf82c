// Which names and texts the store takes. All failures are Error{usage} and name the offending
// thing.
#pragma once

#include <string_view>

namespace mlopsctl {

// Keys of metrics, params and tags: 1 to 250 bytes of UTF-8 without control characters. `what` is
// "metric", "parameter" or "tag".
void require_key(std::string_view what, std::string_view key);

// Values: UTF-8 of a limited length.
void require_param_value(std::string_view key, std::string_view value);
void require_tag_value(std::string_view key, std::string_view value);

// Names of runs and experiments: UTF-8 of a limited length without control characters.
void require_name(std::string_view what, std::string_view name);

// Longer descriptions, such as the source of a dataset.
void require_text(std::string_view what, std::string_view text, std::size_t most_bytes);

}  // namespace mlopsctl
