#include "mlopsctl/eval/evaluate.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/base/time.hpp"
#include "mlopsctl/platform/files.hpp"
#include "mlopsctl/platform/sha256.hpp"

#include "eval/aggregate.hpp"
#include "eval/journal.hpp"
#include "eval/prompts.hpp"
#include "eval/result_fields.hpp"
#include "eval/score.hpp"
#include "eval/share_of_progress.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlopsctl::eval {

namespace {

constexpr std::uint64_t rows_to_check = 20;

// What is asked at once, and then kept: enough to pack batches, little enough that a crash loses
// seconds. Of fixed size, so that the same evaluation forms the same batches.
struct Block {
  std::size_t pairs, prompts, bytes;
};
Block block_of(const Fingerprint& print) {
  const auto engine = print.find("engine");
  if (engine != print.end() && engine->second == "cpu") {
    return {.pairs = 64, .prompts = 16, .bytes = std::size_t{1} << 14U};
  }
  return {.pairs = 4096, .prompts = 256, .bytes = std::size_t{4} << 20U};
}

std::size_t bytes_of(const ExampleRequests& example) {
  std::size_t bytes = example.text.size();
  for (const LikelihoodRequest& pair : example.pairs) {
    bytes += pair.context.size() + pair.continuation.size();
  }
  return bytes;
}

bool sends_chats(const Target& target, const Task& task, const EvaluateOptions& options) {
  return options.chat && task.type == OutputType::generate_until && target.sends_chats();
}

class TaskRun {
 public:
  TaskRun(Target& target, const Task& task, const EvaluateOptions& options, Journal& journal,
          Progress& progress)
      : target_(target),
        task_(task),
        options_(options),
        journal_(journal),
        progress_(progress),
        scorer_(task, options.details),
        shots_(options.shots.value_or(task.shots)),
        sends_chats_(sends_chats(target, task, options)),
        block_(block_of(target.fingerprint())) {}

  TaskResult run() {
    TaskResult result{.name = task_.name,
                      .alias = task_.alias,
                      .output_type = std::string(to_string(task_.type)),
                      .version = task_.version,
                      .hash = task_.hash,
                      .data_hash = task_.data_hash,
                      .shots = shots_,
                      .of = task_.examples};
    const std::uint64_t count = std::min(task_.examples, options_.limit.value_or(task_.examples));
    result.examples.resize(count);
    PromptBuilder prompts(task_, {.shots = shots_,
                                  .seed = options_.seed,
                                  .lm_eval_compat = options_.lm_eval_compat,
                                  .system_instruction = options_.system_instruction,
                                  .chat = renderer(),
                                  .multiturn = options_.multiturn});
    std::size_t pairs = 0, bytes = 0;
    progress_.start(task_.name, count, "examples");
    for (std::uint64_t row = 0; row < count; ++row) {
      ExampleRequests example = prompts.next(row);
      ExampleRecord begun = scorer_.begin(example);
      twins_ += example.has_twins ? 1U : 0U;
      const ExampleRecord* known = journal_.find(task_.name, begun);
      if (known != nullptr || !example.error.empty()) {
        if (known != nullptr) begun = *known;
        result.examples[row] = std::move(begun);
        progress_.advance(1);
        continue;
      }
      pairs += example.pairs.size();
      bytes += bytes_of(example);
      asked_.push_back(std::move(example));
      const bool generates = task_.type == OutputType::generate_until;
      const bool full = generates ? asked_.size() >= block_.prompts
                                  : pairs >= block_.pairs || bytes >= block_.bytes;
      if (!full) continue;
      ask(result);
      pairs = bytes = 0;
    }
    ask(result);
    progress_.finish();
    warn(result);
    aggregate(task_, options_.bootstrap, result);
    return result;
  }

