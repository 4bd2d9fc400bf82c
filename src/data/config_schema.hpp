// Which options DVC knows, so that a spelling mistake is found here and not in DVC.
#pragma once

#include <string>
#include <string_view>

namespace mlopsctl::data {

// Throws Error{config} for a section or option that DVC would refuse, and for a value of the wrong
// kind. Sections of parts that we do not use (exp, studio, …) are accepted as they are.
void check_config_option(std::string_view section, std::string_view option, std::string_view value);

// True for options whose value is a path on this machine: cache.dir, url of a remote, key files.
bool is_path_option(std::string_view section, std::string_view option);

}  // namespace mlopsctl::data
