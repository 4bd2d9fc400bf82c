#include "engine/sampling.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

namespace mlopsctl::engine {

namespace {

// Of candidates, largest first, the fewest whose weights sum to `share` of all.
void keep_share(std::vector<std::int32_t>& ids, std::span<const double> weights, double share) {
  double all = 0, sum = 0;
  for (const std::int32_t id : ids) all += weights[static_cast<std::size_t>(id)];
  std::size_t kept = 0;
  while (kept < ids.size() && sum < share * all)
    sum += weights[static_cast<std::size_t>(ids[kept++])];
  ids.resize(std::max<std::size_t>(1, kept));
}

}  // namespace

double draw(std::uint64_t seed, std::size_t index) {
  std::uint64_t z = seed + 0x9E3779B97F4A7C15U * (index + 1);  // SplitMix64
  z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
  z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
  z ^= z >> 31U;
  return static_cast<double>(z >> 11U) * 0x1p-53;
}

std::int32_t sample(std::span<const float> logits, const GenerateRequest& request,
                    std::size_t index) {
  const float most = *std::max_element(logits.begin(), logits.end());
  std::vector<double> weights(logits.size());
  for (std::size_t i = 0; i < logits.size(); ++i)
    weights[i] = std::exp((static_cast<double>(logits[i]) - static_cast<double>(most)) /
                          request.temperature);
  std::vector<std::int32_t> ids(logits.size());
  std::iota(ids.begin(), ids.end(), 0);
  const auto before = [&](std::int32_t a, std::int32_t b) {
    const float x = logits[static_cast<std::size_t>(a)], y = logits[static_cast<std::size_t>(b)];
    return x > y || (x == y && a < b);
  };
  if (request.top_k != 0 && request.top_k < ids.size()) {
    std::nth_element(ids.begin(), ids.begin() + request.top_k, ids.end(), before);
    ids.resize(request.top_k);
  }
  if (request.top_p < 1) {
    std::sort(ids.begin(), ids.end(), before);
    keep_share(ids, weights, request.top_p);
  }
  std::sort(ids.begin(), ids.end());
  double all = 0;
  for (const std::int32_t id : ids) all += weights[static_cast<std::size_t>(id)];
  double left = draw(request.seed, index) * all;
  for (const std::int32_t id : ids) {
    left -= weights[static_cast<std::size_t>(id)];
    if (left < 0) return id;
  }
  return ids.back();
}

}  // namespace mlopsctl::engine
