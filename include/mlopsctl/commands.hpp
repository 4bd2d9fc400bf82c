// Every command of the program.
#pragma once

#include "mlopsctl/cli/command.hpp"

namespace mlopsctl {

const Registry& registry();

}  // namespace mlopsctl
