// Texts from an endpoint that behaves, and from one that does not.
#include "mlopsctl/eval/endpoint.hpp"

#include "support/expect_error.hpp"
#include "support/mock_openai.hpp"
#include "support/no_progress.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <cstdlib>

using namespace mlopsctl;
using mlopsctl::testing::MockBehaviour;
using mlopsctl::testing::MockOpenAi;
using mlopsctl::testing::NoProgress;
using mlopsctl::testing::ServedRequest;
using mlopsctl::testing::ServedResponse;
using nlohmann::json;

namespace {

const std::string said = "Grüße aus 東京 👋.";

EndpointOptions options_for(const std::string& url) {
  return {.url = url,
          .timeout = Milliseconds{5'000},
          .first_retry = Milliseconds{1},
          .longest_retry = Milliseconds{2}};
}

std::vector<GenerationResult> generate(const EndpointOptions& options,
                                       std::vector<GenerationRequest> requests) {
  NoProgress progress;
  return open_endpoint(options, progress)->generate(requests, progress);
}

GenerationResult generate_one(const MockOpenAi& server,
                              GenerationRequest request = {.prompt = "Hi"},
                              EndpointApi api = EndpointApi::automatic) {
  EndpointOptions options = options_for(server.url());
  options.api = api;
  return generate(options, {std::move(request)}).at(0);
}

// Answers the first `times` attempts so, then as it should.
MockBehaviour failing(int times, ServedResponse response) {
  MockBehaviour behaviour;
  behaviour.fault = [=](const ServedRequest&, int attempt) {
    return attempt < times ? std::optional(response) : std::nullopt;
  };
  return behaviour;
}

}  // namespace

TEST_CASE("a text comes complete, however its stream is cut and laid out") {
  for (const std::size_t cut : {0U, 1U, 3U}) {
    for (const bool odd : {false, true}) {
      const MockOpenAi server({.comments = odd, .cut = cut});
      const GenerationResult result = generate_one(server);
      CHECK(result.error.empty());
      CHECK(result.text == said);
      CHECK(result.finish_reason == "stop");
      CHECK(result.prompt_tokens == 7);
      CHECK(result.completion_tokens == 5);
    }
  }
}

TEST_CASE("what is asked for arrives at the server") {
  const MockOpenAi server;
  generate_one(server, {.prompt = "Grüße \xFF",
                        .max_tokens = 9,
                        .temperature = 0.5,
                        .top_p = 0.9,
                        .seed = 7,
                        .stop = {"", "\n\n", "b", "c", "d", "e"}});
  const json body = json::parse(server.bodies("/v1/completions").at(0));
  CHECK(body["model"] == "mock");
  CHECK(body["prompt"] == "Grüße \xEF\xBF\xBD");
  CHECK(body["max_tokens"] == 9);
  CHECK(body["temperature"] == 0.5);
  CHECK(body["top_p"] == 0.9);
  CHECK(body["seed"] == 7);
  CHECK(body["stop"] == json{"\n\n", "b", "c", "d"});  // OpenAI takes four
  CHECK(body["stream"] == true);
}

TEST_CASE("chats go to the chat API, and prompts as one message if it was chosen") {
  const MockOpenAi server;
  GenerationRequest chat{.messages = {{"system", "Be brief."}, {"user", "Hi"}}};
  CHECK(generate_one(server, chat).text == said);
  CHECK(generate_one(server, {.prompt = "Hi"}, EndpointApi::chat).text == said);
  const auto bodies = server.bodies("/v1/chat/completions");
  REQUIRE(bodies.size() == 2);
  CHECK(json::parse(bodies[0])["messages"][0]["role"] == "system");
  CHECK(json::parse(bodies[1])["messages"] == json{{{"role", "user"}, {"content", "Hi"}}});
  EndpointOptions by_url = options_for(server.url() + "/chat/completions/");
  CHECK(generate(by_url, {{.prompt = "Hi"}})[0].text == said);
  CHECK(server.bodies("/v1/chat/completions").size() == 3);
}

TEST_CASE("a text ends before the earliest stop string, also one that spans chunks") {
  const MockOpenAi server;
  const auto text = [&](std::vector<std::string> stop) {
    return generate_one(server, {.prompt = "Hi", .stop = std::move(stop)}).text;
  };
  CHECK(text({"京", "s 東"}) == "Grüße au");
  CHECK(text({""}) == said);
  CHECK(text({"nowhere"}) == said);
}

TEST_CASE("servers that do not stream, tell no usage or no [DONE] give their texts as well") {
  CHECK(generate_one(MockOpenAi({.streams = false})).text == said);
  CHECK(generate_one(MockOpenAi({.done = false})).text == said);
  const GenerationResult result = generate_one(MockOpenAi({.usage = false}));
  CHECK(result.text == said);
  CHECK(result.completion_tokens == 5);  // chunks
  const MockOpenAi silent({.text = {}, .streams = false});
  CHECK(generate_one(silent, {.prompt = "Hi"}, EndpointApi::chat).text.empty());  // content: null
}

TEST_CASE("busy servers, broken connections and broken streams are tried again") {
  using Header = std::pair<std::string, std::string>;
  const auto tried = [](MockBehaviour behaviour) {
    const MockOpenAi server(std::move(behaviour));
    const GenerationResult result = generate_one(server);
    CHECK(result.error.empty());
    CHECK(result.text == said);
    return server.bodies("/v1/completions").size();
  };
  CHECK(tried(failing(2, {.status = 429, .headers = {Header{"Retry-After", "0"}}})) == 3);
  CHECK(tried(failing(5, {.status = 503})) == 6);
  CHECK(tried(failing(1, {.drop = true})) == 2);
  ServedResponse half{.headers = {{"Content-Type", "text/event-stream"}}};
  half.pieces = {{"data: {\"choices\":[{\"index\":0,\"text\":\"Gr\"}]}\n\n"}};
  CHECK(tried(failing(1, half)) == 2);  // neither [DONE] nor a finish reason
  half.break_off = true;
  CHECK(tried(failing(1, half)) == 2);
  half.break_off = false;
  half.pieces.push_back({"data: {\"error\":{\"message\":\"overloaded\",\"code\":503}}\n\n"});
  CHECK(tried(failing(1, half)) == 2);
}

TEST_CASE("Retry-After is kept to, by all requests") {
  using Clock = std::chrono::steady_clock;
  std::atomic<Clock::rep> refused_at{0}, came_too_early{0};
  MockBehaviour behaviour;
  behaviour.fault = [&](const ServedRequest&, int attempt) -> std::optional<ServedResponse> {
    if (attempt == 0) {
      refused_at = Clock::now().time_since_epoch().count();
      return ServedResponse{.status = 429, .headers = {{"Retry-After", "1"}}};
    }
    const Clock::duration since = Clock::now().time_since_epoch() - Clock::duration(refused_at);
    if (attempt > 0 && since < std::chrono::milliseconds(990)) ++came_too_early;
    return std::nullopt;
  };
  const MockOpenAi server(std::move(behaviour));
  EndpointOptions options = options_for(server.url());
  options.concurrency = 1;
  for (const auto& result : generate(options, std::vector<GenerationRequest>(3)))
    CHECK(result.text == said);
  CHECK(came_too_early == 0);
}

TEST_CASE("what fails for good is the error of its example only") {
  MockBehaviour behaviour;
  behaviour.fault = [](const ServedRequest& request, int) -> std::optional<ServedResponse> {
    if (request.body.find("too long") == std::string::npos) return std::nullopt;
    return ServedResponse{.status = 400, .body = R"({"error":{"message":"too many tokens"}})"};
  };
  const MockOpenAi server(std::move(behaviour));
  const auto results = generate(options_for(server.url()),
                                {{.prompt = "a"}, {.prompt = "too long"}, {.prompt = "b"}});
  CHECK(results[0].text == said);
  CHECK(results[1].error == "the server answered 400: too many tokens");
  CHECK(results[1].text.empty());
  CHECK(results[2].text == said);
  EndpointOptions once = options_for(MockOpenAi().url());
  const MockOpenAi busy(failing(100, {.status = 503, .body = "busy\nvery"}));
  once.url = busy.url();
  once.retries = 1;
  CHECK(generate(once, {{.prompt = "a"}})[0].error == "the server answered 503: busy");
  CHECK(busy.bodies("/v1/completions").size() == 2);
}

TEST_CASE("fields that a server does not know are left out, its names for them are taken") {
  const MockOpenAi server({.unknown_fields = {"seed", "stream_options"}});
  const auto results = generate(options_for(server.url()), std::vector<GenerationRequest>(3));
  for (const auto& result : results) CHECK(result.text == said);
  const json last = json::parse(server.bodies("/v1/completions").back());
  CHECK_FALSE(last.contains("seed"));
  MockBehaviour newer;
  newer.fault = [](const ServedRequest& request, int) -> std::optional<ServedResponse> {
    if (json::parse(request.body).contains("max_completion_tokens")) return std::nullopt;
    return ServedResponse{.status = 400,
                          .body = R"({"error":{"message":"'max_tokens' is not supported, use )"
                                  R"('max_completion_tokens' instead."}})"};
  };
  const MockOpenAi reasoner(std::move(newer));
  CHECK(generate_one(reasoner, {.prompt = "Hi"}, EndpointApi::chat).text == said);
}

