// From argv to an exit code.
#pragma once

#include "mlopsctl/cli/command.hpp"

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace mlopsctl {

// The global options of one invocation.
struct Globals {
  bool json = false;
  bool quiet = false;
  bool verbose = false;
  bool no_color = false;
  bool yes = false;
  bool dry_run = false;
  std::string project;  // --project DIR, empty if not given
};

using MakeContext = std::function<std::unique_ptr<Context>(const Globals&, const Registry&)>;

// Parses, runs, renders; catches every error. Never throws. Returns the process' exit status.
int dispatch(const std::vector<std::string>& argv, const Registry& registry,
             const MakeContext& make_context);

}  // namespace mlopsctl
