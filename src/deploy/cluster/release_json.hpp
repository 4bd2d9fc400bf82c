// Releases as they are stored: in the history and in the state of a deployment.
#pragma once

#include "mlopsctl/deploy/release.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl::deploy {

Json release_value(const Release& release);
Release release_of(const Json& value, std::string_view what);  // throws Error{corrupt}

// The text of a history: an array with one release a line.
std::string history_text(const std::vector<Release>& releases);
std::vector<Release> parse_history(const std::string& text);  // throws Error{corrupt}

}  // namespace mlopsctl::deploy
