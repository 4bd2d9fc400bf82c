#include "tokenizer/word_cache.hpp"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <new>

namespace mlopsctl::tokens {

static_assert(std::endian::native == std::endian::little);

void WordCache::Free::operator()(Slot* slots) const { std::free(slots); }

// Pages that no word is in cost nothing: the system gives zeroed memory when it is touched.
WordCache::WordCache(std::uint64_t tokenizer) : tokenizer_(tokenizer) {
  constexpr std::size_t count = std::size_t{1} << bits;
  void* memory = std::calloc(count + 1, sizeof(Slot));
  if (memory == nullptr) throw std::bad_alloc();
  slots_.reset(static_cast<Slot*>(memory));
}

WordCache& WordCache::of_this_thread(std::uint64_t tokenizer) {
  constexpr std::size_t most = 4;  // tokenizers that a thread changes between
  thread_local std::vector<std::unique_ptr<WordCache>> caches;
  const auto found = std::ranges::find_if(
      caches, [&](const auto& cache) { return cache->tokenizer_ == tokenizer; });
  if (found != caches.end()) return **found;
  if (caches.size() == most) caches.erase(caches.begin());
  caches.emplace_back(new WordCache(tokenizer));
  return *caches.back();
}

}  // namespace mlopsctl::tokens
