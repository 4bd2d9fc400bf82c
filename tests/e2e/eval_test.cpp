// eval run, show, compare, tasks, predictions, export and embed, as a user and as CI call them. The
// model is the quick start's.
#include "support/locations.hpp"
#include "support/sandbox.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <string>

using mlopsctl::testing::Outcome;
using mlopsctl::testing::Sandbox;
using nlohmann::json;
using Strings = std::vector<std::string>;
namespace fs = std::filesystem;

namespace {

const char* const quiz = R"(task: quiz
dataset_path: json
dataset_kwargs: {data_files: {test: quiz.jsonl}}
test_split: test
output_type: multiple_choice
doc_to_text: "{{question}}"
doc_to_choice: choices
doc_to_target: answer
metadata: {version: 1.0}
)";

struct Project {
  Sandbox box;

  Project() {
    fs::create_directory_symlink(mlopsctl::testing::source_folder() + "/examples/chatbot/model",
                                 box.folder() / "model");
    std::string rows;
    for (int i = 0; i < 8; ++i) {
      rows += json{{"id", "q" + std::to_string(i)},
                   {"question", std::string("HAMLET.\nMy lord ") + static_cast<char>('a' + i)},
                   {"choices", {"is the king", "zxq vvk"}},
                   {"answer", i % 4 == 3 ? 1 : 0}}
                  .dump() +
              "\n";
    }
    box.write("quiz.jsonl", rows);
    box.write("quiz.yaml", quiz);
  }
  Outcome run(Strings more) const {
    Strings argv{"eval", "run", "model", "--device", "cpu"};
    argv.insert(argv.end(), more.begin(), more.end());
    return box.run(argv);
  }
  json result(const std::string& name) const { return json::parse(box.read(name)); }
};

bool has(const std::string& text, const std::string& part) {
  CAPTURE(text);
  const bool found = text.find(part) != std::string::npos;
  CHECK(found);
  return found;
}

}  // namespace

TEST_CASE("eval run: 0 scored, 5 some examples could not be, 2 usage and tasks, 1 no model") {
  const Project project;
  const Outcome good = project.run({"--tasks", "quiz.yaml", "-o", "good.json"});
  CHECK(good.code == 0);
  const json result = project.result("good.json");
  CHECK(result["schema"] == "mlopsctl.eval.result/1");
  const json& task = result["tasks"][0];
  CHECK(task["name"] == "quiz");
  CHECK(task["version"] == "1.0");
  CHECK(task["examples"].size() == 8);
  CHECK(task["metrics"][0]["name"] == "acc");
  CHECK(task["metrics"][0]["correct"] == 6);
  CHECK(result["fingerprint"]["model_sha256"].get<std::string>().size() == 64);
  CHECK(result["fingerprint"]["dtype"] == "float32");
  CHECK_FALSE(fs::exists(project.box.folder() / "good.json.part"));

  project.box.write("quiz.jsonl", project.box.read("quiz.jsonl") +
                                      R"({"question": "x", "choices": ["a", ""], "answer": 0})");
  const Outcome some = project.run({"--tasks", "quiz.yaml"});
  CHECK(some.code == 5);
  has(some.err, "choice 1 is empty");

  CHECK(project.run({}).code == 2);
  CHECK(project.run({"--tasks", "quiz.yaml", "--limit", "0"}).code == 2);
  CHECK(project.run({"--tasks", "quiz.yaml", "--resume"}).code == 2);
  CHECK(project.run({"--tasks", "quiz.yaml", "--max-length", "100000"}).code == 2);
  CHECK(project.run({"--tasks", "quiz.yaml", "--shots", "50"}).code == 2);
  project.box.write("bad.yaml", std::string(quiz) + "process_docs: !function utils.f\n");
  const Outcome bad = project.run({"--tasks", "bad.yaml"});
  CHECK(bad.code == 2);
  has(bad.err, "line 10 of 'bad.yaml': 'process_docs' is a Python function");
  CHECK(project.run({"--tasks", "absent.yaml"}).code == 1);
  CHECK(project.box.run({"eval", "run", "absent", "--tasks", "quiz.yaml"}).code == 1);
  fs::create_directory(project.box.folder() / "empty");
  CHECK(project.box.run({"eval", "run", "empty", "--tasks", "quiz.yaml"}).code == 1);
}

