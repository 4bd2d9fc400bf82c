// Scoring: many sequences at once, packed, each read once up to where it differs from another.
#include "engine/cpu/engine.hpp"
#include "engine/cpu/scorer.hpp"
#include "engine/requests.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace mlopsctl::engine::cpu {

namespace {

// What is fed: the last token is only a target.
std::span<const std::int32_t> fed(const ScoreRequest& request) {
  return std::span(request.tokens).first(request.tokens.size() - 1);
}

bool is_empty(const ScoreRequest& request) { return request.first >= request.tokens.size(); }

// Blocks of keys that both begin with, and that end before the first row that `next` is asked for.
std::size_t shared_blocks(const ScoreRequest& before, const ScoreRequest& next) {
  const auto a = fed(before), b = fed(next);
  const auto differ = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  const auto common = static_cast<std::size_t>(differ.second - b.begin());
  return std::min(common, next.first - 1) / block_positions;
}

}  // namespace

std::vector<ScoreResult> CpuEngine::score(std::span<const ScoreRequest> requests,
                                          Progress& progress) {
  check_requests(config(), requests);
  std::vector<ScoreResult> results(requests.size());
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    if (!is_empty(requests[i])) order.push_back(i);
  }
  // Those with the same beginning are beside each other.
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return requests[a].tokens < requests[b].tokens;
  });
  progress.start("scoring", order.size(), "requests");
  for (std::size_t i = 0; i < order.size();) {
    std::size_t end = i, tokens = 0;
    while (end < order.size()) {
      const std::size_t shared =
          end == i ? 0 : shared_blocks(requests[order[end - 1]], requests[order[end]]);
      tokens += fed(requests[order[end]]).size() - shared * block_positions;
      if (end != i && tokens > batch_tokens_) break;
      ++end;
    }
    score_batch(requests, std::span(order).subspan(i, end - i), results);
    progress.advance(end - i);
    i = end;
  }
  progress.finish();
  return results;
}

void CpuEngine::score_batch(std::span<const ScoreRequest> requests,
                            std::span<const std::size_t> batch, std::vector<ScoreResult>& results) {
  KeyCache cache(config(), 1);
  std::vector<KeyBlocks> blocks;
  std::vector<Segment> segments;
  blocks.reserve(batch.size());
  std::vector<std::size_t> rows;     // of the read, that the head is asked for
  std::vector<LogitTarget> targets;  // of all requests one after the other
  std::size_t first_row = 0;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const ScoreRequest& request = requests[batch[i]];
    const std::size_t shared = i == 0 ? 0 : shared_blocks(requests[batch[i - 1]], request);
    const std::size_t position = shared * block_positions;
    KeyBlocks& own = blocks.emplace_back(cache);
    if (shared != 0) own.share(blocks[i - 1], shared);
    own.reserve(fed(request).size());
    segments.push_back(
        {.tokens = fed(request).subspan(position), .position = position, .blocks = &own});
    for (std::size_t t = request.first; t < request.tokens.size(); ++t) {
      targets.push_back({.row = rows.size(), .token = request.tokens[t]});
      rows.push_back(first_row + t - 1 - position);
    }
    for (const std::int32_t other : request.others)
      targets.push_back({.row = rows.size() - 1, .token = other});
    first_row += segments.back().tokens.size();
  }
  const Floats states = normalised(model_.read(segments, cache), rows);
  const std::vector<RowScore> scores =
      score_rows(model_.head(), pool_, model_.multiplier(), states, targets);
  std::size_t target = 0;
  const auto log_probability = [&] {
    const LogitTarget& asked = targets[target++];
    return static_cast<float>(static_cast<double>(asked.logit) - scores[asked.row].log_sum_exp);
  };
  for (const std::size_t index : batch) {
    const ScoreRequest& request = requests[index];
    ScoreResult& result = results[index];
    for (std::size_t t = request.first; t < request.tokens.size(); ++t) {
      const RowScore& score = scores[targets[target].row];
      result.argmax.push_back(score.argmax);
      result.finite = result.finite && score.finite;
      result.log_probabilities.push_back(log_probability());
    }
    for (std::size_t i = 0; i < request.others.size(); ++i)
      result.others.push_back(log_probability());
  }
}

}  // namespace mlopsctl::engine::cpu
