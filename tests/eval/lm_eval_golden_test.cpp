// The small model's scores are those of lm-evaluation-harness (tests/golden/eval): numbers to 1e-6,
// answers to the letter.
#include "mlopsctl/eval/evaluate.hpp"
#include "mlopsctl/eval/lm_eval_export.hpp"
#include "mlopsctl/eval/local_target.hpp"
#include "mlopsctl/platform/sha256.hpp"

#include "support/locations.hpp"
#include "support/no_progress.hpp"
#include "support/temporary_folder.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

using namespace mlopsctl;
using testing::source_folder;
using Json = nlohmann::json;

namespace {

const std::string golden = source_folder() + "/tests/golden/eval";

const std::filesystem::path model = source_folder() + "/examples/chatbot/model";

std::unique_ptr<Target> opened(const std::filesystem::path& folder) {
  LocalOptions options{.model = folder};
  options.engine.device = "cpu";
  return open_local(options);
}

EvalResult evaluated(const std::string& folder, std::optional<std::uint64_t> limit) {
  testing::NoProgress progress;
  return eval::evaluate(*opened(model), eval::read_tasks({folder}, {}),
                        {.limit = limit, .details = true, .lm_eval_compat = true}, progress);
}

// The model with a chat template, asked the first examples of all tasks.
EvalResult chatted(const std::string& form, eval::EvaluateOptions options) {
  const testing::TemporaryFolder folder;
  for (const auto& file : std::filesystem::directory_iterator(model))
    std::filesystem::create_symlink(file.path(), folder / file.path().filename());
  std::filesystem::copy(golden + "/chat/" + form + ".jinja", folder / "chat_template.jinja");
  options.chat = options.details = options.lm_eval_compat = true;
  options.limit = 8;
  testing::NoProgress progress;
  return eval::evaluate(*opened(folder.path()), eval::read_tasks({golden + "/tasks"}, {}), options,
                        progress);
}

// The harness' records of a task in the order of its examples: one for each filter.
std::vector<std::vector<Json>> samples_of(const TaskResult& task, const std::string& kind) {
  std::ifstream file(golden + "/results/" + kind + "_" + task.name + ".jsonl");
  REQUIRE(file.good());
  std::vector<std::vector<Json>> samples;
  for (std::string line; std::getline(file, line);) {
    Json sample = Json::parse(line);
    const auto id = sample["doc_id"].get<std::size_t>();
    if (samples.size() <= id) samples.resize(id + 1);
    samples[id].push_back(std::move(sample));
  }
  return samples;
}

bool close(double found, double expected) {
  return std::abs(found - expected) <= 1e-6 * std::max(1.0, std::abs(expected));
}

// Sums of float32 log-probabilities that the harness rounds to float32.
bool close_sum(double found, double expected) {
  return std::abs(found - expected) <= 1e-6 * std::max(10.0, std::abs(expected));
}

void check_example(const ExampleRecord& example, const Json& sample) {
  const std::string filter = sample["filter"];
  for (const Json& name : sample["metrics"]) {
    CAPTURE(name);
    const Json& expected = sample[name.get<std::string>()];
    if (expected.is_array()) {  // (log-likelihood, words or bytes)
      REQUIRE(example.nll.has_value());
      CHECK(close_sum(-*example.nll, expected[0]));
      CHECK((name == "word_perplexity" ? example.words : example.bytes) == expected[1]);
      continue;
    }
    const auto found = example.metrics.find(MetricValue{.name = name, .filter = filter}.key());
    REQUIRE(found != example.metrics.end());
    const double difference = found->second - expected.get<double>();
    CAPTURE(difference);
    CHECK(close_sum(found->second, expected.get<double>()));
  }
}

void check_examples(const TaskResult& task, const std::string& kind = "samples") {
  CAPTURE(task.name);
  const auto samples = samples_of(task, kind);
  REQUIRE(samples.size() >= task.examples.size());
  for (std::size_t i = 0; i < task.examples.size(); ++i) {
    CAPTURE(task.examples[i].id);
    CHECK(task.examples[i].error == "");
    for (const Json& sample : samples[i]) check_example(task.examples[i], sample);
  }
}

// A perplexity is the exponential of a mean: 1e-6 of the mean is more of what comes out.
bool close_metric(const MetricValue& metric, double expected) {
  if (metric.name != "perplexity") return close(metric.value, expected);
  return close(std::log(metric.value), std::log(expected));
}

void check_metrics(const std::string& name, const std::vector<MetricValue>& metrics,
                   const Json& expected) {
  CAPTURE(name);
  REQUIRE(!metrics.empty());
  for (const MetricValue& metric : metrics) {
    CAPTURE(metric.key());
    CHECK(close_metric(metric, expected[metric.name + "," + metric.filter]));
    const Json& error = expected[metric.name + "_stderr," + metric.filter];
    REQUIRE(metric.stderr_.has_value() == error.is_number());
    const double most = metric.name == "perplexity" ? 1e-4 : 1e-6;
    if (error.is_number())
      CHECK(*metric.stderr_ == doctest::Approx(error.get<double>()).epsilon(most));
  }
}

// Numbers become null, so that the rest can be compared to the letter.
Json without_numbers(const Json& value) {
  if (value.is_array()) {
    Json out = Json::array();
    for (const Json& item : value) out.push_back(without_numbers(item));
    return out;
  }
  char* end = nullptr;
  const std::string text = value.is_string() ? value.get<std::string>() : std::string();
  const bool number = !text.empty() && (std::strtod(text.c_str(), &end), *end == '\0');
  return number ? Json() : value;
}

void check_exported(const TaskResult& task, const std::string& lines,
                    const std::string& kind = "samples") {
  CAPTURE(task.name);
  std::istringstream exported(lines);
  std::size_t count = 0;
  std::vector<std::vector<Json>> samples = samples_of(task, kind);
  for (std::string line; std::getline(exported, line); ++count) {
    const Json found = Json::parse(line);
    CAPTURE(found["doc_id"].get<std::size_t>());
    const auto& same = samples.at(found["doc_id"].get<std::size_t>());
    const auto expected = std::ranges::find(same, found["filter"],
                                            [](const Json& sample) { return sample["filter"]; });
    REQUIRE(expected != same.end());
    for (const char* key : {"doc", "target", "doc_hash", "prompt_hash", "target_hash"})
      if (expected->contains(key)) CHECK(found[key] == (*expected)[key]);
    for (const char* key : {"resps", "filtered_resps"})
      CHECK(without_numbers(found[key]) == without_numbers((*expected)[key]));
  }
  CHECK(count == std::min(task.examples.size(), samples.size()) * samples.front().size());
}

}  // namespace

