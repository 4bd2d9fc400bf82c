// What is evaluated: a local model or an endpoint, seen as something that scores and generates text
// (the requests of lm-evaluation-harness, eval.md §1.2).
#pragma once

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/progress.hpp"
#include "mlopsctl/eval/result.hpp"
#include "mlopsctl/tokenizer/tokenizer.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace mlopsctl {

struct LikelihoodRequest {
  std::string context;  // empty: conditioned on the prefix token
  std::string continuation;
};
struct LikelihoodResult {
  double sum = 0;       // natural log-probability of the continuation
  bool greedy = false;  // each token of it was the most likely one
  std::uint64_t tokens = 0;
  std::uint64_t matched = 0;  // tokens that were the most likely ones
  bool truncated = false;     // the context lost its left end
  std::string error;          // not empty: there is no result, and why
};

struct RollingResult {
  double sum = 0;
  std::uint64_t tokens = 0;   // scored, without the prefix
  std::uint64_t matched = 0;  // of them, those that were the most likely ones
  std::string error;
};

struct GenerationRequest {
  std::string prompt;                 // used if there are no messages
  std::vector<ChatMessage> messages;  // a chat
  std::uint32_t max_tokens = 256;
  double temperature = 0, top_p = 1;
  std::uint64_t seed = 0;
  std::vector<std::string> stop;  // the text ends before the earliest of these
};
struct GenerationResult {
  std::string text;
  std::string finish_reason;  // "stop", "length"
  std::uint64_t prompt_tokens = 0, completion_tokens = 0;
  std::string error;
};

// Told of results as they come, so that a cache has kept them whatever happens next. `index` is the
// place of the request in the call. Called from the thread that called; may stay unset.
struct ResultWatch {
  std::function<void(std::size_t index, const LikelihoodResult&)> likelihood;
  std::function<void(std::size_t index, const RollingResult&)> rolling;
  std::function<void(std::size_t index, const GenerationResult&)> generation;
};

// Results are in the order of the requests. One that failed has its `error` set; what makes all
// fail is thrown. Not safe to call from several threads; implementations use several themselves.
class Target {
 public:
  virtual ~Target() = default;
  virtual std::string name() const = 0;
  virtual Fingerprint fingerprint() const = 0;

  virtual std::vector<LikelihoodResult> likelihood(std::span<const LikelihoodRequest> requests,
                                                   Progress& progress) = 0;
  virtual std::vector<RollingResult> rolling(std::span<const std::string> texts,
                                             Progress& progress) = 0;
  virtual std::vector<GenerationResult> generate(std::span<const GenerationRequest> requests,
                                                 Progress& progress) = 0;

  // The model's chat template as it is written; empty if there is none here.
  virtual std::string chat_template() const { return {}; }
  // The prompt that it makes of a chat. Throws Error{usage} where it does not take the chat, and
  // where there is none.
  virtual std::string chat_prompt(std::span<const ChatMessage>) const {
    throw Error(ErrorKind::usage, name() + " has no chat template");
  }
  // Whether generate() sends messages as they are: the template is the server's matter.
  virtual bool sends_chats() const { return false; }

  // Of the calls from now on. A target may tell of a result when it is there or not at all: who
  // watches looks at what the call returns as well.
  void watch(ResultWatch watch) { watch_ = std::move(watch); }

 protected:
  void tell(std::size_t index, const LikelihoodResult& result) const {
    if (watch_.likelihood) watch_.likelihood(index, result);
  }
  void tell(std::size_t index, const RollingResult& result) const {
    if (watch_.rolling) watch_.rolling(index, result);
  }
  void tell(std::size_t index, const GenerationResult& result) const {
    if (watch_.generation) watch_.generation(index, result);
  }

 private:
  ResultWatch watch_;
};

}  // namespace mlopsctl
