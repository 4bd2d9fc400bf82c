// How kubectl is started, and what it would choose by itself, so that it can be fixed for the time
// of a deployment.
#pragma once

#include "mlopsctl/deploy/cluster.hpp"
#include "mlopsctl/platform/process.hpp"

namespace mlopsctl::deploy {

// The options with context and namespace filled in; one local kubectl process unless both are
// given. Throws Error{config} for a context that kubectl does not know.
KubectlOptions with_own_choice(KubectlOptions options);

// What is added to our environment for a kubectl that asks once and ends: it need not stop to
// collect garbage while it starts, which takes a fifth of the processor time of such a call. A GOGC
// of the user's own stays.
Environment kubectl_environment();

}  // namespace mlopsctl::deploy
