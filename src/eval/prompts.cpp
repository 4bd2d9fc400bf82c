#include "eval/prompts.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/formats/python_json.hpp"

#include "eval/row_values.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlopsctl::eval {

namespace {

std::string id_of(const YamlValue& row, std::uint64_t number) {
  const YamlValue* id = row.find("id");
  const bool named = id != nullptr && (id->is_text() || id->kind == YamlKind::integer);
  return named && !id->text.empty() ? valid_utf8(id->text) : std::to_string(number);
}

bool wants(const Task& task, std::string_view metric) {
  return std::ranges::any_of(task.metrics,
                             [&](const MetricPlan& plan) { return plan.name == metric; });
}

// A question whose text is an index: the choices are different questions with one answer.
std::optional<std::size_t> chosen_question(const Sources& sources, const YamlValue& row) {
  if (!sources.choice) return std::nullopt;
  const YamlValue text = target_of(sources.text, row, true);
  const auto index = text.kind == YamlKind::integer ? parse_integer(text.text) : std::nullopt;
  if (!index || *index < 0) return std::nullopt;
  return static_cast<std::size_t>(*index);
}

// The answer of a shot.
std::string answer_of(const Sources& sources, const YamlValue& row) {
  YamlValue target = target_of(sources.target, row, static_cast<bool>(sources.choice));
  if (target.is_list()) {
    if (target.items.empty()) return {};
    target = YamlValue(target.items.front());
  }
  if (sources.choice && target.kind == YamlKind::integer) {
    const auto choices = choices_of(sources.choice, row);
    return choices.at(static_cast<std::size_t>(gold_of(target, choices).front()));
  }
  return target.is_null() ? std::string() : python_str(target);
}

std::vector<Turn> with_question(std::vector<Turn> turns, std::string question) {
  turns.push_back({"user", std::move(question), ""});
  return turns;
}

std::string question_of(const Sources& sources, const YamlValue& row) {
  if (const auto index = chosen_question(sources, row)) {
    const auto choices = choices_of(sources.choice, row);
    if (*index < choices.size()) return choices[*index];
  }
  return text_of(sources.text, row);
}

}  // namespace

std::vector<std::vector<std::string>> ExampleRequests::texts() const {
  std::vector<std::vector<std::string>> all;
  for (const LikelihoodRequest& pair : pairs) all.push_back({pair.context, pair.continuation});
  if (!text.empty()) all.push_back({text});
  if (!prompt.empty()) all.push_back({prompt});
  return all;
}

PromptBuilder::PromptBuilder(const Task& task, const PromptOptions& options)
    : task_(task), plan_(*task.plan), options_(options), random_(options.seed) {
  excludes_ = plan_.same_split &&
              (!options.lm_eval_compat || (plan_.shots_declared && plan_.evaluates_test));
  const std::size_t rows = plan_.pool().size(), needed = options.shots + (excludes_ ? 1U : 0U);
  if (options.shots > 0 && rows < needed) {
    throw Error(ErrorKind::config,
                fmt::format("task {} has {} rows to take {} shots from", quote(task.name), rows,
                            options.shots),
                "ask for fewer with --shots");
  }
}

std::vector<const YamlValue*> PromptBuilder::shot_rows(const YamlValue& row) {
  const auto& pool = plan_.pool();
  const std::size_t n = options_.shots;
  const auto is_other = [&](const YamlValue& one) { return !excludes_ || !python_equal(one, row); };
  std::vector<const YamlValue*> rows;
  if (plan_.first_n) {
    for (const YamlValue& one : pool) {
      if (rows.size() < n && is_other(one)) rows.push_back(&one);
    }
  } else {
    for (const std::size_t i : random_.sample(pool.size(), n + (excludes_ ? 1U : 0U))) {
      if (rows.size() < n && is_other(pool[i])) rows.push_back(&pool[i]);
    }
    if (rows.size() < n) {  // rows that are the same as this one were drawn
      std::vector<const YamlValue*> others;
      for (const YamlValue& one : pool) {
        if (is_other(one)) others.push_back(&one);
      }
      rows.clear();
      if (others.size() >= n) {
        for (const std::size_t i : random_.sample(others.size(), n)) rows.push_back(others[i]);
      }
    }
  }
  if (rows.size() < n) {
    throw Error(ErrorKind::config,
                fmt::format("there are not {} other rows to take shots from", n));
  }
  return rows;
}

void PromptBuilder::add_shots(std::vector<Turn>& turns, const YamlValue& row) {
  if (options_.shots == 0) return;
  for (const YamlValue* shot : shot_rows(row)) {
    std::string answer = answer_of(plan_.shot_sources, *shot);
    turns.push_back({"user", question_of(plan_.shot_sources, *shot), ""});
    if (answer.empty()) continue;
    turns.back().delimiter = plan_.shot_target_delimiter;
    turns.push_back({"assistant", std::move(answer), plan_.shot_delimiter});
  }
}

