#include "engine/cpu/engine.hpp"

#include "mlopsctl/base/error.hpp"

#include "engine/requests.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

namespace mlopsctl {

namespace engine::cpu {

namespace {

unsigned thread_count(unsigned asked) {
  return asked != 0 ? asked : std::max(1U, std::thread::hardware_concurrency());
}

std::optional<NumberType> checked(std::optional<NumberType> type) {
  if (type && *type != NumberType::f32 && *type != NumberType::f16 && *type != NumberType::bf16)
    throw Error(ErrorKind::usage, fmt::format("weights cannot be held as {}", to_string(*type)),
                "types are float32, float16 and bfloat16");
  return type;
}

// What is rounded gives other answers: the name tells.
std::string arithmetic(const Checkpoint& checkpoint, std::optional<NumberType> type) {
  if (type == NumberType::bf16 && kernels().product_rounded != nullptr) return "bfloat16";
  const bool as_stored =
      type == checkpoint.stored_type() && checkpoint.adapter_fingerprint().empty();
  if (!type || type == NumberType::f32 || as_stored) return "float32";
  return fmt::format("float32 with {} weights", to_string(*type));
}

}  // namespace

CpuEngine::CpuEngine(std::shared_ptr<const Checkpoint> checkpoint, const EngineOptions& options)
    : checkpoint_(std::move(checkpoint)),
      pool_(thread_count(options.threads)),
      model_(*checkpoint_, checked(options.type), pool_),
      arithmetic_(arithmetic(*checkpoint_, options.type)),
      batch_tokens_(options.max_batch_tokens != 0 ? options.max_batch_tokens : 4096) {}

std::string CpuEngine::name() const {
  return fmt::format("cpu, {}, {} thread{}, {}", kernels().name, pool_.threads(),
                     pool_.threads() == 1 ? "" : "s", arithmetic_);
}

Floats CpuEngine::normalised(const Floats& hidden, std::span<const std::size_t> rows) {
  const std::size_t width = model_.config().width;
  Floats states(rows.size() * width);
  for (std::size_t i = 0; i < rows.size(); ++i)
    model_.normalise(hidden.data() + rows[i] * width, states.data() + i * width);
  return states;
}

std::vector<std::vector<float>> CpuEngine::embed(
    std::span<const std::vector<std::int32_t>> sequences, Pooling pooling, Progress& progress) {
  check_sequences(config(), sequences);
  const std::size_t width = config().width;
  std::vector<std::vector<float>> results(sequences.size());
  progress.start("embedding", sequences.size(), "texts");
  for (std::size_t i = 0; i < sequences.size();) {
    KeyCache cache(config(), 1);
    std::vector<KeyBlocks> blocks;
    std::vector<Segment> segments;
    std::size_t tokens = 0, end = i;
    while (end < sequences.size() &&
           (end == i || tokens + sequences[end].size() <= batch_tokens_)) {
      tokens += sequences[end].size();
      blocks.emplace_back(cache).reserve(sequences[end].size());
      ++end;
    }
    for (std::size_t s = i; s < end; ++s)
      segments.push_back({.tokens = sequences[s], .position = 0, .blocks = &blocks[s - i]});
    const Floats& hidden = model_.read(segments, cache);
    std::size_t row = 0;
    std::vector<float> state(width);
    for (std::size_t s = i; s < end; ++s) {
      const std::size_t count = sequences[s].size();
      std::vector<double> sums(width);
      for (std::size_t t = pooling == Pooling::last ? count - 1 : 0; t < count; ++t) {
        model_.normalise(hidden.data() + (row + t) * width, state.data());
        for (std::size_t c = 0; c < width; ++c) sums[c] += static_cast<double>(state[c]);
      }
      const double parts = pooling == Pooling::last ? 1 : static_cast<double>(count);
      for (const double sum : sums) results[s].push_back(static_cast<float>(sum / parts));
      row += count;
    }
    progress.advance(end - i);
    i = end;
  }
  progress.finish();
  return results;
}

std::vector<float> CpuEngine::logits(std::span<const std::int32_t> tokens) {
  const std::vector<std::int32_t> sequence(tokens.begin(), tokens.end());
  check_sequences(config(), std::span(&sequence, 1));
  KeyCache cache(config(), 1);
  KeyBlocks blocks(cache);
  blocks.reserve(sequence.size());
  const Segment segment{.tokens = sequence, .position = 0, .blocks = &blocks};
  const Floats& hidden = model_.read(std::span(&segment, 1), cache);
  std::vector<std::size_t> rows(sequence.size());
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = i;
  const Floats states = normalised(hidden, rows);
  const std::size_t vocabulary = config().vocabulary;
  std::vector<float> all(rows.size() * vocabulary);
  model_.multiplier()(model_.head(), states.data(), config().width, rows.size(), all.data(),
                      vocabulary, After::bias);
  return all;
}

}  // namespace engine::cpu

std::unique_ptr<Engine> make_cpu_engine(std::shared_ptr<const Checkpoint> checkpoint,
                                        const EngineOptions& options) {
  return std::make_unique<engine::cpu::CpuEngine>(std::move(checkpoint), options);
}

}  // namespace mlopsctl
