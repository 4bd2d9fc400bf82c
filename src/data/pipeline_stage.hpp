// From the resolved definition of a stage to a Stage.
#pragma once

#include "mlopsctl/data/pipeline.hpp"

#include <string>
#include <string_view>

namespace mlopsctl::data {

constexpr std::string_view default_params_file = "params.yaml";

// Takes one entry of a stage's definition, expressions resolved: "cmd", "deps", "outs", …
void fill_stage(Stage& stage, const std::string& key, const YamlValue& value);

// Without "." and "..", "" for the root, no '/' at the end.
std::string normal_path(const fs::path& path);

}  // namespace mlopsctl::data
