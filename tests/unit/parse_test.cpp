#include "cli/parse.hpp"

#include "mlopsctl/commands.hpp"

#include <doctest/doctest.h>

using namespace mlopsctl;

namespace {

ParsedLine parse(const std::vector<std::string>& argv) { return parse_line(argv, registry()); }

// The error's message and hint, or "" if the line was accepted.
std::string refusal(const std::vector<std::string>& argv) {
  try {
    parse(argv);
    return "";
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::usage);
    return std::string(error.what()) + " | " + error.hint();
  }
}

using Strings = std::vector<std::string>;

}  // namespace

TEST_CASE("global options may stand anywhere") {
  for (const Strings& argv : {Strings{"--json", "run", "list"}, Strings{"run", "--json", "list"},
                              Strings{"run", "list", "--json"}}) {
    const ParsedLine line = parse(argv);
    REQUIRE(line.command != nullptr);
    CHECK(line.command->path == "run list");
    CHECK(line.globals.json);
  }
  const ParsedLine line = parse({"--project", "/tmp", "run", "list", "-q"});
  CHECK(line.globals.project == "/tmp");
  CHECK(line.globals.quiet);
}

TEST_CASE("options come before or after positionals, with = or a space") {
  const ParsedLine line =
      parse({"run", "log", "--step=3", "loss=0.5", "--param", "a=1", "acc=1", "--param=b=2"});
  CHECK(line.arguments.integer("step") == 3);
  CHECK(line.arguments.positionals() == Strings{"loss=0.5", "acc=1"});
  CHECK(line.arguments.list("param") == Strings{"a=1", "b=2"});
}

TEST_CASE("a negative number is a value, not an option") {
  CHECK(parse({"run", "log", "--step", "-5", "loss=-1"}).arguments.integer("step") == -5);
}

TEST_CASE("what follows the program belongs to the program") {
  CHECK(parse({"run", "exec", "--seed", "1", "--", "python", "--", "-q"}).arguments.positionals() ==
        Strings{"python", "--", "-q"});
  const ParsedLine line =
      parse({"run", "exec", "python", "t.py", "--lr", "0.1", "--help", "--json"});
  CHECK_FALSE(line.help);
  CHECK_FALSE(line.globals.json);
  CHECK(line.arguments.positionals() ==
        Strings{"python", "t.py", "--lr", "0.1", "--help", "--json"});
  CHECK(parse({"run", "exec", "--help"}).help);
}

TEST_CASE("mistyped words get a suggestion") {
  CHECK(refusal({"runn", "list"}) == "there is no command 'runn' | did you mean 'run'?");
  CHECK(refusal({"run", "lsit"}) == "there is no command 'run lsit' | did you mean 'run list'?");
  CHECK(refusal({"run", "artifact", "ad"}).find("did you mean 'run artifact add'?") !=
        std::string::npos);
  CHECK(refusal({"run", "list", "--sortt", "x"}).find("did you mean '--sort'?") !=
        std::string::npos);
  CHECK(refusal({"run", "plot", "x", "--x", "stpe"}).find("did you mean 'step'?") !=
        std::string::npos);
}

TEST_CASE("missing and superfluous arguments are named") {
  CHECK(refusal({"run", "exec"}).find("needs COMMAND") != std::string::npos);
  CHECK(refusal({"init", "here"}).find("unexpected argument 'here'") != std::string::npos);
  CHECK(refusal({"run", "list", "--limit"}).find("--limit needs a value") != std::string::npos);
  CHECK(refusal({"run", "list", "--limit", "x"}) == "");  // judged where it is used
}

TEST_CASE("a noun alone names no command") {
  CHECK(parse({"run"}).command == nullptr);
  CHECK(parse({"run"}).words == "run");
  CHECK(parse({}).words.empty());
  CHECK(parse({"--version"}).version);
  CHECK(parse({"run", "artifact", "--help"}).help);
}
