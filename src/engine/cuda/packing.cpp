#include "engine/cuda/packing.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>

namespace mlopsctl::engine::cuda {

std::int32_t Packing::add(std::span<const std::int32_t> sequence, int tile_rows) {
  const auto begin = static_cast<std::int32_t>(tokens.size());
  const auto end = begin + static_cast<std::int32_t>(sequence.size());
  tokens.insert(tokens.end(), sequence.begin(), sequence.end());
  positions.resize(tokens.size());
  std::iota(positions.begin() + begin, positions.end(), 0);
  for (std::int32_t first = 0; first < end - begin; first += tile_rows)
    tiles.push_back({begin, end, first});
  if (starts.empty()) starts.push_back(0);
  starts.push_back(end);
  return begin;
}

void Packing::sort_tiles() {
  std::stable_sort(tiles.begin(), tiles.end(),
                   [](const AttendTile& a, const AttendTile& b) { return a.first > b.first; });
}

void PackingThere::upload(const Packing& packing, cudaStream_t stream) {
  const std::size_t ints = packing.tokens.size() + packing.positions.size() + packing.slots.size() +
                           packing.starts.size() + packing.rows.size() + packing.targets.size();
  const std::size_t bytes = ints * sizeof(std::int32_t) + packing.tiles.size() * sizeof(AttendTile);
  copied_.wait();
  if (bytes > capacity_) {
    gpu::check(cudaStreamSynchronize(stream), "finish its work");
    capacity_ = bytes + bytes / 2;
    pinned_ = std::make_unique<gpu::PinnedBytes>(capacity_);
    memory_ = {};
    memory_ = gpu::DeviceArray<std::byte>(capacity_);
  }
  std::size_t at = 0;
  const auto put = [&](const auto& values) {
    using Value = typename std::remove_cvref_t<decltype(values)>::value_type;
    const auto* const there = reinterpret_cast<const Value*>(memory_.data() + at);
    const std::size_t count = values.size() * sizeof(Value);
    if (count != 0) std::memcpy(pinned_->data() + at, values.data(), count);
    at += count;
    return there;
  };
  packed_.count = static_cast<int>(packing.tokens.size());
  packed_.tokens = put(packing.tokens);
  packed_.positions = put(packing.positions);
  packed_.slots = put(packing.slots);
  starts_ = put(packing.starts);
  rows_ = put(packing.rows);
  targets_ = put(packing.targets);
  packed_.tiles = put(packing.tiles);
  packed_.tile_count = static_cast<int>(packing.tiles.size());
  gpu::check(
      cudaMemcpyAsync(memory_.data(), pinned_->data(), bytes, cudaMemcpyHostToDevice, stream),
      "copy tokens to the GPU");
  gpu::check(cudaEventRecord(copied_, stream), "copy tokens to the GPU");
}

}  // namespace mlopsctl::engine::cuda
