// What any language model must do before its answers are worth a look.
#pragma once

#include "mlopsctl/base/progress.hpp"
#include "mlopsctl/engine/engine.hpp"
#include "mlopsctl/eval/gate.hpp"
#include "mlopsctl/tokenizer/tokenizer.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace mlopsctl::gate {

struct ModelTestOptions {
  std::string prompt = "The quick brown fox jumps over";
  std::size_t max_new = 20;  // tokens of an answer
  std::uint64_t seed = 42;
  bool batch_must_agree = false;     // else a difference between alone and in a batch is only told
  std::optional<double> mean_below;  // milliseconds of an answer, strictly
  std::size_t runs = 10;             // answers that are timed, after three that are not
};

// Shape of the logits of five tokens, numbers that are finite, an answer that begins with its
// prompt and is longer, the same seed twice with the same tokens and bits, alone and in a batch,
// the tokenizer's ids within the vocabulary, and the mean time of an answer if a limit is given.
// Name, subject and facts are the caller's. Throws Error{usage} for a prompt without a token or
// too long for the model.
GateResult test_model(Engine& engine, const Tokenizer& tokenizer, const ModelTestOptions& options,
                      Progress& progress);

}  // namespace mlopsctl::gate
