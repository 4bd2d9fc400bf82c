#include "mlopsctl/quality/log.hpp"

#include "support/expect_error.hpp"
#include "support/measured.hpp"
#include "support/no_progress.hpp"
#include "support/temporary_folder.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <fstream>

using namespace mlopsctl;
using namespace mlopsctl::quality;
using mlopsctl::testing::default_indicators;
using mlopsctl::testing::NoProgress;
using mlopsctl::testing::TemporaryFolder;

namespace {

struct Log {
  TemporaryFolder folder;
  std::string path;
  explicit Log(const std::string& text, const std::string& name = "log.jsonl") {
    path = (folder.path() / name).string();
    std::ofstream(path, std::ios::binary) << text;
  }
  LogSummary read(const LogOptions& options = {}, const TakeBlock& take = {}) const {
    NoProgress progress;
    return read_log({path}, options, default_indicators(), progress, take);
  }
};

double total(const LogSummary& summary, const char* name) {
  return summary.totals.at(*default_indicators().find(name)).sum();
}

std::string field_of(const std::string& line) { return Log(line + "\n").read().fields.response; }

}  // namespace

TEST_CASE("the response is found where servers and gateways put it") {
  CHECK(field_of(R"({"prompt": "a", "response": "b"})") == "response");
  CHECK(field_of(R"({"input": "a", "output": "b"})") == "output");
  CHECK(field_of(R"({"completion": "b"})") == "completion");
  CHECK(field_of(R"({"text": "b"})") == "text");
  CHECK(field_of(R"({"content": "b"})") == "content");
  CHECK(field_of(R"({"generated_text": "b"})") == "generated_text");
  CHECK(field_of(R"({"object": "chat.completion", "choices": [{"message": {"content": "b"}}]})") ==
        "choices[0].message.content");
  CHECK(field_of(R"({"choices": [{"text": "b"}]})") == "choices[0].text");
  CHECK(field_of(R"({"custom_id": "1", "response": {"body": {"choices": [{"message": {"content":
        "b"}}]}}})" +
                 std::string()) == "");  // a line break inside is no JSON line
  CHECK(field_of(R"({"response": {"body": {"choices": [{"message": {"content": "b"}}]}}})") ==
        "response.body.choices[0].message.content");
  CHECK(
      field_of(
          R"({"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]})") ==
      "messages[role=assistant].content");
  CHECK(field_of(R"({"role": "assistant", "content": [{"type": "text", "text": "b"}]})") ==
        "content");
  CHECK(field_of(R"({"message": {"role": "assistant", "content": "b"}})") == "message.content");
}

TEST_CASE("prompt, id, time and finish reason are found too, and used") {
  const Log log(
      R"({"id": 7, "created": 1764000000, "request": {"messages": [{"role": "user", "content": "one two three four five six"}]}, "response": {"choices": [{"message": {"content": "one two three four five six seven"}, "finish_reason": "length"}]}})"
      "\n");
  LogBlock block;
  const LogSummary summary = log.read({}, [&](const LogBlock& one) { block = one; });
  CHECK(summary.fields.prompt == "request.messages[role=user].content");
  CHECK(summary.fields.id == "id");
  CHECK(summary.fields.time == "created");
  CHECK(summary.fields.finish_reason == "response.choices[0].finish_reason");
  CHECK(total(summary, "truncated") == 1);
  CHECK(total(summary, "echoes_prompt") == 1);
  REQUIRE(block.rows() == 1);
  CHECK(block.ids[0] == "7");
  CHECK(block.times[0] == Timestamp{1'764'000'000'000});
}

TEST_CASE("a log without a known field names its fields and the option") {
  const Log log("{\"foo\": \"a\", \"bar\": 2}\n");
  CHECK_ERROR(log.read(), ErrorKind::usage, "foo, bar");
  CHECK_ERROR(log.read(), ErrorKind::usage, "--field");
  CHECK(log.read({.fields = {.response = "foo"}}).responses == 1);
  CHECK(log.read({.fields = {.response = "bar"}}).responses == 1);  // 2 is a response
  CHECK(log.read({.fields = {.response = "baz"}}).without_response == 1);
  CHECK_ERROR(Log("[\n{\"text\": \"a\"}\n]\n").read(), ErrorKind::corrupt, "JSON lines");
}

TEST_CASE("malformed lines are counted with their numbers, the rest is kept") {
  const Log log(
      "{\"text\": \"a\"}\n\nnot json\n{\"text\": null}\n{\"text\": \"b\"}\n[1]\n{\"text\": \"c\"");
  const LogSummary summary = log.read();
  CHECK(summary.lines == 6);
  CHECK(summary.responses == 2);
  CHECK(summary.without_response == 1);
  CHECK(summary.malformed == 2);
  CHECK(summary.being_written == 1);  // a log that grows ends in the middle
  REQUIRE(summary.bad_lines.size() == 2);
  CHECK(summary.bad_lines[0].line == 3);
  CHECK(summary.bad_lines[1].line == 6);
  CHECK(summary.bad_lines[1].message.find("object") != std::string::npos);
}

