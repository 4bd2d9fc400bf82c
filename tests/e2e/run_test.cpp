// start, log, finish, show, tag, note, delete, restore, gc, export, artifacts.
#include "support/sandbox.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <filesystem>

using mlopsctl::testing::Outcome;
using mlopsctl::testing::Sandbox;
using nlohmann::json;
namespace fs = std::filesystem;
using Strings = std::vector<std::string>;

namespace {

json shown(const Sandbox& box, const std::string& run) {
  return json::parse(box.output_of({"run", "show", run, "--json"}));
}

}  // namespace

TEST_CASE("a run is started, logged to, finished and shown") {
  const Sandbox box;
  const std::string id =
      box.output_of({"run", "start", "--name", "first", "--param", "lr=0.1", "--tag", "a=b"});
  CHECK(id.size() == 32);
  CHECK(shown(box, id)["status"] == "RUNNING");
  CHECK(box.run({"run", "log", id, "--step", "3", "loss=0.5", "acc=nan", "--param", "epochs=2"})
            .code == 0);
  CHECK(box.run({"run", "finish", id}).code == 0);
  const json run = shown(box, id);
  CHECK(run["status"] == "FINISHED");
  CHECK(run["name"] == "first");
  CHECK(run["params"] == json{{"epochs", "2"}, {"lr", "0.1"}});
  CHECK(run["tags"]["a"] == "b");
  CHECK(run["metrics"][0]["latest"] == "NaN");
  CHECK(run["metrics"][1]["step"] == 3);
  CHECK(box.run({"run", "finish", id, "--status", "failed"}).code == 1);  // a run ends once
  CHECK(box.run({"run", "finish", id}).code == 0);                        // the same again is fine
}

TEST_CASE("MLOPSCTL_RUN_ID names the run where none is given") {
  Sandbox box;
  const std::string id = box.output_of({"run", "start"});
  const Outcome without = box.run({"run", "log", "loss=1"});
  CHECK(without.code == 2);
  CHECK(without.err.find("MLOPSCTL_RUN_ID") != std::string::npos);
  box.set_environment("MLOPSCTL_RUN_ID", id);
  CHECK(box.run({"run", "log", "loss=1"}).code == 0);
  CHECK(box.run({"run", "finish", "--exit-code", "3"}).code == 0);
  CHECK(shown(box, id)["status"] == "FAILED");
  CHECK(shown(box, id)["exit_code"] == 3);
}

TEST_CASE("runs are named by prefix, name and @last; what is ambiguous is listed") {
  const Sandbox box;
  const std::string first = box.output_of({"run", "start", "--name", "one"});
  const std::string second = box.output_of({"run", "start", "--name", "two"});
  CHECK(shown(box, first.substr(0, 8))["name"] == "one");
  CHECK(shown(box, "two")["run_id"] == second);
  CHECK(shown(box, "@last")["run_id"] == second);
  CHECK(shown(box, "@last~1")["run_id"] == first);
  CHECK(box.run({"run", "show", "@last~2"}).code == 1);
  CHECK(box.run({"run", "show", "thre"}).code == 1);
  box.output_of({"run", "start", "--name", "two"});
  const Outcome ambiguous = box.run({"run", "show", "two"});
  CHECK(ambiguous.code == 2);
  CHECK((ambiguous.out + ambiguous.err).find(second.substr(0, 6)) != std::string::npos);
}

TEST_CASE("a parameter cannot change, and the message says which one") {
  const Sandbox box;
  const std::string id = box.output_of({"run", "start", "--param", "lr=0.1"});
  CHECK(box.run({"run", "log", id, "--param", "lr=0.1"}).code == 0);
  const Outcome outcome = box.run({"run", "log", id, "--param", "lr=0.2", "loss=1"});
  CHECK(outcome.code == 1);
  CHECK(outcome.err.find("lr") != std::string::npos);
  CHECK(shown(box, id)["metrics"].empty());  // all of a call or nothing
}

TEST_CASE("bad input is refused before anything is stored") {
  const Sandbox box;
  const std::string id = box.output_of({"run", "start"});
  for (const Strings& arguments : {Strings{"loss"},
                                   {"loss=abc"},
                                   {"=1"},
                                   {"--step", "x", "loss=1"},
                                   {"--time", "soon", "loss=1"},
                                   {"bad\nname=1"},
                                   {"bad\xff=1"},
                                   {std::string(300, 'k') + "=1"},
                                   {}}) {
    Strings argv{"run", "log", id};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    CAPTURE(arguments);
    CHECK(box.run(argv).code == 2);
  }
  CHECK(shown(box, id)["metrics"].empty());
}

