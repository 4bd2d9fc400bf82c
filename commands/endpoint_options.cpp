#include "commands/endpoint_options.hpp"

#include "mlopsctl/base/text.hpp"
#include "mlopsctl/version.hpp"

#include "commands/eval_target.hpp"

#include <fmt/format.h>

#include <limits>

namespace mlopsctl::commands {

namespace {

std::int64_t whole(const Arguments& arguments, const char* option, std::int64_t least,
                   std::int64_t most, std::int64_t fallback) {
  const std::int64_t value = arguments.integer(option).value_or(fallback);
  if (value >= least && value <= most) return value;
  throw Error(ErrorKind::usage,
              fmt::format("--{} is a whole number from {} to {}", option, least, most));
}

double positive(const Arguments& arguments, const char* option) {
  const auto value = arguments.number(option);
  if (!value) return 0;
  if (*value > 0 && *value <= 1e12) return *value;
  throw Error(ErrorKind::usage, fmt::format("--{} is a number above 0", option));
}

bool has_option(const Arguments& arguments, const char* name) {
  return arguments.options_.contains(name);
}

}  // namespace

std::vector<OptionSpec> endpoint_options() {
  return {{.name = "model",
           .value = "NAME",
           .help = "Of an endpoint: the model as the server calls it",
           .default_text = "the only one that it lists"},
          {.name = "api",
           .value = "API",
           .help = "Of an endpoint: /completions, which log-likelihoods need, or /chat/completions",
           .choices = {"completions", "chat"},
           .default_text = "completions, chat for chats"},
          {.name = "api-key-env",
           .value = "NAME",
           .help = "Environment variable with the endpoint's API key",
           .default_text = "OPENAI_API_KEY, if it is set"},
          {.name = "tokenizer",
           .value = "DIR",
           .help = "Of an endpoint: a folder with the model's tokenizer.json",
           .complete = Complete::directory,
           .default_text = "the server's /tokenize is asked"},
          {.name = "prefix-token",
           .value = "ID",
           .help = "Of an endpoint: the token before an empty context",
           .default_text = "BOS, else EOS"},
          {.name = "timeout",
           .value = "TIME",
           .help = "Of an endpoint or a command: how long to wait while nothing comes",
           .default_text = "10m"}};
}

std::vector<OptionSpec> endpoint_speed_options() {
  return {{.name = "concurrency",
           .value = "N",
           .help = "Requests to an endpoint at once",
           .default_text = "8"},
          {.name = "requests-per-second",
           .value = "N",
           .help = "Send no more to an endpoint",
           .default_text = "no limit"},
          {.name = "tokens-per-minute",
           .value = "N",
           .help = "Send and ask for no more tokens of an endpoint",
           .default_text = "no limit"},
          {.name = "retries",
           .value = "N",
           .help = "Of a request that a busy endpoint or a broken connection has failed",
           .default_text = "5"}};
}

EndpointOptions endpoint_of(const Arguments& arguments, const std::string& url) {
  EndpointOptions options{.url = url, .model = arguments.text_or("model", "")};
  if (const auto api = arguments.text("api"))
    options.api = *api == "chat" ? EndpointApi::chat : EndpointApi::completions;
  options.api_key = endpoint_api_key(arguments.text("api-key-env"));
  if (const auto folder = arguments.text("tokenizer")) options.tokenizer = local_tokens(*folder);
  if (arguments.text("prefix-token")) {
    options.prefix_token = static_cast<TokenId>(
        whole(arguments, "prefix-token", 0, std::numeric_limits<TokenId>::max(), 0));
  }
  options.max_length =
      static_cast<std::uint64_t>(whole(arguments, "max-length", 0, 1'000'000'000, 0));
  if (const auto time = arguments.text("timeout")) options.timeout = parse_duration(*time);
  if (options.timeout.count() < 1)
    throw Error(ErrorKind::usage, "--timeout is a time above 0, such as 30s");
  if (has_option(arguments, "retries")) {
    options.concurrency = static_cast<std::size_t>(whole(arguments, "concurrency", 1, 10'000, 8));
    options.requests_per_second = positive(arguments, "requests-per-second");
    options.tokens_per_minute = positive(arguments, "tokens-per-minute");
    options.retries = static_cast<int>(whole(arguments, "retries", 0, 1000, 5));
  }
  return options;
}

std::unique_ptr<Target> open_named_target(Context& context, const Arguments& arguments,
                                          const std::string& name) {
  if (!is_endpoint_url(name)) return open_target(arguments, name);
  return open_endpoint(endpoint_of(arguments, name), context.progress());
}

std::vector<OptionSpec> command_options() {
  return {{.name = "command",
           .value = "COMMAND",
           .help = "Evaluate a program instead of a model: it answers requests, see 'mlopsctl help "
                   "command-target'",
           .complete = Complete::program}};
}

std::optional<CommandOptions> command_of(const Arguments& arguments) {
  const auto text = arguments.text("command");
  if (!text) return std::nullopt;
  CommandOptions options{.argv = command_words(*text)};
  if (const auto time = arguments.text("timeout")) options.timeout = parse_duration(*time);
  return options;
}

std::vector<OptionSpec> cache_options() {
  return {
      {.name = "cache",
       .value = "WHERE",
       .help = "Keep answers and do not ask again for those that are kept: 'user' for a file in "
               "~/.cache, a file, and redis://HOST:PORT/DB to share them",
       .repeatable = true,
       .complete = Complete::file},
      {.name = "cache-limit",
       .value = "SIZE",
       .help = "Of the cache's file; the longest unused answers go first",
       .default_text = "1GiB"}};
}

AnswerCacheOptions cache_places(const std::vector<std::string>& places) {
  AnswerCacheOptions options;
  for (const std::string& place : places) {
    if (is_redis_url(place)) {
      if (options.redis) throw Error(ErrorKind::usage, "--cache names two Redis servers");
      options.redis = parse_redis_url(place);
      continue;
    }
    if (place.find("://") != std::string::npos) {
      throw Error(ErrorKind::usage, fmt::format("--cache cannot be {}", quote(place)),
                  "'user', a file, or redis://HOST:PORT/DB");
    }
    if (!options.file.empty()) throw Error(ErrorKind::usage, "--cache names two files");
    options.file = place == "user" ? user_answer_file() : std::filesystem::path(place);
  }
  return options;
}

std::unique_ptr<Target> cached(Context& context, const Arguments& arguments,
                               std::unique_ptr<Target> target,
                               std::shared_ptr<AnswerCache>& cache) {
  const auto& places = arguments.list("cache");
  if (places.empty()) return target;
  AnswerCacheOptions options = cache_places(places);
  if (const auto limit = arguments.text("cache-limit")) options.file_limit = parse_bytes(*limit);
  cache = std::make_shared<AnswerCache>(options, context.progress());
  const VersionInfo& version = version_info();
  return with_cache(std::move(target), cache,
                    fmt::format("{} {}", version.version, version.commit));
}

}  // namespace mlopsctl::commands
