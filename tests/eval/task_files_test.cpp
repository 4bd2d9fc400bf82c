// Task files: what is read, and what is refused with what to do instead.
#include "mlopsctl/eval/task.hpp"

#include "eval/task_folder.hpp"
#include "support/expect_error.hpp"

#include <doctest/doctest.h>

using namespace mlopsctl;
using eval::OutputType;
using testing::TaskFolder;

namespace {

const std::string quiz = R"(
output_type: multiple_choice
doc_to_text: "{{question}}"
doc_to_choice: choices
doc_to_target: answer
)";
const std::string quiz_rows = R"({"question": "2+2?", "choices": ["3", "4"], "answer": 1}
{"question": "1+2?", "choices": ["3", "4"], "answer": 0}
)";

std::string refusal(const std::string& keys) {
  const TaskFolder folder;
  const Error error = testing::error_of([&] { folder.task(keys, quiz_rows); });
  CHECK(to_string(error.kind()) == to_string(ErrorKind::config));
  CHECK(std::string(error.what()).find("task.yaml") != std::string::npos);
  return std::string(error.what()) + " | " + error.hint();
}
bool has(const std::string& text, const std::string& part) {
  CAPTURE(text);
  CAPTURE(part);
  const bool found = text.find(part) != std::string::npos;
  CHECK(found);
  return found;
}

}  // namespace

TEST_CASE("a task has the metrics of its kind unless it says which") {
  const TaskFolder folder;
  const auto set = folder.task(quiz +
                                   "task_alias: Quiz\ntag: [small, sums]\n"
                                   "metadata: {version: 1.0}\n",
                               quiz_rows);
  REQUIRE(set.tasks.size() == 1);
  const auto& task = set.tasks.front();
  CHECK(task.name == "t");
  CHECK(task.alias == "Quiz");
  CHECK(task.version == "1.0");
  CHECK(task.tags == std::vector<std::string>{"small", "sums"});
  CHECK(task.type == OutputType::multiple_choice);
  CHECK(task.examples == 2);
  REQUIRE(task.metrics.size() == 2);
  CHECK(task.metrics[1].name == "acc_norm");
  const auto same = folder.task(quiz +
                                    "task_alias: Quiz\ntag: [small, sums]\n"
                                    "metadata: {version: 1.0}\n",
                                quiz_rows);
  CHECK(same.tasks.front().hash == task.hash);
  const auto other = folder.task(quiz, quiz_rows + quiz_rows);
  CHECK(other.tasks.front().hash != task.hash);
  CHECK(other.tasks.front().data_hash != task.data_hash);
}

TEST_CASE("a file begins with what it includes, and its own keys win") {
  const TaskFolder folder;
  folder.write("data.jsonl", quiz_rows);
  folder.write("_base.yaml",
               "dataset_path: json\ndataset_kwargs: {data_files: {test: data.jsonl}}\n"
               "test_split: test\nnum_fewshot: 1\n" +
                   quiz);
  folder.write("one.yaml", "include: _base.yaml\ntask: one\n");
  folder.write("two.yaml", "include: _base.yaml\ntask: two\nnum_fewshot: 0\n");
  const auto set = folder.read();
  REQUIRE(set.tasks.size() == 2);  // _base.yaml is no task
  CHECK(set.tasks[0].shots == 1);
  CHECK(set.tasks[1].shots == 0);
  CHECK(folder.read({}, {"t*"}).tasks.size() == 1);
  CHECK_ERROR(folder.read({}, {"three"}), ErrorKind::not_found, "there are one, two");
  folder.write("circle.yaml", "include: circle.yaml\ntask: c\n");
  CHECK_ERROR(folder.read("circle.yaml"), ErrorKind::config, "circle");
}

TEST_CASE("a group takes its tasks from beside it") {
  const TaskFolder folder;
  folder.write("data.jsonl", quiz_rows);
  for (const char* name : {"one", "two"}) {
    folder.write(std::string(name) + ".yaml",
                 "task: " + std::string(name) +
                     "\ndataset_path: json\ntest_split: test\n"
                     "dataset_kwargs: {data_files: {test: data.jsonl}}\n" +
                     quiz);
  }
  folder.write("both.yaml",
               "group: both\ntask: [one, two]\naggregate_metric_list:\n"
               "  - {metric: acc, weight_by_size: false}\n");
  const auto set = folder.read("both.yaml");
  CHECK(set.tasks.size() == 2);
  REQUIRE(set.groups.size() == 1);
  CHECK(set.groups[0].tasks == std::vector<std::string>{"one", "two"});
  CHECK_FALSE(set.groups[0].metrics[0].weight_by_size);
  folder.write("bad.yaml", "group: bad\ntask: [one, three]\n");
  CHECK_ERROR(folder.read("bad.yaml"), ErrorKind::config, "'three'");
}

