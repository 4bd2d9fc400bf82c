// Any bytes are a plan that comes back whole from its JSON, or a config error; manifests, or one;
// a reference to an image, or none.
#pragma once

#include <string_view>

namespace mlopsctl::fuzz {

void check_deploy_plan(std::string_view text);

}  // namespace mlopsctl::fuzz
