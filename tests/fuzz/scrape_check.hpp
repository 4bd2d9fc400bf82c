// Any output of a program can be scraped; where it is cut makes no difference.
#pragma once

#include <string_view>

namespace mlopsctl::fuzz {

void check_scrape(std::string_view output);

}  // namespace mlopsctl::fuzz
