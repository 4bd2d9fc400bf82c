// What holds for each command: help, usage errors, output that cannot be written, JSON.
#include "mlopsctl/commands.hpp"

#include "support/http_server.hpp"
#include "support/locations.hpp"
#include "support/sandbox.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <csignal>
#include <set>

using mlopsctl::testing::Outcome;
using mlopsctl::testing::Sandbox;
using nlohmann::json;
using Strings = std::vector<std::string>;

namespace {

Strings words(const std::string& path) {
  Strings result(1);
  for (const char c : path) {
    if (c == ' ') {
      result.emplace_back();
    } else {
      result.back() += c;
    }
  }
  return result;
}

// A line for each command that succeeds where run "one" of experiment "e" is the only active run.
const std::vector<std::pair<std::string, Strings>> working{
    {"init", {}},
    {"config list", {}},
    {"config get", {"experiment"}},
    {"config set", {"experiment", "Default"}},
    {"doctor", {}},
    {"help exit-codes", {}},
    {"help man", {"pages"}},
    {"experiment list", {}},
    {"experiment create", {"new"}},
    {"experiment rename", {"new", "newer"}},
    {"experiment delete", {"newer", "--yes"}},
    {"experiment restore", {"newer"}},
    {"run start", {"--name", "two"}},
    {"run log", {"two", "loss=1", "--param", "lr=1"}},
    {"run finish", {"two"}},
    {"run exec", {"--name", "three", "--no-packages", "--", "true"}},
    {"run list", {}},
    {"run show", {"two"}},
    {"run compare", {"one", "two"}},
    {"run plot", {"two"}},
    {"run tag", {"two", "a=b"}},
    {"run note", {"two", "text"}},
    {"run artifact add", {"two", "file.txt"}},
    {"run artifact list", {"two"}},
    {"run artifact get", {"two", "file.txt", "-o", "copy.txt"}},
    {"run export", {"two", "-o", "runs.json"}},
    {"run delete", {"two", "--yes"}},
    {"run restore", {"two"}},
    {"run reap", {}},
    {"run gc", {}},
    {"data init", {}},
    {"data add", {"data.txt"}},
    {"data status", {}},
    {"data diff", {}},
    {"data commit", {}},
    {"data checkout", {}},
    {"data move", {"data.txt", "moved.txt"}},
    {"data unprotect", {"moved.txt"}},
    {"data ls", {}},
    {"data du", {}},
    {"data check-ignore", {".git/config"}},
    {"data gc", {"--workspace", "--yes"}},
    {"data remote add", {"--default", "disk", "remote"}},
    {"data remote modify", {"disk", "url", "remote2"}},
    {"data remote list", {}},
    {"data remote default", {}},
    {"data push", {}},
    {"data fetch", {}},
    {"data pull", {}},
    {"data get-url", {"file.txt", "fetched.txt"}},
    {"data import-url", {"file.txt", "imported.txt"}},
    {"data update", {}},
    {"data remote rename", {"disk", "other"}},
    {"data remote remove", {"other"}},
    {"data config", {}},
    {"data root", {}},
    {"data cache dir", {}},
    {"data cache migrate", {}},
    {"data remove", {"moved.txt"}},
    {"stage add",
     {"--name", "s", "--metrics-no-cache", "m.json", "--", "echo", "{}", ">", "m.json"}},
    {"stage list", {}},
    {"dag", {}},
    {"freeze", {"s"}},
    {"unfreeze", {"s"}},
    {"repro", {}},
    {"metrics show", {}},
    {"metrics diff", {"workspace", "workspace"}},
    {"params diff", {"workspace", "workspace"}},
    {"hook install", {}},
    {"hook status", {}},
    {"hook run", {"post-checkout", "--", "old", "new", "0"}},
    {"hook uninstall", {}},
    {"help data-versioning", {}},
    {"plots show", {}},
    {"plots diff", {}},
    {"plots templates", {}},
    {"help evaluation", {}},
    {"help deploying", {}},
    {"smoke", {"URL", "--attempts", "1"}},
    {"deploy init", {"chat", "--image", "ghcr.io/acme/chat:1.4"}},
    {"deploy render", {}},
    {"help deploy-file", {}},
    {"eval tasks", {"quiz.yaml"}},
    {"eval run", {"small-model", "--tasks", "quiz.yaml", "-o", "result.json"}},
    {"eval show", {"result.json"}},
    {"eval compare", {"result.json", "result.json"}},
    {"eval export", {"result.json", "--lm-eval", "harness"}},
    {"eval predictions", {"predictions.csv"}},
    {"embed", {"small-model", "quiz.jsonl", "-o", "rows.npy"}},
    {"baseline save", {"small", "scores.json", "latency.json"}},
    {"baseline accept", {"small", "better.json", "--reason", "better"}},
    {"baseline list", {}},
    {"baseline show", {"small"}},
    {"baseline diff", {"small", "scores.json"}},
    {"help command-target", {}},
    {"eval cache show", {"answers.db"}},
    {"eval cache clear", {"answers.db", "--yes"}},
    {"bench run", {"small-model", "-n", "2", "--output-tokens", "2", "-o", "speed.json"}},
    {"bench show", {"speed.json"}},
    {"model-test", {"small-model"}},
    {"eval check", {"better.json", "--baseline", "small"}},
    {"eval history", {}},
    {"bench check", {"latency.json", "--baseline", "small"}},
    {"drift check", {"numbers.csv", "more.csv"}},
    {"drift report", {"numbers.csv", "more.csv"}},
    {"drift profile", {"numbers.csv", "-o", "numbers.profile"}},
    {"drift profile merge", {"numbers.profile", "numbers.profile", "-o", "sum.profile"}},
    {"drift history", {}},
    {"quality check", {"responses.jsonl"}},
    {"quality report", {"responses.jsonl"}},
    {"quality rules", {}},
};

// These need a cluster: deploy_cluster_test.cpp.
const std::set<std::string> with_cluster{
    "deploy rolling", "deploy blue-green", "deploy canary", "deploy status", "deploy history",
    "deploy promote", "deploy pause",      "deploy resume", "deploy abort",  "rollback"};

}  // namespace