TEST_CASE("a stream of JSON lines is stored and bad lines are reported with their numbers") {
  const Sandbox box;
  const std::string id = box.output_of({"run", "start"});
  const Outcome outcome = box.run({"run", "log", id, "--from", "-", "--json"},
                                  "{\"step\":1,\"loss\":0.5}\n"
                                  "not json\n"
                                  "{\"step\":2,\"loss\":NaN,\"eval\":{\"acc\":true}}\n"
                                  "{\"params\":{\"lr\":0.1},\"tags\":{\"x\":\"y\"}}\n"
                                  "{\"loss\":7}");
  CHECK(outcome.code == 5);
  CHECK(outcome.err.find("line 2") != std::string::npos);
  const json totals = json::parse(outcome.out);
  CHECK(totals["lines"] == 5);
  CHECK(totals["bad_lines"] == 1);
  CHECK(totals["points"] == 4);
  const json run = shown(box, id);
  CHECK(run["metrics"][0]["key"] == "eval/acc");
  CHECK(run["metrics"][1]["points"] == 3);
  CHECK(run["metrics"][1]["step"] == 3);  // a line without a step gets the next one
  CHECK(run["params"]["lr"] == "0.1");
}

TEST_CASE("a stream that is sent again adds nothing") {
  const Sandbox box;
  const std::string id = box.output_of({"run", "start"});
  const std::string lines =
      "{\"step\":1,\"loss\":0.5,\"time\":1763880000000}\n{\"step\":2,\"loss\":0.4,\"time\":"
      "1763880000001}\n";
  CHECK(box.run({"run", "log", id, "--from", "-"}, lines).code == 0);
  CHECK(box.run({"run", "log", id, "--from", "-"}, lines).code == 0);
  CHECK(shown(box, id)["metrics"][0]["points"] == 2);
}

TEST_CASE("--ack tells what is durable, and the last line is the total") {
  const Sandbox box;
  const std::string id = box.output_of({"run", "start"});
  box.write("m.jsonl", "{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n");
  const std::string out = box.output_of({"run", "log", id, "--from", "m.jsonl", "--ack"});
  CHECK(out.ends_with("{\"stored_lines\":3}"));
  CHECK(box.run({"run", "log", id, "--from", "absent"}).code == 1);
}

TEST_CASE("tags and notes are set, read and removed") {
  const Sandbox box;
  const std::string id = box.output_of({"run", "start"});
  CHECK(box.run({"run", "tag", id, "a=1", "b=2"}).code == 0);
  CHECK(box.run({"run", "tag", id, "--remove", "a"}).code == 0);
  CHECK_FALSE(shown(box, id)["tags"].contains("a"));
  CHECK(box.run({"run", "tag", id, "--remove", "a"}).code == 1);
  CHECK(box.run({"run", "tag", id}).code == 2);
  CHECK(box.run({"run", "note", id, "diverged"}).code == 0);
  CHECK(box.output_of({"run", "note", id}) == "diverged");
  CHECK(box.run({"run", "note", id, "-"}, "from stdin\n").code == 0);
  CHECK(box.output_of({"run", "note", id}) == "from stdin");
  CHECK(box.run({"run", "note", "absent", "x"}).code == 1);
}

TEST_CASE("deleting asks, can be undone, and gc needs --yes where nobody can be asked") {
  const Sandbox box;
  const std::string id = box.output_of({"run", "start", "--name", "doomed"});
  CHECK(box.run({"run", "delete", id}).code == 2);
  CHECK(box.run({"run", "delete", id, "--dry-run"}).code == 0);
  CHECK(box.output_of({"run", "list"}).find(id) != std::string::npos);
  CHECK(box.run_on_terminal({"run", "delete", id}, 100, "n\n").code == 0);
  CHECK(box.output_of({"run", "list"}).find(id) != std::string::npos);
  CHECK(box.run_on_terminal({"run", "delete", id}, 100, "y\n").code == 0);
  CHECK(box.output_of({"run", "list"}).empty());
  CHECK(box.output_of({"run", "list", "--deleted"}).find(id) != std::string::npos);
  CHECK(box.run({"run", "log", id, "loss=1"}).code == 1);
  CHECK(box.run({"run", "restore", id}).code == 0);
  CHECK(box.run({"run", "log", id, "loss=1"}).code == 0);

  CHECK(box.run({"run", "delete", id, "--yes"}).code == 0);
  CHECK(box.run({"run", "gc"}).code == 0);  // nothing is old enough
  CHECK(box.run({"run", "gc", "--older-than", "0s"}).code == 2);
  CHECK(box.run({"run", "gc", "--older-than", "0s", "--dry-run"}).code == 0);
  CHECK(box.run({"run", "gc", "--older-than", "0s", "--yes"}).code == 0);
  CHECK(box.run({"run", "restore", id}).code == 1);
}

