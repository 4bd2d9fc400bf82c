// Tasks against a target that answers by a rule: what is asked, and what comes out.
#include "mlopsctl/eval/evaluate.hpp"

#include "eval/scripted_target.hpp"
#include "eval/task_folder.hpp"
#include "support/expect_error.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

using namespace mlopsctl;
using testing::evaluate;
using testing::metric;
using testing::ScriptedTarget;
using testing::TaskFolder;

namespace {

const std::string quiz = R"(output_type: multiple_choice
doc_to_text: "Q: {{q}}\nA:"
doc_to_choice: choices
doc_to_target: answer
)";

double inf() { return std::numeric_limits<double>::infinity(); }

}  // namespace

TEST_CASE("choices: best by log-likelihood, by characters and by bytes; the first of equals wins") {
  const TaskFolder folder;
  // −1 a byte with the delimiter: "ab" −3, "äöü" −7, "abcde" −6
  const auto set = folder.task(
      quiz +
          "metric_list: [{metric: acc}, {metric: acc_norm}, {metric: acc_bytes}, "
          "{metric: exact_match}, {metric: brier_score}, {metric: mcc}, {metric: f1}]\n",
      R"({"q": "1", "choices": ["ab", "äöü", "abcde"], "answer": 0}
{"q": "2", "choices": ["ab", "äöü", "abcde"], "answer": 2}
{"q": "3", "choices": ["xy!", "xyz"], "answer": "xy!"}
{"q": "4", "choices": ["xy!", "xyz"], "answer": [1, 0]}
)");
  ScriptedTarget target;
  const EvalResult result = evaluate(target, set);
  REQUIRE(target.pairs.size() == 10);
  CHECK(target.pairs[1].context == "Q: 1\nA:");
  CHECK(target.pairs[1].continuation == " äöü");
  const TaskResult& task = result.tasks.front();
  // acc: 0 right, 2 wrong (0 is best), ties of 3 and 4 go to the first
  CHECK(metric(task, "acc").correct == 3U);
  // by characters: −1.5, −7/3, −1.2; by bytes −1.5, −7/6, −1.2
  CHECK(task.examples[0].metrics.at("acc_norm") == 0);
  CHECK(task.examples[1].metrics.at("acc_norm") == 1);
  CHECK(task.examples[0].metrics.at("acc_bytes") == 0);
  CHECK(task.examples[1].metrics.at("acc_bytes") == 0);
  CHECK(metric(task, "exact_match").correct == 2U);
  CHECK(task.examples[0].margin == 3);
  CHECK(task.examples[2].margin == 0);
  CHECK(task.near_ties == 2);
  CHECK(task.examples[1].gold == 2);
  CHECK(task.examples[1].predicted == 0);
  CHECK(task.examples[0].nll == 3);
  // scikit-learn 1.7: matthews_corrcoef([0, 2, 0, 1], [0, 0, 0, 0]) = 0
  CHECK(metric(task, "mcc").value == 0);
  // f1_score(average="macro")
  CHECK(metric(task, "f1").value == doctest::Approx(2.0 / 3 / 3));
  const double p0 = 1 / (1 + std::exp(-4.0) + std::exp(-3.0));
  const double p1 = std::exp(-4.0) * p0, p2 = std::exp(-3.0) * p0;
  CHECK(task.examples[0].metrics.at("brier_score") ==
        doctest::Approx((p0 - 1) * (p0 - 1) + p1 * p1 + p2 * p2));
  CHECK(*metric(task, "acc").stderr_ == doctest::Approx(std::sqrt(0.1875 * 4 / 3 / 4)));
}

