// From what a target answered to the record of an example.
#pragma once

#include "mlopsctl/eval/result.hpp"
#include "mlopsctl/eval/target.hpp"

#include "eval/answer_text.hpp"
#include "eval/prompts.hpp"

#include <memory>
#include <span>
#include <vector>

namespace mlopsctl::eval {

// Scores the examples of one task, which must outlive it.
class Scorer {
 public:
  Scorer(const Task& task, bool details);

  // Without any answer: what could not be asked.
  ExampleRecord begin(const ExampleRequests& example) const;

  // `results` of the example's pairs, in order.
  ExampleRecord score(const ExampleRequests& example,
                      std::span<const LikelihoodResult> results) const;
  ExampleRecord score(const ExampleRequests& example, const RollingResult& result) const;
  // One or more answers to the same prompt.
  ExampleRecord score(const ExampleRequests& example,
                      std::span<const GenerationResult> results) const;

 private:
  void score_choices(ExampleRecord& record, const ExampleRequests& example,
                     std::span<const LikelihoodResult> results) const;
  void put(ExampleRecord& record, const std::string& metric, double value) const;
  bool wants(std::string_view metric) const;

  const Task& task_;
  bool details_;
  std::vector<AnswerFilter> filters_;
  std::vector<std::unique_ptr<ExactMatch>> exact_;  // of each metric, where it is one
};

}  // namespace mlopsctl::eval
