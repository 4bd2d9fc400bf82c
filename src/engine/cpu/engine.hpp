// The Engine on the CPU. Every row goes through the same operations whatever is beside it
// (kernels.hpp), so that results never depend on batches: deterministic mode is the only one.
#pragma once

#include "mlopsctl/engine/engine.hpp"

#include "engine/cpu/model.hpp"
#include "engine/cpu/pool.hpp"

#include <memory>
#include <span>
#include <string>
#include <vector>

namespace mlopsctl::engine::cpu {

class CpuEngine final : public Engine {
 public:
  CpuEngine(std::shared_ptr<const Checkpoint> checkpoint, const EngineOptions& options);

  std::string name() const override;
  const ModelConfig& config() const override { return model_.config(); }
  std::vector<ScoreResult> score(std::span<const ScoreRequest> requests,
                                 Progress& progress) override;
  std::vector<GenerateResult> generate(std::span<const GenerateRequest> requests,
                                       const OnToken& on_token) override;
  std::vector<std::vector<float>> embed(std::span<const std::vector<std::int32_t>> sequences,
                                        Pooling pooling, Progress& progress) override;
  std::vector<float> logits(std::span<const std::int32_t> tokens) override;

 private:
  // Normalised states of some rows of the last Model::read.
  Floats normalised(const Floats& hidden, std::span<const std::size_t> rows);
  void score_batch(std::span<const ScoreRequest> requests, std::span<const std::size_t> batch,
                   std::vector<ScoreResult>& results);

  std::shared_ptr<const Checkpoint> checkpoint_;
  Pool pool_;
  Model model_;
  std::string arithmetic_;  // as name() says it
  std::size_t batch_tokens_;
};

}  // namespace mlopsctl::engine::cpu