TEST_CASE("a refused key, a wrong address and a server that is gone end everything, with a hint") {
  const MockOpenAi closed({.key = "s3cret-key"});
  EndpointOptions options = options_for(closed.url());
  const Error refused = mlopsctl::testing::error_of([&] { generate(options, {{}}); });
  CHECK(refused.kind() == ErrorKind::config);
  CHECK(mlopsctl::testing::mentions(refused, "OPENAI_API_KEY"));
  options.api_key = "s3cret-key";
  CHECK(generate(options, {{.prompt = "Hi"}})[0].text == said);
  options.api_key = "wrong-key-123";
  const Error wrong = mlopsctl::testing::error_of([&] { generate(options, {{}}); });
  CHECK_FALSE(mlopsctl::testing::mentions(wrong, "wrong-key-123"));  // the server quotes it
  CHECK(mlopsctl::testing::mentions(wrong, "***"));
  const MockOpenAi server;
  options = options_for(server.server().url("/v2"));
  CHECK_ERROR(generate(options, {{}}), ErrorKind::not_found, "is the URL right");
  options = options_for("http://127.0.0.1:1/v1");
  options.retries = 1;
  CHECK_ERROR(generate(options, {{}}), ErrorKind::unavailable, "is the server running");
}

TEST_CASE("the model is the only one, or the one that was named") {
  const MockOpenAi two({.models = {"a", "b"}});
  EndpointOptions options = options_for(two.url());
  CHECK_ERROR(generate(options, {{}}), ErrorKind::usage, "--model: a, b");
  options.model = "b";
  CHECK(generate(options, {{.prompt = "Hi"}})[0].text == said);
  CHECK(json::parse(two.bodies("/v1/completions").at(0))["model"] == "b");
  NoProgress progress;
  const auto target = open_endpoint(options, progress);
  CHECK(target->fingerprint().at("endpoint_model") == "b");
  CHECK(target->fingerprint().at("endpoint") == two.url());
}

