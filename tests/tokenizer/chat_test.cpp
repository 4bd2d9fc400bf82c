// Chat templates beside what jinja2 3.1.6 did with them: tests/golden/chat/make.py.
#include "mlopsctl/base/error.hpp"
#include "mlopsctl/platform/files.hpp"
#include "mlopsctl/platform/temporary_folder.hpp"
#include "mlopsctl/tokenizer/tokenizer.hpp"

#include "support/locations.hpp"
#include "tokenizer/jinja/template.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using namespace mlopsctl;

namespace {

fs::path golden(const std::string& file) {
  return fs::path(testing::source_folder()) / "tests" / "golden" / "chat" / file;
}

nlohmann::json read(const std::string& file) {
  return nlohmann::json::parse(read_file(golden(file)));
}

jinja::Dict variables() {
  jinja::Dict dict;
  dict.set("bos_token", "<s>");
  dict.set("eos_token", "</s>");
  dict.set("messages", jinja::List{});
  dict.set("tools", jinja::Value());
  return dict;
}

std::string rendered(const std::string& source) {
  return jinja::Template(source, "the template").render(variables());
}

std::string problem(const std::string& source) {
  try {
    rendered(source);
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::usage);
    return error.what();
  }
  return "none";
}

constexpr const char* bare_tokenizer = R"({"model": {"type": "BPE", "vocab": {}, "merges": []}})";

class ModelFolder {
 public:
  ModelFolder() { write("tokenizer.json", bare_tokenizer); }
  void write(const std::string& name, const std::string& text) const {
    write_file_atomically(folder_.path() / name, text);
  }
  Tokenizer load() const { return Tokenizer::load(folder_.path()); }

 private:
  TemporaryFolder folder_;
};

}  // namespace

TEST_CASE("expressions, statements and white space are Jinja's") {
  for (const auto& snippet : read("snippets.json")) {
    const auto source = snippet["source"].get<std::string>();
    CAPTURE(source);
    if (snippet["text"].is_null()) {
      CHECK(problem(source) != "none");
    } else {
      CHECK(rendered(source) == snippet["text"].get<std::string>());
    }
  }
}

TEST_CASE("prompts of conversations are what transformers makes of them") {
  for (const auto& one : read("prompts.json")) {
    const ModelFolder folder;
    const auto name = one["template"].get<std::string>();
    folder.write("chat_template.jinja", read_file(golden(name)));
    folder.write("tokenizer_config.json",
                 R"({"bos_token": "<s>", "eos_token": {"content": "</s>"}})");
    const Tokenizer tokenizer = folder.load();
    std::vector<ChatMessage> messages;
    for (const auto& message : one["messages"]) {
      messages.push_back(
          {message["role"].get<std::string>(), message["content"].get<std::string>()});
    }
    CAPTURE(name);
    const std::string shown = one["messages"].dump();
    CAPTURE(shown);
    const bool add = one["add"].get<bool>();
    if (one["prompt"].is_null()) {
      CHECK_THROWS_AS(tokenizer.chat_prompt(messages, add), Error);
    } else {
      CHECK(tokenizer.chat_prompt(messages, add) == one["prompt"].get<std::string>());
    }
  }
}

TEST_CASE("a template says at which line it stops, and why") {
  CHECK(problem("{{ 'x' }}\n\n{{ 'a'|shuffle }}") ==
        "the template, line 3: the filter 'shuffle' is not supported");
  CHECK(problem("{% include 'x' %}") ==
        "the template, line 1: the statement 'include' is not supported");
  CHECK(problem("\n{{ 1 is wrong }}") == "the template, line 2: the test 'wrong' is not supported");
  CHECK(problem("{{ 'x'.zap() }}") == "the template, line 1: there is no function or method 'zap'");
  CHECK(problem("{{ raise_exception('no') }}") ==
        "the template, line 1: it refuses the conversation: no");
  CHECK(problem("{{ joiner() }}") ==
        "the template, line 1: there is no function or method 'joiner'");
}

TEST_CASE("no template takes unbounded time, memory or stack") {
  CHECK(
      problem("{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}") ==
      "the template, line 1: it takes too long");
  CHECK(problem("{{ 'x' * 1000000000 }}") == "the template, line 1: a text is too long");
  CHECK(problem("{% set n = namespace(x=[]) %}{% for i in range(1000) %}{% set n.x = [n.x] %}"
                "{% endfor %}") ==
        "the template, line 1: values are nested too deeply, or hold a namespace");
  CHECK(problem("{% set n = namespace(x=[]) %}{% for i in range(90) %}{% set n.x = [n.x, n.x] %}"
                "{% endfor %}{{ n.x }}") == "the template, line 1: a list is too long");
  CHECK(problem("{% for i in range(1000) %}{{ range(100000)|sort|length }}{% endfor %}") ==
        "the template, line 1: it takes too long");
  CHECK(problem("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}") ==
        "the template, line 1: macros call each other too deeply");
  CHECK(problem("{{ " + std::string(1000, '(')) == "the template, line 1: a tag does not end");
  CHECK(problem("{{ " + std::string(1000, '(') + std::string(1000, ')') + " }}") ==
        "the template, line 1: an expression is nested too deeply");
}

TEST_CASE("a model without a chat template says so") {
  const ModelFolder folder;
  CHECK_FALSE(folder.load().has_chat_template());
  CHECK_THROWS_WITH_AS(folder.load().chat_prompt({}, true), "the model has no chat template",
                       Error);
}

TEST_CASE("the template is in its own file or in the configuration, named or not") {
  const ModelFolder folder;
  folder.write("tokenizer_config.json", R"({"chat_template": "plain"})");
  CHECK(folder.load().chat_prompt({}, true) == "plain");
  folder.write("tokenizer_config.json",
               R"({"chat_template": [{"name": "tool_use", "template": "tools"},
                                     {"name": "default", "template": "named"}]})");
  CHECK(folder.load().chat_prompt({}, true) == "named");
  folder.write("chat_template.jinja", "own file");
  CHECK(folder.load().chat_prompt({}, true) == "own file");
}