TEST_CASE("eval run: prompts go through the chat template; 2 where there is none") {
  const Project project;
  const Outcome none = project.run({"--tasks", "quiz.yaml", "--chat"});
  CHECK(none.code == 2);
  has(none.err, "has no chat template");
  CHECK(project.run({"--tasks", "quiz.yaml", "--fewshot-as-multiturn", "false"}).code == 2);
  CHECK(project.run({"--tasks", "quiz.yaml", "-o", "plain.json"}).code == 0);
  // The model with a template of its own.
  fs::remove(project.box.folder() / "model");
  fs::create_directory(project.box.folder() / "model");
  for (const auto& file :
       fs::directory_iterator(mlopsctl::testing::source_folder() + "/examples/chatbot/model"))
    fs::create_symlink(file.path(), project.box.folder() / "model" / file.path().filename());
  project.box.write("model/chat_template.jinja",
                    "{% for turn in messages %}{{ turn.role ~ ': ' ~ turn.content ~ '\n' }}"
                    "{% endfor %}{{ 'assistant:' }}");
  const Strings chat{"--tasks",   "quiz.yaml", "--chat",
                     "--samples", "--shots",   "1",
                     "--seed",    "1",         "--system-instruction",
                     "Be brief."};
  const auto asked = [&](Strings more) {
    more.insert(more.end(), chat.begin(), chat.end());
    more.insert(more.end(), {"-o", "chat.json"});
    const Outcome outcome = project.run(more);
    CAPTURE(outcome.err);
    CHECK(outcome.code == 0);
    return project.result("chat.json");
  };
  const json turns = asked({});
  const auto prompt = [](const json& result) {
    return result["tasks"][0]["examples"][0]["detail"]["arguments"][0];
  };
  const std::string text = prompt(turns)[0];
  CHECK(text.starts_with("system: Be brief.\nuser: HAMLET.\nMy lord "));
  CHECK(text.ends_with("\nuser: HAMLET.\nMy lord a\nassistant:"));
  has(text, "\nassistant: is the king\n");
  CHECK(prompt(turns)[1] == "is the king");  // no delimiter: the answer begins a message
  CHECK(turns["fingerprint"]["chat"] == "true");
  const std::string joined = prompt(asked({"--fewshot-as-multiturn", "false"}))[0];
  has(joined, " is the king\n\nHAMLET.\nMy lord a\nassistant:");
  // What was asked otherwise cannot be compared.
  const Outcome check = project.box.run({"eval", "check", "chat.json", "--baseline", "plain.json"});
  CHECK(check.code == 4);
  has(check.out + check.err, "chat");
}

TEST_CASE("eval run: answers of a run that did not end are gone on with, if they are its own") {
  const Project project;
  CHECK(project.run({"--tasks", "quiz.yaml", "-o", "whole.json"}).code == 0);
  project.box.write("r.json.part", "{\"schema\":\"something else\"}\n");
  CHECK(project.run({"--tasks", "quiz.yaml", "-o", "r.json"}).code == 1);
  const Outcome other = project.run({"--tasks", "quiz.yaml", "-o", "r.json", "--resume"});
  CHECK(other.code == 1);
  has(other.err, "remove the file");
  fs::remove(project.box.folder() / "r.json.part");
  CHECK(project.run({"--tasks", "quiz.yaml", "-o", "r.json", "--resume"}).code == 0);
  CHECK(project.result("r.json")["tasks"] == project.result("whole.json")["tasks"]);
}

TEST_CASE("eval run: the same evaluation gives the same result, alone or in other batches") {
  const Project project;
  CHECK(project.run({"--tasks", "quiz.yaml", "-o", "a.json"}).code == 0);
  CHECK(project
            .run({"--tasks", "quiz.yaml", "-o", "b.json", "--threads", "1", "--deterministic",
                  "--batch-tokens", "32"})
            .code == 0);
  const json a = project.result("a.json"), b = project.result("b.json");
  for (std::size_t i = 0; i < 8; ++i) {
    const json &one = a["tasks"][0]["examples"][i], &other = b["tasks"][0]["examples"][i];
    CHECK(one["prompt_hash"] == other["prompt_hash"]);
    CHECK(one["nll"].get<double>() == doctest::Approx(other["nll"].get<double>()).epsilon(1e-5));
  }
}