TEST_CASE("an empty log and one of nothing but damage have no response") {
  CHECK(Log("").read().lines == 0);
  CHECK(Log("x\ny\n").read().malformed == 2);
}

TEST_CASE("line numbers and sums do not depend on chunks and threads") {
  std::string text;
  const std::string filler(2000, 'x');
  constexpr int lines = 6000;  // three chunks of 4 MiB
  for (int i = 1; i <= lines; ++i) {
    text += i % 1000 == 0
                ? "{damaged\n"
                : "{\"text\": \"" + filler + (i == 4321 ? " might be hate, stupid" : "") + "\"}\n";
  }
  const Log log(text);
  for (const unsigned threads : {1U, 3U}) {
    std::uint64_t rows = 0;
    std::uint64_t last = 0;
    const LogSummary summary = log.read({.threads = threads}, [&](const LogBlock& block) {
      rows += block.rows();
      for (const std::uint64_t line : block.lines) {
        CHECK(line > last);
        last = line;
      }
    });
    CHECK(summary.responses == lines - 6);
    CHECK(rows == summary.responses);
    CHECK(last == lines - 1);
    REQUIRE(summary.bad_lines.size() == 6);
    CHECK(summary.bad_lines[5].line == 6000);
    REQUIRE_FALSE(summary.worst.empty());
    CHECK(summary.worst.front().line == 4321);
    CHECK(summary.alerting == 1);
    CHECK(summary.alerts.front().flags == std::vector<std::string>{"low_score"});
    CHECK(summary.totals[*default_indicators().find("score")].min() == 1.0 - 0.2 - 0.5);
  }
}

TEST_CASE("means are as if they were rounded once") {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "{\"text\": \"possibly\"}\n";
  CHECK(Log(text).read().totals[*default_indicators().find("score")].mean() == 0.8);
}

TEST_CASE("a window leaves out what is older, newer or has no time") {
  const Log log(
      "{\"text\": \"a\", \"time\": \"2026-11-28T00:00:00Z\"}\n"
      "{\"text\": \"b\", \"time\": \"2026-11-29T12:00:00+01:00\"}\n"
      "{\"text\": \"c\", \"time\": 1795953600}\n"
      "{\"text\": \"d\"}\n");
  const LogSummary summary = log.read({.from = parse_time("2026-11-29T11:00:00Z", {}),
                                       .to = parse_time("2026-11-29T12:00:00Z", {})});
  CHECK(summary.responses == 1);
  CHECK(summary.outside == 3);
  CHECK(log.read().responses == 4);
}

TEST_CASE("the worst come first, equal texts once, one flag on request") {
  const Log log(
      "{\"text\": \"possibly\"}\n"
      "{\"text\": \"possibly\"}\n"
      "{\"text\": \"hate, stupid and kill\\n\\u001b[31m\"}\n"
      "{\"text\": \"fine\"}\n"
      "{\"text\": \"a@b.org\"}\n");
  const LogSummary summary = log.read();
  REQUIRE(summary.worst.size() == 3);
  CHECK(summary.worst[0].line == 3);
  CHECK(summary.worst[0].excerpt == "hate, stupid and kill\\n\\x1b[31m");
  CHECK(summary.worst[1].line == 1);
  CHECK(log.read({.worst = 1}).worst.size() == 1);
  const LogSummary emails = log.read({.show = "pii_email"});
  REQUIRE(emails.worst.size() == 1);
  CHECK(emails.worst[0].line == 5);
}

TEST_CASE("indicators are columns that drift compares") {
  LogBlock block;
  Log("{\"text\": \"This is the answer that you want.\"}\n{\"text\": \"{]\"}\n")
      .read({}, [&](const LogBlock& one) { block = one; });
  const drift::DataSet data = columns_of(block, default_indicators());
  CHECK(data.rows() == 2);
  const auto column = [&](const char* name) -> const drift::Column& {
    for (const auto& one : data.columns) {
      if (one.name == name) return one;
    }
    throw std::out_of_range(name);
  };
  CHECK(column("uncertainty").kind == drift::ColumnKind::boolean);
  CHECK(column("words").kind == drift::ColumnKind::integer);
  CHECK(column("score").kind == drift::ColumnKind::real);
  CHECK(column("language").kind == drift::ColumnKind::category);
  CHECK(column("language").missing() == 1);
  CHECK(column("low_score").rows() == 2);
  CHECK_THROWS(column("other_language"));  // none is expected
}
