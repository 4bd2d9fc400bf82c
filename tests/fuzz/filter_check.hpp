// Any text is a filter or a usage error; what is accepted becomes SQL that SQLite accepts.
#pragma once

#include <string_view>

namespace mlopsctl::fuzz {

void check_filter(std::string_view text);

}  // namespace mlopsctl::fuzz
