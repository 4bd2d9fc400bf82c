#include "engine/cuda/scorer.hpp"

#include <algorithm>
#include <numeric>

namespace mlopsctl::engine::cuda {

namespace {

constexpr std::size_t head_rows = 1024;  // whose logits are there at once

std::size_t scored_tokens(const ScoreRequest& request) {
  return request.tokens.size() - request.first;
}

// The tokens that go through the model: the last one is never fed.
std::span<const std::int32_t> fed(const ScoreRequest& request) {
  return std::span(request.tokens).first(request.tokens.size() - 1);
}

// Long ones first; those that feed the same tokens are neighbours.
std::vector<std::size_t> in_order(std::span<const ScoreRequest> requests) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    if (scored_tokens(requests[i]) != 0) order.push_back(i);
  }
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    const auto x = fed(requests[a]), y = fed(requests[b]);
    if (x.size() != y.size()) return x.size() > y.size();
    const auto [p, q] = std::mismatch(x.begin(), x.end(), y.begin());
    return p != x.end() ? *p < *q : a < b;
  });
  return order;
}

}  // namespace

std::size_t Scorer::fill(Batch& batch, std::span<const ScoreRequest> requests,
                         const std::vector<std::size_t>& order, std::size_t at) const {
  const int tile_rows = attend_rows(model_.type(), model_.heads().size);
  batch.packing = {};
  batch.wanted.clear();
  std::int32_t begin = 0;
  for (; at < order.size(); ++at) {
    const ScoreRequest& request = requests[order[at]];
    const auto tokens = fed(request);
    const bool same = !batch.wanted.empty() &&
                      std::ranges::equal(tokens, fed(requests[batch.wanted.back().request]));
    if (!same) {
      if (!batch.wanted.empty() && batch.packing.tokens.size() + tokens.size() > batch_tokens_)
        break;
      begin = batch.packing.add(tokens, tile_rows);
    }
    batch.wanted.push_back({order[at], batch.packing.rows.size(), scored_tokens(request)});
    for (std::size_t i = request.first; i < request.tokens.size(); ++i) {
      batch.packing.rows.push_back(begin + static_cast<std::int32_t>(i) - 1);
      batch.packing.targets.push_back(request.tokens[i]);
    }
    for (const std::int32_t other : request.others) {
      batch.packing.rows.push_back(batch.packing.rows.back());
      batch.packing.targets.push_back(other);
    }
  }
  batch.packing.sort_tiles();
  return at;
}

void Scorer::score_rows_of(Batch& batch) {
  const std::size_t rows = batch.packing.rows.size();
  const auto leading = static_cast<std::size_t>(model_.logits_leading());
  if (logits_.size() == 0) logits_ = gpu::DeviceArray<float>(head_rows * leading);
  for (std::size_t first = 0; first < rows; first += head_rows) {
    const int count = static_cast<int>(std::min(head_rows, rows - first));
    model_.logits(model_.final_rows(batch.there.rows() + first, count), count, logits_.data());
    score_rows(model_.launch(), logits_.data(), static_cast<std::int64_t>(leading),
               static_cast<int>(model_.config().vocabulary), batch.there.targets() + first, count,
               batch.scored.data() + first);
  }
}

void Scorer::run(Batch& batch) {
  const cudaStream_t stream = model_.stream();
  const std::size_t rows = batch.packing.rows.size();
  if (batch.room < rows) {
    batch.scored = gpu::DeviceArray<Scored>(rows);
    batch.results = std::make_unique<gpu::PinnedBytes>(rows * sizeof(Scored));
    batch.room = rows;
  }
  batch.there.upload(batch.packing, stream);
  model_.reserve(static_cast<int>(std::max(head_rows, batch.packing.tokens.size())));
  model_.forward(batch.there.packed(), nullptr);
  score_rows_of(batch);
  gpu::check(cudaMemcpyAsync(batch.results->data(), batch.scored.data(), rows * sizeof(Scored),
                             cudaMemcpyDeviceToHost, stream),
             "copy scores from the GPU");
  gpu::check(cudaEventRecord(batch.done, stream), "copy scores from the GPU");
  batch.running = true;
}

void Scorer::collect(Batch& batch, std::span<const ScoreRequest> requests,
                     std::vector<ScoreResult>& results, Progress& progress) {
  if (!batch.running) return;
  batch.done.wait();
  batch.running = false;
  const auto* const rows = reinterpret_cast<const Scored*>(batch.results->data());
  for (const Wanted& wanted : batch.wanted) {
    ScoreResult& result = results[wanted.request];
    for (std::size_t i = 0; i < wanted.rows; ++i) {
      const Scored& row = rows[wanted.first_row + i];
      result.log_probabilities.push_back(row.log_probability);
      result.argmax.push_back(row.argmax);
      if (row.broken != 0) result.finite = false;
    }
    for (std::size_t i = 0; i < requests[wanted.request].others.size(); ++i)
      result.others.push_back(rows[wanted.first_row + wanted.rows + i].log_probability);
    progress.advance(wanted.rows);
  }
}

std::vector<ScoreResult> Scorer::score(std::span<const ScoreRequest> requests, Progress& progress) {
  std::vector<ScoreResult> results(requests.size());
  const std::vector<std::size_t> order = in_order(requests);
  const std::uint64_t total = std::accumulate(
      order.begin(), order.end(), std::uint64_t{0},
      [&](std::uint64_t sum, std::size_t i) { return sum + scored_tokens(requests[i]); });
  progress.start("scoring", total, "tokens");
  std::size_t turn = 0;
  for (std::size_t at = 0; at < order.size(); ++turn) {
    Batch& batch = batches_[turn % 2];
    collect(batch, requests, results, progress);
    at = fill(batch, requests, order, at);
    run(batch);
  }
  collect(batches_[turn % 2], requests, results, progress);
  collect(batches_[(turn + 1) % 2], requests, results, progress);
  progress.finish();
  return results;
}

}  // namespace mlopsctl::engine::cuda
