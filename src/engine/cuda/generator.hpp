// Generates with continuous batching: sequences have pages of one cache, and whichever ends makes
// room for the next. Steps are captured as graphs; the next one is started before the last one's
// tokens are looked at.
#pragma once

#include "mlopsctl/engine/engine.hpp"

#include "engine/cuda/packing.hpp"

#include <map>
#include <span>
#include <utility>
#include <vector>

namespace mlopsctl::engine::cuda {

class Generator {
 public:
  Generator(Model& model, std::size_t batch_tokens);
  ~Generator();
  Generator(const Generator&) = delete;
  Generator& operator=(const Generator&) = delete;

  std::vector<GenerateResult> run(std::span<const GenerateRequest> requests,
                                  const OnToken& on_token);

 private:
  struct Slot {
    std::size_t request = 0;
    std::size_t most_new = 0;
    std::vector<std::int32_t> pages;
    std::int32_t token = 0;
    std::int32_t position = 0;  // of `token`, which is not fed yet
    bool ended = false;
  };

  void prepare();  // memory for the requests
  bool admit();    // prompts go through the model; false: none could be taken
  void upload_state();
  bool next_may_join() const;  // beside those that run
  void advance();              // until a sequence has ended or another may join
  void drop_ended();
  void take(Slot& slot, std::size_t index, const Scored& scored);
  std::int32_t drawn(const Slot& slot, std::size_t index, Scored& scored);
  void launch_step(int batch, int ahead);
  void copy(const std::vector<std::int32_t>& from, std::int32_t* to) const;
  StepState state(int batch, int splits) const;
  cudaGraphExec_t graph(int batch, int splits);
  void drop_graphs();
  LayerCaches caches() const;
  const GenerateRequest& request_of(const Slot& slot) const { return requests_[slot.request]; }

  Model& model_;
  std::size_t batch_tokens_;
  std::span<const GenerateRequest> requests_;
  const OnToken* on_token_ = nullptr;
  std::vector<GenerateResult> results_;
  std::size_t next_ = 0;
  std::vector<Slot> slots_;

  std::size_t pages_ = 0;
  std::vector<std::int32_t> free_pages_;
  int table_width_ = 0;
  gpu::DeviceArray<std::byte> cache_;
  gpu::DeviceArray<std::int32_t> table_, tokens_, positions_;
  gpu::DeviceArray<std::int32_t> choosable_;  // rows of the vocabulary, of each slot
  gpu::DeviceArray<std::int32_t> idle_;       // positions of a step in which nothing happens
  gpu::DeviceArray<std::byte> attend_scratch_, choose_scratch_;
  gpu::DeviceArray<float> logits_;
  gpu::PinnedBytes chosen_;
  PackingThere prompts_;
  gpu::Event done_[2];
  std::vector<float> row_;  // of logits, on the host
  std::map<std::pair<int, int>, cudaGraphExec_t> graphs_;
  int graphs_version_ = 0;
};

}  // namespace mlopsctl::engine::cuda