 private:
  void ask(TaskResult& result) {
    if (asked_.empty()) return;
    std::vector<ExampleRecord> records;
    ShareOfProgress share(progress_, asked_.size());
    switch (task_.type) {
      case OutputType::multiple_choice:
      case OutputType::loglikelihood:
        records = ask_pairs(share);
        break;
      case OutputType::loglikelihood_rolling:
        records = ask_texts(share);
        break;
      case OutputType::generate_until:
        records = ask_prompts(share);
        break;
    }
    for (std::size_t i = 0; i < asked_.size(); ++i) {
      journal_.add(task_.name, records[i]);
      result.examples[asked_[i].row] = std::move(records[i]);
    }
    journal_.write();
    asked_.clear();
  }

  ChatRenderer renderer() {
    if (!options_.chat) return {};
    if (sends_chats_) return [](const std::vector<ChatMessage>& chat) { return chat_json(chat); };
    return [this](const std::vector<ChatMessage>& chat) { return templated(chat); };
  }
  // Templates that take no message of the system get the chat without it, as in the harness.
  std::string templated(const std::vector<ChatMessage>& chat) {
    const bool has_system = !chat.empty() && chat.front().role == "system";
    if (!has_system) return target_.chat_prompt(chat);
    try {
      return target_.chat_prompt(chat);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::usage) throw;
      std::string text = target_.chat_prompt(std::span(chat).subspan(1));
      dropped_system_ = true;
      return text;
    }
  }

  std::vector<ExampleRecord> ask_pairs(Progress& progress) {
    std::vector<LikelihoodRequest> requests;
    for (const ExampleRequests& example : asked_) {
      requests.insert(requests.end(), example.pairs.begin(), example.pairs.end());
    }
    const auto results = target_.likelihood(requests, progress);
    std::vector<ExampleRecord> records;
    std::size_t at = 0;
    for (const ExampleRequests& example : asked_) {
      records.push_back(
          scorer_.score(example, std::span(results).subspan(at, example.pairs.size())));
      at += example.pairs.size();
    }
    return records;
  }
  std::vector<ExampleRecord> ask_texts(Progress& progress) {
    std::vector<std::string> texts;
    for (const ExampleRequests& example : asked_) texts.push_back(example.text);
    const auto results = target_.rolling(texts, progress);
    std::vector<ExampleRecord> records;
    for (std::size_t i = 0; i < asked_.size(); ++i) {
      records.push_back(scorer_.score(asked_[i], results.at(i)));
    }
    return records;
  }
  std::vector<ExampleRecord> ask_prompts(Progress& progress) {
    const GenerationPlan& plan = task_.plan->generation;
    std::vector<GenerationRequest> requests;
    for (const ExampleRequests& example : asked_) {
      for (std::uint32_t i = 0; i < plan.repeats; ++i) {
        GenerationRequest request{.prompt = example.prompt,
                                  .max_tokens = plan.max_tokens,
                                  .temperature = plan.temperature,
                                  .top_p = plan.top_p,
                                  .seed = options_.seed + i};
        if (sends_chats_) request.messages = example.messages;
        for (const std::string& stop : plan.until) {
          if (!stop.empty()) request.stop.push_back(stop);
        }
        requests.push_back(std::move(request));
      }
    }
    const auto results = target_.generate(requests, progress);
    std::vector<ExampleRecord> records;
    for (std::size_t i = 0; i < asked_.size(); ++i) {
      records.push_back(
          scorer_.score(asked_[i], std::span(results).subspan(i * plan.repeats, plan.repeats)));
    }
    return records;
  }

  void warn(const TaskResult& result) {
    for (const std::string& text : task_.warnings) say(text);
    if (shots_ > 0 && task_.plan->same_split) {
      say("shots come from the rows that are evaluated, each but its own");
    }
    if (dropped_system_) {
      say("the chat template takes no system message: description and system instruction were "
          "left out");
    }
    if (twins_ > 0) say(fmt::format("{} examples have two choices that are the same", twins_));
    const auto first = std::ranges::find_if(
        result.examples, [](const ExampleRecord& example) { return !example.error.empty(); });
    if (first != result.examples.end()) {
      say(fmt::format("example {}: {}", quote(first->id), first->error));
    }
  }
  void say(const std::string& text) {
    progress_.warning(fmt::format("{}: {}", quote(task_.name), text));
  }