TEST_CASE("acc_mutual_info takes off what a choice is worth without the question") {
  const TaskFolder folder;
  const auto set = folder.task(quiz + "metric_list: [{metric: acc_mutual_info}]\n",
                               R"({"q": "1", "choices": ["a", "b"], "answer": 1})");
  ScriptedTarget target;
  target.judge = [](const LikelihoodRequest& request) {
    const bool a = request.continuation == " a";
    const double with = a ? -1 : -2, without = a ? -1 : -9;
    return LikelihoodResult{.sum = request.context.empty() ? without : with, .tokens = 1};
  };
  const EvalResult result = evaluate(target, set);
  CHECK(metric(result.tasks.front(), "acc_mutual_info").correct == 1U);
  CHECK(target.pairs[3].context.empty());
}

TEST_CASE("a text that is an index asks the choices and compares one answer") {
  const TaskFolder folder;
  const auto set = folder.task(
      "output_type: multiple_choice\ndoc_to_text: label\ndoc_to_choice: \"{{[a, b]}}\"\n"
      "doc_to_target: rest\ntarget_delimiter: ' '\n",
      R"({"label": 1, "a": "Ann", "b": "Bo", "rest": "slept."})");
  ScriptedTarget target;
  const EvalResult result = evaluate(target, set);
  REQUIRE(target.pairs.size() == 2);
  CHECK(target.pairs[0].context == "Ann");
  CHECK(target.pairs[1].context == "Bo");
  CHECK(target.pairs[1].continuation == " slept.");
  CHECK(result.tasks.front().examples.front().gold == 1);
}

TEST_CASE("shots are drawn as the harness draws them, and never the example itself") {
  const TaskFolder folder;
  std::string rows;
  for (int i = 0; i < 30; ++i) {
    rows += "{\"q\": \"" + std::to_string(i) +
            "\", \"choices\": [\"a\", \"b\"], \"answer\": " + std::to_string(i % 2) + "}\n";
  }
  const auto set = folder.task("description: \"Answer.\\n\\n\"\n" + quiz, rows);
  ScriptedTarget target;
  eval::EvaluateOptions options{.limit = 2, .shots = 2, .bootstrap = 0};
  evaluate(target, set, options);
  // random.Random(1234).sample(range(30), 3) = [24, 14, 3], then [0, 2, 29]
  CHECK(target.pairs[0].context == "Answer.\n\nQ: 24\nA: a\n\nQ: 14\nA: a\n\nQ: 0\nA:");
  CHECK(target.pairs[2].context.find("Q: 1\nA: ") == std::string::npos);
  options.limit = 30;
  options.shots = 29;
  ScriptedTarget all;
  evaluate(all, set, options);
  for (int i = 0; i < 30; ++i) {
    const std::string& context = all.pairs[static_cast<std::size_t>(i) * 2].context;
    CHECK(context.find("Q: " + std::to_string(i) + "\nA: ") == std::string::npos);
  }
  options.shots = 30;
  CHECK_ERROR(evaluate(all, set, options), ErrorKind::config, "30 rows to take 30 shots from");
}

TEST_CASE("first_n takes the first rows of another split or of the file itself") {
  const TaskFolder folder;
  folder.write("train.jsonl", R"({"q": "x", "choices": ["a", "b"], "answer": "b"}
{"q": "y", "choices": ["a", "b"], "answer": 0}
)");
  folder.write("data.jsonl", R"({"q": "1", "choices": ["a", "b"], "answer": 0})");
  folder.write("t.yaml",
               "task: t\ndataset_path: json\ntest_split: test\nfewshot_split: train\n"
               "dataset_kwargs: {data_files: {test: data.jsonl, train: train.jsonl}}\n"
               "num_fewshot: 2\nfewshot_config: {sampler: first_n}\n"
               "fewshot_delimiter: \"\\n---\\n\"\n" +
                   quiz);
  ScriptedTarget target;
  evaluate(target, folder.read("t.yaml"));
  CHECK(target.pairs[0].context == "Q: x\nA: b\n---\nQ: y\nA: a\n---\nQ: 1\nA:");
  folder.write("u.yaml",
               "task: u\ndataset_path: json\ntest_split: test\n"
               "dataset_kwargs: {data_files: {test: data.jsonl}}\nnum_fewshot: 1\n"
               "fewshot_config: {sampler: first_n, samples: [{q: z, choices: [a, b], "
               "answer: 1}]}\n" +
                   quiz);
  ScriptedTarget other;
  evaluate(other, folder.read("u.yaml"));
  CHECK(other.pairs[0].context == "Q: z\nA: b\n\nQ: 1\nA:");
}

