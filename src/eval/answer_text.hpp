// Generated answers: filters over them, and how alike they are to what is right.
#pragma once

#include "eval/pattern.hpp"
#include "eval/task_plan.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl::eval {

// A pipeline of a task, ready to run. The answers of an example become one.
class AnswerFilter {
 public:
  explicit AnswerFilter(const FilterPlan& plan);
  std::string apply(std::vector<std::string> answers) const;

 private:
  const FilterPlan& plan_;
  std::vector<std::vector<Pattern>> patterns_;  // of each step, none or one
};

// exact_match with its options, ready to run.
class ExactMatch {
 public:
  explicit ExactMatch(const MetricPlan& plan);
  bool is_same(std::string_view answer, std::string_view reference) const;

 private:
  std::string plain(std::string_view text) const;
  const MetricPlan& plan_;
  std::vector<Pattern> ignored_;
};

// F1 of words as SQuAD defines it: lower case, no punctuation, no articles.
double token_f1(std::string_view answer, std::string_view reference);
// F1 of the longest common subsequence of words: rouge_score's rougeL without stemming.
double rouge_l(std::string_view answer, std::string_view reference);

}  // namespace mlopsctl::eval
