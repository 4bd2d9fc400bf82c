// eval run against what is no folder: endpoints and commands, and with a cache in front of them.
#include "support/mock_openai.hpp"
#include "support/sandbox.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <string>

using mlopsctl::testing::MockBehaviour;
using mlopsctl::testing::MockOpenAi;
using mlopsctl::testing::Outcome;
using mlopsctl::testing::Sandbox;
using mlopsctl::testing::ServedRequest;
using mlopsctl::testing::ServedResponse;
using nlohmann::json;
using Strings = std::vector<std::string>;

namespace {

struct Tasks {
  Sandbox box;
  Tasks() {
    box.write("quiz.jsonl",
              "{\"q\": \"Who?\", \"choices\": [\"Hamlet\", \"nobody\"], \"answer\": 0}\n"
              "{\"q\": \"Where?\", \"choices\": [\"here\", \"there\"], \"answer\": 1}\n");
    const std::string data =
        "dataset_path: json\ndataset_kwargs: {data_files: {test: quiz.jsonl}}\ntest_split: test\n";
    box.write("choices.yaml", "task: choices\n" + data +
                                  "output_type: multiple_choice\ndoc_to_text: q\n"
                                  "doc_to_choice: choices\ndoc_to_target: answer\n");
    box.write("text.yaml", "task: text\n" + data +
                               "output_type: generate_until\ndoc_to_text: q\n"
                               "doc_to_target: \"Grüße aus 東京 👋.\"\n"
                               "generation_kwargs: {until: [\"\\n\"]}\n"
                               "metric_list: [{metric: exact_match}]\n");
    box.write("answers.py", R"(
import json, sys
for line in sys.stdin:
    asked = json.loads(line)
    answer = {"text": "Grüße aus 東京 👋."}
    if asked["type"] == "loglikelihood":
        answer = {"logprob": -len(asked["continuation"]), "greedy": False, "tokens": 1}
    print(json.dumps({"id": asked["id"], **answer}))
)");
  }
  Outcome run(Strings more) const {
    Strings argv{"eval", "run"};
    argv.insert(argv.end(), more.begin(), more.end());
    return box.run(argv);
  }
  json result(Strings more) const {
    more.insert(more.end(), {"--json"});
    const Outcome outcome = run(more);
    CAPTURE(outcome.err);
    REQUIRE(outcome.code == 0);
    return json::parse(outcome.out);
  }
};

double value_of(const json& report, const std::string& task, const std::string& metric) {
  for (const auto& row : report["metrics"])
    if (row["task"] == task && row["metric"] == metric) return row["value"];
  throw std::out_of_range(task + " " + metric);
}

}  // namespace

TEST_CASE("an endpoint answers tasks of every kind") {
  const Tasks tasks;
  const MockOpenAi server({.max_model_len = 4096});
  const json report =
      tasks.result({server.url(), "--tasks", "choices.yaml", "--tasks", "text.yaml"});
  CHECK(value_of(report, "text", "exact_match") == 1);
  CHECK(value_of(report, "choices", "acc") >= 0);
  CHECK(report["fingerprint"]["endpoint"] == server.url());
  CHECK(report["fingerprint"]["endpoint_model"] == "mock");
  // Choices cannot be scored where echo is ignored; nothing is said instead of wrong numbers.
  const MockOpenAi deaf({.echo = false});
  const Outcome refused = tasks.run({deaf.url(), "--tasks", "choices.yaml"});
  CHECK(refused.code == 1);
  CHECK(refused.err.find("cannot score prompts") != std::string::npos);
  CHECK(tasks.run({deaf.url(), "--tasks", "choices.yaml", "--api", "chat"}).code == 2);
  CHECK(tasks.run({deaf.url(), "--tasks", "text.yaml", "--api", "chat"}).code == 0);
}

TEST_CASE("an endpoint's chat API gets a chat as messages; /completions needs the template here") {
  const Tasks tasks;
  const MockOpenAi server({.max_model_len = 4096});
  tasks.result({server.url(), "--tasks", "text.yaml", "--chat", "--system-instruction", "Be brief.",
                "--shots", "1", "--limit", "1"});
  const json messages = json::parse(server.bodies("/v1/chat/completions").at(0))["messages"];
  REQUIRE(messages.size() == 4);
  CHECK(messages[0] == json{{"role", "system"}, {"content", "Be brief."}});
  CHECK(messages[1]["role"] == "user");
  CHECK(messages[2]["role"] == "assistant");
  CHECK(messages[3] == json{{"role", "user"}, {"content", "Who?"}});
  const Outcome refused = tasks.run({server.url(), "--tasks", "choices.yaml", "--chat"});
  CHECK(refused.code == 2);
  CHECK(refused.err.find("--tokenizer") != std::string::npos);
}

