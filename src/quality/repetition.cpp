// Models that loop: how much of a response was there before.
#include "mlopsctl/base/text.hpp"

#include "quality/measure.hpp"

namespace mlopsctl::quality {

namespace {

constexpr std::size_t phrase = 4;
constexpr std::uint64_t mixer = 0xD6E8FEB86659FD93U;

std::uint64_t combined(std::uint64_t a, std::uint64_t b) {
  const std::uint64_t mixed = (a ^ (b + 0x9E3779B97F4A7C15U + (a << 6U) + (a >> 2U))) * mixer;
  return mixed ^ (mixed >> 32U);
}

// Different pairs of neighbours over all pairs.
double distinct_pairs(const Tokens& tokens, HashCounts& counts) {
  const std::size_t words = tokens.all.size();
  if (words < 2) return not_measured;
  counts.clear(words);
  std::uint64_t distinct = 0;
  for (std::size_t i = 1; i < words; ++i) {
    const std::uint64_t pair = combined(tokens.all[i - 1].hash, tokens.all[i].hash);
    if (counts.add(pair) == 1) ++distinct;
  }
  return static_cast<double>(distinct) / static_cast<double>(words - 1);
}

// The share of the words that the commonest phrase of four covers; 0 if none comes twice.
double commonest_phrase(const Tokens& tokens, HashCounts& counts,
                        std::vector<std::uint64_t>& phrases) {
  const std::size_t words = tokens.all.size();
  if (words == 0) return not_measured;
  phrases.clear();
  if (words >= phrase) counts.clear(words);
  std::uint32_t most = 1;
  std::uint64_t commonest = 0;
  for (std::size_t i = phrase; i <= words; ++i) {
    std::uint64_t hash = tokens.all[i - phrase].hash;
    for (std::size_t k = i - phrase + 1; k < i; ++k) hash = combined(hash, tokens.all[k].hash);
    phrases.push_back(hash);
    const std::uint32_t times = counts.add(hash);
    if (times > most) {
      most = times;
      commonest = hash;
    }
  }
  if (most == 1) return 0;
  std::size_t covered = 0;
  std::size_t until = 0;
  for (std::size_t i = 0; i < phrases.size(); ++i) {
    if (phrases[i] != commonest) continue;
    covered += i + phrase - std::max(i, until);
    until = i + phrase;
  }
  return static_cast<double>(covered) / static_cast<double>(words);
}

// Lines that were there before over all lines that are not blank.
double duplicate_lines(std::string_view text, HashCounts& counts, std::uint64_t& lines) {
  lines = 0;
  if (trim(text).empty()) return not_measured;
  if (text.find('\n') == text.npos) {
    lines = 1;
    return 0;
  }
  std::size_t most = 1;
  for (const char c : text) most += c == '\n' ? 1 : 0;
  counts.clear(most);
  std::uint64_t again = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = trim(text.substr(at, end - at));
    if (!line.empty()) {
      ++lines;
      if (counts.add(hash_of(line)) > 1) ++again;
    }
    at = end + 1;
  }
  return static_cast<double>(again) / static_cast<double>(lines);
}

}  // namespace

void measure_repetition(const RuleSet& rules, Prepared& response, Values values) {
  const RepetitionRule& rule = rules.repetition;
  std::uint64_t lines = 0;
  const double pairs = distinct_pairs(response.tokens, response.counts);
  const double covered = commonest_phrase(response.tokens, response.counts, response.hashes);
  const double duplicates = duplicate_lines(response.text, response.counts, lines);
  values.set(Id::distinct_pairs, pairs);
  values.set(Id::commonest_4gram, covered);
  values.set(Id::duplicate_lines, duplicates);
  const bool long_enough = response.tokens.all.size() >= rule.least_words;
  const bool looping_words =
      long_enough && (covered > rule.commonest_4gram || pairs < rule.distinct_pairs);
  // Four lines at least: two equal ones are no loop.
  values.flag(Id::repetitive, looping_words || (lines >= 4 && duplicates > rule.duplicate_lines));
}

}  // namespace mlopsctl::quality
