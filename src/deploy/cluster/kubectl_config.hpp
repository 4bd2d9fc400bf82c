// What kubectl would choose by itself, so that it can be fixed for the time of a deployment.
#pragma once

#include "mlopsctl/deploy/cluster.hpp"

namespace mlopsctl::deploy {

// The options with context and namespace filled in; one local kubectl process unless both are
// given. Throws Error{config} for a context that kubectl does not know.
KubectlOptions with_own_choice(KubectlOptions options);

}  // namespace mlopsctl::deploy
