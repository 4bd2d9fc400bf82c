// Results as files: what is written is read back, and what is damaged is refused by name.
#include "mlopsctl/eval/result_json.hpp"

#include "mlopsctl/platform/files.hpp"

#include "support/expect_error.hpp"
#include "support/temporary_folder.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

using namespace mlopsctl;

namespace {

EvalResult some_result() {
  EvalResult result{.run = "0123", .started = 1790000000123, .finished = 1790000009000};
  result.fingerprint = {{"model", "model"}, {"dtype", "float32"}};
  TaskResult task{.name = "quiz",
                  .alias = "Quiz",
                  .output_type = "multiple_choice",
                  .version = "1.0",
                  .hash = "aa",
                  .data_hash = "bb",
                  .shots = 2,
                  .of = 10,
                  .failed = 1,
                  .truncated = 1,
                  .near_ties = 1};
  task.metrics = {{.name = "acc", .value = 0.5, .stderr_ = 0.5, .correct = 1, .n = 2},
                  {.name = "exact_match",
                   .filter = "strict",
                   .value = std::numeric_limits<double>::infinity(),
                   .higher_is_better = false,
                   .n = 2}};
  task.examples = {{.id = "0",
                    .prompt_hash = "cc",
                    .target_hash = "dd",
                    .metrics = {{"acc", 1}, {"exact_match,strict", std::nan("")}},
                    .nll = std::numeric_limits<double>::infinity(),
                    .tokens = 3,
                    .matched = 2,
                    .words = 4,
                    .bytes = 20,
                    .gold = 1,
                    .predicted = 0,
                    .margin = 0.25,
                    .near_tie = true,
                    .truncated = true,
                    .group = "passage 1",
                    .detail = R"({"doc":{"a":1}})"},
                   {.id = "x", .error = "no tokens"}};
  result.tasks = {task};
  result.groups = {{.name = "all", .tasks = {"quiz"}, .metrics = {task.metrics.front()}}};
  return result;
}

}  // namespace

TEST_CASE("a result is read back as it was written, infinities and NaN too") {
  const EvalResult result = some_result();
  const std::string text = eval_result_json(result);
  const EvalResult again = parse_eval_result(text, "'r.json'");
  CHECK(eval_result_json(again) == text);
  CHECK(again.run == "0123");
  CHECK(again.started == result.started);
  CHECK(again.fingerprint == result.fingerprint);
  REQUIRE(again.tasks.size() == 1);
  const TaskResult& task = again.tasks.front();
  CHECK(task.shots == 2);
  CHECK(task.of == 10);
  REQUIRE(task.metrics.size() == 2);
  CHECK(task.metrics[0].correct == 1U);
  CHECK(task.metrics[0].stderr_ == 0.5);
  CHECK(task.metrics[1].key() == "exact_match,strict");
  CHECK(std::isinf(task.metrics[1].value));
  CHECK_FALSE(task.metrics[1].stderr_);
  REQUIRE(task.examples.size() == 2);
  const ExampleRecord& example = task.examples[0];
  CHECK(std::isnan(example.metrics.at("exact_match,strict")));
  CHECK(std::isinf(*example.nll));
  CHECK(example.predicted == 0);
  CHECK(example.group == "passage 1");
  CHECK(example.detail == R"({"doc":{"a":1}})");
  CHECK(task.examples[1].error == "no tokens");
  CHECK(again.groups.front().tasks == std::vector<std::string>{"quiz"});
}

TEST_CASE("each example is a line, so that a changed one is a changed line in a review") {
  const std::string text = eval_result_json(some_result());
  CHECK(text.find("\n  {\"id\":\"0\"") != text.npos);
  CHECK(text.find("\n  {\"id\":\"x\"") != text.npos);
}

