// Any program as a target.
#include "mlopsctl/eval/command_target.hpp"

#include "support/expect_error.hpp"
#include "support/no_progress.hpp"
#include "support/temporary_folder.hpp"

#include <doctest/doctest.h>

#include <fstream>

using namespace mlopsctl;
using namespace mlopsctl::testing;
using Strings = std::vector<std::string>;

namespace {

constexpr const char* answering = R"(
import json, sys
print("loading the model")          # is no answer
for line in sys.stdin:
    asked = json.loads(line)
    if asked["type"] == "generate":
        answer = {"text": "to " + asked.get("prompt", "") + str(asked["max_tokens"])}
        if asked.get("prompt") == "bad":
            answer = {"error": "cannot"}
    elif asked["type"] == "loglikelihood":
        answer = {"logprob": -float(len(asked["continuation"])), "greedy": True, "tokens": 2}
    else:
        answer = {"logprob": "-Infinity", "tokens": len(asked["text"])}
    print(json.dumps({"id": asked["id"], **answer}))
)";

struct Program {
  TemporaryFolder folder;
  NoProgress progress;
  std::string file = (folder / "program.py").string();

  explicit Program(const std::string& text) { std::ofstream(file) << text; }
  CommandOptions options(Strings more = {}) const {
    Strings argv{"python3", file};
    argv.insert(argv.end(), more.begin(), more.end());
    return {.argv = argv, .timeout = Milliseconds{20'000}};
  }
  std::vector<GenerationResult> generate(Target& target, const Strings& prompts) {
    std::vector<GenerationRequest> requests;
    for (const auto& prompt : prompts) requests.push_back({.prompt = prompt, .max_tokens = 7});
    return target.generate(requests, progress);
  }
};

Strings names_in(const std::string& output) {
  Strings found;
  for (const auto& metric : metrics_in(output))
    found.push_back(metric.name + "=" + std::to_string(metric.value).substr(0, 4));
  return found;
}

}  // namespace

TEST_CASE("a program answers every kind of request and stays for the next ones") {
  Program program(answering);
  const auto target = open_command(program.options());
  const auto texts = program.generate(*target, {"a", "bad", "ü"});
  CHECK(texts[0].text == "to a7");
  CHECK(texts[0].finish_reason == "stop");
  CHECK(texts[1].error == "cannot");
  CHECK(texts[2].text == "to ü7");
  const std::vector<LikelihoodRequest> pairs{{"x", "abc"}};
  const auto scores = target->likelihood(pairs, program.progress);
  CHECK(scores[0].sum == -3);
  CHECK(scores[0].greedy);
  CHECK(scores[0].tokens == 2);
  const Strings long_texts{"abcd"};
  CHECK(target->rolling(long_texts, program.progress)[0].tokens == 4);
  Strings many(5'000, std::string(200, 'x'));  // more than pipes hold
  CHECK(program.generate(*target, many)[4'999].text.size() == 204);
}

TEST_CASE("with {requests} a program reads a file and is started for each batch") {
  Program program(R"(
import json, sys
for line in reversed(open(sys.argv[1]).readlines()):
    print(json.dumps({"id": json.loads(line)["id"], "text": "t" + str(json.loads(line)["id"])}))
)");
  const auto target = open_command(program.options({"{requests}"}));
  CHECK(program.generate(*target, {"a", "b"})[1].text == "t1");
  CHECK(program.generate(*target, {"a", "b"})[1].text == "t3");
}

TEST_CASE("answers that lack something are errors of their examples") {
  Program program(R"(
import json, sys
answers = [{}, {"text": 5}, {"text": "ok", "completion_tokens": 3}]
for number, line in enumerate(sys.stdin):
    print(json.dumps({"id": json.loads(line)["id"], **answers[number]}))
)");
  const auto results = program.generate(*open_command(program.options()), {"a", "b", "c"});
  CHECK(results[0].error == "the command's answer has no 'text' that is a text");
  CHECK_FALSE(results[1].error.empty());
  CHECK(results[2].text == "ok");
  CHECK(results[2].completion_tokens == 3);
}

TEST_CASE("programs that end early, hang, or are not there end everything") {
  const auto fails = [](const std::string& text, const char* why, Milliseconds timeout) {
    Program program(text);
    CommandOptions options = program.options();
    options.timeout = timeout;
    CHECK_ERROR(program.generate(*open_command(options), {"a"}), ErrorKind::unavailable, why);
  };
  fails("raise SystemExit(3)", "ended with status 3 before", Milliseconds{20'000});
  fails("import sys\nsys.stdin.read()", "does it flush", Milliseconds{200});
  fails("print('{\"id\": 77}')\nimport sys\nsys.stdin.read()", "that it was not asked",
        Milliseconds{20'000});
  NoProgress progress;
  const std::vector<GenerationRequest> one(1);
  CHECK_ERROR(open_command({.argv = {"no-such-program-x"}})->generate(one, progress),
              ErrorKind::not_found, "no-such-program-x");
}

TEST_CASE("what it missed with {requests} is told for each example") {
  Program program("import sys");
  const auto results = program.generate(*open_command(program.options({"{requests}"})), {"a"});
  CHECK(results[0].error == "the command gave no answer");
}

TEST_CASE("the fingerprint has the command and its files, not its secrets") {
  Program program(answering);
  const CommandOptions options = program.options({"--api-key", "s3cret"});
  const Fingerprint before = open_command(options)->fingerprint();
  CHECK(before.at("command").find("s3cret") == std::string::npos);
  std::ofstream(program.file) << "changed";
  CHECK(open_command(options)->fingerprint() != before);
}

TEST_CASE("command lines are split as a shell splits them, and nothing is expanded") {
  CHECK(command_words(" python  p.py 'a b' \"c \\\" d\" e\\ f '' $HOME *") ==
        Strings{"python", "p.py", "a b", "c \" d", "e f", "", "$HOME", "*"});
  CHECK(command_words("C:\\x") == Strings{"C:x"});
  CHECK(command_words("'\\n'") == Strings{"\\n"});
  CHECK_ERROR(command_words("a 'b"), ErrorKind::usage, "quote is open");
  CHECK_ERROR(command_words("  "), ErrorKind::usage, "--command");
}

TEST_CASE("metrics that a program prints: JSON, or name=value") {
  CHECK(names_in("{\"acc\": 0.5, \"eval\": {\"f1\": 0.25}}") ==
        Strings{"acc=0.50", "eval/f1=0.25"});
  CHECK(names_in("{\n  \"acc\": 0.5\n}\n") == Strings{"acc=0.50"});
  CHECK(names_in("loading\nacc=0.5 f1=0.25, n=7\nacc=0.75\n") ==
        Strings{"acc=0.75", "f1=0.25", "n=7.00"});
  CHECK(names_in("log\n{\"acc\": 0.5}\n{\"acc\": 0.6}\n") == Strings{"acc=0.60"});
  CHECK(names_in("a==5 =3 b=x 1=2").empty());
  NoProgress progress;
  Program program("print('acc=0.5')");
  const EvalResult result = run_metrics_command(program.options(), progress);
  CHECK(result.tasks.at(0).metrics.at(0).value == 0.5);
  CHECK(result.fingerprint.contains("command_files_sha256"));
  Program silent("print('done')");
  CHECK_ERROR(run_metrics_command(silent.options(), progress), ErrorKind::usage, "no metric");
  Program failing("print('acc=0.5')\nraise SystemExit(2)");
  CHECK_ERROR(run_metrics_command(failing.options(), progress), ErrorKind::unavailable,
              "ended with status 2");
}
