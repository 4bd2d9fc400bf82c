#include "eval/endpoint/server_tokens.hpp"

#include "mlopsctl/base/error.hpp"

#include "eval/endpoint/answers.hpp"
#include "eval/endpoint/request_body.hpp"

#include <unordered_map>

namespace mlopsctl {

namespace {

// An answer to one call, waited for; nothing if the server does not have the address.
std::optional<std::string> ask(EndpointQueue& queue, EndpointCall call, std::string& error) {
  std::optional<std::string> body;
  call.accepted.insert({400, 404, 405, 422, 501});
  call.done = [&](const HttpResponse* response, const std::string& why) {
    error = why;
    if (why.empty() && response->ok()) body = response->body;
  };
  queue.submit(std::move(call));
  queue.finish();
  return body;
}

class ServerTokens final : public TokenSource {
 public:
  ServerTokens(EndpointQueue& queue, std::string root, std::string model)
      : queue_(queue), root_(std::move(root)), model_(std::move(model)) {}

  // Whether the server has /tokenize; what it answers tells the longest sequence, too.
  bool probe() {
    std::string error;
    const auto body = ask(queue_, call("a", false), error);
    if (!body) return false;
    try {
      max_length_ = parse_tokenize(*body).max_length;
    } catch (const Error&) {
      return false;  // something else is at that address
    }
    return true;
  }

  std::vector<std::vector<TokenId>> encode(const std::vector<std::string>& texts) override {
    std::vector<std::vector<TokenId>> tokens(texts.size());
    for (std::size_t i = 0; i < texts.size(); ++i) {
      if (texts[i].empty()) continue;
      if (const auto known = known_.find(texts[i]); known != known_.end()) {
        tokens[i] = known->second;
        continue;
      }
      EndpointCall one = call(texts[i], false);
      one.done = [&tokens, i](const HttpResponse* response, const std::string& why) {
        if (!why.empty()) throw Error(ErrorKind::unavailable, "/tokenize: " + why);
        tokens[i] = parse_tokenize(response->body).tokens;
      };
      queue_.submit(std::move(one));
    }
    queue_.finish();
    if (known_.size() > most_known) known_.clear();
    for (std::size_t i = 0; i < texts.size(); ++i)
      if (texts[i].size() <= longest_known) known_.emplace(texts[i], tokens[i]);
    return tokens;
  }

  std::optional<TokenId> prefix() override {
    if (asked_prefix_) return prefix_;
    asked_prefix_ = true;
    std::string error;
    // An empty text with specials is BOS, where there is one.
    if (const auto body = ask(queue_, call("", true), error)) {
      const auto tokens = parse_tokenize(*body).tokens;
      if (!tokens.empty()) return prefix_ = tokens.front();
    }
    const auto info = ask(queue_, {.method = "GET", .url = root_ + "/tokenizer_info"}, error);
    if (!info) return prefix_;
    for (const char* key : {"bos_token", "eos_token"}) {
      const auto token = text_in(*info, key);
      if (!token) continue;
      const auto ids = encode({*token}).front();
      if (ids.size() == 1) return prefix_ = ids.front();
    }
    return prefix_;
  }

  std::uint64_t max_length() override { return max_length_; }

  std::string chat_prompt(std::span<const ChatMessage>) const override {
    throw Error(ErrorKind::usage, "a chat cannot be sent to /completions: its template is not here",
                "use the chat API (--api chat), or name the model's tokenizer with --tokenizer");
  }

 private:
  static constexpr std::size_t most_known = 100'000, longest_known = 4096;

  EndpointCall call(const std::string& text, bool special) const {
    return {.url = root_ + "/tokenize",
            .body = [body = tokenize_body(model_, text, special)](const RefusedFields&) {
              return body;
            }};
  }

  EndpointQueue& queue_;
  std::string root_, model_;
  std::uint64_t max_length_ = 0;
  bool asked_prefix_ = false;
  std::optional<TokenId> prefix_;
  std::unordered_map<std::string, std::vector<TokenId>> known_;
};

}  // namespace

std::shared_ptr<TokenSource> server_tokens(EndpointQueue& queue, const std::string& root,
                                           const std::string& model) {
  auto tokens = std::make_shared<ServerTokens>(queue, root, model);
  if (!tokens->probe()) return nullptr;
  return tokens;
}

}  // namespace mlopsctl
