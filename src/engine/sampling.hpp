// How every engine draws a token when the temperature is above 0: the same seed, the same tokens.
#pragma once

#include "mlopsctl/engine/engine.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace mlopsctl::engine {

// The number in [0, 1) that decides about token `index` of a request; a function of both only.
double draw(std::uint64_t seed, std::size_t index);

// Softmax of logits / temperature, cut to the top_k largest (of equals the lower id), then to the
// fewest of these, largest first, whose probabilities sum to top_p; the id, counted in the order of
// ids, at which their cumulated probability passes draw(). The temperature is above 0 and the
// logits are finite.
std::int32_t sample(std::span<const float> logits, const GenerateRequest& request,
                    std::size_t index);

}  // namespace mlopsctl::engine
