// What a model is asked about one example: description, shots, question, and what is right.
#pragma once

#include "mlopsctl/eval/target.hpp"

#include "eval/conversation.hpp"
#include "eval/python_random.hpp"
#include "eval/task_plan.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace mlopsctl::eval {

struct ExampleRequests {
  std::uint64_t row = 0;  // its number, from 0
  std::string id, group;
  std::string error;  // not empty: it cannot be asked, and why
  // One a choice, for acc_mutual_info as many without context after them; one of loglikelihood.
  std::vector<LikelihoodRequest> pairs;
  std::string text;                   // of loglikelihood_rolling
  std::string prompt;                 // of generate_until
  std::vector<ChatMessage> messages;  // what the prompt was made of, in a chat
  std::vector<std::string> choices;
  std::vector<std::int64_t> gold;       // indices of right choices, at least one
  std::vector<std::string> references;  // right answers of generate_until
  std::string target;                   // as text
  std::string counted;                  // whose words and bytes count
  bool has_twins = false;               // two choices are the same

  std::vector<std::vector<std::string>> texts() const;  // all that is sent, for the digest
};

// Makes one text of a chat. Throws Error{usage} where the template does not take it.
using ChatRenderer = std::function<std::string(const std::vector<ChatMessage>&)>;

struct PromptOptions {
  std::uint32_t shots = 0;
  std::uint64_t seed = 1234;
  bool lm_eval_compat = false;     // shots may hold the example itself where the harness lets them
  std::string system_instruction;  // before the description
  ChatRenderer chat;               // unset: prompts are plain texts
  bool multiturn = true;           // in a chat, shots are messages of their own
};

// Makes examples in order: shots are drawn from one sequence of random numbers.
class PromptBuilder {
 public:
  // Throws Error{config} if there are too few rows to take shots from.
  PromptBuilder(const Task& task, const PromptOptions& options);
  ExampleRequests next(std::uint64_t number);  // of the row

 private:
  void add_shots(std::vector<Turn>& turns, const YamlValue& row);
  std::vector<const YamlValue*> shot_rows(const YamlValue& row);
  // `before`: system, description and shots.
  void ask(ExampleRequests& example, const YamlValue& row, const std::vector<Turn>& before) const;
  void ask_answer(ExampleRequests& example, const YamlValue& row,
                  const std::vector<Turn>& before) const;
  void ask_choices(ExampleRequests& example, const YamlValue& row,
                   const std::vector<Turn>& before) const;
  std::string prompt_of(const std::vector<Turn>& turns) const;

  const Task& task_;
  const TaskPlan& plan_;
  PromptOptions options_;
  bool excludes_ = false;
  PythonRandom random_;
  std::map<std::string, std::uint64_t> seen_;  // ids, and how often
};

}  // namespace mlopsctl::eval