TEST_CASE("what is no result is refused with its name") {
  CHECK_ERROR(parse_eval_result("{", "'r.json'"), ErrorKind::corrupt, "'r.json'");
  CHECK_ERROR(parse_eval_result("[]", "'r.json'"), ErrorKind::corrupt, "no object");
  CHECK_ERROR(parse_eval_result("{}", "'r.json'"), ErrorKind::corrupt, "mlopsctl.eval.result/1");
  CHECK_ERROR(parse_eval_result(R"({"schema": "mlopsctl.eval.result/2"})", "'r'"), ErrorKind::usage,
              "update");
  CHECK_ERROR(
      parse_eval_result(
          R"({"schema": "mlopsctl.eval.result/1", "tasks": [{"name": "a", "of": -1}]})", "'r'"),
      ErrorKind::corrupt, "'of' is negative");
  CHECK_ERROR(parse_eval_result(R"({"schema": "mlopsctl.eval.result/1",
                                    "tasks": [{"name": "a", "metrics": [{"name": "acc"}]}]})",
                                "'r'"),
              ErrorKind::corrupt, "'value'");
  CHECK_ERROR(read_eval_result("absent.json"), ErrorKind::not_found, "absent.json");
}

TEST_CASE("results of lm-evaluation-harness are read with the samples beside them") {
  testing::TemporaryFolder folder;
  const std::string name = (folder.path() / "results_2026-11-29T23-00-00.1.json").string();
  write_file_atomically(name, R"({"results": {
    "quiz": {"name": "quiz", "alias": "Quiz", "sample_len": 2, "acc,none": 0.5,
             "acc_stderr,none": 0.5, "f1,none": 0.3, "f1_stderr,none": "N/A"},
    "both": {"alias": "both", "acc,none": 0.5, "sample_len": 2}},
    "group_subtasks": {"both": ["quiz"]},
    "configs": {"quiz": {"output_type": "multiple_choice"}}, "versions": {"quiz": 1.0},
    "n-shot": {"quiz": 3}, "higher_is_better": {"quiz": {"acc": true}},
    "n-samples": {"quiz": {"original": 9, "effective": 2}}, "date": 1790000000.5,
    "model_name": "gpt2", "lm_eval_version": "0.4.13", "config": {"model_dtype": "torch.float32"}})");
  write_file_atomically(folder.path() / "samples_quiz_2026-11-29T23-00-00.1.jsonl",
                        R"({"doc_id": 0, "doc": {"q": "a"}, "target": "1", "arguments":
 {"gen_args_0": {"arg_0": "Q", "arg_1": " a"}}, "filter": "none", "metrics": ["acc", "f1"],
 "acc": 1.0, "f1": [1, 1]})"
                        "\n");
  // A line is a line.
  std::string samples = read_file(folder.path() / "samples_quiz_2026-11-29T23-00-00.1.jsonl");
  std::erase(samples, '\n');
  const std::string second =
      R"({"doc_id": 1, "doc": {"id": "q7"}, "target": "0", "arguments": {"gen_args_0": {"arg_0": )"
      R"("Q2", "arg_1": " b"}}, "filter": "none", "metrics": ["acc", "f1"], "acc": 0.0, "f1": [0, 1]})";
  write_file_atomically(folder.path() / "samples_quiz_2026-11-29T23-00-00.1.jsonl",
                        samples + "\n" + second + "\n");

  const EvalResult result = read_eval_result(name);
  REQUIRE(result.tasks.size() == 1);
  const TaskResult& task = result.tasks.front();
  CHECK(task.output_type == "multiple_choice");
  CHECK(task.shots == 3);
  CHECK(task.of == 9);
  CHECK(task.version == "1.0");
  REQUIRE(task.metrics.size() == 2);
  CHECK(task.metrics[0].correct == 1U);
  CHECK(task.metrics[0].n == 2);
  CHECK_FALSE(task.metrics[1].stderr_);
  REQUIRE(task.examples.size() == 2);
  CHECK(task.examples[0].id == "0");
  CHECK(task.examples[1].id == "q7");
  CHECK(task.examples[1].predicted == 1);
  CHECK(task.examples[0].prompt_hash != task.examples[1].prompt_hash);
  REQUIRE(result.groups.size() == 1);
  CHECK(result.groups[0].tasks == std::vector<std::string>{"quiz"});
  CHECK(result.fingerprint.at("engine") == "lm-evaluation-harness");
  CHECK(result.started == 1790000000500);
}
