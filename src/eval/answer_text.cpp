#include "eval/answer_text.hpp"

#include "mlopsctl/formats/unicode.hpp"

#include "eval/python_text.hpp"

#include <algorithm>
#include <map>

namespace mlopsctl::eval {

namespace {

constexpr std::string_view punctuation =
    "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";  // string.punctuation
constexpr std::string_view digits = "0123456789";

std::string without_any(std::string_view text, std::string_view characters) {
  std::string out;
  for (const char c : text) {
    if (characters.find(c) == characters.npos) out += c;
  }
  return out;
}

// What findall gave, as the harness picks from it.
std::string picked(const FilterStep& step, const std::vector<std::vector<std::string>>& matches) {
  const auto count = static_cast<std::int64_t>(matches.size());
  const std::int64_t at = step.group < 0 ? step.group + count : step.group;
  if (at < 0 || at >= count) return step.fallback;
  const auto& match = matches[static_cast<std::size_t>(at)];
  if (match.size() == 1) return std::string(strip(match.front()));
  for (const std::string& group : match) {
    if (!group.empty()) return std::string(strip(group));
  }
  return step.fallback;
}

// The most frequent, of equals the one that came first.
std::string majority(const std::vector<std::string>& answers) {
  std::string best;
  std::ptrdiff_t most = 0;
  for (const std::string& answer : answers) {
    const auto count = std::ranges::count(answers, answer);
    if (count > most) {
      most = count;
      best = answer;
    }
  }
  return best;
}

std::vector<std::string> squad_words(std::string_view text) {
  std::vector<std::string> words = split_white_space(without_any(lower_case(text), punctuation));
  std::erase_if(
      words, [](const std::string& word) { return word == "a" || word == "an" || word == "the"; });
  return words;
}

std::vector<std::string> rouge_words(std::string_view text) {
  std::string plain = lower_case(text);
  for (char& c : plain) {
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))) c = ' ';
  }
  return split_white_space(plain);
}

double f1_of(std::size_t common, std::size_t answer, std::size_t reference) {
  if (common == 0) return 0;
  const double precision = static_cast<double>(common) / static_cast<double>(answer);
  const double recall = static_cast<double>(common) / static_cast<double>(reference);
  return 2 * precision * recall / (precision + recall);
}

std::size_t common_subsequence(const std::vector<std::string>& a,
                               const std::vector<std::string>& b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (const std::string& word : a) {
    std::size_t diagonal = 0;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = word == b[j - 1] ? diagonal + 1 : std::max(row[j], row[j - 1]);
      diagonal = above;
    }
  }
  return row.back();
}

}  // namespace

AnswerFilter::AnswerFilter(const FilterPlan& plan) : plan_(plan) {
  for (const FilterStep& step : plan.steps) {
    auto& patterns = patterns_.emplace_back();
    if (step.function == "regex") patterns.push_back(Pattern::compile(step.regex));
  }
}

std::string AnswerFilter::apply(std::vector<std::string> answers) const {
  for (std::size_t i = 0; i < plan_.steps.size(); ++i) {
    const FilterStep& step = plan_.steps[i];
    if (answers.empty()) break;
    if (step.function == "take_first") {
      answers.resize(1);
    } else if (step.function == "take_first_k") {
      answers.resize(std::min<std::size_t>(answers.size(), step.k));
    } else if (step.function == "majority_vote") {
      answers = {majority(answers)};
    }
    for (std::string& answer : answers) {
      if (step.function == "regex") {
        answer = picked(step, patterns_[i].front().find_all(answer));
      } else if (step.function == "remove_whitespace") {
        answer = std::string(strip(answer));
      } else if (step.function == "lowercase") {
        answer = lower_case(answer);
      } else if (step.function == "uppercase") {
        answer = upper_case(answer);
      } else if (step.function == "map") {
        const auto found = step.mapping.find(answer);
        answer = found == step.mapping.end() ? step.otherwise : found->second;
      }
    }
  }
  return answers.empty() ? std::string() : answers.front();
}

ExactMatch::ExactMatch(const MetricPlan& plan) : plan_(plan) {
  for (const std::string& pattern : plan.regexes_to_ignore) {
    ignored_.push_back(Pattern::compile(pattern));
  }
}

std::string ExactMatch::plain(std::string_view text) const {
  std::string out(text);
  for (const Pattern& pattern : ignored_) out = pattern.without(out);
  if (plan_.ignore_case) out = lower_case(out);
  if (plan_.ignore_punctuation) out = without_any(out, punctuation);
  if (plan_.ignore_numbers) out = without_any(out, digits);
  return out;
}

bool ExactMatch::is_same(std::string_view answer, std::string_view reference) const {
  return plain(answer) == plain(reference);
}

double token_f1(std::string_view answer, std::string_view reference) {
  const auto said = squad_words(answer), right = squad_words(reference);
  if (said.empty() || right.empty()) return said.empty() && right.empty() ? 1 : 0;
  std::map<std::string, std::size_t> left;
  for (const std::string& word : right) ++left[word];
  std::size_t common = 0;
  for (const std::string& word : said) {
    const auto found = left.find(word);
    if (found == left.end() || found->second == 0) continue;
    --found->second;
    ++common;
  }
  return f1_of(common, said.size(), right.size());
}

double rouge_l(std::string_view answer, std::string_view reference) {
  const auto said = rouge_words(answer), right = rouge_words(reference);
  if (said.empty() || right.empty()) return 0;
  return f1_of(common_subsequence(right, said), said.size(), right.size());
}

}  // namespace mlopsctl::eval
