// What the commands about pipelines have in common.
#pragma once

#include "mlopsctl/data/pipeline.hpp"

#include "commands/data_arguments.hpp"

#include <string>

namespace mlopsctl::commands {

// The folder that targets are relative to, as the root of the repository sees it: "" at the root.
std::string pipeline_base(const data::Repository& repository, const Context& context);

PositionalSpec stages_positional(std::string help, std::size_t least = 0);

}  // namespace mlopsctl::commands