TEST_CASE("examples that a server refuses are told: 5") {
  const Tasks tasks;
  MockBehaviour behaviour;
  behaviour.fault = [](const ServedRequest& request, int) -> std::optional<ServedResponse> {
    if (request.body.find("Where") == std::string::npos) return std::nullopt;
    return ServedResponse{.status = 400, .body = R"({"error": {"message": "too many tokens"}})"};
  };
  const MockOpenAi server(std::move(behaviour));
  const Outcome outcome = tasks.run({server.url(), "--tasks", "text.yaml"});
  CHECK(outcome.code == 5);
  CHECK(outcome.err.find("too many tokens") != std::string::npos);
}

TEST_CASE("eval check asks an endpoint itself: 0 as good, 3 worse, 4 other tasks, 2 no tasks") {
  const Tasks tasks;
  const MockOpenAi server({.max_model_len = 4096});
  tasks.result({server.url(), "--tasks", "text.yaml", "-o", "before.json"});
  const auto check = [&](const std::string& url, Strings more) {
    Strings argv{"eval", "check", url, "--baseline", "before.json"};
    argv.insert(argv.end(), more.begin(), more.end());
    return tasks.box.run(argv);
  };
  const Outcome good = check(server.url(), {"--tasks", "text.yaml", "--json"});
  CAPTURE(good.err);
  CHECK(good.code == 0);
  CHECK(json::parse(good.out)["checks"][0]["n"] == 2);
  const MockOpenAi worse({.max_model_len = 4096, .text = {"Grüße."}});
  CHECK(check(worse.url(), {"--tasks", "text.yaml"}).code == 3);
  CHECK(check(server.url(), {"--tasks", "choices.yaml"}).code == 4);
  const Outcome unasked = check(server.url(), {});
  CHECK(unasked.code == 2);
  CHECK(unasked.err.find("is an endpoint: eval check needs --tasks") != std::string::npos);
  CHECK(check("http://127.0.0.1:1/v1", {"--tasks", "text.yaml", "--retries", "0"}).code == 1);
}

TEST_CASE("with a cache an endpoint is asked once, also after it was lost in the middle") {
  Tasks tasks;
  tasks.box.set_environment("XDG_CACHE_HOME", (tasks.box.folder() / "cache").string());
  const MockOpenAi server({.max_model_len = 4096});
  const Strings argv{server.url(), "--tasks", "choices.yaml", "--cache", "user"};
  const json first = tasks.result(argv);
  const std::size_t asked = server.bodies("/v1/completions").size();
  CHECK(asked == 4);
  const json again = tasks.result(argv);
  CHECK(server.bodies("/v1/completions").size() == asked);
  CHECK(again["metrics"] == first["metrics"]);
  CHECK(again.dump().find("4 answers were in the cache, 0 were asked for") != std::string::npos);
  const json shown = json::parse(tasks.box.output_of({"eval", "cache", "show", "--json"}));
  CHECK(shown["answers"] == 4);
  CHECK(shown["targets"][0]["target"] == "mock at " + server.url());
  tasks.box.output_of({"eval", "cache", "clear", "--yes"});
  tasks.result(argv);
  CHECK(server.bodies("/v1/completions").size() == 2 * asked);
  CHECK(tasks.run({server.url(), "--tasks", "choices.yaml", "--cache", "http://x"}).code == 2);
  const Outcome dead = tasks.run({server.url(), "--tasks", "choices.yaml", "--cache", "a.db",
                                  "--cache", "redis://127.0.0.1:1"});
  CHECK(dead.code == 0);  // a cache that is not there is no failure
  CHECK(dead.err.find("left out") != std::string::npos);
}

TEST_CASE("a command answers tasks, or prints its own metrics") {
  const Tasks tasks;
  const json report = tasks.result(
      {"--command", "python3 answers.py", "--tasks", "choices.yaml", "--tasks", "text.yaml"});
  CHECK(value_of(report, "text", "exact_match") == 1);
  CHECK(value_of(report, "choices", "acc") == 0.5);  // the shorter is the likelier one
  tasks.box.write("metrics.py", "print('acc=0.75')\nprint('{\"f1\": 0.5}')\n");
  const json own = tasks.result({"--command", "python3 metrics.py", "-o", "own.json"});
  CHECK(value_of(own, "metrics.py", "acc") == 0.75);
  CHECK(value_of(own, "metrics.py", "f1") == 0.5);
  CHECK(tasks.box.run({"eval", "show", "own.json"}).code == 0);
  tasks.box.write("silent.py", "print('done')\n");
  CHECK(tasks.run({"--command", "python3 silent.py"}).code == 2);
  CHECK(tasks.run({"--command", "python3 absent.py"}).code == 1);
  CHECK(tasks.run({"--command", "python3 'open"}).code == 2);
  CHECK(tasks.run({}).code == 2);
  CHECK(tasks.run({"model", "--command", "python3 answers.py"}).code == 2);
}