TEST_CASE("eval run: it is recorded as a run, and can be shown by its id") {
  const Project project;
  project.box.output_of({"init"});
  const json report = json::parse(
      project.box.output_of({"eval", "run", "model", "--tasks", "quiz.yaml", "--json", "-l", "4"}));
  const std::string id = report["run_id"];
  const json run = json::parse(project.box.output_of({"run", "show", id, "--json"}));
  bool found = false;
  for (const json& metric : run["metrics"]) {
    found = found || metric["key"] == "eval/quiz/acc";
  }
  CHECK(found);
  const json shown = json::parse(project.box.output_of({"eval", "show", id, "--json"}));
  CHECK(shown["tasks"][0]["examples"] == 4);
  CHECK(shown["tasks"][0]["of"] == 8);
  const std::string other = project.box.output_of({"run", "start"});
  CHECK(project.box.run({"eval", "show", other}).code == 1);
  const Outcome none =
      project.box.run({"eval", "run", "model", "--tasks", "quiz.yaml", "--no-record", "--json"});
  CHECK_FALSE(json::parse(none.out).contains("run_id"));
}

TEST_CASE("eval run: any program is a target, with a cache in front of it") {
  const Project project;
  project.box.write("answer.py", R"(import json, sys
print("asked", file=open("asked", "a"))
for line in sys.stdin:
    asked = json.loads(line)
    print(json.dumps({"id": asked["id"], "logprob": -len(asked["continuation"]), "greedy": False, "tokens": 1}))
)");
  const Strings argv{"eval",    "run",       "--command", "python3 answer.py",
                     "--tasks", "quiz.yaml", "--cache",   "answers.db",
                     "-o",      "r.json"};
  CHECK(project.box.run(argv).code == 0);
  const json first = project.result("r.json");
  CHECK(first["tasks"][0]["metrics"][0]["correct"] == 2);
  const Outcome again = project.box.run(argv);
  CHECK(again.code == 0);
  has(again.err, "16 answers were in the cache, 0 were asked for");
  CHECK(project.result("r.json")["tasks"] == first["tasks"]);
  const json printed = json::parse(
      project.box.output_of({"eval", "run", "--command", "echo acc=0.25 loss=1.5", "--json"}));
  CHECK(printed["metrics"][0]["value"] == 0.25);
  CHECK(
      project.box.run({"eval", "run", "model", "--command", "true", "--tasks", "quiz.yaml"}).code ==
      2);
  CHECK(project.box.run({"eval", "run", "--tasks", "quiz.yaml"}).code == 2);
  CHECK(project.box.run({"eval", "run", "--command", "false", "--tasks", "quiz.yaml"}).code == 1);
  CHECK(project.box
            .run({"eval", "run", "http://127.0.0.1:9/v1", "--tasks", "quiz.yaml", "--retries", "0"})
            .code == 1);
}

TEST_CASE("eval show: examples that were answered wrongly; 1 no result, 2 no such number") {
  const Project project;
  CHECK(project.run({"--tasks", "quiz.yaml", "-o", "r.json", "--samples"}).code == 0);
  const json shown =
      json::parse(project.box.output_of({"eval", "show", "r.json", "--wrong", "--json"}));
  REQUIRE(shown["examples"].size() == 2);
  CHECK(shown["examples"][0]["id"] == "q3");
  CHECK(shown["examples"][0]["gold"] == 1);
  has(shown["examples"][0]["detail"].get<std::string>(), "zxq vvk");
  has(project.box.run_on_terminal({"eval", "show", "r.json"}).out, "acc_norm");
  CHECK(project.box.run({"eval", "show", "r.json", "--task", "other"}).code == 1);
  CHECK(project.box.run({"eval", "show", "r.json", "--examples", "0"}).code == 2);
  CHECK(project.box.run({"eval", "show", "absent.json"}).code == 1);
  project.box.write("no.json", "{}");
  CHECK(project.box.run({"eval", "show", "no.json"}).code == 1);
}

TEST_CASE("eval compare: pairs, by the harness' results too; 4 nothing in common, 1 no result") {
  const Project project;
  CHECK(project.run({"--tasks", "quiz.yaml", "-o", "a.json", "--samples"}).code == 0);
  const std::string copy = project.box.read("a.json");
  CHECK(project.box.run({"eval", "export", "a.json", "--lm-eval", "harness"}).code == 0);
  std::string harness;
  for (const auto& entry : fs::directory_iterator(project.box.folder() / "harness")) {
    if (entry.path().extension() == ".json") harness = entry.path().string();
  }
  const json same =
      json::parse(project.box.output_of({"eval", "compare", harness, "a.json", "--json"}));
  CHECK(same["metrics"][0]["pairs"] == 8);
  CHECK(same["metrics"][0]["difference"] == 0);
  CHECK(same["metrics"][0]["p"] == 1);
  project.box.write("other.json",
                    R"({"schema": "mlopsctl.eval.result/1", "tasks": [{"name": "x"}]})");
  CHECK(project.box.run({"eval", "compare", "a.json", "other.json"}).code == 4);
  CHECK(project.box.run({"eval", "compare", "a.json", "absent.json"}).code == 1);
  CHECK(project.box.run({"eval", "compare", "a.json"}).code == 2);
}