std::string PromptBuilder::prompt_of(const std::vector<Turn>& turns) const {
  return options_.chat ? options_.chat(chat_of(turns, options_.multiturn)) : plain_text(turns);
}

ExampleRequests PromptBuilder::next(std::uint64_t number) {
  const YamlValue& row = plan_.rows.at(number);
  ExampleRequests example{.row = number, .id = id_of(row, number)};
  // Rows with one id are told apart by their order, however many of them are asked.
  const std::uint64_t times = ++seen_[example.id];
  if (times > 1) example.id += fmt::format("#{}", times);
  try {
    if (!plan_.group_by.empty()) example.group = python_str(*row.find(plan_.group_by));
    std::vector<Turn> before;
    std::string system = delimited(options_.system_instruction, text_of(plan_.description, row),
                                   plan_.fewshot_delimiter);
    if (!system.empty()) before.push_back({"system", std::move(system), ""});
    add_shots(before, row);
    ask(example, row, before);
  } catch (const Error& error) {
    example.error = error.what();
    if (!error.hint().empty()) example.error += "; " + error.hint();
  }
  return example;
}

void PromptBuilder::ask(ExampleRequests& example, const YamlValue& row,
                        const std::vector<Turn>& before) const {
  if (task_.type == OutputType::multiple_choice) return ask_choices(example, row, before);
  const bool has_choices = static_cast<bool>(plan_.sources.choice);
  const YamlValue target = target_of(plan_.sources.target, row, has_choices);
  example.target = python_str(target);
  switch (task_.type) {
    case OutputType::loglikelihood:
      example.pairs = {
          {prompt_of(with_question(before, text_of(plan_.sources.text, row))), example.target}};
      break;
    case OutputType::loglikelihood_rolling:
      example.text = example.target;
      example.counted =
          plan_.count_text.empty() ? example.text : python_str(*row.find(plan_.count_text));
      if (example.text.empty()) throw Error(ErrorKind::config, "the text is empty");
      break;
    case OutputType::generate_until:
      ask_answer(example, row, before);
      break;
    case OutputType::multiple_choice:
      break;
  }
}

void PromptBuilder::ask_answer(ExampleRequests& example, const YamlValue& row,
                               const std::vector<Turn>& before) const {
  const std::vector<Turn> turns = with_question(before, text_of(plan_.sources.text, row));
  example.prompt = prompt_of(turns);
  if (options_.chat) example.messages = chat_of(turns, options_.multiturn);
  const bool has_choices = static_cast<bool>(plan_.sources.choice);
  const YamlValue target = target_of(plan_.sources.target, row, has_choices);
  if (has_choices) {
    const auto choices = choices_of(plan_.sources.choice, row);
    for (const std::int64_t i : gold_of(target, choices)) {
      example.references.push_back(choices.at(static_cast<std::size_t>(i)));
    }
  } else if (target.is_list()) {
    for (const YamlValue& one : target.items) example.references.push_back(python_str(one));
  } else {
    example.references = {example.target};
  }
  if (example.references.empty()) throw Error(ErrorKind::config, "there is no right answer");
}

void PromptBuilder::ask_choices(ExampleRequests& example, const YamlValue& row,
                                const std::vector<Turn>& before) const {
  const Sources& sources = plan_.sources;
  example.choices = choices_of(sources.choice, row);
  if (example.choices.empty()) throw Error(ErrorKind::config, "there are no choices");
  const auto question = chosen_question(sources, row);
  const std::string target = text_of(sources.target, row);
  // In a chat, the answer begins a message.
  const std::string delimiter = options_.chat ? "" : plan_.target_delimiter;
  const std::string asked =
      question ? "" : prompt_of(with_question(before, text_of(sources.text, row)));
  for (std::size_t i = 0; i < example.choices.size(); ++i) {
    const std::string& choice = example.choices[i];
    if (choice.empty()) throw Error(ErrorKind::config, fmt::format("choice {} is empty", i));
    if (std::ranges::count(example.choices, choice) > 1) example.has_twins = true;
    example.pairs.push_back(
        question ? LikelihoodRequest{prompt_of(with_question(before, choice)), delimiter + target}
                 : LikelihoodRequest{asked, delimiter + choice});
  }
  const YamlValue gold = question ? YamlValue::of_integer(static_cast<std::int64_t>(*question))
                                  : target_of(sources.target, row, true);
  example.target = python_str(gold);
  example.gold = gold_of(gold, example.choices);
  if (!wants(task_, "acc_mutual_info")) return;
  for (const std::string& choice : example.choices) {
    example.pairs.push_back({"", delimiter + choice});
  }
}

}  // namespace mlopsctl::eval
