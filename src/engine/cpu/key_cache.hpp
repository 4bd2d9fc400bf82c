// Keys and values of what has been read, in blocks of 64 positions that sequences take and give
// back.
#pragma once

#include "mlopsctl/engine/checkpoint.hpp"

#include "engine/cpu/kernels.hpp"

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <utility>
#include <vector>

namespace mlopsctl::engine::cpu {

class KeyCache {
 public:
  // `layers`: 1 where a layer's keys are forgotten when the next begins.
  KeyCache(const ModelConfig& config, std::size_t layers);

  float* take();
  void give_back(float* block) { free_.push_back(block); }

  // Where a layer begins in a block, and a head's keys [size][64] and values [64][padded] in that.
  std::size_t layer(std::size_t index) const { return layers_ == 1 ? 0 : index * layer_floats_; }
  std::size_t keys(std::size_t head) const { return head * head_floats_; }
  std::size_t values(std::size_t head) const {
    return head * head_floats_ + block_positions * size_;
  }
  std::size_t bytes_a_position() const { return layers_ * layer_floats_ * 4 / block_positions; }

 private:
  struct Free {
    void operator()(float* block) const { std::free(block); }
  };
  std::size_t layers_, size_, head_floats_, layer_floats_;
  std::vector<std::unique_ptr<float, Free>> all_;
  std::vector<float*> free_;
};

// The blocks of one sequence; gives its own back at its end.
class KeyBlocks {
 public:
  explicit KeyBlocks(KeyCache& cache) : cache_(&cache) {}
  KeyBlocks(KeyBlocks&& other) noexcept = default;
  KeyBlocks& operator=(KeyBlocks&& other) noexcept {
    std::swap(cache_, other.cache_);
    blocks_.swap(other.blocks_);
    std::swap(shared_, other.shared_);
    return *this;
  }
  ~KeyBlocks() {
    for (std::size_t i = shared_; i < blocks_.size(); ++i) cache_->give_back(blocks_[i]);
  }

  // The first `count` blocks of another sequence, which lives longer, are read as this one's.
  void share(const KeyBlocks& other, std::size_t count) {
    blocks_.assign(other.blocks_.begin(),
                   other.blocks_.begin() + static_cast<std::ptrdiff_t>(count));
    shared_ = count;
  }
  void reserve(std::size_t positions) {
    while (blocks_.size() * block_positions < positions) blocks_.push_back(cache_->take());
  }
  const std::vector<float*>& blocks() const { return blocks_; }

 private:
  KeyCache* cache_;
  std::vector<float*> blocks_;
  std::size_t shared_ = 0;
};

}  // namespace mlopsctl::engine::cpu
