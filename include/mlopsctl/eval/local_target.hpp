// A model in a folder as a target: its tokenizer and an engine.
#pragma once

#include "mlopsctl/engine/engine.hpp"
#include "mlopsctl/eval/target.hpp"
#include "mlopsctl/tokenizer/tokenizer.hpp"

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>

namespace mlopsctl {

struct LocalOptions {
  std::filesystem::path model;  // a Hugging Face folder
  std::optional<std::filesystem::path> adapter;
  EngineOptions engine;
  std::size_t max_length = 0;  // tokens that are seen at once; 0: as many as the model can
  // Texts of loglikelihood_rolling are encoded with special tokens and get a prefix as well: two
  // BOS tokens where the tokenizer adds one, as lm-evaluation-harness has it.
  bool lm_eval_compat = false;
};

// Throws what Tokenizer::load, Checkpoint::open and make_engine throw, and Error{usage} for a
// max_length that the model cannot have.
std::unique_ptr<Target> open_local(const LocalOptions& options);

// The same of parts. Before an empty context and a text stands the tokenizer's BOS, else its EOS,
// else the model's.
std::unique_ptr<Target> make_local_target(Tokenizer tokenizer, std::unique_ptr<Engine> engine,
                                          const LocalOptions& options, Fingerprint fingerprint);

}  // namespace mlopsctl
