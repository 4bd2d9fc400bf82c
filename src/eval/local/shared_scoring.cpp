#include "eval/local/shared_scoring.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <string_view>

namespace mlopsctl {

namespace {

// Everything but the last token, as bytes to compare.
std::string_view stem_of(const ScoredTokens& sequence) {
  return {reinterpret_cast<const char*>(sequence.tokens.data()),
          (sequence.tokens.size() - 1) * sizeof(TokenId)};
}

struct Group {
  std::vector<std::size_t> members;
  ScoreRequest request;
};

std::vector<Group> groups_of(std::span<const ScoredTokens> sequences) {
  std::vector<Group> groups;
  std::map<std::string_view, std::size_t> places;
  for (std::size_t i = 0; i < sequences.size(); ++i) {
    const ScoredTokens& one = sequences[i];
    if (!one.error.empty()) continue;
    const auto [found, is_new] = places.try_emplace(stem_of(one), groups.size());
    if (is_new) groups.push_back({.request = {.tokens = one.tokens, .first = one.first}});
    Group& group = groups[found->second];
    group.members.push_back(i);
    group.request.first = std::min(group.request.first, one.first);
    const TokenId last = one.tokens.back();
    const bool known = last == group.request.tokens.back() ||
                       std::ranges::find(group.request.others, last) != group.request.others.end();
    if (!known) group.request.others.push_back(last);
  }
  return groups;
}

TokenScore score_of(const ScoredTokens& sequence, const Group& group, const ScoreResult& result) {
  TokenScore score{.finite = result.finite};
  const std::size_t last = sequence.tokens.size() - 1, first = group.request.first;
  for (std::size_t at = sequence.first; at < last; ++at) {
    score.sum += static_cast<double>(result.log_probabilities.at(at - first));
    if (result.argmax.at(at - first) == sequence.tokens[at]) ++score.matched;
  }
  const TokenId token = sequence.tokens[last];
  const auto& others = group.request.others;
  const auto other = std::ranges::find(others, token);
  score.sum += static_cast<double>(
      other == others.end() ? result.log_probabilities.at(last - first)
                            : result.others.at(static_cast<std::size_t>(other - others.begin())));
  if (result.argmax.at(last - first) == token) ++score.matched;
  score.tokens = sequence.tokens.size() - sequence.first;
  return score;
}

// For engines that do not share.
TokenScore score_alone(Engine& engine, const ScoredTokens& sequence, Progress& progress) {
  Group group{.request = {.tokens = sequence.tokens, .first = sequence.first}};
  const std::vector<ScoreRequest> one{group.request};
  return score_of(sequence, group, engine.score(one, progress).front());
}

}  // namespace

std::vector<TokenScore> score_shared(Engine& engine, std::span<const ScoredTokens> sequences,
                                     Progress& progress) {
  std::vector<TokenScore> scores(sequences.size());
  const std::vector<Group> groups = groups_of(sequences);
  // Longest first: what is packed together is alike, and time left is never underestimated.
  std::vector<std::size_t> order(groups.size());
  std::iota(order.begin(), order.end(), 0U);
  std::ranges::stable_sort(order, std::ranges::greater{},
                           [&](std::size_t i) { return groups[i].request.tokens.size(); });
  std::vector<ScoreRequest> requests;
  requests.reserve(groups.size());
  for (const std::size_t i : order) requests.push_back(groups[i].request);
  if (requests.empty()) return scores;
  const std::vector<ScoreResult> results = engine.score(requests, progress);
  for (std::size_t i = 0; i < order.size(); ++i) {
    const Group& group = groups[order[i]];
    const bool shared = results.at(i).others.size() == group.request.others.size();
    for (const std::size_t member : group.members) {
      scores[member] = shared ? score_of(sequences[member], group, results[i])
                              : score_alone(engine, sequences[member], progress);
    }
  }
  return scores;
}

}  // namespace mlopsctl
