#include "fuzz/endpoint_check.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/eval/command_target.hpp"
#include "mlopsctl/eval/latency.hpp"

#include "eval/command/command_protocol.hpp"
#include "eval/endpoint/answers.hpp"
#include "eval/endpoint/reply.hpp"
#include "fuzz/require.hpp"

#include <algorithm>
#include <string>

namespace mlopsctl::fuzz {
namespace {

// Refusals are Error{corrupt} or Error{usage}; anything else is a bug.
template <class Action>
void try_to(Action action) {
  try {
    action();
  } catch (const Error& error) {
    require(error.kind() == ErrorKind::corrupt || error.kind() == ErrorKind::usage,
            "refused as " + std::string(to_string(error.kind())));
  }
}

std::string events(std::string_view bytes, std::size_t piece) {
  std::string all;
  try_to([&] {
    SseReader reader(1000);
    const auto take = [&](const SseEvent& event) {
      require(is_valid_utf8(event.data), "an event that is no UTF-8");
      all += event.name + "|" + event.data + "\n";
    };
    for (std::size_t at = 0; at < bytes.size(); at += piece)
      reader.feed(bytes.substr(at, piece), take);
    reader.finish(take);
  });
  return all;
}

std::string reply(std::string_view bytes, std::size_t piece) {
  Reply reply;
  double time = 1;
  for (std::size_t at = 0; at < bytes.size(); at += piece)
    reply.feed(bytes.substr(at, piece), time += 1);
  reply.finish(time);
  require(reply.gaps().size() + 1 == std::max<std::size_t>(1, reply.chunks()), "gaps");
  require(reply.last() >= reply.first(), "the last before the first");
  return reply.text() + "|" + reply.finish_reason() + "|" + reply.failure();
}

void check_answers(std::string_view text) {
  try_to([&] { parse_answer(text); });
  try_to([&] {
    const EchoAnswer echo = parse_echo(text);
    require(echo.best.size() == echo.logprobs.size(), "a value without its best");
  });
  try_to([&] { parse_tokenize(text); });
  try_to([&] { parse_models(text); });
  require(error_message(text).find('\n') == std::string::npos, "a message of several lines");
}

void check_command(std::string_view text) {
  answered_id(text);
  LikelihoodResult pair;
  read_answer(text, pair);
  require(!pair.error.empty() || pair.sum <= 0, "a probability above 1");
  GenerationResult generated;
  read_answer(text, generated);
  metrics_in(text);
  try_to([&] { command_words(text); });
}

void check_latency(std::string_view text) {
  try_to([&] {
    const LatencyRun run = parse_latency(text, "x");
    const std::string written = latency_json(run);
    require(latency_json(parse_latency(written, "x")) == written, "a result changes when written");
  });
}

}  // namespace

void check_endpoint(std::string_view bytes) {
  if (bytes.size() > 4096) bytes = bytes.substr(0, 4096);
  const std::string whole = events(bytes, bytes.size() + 1);
  const std::string text = reply(bytes, bytes.size() + 1);
  for (const std::size_t piece : {1U, 13U}) {
    // An event that is too long is refused once its bytes are there, wherever the cut is.
    if (bytes.size() <= 1000) require(events(bytes, piece) == whole, "a cut changes the events");
    require(reply(bytes, piece) == text, "a cut changes a reply");
  }
  check_answers(bytes);
  check_command(bytes);
  check_latency(bytes);
}

}  // namespace mlopsctl::fuzz
