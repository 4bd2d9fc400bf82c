#include "mlopsctl/platform/sha256.hpp"

#include "engine/weight_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <thread>

namespace mlopsctl::engine {

// SHA-256 of the digests of all pieces of 64 MiB, so that as many cores work as there are.
std::string digest_of(std::string_view config,
                      const std::vector<std::shared_ptr<const MappedFile>>& files) {
  constexpr std::size_t piece = std::size_t{64} << 20U;
  std::vector<std::string_view> pieces;
  std::string sizes;
  for (const auto& file : files) {
    const std::string_view bytes = file->bytes();
    sizes += fmt::format("{}\n", bytes.size());
    for (std::size_t at = 0; at < bytes.size(); at += piece)
      pieces.push_back(bytes.substr(at, piece));
  }
  std::vector<std::string> digests(pieces.size());
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t i = next++; i < pieces.size(); i = next++) digests[i] = sha256_hex(pieces[i]);
  };
  {
    std::vector<std::jthread> others;
    const std::size_t threads =
        std::min<std::size_t>(std::thread::hardware_concurrency(), pieces.size());
    for (std::size_t i = 1; i < threads; ++i) others.emplace_back(work);
    work();
  }
  Sha256 whole;
  whole.add(sha256_hex(config));
  whole.add(sizes);
  for (const std::string& digest : digests) whole.add(digest);
  return whole.hexadecimal();
}

}  // namespace mlopsctl::engine
