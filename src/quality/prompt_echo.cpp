// A response that says the prompt again: the longest run of words that both have.
#include "mlopsctl/formats/unicode.hpp"

#include "quality/measure.hpp"

#include <algorithm>

namespace mlopsctl::quality {

namespace {

constexpr std::uint64_t base = 0x9E3779B97F4A7C15U | 1U;

// Hashes of all runs of `length` words.
void runs_of(const std::vector<Token>& words, std::size_t length,
             std::vector<std::uint64_t>& hashes) {
  hashes.clear();
  std::uint64_t hash = 0;
  std::uint64_t top = 1;  // base^length
  for (std::size_t i = 0; i < length; ++i) top *= base;
  for (std::size_t i = 0; i < words.size(); ++i) {
    hash = hash * base + words[i].hash;
    if (i >= length) hash -= top * words[i - length].hash;
    if (i + 1 >= length) hashes.push_back(hash ^ (hash >> 29U));
  }
}

bool share_run(const std::vector<Token>& a, const std::vector<Token>& b, std::size_t length,
               Prepared& scratch) {
  runs_of(a, length, scratch.hashes);
  scratch.counts.clear(scratch.hashes.size());
  for (const std::uint64_t hash : scratch.hashes) scratch.counts.add(hash);
  runs_of(b, length, scratch.others);
  return std::ranges::any_of(scratch.others,
                             [&](std::uint64_t hash) { return scratch.counts.count(hash) > 0; });
}

// A run of n words holds one of n - 1, so the longest is found by halving.
std::size_t longest_run(const std::vector<Token>& a, const std::vector<Token>& b,
                        Prepared& scratch) {
  std::size_t have = 0;
  std::size_t most = std::min(a.size(), b.size());
  while (have < most) {
    const std::size_t middle = have + (most - have + 1) / 2;
    if (share_run(a, b, middle, scratch)) {
      have = middle;
    } else {
      most = middle - 1;
    }
  }
  return have;
}

}  // namespace

void measure_echo(const RuleSet& rules, Prepared& response, std::optional<std::string_view> prompt,
                  Values values) {
  values.set(Id::prompt_echo, not_measured);
  values.set(Id::echoes_prompt, not_measured);
  if (!prompt) return;
  fold(*prompt, Folding::letter_case, response.scratch);
  tokenise(response.scratch, response.prompt_tokens);
  const std::size_t words = response.prompt_tokens.all.size();
  if (words == 0) return;
  const std::size_t run = longest_run(response.tokens.all, response.prompt_tokens.all, response);
  const double share = static_cast<double>(run) / static_cast<double>(words);
  values.set(Id::prompt_echo, share);
  values.flag(Id::echoes_prompt, run >= rules.echo.least_words && share > rules.echo.share);
}

}  // namespace mlopsctl::quality
