// Sequences of different lengths, one after another without padding, brought to the GPU together.
#pragma once

#include "engine/cuda/model.hpp"

#include <memory>
#include <span>
#include <vector>

namespace mlopsctl::engine::cuda {

struct Packing {
  std::vector<std::int32_t> tokens, positions;
  std::vector<std::int32_t> slots;    // of the cache, one a token; empty: no cache
  std::vector<std::int32_t> starts;   // of sequences, and the end of the last
  std::vector<std::int32_t> rows;     // that the head is wanted of
  std::vector<std::int32_t> targets;  // of these
  std::vector<AttendTile> tiles;

  // Where its tokens begin.
  std::int32_t add(std::span<const std::int32_t> sequence, int tile_rows);
  // Call when all are in: long tiles first, so that none begins when others are done.
  void sort_tiles();
};

// A packing on the GPU. The host's side stays untouched until the copy is done.
class PackingThere {
 public:
  void upload(const Packing& packing, cudaStream_t stream);

  PackedTokens packed() const { return packed_; }
  const std::int32_t* rows() const { return rows_; }
  const std::int32_t* targets() const { return targets_; }
  const std::int32_t* starts() const { return starts_; }

 private:
  std::size_t capacity_ = 0;
  std::unique_ptr<gpu::PinnedBytes> pinned_;
  gpu::DeviceArray<std::byte> memory_;
  gpu::Event copied_;
  PackedTokens packed_;
  const std::int32_t *rows_ = nullptr, *targets_ = nullptr, *starts_ = nullptr;
};

}  // namespace mlopsctl::engine::cuda
