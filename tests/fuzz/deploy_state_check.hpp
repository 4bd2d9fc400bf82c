// Any bytes are a state or a history of deployments, or an error; what is read can be written.
#pragma once

#include <string_view>

namespace mlopsctl::fuzz {

void check_deploy_state(std::string_view bytes);

}  // namespace mlopsctl::fuzz
