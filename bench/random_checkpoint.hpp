// Checkpoints in Hugging Face's layout with weights from a seed, of any shape that config.json can
// tell of: for benches and tests.
#pragma once

#include "mlopsctl/base/number_type.hpp"

#include <cstdint>
#include <filesystem>
#include <string>

namespace mlopsctl {

// Writes config.json and model.safetensors. Weights are uniform, of a spread that keeps the size of
// what goes through them; the same seed gives the same bytes on every machine, and
// what 16 bits hold is the rounding of what 32 bits would.
void make_random_checkpoint(const std::filesystem::path& folder, const std::string& config,
                            NumberType type, std::uint64_t seed);

// config.json of "gpt2-124m", "gpt2-xl", "llama-3-8b", "llama-3.2-1b", "qwen2-0.5b". Throws
// Error{usage}.
std::string config_of_shape(const std::string& shape);

}  // namespace mlopsctl
