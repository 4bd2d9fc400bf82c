// A cache that several machines share, in Debian's Redis.
#include "mlopsctl/eval/answer_cache.hpp"

#include "support/counting_target.hpp"
#include "support/expect_error.hpp"
#include "support/no_progress.hpp"
#include "support/redis_server.hpp"
#include "support/temporary_folder.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <iostream>

using namespace mlopsctl;
using namespace mlopsctl::testing;
using Strings = std::vector<std::string>;

namespace {

// Only told once, whatever happens how often.
class Warnings final : public Progress {
 public:
  void start(std::string_view, std::uint64_t, std::string_view) override {}
  void advance(std::uint64_t) override {}
  void finish() override {}
  void warning(std::string_view text) override { texts.emplace_back(text); }
  void note(std::string_view) override {}
  void detail(std::string_view) override {}
  Strings texts;
};

void need_redis() {
  if (RedisServer::is_there()) return;
  std::cout << "skipped: there is no redis-server (apt-get install redis-server)\n";
  std::exit(77);
}

struct Machine {  // one with a file of its own
  TemporaryFolder folder;
  Warnings progress;
  std::shared_ptr<CountingState> state = std::make_shared<CountingState>();
  std::shared_ptr<AnswerCache> cache;
  std::unique_ptr<Target> target;

  explicit Machine(const std::string& url) {
    cache = std::make_shared<AnswerCache>(
        AnswerCacheOptions{.file = folder / "answers.db", .redis = parse_redis_url(url)}, progress);
    target = with_cache(std::make_unique<CountingTarget>(state), cache);
  }
  std::vector<GenerationResult> generate(const Strings& prompts) {
    std::vector<GenerationRequest> requests;
    for (const auto& prompt : prompts) requests.push_back({.prompt = prompt});
    return target->generate(requests, progress);
  }
};

}  // namespace

TEST_CASE("what one machine asked another one has, and keeps in its own file") {
  need_redis();
  RedisServer redis;
  Machine one(redis.url());
  Strings prompts;
  for (int i = 0; i < 600; ++i) prompts.push_back("prompt " + std::to_string(i));
  one.generate(prompts);
  CHECK(one.state->asked.size() == 600);
  Machine other(redis.url());
  CHECK(other.generate(prompts)[599].text == "to prompt 5990");
  CHECK(other.state->asked.empty());
  CHECK(other.cache->counts().redis == 600);
  CHECK(answer_file_status(other.folder / "answers.db").answers == 600);
  redis.stop();
  other.generate(prompts);
  CHECK(other.state->asked.empty());
  CHECK(other.progress.texts.empty());
}

TEST_CASE("a Redis that dies in the middle is one warning, and the work goes on") {
  need_redis();
  RedisServer redis;
  Machine machine(redis.url());
  machine.generate({"a"});
  redis.stop();
  CHECK(machine.generate({"b"})[0].text == "to b0");
  CHECK(machine.generate({"c"})[0].text == "to c0");
  REQUIRE(machine.progress.texts.size() == 1);
  CHECK(machine.progress.texts[0].find("the shared cache is left out") == 0);
  Machine late(redis.url());
  CHECK(late.generate({"a"})[0].text == "to a0");
  CHECK(late.progress.texts.size() == 1);
}

TEST_CASE("passwords: in the URL or in the environment, never in messages") {
  need_redis();
  RedisServer redis("p@ss");
  const std::string host = "127.0.0.1:" + std::to_string(redis.port());
  const auto works = [](const std::string& url) {
    RedisClient client(parse_redis_url(url));
    const std::vector<RedisClient::Entry> entries{{"k", "v"}};
    client.set(entries);
    const Strings keys{"k", "absent"};
    const auto values = client.get(keys);
    CHECK(values[0] == "v");
    CHECK_FALSE(values[1].has_value());
  };
  works("redis://:p%40ss@" + host);
  ::setenv("REDISCLI_AUTH", "p@ss", 1);
  works("redis://" + host + "/5");
  ::unsetenv("REDISCLI_AUTH");
  CHECK_ERROR(works("redis://" + host), ErrorKind::unavailable, "NOAUTH");
  const Error wrong = error_of([&] { works("redis://:wr0ng@" + host); });
  CHECK_FALSE(mentions(wrong, "wr0ng"));
}

TEST_CASE("only answers are counted and removed") {
  need_redis();
  RedisServer redis;
  Machine machine(redis.url());
  machine.generate({"a", "b"});
  RedisClient client(parse_redis_url(redis.url()));
  const std::vector<RedisClient::Entry> foreign{{"mlopsctl:other", "v"}, {"x", "v"}};
  client.set(foreign);
  CHECK(count_answers(client) == 2);
  CHECK(clear_answers(client) == 2);
  CHECK(client.count("") == 2);
}
