// Digests by which examples of two evaluations are recognised as the same.
#pragma once

#include <string>
#include <vector>

namespace mlopsctl::eval {

// Of the texts of each request in order, so that what was moved from one to the other is seen.
std::string prompt_hash(const std::vector<std::vector<std::string>>& requests);

}  // namespace mlopsctl::eval
