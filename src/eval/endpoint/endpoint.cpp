#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"

#include "eval/endpoint/endpoint_target.hpp"
#include "eval/endpoint/server_tokens.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace mlopsctl {

namespace {

constexpr std::size_t usual_max_length = 2047;  // what lm-evaluation-harness takes
constexpr std::size_t bytes_of_token = 4;       // for limits: about what English has

std::string api_name(EndpointApi api) {
  switch (api) {
    case EndpointApi::chat:
      return "chat";
    case EndpointApi::completions:
      return "completions";
    case EndpointApi::automatic:
      break;
  }
  return "auto";
}

std::uint64_t estimate(const GenerationRequest& request) {
  std::size_t bytes = request.prompt.size();
  for (const ChatMessage& message : request.messages) bytes += message.content.size();
  return bytes / bytes_of_token + request.max_tokens;
}

bool goes_in_clear(const std::string& base) {
  if (!to_lower(base.substr(0, 7)).starts_with("http://")) return false;
  const std::string host = base.substr(7);
  return !host.starts_with("127.") && !host.starts_with("localhost") && !host.starts_with("[::1]");
}

}  // namespace

ModelEndpoint::ModelEndpoint(EndpointOptions options, Progress& progress)
    : options_(std::move(options)),
      address_(endpoint_address(options_.url)),
      queue_(options_, progress) {
  if (options_.api == EndpointApi::automatic) options_.api = address_.api;
  if (!options_.api_key.empty() && goes_in_clear(address_.base))
    progress.warning(fmt::format("the API key is sent to {} without TLS", quote(address_.base)));
  find_model(progress);
}

void ModelEndpoint::find_model(Progress& progress) {
  std::vector<ServedModel> models;
  EndpointCall call{.method = "GET", .url = address_.base + "/models"};
  if (!options_.model.empty()) call.accepted = {400, 404, 405, 501};
  call.done = [&](const HttpResponse* response, const std::string& error) {
    if (!error.empty())
      throw Error(ErrorKind::unavailable, fmt::format("{}/models: {}", address_.base, error));
    if (response->ok()) models = parse_models(response->body);
  };
  queue_.submit(std::move(call));
  queue_.finish();
  std::vector<std::string> names;
  for (const ServedModel& model : models) names.push_back(model.id);
  if (options_.model.empty()) {
    if (models.size() == 1) {
      model_ = models.front();
      return;
    }
    throw Error(ErrorKind::usage,
                models.empty()
                    ? fmt::format("{} lists no model", quote(address_.base))
                    : fmt::format("{} has {} models", quote(address_.base), names.size()),
                names.empty() ? "name it with --model"
                              : "choose one with --model: " + shortened(join(names, ", "), 300));
  }
  const auto found = std::ranges::find(models, options_.model, &ServedModel::id);
  if (found != models.end()) {
    model_ = *found;
    return;
  }
  model_.id = options_.model;
  if (names.empty()) return;
  progress.warning(fmt::format("the server does not list a model {}, but: {}",
                               quote(options_.model), shortened(join(names, ", "), 300)));
}

Fingerprint ModelEndpoint::fingerprint() const {
  Fingerprint print{{"endpoint", address_.base},
                    {"endpoint_model", model_.id},
                    {"endpoint_api", api_name(options_.api)}};
  if (!model_.root.empty() && model_.root != model_.id) print["endpoint_model_root"] = model_.root;
  if (options_.tokenizer) print["tokenizer_sha256"] = options_.tokenizer->fingerprint();
  if (options_.prefix_token) print["prefix_token"] = std::to_string(*options_.prefix_token);
  if (options_.max_length > 0) print["max_length"] = std::to_string(options_.max_length);
  return print;
}

TokenSource* ModelEndpoint::tokens_if_any() {
  if (!std::exchange(looked_for_tokens_, true)) {
    tokens_ =
        options_.tokenizer ? options_.tokenizer : server_tokens(queue_, address_.root, model_.id);
  }
  return tokens_.get();
}

TokenSource& ModelEndpoint::tokens() {
  if (TokenSource* source = tokens_if_any()) return *source;
  throw Error(ErrorKind::usage,
              fmt::format("{} has no /tokenize, and log-likelihoods need the model's tokens",
                          quote(address_.root)),
              "name a folder with the model's tokenizer.json: --tokenizer DIR");
}

std::size_t ModelEndpoint::most_tokens() {
  if (options_.max_length > 0) return std::max<std::uint64_t>(2, options_.max_length);
  std::uint64_t longest = tokens().max_length();
  if (longest == 0) longest = model_.max_length;
  return longest > 2 ? longest - 1 : usual_max_length;  // room for the one that is generated
}

EndpointApi ModelEndpoint::api_for(const GenerationRequest& request) const {
  if (options_.api != EndpointApi::automatic) return options_.api;
  return request.messages.empty() ? EndpointApi::completions : EndpointApi::chat;
}

EndpointCall ModelEndpoint::generation_call(const GenerationRequest& request,
                                            const std::shared_ptr<Reply>& reply,
                                            std::vector<TokenId> tokens, bool to_the_end) {
  const bool chat = api_for(request) == EndpointApi::chat;
  EndpointCall call{.url = address_.base + (chat ? "/chat/completions" : "/completions"),
                    .tokens = estimate(request)};
  call.body = [this, chat, request, to_the_end,
               tokens = std::move(tokens)](const RefusedFields& refused) {
    const GenerationBody body{.request = request, .tokens = tokens, .to_the_end = to_the_end};
    return chat ? chat_body(model(), body, refused) : completion_body(model(), body, refused);
  };
  call.sent = [reply] { *reply = Reply(); };
  call.sink = [this, reply](std::string_view bytes) { reply->feed(bytes, queue_.now()); };
  call.check = [this, reply](const HttpResponse&) -> std::optional<CallFault> {
    reply->finish(queue_.now());
    if (reply->failure().empty()) return std::nullopt;
    return CallFault{reply->failure(), reply->transient()};
  };
  return call;
}

std::string cut_at_stops(std::string text, const std::vector<std::string>& stops) {
  std::size_t end = text.size();
  for (const std::string& stop : stops)
    if (!stop.empty()) end = std::min(end, text.find(stop));
  text.resize(end);
  return text;
}

}  // namespace mlopsctl