TEST_CASE("loglikelihood: accuracy is greedy, perplexity is by document") {
  const TaskFolder folder;
  const auto set = folder.task(
      "output_type: loglikelihood\ndoc_to_text: \"{{t}}\"\n"
      "doc_to_target: \"{{' ' + w}}\"\n",
      R"({"t": "one", "w": "two!"}
{"t": "three", "w": "four"}
)");
  ScriptedTarget target;
  const EvalResult result = evaluate(target, set);
  CHECK(target.pairs[0].continuation == " two!");
  const TaskResult& task = result.tasks.front();
  CHECK(metric(task, "acc").correct == 1U);
  CHECK(metric(task, "perplexity").value == doctest::Approx(std::exp(5.0)));
  CHECK(metric(task, "perplexity").stderr_ == doctest::Approx(0.0));
  CHECK_FALSE(metric(task, "perplexity").higher_is_better);
}

TEST_CASE("rolling: word, byte and token perplexities with the harness' counts") {
  const TaskFolder folder;
  const auto set = folder.task("output_type: loglikelihood_rolling\ndoc_to_target: page\n",
                               "{\"page\": \" a  b\"}\n{\"page\": \"é\"}\n");
  ScriptedTarget target;
  const EvalResult result = evaluate(target, set);
  const TaskResult& task = result.tasks.front();
  // "  a  b" splits into 3 words, "é" into 1 and has 2 bytes; −2 a byte
  CHECK(task.examples[0].words == 3);
  CHECK(task.examples[1].bytes == 2);
  CHECK(metric(task, "word_perplexity").value == doctest::Approx(std::exp(14.0 / 4)));
  CHECK(metric(task, "byte_perplexity").value == doctest::Approx(std::exp(2.0)));
  CHECK(metric(task, "bits_per_byte").value == doctest::Approx(2 / std::log(2.0)));
  CHECK(metric(task, "token_perplexity").value == doctest::Approx(std::exp(2.0)));
  CHECK_FALSE(metric(task, "byte_perplexity").stderr_);
}

TEST_CASE("generation: filters make metrics of their own, any reference counts") {
  const TaskFolder folder;
  const auto set = folder.task(R"(doc_to_text: "{{q}}"
doc_to_target: a
generation_kwargs: {until: ["\n", ""], max_gen_toks: 8}
filter_list:
  - name: strict
    filter: [{function: regex, regex_pattern: 'is (\d+)\.', fallback: none}, {function: take_first}]
  - name: flexible
    filter: [{function: regex, regex_pattern: '(-?[\d,]+)|x', group_select: -1},
             {function: lowercase}, {function: take_first}]
metric_list:
  - {metric: exact_match, ignore_punctuation: true, ignore_case: true, regexes_to_ignore: ["^0+"]}
  - {metric: f1}
  - {metric: rougeL}
)",
                               R"({"q": "1", "a": ["40", "42"]}
{"q": "2", "a": ["007"]}
)");
  ScriptedTarget target;
  target.write = [](const GenerationRequest& request) {
    return request.prompt == "1" ? "40 or 41? It is 42." : "Agent 00,7";
  };
  const EvalResult result = evaluate(target, set);
  CHECK(target.prompts[0].stop == std::vector<std::string>{"\n"});
  CHECK(target.prompts[0].max_tokens == 8);
  CHECK(target.prompts[0].temperature == 0);
  const TaskResult& task = result.tasks.front();
  CHECK(task.examples[0].metrics.at("exact_match,strict") == 1);
  CHECK(task.examples[1].metrics.at("exact_match,strict") == 0);
  CHECK(metric(task, "exact_match,flexible").correct == 2U);
  CHECK(task.metrics.size() == 6);
}