TEST_CASE("CSV columns are numbers where every value is one") {
  const TaskFolder folder;
  folder.write("d.csv", "question,answer,name\n\"2+2, or?\",1,4\n1+2?,0,x\n");
  folder.write("t.yaml",
               "task: t\ndataset_path: csv\ntest_split: test\n"
               "dataset_kwargs: {data_files: {test: d.csv}}\n"
               "output_type: multiple_choice\ndoc_to_text: question\n"
               "doc_to_choice: [three, four]\ndoc_to_target: answer\n");
  CHECK(folder.read("t.yaml").tasks.front().examples == 2);
  folder.write("d.csv", "question,answer\na,1,2\n");
  CHECK_ERROR(folder.read("t.yaml"), ErrorKind::corrupt, "3 fields");
}

TEST_CASE("what needs Python or the hub is refused with what to do") {
  has(refusal(quiz + "process_docs: !function utils.clean\n"),
      "'process_docs' is a Python function");
  has(refusal("dataset_path: EleutherAI/lambada_openai\n"), "is there twice");
  const TaskFolder folder;
  folder.write("t.yaml", "task: t\ndataset_path: EleutherAI/lambada\n" + quiz);
  CHECK_ERROR(folder.read("t.yaml"), ErrorKind::config, "save the rows as JSON lines");
  has(refusal(quiz + "gen_prefix: x\n"), "doc_to_text");
  has(refusal(quiz + "doc_to_image: x\n"), "see text only");
}

TEST_CASE("mistakes are named with line, key and what was meant") {
  has(refusal(quiz + "doc_to_txt: x\n"), "did you mean 'doc_to_text'?");
  has(refusal(quiz + "metric_list: [{metric: acc_nrom}]\n"), "metrics are acc, acc_norm");
  has(refusal(quiz + "metric_list: [{metric: acc, aggregation: sum}]\n"), "mean");
  has(refusal(quiz + "num_fewshot: -1\n"), "'num_fewshot'");
  has(refusal("output_type: choose\ndoc_to_text: a\ndoc_to_target: b\n"), "generate_until");
  has(refusal("output_type: multiple_choice\ndoc_to_text: a\ndoc_to_target: b\n"),
      "'doc_to_choice' is missing");
  has(refusal(quiz + "fewshot_split: train\n"), "splits are test");
  has(refusal(quiz + "fewshot_config: {sampler: balanced}\n"), "first_n");
  has(refusal("doc_to_text: '{% if a %}'\ndoc_to_target: b\n"), "Jinja logic");
  has(refusal(quiz + "filter_list: [{name: a, filter: [{function: regex}]}]\n"), "generated");
  has(refusal("doc_to_text: question\ndoc_to_target: answer\nfilter_list: [{name: a, filter: "
              "[{function: regex, regex_pattern: '('}]}]\n"),
      "the pattern '('");
  has(refusal("doc_to_text: question\ndoc_to_target: answer\n"
              "generation_kwargs: {num_beams: 4}\n"),
      "num_beams");
  has(refusal(quiz + "metadata: {group_by: passage}\n"), "'passage'");
}

TEST_CASE("damaged data are named with file and line") {
  const TaskFolder folder;
  CHECK_ERROR(folder.task(quiz, quiz_rows + "{\"question\": \n"), ErrorKind::corrupt, "line 3 of");
  CHECK_ERROR(folder.task(quiz, quiz_rows + "{\"question\": \"\xff\"}\n"), ErrorKind::corrupt,
              "not UTF-8");
  CHECK_ERROR(folder.task(quiz, "[1]"), ErrorKind::corrupt, "no JSON object");
  CHECK_ERROR(folder.task(quiz, ""), ErrorKind::config, "no rows");
  folder.write("t.yaml",
               "task: t\ndataset_path: json\ntest_split: test\n"
               "dataset_kwargs: {data_files: {test: absent.jsonl}}\n" +
                   quiz);
  CHECK_ERROR(folder.read("t.yaml"), ErrorKind::not_found, "absent.jsonl");
}
