// A server with OpenAI's API on a loopback port, for tests: its tokens are bytes, its
// log-probabilities a formula, and it misbehaves as real servers do.
#pragma once

#include "support/http_server.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace mlopsctl::testing {

// Ids below 256 are bytes.
inline constexpr int mock_bos = 256, mock_eos = 257;
// Of `token` behind `before`; the likeliest one has mock_best.
double mock_logprob(int before, int token);
inline constexpr double mock_best = -0.125;
int mock_likeliest(int before);

struct MockBehaviour {
  std::vector<std::string> models{"mock"};
  std::uint64_t max_model_len = 64;
  // What it says to anything: each element is a chunk of its stream.
  std::vector<std::string> text{"Grüße", " aus ", "東京", " 👋", "."};
  std::chrono::milliseconds first_delay{0}, token_delay{0};

  bool tokenize = true, tokenizer_info = true;
  bool echo = true;       // false: it generates and says nothing of the prompt, as llama.cpp does
  bool logprobs = true;   // false: "logprobs": null
  bool adds_bos = false;  // to prompts of token ids, too
  bool streams = true;    // false: one JSON answer whatever is asked
  bool usage = true;      // at the end of a stream
  bool done = true;       // "data: [DONE]"
  bool finish_reason = true;
  bool comments = false;         // ": ping" between the events, CRLF, "data:" without a space
  std::size_t cut = 0;           // bytes in a piece of the stream; 0: an event
  std::string error_in_stream;   // JSON that comes behind the first chunk
  std::size_t broken_after = 0;  // chunks, then the connection breaks; 0: never
  std::string key;               // asked for; empty: none
  std::set<std::string> unknown_fields;  // 400 that names them

  // Looked at first; `attempt` counts requests to /completions and /chat/completions from 0.
  std::function<std::optional<ServedResponse>(const ServedRequest&, int attempt)> fault;
};

class MockOpenAi {
 public:
  explicit MockOpenAi(MockBehaviour behaviour = {});

  std::string url() const { return server_.url("/v1"); }
  // Requests so far whose path ends so, as JSON texts of their bodies.
  std::vector<std::string> bodies(const std::string& path) const;
  const HttpServer& server() const { return server_; }

 private:
  ServedResponse answer(const ServedRequest& request);

  MockBehaviour behaviour_;
  std::atomic<int> attempts_ = 0;
  HttpServer server_;
};

}  // namespace mlopsctl::testing
