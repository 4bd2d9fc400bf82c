// What config.json and generation_config.json say about a model (eval.md §2.2, 2.3; the defaults of
// absent fields are transformers' own).
#pragma once

#include "mlopsctl/engine/checkpoint.hpp"

#include <optional>
#include <string_view>

namespace mlopsctl::engine {

// Throws Error{corrupt} for what is malformed, Error{usage} for what is not supported: the message
// names it.
ModelConfig parse_model_config(std::string_view config,
                               std::optional<std::string_view> generation = std::nullopt);

}  // namespace mlopsctl::engine
