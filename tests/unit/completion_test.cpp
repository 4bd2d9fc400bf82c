#include "cli/completion.hpp"

#include "mlopsctl/commands.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace mlopsctl;

namespace {

using Strings = std::vector<std::string>;

Completion ask(const Strings& words) {
  const auto values = [](Complete kind, const std::string&) -> std::vector<CompletionItem> {
    if (kind == Complete::run) return {{"3fa4", "baseline"}};
    if (kind == Complete::metric) return {{"loss", ""}};
    if (kind == Complete::revision) return {{"v1", "tag"}};
    if (kind == Complete::remote) return {{"store", ""}};
    return {};
  };
  return complete(words, words.size() - 1, registry(), values);
}

bool offers(const Completion& completion, const std::string& value) {
  return std::ranges::find(completion.items, value, &CompletionItem::value) !=
         completion.items.end();
}

}  // namespace

TEST_CASE("nouns, verbs and options are completed") {
  CHECK(offers(ask({"ru"}), "run"));
  CHECK(offers(ask({""}), "experiment"));
  CHECK(offers(ask({"run", "l"}), "list"));
  CHECK(offers(ask({"run", "art"}), "artifact"));
  CHECK(offers(ask({"run", "artifact", ""}), "get"));
  CHECK(offers(ask({"run", "list", "--s"}), "--sort"));
  CHECK(offers(ask({"run", "list", "--js"}), "--json"));
  CHECK_FALSE(offers(ask({"run", "list", "--s"}), "--json"));
}

TEST_CASE("values come from the spec or from the project") {
  CHECK(offers(ask({"run", "show", ""}), "3fa4"));
  CHECK(offers(ask({"run", "compare", "3fa4", ""}), "3fa4"));
  CHECK(offers(ask({"run", "plot", "x", "--metric", ""}), "loss"));
  CHECK(offers(ask({"run", "plot", "x", "--x", "t"}), "time"));
  CHECK(offers(ask({"completion", ""}), "fish"));
  CHECK(ask({"run", "log", "x", "--from", ""}).kind == "files");
  CHECK(ask({"help", "man", ""}).kind == "directories");
  CHECK(offers(ask({"data", "diff", "HEAD", "v"}), "v1"));
  CHECK(offers(ask({"plots", "diff", "v1", "workspace", "v"}), "v1"));
  CHECK(offers(ask({"data", "push", "--remote", ""}), "store"));
  CHECK(offers(ask({"data", "remote", "remove", ""}), "store"));
  CHECK(ask({"data", "checkout", "folder/"}).kind == "files");
}

TEST_CASE("after the program of run exec its files are completed") {
  CHECK(ask({"run", "exec", "--", "py"}).kind == "programs");
  CHECK(ask({"run", "exec", "--", "python", "tr"}).kind == "files");
}

TEST_CASE("the reply has the kind first and one value a line") {
  CHECK(to_reply({.kind = "values", .items = {{"a", "first"}, {"b\n", ""}}}) ==
        "values\na\tfirst\nb\\n\t\n");
}

TEST_CASE("there is a script for every shell, and only for those") {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    CHECK(completion_script(shell).find("MLOPSCTL_COMPLETE") != std::string::npos);
  }
  CHECK_THROWS_AS(completion_script("csh"), Error);
}