TEST_CASE("addresses: what people write, and what they had better not") {
  const MockOpenAi server;
  const std::string root = server.server().url("");
  for (const char* end : {"", "/", "/v1", "/v1/", "/v1/completions", "/v1/chat/completions/"})
    CHECK(generate(options_for(root + end), {{.prompt = "Hi"}})[0].text == said);
  CHECK(is_endpoint_url("HTTPS://h"));
  CHECK_FALSE(is_endpoint_url("models/http"));
  for (const char* wrong : {"ftp://h", "http://", "http://h/v1?key=1", "http://u:p@h/v1", "h:80"})
    CHECK_ERROR(generate(options_for(wrong), {{}}), ErrorKind::usage, "http://HOST:PORT");
}

TEST_CASE("keys come from the environment only") {
  ::unsetenv("OPENAI_API_KEY");
  CHECK(endpoint_api_key(std::nullopt).empty());
  ::setenv("OPENAI_API_KEY", " k1\n", 1);
  CHECK(endpoint_api_key(std::nullopt) == "k1");
  CHECK_ERROR(endpoint_api_key("NO_SUCH_VARIABLE"), ErrorKind::config, "NO_SUCH_VARIABLE");
  ::setenv("OTHER_KEY", "k2", 1);
  CHECK(endpoint_api_key("OTHER_KEY") == "k2");
  ::unsetenv("OPENAI_API_KEY");
}

TEST_CASE("no more requests at once and no more a second than was allowed") {
  std::atomic<int> at_once{0}, most{0};
  MockBehaviour behaviour;
  behaviour.fault = [&](const ServedRequest&, int) -> std::optional<ServedResponse> {
    most = std::max(most.load(), ++at_once);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    --at_once;
    return std::nullopt;
  };
  const MockOpenAi server(std::move(behaviour));
  EndpointOptions options = options_for(server.url());
  options.concurrency = 3;
  generate(options, std::vector<GenerationRequest>(12));
  CHECK(most <= 3);
  CHECK(most > 1);
  options.requests_per_second = 50;
  const auto begin = std::chrono::steady_clock::now();
  generate(options, std::vector<GenerationRequest>(11));
  CHECK(std::chrono::steady_clock::now() - begin >= std::chrono::milliseconds(190));
}

TEST_CASE("results are told as they come") {
  const MockOpenAi server;
  NoProgress progress;
  const auto target = open_endpoint(options_for(server.url()), progress);
  std::vector<std::string> told(4);
  target->watch({.generation = [&](std::size_t index, const GenerationResult& result) {
    told.at(index) = result.text;
  }});
  target->generate(std::vector<GenerationRequest>(4), progress);
  CHECK(told == std::vector<std::string>(4, said));
}
