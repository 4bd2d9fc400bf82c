// What every Engine promises, on models whose sizes no vector or tile divides.
#include "../bench/random_checkpoint.hpp"
#include "engine/engines.hpp"
#include "engine/tiny_models.hpp"
#include "support/expect_error.hpp"
#include "support/no_progress.hpp"
#include "support/temporary_folder.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <random>

using namespace mlopsctl;
using namespace mlopsctl::testing;

namespace {

using Tokens = std::vector<std::int32_t>;

class Tiny {
 public:
  explicit Tiny(const TinyModel& model, NumberType type = NumberType::f32) {
    make_random_checkpoint(folder_.path(), model.config, type, 7);
  }
  std::shared_ptr<const Checkpoint> open() const { return Checkpoint::open(folder_.path()); }
  // Overwrites floats of a tensor of a float32 checkpoint, counted from the end of the file.
  void patch(std::size_t from_end, const std::vector<float>& values) const {
    std::fstream file(folder_ / "model.safetensors",
                      std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(-static_cast<std::streamoff>(4 * from_end), std::ios::end);
    file.write(reinterpret_cast<const char*>(values.data()),
               static_cast<std::streamsize>(4 * values.size()));
  }

 private:
  TemporaryFolder folder_;
};

const TinyModel& named(const std::string& name) {
  return *std::find_if(tiny_models().begin(), tiny_models().end(),
                       [&](const TinyModel& model) { return model.name == name; });
}

Tokens random_tokens(std::mt19937& random, std::size_t count, const ModelConfig& config) {
  Tokens tokens(count);
  for (auto& token : tokens) token = static_cast<std::int32_t>(random() % config.vocabulary);
  return tokens;
}

bool same(const ScoreResult& a, const ScoreResult& b) {
  return a.log_probabilities == b.log_probabilities && a.argmax == b.argmax &&
         a.others == b.others && a.finite == b.finite;
}

// Sequences of many lengths, several of which begin alike.
std::vector<ScoreRequest> mixed_requests(const ModelConfig& config) {
  std::mt19937 random(5);
  const std::size_t longest = std::min<std::size_t>(config.max_positions, 200);
  std::vector<ScoreRequest> requests;
  const Tokens context = random_tokens(random, longest - 4, config);
  for (const std::size_t length : {2U, 7U, 63U, 64U, 65U, 90U}) {
    ScoreRequest request{.tokens = random_tokens(random, length, config)};
    request.first = 1 + length / 3;
    requests.push_back(request);
  }
  for (std::int32_t choice = 0; choice < 4; ++choice) {
    ScoreRequest request{.tokens = context, .first = context.size(), .others = {1, 5}};
    request.tokens.push_back(choice);
    requests.push_back(request);
    request.tokens.push_back(3);
    requests.push_back(request);
  }
  requests.push_back({.tokens = context, .first = 70});
  requests.push_back({.tokens = context, .first = context.size()});
  return requests;
}

}  // namespace

TEST_CASE("a request has the same bits alone, in a batch and in small batches") {
  NoProgress progress;
  for (const TinyModel& model : tiny_models()) {
    CAPTURE(model.name);
    const Tiny tiny(model, NumberType::bf16);
    const auto checkpoint = tiny.open();
    const auto requests = mixed_requests(checkpoint->config());
    const auto small = engines(checkpoint, {.deterministic = true, .max_batch_tokens = 100});
    std::size_t which = 0;
    for (const auto& engine : engines(checkpoint, {.deterministic = true})) {
      CAPTURE(engine->name());
      const auto together = engine->score(requests, progress);
      const auto apart = small[which++]->score(requests, progress);
      for (std::size_t i = 0; i < requests.size(); ++i) {
        CAPTURE(i);
        const auto alone = engine->score(std::span(requests).subspan(i, 1), progress).front();
        CHECK(alone.log_probabilities.size() == requests[i].tokens.size() - requests[i].first);
        CHECK(same(alone, together[i]));
        CHECK(same(alone, apart[i]));
      }
    }
  }
}

TEST_CASE("other tokens for the last place are scored as if each stood there") {
  NoProgress progress;
  const Tiny tiny(named("gpt2"));
  for (const auto& engine : engines(tiny.open(), {.deterministic = true})) {
    CAPTURE(engine->name());
    ScoreRequest request{.tokens = {5, 6, 7, 8}, .first = 2};
    for (std::int32_t other = 0; other < 331; ++other) request.others.push_back(other);
    const std::vector<ScoreRequest> requests{
        request, {.tokens = {5, 6, 7, 9}, .first = 3}, {.tokens = {5, 6, 8, 9}, .first = 4}};
    const auto results = engine->score(requests, progress);
    double sum = 0;
    for (const float value : results[0].others) sum += std::exp(static_cast<double>(value));
    CHECK(sum == doctest::Approx(1).epsilon(1e-5));
    REQUIRE(results[0].log_probabilities.size() == 2);
    CHECK(results[0].others.at(8) == results[0].log_probabilities[1]);
    CHECK(results[0].others.at(9) == results[1].log_probabilities.at(0));
    CHECK(results[2].log_probabilities.empty());
    request.others = {331};
    CHECK_ERROR(engine->score(std::span(&request, 1), progress), ErrorKind::usage, "token 331");
  }
}

TEST_CASE("generation gives the same bits alone and in a batch, and what scoring says of it") {
  NoProgress progress;
  for (const TinyModel& model : tiny_models()) {
    CAPTURE(model.name);
    const Tiny tiny(model);
    const auto checkpoint = tiny.open();
    for (const auto& engine : engines(checkpoint, {.deterministic = true})) {
      CAPTURE(engine->name());
      std::mt19937 random(9);
      std::vector<GenerateRequest> requests;
      for (std::size_t i = 0; i < 40; ++i)
        requests.push_back({.prompt = random_tokens(random, 1 + 7 * i % 60, engine->config()),
                            .max_new = 1 + 5 * i % 30,
                            .temperature = i % 2 == 0 ? 0.0 : 0.8,
                            .top_k = i % 3 == 0 ? 20U : 0U,
                            .top_p = i % 5 == 0 ? 0.9 : 1.0,
                            .seed = i});
      const auto together = engine->generate(requests, {});
      for (std::size_t i = 0; i < requests.size(); i += 3) {
        CAPTURE(i);
        const auto alone = engine->generate(std::span(requests).subspan(i, 1), {}).front();
        CHECK(alone.tokens == together[i].tokens);
        CHECK(alone.log_probabilities == together[i].log_probabilities);
        ScoreRequest said{.tokens = requests[i].prompt, .first = requests[i].prompt.size()};
        said.tokens.insert(said.tokens.end(), alone.tokens.begin(), alone.tokens.end());
        const auto score = engine->score(std::span(&said, 1), progress).front();
        REQUIRE(score.argmax.size() == alone.tokens.size());
        for (std::size_t t = 0; t < alone.tokens.size(); ++t) {
          CHECK(alone.log_probabilities[t] ==
                doctest::Approx(score.log_probabilities[t]).epsilon(1e-4));
          if (requests[i].temperature == 0) CHECK(alone.tokens[t] == score.argmax[t]);
        }
      }
    }
  }
}

TEST_CASE("the same seed draws the same tokens, another one others") {
  const Tiny tiny(named("qwen2"));
  for (const auto& engine : engines(tiny.open())) {
    const auto drawn = [&](std::uint64_t seed) {
      const GenerateRequest request{
          .prompt = {3, 4}, .max_new = 20, .temperature = 30, .seed = seed};
      return engine->generate(std::span(&request, 1), {}).front().tokens;
    };
    CHECK(drawn(1) == drawn(1));
    CHECK(drawn(1) != drawn(2));
    GenerateRequest narrow{.prompt = {3, 4}, .max_new = 20, .temperature = 5, .top_k = 1};
    const auto first = engine->generate(std::span(&narrow, 1), {}).front().tokens;
    narrow.temperature = 0;
    CHECK(engine->generate(std::span(&narrow, 1), {}).front().tokens == first);
  }
}

TEST_CASE("generation ends at a stop token, at max_positions, or when the caller has enough") {
  const Tiny tiny(named("gpt2"));
  for (const auto& engine : engines(tiny.open())) {
    CAPTURE(engine->name());
    std::vector<GenerateRequest> requests(2, {.prompt = {5, 6, 7}, .max_new = 12});
    const Tokens free = engine->generate(requests, {}).front().tokens;
    REQUIRE(free.size() == 12);
    requests[0].stop = {free[4], 330};
    std::size_t told = 0;
    const auto results = engine->generate(
        requests, [&](std::size_t request, std::int32_t) { return request == 0 || ++told < 3; });
    const auto first = std::find(free.begin(), free.end(), free[4]);
    CHECK(results[0].tokens == Tokens(free.begin(), first + 1));
    CHECK(results[0].finish == FinishReason::stop);
    CHECK(results[1].tokens.size() == 3);
    const GenerateRequest full{.prompt = Tokens(90, 1), .max_new = 50};
    const auto limited = engine->generate(std::span(&full, 1), {}).front();
    CHECK(limited.tokens.size() == 7);  // 96 positions; the last token is never fed
    CHECK(limited.finish == FinishReason::length);
  }
}

TEST_CASE("a request that may not start yet joins later, with the same bits") {
  const Tiny tiny(named("llama3"));
  for (const auto& engine : engines(tiny.open(), {.deterministic = true})) {
    CAPTURE(engine->name());
    std::vector<GenerateRequest> requests;
    for (std::int32_t i = 0; i < 4; ++i)
      requests.push_back({.prompt = {1, i + 2, 3}, .max_new = 12});
    const auto expected = engine->generate(requests, {});
    // The second joins behind five tokens of the first, the third where nothing runs; the fourth
    // never.
    std::vector<std::size_t> made(4);
    bool waited = false;
    requests[1].may_start = [&](bool) { return made[0] >= 5; };
    requests[2].may_start = [&](bool idle) {
      waited = waited || !idle;
      return idle;
    };
    requests[3].may_start = [](bool) { return false; };
    std::size_t first_at_join = 0;
    const auto results = engine->generate(requests, [&](std::size_t request, std::int32_t) {
      if (request == 1 && made[1] == 0) first_at_join = made[0];
      ++made[request];
      return true;
    });
    CHECK(waited);
    CHECK(first_at_join >= 5);
    CHECK(first_at_join < 12);
    for (std::size_t i = 0; i < 3; ++i) {
      CHECK(results[i].tokens == expected[i].tokens);
      CHECK(results[i].log_probabilities == expected[i].log_probabilities);
    }
    CHECK(results[3].tokens.empty());
  }
}

TEST_CASE("of equal logits the lowest id is the argmax") {
  NoProgress progress;
  const Tiny tiny(named("mistral"));
  tiny.patch(131 * 64, std::vector<float>(131 * 64));  // the head, which is the last tensor
  for (const auto& engine : engines(tiny.open())) {
    CAPTURE(engine->name());
    const ScoreRequest request{.tokens = {1, 2, 3, 4}};
    const auto result = engine->score(std::span(&request, 1), progress).front();
    CHECK(result.argmax == Tokens{0, 0, 0});
    for (const float value : result.log_probabilities)
      CHECK(value == doctest::Approx(-std::log(131.0)));
    const GenerateRequest more{.prompt = {1}, .max_new = 2};
    CHECK(engine->generate(std::span(&more, 1), {}).front().tokens == Tokens{0, 0});
  }
}

TEST_CASE("rows of the vocabulary that no token has are never chosen, and count in probabilities") {
  const Tiny tiny(named("llama3"));
  for (const auto& engine : engines(tiny.open(), {.deterministic = true})) {
    CAPTURE(engine->name());
    std::mt19937 random(4);
    std::vector<GenerateRequest> requests;
    for (std::size_t i = 0; i < 12; ++i)
      requests.push_back({.prompt = random_tokens(random, 1 + 3 * i, engine->config()),
                          .max_new = 8,
                          .temperature = i % 3 == 2 ? 5.0 : 0.0,
                          .seed = i,
                          .choosable = i % 4 == 3 ? 0U : 40U});
    const auto together = engine->generate(requests, {});
    bool masked = false;  // something else was likelier at least once
    for (std::size_t i = 0; i < requests.size(); ++i) {
      CAPTURE(i);
      const std::size_t choosable = requests[i].choosable == 0 ? 301 : requests[i].choosable;
      const auto alone = engine->generate(std::span(requests).subspan(i, 1), {}).front();
      CHECK(alone.tokens == together[i].tokens);
      CHECK(alone.log_probabilities == together[i].log_probabilities);
      Tokens text = requests[i].prompt;
      for (std::size_t t = 0; t < alone.tokens.size(); ++t) {
        const auto logits = engine->logits(text);
        const auto last = std::span(logits).last(301);
        const auto token = static_cast<std::size_t>(alone.tokens[t]);
        REQUIRE(token < choosable);
        double sum = 0;
        for (const float logit : last) sum += std::exp(static_cast<double>(logit));
        CHECK(alone.log_probabilities[t] ==
              doctest::Approx(static_cast<double>(last[token]) - std::log(sum)).epsilon(1e-4));
        if (requests[i].temperature == 0) {
          const auto best = std::ranges::max_element(last.first(choosable));
          CHECK(static_cast<double>(last[token]) == doctest::Approx(*best).epsilon(1e-5));
          masked = masked || *std::ranges::max_element(last) > *best;
        }
        text.push_back(alone.tokens[t]);
      }
    }
    CHECK(masked);
  }
}

TEST_CASE("NaN and infinity are told for the requests that they concern, and no others") {
  NoProgress progress;
  for (const float broken : {std::nanf(""), INFINITY}) {
    const Tiny tiny(named("qwen3"));
    // The embedding of token 7: it is the first tensor of the file.
    const std::uint64_t parameters = tiny.open()->parameters();
    tiny.patch(parameters - 7 * 32, std::vector<float>(32, broken));
    for (const auto& engine : engines(tiny.open(), {.deterministic = true})) {
      CAPTURE(engine->name());
      const std::vector<ScoreRequest> requests{{.tokens = {1, 2, 3, 4}}, {.tokens = {1, 7, 3, 4}}};
      const auto results = engine->score(requests, progress);
      CHECK(results[0].finite);
      CHECK_FALSE(results[1].finite);
      CHECK(same(results[0], engine->score(std::span(requests).first(1), progress).front()));
      const std::vector<GenerateRequest> more{{.prompt = {7, 2}, .max_new = 3},
                                              {.prompt = {1, 2}, .max_new = 3}};
      const auto generated = engine->generate(more, {});
      CHECK_FALSE(generated[0].finite);
      CHECK(generated[0].tokens.empty());
      CHECK(generated[1].finite);
      // Memory that the broken request gave back does not break the next.
      CHECK(engine->generate(std::span(more).subspan(1), {}).front().tokens == generated[1].tokens);
    }
  }
}

TEST_CASE("keys further back than the sliding window are not seen") {
  NoProgress progress;
  const Tiny tiny(named("mistral"));
  for (const auto& engine : engines(tiny.open(), {.deterministic = true})) {
    CAPTURE(engine->name());
    std::mt19937 random(2);
    Tokens tokens = random_tokens(random, 200, engine->config());
    const ScoreRequest before{.tokens = tokens, .first = 199};
    // Two layers of a window of 11 see 21 tokens.
    for (std::size_t i = 0; i < 178; ++i) tokens[i] = (tokens[i] + 1) % 131;
    const ScoreRequest far{.tokens = tokens, .first = 199};
    tokens[178] = (tokens[178] + 1) % 131;
    const ScoreRequest near{.tokens = tokens, .first = 199};
    const auto score = [&](const ScoreRequest& request) {
      return engine->score(std::span(&request, 1), progress).front().log_probabilities;
    };
    CHECK(score(before) == score(far));
    CHECK(score(before) != score(near));
  }
}

TEST_CASE("what a model cannot take is refused by the number of its request") {
  NoProgress progress;
  const Tiny tiny(named("gpt2"));
  for (const auto& engine : engines(tiny.open())) {
    const auto scored = [&](Tokens tokens, std::size_t first) {
      const std::vector<ScoreRequest> requests{{.tokens = {1, 2}},
                                               {.tokens = std::move(tokens), .first = first}};
      return engine->score(requests, progress);
    };
    CHECK_ERROR(scored({1, 331}, 1), ErrorKind::usage, "request 1");
    CHECK_ERROR(scored({1, -1}, 1), ErrorKind::usage, "request 1");
    CHECK_ERROR(scored({1, 2}, 0), ErrorKind::usage, "request 1");
    CHECK_ERROR(scored(Tokens(98, 1), 1), ErrorKind::usage, "request 1");
    CHECK(scored(Tokens(97, 1), 96)[1].log_probabilities.size() == 1);
    CHECK_ERROR(engine->logits(Tokens(97, 1)), ErrorKind::usage, "97 tokens");
    const GenerateRequest empty{.prompt = {}};
    CHECK_ERROR(engine->generate(std::span(&empty, 1), {}), ErrorKind::usage, "request 0");
    CHECK(engine->score({}, progress).empty());
    CHECK(engine->generate({}, {}).empty());
  }
}

TEST_CASE("the CPU's results do not depend on its threads") {
  NoProgress progress;
  const Tiny tiny(named("llama3"));
  const auto checkpoint = tiny.open();
  const auto requests = mixed_requests(checkpoint->config());
  const auto one = make_cpu_engine(checkpoint, {.threads = 1})->score(requests, progress);
  const auto three = make_cpu_engine(checkpoint, {.threads = 3})->score(requests, progress);
  for (std::size_t i = 0; i < requests.size(); ++i) CHECK(same(one[i], three[i]));
}

TEST_CASE("in bfloat16 the CPU's results are near float32's, and the same alone and in a batch") {
  NoProgress progress;
  for (const TinyModel& model : tiny_models()) {
    CAPTURE(model.name);
    for (const NumberType stored : {NumberType::f32, NumberType::bf16}) {
      const Tiny tiny(model, stored);
      const auto checkpoint = tiny.open();
      const auto requests = mixed_requests(checkpoint->config());
      const auto engine = make_cpu_engine(checkpoint, {.type = NumberType::bf16});
      const auto exact = make_cpu_engine(checkpoint, {.type = NumberType::f32});
      const auto together = engine->score(requests, progress);
      const auto expected = exact->score(requests, progress);
      for (std::size_t i = 0; i < requests.size(); ++i) {
        CAPTURE(i);
        const auto alone = engine->score(std::span(requests).subspan(i, 1), progress).front();
        CHECK(same(alone, together[i]));
        for (std::size_t t = 0; t < expected[i].log_probabilities.size(); ++t)
          CHECK(together[i].log_probabilities[t] ==
                doctest::Approx(expected[i].log_probabilities[t]).epsilon(0.02));
      }
      const GenerateRequest more{.prompt = {1, 2, 3}, .max_new = 9};
      const auto generated = engine->generate(std::span(&more, 1), {}).front();
      ScoreRequest said{.tokens = more.prompt, .first = 3};
      said.tokens.insert(said.tokens.end(), generated.tokens.begin(), generated.tokens.end());
      CHECK(engine->score(std::span(&said, 1), progress).front().argmax == generated.tokens);
    }
  }
}

TEST_CASE("the CPU rounds weights to the type that is asked for") {
  NoProgress progress;
  for (const TinyModel& model : {named("gpt2"), named("llama_biased")}) {
    const Tiny wide(model), narrow(model, NumberType::bf16);
    const ScoreRequest request{.tokens = {1, 2, 3, 4, 5, 6, 7, 8}};
    const auto score = [&](const Tiny& tiny, std::optional<NumberType> type) {
      return make_cpu_engine(tiny.open(), {.type = type})
          ->score(std::span(&request, 1), progress)
          .front()
          .log_probabilities;
    };
    // Vectors, which are not rounded, differ between these checkpoints.
    const auto rounded = score(wide, NumberType::bf16), stored = score(narrow, {});
    for (std::size_t i = 0; i < stored.size(); ++i)
      CHECK(rounded[i] == doctest::Approx(stored[i]).epsilon(0.02));
    CHECK(score(wide, NumberType::bf16) != score(wide, {}));
    CHECK(score(wide, NumberType::f32) == score(wide, {}));
    // What gives other answers has another name, which is part of a result's fingerprint.
    const auto name = [](const Tiny& tiny, std::optional<NumberType> type) {
      return make_cpu_engine(tiny.open(), {.type = type})->name();
    };
    const bool rounds = name(wide, {}).find("avx512_bf16") != std::string::npos;
    CHECK(name(wide, NumberType::bf16)
              .ends_with(rounds ? ", bfloat16" : ", float32 with bfloat16 weights"));
    CHECK(name(narrow, NumberType::bf16).ends_with(rounds ? ", bfloat16" : ", float32"));
    CHECK(name(wide, NumberType::f16).ends_with(", float32 with float16 weights"));
    CHECK(name(wide, {}).ends_with(", float32"));
  }
  const Tiny tiny(named("mistral"));
  tiny.patch(5, {70000});
  CHECK_ERROR(make_cpu_engine(tiny.open(), {.type = NumberType::f16}), ErrorKind::usage, "float16");
  CHECK_ERROR(make_cpu_engine(tiny.open(), {.type = NumberType::i8}), ErrorKind::usage, "int8");
  CHECK_ERROR(make_engine(tiny.open(), {.device = "tpu"}), ErrorKind::usage, "tpu");
}