TEST_CASE(
    "every command has help, refuses an unknown option, and fails when its output cannot be "
    "written") {
  const Sandbox box;
  for (const auto* command : mlopsctl::registry().all()) {
    CAPTURE(command->path);
    Strings help = words(command->path), wrong = help;
    help.emplace_back("--help");
    wrong.emplace_back("--no-such-option");
    CHECK(box.output_of(help).find("Examples") != std::string::npos);
    const Outcome outcome = box.run(wrong);
    CHECK(outcome.code == 2);
    CHECK(outcome.out.empty());
    const Outcome full = box.run_program(
        {"sh", "-c", mlopsctl::testing::binary() + " " + command->path + " --help > /dev/full"});
    CHECK(full.code == 1);
  }
}

TEST_CASE("every command answers with one JSON object that names its schema") {
  const Sandbox box;
  box.write("file.txt", "x");
  box.write("data.txt", "y");
  std::string numbers = "x\n";
  for (int i = 0; i < 50; ++i) numbers += std::to_string(i % 10) + ".5\n";
  box.write("numbers.csv", numbers);
  box.write("more.csv", numbers + "4.5\n");
  std::string responses;
  for (int i = 0; i < 40; ++i) responses += "{\"response\": \"It is so.\"}\n";
  box.write("responses.jsonl", responses);
  box.write("answers.db", "");
  std::filesystem::create_directory_symlink(
      mlopsctl::testing::source_folder() + "/examples/chatbot/model", box.folder() / "small-model");
  box.write("predictions.csv", "gold,predicted\na,a\nb,a\n");
  box.write("quiz.jsonl",
            R"({"q": "Who is there?", "choices": ["Hamlet", "nobody"], "answer": 0})");
  box.write("quiz.yaml",
            "task: quiz\ndataset_path: json\ndataset_kwargs: {data_files: {test: quiz.jsonl}}\n"
            "test_split: test\noutput_type: multiple_choice\ndoc_to_text: q\n"
            "doc_to_choice: choices\ndoc_to_target: answer\n");
  box.write("scores.json", R"({"accuracy": 0.9})");
  box.write("better.json", R"({"accuracy": 0.92})");
  std::string requests;
  for (int i = 0; i < 10; ++i) {
    requests += std::string(i > 0 ? "," : "") +
                R"({"due":0,"sent":0,"first":0.1,"last":0.2,"prompt_tokens":1,"output_tokens":2})";
  }
  box.write(
      "latency.json",
      R"({"schema":"mlopsctl.bench.result/1","warmups":0,"wall":1,"requests":[)" + requests + "]}");
  REQUIRE(box.run_program({"git", "init", "-q"}).code == 0);
  REQUIRE(box.run_program({"git", "-c", "user.name=t", "-c", "user.email=t@t", "commit", "-q",
                           "--allow-empty", "-m", "first"})
              .code == 0);
  box.output_of({"run", "start", "--name", "one", "--experiment", "e"});
  const mlopsctl::testing::HttpServer server(
      [](const auto&) { return mlopsctl::testing::ServedResponse{}; });
  for (const auto& [path, arguments] : working) {
    Strings argv = words(path);
    argv.emplace_back("--json");
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    std::ranges::replace(argv, "URL", server.url());
    CAPTURE(path);
    const json answer = json::parse(box.output_of(argv));
    std::string schema = "mlopsctl." + path + "/1";
    std::ranges::replace(schema, ' ', '.');
    CHECK(answer["schema"] == schema);
  }
  // `completion` prints a script whatever was asked; everything else is in the list.
  CHECK(working.size() + with_cluster.size() + 1 == mlopsctl::registry().all().size());
}

TEST_CASE("an interrupted stream has stored what arrived") {
  const Sandbox box;
  const std::string run = box.output_of({"run", "start"});
  const auto metrics = [&] {
    return json::parse(box.output_of({"run", "show", run, "--json"}))["metrics"].size();
  };
  std::size_t expected = 0;
  for (const auto& [signal, code] : {std::pair{SIGINT, 130}, std::pair{SIGTERM, 143}}) {
    CAPTURE(signal);
    const std::string line = "{\"m" + std::to_string(++expected) + "\":1}";
    const Outcome outcome = box.interrupt(
        {"bash", "-c", "exec \"$0\" run log \"$1\" --from - < <(echo \"$2\"; sleep 60 2>/dev/null)",
         mlopsctl::testing::binary(), run, line},
        signal, [&] { return metrics() == expected; });
    CHECK(outcome.code == code);
  }
  CHECK(metrics() == expected);
}

TEST_CASE("a folder that cannot become a project is a failure that names it") {
  const Sandbox box;
  box.write(".mlopsctl", "a file in the way");
  const Outcome outcome = box.run({"init"});
  CHECK(outcome.code == 1);
  CHECK(outcome.err.find(".mlopsctl") != std::string::npos);
  CHECK(box.read(".mlopsctl") == "a file in the way");
}