TEST_CASE("tasks of every kind are scored as lm-evaluation-harness scores them") {
  const EvalResult result = evaluated(golden + "/tasks", std::nullopt);
  CHECK(result.tasks.size() == 7);
  for (const TaskResult& task : result.tasks) check_examples(task);
  const eval::LmEvalFiles files = eval::lm_eval_files(result);
  for (const TaskResult& task : result.tasks) check_exported(task, files.samples.at(task.name));
  std::ifstream file(golden + "/results/results.json");
  const Json expected = Json::parse(file);
  for (const TaskResult& task : result.tasks)
    check_metrics(task.name, task.metrics, expected["results"][task.name]);
  REQUIRE(result.groups.size() == 1);
  check_metrics("tongues", result.groups.front().metrics, expected["groups"]["tongues"]);
}

TEST_CASE("prompts that go through a chat template are those of the harness, and so are scores") {
  const std::string system = "You know the plays.";
  const EvalResult turns = chatted("turns", {.system_instruction = system});
  CHECK(turns.fingerprint.at("system_instruction_sha256") == sha256_hex(system));
  CHECK(turns.fingerprint.at("chat_template_sha256").size() == 64);
  const EvalResult one =
      chatted("no_system", {.system_instruction = "Answer briefly.", .multiturn = false});
  CHECK(one.fingerprint.at("fewshot_as_multiturn") == "false");
  for (const auto& [form, result] : {std::pair{"turns", &turns}, std::pair{"no_system", &one}}) {
    CAPTURE(form);
    const eval::LmEvalFiles files = eval::lm_eval_files(*result);
    CHECK(result->tasks.size() == 7);
    for (const TaskResult& task : result->tasks) {
      // Texts are no chats.
      const std::string kind = task.output_type == "loglikelihood_rolling" ? "samples" : form;
      check_examples(task, kind);
      check_exported(task, files.samples.at(task.name), kind);
    }
  }
}

TEST_CASE("the first examples of the quick start's tasks are scored as the harness scores them") {
  const EvalResult result = evaluated(source_folder() + "/examples/chatbot/eval", 6);
  CHECK(result.tasks.size() == 5);
  for (const TaskResult& task : result.tasks) check_examples(task);
}
