// What kubectl's words mean. Its exit code is 1 for everything, and before the real line there may
// be noise, so the last line that begins as kubectl's errors do decides.
#pragma once

#include "mlopsctl/deploy/cluster.hpp"

#include <string>
#include <string_view>

namespace mlopsctl::deploy {

struct KubectlProblem {
  ClusterFailure failure = ClusterFailure::other;
  std::string text;  // one line, safe to show
};

// `json_patch`: the call was one, whose failed `test` reads like any other refused content.
KubectlProblem kubectl_problem(std::string_view out, std::string_view err, bool json_patch);

}  // namespace mlopsctl::deploy