TEST_CASE("a vote among repeated answers") {
  const TaskFolder folder;
  const auto set = folder.task(R"(doc_to_text: "{{q}}"
doc_to_target: "b"
repeats: 3
generation_kwargs: {do_sample: true, temperature: 0.7}
filter_list: [{name: vote, filter: [{function: majority_vote}, {function: take_first}]}]
)",
                               R"({"q": "1"})");
  ScriptedTarget target;
  target.write = [](const GenerationRequest& request) { return request.seed == 1234 ? "a" : "b"; };
  const EvalResult result = evaluate(target, set);
  CHECK(target.prompts.size() == 3);
  CHECK(target.prompts[0].temperature == 0.7);
  CHECK(metric(result.tasks.front(), "exact_match,vote").correct == 1U);
}

TEST_CASE("what cannot be scored is an error of its example, and does not count") {
  const TaskFolder folder;
  const auto set = folder.task(quiz, R"({"id": "a", "q": "1", "choices": ["x", "y"], "answer": 0}
{"id": "b", "q": "2", "choices": ["x", ""], "answer": 0}
{"id": "c", "q": "3", "choices": ["x", "y"], "answer": 7}
{"id": "d", "q": "4", "choices": ["x", "y"], "answer": 1}
)");
  ScriptedTarget target;
  target.judge = [](const LikelihoodRequest& request) {
    if (request.context.find('4') != std::string::npos) {
      return LikelihoodResult{.error = "a logit is not a number"};
    }
    return LikelihoodResult{.sum = -1, .tokens = 1};
  };
  const EvalResult result = evaluate(target, set);
  const TaskResult& task = result.tasks.front();
  CHECK(task.failed == 3);
  CHECK(metric(task, "acc").n == 1);
  CHECK(task.examples[1].error == "choice 1 is empty");
  CHECK(task.examples[2].error == "the target '7' is none of the 2 choices");
  CHECK(task.examples[3].error == "a logit is not a number");
  const auto hopeless = folder.task(quiz, R"({"question": "1", "choices": ["x"], "answer": 0})");
  CHECK_ERROR(evaluate(target, hopeless), ErrorKind::config, "no column 'q'");
}

TEST_CASE("an impossible text has infinite perplexity, not an error") {
  const TaskFolder folder;
  const auto set = folder.task("output_type: loglikelihood\ndoc_to_text: t\ndoc_to_target: t\n",
                               "{\"t\": \"x\"}\n{\"t\": \"y\"}\n");
  ScriptedTarget target;
  target.judge = [](const LikelihoodRequest&) {
    return LikelihoodResult{.sum = -inf(), .tokens = 1};
  };
  CHECK(std::isinf(metric(evaluate(target, set).tasks.front(), "perplexity").value));
}

TEST_CASE("a group is the mean of its tasks by size, with pooled errors") {
  const TaskFolder folder;
  std::string ones, twos;
  for (int i = 0; i < 4; ++i)
    ones += R"({"q": "1", "choices": ["a", "bb"], "answer": 0})"
            "\n";
  for (int i = 0; i < 2; ++i) {
    twos += R"({"q": "1", "choices": ["a", "bb"], "answer": )" + std::to_string(i) + "}\n";
  }
  folder.write("one.jsonl", ones);
  folder.write("two.jsonl", twos);
  for (const std::string name : {"one", "two"}) {
    folder.write(name + ".yaml", "task: " + name +
                                     "\ndataset_path: json\ntest_split: test\n"
                                     "dataset_kwargs: {data_files: {test: " +
                                     name + ".jsonl}}\n" + quiz);
  }
  folder.write("both.yaml",
               "group: both\ntask: [one, two]\naggregate_metric_list: "
               "[{metric: acc}]\n");
  folder.write("means.yaml",
               "group: means\ntask: [both]\naggregate_metric_list: "
               "[{metric: acc, weight_by_size: false}]\n");
  ScriptedTarget target;
  const EvalResult result = evaluate(target, folder.read());
  REQUIRE(result.groups.size() == 2);
  CHECK(result.groups[0].metrics[0].value == doctest::Approx(5.0 / 6));
  CHECK(result.groups[0].metrics[0].correct == 5U);
  // pooled_sample_stderr([0, 0.5], [4, 2])
  CHECK(*result.groups[0].metrics[0].stderr_ == doctest::Approx(std::sqrt(0.5 / 4 / 6)));
  CHECK(result.groups[1].metrics[0].value == doctest::Approx(0.75));
  CHECK(*result.groups[1].metrics[0].stderr_ == doctest::Approx(0.25));
}