  Target& target_;
  const Task& task_;
  const EvaluateOptions& options_;
  Journal& journal_;
  Progress& progress_;
  Scorer scorer_;
  std::uint32_t shots_;
  bool sends_chats_;
  bool dropped_system_ = false;
  Block block_;
  std::vector<ExampleRequests> asked_;
  std::uint64_t twins_ = 0;
};

// Everything that decides the records of a journal.
std::string identity_of(const Target& target, const TaskSet& tasks,
                        const EvaluateOptions& options) {
  Json out{{"schema", "mlopsctl.eval.journal/1"}, {"target", target.fingerprint()}};
  for (const Task& task : tasks.tasks) out["tasks"][task.name] = task.hash;
  out["shots"] = options.shots ? Json(*options.shots) : Json();
  out["seed"] = options.seed;
  out["details"] = options.details;
  out["lm_eval_compat"] = options.lm_eval_compat;
  out["system_instruction"] = options.system_instruction;
  out["chat"] = {options.chat, options.multiturn, target.chat_template()};
  return out.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// That prompts are a chat, by which template, and what the system says.
void add_prompt_form(Fingerprint& print, const Target& target, const EvaluateOptions& options) {
  if (!options.system_instruction.empty()) {
    print["system_instruction_sha256"] = sha256_hex(options.system_instruction);
  }
  if (!options.chat) return;
  print["chat"] = "true";
  print["fewshot_as_multiturn"] = options.multiturn ? "true" : "false";
  const std::string form = target.chat_template();
  if (!form.empty()) print["chat_template_sha256"] = sha256_hex(form);
}

void check_chat(const Target& target, const TaskSet& tasks, const EvaluateOptions& options) {
  const bool needs_template = std::ranges::any_of(tasks.tasks, [&](const Task& task) {
    return task.type != OutputType::loglikelihood_rolling && !sends_chats(target, task, options);
  });
  if (!options.chat || !needs_template || !target.chat_template().empty()) return;
  throw Error(ErrorKind::usage, fmt::format("{} has no chat template", target.name()),
              "evaluate it without --chat; an endpoint needs --tokenizer DIR with the template");
}

}  // namespace

EvalResult evaluate(Target& target, const TaskSet& tasks, const EvaluateOptions& options,
                    Progress& progress) {
  EvalResult result{.started = now().ms, .fingerprint = target.fingerprint()};
  result.fingerprint["seed"] = std::to_string(options.seed);
  if (options.lm_eval_compat) result.fingerprint["lm_eval_compat"] = "true";
  add_prompt_form(result.fingerprint, target, options);
  check_chat(target, tasks, options);
  for (const Task& task : tasks.tasks) check_rows(task);
  Journal journal(options.journal, identity_of(target, tasks, options), options.resume);
  if (journal.found() > 0) {
    progress.note(fmt::format("{} answers are there from before", journal.found()));
  }
  for (const Task& task : tasks.tasks) {
    result.tasks.push_back(TaskRun(target, task, options, journal, progress).run());
  }
  for (const TaskGroup& group : tasks.groups) {
    result.groups.push_back(aggregate(group, result.tasks));
  }
  result.finished = now().ms;
  return result;
}

void check_rows(const Task& task) {
  PromptBuilder prompts(task, {});
  std::string first;
  for (std::uint64_t row = 0; row < std::min(task.examples, rows_to_check); ++row) {
    const ExampleRequests example = prompts.next(row);
    if (example.error.empty()) return;
    if (first.empty()) first = example.error;
  }
  throw Error(ErrorKind::config,
              fmt::format("{}: no example can be asked: {}", quoted_path(task.file), first));
}

}  // namespace mlopsctl::eval
