// A small deterministic mutator for builds without libFuzzer: the same seed gives the same inputs
// on every machine.
#pragma once

#include "fuzz/require.hpp"
#include "support/locations.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mlopsctl::fuzz {

// The files of tests/fuzz/corpus/<target>, sorted by name.
std::vector<std::string> corpus(std::string_view target);

class Mutator {
 public:
  Mutator(std::vector<std::string> seeds, std::uint64_t seed);
  std::string next();

 private:
  std::uint64_t below(std::uint64_t bound);
  const std::string& any();
  void change(std::string& text);

  std::vector<std::string> seeds_;
  std::uint64_t state_;
};

inline std::vector<std::string> corpus(std::string_view target) {
  const auto folder =
      std::filesystem::path(testing::source_folder()) / "tests" / "fuzz" / "corpus" / target;
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    files.push_back(entry.path());
  }
  std::ranges::sort(files);
  std::vector<std::string> seeds;
  for (const auto& file : files) {
    std::ifstream stream(file, std::ios::binary);
    seeds.emplace_back(std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>());
  }
  require(!seeds.empty(), "no seeds in " + folder.string());
  return seeds;
}

inline Mutator::Mutator(std::vector<std::string> seeds, std::uint64_t seed)
    : seeds_(std::move(seeds)), state_(seed) {}

inline std::string Mutator::next() {
  std::string text = any();
  for (std::uint64_t changes = 1 + below(6); changes > 0; --changes) change(text);
  if (text.size() > 2000) text.resize(2000);
  return text;
}

// splitmix64: the standard's distributions differ between libraries.
inline std::uint64_t Mutator::below(std::uint64_t bound) {
  std::uint64_t z = state_ += 0x9E3779B97F4A7C15U;
  z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
  z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
  return (z ^ (z >> 31U)) % bound;
}

inline const std::string& Mutator::any() { return seeds_[below(seeds_.size())]; }

inline void Mutator::change(std::string& text) {
  static constexpr std::array<std::string_view, 24> words{
      "'",    "\"", "`",        "(",    ")",     ",",     "{",     "}",
      "[",    "]",  "\n",       "\r",   " NOT ", " AND ", "=",     " IN (",
      ":min", ".",  "\xc3\xa9", "\xff", "1e999", "NaN",   "\\u00", "-"};
  const std::size_t at = below(text.size() + 1);
  const std::size_t length = std::min<std::size_t>(below(16), text.size() - at);
  switch (below(6)) {
    case 0:
      text.erase(at, length);
      break;
    case 1:
      text.insert(at, words[below(words.size())]);
      break;
    case 2:
      text.insert(at, text.substr(at, length));
      break;
    case 3:
      if (at < text.size()) text[at] = static_cast<char>(below(256));
      break;
    case 4: {
      const std::string& other = any();
      const std::size_t from = below(other.size() + 1);
      text.insert(at, other.substr(from, 1 + below(24)));
      break;
    }
    default:
      text.replace(at, length, words[below(words.size())]);
      break;
  }
}

}  // namespace mlopsctl::fuzz