TEST_CASE("eval tasks: 0 in order, 5 some are not, 2 the one is not, 1 not there") {
  const Project project;
  const Outcome good = project.box.run({"eval", "tasks", "quiz.yaml", "--show", "1"});
  CHECK(good.code == 0);
  has(good.out, "HAMLET.\nMy lord a\n");
  project.box.write("bad.yaml",
                    "task: bad\ndoc_to_text: a\ndoc_to_target: b\ndataset_path: hub/data\n");
  const Outcome some = project.box.run({"eval", "tasks", "."});
  CHECK(some.code == 5);
  has(some.out, "quiz");
  has(some.err, "Hugging Face hub");
  CHECK(project.box.run({"eval", "tasks", "bad.yaml"}).code == 2);
  CHECK(project.box.run({"eval", "tasks", "absent.yaml"}).code == 1);
  CHECK(project.box.run({"eval", "tasks", "quiz.yaml", "--show", "-1"}).code == 2);
}

TEST_CASE("eval predictions: scikit-learn's numbers; 1 damaged, 2 no such column") {
  const Project project;
  // scikit-learn 1.7.2: classification_report, matthews_corrcoef, roc_auc_score
  project.box.write("p.csv",
                    "label,prediction,score\n1,1,0.9\n0,1,0.6\n0,0,0.2\n1,0,0.4\n0,0,0.4\n");
  const json report = json::parse(
      project.box.output_of({"eval", "predictions", "p.csv", "-o", "p.json", "--json"}));
  CHECK(report["accuracy"].get<double>() == doctest::Approx(0.6));
  CHECK(report["f1_macro"].get<double>() == doctest::Approx(0.5833333333333333));
  CHECK(report["mcc"].get<double>() == doctest::Approx(0.16666666666666666));
  CHECK(report["auc"].get<double>() == doctest::Approx(0.75));
  CHECK(report["confusion"][0]["1"] == 1);
  CHECK(project.result("p.json")["tasks"][0]["examples"].size() == 5);
  project.box.write("p.jsonl", "{\"y\": \"a\", \"z\": \"b\"}\n");
  CHECK(project.box.run({"eval", "predictions", "p.jsonl"}).code == 2);
  CHECK(
      project.box.run({"eval", "predictions", "p.jsonl", "--gold", "y", "--predicted", "z"}).code ==
      0);
  CHECK(
      project.box.run({"eval", "predictions", "p.jsonl", "--gold", "w", "--predicted", "z"}).code ==
      2);
  project.box.write("p.jsonl", "{\"y\": \n");
  CHECK(project.box.run({"eval", "predictions", "p.jsonl"}).code == 1);
}

TEST_CASE("embed: a row of float32 for each text, as drift checks read them; 1 no texts, 2 usage") {
  const Project project;
  std::string lines;
  for (int i = 0; i < 40; ++i) lines += "My lord, the king is dead.\nSpeak, sir.\n";
  project.box.write("texts.txt", lines);
  CHECK(project.box.run({"embed", "model", "texts.txt", "-o", "a.npy", "--device", "cpu"}).code ==
        0);
  CHECK(fs::file_size(project.box.folder() / "a.npy") == 128 + 80 * 256 * 4);
  project.box.write("texts.jsonl", "{\"prompt\": \"Speak, sir.\"}\n{\"prompt\": \"Who?\"}\n");
  CHECK(project.box
            .run({"embed", "model", "texts.jsonl", "--field", "prompt", "--pooling", "last", "-o",
                  "b.npy"})
            .code == 0);
  CHECK(project.box.run({"drift", "check", "a.npy", "a.npy", "--no-record"}).code == 0);
  CHECK(project.box.run({"embed", "model", "texts.jsonl", "--field", "response", "-o", "c.npy"})
            .code == 1);
  CHECK(project.box.run({"embed", "model", "texts.txt"}).code == 2);
  CHECK(project.box.run({"embed", "absent", "texts.txt", "-o", "c.npy"}).code == 1);
}
