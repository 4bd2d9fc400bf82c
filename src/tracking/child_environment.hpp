// What the environment of a tracked command gets on top of ours.
#pragma once

#include "mlopsctl/platform/process.hpp"
#include "mlopsctl/tracking/exec.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace mlopsctl {

struct ChildEnvironment {
  Environment variables;
  std::vector<KeyValue> params;  // to record: --param and the seed
  std::vector<KeyValue> tags;    // to record: which variables the seed went into
};

// Throws Error{usage} if --seed and --param seed=… disagree.
ChildEnvironment child_environment(const ExecRequest& request, const std::string& run_id,
                                   const std::filesystem::path& home,
                                   const std::filesystem::path& metrics);

}  // namespace mlopsctl
