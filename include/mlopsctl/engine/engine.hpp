// Runs a language model: scores given tokens, generates new ones, embeds. The CPU engine is always
// there and defines correctness; the GPU's results agree with it within the tolerance of the type.
#pragma once

#include "mlopsctl/base/progress.hpp"
#include "mlopsctl/engine/checkpoint.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl {

// Log-probabilities of tokens[first], tokens[first + 1], … each given all before it. first ≥ 1, or
// there is nothing to condition on.
struct ScoreRequest {
  std::vector<std::int32_t> tokens;  // at most max_positions + 1: the last is never fed
  std::size_t first = 1;
  // Other tokens that could stand in the last place: what choices of one token (A, B, C, D) share
  // is computed once.
  std::vector<std::int32_t> others;
};
struct ScoreResult {
  std::vector<float> log_probabilities;  // natural logarithm, over all rows of the vocabulary
  std::vector<std::int32_t> argmax;      // of each position; the lowest id of equals
  std::vector<float> others;             // log-probabilities of the request's `others`
  bool finite = true;  // false: a logit was NaN or infinite, the numbers mean nothing
};

struct GenerateRequest {
  std::vector<std::int32_t> prompt;  // at least one token
  std::size_t max_new = 16;          // ends earlier at max_positions
  std::vector<std::int32_t> stop;    // ends after one of these; it is the last token of the result
  double temperature = 0;            // 0: greedy
  std::uint32_t top_k = 0;           // 0: all
  double top_p = 1;
  std::uint64_t seed = 0;  // the same seed gives the same tokens, alone or in a batch
  // Tokens are chosen among the ids below this one: a model's vocabulary may have more rows than
  // its tokenizer has ids. 0: among all. Log-probabilities are over all rows either way.
  std::size_t choosable = 0;
  // Whether it joins those that run; asked at each step, in the order of requests, until it says
  // so. Unset: at once. `idle`: none runs, and it may wait until one is to: false ends the
  // generation then, and this request and those behind it have no result.
  std::function<bool(bool idle)> may_start;
};
enum class FinishReason { stop, length };
struct GenerateResult {
  std::vector<std::int32_t> tokens;      // without the prompt
  std::vector<float> log_probabilities;  // of these, at temperature 1
  FinishReason finish = FinishReason::length;
  bool finite = true;
};
// Told of each new token as it is made, from the thread that called generate(); false ends that
// request.
using OnToken = std::function<bool(std::size_t request, std::int32_t token)>;

enum class Pooling { mean, last };

struct EngineOptions {
  std::string device = "auto";  // "auto", "cpu", "cuda"
  // f32, f16, bf16: what weights and activations are held in. Unset: as stored (CPU: float32
  // arithmetic either way). Sums, norms, softmax and log-sum-exp are in float32 everywhere.
  std::optional<NumberType> type;
  unsigned threads = 0;  // CPU; 0: as many as the machine has
  // The same bits for a request alone and in any batch.
  bool deterministic = false;
  std::size_t max_batch_tokens = 0;  // that go through the model at once; 0: the engine chooses
};

class Engine {
 public:
  virtual ~Engine() = default;
  // "cpu, avx512, 2 threads, float32", "cuda, NVIDIA H100, bfloat16". What rounds weights says so
  // behind the last comma.
  virtual std::string name() const = 0;
  virtual const ModelConfig& config() const = 0;

  // Result i belongs to request i. Requests of different lengths are packed, without padding. An
  // id outside the vocabulary or too many tokens: Error{usage} that names the request.
  virtual std::vector<ScoreResult> score(std::span<const ScoreRequest> requests,
                                         Progress& progress) = 0;
  // Continuous batching: a request that ends makes room for the next.
  virtual std::vector<GenerateResult> generate(std::span<const GenerateRequest> requests,
                                               const OnToken& on_token) = 0;
  // One row of `width` values for each sequence: the last layer's hidden states after the final
  // norm, averaged or the last position's.
  virtual std::vector<std::vector<float>> embed(
      std::span<const std::vector<std::int32_t>> sequences, Pooling pooling,
      Progress& progress) = 0;
  // All logits of one sequence, [tokens, vocabulary], row-major: for tests of models.
  virtual std::vector<float> logits(std::span<const std::int32_t> tokens) = 0;
};

// Throws Error{unavailable} saying what is missing for "cuda".
std::unique_ptr<Engine> make_engine(std::shared_ptr<const Checkpoint> checkpoint,
                                    const EngineOptions& options);
std::unique_ptr<Engine> make_cpu_engine(std::shared_ptr<const Checkpoint> checkpoint,
                                        const EngineOptions& options);
std::unique_ptr<Engine> make_cuda_engine(std::shared_ptr<const Checkpoint> checkpoint,
                                         const EngineOptions& options);

}  // namespace mlopsctl