TEST_CASE("artifacts are copied in, listed with digests, and copied out") {
  const Sandbox box;
  const std::string id = box.output_of({"run", "start"});
  box.write("model.bin", "weights");
  box.write("out/a.txt", "a");
  box.write("out/deep/b.txt", "b");
  CHECK(box.run({"run", "artifact", "add", id, "model.bin", "out"}).code == 0);
  const json list = json::parse(box.output_of({"run", "artifact", "list", id, "--json"}));
  REQUIRE(list["artifacts"].size() == 3);
  CHECK(list["artifacts"][0]["path"] == "model.bin");
  CHECK(list["artifacts"][0]["size"] == 7);
  CHECK(list["artifacts"][0]["sha256"] ==
        "9a129038d9a00aed0cf6a7ea059ca50a813449061ab87848cf1a13eafdf33b2c");
  CHECK(box.output_of({"run", "artifact", "get", id, "model.bin", "-o", "-"}) == "weights");
  CHECK(box.run({"run", "artifact", "get", id, "out", "-o", "copy"}).code == 0);
  CHECK(box.read("copy/deep/b.txt") == "b");
  CHECK(
      box.run({"run", "artifact", "get", id, "modle.bin"}).err.find("did you mean 'model.bin'?") !=
      std::string::npos);
  CHECK(box.run({"run", "artifact", "add", id, "absent"}).code == 1);
  CHECK(box.run({"run", "artifact", "add", id, "model.bin", "--path", "../../x"}).code == 2);
  box.write(".mlopsctl/artifacts/0/" + id + "/artifacts/model.bin", "changed");
  CHECK(box.run({"run", "artifact", "get", id, "model.bin", "-o", "m2"}).code == 1);
}

TEST_CASE("runs are exported as JSON, JSON lines and CSV") {
  const Sandbox box;
  const std::string id = box.output_of({"run", "start", "--name", "a,\"b\"", "--param", "p=1"});
  box.run({"run", "log", id, "--from", "-"},
          "{\"step\":1,\"loss\":Infinity}\n{\"step\":2,\"loss\":0.25}\n");
  const json document = json::parse(box.output_of({"run", "export", id}));
  CHECK(document["schema"] == "mlopsctl.run.export/1");
  CHECK(document["runs"][0]["metrics"].size() == 2);
  CHECK(document["runs"][0]["metrics"][0]["value"] == "Infinity");
  const std::string lines = box.output_of({"run", "export", id, "--format", "jsonl"});
  CHECK(json::parse(lines.substr(0, lines.find('\n')))["type"] == "run");
  const std::string csv = box.output_of({"run", "export", "--all", "--format", "csv"});
  CHECK(csv.find("\"a,\"\"b\"\"\"") != std::string::npos);
  CHECK(csv.find("params.p,metrics.loss") != std::string::npos);
  CHECK(box.output_of({"run", "export", id, "--format", "csv", "--points"}).find("loss,2,") !=
        std::string::npos);
  CHECK(box.run({"run", "export", id, "-o", "runs.json"}).code == 0);
  CHECK(json::parse(box.read("runs.json"))["runs"].size() == 1);
  CHECK(box.run({"run", "export", id, "--points"}).code == 2);
  CHECK(box.run({"run", "export", id, "--filter", "x = '1'"}).code == 2);
  CHECK(box.run({"run", "export", "absent"}).code == 1);
}

TEST_CASE("--dry-run changes nothing anywhere") {
  const Sandbox box;
  const std::string id = box.output_of({"run", "start"});
  const json before = json::parse(box.output_of({"run", "export", "--all"}));
  box.write("f", "x");
  for (const Strings& arguments : {Strings{"run", "start"},
                                   {"run", "log", id, "loss=1"},
                                   {"run", "finish", id},
                                   {"run", "tag", id, "a=b"},
                                   {"run", "note", id, "text"},
                                   {"run", "artifact", "add", id, "f"},
                                   {"run", "delete", id},
                                   {"run", "exec", "--", "true"},
                                   {"run", "reap"},
                                   {"experiment", "create", "e"},
                                   {"experiment", "delete", "Default"},
                                   {"experiment", "rename", "Default", "x"}}) {
    Strings argv = arguments;
    argv.insert(argv.begin(), "--dry-run");
    CAPTURE(arguments);
    CHECK(box.run(argv).code == 0);
  }
  CHECK(json::parse(box.output_of({"run", "export", "--all"})) == before);
  CHECK(box.output_of({"experiment", "list"}).find("Default") != std::string::npos);
}
