#include "engine/cpu/key_cache.hpp"

#include <new>

namespace mlopsctl::engine::cpu {

KeyCache::KeyCache(const ModelConfig& config, std::size_t layers)
    : layers_(layers),
      size_(config.head_size),
      head_floats_(block_positions * (config.head_size + padded_size(config.head_size))),
      layer_floats_(head_floats_ * config.kv_heads) {}

float* KeyCache::take() {
  if (free_.empty()) {
    // Zeros, which the padding of values must be.
    auto* block = static_cast<float*>(std::calloc(layers_ * layer_floats_, sizeof(float)));
    if (block == nullptr) throw std::bad_alloc();
    all_.emplace_back(block);
    return block;
  }
  float* block = free_.back();
  free_.pop_back();
  return block;
}

}  // namespace mlopsctl::engine::cpu
