// Streams of events as servers send them, and what is made of them.
#include "eval/endpoint/sse.hpp"

#include "eval/endpoint/reply.hpp"
#include "support/expect_error.hpp"

#include <doctest/doctest.h>

using namespace mlopsctl;
using Strings = std::vector<std::string>;

namespace {

Strings events(const std::string& bytes, std::size_t piece, bool ended = true) {
  SseReader reader;
  Strings found;
  const auto take = [&](const SseEvent& event) {
    found.push_back(event.name.empty() ? event.data : event.name + "|" + event.data);
  };
  for (std::size_t at = 0; at < bytes.size(); at += piece)
    reader.feed(std::string_view(bytes).substr(at, piece), take);
  if (ended) reader.finish(take);
  return found;
}

// However the bytes are cut.
Strings events(const std::string& bytes) {
  const Strings whole = events(bytes, bytes.size() + 1);
  for (const std::size_t piece : {1U, 2U, 3U, 7U}) CHECK(events(bytes, piece) == whole);
  return whole;
}

Reply reply_to(const std::string& bytes) {
  Reply reply;
  reply.feed(bytes, 1);
  reply.finish(2);
  return reply;
}

std::string chunk(const std::string& text) {
  return R"(data: {"choices":[{"index":0,"text":")" + text + "\"}]}\n\n";
}

}  // namespace

TEST_CASE("events end at a blank line, whatever ends the lines") {
  CHECK(events("data: a\n\ndata: b\n\n") == Strings{"a", "b"});
  CHECK(events("data: a\r\n\r\ndata: b\r\n\r\n") == Strings{"a", "b"});
  CHECK(events("data: a\r\rdata: b\r\r") == Strings{"a", "b"});
  CHECK(events("data: a\n\n\n\ndata: b\n\n") == Strings{"a", "b"});
}

TEST_CASE("one space behind the colon is no data, comments and other fields are none either") {
  CHECK(events(": ping\n\ndata:a\nid: 7\nretry: 5\nnonsense\n\ndata:  b\n\ndata\n\n") ==
        Strings{"a", " b", ""});
}

TEST_CASE("data lines are joined, a name belongs to one event") {
  CHECK(events("data: a\ndata:\ndata: b\n\n") == Strings{"a\n\nb"});
  CHECK(events("event: error\ndata: x\n\ndata: y\n\n") == Strings{"error|x", "y"});
}

TEST_CASE("characters survive cuts inside of them, bytes that are none are replaced") {
  CHECK(events("\xEF\xBB\xBF"
               "data: Grüße 東京 👋\n\n") == Strings{"Grüße 東京 👋"});
  CHECK(events("data: a\xFF b\n\n") == Strings{"a\xEF\xBF\xBD b"});
}

TEST_CASE("a last event without its blank line counts when the body is over") {
  CHECK(events("data: [DONE]") == Strings{"[DONE]"});
  CHECK(events("data: a\n\ndata: b", 100, false) == Strings{"a"});
}

TEST_CASE("an event without an end is refused before it fills the memory") {
  SseReader reader(100);
  const auto none = [](const SseEvent&) {};
  reader.feed("data: " + std::string(80, 'x'), none);
  CHECK_ERROR(reader.feed(std::string(80, 'x'), none), ErrorKind::corrupt, "more than 100 B");
}

TEST_CASE("a reply is the texts of the first choice, with the usage of the last event") {
  const Reply reply =
      reply_to(R"(data: {"choices":[{"index":1,"text":"other"},{"index":0,"text":"Grü"}]})"
               "\n\n" +
               chunk("ße") +
               R"(data: {"choices":[{"index":0,"text":"","finish_reason":"length"}]})"
               "\n\n"
               R"(data: {"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":3}})"
               "\n\ndata: [DONE]\n\n" +
               chunk("behind the end"));
  CHECK(reply.failure().empty());
  CHECK(reply.text() == "Grüße");
  CHECK(reply.finish_reason() == "length");
  CHECK(reply.chunks() == 2);
  CHECK(reply.usage().prompt == 5);
  CHECK(reply.usage().completion == 3);
}

TEST_CASE("chats: a role alone is no text, content may be null or a list, thinking has its time") {
  Reply reply;
  const auto feed = [&](const std::string& delta, double time) {
    reply.feed(R"(data: {"choices":[{"index":0,"delta":)" + delta + "}]}\n\n", time);
  };
  feed(R"({"role":"assistant","content":null})", 1);
  feed(R"({"content":""})", 2);
  feed(R"({"reasoning_content":"hm"})", 3);
  feed(R"({"content":"a"})", 5);
  feed(R"({"content":[{"type":"text","text":"b"}]})", 9);
  reply.feed("data: [DONE]\n\n", 10);
  reply.finish(11);
  CHECK(reply.failure().empty());
  CHECK(reply.text() == "ab");
  CHECK(reply.first() == 3);
  CHECK(reply.last() == 9);
  CHECK(reply.gaps() == std::vector<double>{2, 4});
}

TEST_CASE("a stream that breaks off is a failure; a finish reason makes up for a missing [DONE]") {
  CHECK(reply_to(chunk("a")).failure().find("before [DONE]") != std::string::npos);
  CHECK(reply_to(chunk("a")).transient());
  CHECK(reply_to("").transient());
  const Reply complete =
      reply_to(R"(data: {"choices":[{"index":0,"text":"a","finish_reason":"stop"}]})"
               "\n\n");
  CHECK(complete.failure().empty());
  CHECK(complete.text() == "a");
}

TEST_CASE("an error in the middle of a stream of status 200 is the reply's failure") {
  const Reply busy =
      reply_to(chunk("a") + "data: {\"error\":{\"message\":\"overloaded\",\"code\":503}}\n\n");
  CHECK(busy.failure() == "the server broke off: overloaded");
  CHECK(busy.transient());
  const Reply wrong = reply_to("data: {\"object\":\"error\",\"message\":\"no\",\"code\":400}\n\n");
  CHECK(wrong.failure() == "the server broke off: no");
  CHECK_FALSE(wrong.transient());
  CHECK(reply_to("event: error\ndata: {\"choices\":[],\"message\":\"x\"}\n\n").failure() ==
        "the server broke off: x");
  CHECK(reply_to("data: {nonsense\n\n").failure().find("no JSON object") != std::string::npos);
}

TEST_CASE("a server that does not stream is understood, too") {
  const Reply reply =
      reply_to(R"( {"choices":[{"index":0,"message":{"content":"Hi"},"finish_reason":"stop"}]})");
  CHECK(reply.failure().empty());
  CHECK(reply.text() == "Hi");
  CHECK(reply_to(R"({"choices":[]})").failure() == "the server's answer has no choice");
  CHECK(reply_to(R"({"detail":"x"})").failure().find("no choices") != std::string::npos);
}