TEST_CASE("a journal is gone on with after a crash, but only for the same evaluation") {
  const TaskFolder folder;
  std::string rows;
  for (int i = 0; i < 6; ++i) {
    rows += "{\"q\": \"" + std::to_string(i) + "\", \"choices\": [\"a\", \"b\"], \"answer\": 0}\n";
  }
  const auto set = folder.task(quiz, rows);
  const std::string journal = (folder.folder / "r.json.part").string();
  const eval::EvaluateOptions options{.bootstrap = 0, .journal = journal};
  ScriptedTarget first;
  const EvalResult whole = evaluate(first, set, options);
  const std::string text = read_file(journal);
  // Four records and a half are there.
  std::size_t cut = 0;
  for (int i = 0; i < 5; ++i) cut = text.find('\n', cut) + 1;
  write_file_atomically(journal, text.substr(0, cut + 20));
  CHECK_ERROR(evaluate(first, set, options), ErrorKind::conflict, "--resume");

  eval::EvaluateOptions more = options;
  more.resume = true;
  ScriptedTarget second;
  const EvalResult resumed = evaluate(second, set, more);
  CHECK(second.pairs.size() == 4);
  REQUIRE(resumed.tasks.front().examples.size() == 6);
  for (std::size_t i = 0; i < 6; ++i) {
    CHECK(resumed.tasks.front().examples[i].prompt_hash ==
          whole.tasks.front().examples[i].prompt_hash);
  }
  CHECK(metric(resumed.tasks.front(), "acc").value == metric(whole.tasks.front(), "acc").value);
  ScriptedTarget third;
  evaluate(third, set, more);
  CHECK(third.calls == 0);
  more.seed = 1;
  CHECK_ERROR(evaluate(third, set, more), ErrorKind::conflict, "another model");
}

TEST_CASE("rows with one id are told apart, the same with a limit") {
  const TaskFolder folder;
  std::string rows;
  for (int i = 0; i < 3; ++i) {
    rows += R"({"id": "x", "q": "1", "choices": ["a", "b"], "answer": 0})"
            "\n";
  }
  const auto set = folder.task(quiz, rows);
  ScriptedTarget target;
  const EvalResult all = evaluate(target, set);
  const EvalResult first = evaluate(target, set, {.limit = 2, .bootstrap = 0});
  CHECK(all.tasks[0].examples[0].id == "x");
  CHECK(all.tasks[0].examples[2].id == "x#3");
  CHECK(first.tasks[0].examples[1].id == "x#2");
}

TEST_CASE("with details a record keeps document, prompts and answers") {
  const TaskFolder folder;
  const auto set =
      folder.task(quiz, R"({"id": 7, "q": "é", "choices": ["a", "b"], "answer": 0, "x": null})");
  ScriptedTarget target;
  const EvalResult result = evaluate(target, set, {.bootstrap = 0, .details = true});
  const ExampleRecord& example = result.tasks.front().examples.front();
  CHECK(example.id == "7");
  CHECK(
      example.detail ==
      R"({"doc":{"id":7,"q":"é","choices":["a","b"],"answer":0,"x":null},"target":"0",)"
      R"("arguments":[["Q: é\nA:"," a"],["Q: é\nA:"," b"]],"resps":[[-2.0,false],[-2.0,false]]})");
}
