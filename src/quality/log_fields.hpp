// Which fields of a log hold what: the shapes that servers, gateways and batch services write.
#pragma once

#include "mlopsctl/formats/json_document.hpp"
#include "mlopsctl/quality/log.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace mlopsctl::quality {

// Looks at the first records of `head`, the beginning of a log. What `wanted` names is taken as it
// is. Throws Error{usage} naming the source and its fields if none holds texts. Nothing if
// no line is a record.
std::optional<LogFields> find_fields(std::string_view head, const std::string& source,
                                     const LogFields& wanted);

}  // namespace mlopsctl::quality
