// The CUDA engine: what an Engine promises, made of Scorer, Generator and Model.
#include "mlopsctl/engine/engine.hpp"

#include "engine/cuda/generator.hpp"
#include "engine/cuda/scorer.hpp"
#include "engine/requests.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace mlopsctl {

namespace engine::cuda {

namespace {

// Tokens that go through the model at once if nobody says how many: more make products faster, up
// to a point, and take memory.
std::size_t usual_batch_tokens(const Model& model) {
  std::size_t free = 0, total = 0;
  gpu::check(cudaMemGetInfo(&free, &total), "tell its memory");
  return std::clamp<std::size_t>(free / 4 / model.token_bytes(), 1024, 32768);
}

class CudaEngine final : public Engine {
 public:
  CudaEngine(std::shared_ptr<const Checkpoint> checkpoint, const EngineOptions& options,
             NumberType type)
      : model_(std::move(checkpoint), type, options.deterministic),
        batch_tokens_(options.max_batch_tokens != 0 ? options.max_batch_tokens
                                                    : usual_batch_tokens(model_)),
        scorer_(model_, batch_tokens_) {}

  std::string name() const override {
    return fmt::format("cuda, {}, {}", model_.device().name, to_string(model_.type()));
  }
  const ModelConfig& config() const override { return model_.config(); }

  std::vector<ScoreResult> score(std::span<const ScoreRequest> requests,
                                 Progress& progress) override {
    check_requests(config(), requests);
    return scorer_.score(requests, progress);
  }

  std::vector<GenerateResult> generate(std::span<const GenerateRequest> requests,
                                       const OnToken& on_token) override {
    check_requests(config(), requests);
    if (!generator_) generator_ = std::make_unique<Generator>(model_, batch_tokens_);
    return generator_->run(requests, on_token);
  }

  std::vector<std::vector<float>> embed(std::span<const std::vector<std::int32_t>> sequences,
                                        Pooling pooling, Progress& progress) override {
    check_sequences(config(), sequences);
    progress.start("embedding", sequences.size(), "sequences");
    std::vector<std::vector<float>> rows;
    for (std::size_t first = 0; first < sequences.size();) {
      std::size_t count = 0, tokens = 0;
      while (first + count < sequences.size() &&
             (count == 0 || tokens + sequences[first + count].size() <= batch_tokens_))
        tokens += sequences[first + count++].size();
      pooled(sequences.subspan(first, count), pooling, rows);
      progress.advance(count);
      first += count;
    }
    progress.finish();
    return rows;
  }

  std::vector<float> logits(std::span<const std::int32_t> tokens) override {
    const std::vector<std::int32_t> copy(tokens.begin(), tokens.end());
    check_sequences(config(), std::span(&copy, 1));
    forward(std::span(&copy, 1));
    const std::size_t vocabulary = config().vocabulary;
    const auto leading = static_cast<std::size_t>(model_.logits_leading());
    constexpr std::size_t at_once = 256;
    gpu::DeviceArray<float> there(at_once * leading);
    std::vector<float> all(copy.size() * vocabulary);
    const auto* const normed =
        static_cast<const std::byte*>(model_.final_rows(nullptr, static_cast<int>(copy.size())));
    const std::size_t row_bytes = config().width * size_of(model_.type());
    for (std::size_t first = 0; first < copy.size(); first += at_once) {
      const std::size_t count = std::min(at_once, copy.size() - first);
      model_.logits(normed + first * row_bytes, static_cast<int>(count), there.data());
      gpu::check(
          cudaMemcpy2DAsync(all.data() + first * vocabulary, vocabulary * sizeof(float),
                            there.data(), leading * sizeof(float), vocabulary * sizeof(float),
                            count, cudaMemcpyDeviceToHost, model_.stream()),
          "copy logits from the GPU");
    }
    gpu::check(cudaStreamSynchronize(model_.stream()), "copy logits from the GPU");
    return all;
  }

 private:
  void forward(std::span<const std::vector<std::int32_t>> sequences) {
    Packing packing;
    for (const auto& sequence : sequences)
      packing.add(sequence, attend_rows(model_.type(), model_.heads().size));
    packing.sort_tiles();
    there_.upload(packing, model_.stream());
    model_.forward(there_.packed(), nullptr);
  }

  void pooled(std::span<const std::vector<std::int32_t>> sequences, Pooling pooling,
              std::vector<std::vector<float>>& rows) {
    forward(sequences);
    const std::size_t width = config().width;
    const void* normed = model_.final_rows(nullptr, there_.packed().count);
    gpu::DeviceArray<float> out(sequences.size() * width);
    pool(model_.launch(), model_.type(), normed, there_.starts(),
         static_cast<int>(sequences.size()), static_cast<int>(width), pooling == Pooling::last,
         out.data());
    std::vector<float> host(out.size());
    gpu::check(cudaStreamSynchronize(model_.stream()), "finish its work");
    out.download(host.data(), host.size());
    for (std::size_t i = 0; i < sequences.size(); ++i) {
      const auto begin = host.begin() + static_cast<std::ptrdiff_t>(i * width);
      rows.emplace_back(begin, begin + static_cast<std::ptrdiff_t>(width));
    }
  }

  Model model_;
  std::size_t batch_tokens_;
  Scorer scorer_;
  std::unique_ptr<Generator> generator_;
  PackingThere there_;
};

}  // namespace

}  // namespace engine::cuda

std::unique_ptr<Engine> make_cuda_engine(std::shared_ptr<const Checkpoint> checkpoint,
                                         const EngineOptions& options) {
  const NumberType type = options.type.value_or(checkpoint->stored_type());
  return std::make_unique<engine::cuda::CudaEngine>(std::move(checkpoint), options, type);
}

}  // namespace mlopsctl
