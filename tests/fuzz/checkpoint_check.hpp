// The small files beside a model's weights: config.json, generation_config.json, the index of
// shards, adapter_config.json, and the header of safetensors.
#pragma once

#include <string_view>

namespace mlopsctl::fuzz {

void check_checkpoint(std::string_view bytes);

}  // namespace mlopsctl::fuzz
