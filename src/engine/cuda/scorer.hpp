// Scores requests on the GPU: sorted by length, packed, the next batch prepared while one runs.
#pragma once

#include "mlopsctl/base/progress.hpp"
#include "mlopsctl/engine/engine.hpp"

#include "engine/cuda/packing.hpp"

#include <array>
#include <span>
#include <vector>

namespace mlopsctl::engine::cuda {

class Scorer {
 public:
  Scorer(Model& model, std::size_t batch_tokens) : model_(model), batch_tokens_(batch_tokens) {}

  std::vector<ScoreResult> score(std::span<const ScoreRequest> requests, Progress& progress);

 private:
  // Where the results of a request begin among the rows of a batch.
  struct Wanted {
    std::size_t request, first_row, rows;  // after these rows, one for each of its `others`
  };
  struct Batch {
    Packing packing;
    std::vector<Wanted> wanted;
    PackingThere there;
    gpu::DeviceArray<Scored> scored;
    std::unique_ptr<gpu::PinnedBytes> results;
    std::size_t room = 0;
    gpu::Event done;
    bool running = false;
  };

  // Takes requests from order[at] on; where the next batch begins.
  std::size_t fill(Batch& batch, std::span<const ScoreRequest> requests,
                   const std::vector<std::size_t>& order, std::size_t at) const;
  void run(Batch& batch);
  void score_rows_of(Batch& batch);
  void collect(Batch& batch, std::span<const ScoreRequest> requests,
               std::vector<ScoreResult>& results, Progress& progress);

  Model& model_;
  std::size_t batch_tokens_;
  std::array<Batch, 2> batches_;
  gpu::DeviceArray<float> logits_;
};

}  // namespace mlopsctl::engine::cuda
