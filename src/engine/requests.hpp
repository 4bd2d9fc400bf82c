// What every engine refuses before it starts.
#pragma once

#include "mlopsctl/engine/engine.hpp"

#include <span>
#include <vector>

namespace mlopsctl::engine {

// Each throws Error{usage} that names the request: an id outside the vocabulary, no token at all,
// more than the model has positions for, a first token with nothing before it.
void check_requests(const ModelConfig& config, std::span<const ScoreRequest> requests);
void check_requests(const ModelConfig& config, std::span<const GenerateRequest> requests);
void check_sequences(const ModelConfig& config,
                     std::span<const std::vector<std::int32_t>> sequences);

// How many tokens a request may get before it reaches max_positions: the last one is never fed.
std::size_t most_new_tokens(const ModelConfig& config, const GenerateRequest& request);

// How many rows of the vocabulary its tokens are chosen among.
std::size_t choosable_rows(const ModelConfig& config, const GenerateRequest& request);

}  // namespace mlopsctl::engine
