#include "tokenizer/merge.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <functional>

namespace mlopsctl::tokens {

namespace {

constexpr std::uint64_t no_pair = ~std::uint64_t{0};
constexpr std::uint32_t no_rank = ~std::uint32_t{0};
constexpr std::size_t short_limit = 32;  // symbols up to which looking at all pairs is faster

// Symbols as a linked list, and candidate pairs in a heap, by rank and then by place. A pair whose
// symbols have changed since is recognised when it comes up.
struct LongMerge {
  std::vector<std::int32_t> next, previous;
  std::vector<std::uint64_t> heap;
};

}  // namespace

MergeTable::MergeTable(std::size_t count)
    : places_(std::bit_ceil(count * 2 + 2)),
      shift_(64U - static_cast<unsigned>(std::countr_zero(places_.size()))) {}

void MergeTable::add(TokenId left, TokenId right, std::uint32_t rank, TokenId merged) {
  const std::uint64_t pair = pair_of(left, right);
  for (std::size_t i = first_place(pair);; ++i) {
    Merge& place = places_[i & (places_.size() - 1)];
    if (place.pair != no_pair && place.pair != pair) continue;
    place = {pair, rank, merged};
    return;
  }
}

const MergeTable::Merge* MergeTable::find(TokenId left, TokenId right) const {
  const std::uint64_t pair = pair_of(left, right);
  for (std::size_t i = first_place(pair);; ++i) {
    const Merge& place = places_[i & (places_.size() - 1)];
    if (place.pair == pair) return &place;
    if (place.pair == no_pair) return nullptr;
  }
}

void MergeTable::apply(std::vector<TokenId>& symbols, std::size_t begin) const {
  const std::size_t count = symbols.size() - begin;
  if (count < 2) return;
  if (count <= short_limit) {
    apply_short(symbols, begin);
  } else {
    apply_long(symbols, begin);
  }
}

void MergeTable::apply_short(std::vector<TokenId>& symbols, std::size_t begin) const {
  std::array<std::uint32_t, short_limit> rank{};
  std::array<TokenId, short_limit> merged{};
  TokenId* symbol = symbols.data() + begin;
  std::size_t count = symbols.size() - begin;
  const auto look = [&](std::size_t i) {
    const Merge* merge = find(symbol[i], symbol[i + 1]);
    rank[i] = merge == nullptr ? no_rank : merge->rank;
    merged[i] = merge == nullptr ? -1 : merge->merged;
  };
  for (std::size_t i = 0; i + 1 < count; ++i) look(i);
  while (count > 1) {
    const std::size_t pairs = count - 1;
    std::size_t best = 0;
    for (std::size_t i = 1; i < pairs; ++i) {
      if (rank[i] < rank[best]) best = i;
    }
    if (rank[best] == no_rank) break;
    symbol[best] = merged[best];
    std::move(symbol + best + 2, symbol + count, symbol + best + 1);
    --count;
    for (std::size_t i = best; i + 1 < pairs; ++i) {
      rank[i] = rank[i + 1];
      merged[i] = merged[i + 1];
    }
    if (best > 0) look(best - 1);
    if (best + 1 < count) look(best);
  }
  symbols.resize(begin + count);
}

void MergeTable::apply_long(std::vector<TokenId>& symbols, std::size_t begin) const {
  thread_local LongMerge work;
  std::vector<std::int32_t>& next = work.next;
  std::vector<std::int32_t>& previous = work.previous;
  std::vector<std::uint64_t>& heap = work.heap;
  TokenId* symbol = symbols.data() + begin;
  const auto count = static_cast<std::int32_t>(symbols.size() - begin);
  const auto at = [](std::int32_t i) { return static_cast<std::size_t>(i); };
  next.resize(at(count));
  previous.resize(at(count));
  heap.clear();
  const auto offer = [&](std::int32_t i) {
    const std::int32_t right = next[at(i)];
    if (right == count) return false;
    const Merge* merge = find(symbol[i], symbol[right]);
    if (merge == nullptr) return false;
    heap.push_back(std::uint64_t{merge->rank} << 32U | static_cast<std::uint32_t>(i));
    return true;
  };
  for (std::int32_t i = 0; i < count; ++i) {
    previous[at(i)] = i - 1;
    next[at(i)] = i + 1;
  }
  for (std::int32_t i = 0; i < count; ++i) offer(i);
  const std::greater<> lowest_first;
  std::ranges::make_heap(heap, lowest_first);
  while (!heap.empty()) {
    std::ranges::pop_heap(heap, lowest_first);
    const std::uint64_t top = heap.back();
    heap.pop_back();
    const auto i = static_cast<std::int32_t>(top & UINT32_MAX);
    if (symbol[i] < 0 || next[at(i)] == count) continue;
    const std::int32_t right = next[at(i)];
    const Merge* merge = find(symbol[i], symbol[right]);
    if (merge == nullptr || merge->rank != top >> 32U) continue;
    symbol[i] = merge->merged;
    symbol[right] = -1;
    next[at(i)] = next[at(right)];
    if (next[at(i)] != count) previous[at(next[at(i)])] = i;
    if (previous[at(i)] >= 0 && offer(previous[at(i)])) std::ranges::push_heap(heap, lowest_first);
    if (offer(i)) std::ranges::push_heap(heap, lowest_first);
  }
  symbols.erase(
      std::remove(symbols.begin() + static_cast<std::ptrdiff_t>(begin), symbols.end(), -1),
      symbols.end());
  if (heap.capacity() > (1U << 22U)) work = {};  // do not keep what one huge word needed
}

}  // namespace mlopsctl::tokens
